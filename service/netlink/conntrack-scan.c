/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/conntrack-scan.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

/* libnetfilter_conntrack has no word for CTA_FILTER. */

/* In a full table, so many walks through it cost what it costs to be shown everything. */
#define SCANS_MAX 8

/* In a table that holds little, to be shown so many entries costs what a walk costs. */
#define ENTRIES_A_SCAN 1000

static void add_addresses(GHashTable *addresses, enum family family, GArray *scans)
{
	const Address *address;
	GHashTableIter i;

	g_hash_table_iter_init(&i, addresses);
	while (scans->len <= SCANS_MAX && g_hash_table_iter_next(&i, (gpointer *)&address, NULL)) {
		struct conntrack_scan scan = { .family = family, .source = *address };

		if (address_family(address) != family)
			continue;
		scan.original = FILTER_IPV4_SRC;
		g_array_append_val(scans, scan);
		scan.original = 0;
		scan.reply = FILTER_IPV4_SRC;
		g_array_append_val(scans, scan);
	}
}

static void add_answering(GHashTable *addresses, enum family family, GArray *scans)
{
	const Address *address;
	GHashTableIter i;

	g_hash_table_iter_init(&i, addresses);
	while (scans->len <= SCANS_MAX && g_hash_table_iter_next(&i, (gpointer *)&address, NULL)) {
		struct conntrack_scan scan = { .family = family, .source = *address, .reply = FILTER_IPV4_SRC };

		if (address_family(address) == family)
			g_array_append_val(scans, scan);
	}
}

static void add_udp_ports(GHashTable *udp_ports, enum family family, GArray *scans)
{
	const struct udp_port *port;
	GHashTableIter i;

	g_hash_table_iter_init(&i, udp_ports);
	while (scans->len <= SCANS_MAX && g_hash_table_iter_next(&i, (gpointer *)&port, NULL)) {
		struct conntrack_scan scan = {
			.family = family,
			.original = FILTER_PROTO_NUM | FILTER_DST_PORT,
			.destination = port->address,
			.port = port->port,
		};

		if (address_family(&port->address) != family)
			continue;
		if (family == FAMILY_IPV4 && !address_is_any(&port->address))
			scan.original |= FILTER_IPV4_DST;
		g_array_append_val(scans, scan);
	}
}

GArray *conntrack_plan(GHashTable *addresses, GHashTable *answering, GHashTable *udp_ports, enum family family,
		       bool whole, guint32 entries)
{
	GArray *scans = g_array_new(FALSE, FALSE, sizeof(struct conntrack_scan));
	struct conntrack_scan everything = { .family = family };
	bool only_ports;

	add_addresses(addresses, family, scans);
	add_answering(answering, family, scans);
	only_ports = scans->len == 0;
	add_udp_ports(udp_ports, family, scans);
	if (whole || scans->len > SCANS_MAX || scans->len * ENTRIES_A_SCAN > ENTRIES_A_SCAN + entries ||
	    (family == FAMILY_IPV6 && !only_ports)) {
		if (only_ports && !whole)
			everything.original = FILTER_PROTO_NUM;
		g_array_set_size(scans, 0);
		g_array_append_val(scans, everything);
	}
	return scans;
}

static void put_tuple(NlMsg *request, int type, const struct conntrack_scan *scan, guint32 flags)
{
	struct nlattr *tuple, *part;

	if (!flags)
		return;
	tuple = nla_nest_start(request, type | NLA_F_NESTED);
	if (flags & (FILTER_IPV4_SRC | FILTER_IPV4_DST)) {
		part = nla_nest_start(request, CTA_TUPLE_IP | NLA_F_NESTED);
		if (flags & FILTER_IPV4_SRC)
			nla_put(request, CTA_IP_V4_SRC, 4, scan->source.bytes);
		if (flags & FILTER_IPV4_DST)
			nla_put(request, CTA_IP_V4_DST, 4, scan->destination.bytes);
		nla_nest_end(request, part);
	}
	if (flags & FILTER_PROTO_NUM) {
		part = nla_nest_start(request, CTA_TUPLE_PROTO | NLA_F_NESTED);
		nla_put_u8(request, CTA_PROTO_NUM, IPPROTO_UDP);
		if (flags & FILTER_DST_PORT)
			nla_put_u16(request, CTA_PROTO_DST_PORT, g_htons(scan->port));
		nla_nest_end(request, part);
	}
	nla_nest_end(request, tuple);
}

NlMsg *conntrack_request(int type, int flags, sa_family_t family)
{
	const struct nfgenmsg header = { .nfgen_family = family, .version = NFNETLINK_V0 };
	NlMsg *request = nlmsg_alloc_simple(NFNL_SUBSYS_CTNETLINK << 8 | type, flags);

	if (!request || nlmsg_append(request, (void *)&header, sizeof(header), NLMSG_ALIGNTO) < 0)
		g_error("Out of memory");
	return request;
}

NlMsg *conntrack_scan_request(const struct conntrack_scan *scan)
{
	NlMsg *request = conntrack_request(IPCTNL_MSG_CT_GET, NLM_F_DUMP, family_to_af(scan->family));
	struct nlattr *filter;

	if (!scan->original && !scan->reply)
		return request;
	/* A page holds it many times. */
	put_tuple(request, CTA_TUPLE_ORIG, scan, scan->original);
	put_tuple(request, CTA_TUPLE_REPLY, scan, scan->reply);
	filter = nla_nest_start(request, CTA_FILTER | NLA_F_NESTED);
	nla_put_u32(request, CTA_FILTER_ORIG_FLAGS, scan->original);
	nla_put_u32(request, CTA_FILTER_REPLY_FLAGS, scan->reply);
	nla_nest_end(request, filter);
	return request;
}
