/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/netlink/link.h"
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>

/* What the files of this folder that use libnl share: one socket, and what became of its last request. */

typedef struct nl_addr NlAddr;
typedef struct nl_cache NlCache;
typedef struct nl_msg NlMsg;
typedef struct rtnl_addr RtnlAddr;
typedef struct rtnl_link RtnlLink;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NlAddr, nl_addr_put)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NlCache, nl_cache_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NlMsg, nlmsg_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RtnlAddr, rtnl_addr_put)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RtnlLink, rtnl_link_put)

struct Netlink {
	struct nl_sock *socket;
	int kernel;    /* negative errno the kernel answered the last request with; 0: it did not refuse */
	int library;   /* what libnl returned for it */
	char *message; /* the kernel's own sentence about it (NLMSGERR_ATTR_MSG), or NULL */
};

/** As netlink_new(), for another protocol than NETLINK_ROUTE. */
Netlink *netlink_open(int protocol, GError **error);

/**
 * Sends a request, which it frees, and waits for the kernel's answer, or the end
 * of its dump; reply, if not NULL, sees the data that comes before it. Returns 0 or a negative errno.
 */
int netlink_request(Netlink *netlink, NlMsg *request, nl_recvmsg_msg_cb_t reply, void *userdata);

/** Dumps every link, or every address, of the host. Returns 0 or a negative errno. */
int netlink_dump_links(Netlink *netlink, NlCache **ret);
int netlink_dump_addresses(Netlink *netlink, NlCache **ret);

/** Looks a link up by its index, or by name where that is 0. A negative errno is -ENODEV for none. */
int netlink_get_link(Netlink *netlink, int ifindex, const char *name, RtnlLink **ret);

/**
 * The link of this name, else FAILED; INVALID_ARGS for what is no name. The
 * kernel also answers to alternative names, which no packet filter does: such a
 * name is refused.
 */
bool netlink_find_link(Netlink *netlink, const char *name, RtnlLink **ret, GError **error);

/** Whether the link is a bridge, and of this name rather than this alternative name. */
bool netlink_is_bridge(RtnlLink *link, const char *name);

/** INVALID_ARGS for what link_name_is_valid() rejects. */
bool netlink_check_name(const char *name, GError **error);

/** Adds an address to a link. Returns 0 or a negative errno. */
int netlink_add_address(Netlink *netlink, int ifindex, const Prefix *address);

/** Sets FAILED: the text, and why the last request failed. Returns false. */
bool netlink_failed(const Netlink *netlink, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);
