/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/netlink/netlink.h"
#include <net/if.h>
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
 * of its dump; reply, if not NULL, sees the data that comes before it. Returns 0 or a negative errno:
 * -EAGAIN when what was dumped has changed meanwhile, so that something may be missing or twice there.
 */
int netlink_request(Netlink *netlink, NlMsg *request, nl_recvmsg_msg_cb_t reply,
		    void *userdata) G_GNUC_WARN_UNUSED_RESULT;

/** The same of a dump whose header and attributes say what is meant, which kernels before 5.0 pass over. */
int netlink_request_strict(Netlink *netlink, NlMsg *request, nl_recvmsg_msg_cb_t reply,
			   void *userdata) G_GNUC_WARN_UNUSED_RESULT;

/**
 * A socket of its own that hears of these groups (ended by 0) and tells notified; for nl_socket_free(). NULL with
 * FAILED, where what names what cannot be watched.
 */
struct nl_sock *netlink_subscribe(const int *groups, nl_recvmsg_msg_cb_t notified, void *userdata, const char *what,
				  GError **error);

/** Reads what waits, at most so many messages, without blocking. Whether something was lost (ENOBUFS). */
bool netlink_hear(struct nl_sock *socket, guint max_messages);

/** Dumps every interface of the host. Returns 0 or a negative errno. */
int netlink_dump_interfaces(Netlink *netlink, NlCache **ret) G_GNUC_WARN_UNUSED_RESULT;

/** The addresses of one interface, none if it is gone, or, where ifindex is 0, of all. As netlink_request(). */
int netlink_dump_addresses(Netlink *netlink, int ifindex, nl_recvmsg_msg_cb_t reply,
			   void *userdata) G_GNUC_WARN_UNUSED_RESULT;

/** Looks an interface up by its index, or by name where that is 0. A negative errno is -ENODEV for none. */
int netlink_get_interface(Netlink *netlink, int ifindex, const char *name, RtnlLink **ret) G_GNUC_WARN_UNUSED_RESULT;

/** Sets FAILED: the text, and why the last request failed. Returns false. */
bool netlink_failed(const Netlink *netlink, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

/** What a sentence calls an interface: by its name now, or by its ifindex if it is gone. Returns buffer. */
#define INTERFACE_TEXT_MAX 32
const char *netlink_interface_text(int ifindex, char buffer[static INTERFACE_TEXT_MAX]);

/** As netlink_failed(), with what the interface is called in front. */
bool netlink_interface_failed(const Netlink *netlink, int ifindex, GError **error, const char *format, ...)
	G_GNUC_PRINTF(4, 5);
