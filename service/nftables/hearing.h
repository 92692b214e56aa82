/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <libmnl/libmnl.h>
#include <stdbool.h>

/** A socket that is told of every change of the namespace's rules of nf_tables (NFNLGRP_NFTABLES). NULL sets errno. */
struct mnl_socket *hearing_open(void);

/**
 * Reads what was told: whether another than the socket with this port id may have changed tables of that name, of IPv4
 * or IPv6; so too when more was told than there is room for.
 */
bool hearing_read(struct mnl_socket *hearing, const char *table, guint32 own_port);

/** Reads what was told: whether chains or rules of tables with another name than this may be others than before. */
bool hearing_read_others(struct mnl_socket *hearing, const char *own_table);

/** The same of one message. */
bool hearing_concerns(const struct nlmsghdr *message, const char *table, guint32 own_port);
bool hearing_concerns_others(const struct nlmsghdr *message, const char *own_table);
