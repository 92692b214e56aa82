/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/interface-name.h"
#include "service/model/facts.h"
#include "service/netlink/netlink.h"
#include <net/if.h>

/** Interfaces: what they are, whether they are up, and their switches. */

/** INVALID_ARGS for what link_name_is_valid() rejects. */
bool link_check_name(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

enum link_kind { LINK_MISSING, LINK_BRIDGE, LINK_OTHER };

#define LINK_ALIAS_MAX 255

typedef struct LinkInfo {
	int ifindex; /* 0: there is none, and nothing else is set */
	enum link_kind kind;
	bool up;
	guint8 mac[6];  /* zero where it has none, or one of another length */
	guint mtu;      /* bytes */
	int master;     /* ifindex; 0: it has none */
	bool leads_out; /* a veth whose other end is in another namespace */
	guint group;    /* ip-link(8) */
	char name[IFNAMSIZ];
	char alias[LINK_ALIAS_MAX + 1]; /* what people read beside it */
} LinkInfo;

/**
 * What stands for a name, or an ifindex, now. That there is none is no failure.
 * The kernel also answers to alternative names, which no packet filter does:
 * what is found by one is LINK_OTHER, with its real name.
 */
bool link_find(Netlink *netlink, const char *name, LinkInfo *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool link_find_index(Netlink *netlink, int ifindex, LinkInfo *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Sets an interface up or down. One that is gone is down already, and cannot be set up: FAILED. */
bool link_set_up(Netlink *netlink, int ifindex, bool up, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** What people read beside its name, at most LINK_ALIAS_MAX bytes; its group; its MAC address. */
bool link_set_alias(Netlink *netlink, int ifindex, const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool link_set_group(Netlink *netlink, int ifindex, guint group, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool link_set_mac(Netlink *netlink, int ifindex, const guint8 mac[static 6], GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** An interface with a smaller one has no IPv6 (RFC 8200, 5). */
#define MTU_MIN_IPV6 1280
/** FAILED for an MTU that the kernel does not take. */
bool link_set_mtu(Netlink *netlink, int ifindex, guint mtu, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** IPv4 switches of one interface (net.ipv4.conf.NAME.*), over netlink: /proc/sys need not be writable. */
enum link_switch { LINK_FORWARDING, LINK_ROUTE_LOCALNET, LINK_RP_FILTER };
bool link_get_switch(Netlink *netlink, int ifindex, enum link_switch which, guint *ret,
		     GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool link_set_switch(Netlink *netlink, int ifindex, enum link_switch which, guint value,
		     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * IPv6 switches of one interface (net.ipv6.conf.NAME.*). They are written to
 * /proc/sys, whose files are called by name: if another interface has that name
 * at that moment, it is left alone. FAILED where the interface has no IPv6.
 */
enum link_switch6 { LINK6_FORWARDING, LINK6_ACCEPT_RA, LINK6_DISABLE };
bool link_get_switch6(Netlink *netlink, int ifindex, enum link_switch6 which, guint *ret,
		      GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool link_set_switch6(Netlink *netlink, int ifindex, enum link_switch6 which, guint value,
		      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * The forwarding of every interface that has IPv4 (or IPv6), InterfaceValue,
 * the caller's; and giving it back. An interface that has gone, or lost the family, is passed over, one
 * that has come since is left alone. FAILED when one cannot be written; the others are.
 */
bool links_save_forwarding(Netlink *netlink, GArray **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool links_restore_forwarding(Netlink *netlink, const GArray *saved, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool links_save_forwarding6(Netlink *netlink, GArray **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool links_restore_forwarding6(Netlink *netlink, const GArray *saved, GError **error) G_GNUC_WARN_UNUSED_RESULT;
