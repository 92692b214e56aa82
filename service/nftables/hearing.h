/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <libmnl/libmnl.h>
#include <stdbool.h>

/** A socket that is told of every change of the namespace's rules of nf_tables (NFNLGRP_NFTABLES). */
typedef struct Hearing Hearing;

Hearing *hearing_new(void);          /* NULL sets errno */
void hearing_free(Hearing *hearing); /* NULL is fine */
int hearing_fd(const Hearing *hearing);

/**
 * Reads what was told: whether another than the socket with this port id may have changed tables of that name, of IPv4
 * or IPv6; so too when more was told than there is room for.
 */
bool hearing_read(Hearing *hearing, const char *table, guint32 own_port);

/** Reads what was told: whether chains or rules of tables with another name than this may be others than before. */
bool hearing_read_others(Hearing *hearing, const char *own_table);

/** Who made what was read of and concerned, since it was forgotten last, as authors_of() has it. */
char *hearing_author(const Hearing *hearing, guint8 family, const char *table, guint32 generation);
void hearing_drop_authors(Hearing *hearing);

/** The number of the ruleset that there is now. */
bool hearing_current_generation(guint32 *ret);

/** Whether one message concerns, likewise. */
bool hearing_concerns(const struct nlmsghdr *message, const char *table, guint32 own_port);
bool hearing_concerns_others(const struct nlmsghdr *message, const char *own_table);
