/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/address.h"
#include "service/error.h"

/**
 * Bridges, their addresses and settings, and routes, over rtnetlink
 * (libnl-route-3). Calls are synchronous; the kernel answers at once.
 * Failures are FAILED (or what is named) with the interface and the kernel's reason.
 */
typedef struct Netlink Netlink;

Netlink *netlink_new(GError **error);
void netlink_free(Netlink *netlink); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Netlink, netlink_free)

/**
 * Whether an interface could be called that: the kernel's rules (at most
 * IFNAMSIZ - 1 bytes; neither "." nor ".."; no '/', ':', '%' or white space),
 * and no '+' at the end, which xtables takes for a wildcard. Functions that are
 * given such a name fail with INVALID_ARGS.
 */
bool link_name_is_valid(const char *name);

enum link_kind { LINK_MISSING, LINK_BRIDGE, LINK_OTHER };

/** What an interface name stands for now. An alternative name, which no rule matches, is LINK_OTHER. */
bool link_kind(Netlink *netlink, const char *name, enum link_kind *ret, GError **error);

/**
 * Creates a bridge and sets it up. Its MAC address is fixed, and its IPv6
 * link-local address usable at once; where /proc/sys can be written it takes no
 * router advertisements from its ports. BRIDGE_IN_USE when the name is taken.
 */
bool bridge_create(Netlink *netlink, const char *name, GError **error);

/** Deletes a bridge, and nothing that is not one; one that is gone already is no failure. */
bool bridge_delete(Netlink *netlink, const char *name, GError **error);

/** What tells a bridge from a later one of its name; 0: there is no bridge of this name. */
bool bridge_index(Netlink *netlink, const char *name, int *ret, GError **error);

/**
 * Sets this very bridge down, or deletes it. One that is gone, renamed, or whose name another has now is no
 * failure, and the other is left alone.
 */
bool bridge_shut(Netlink *netlink, const char *name, int ifindex, GError **error);
bool bridge_delete_index(Netlink *netlink, const char *name, int ifindex, GError **error);

/**
 * Adds an address with its prefix length (IPv6 without duplicate address
 * detection). One that is there already is no failure.
 */
bool link_add_address(Netlink *netlink, const char *name, const Prefix *address, GError **error);

/** Whether the interface has that address, with whatever prefix length. */
bool link_has_address(Netlink *netlink, const char *name, const Address *address, bool *ret, GError **error);

/** Reads and writes an interface's IPv4 route_localnet (IFLA_AF_SPEC, no sysctl). A missing one is FAILED. */
bool link_get_route_localnet(Netlink *netlink, const char *name, bool *ret, GError **error);
bool link_set_route_localnet(Netlink *netlink, const char *name, bool on, GError **error);

/** The interface a packet to this address leaves by. FAILED when there is no unicast route, or it is loopback. */
bool route_lookup(Netlink *netlink, const Address *address, char ret[static IFNAMSIZ], GError **error);

/**
 * Told of every interface that is deleted, moved to another namespace or renamed
 * away, by its (old) name; another interface may have taken that name meanwhile.
 * Who deletes one and creates one of the same name dispatches in between, or
 * takes the end of the first for that of the second. Must not free the monitor.
 */
typedef void (*link_vanished_func)(const char *name, void *userdata);

/**
 * Subscribes to link notifications (RTNLGRP_LINK). The caller watches
 * link_monitor_fd() for input and calls link_monitor_dispatch(), which never
 * blocks and survives an overrun (ENOBUFS) by looking every known name up again.
 */
typedef struct LinkMonitor LinkMonitor;
LinkMonitor *link_monitor_new(link_vanished_func vanished, void *userdata, GError **error);
void link_monitor_free(LinkMonitor *monitor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LinkMonitor, link_monitor_free)
int link_monitor_fd(const LinkMonitor *monitor);
void link_monitor_dispatch(LinkMonitor *monitor);
