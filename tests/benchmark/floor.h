/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/*
 * The work that nobody who does the same by the kernel's interfaces can save, in a bare loop in this process. Each in a
 * place of its own, whose rules are classic_rules().
 */

/** One more port when n are published: three rules, two commits. */
void floor_prepare(guint n);
void floor_publish(void);
void floor_unpublish(void);

/** How long it takes, in ms, to build the rules of n endpoints with a port each, in one commit of either table. */
double floor_build(guint n);

/** To read back both tables with the rules of n ports. */
double floor_read(guint n);

/* The same through nf_tables: one transaction with the two elements of the service's own tables, by bare netlink, and
 * by libnftables from text. */
void floor_netlink_prepare(guint n);
void floor_netlink_publish(void);
void floor_netlink_unpublish(void);

void floor_libnftables_prepare(guint n);
void floor_libnftables_publish(void);
void floor_libnftables_unpublish(void);

double floor_netlink_build(guint n);
double floor_libnftables_build(guint n);
double floor_netlink_read(guint n);

/** To bind n sockets, which are left open, as those that keep published ports from other programs. */
double floor_bind(guint n);
