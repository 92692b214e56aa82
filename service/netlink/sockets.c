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
	guint found; /* the lowest until now, or the end of the range */
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
	if (socket.port >= search->first && socket.port < search->found && overlaps(search, &socket))
		search->found = socket.port;
	return NL_OK;
}

static int dump_sockets(Netlink *netlink, guint8 protocol, sa_family_t family, guint16 port, struct search *search)
{
	struct inet_diag_req_v2 header = {
		.sdiag_family = family,
		.sdiag_protocol = protocol,
		.idiag_states = protocol == IPPROTO_UDP ? 1u << TCP_CLOSE : 1u << TCP_LISTEN | 1u << BOUND_INACTIVE,
		.id.idiag_sport = g_htons(port), /* 0: any */
	};
	NlMsg *request = nlmsg_alloc_simple(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);

	if (!request || nlmsg_append(request, &header, sizeof header, NLMSG_ALIGNTO) < 0)
		g_error("Out of memory");
	return netlink_request(netlink, request, on_socket, search);
}

bool sockets_find_bound(guint8 protocol, enum family family, const Address *address, guint16 first, guint16 count,
			guint *ret_port, GError **error)
{
	struct search search = { .family = family, .first = first, .found = (guint)first + count };
	const guint16 port = count == 1 ? first : 0;
	g_autoptr(Netlink) netlink = NULL;
	int r;

	if (address->family != AF_UNSPEC && !address_is_any(address))
		search.address = address;
	netlink = netlink_open(NETLINK_SOCK_DIAG, error);
	if (!netlink)
		return false;
	r = dump_sockets(netlink, protocol, AF_INET6, port, &search);
	if (r >= 0 && family == FAMILY_IPV4)
		r = dump_sockets(netlink, protocol, AF_INET, port, &search);
	if (r < 0)
		return netlink_failed(netlink, error, "Cannot list the host's %s sockets",
				      protocol_to_string(protocol));
	*ret_port = search.found;
	return true;
}
