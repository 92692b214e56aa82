/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/sockets.h"

#include "service/model/endpoint.h"
#include "service/netlink/request.h"
#include "service/netlink/socket-message.h"

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <string.h>

/* libnl-idiag would do, but that it asks for TCP sockets alone and keeps INET_DIAG_SKV6ONLY to itself. */

/* The kernel's TCP_BOUND_INACTIVE, which no header says; older kernels have no such sockets to tell of. */
#define BOUND_INACTIVE 13

struct search {
	enum family family;
	const Address *address; /* NULL: any */
	guint first;
	uid_t except;   /* whose sockets are passed over */
	bool left_too;  /* in whatever state, and what is left of connections apart */
	guint32 states; /* otherwise */
	guint found;    /* the lowest until now, or the end of the range */
	guint left;     /* of those that no program has */
};

static bool overlaps(const struct search *search, const struct socket_info *socket)
{
	const Address *local = &socket->local;

	if (address_is_any(local) && local->family == AF_INET6 && !socket->v6_only)
		return true;
	if (address_family(local) != search->family)
		return false;
	return !search->address || address_is_any(local) || address_equal(local, search->address);
}

static int on_socket(struct nl_msg *message, void *userdata)
{
	struct search *search = userdata;
	struct socket_info socket;

	if (!socket_message_read(message, &socket))
		return NL_SKIP;
	if (socket.port < search->first || socket.port >= search->found || !overlaps(search, &socket) ||
	    socket.uid == search->except)
		return NL_OK;
	if (search->left_too && socket.inode == 0)
		search->left++;
	else
		search->found = socket.port;
	return NL_OK;
}

static guint32 bound_states(guint8 protocol)
{
	return protocol == IPPROTO_UDP ? 1u << TCP_CLOSE : 1u << TCP_LISTEN | 1u << BOUND_INACTIVE;
}

static int dump_sockets(Netlink *netlink, guint8 protocol, sa_family_t family, guint32 states, guint16 port,
			nl_recvmsg_msg_cb_t reply, void *userdata)
{
	struct inet_diag_req_v2 header = {
		.sdiag_family = family,
		.sdiag_protocol = protocol,
		.idiag_states = states,
		.id.idiag_sport = g_htons(port), /* 0: any */
	};
	NlMsg *request = nlmsg_alloc_simple(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);

	if (!request || nlmsg_append(request, &header, sizeof header, NLMSG_ALIGNTO) < 0)
		g_error("Out of memory");
	return netlink_request(netlink, request, reply, userdata);
}

static bool dump_failed(Netlink *netlink, guint8 protocol, GError **error)
{
	return netlink_failed(netlink, error, "cannot list the host's %s sockets", protocol_to_string(protocol));
}

static bool search_sockets(struct search *search, guint8 protocol, const Address *address, guint16 port, GError **error)
{
	guint32 states = search->left_too ? G_MAXUINT32 : search->states ? search->states : bound_states(protocol);
	g_autoptr(Netlink) netlink = NULL;
	int r;

	if (address->family != AF_UNSPEC && !address_is_any(address))
		search->address = address;
	netlink = netlink_open(NETLINK_SOCK_DIAG, error);
	if (!netlink)
		return false;
	r = dump_sockets(netlink, protocol, AF_INET6, states, port, on_socket, search);
	if (r >= 0 && search->family == FAMILY_IPV4)
		r = dump_sockets(netlink, protocol, AF_INET, states, port, on_socket, search);
	return r >= 0 || dump_failed(netlink, protocol, error);
}

bool sockets_find_bound(guint8 protocol, enum family family, const Address *address, guint16 first, guint16 count,
			uid_t except, guint *ret_port, GError **error)
{
	struct search search = { .family = family, .first = first, .found = (guint)first + count, .except = except };

	if (!search_sockets(&search, protocol, address, count == 1 ? first : 0, error))
		return false;
	*ret_port = search.found;
	return true;
}

bool sockets_find_listener(guint8 protocol, const Address *address, guint16 port, bool *ret, GError **error)
{
	struct search search = { .family = address_family(address),
				 .first = port,
				 .found = (guint)port + 1,
				 .except = NOBODYS,
				 .states = 1u << (protocol == IPPROTO_UDP ? TCP_CLOSE : TCP_LISTEN) };

	if (!search_sockets(&search, protocol, address, port, error))
		return false;
	*ret = search.found == port;
	return true;
}

bool sockets_are_left(enum family family, const Address *address, guint16 port, bool *ret, GError **error)
{
	struct search search = {
		.family = family, .first = port, .found = (guint)port + 1, .except = NOBODYS, .left_too = true
	};

	if (!search_sockets(&search, IPPROTO_TCP, address, port, error))
		return false;
	*ret = search.left > 0 && search.found > port;
	return true;
}

struct visit {
	SocketVisitor *visitor;
	void *userdata;
};

static int on_visited(struct nl_msg *message, void *userdata)
{
	const struct visit *visit = userdata;
	struct socket_info socket;

	if (!socket_message_read(message, &socket))
		return NL_SKIP;
	if (socket.port != 0)
		visit->visitor(&socket, visit->userdata);
	return NL_OK;
}

bool sockets_visit_bound(guint8 protocol, SocketVisitor *visitor, void *userdata, GError **error)
{
	static const sa_family_t families[] = { AF_INET, AF_INET6 };
	g_autoptr(Netlink) netlink = netlink_open(NETLINK_SOCK_DIAG, error);
	struct visit visit = { visitor, userdata };
	int r = 0;

	if (!netlink)
		return false;
	for (guint i = 0; i < G_N_ELEMENTS(families) && r >= 0; i++)
		r = dump_sockets(netlink, protocol, families[i], bound_states(protocol), 0, on_visited, &visit);
	return r >= 0 || dump_failed(netlink, protocol, error);
}
