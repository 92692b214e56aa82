/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/address.h"
#include "service/netlink/netlink.h"

/**
 * Another network namespace, named by a NETLINK_ROUTE socket that was opened in it. Whoever opened the socket has it
 * still and may do with it what he likes: nothing is waited for, what does not answer as it should fails, and what he
 * has not read is lost.
 */
typedef struct Namespace Namespace;

/**
 * Looks at a descriptor, of which it keeps a copy, before anything is read from it. INVALID_ARGS for anything but such
 * a socket, and for one of the host's own namespace (host's); ACCESS_DENIED where its opener has no CAP_NET_ADMIN in
 * the namespace: it is on his behalf that interfaces are put there.
 */
Namespace *namespace_new(const Netlink *host, int fd, GError **error);
void namespace_free(Namespace *namespace); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Namespace, namespace_free)

/** For what takes a namespace by a descriptor of it; the namespace's. */
int namespace_fd(const Namespace *namespace);

/**
 * Keeps an interface there, which is not up yet, from giving itself an IPv6 link-local address; who wants one can add
 * it. INVALID_ARGS, NO_MEMORY.
 */
bool namespace_set_no_link_local(Namespace *namespace, int ifindex, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Sets an interface there up. INVALID_ARGS, NO_MEMORY. */
bool namespace_set_up(Namespace *namespace, int ifindex, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Gives an interface there an address, IPv6 without duplicate address detection. INVALID_ARGS, NO_MEMORY. */
bool namespace_add_address(Namespace *namespace, int ifindex, const Prefix *address,
			   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * A route by an interface there; *ret_exists, if not NULL, tells that there is another to this destination, which is no
 * failure then. INVALID_ARGS where the gateway is not to be reached, NO_MEMORY.
 */
bool namespace_add_route(Namespace *namespace, int ifindex, const Prefix *destination, const Address *gateway,
			 bool *ret_exists, GError **error) G_GNUC_WARN_UNUSED_RESULT;
