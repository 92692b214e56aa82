/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/conntrack-message.h"
#include "service/netlink/interface-message.h"
#include "service/netlink/route-message.h"
#include "service/netlink/setting-message.h"
#include "service/netlink/socket-message.h"
#include "tests/fuzz/fuzz.h"

/* Any bytes as a message of the kernel's, to those who read messages themselves; libnl reads the others. */

static void read_info(struct nl_msg *message)
{
	struct interface_notice notice;
	guint8 nf_call[N_FAMILIES];
	gint32 conf[DEVCONF_MAX];
	int ifindex;

	if (interface_notice_read(message, &notice))
		g_assert_cmpuint(strlen(notice.name), <, IFNAMSIZ);
	bridge_message_read(message, nf_call);
	inet6_message_read(message, &ifindex, conf);
}

static bool is_odd(int ifindex, const void *userdata G_GNUC_UNUSED)
{
	return ifindex & 1;
}

static void read_route(struct nl_msg *message)
{
	static const Prefix others[] = { { { .family = AF_INET, .bytes = { 10 } }, 8 },
					 { { .family = AF_INET6, .bytes = { 0xfd } }, 128 } };
	struct route route;

	if (!route_read(message, &route))
		return;
	route_leads_by(&route, is_odd, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(others); i++)
		g_assert_true(prefix_overlaps(&others[i], &route.destination) ==
			      prefix_overlaps(&route.destination, &others[i]));
}

static void read_setting(struct nl_msg *message)
{
	Address gone;
	int ifindex;

	if (setting_message_read(message, &ifindex, &gone))
		g_assert_true(gone.family == AF_UNSPEC || gone.family == AF_INET || gone.family == AF_INET6);
}

static void read_socket(struct nl_msg *message)
{
	struct socket_info socket;

	if (socket_message_read(message, &socket))
		g_assert_true(socket.local.family == AF_INET || socket.local.family == AF_INET6);
}

static void read_conntrack(struct nl_msg *message)
{
	struct conntrack_entry entry;
	guint32 n_entries;

	conntrack_statistics_read(message, &n_entries);
	if (conntrack_entry_read(message, &entry))
		nlmsg_free(conntrack_delete_request(message));
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	g_autofree struct nlmsghdr *header = NULL;
	g_autoptr(NlMsg) message = NULL;

	if (size < sizeof *header)
		return 0;
	header = g_memdup2(data, size);
	header->nlmsg_len = size;
	message = nlmsg_convert(header);
	read_info(message);
	read_setting(message);
	read_route(message);
	read_socket(message);
	read_conntrack(message);
	return 0;
}
