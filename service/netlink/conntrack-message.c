/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/conntrack-message.h"

#include "service/netlink/conntrack-scan.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>

/* An attribute within another; NULL as well where it is shorter. */
static struct nlattr *find(struct nlattr *in, int type, int min_size)
{
	struct nlattr *found = in ? nla_find(nla_data(in), nla_len(in), type) : NULL;

	return found && nla_len(found) >= min_size ? found : NULL;
}

static struct nlattr *find_top(struct nlmsghdr *header, int type)
{
	return nlmsg_find_attr(header, sizeof(struct nfgenmsg), type);
}

static bool is_of_type(struct nlmsghdr *header, int type)
{
	return header->nlmsg_type == (NFNL_SUBSYS_CTNETLINK << 8 | type) &&
	       nlmsg_valid_hdr(header, sizeof(struct nfgenmsg));
}

static bool read_address(struct nlattr *tuple, sa_family_t family, bool source, Address *ret)
{
	const int types[2][2] = { { CTA_IP_V6_DST, CTA_IP_V6_SRC }, { CTA_IP_V4_DST, CTA_IP_V4_SRC } };
	const int bytes = family == AF_INET ? 4 : 16;
	struct nlattr *address = find(find(tuple, CTA_TUPLE_IP, 0), types[family == AF_INET][source], bytes);

	if (!address || nla_len(address) != bytes)
		return false;
	*ret = (Address){ .family = family };
	memcpy(ret->bytes, nla_data(address), bytes);
	return true;
}

bool conntrack_entry_read(struct nl_msg *message, struct conntrack_entry *ret)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	const struct nfgenmsg *info = nlmsg_data(header);
	struct nlattr *original, *reply, *protocol, *number, *port;

	if (!is_of_type(header, IPCTNL_MSG_CT_NEW) || (info->nfgen_family != AF_INET && info->nfgen_family != AF_INET6))
		return false;
	*ret = (struct conntrack_entry){ .family = info->nfgen_family };
	original = find_top(header, CTA_TUPLE_ORIG);
	reply = find_top(header, CTA_TUPLE_REPLY);
	port = find(find(reply, CTA_TUPLE_PROTO, 0), CTA_PROTO_SRC_PORT, sizeof(guint16));
	if (port)
		ret->reply_source_port = g_ntohs(nla_get_u16(port));
	protocol = find(original, CTA_TUPLE_PROTO, 0);
	number = find(protocol, CTA_PROTO_NUM, sizeof(guint8));
	port = find(protocol, CTA_PROTO_DST_PORT, sizeof(guint16));
	if (number)
		ret->protocol = nla_get_u8(number);
	if (port)
		ret->destination_port = g_ntohs(nla_get_u16(port));
	return read_address(original, ret->family, true, &ret->original_source) &&
	       read_address(original, ret->family, false, &ret->original_destination) &&
	       read_address(reply, ret->family, true, &ret->reply_source);
}

NlMsg *conntrack_delete_request(struct nl_msg *message)
{
	static const int names[] = { CTA_TUPLE_ORIG, CTA_ZONE, CTA_ID };
	struct nlmsghdr *header = nlmsg_hdr(message);
	const struct nfgenmsg *info = nlmsg_data(header);
	NlMsg *request = conntrack_request(IPCTNL_MSG_CT_DELETE, 0, info->nfgen_family);

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		struct nlattr *attribute = find_top(header, names[i]);

		if (attribute)
			nla_put(request, attribute->nla_type, nla_len(attribute), nla_data(attribute));
	}
	nlmsg_hdr(request)->nlmsg_flags |= NLM_F_REQUEST;
	return request;
}

bool conntrack_statistics_read(struct nl_msg *message, guint32 *ret_entries)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct nlattr *entries =
		is_of_type(header, IPCTNL_MSG_CT_GET_STATS) ? find_top(header, CTA_STATS_GLOBAL_ENTRIES) : NULL;

	if (!entries || nla_len(entries) < (int)sizeof(guint32))
		return false;
	*ret_entries = g_ntohl(nla_get_u32(entries));
	return true;
}
