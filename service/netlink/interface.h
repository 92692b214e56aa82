/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/interface-name.h"
#include "service/model/facts.h"
#include "service/netlink/netlink.h"
#include <net/if.h>

/** Interfaces: what they are, whether they are up, and their switches. */

/** INVALID_ARGS for what interface_name_is_valid() rejects. */
bool interface_check_name(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

enum interface_kind { INTERFACE_MISSING, INTERFACE_BRIDGE, INTERFACE_OTHER };

#define INTERFACE_ALIAS_MAX 255

typedef struct InterfaceInfo {
	int ifindex; /* 0: there is none, and nothing else is set */
	enum interface_kind kind;
	bool up;
	guint8 mac[6];  /* zero where it has none, or one of another length */
	guint mtu;      /* bytes */
	int master;     /* ifindex; 0: it has none */
	bool leads_out; /* a veth whose other end is in another namespace */
	guint group;    /* ip-link(8) */
	char name[IFNAMSIZ];
	char alias[INTERFACE_ALIAS_MAX + 1]; /* what people read beside it */
} InterfaceInfo;

/**
 * What stands for a name, or an ifindex, now. That there is none is no failure.
 * The kernel also answers to alternative names, which no packet filter does:
 * what is found by one is INTERFACE_OTHER, with its real name.
 */
bool interface_find(Netlink *netlink, const char *name, InterfaceInfo *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool interface_find_index(Netlink *netlink, int ifindex, InterfaceInfo *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Sets an interface up or down. One that is gone is down already, and cannot be set up: FAILED. */
bool interface_set_up(Netlink *netlink, int ifindex, bool up, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** What people read beside its name, at most INTERFACE_ALIAS_MAX bytes; its group; its MAC address. */
bool interface_set_alias(Netlink *netlink, int ifindex, const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool interface_set_group(Netlink *netlink, int ifindex, guint group, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool interface_set_mac(Netlink *netlink, int ifindex, const guint8 mac[static 6],
		       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** An interface with a smaller one has no IPv6 (RFC 8200, 5). */
#define MTU_MIN_IPV6 1280
/** FAILED for an MTU that the kernel does not take. */
bool interface_set_mtu(Netlink *netlink, int ifindex, guint mtu, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** IPv4 switches of one interface (net.ipv4.conf.NAME.*), over netlink: /proc/sys need not be writable. */
enum interface_setting { INTERFACE_FORWARDING, INTERFACE_ROUTE_LOCALNET, INTERFACE_RP_FILTER };
bool interface_get_setting(Netlink *netlink, int ifindex, enum interface_setting which, guint *ret,
			   GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool interface_set_setting(Netlink *netlink, int ifindex, enum interface_setting which, guint value,
			   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * IPv6 switches of one interface (net.ipv6.conf.NAME.*). They are written to
 * /proc/sys, whose files are called by name: if another interface has that name
 * at that moment, it is left alone. FAILED where the interface has no IPv6.
 */
enum interface_setting6 { INTERFACE6_FORWARDING, INTERFACE6_ACCEPT_RA, INTERFACE6_DISABLE, N_INTERFACE6_SETTINGS };
bool interface_get_setting6(Netlink *netlink, int ifindex, enum interface_setting6 which, guint *ret,
			    GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool interface_set_setting6(Netlink *netlink, int ifindex, enum interface_setting6 which, guint value,
			    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * The forwarding of every interface that has IPv4 (or IPv6), InterfaceValue,
 * the caller's; and giving it back. An interface that has gone, or lost the family, is passed over, one
 * that has come since is left alone. FAILED when one cannot be written; the others are.
 */
bool interfaces_save_forwarding(Netlink *netlink, GArray **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool interfaces_restore_forwarding(Netlink *netlink, const GArray *saved, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool interfaces_save_forwarding6(Netlink *netlink, GArray **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool interfaces_restore_forwarding6(Netlink *netlink, const GArray *saved, GError **error) G_GNUC_WARN_UNUSED_RESULT;
