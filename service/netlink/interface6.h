/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/netlink/interface.h"

/** An interface as IPv6 has it. */
typedef struct Interface6 {
	int ifindex; /* 0: there is none, or it has no IPv6, and nothing else is set */
	char name[IFNAMSIZ];
	bool bridge_port;
	guint settings[N_INTERFACE6_SETTINGS];
} Interface6;

/** What an ifindex stands for now. That there is none is no failure. */
bool interface6_find(Netlink *netlink, int ifindex, Interface6 *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** All that have IPv6 (Interface6), the caller's: by one question, however many there are. */
bool interface6_list(Netlink *netlink, GArray **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
