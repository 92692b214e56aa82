/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/address.h"
#include "service/netlink/netlink.h"

#include <net/if.h>

/**
 * Creates a bridge with this MAC address and nothing else: it is down.
 * BRIDGE_IN_USE when an interface has the name, also as an alternative name;
 * INVALID_ARGS when nothing can have it.
 */
bool bridge_add(Netlink *netlink, const char *name, const guint8 mac[static 6], int *ret_ifindex,
		GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Deletes this very interface, only if it is a bridge; one that is gone is no failure. */
bool bridge_remove(Netlink *netlink, int ifindex, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The port of a bridge that has the smallest MTU; without ports *ret_mtu is 0. */
bool bridge_find_narrowest(Netlink *netlink, int ifindex, guint *ret_mtu, char ret_name[static IFNAMSIZ],
			   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether a port of a bridge is in hairpin mode; FAILED for what is no port. */
bool bridge_port_get_hairpin(Netlink *netlink, int ifindex, bool *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Whether the bridge's own switch (nf_call_iptables, nf_call_ip6tables) shows the
 * frames that it forwards to the rules, whatever the sysctl for all bridges says.
 * Switched on, FAILED names br_netfilter where the kernel lacks it: the switch
 * would be without effect.
 */
bool bridge_get_nf_call(Netlink *netlink, int ifindex, enum family family, bool *ret,
			GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool bridge_set_nf_call(Netlink *netlink, int ifindex, enum family family, bool on,
			GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The sysctl for all bridges, which is there with the kernel module br_netfilter. */
bool bridges_get_nf_call(enum family family, bool *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool bridges_set_nf_call(enum family family, bool on, GError **error) G_GNUC_WARN_UNUSED_RESULT;
