/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/form.h"

#include "service/iptables/view.h"

#include <arpa/inet.h>
#include <linux/netfilter/xt_sctp.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <netinet/in.h>
#include <string.h>

/* What a rule has. */
enum part {
	SOURCE = 1 << 0,
	NOT_SOURCE = 1 << 1,
	DESTINATION = 1 << 2,
	NOT_DESTINATION = 1 << 3,
	IN = 1 << 4,
	NOT_IN = 1 << 5,
	OUT = 1 << 6,
	NOT_OUT = 1 << 7,
	PORTS_TO = 1 << 8, /* with a protocol */
	PORTS_FROM = 1 << 9,
	STATE = 1 << 10,
	ADDRTYPE = 1 << 11,
	ICMP = 1 << 12,
	OTHER = 1 << 13, /* what no rule of ours has */
	ACCEPT = 1 << 14,
	DROP = 1 << 15,
	RETURN = 1 << 16,
	JUMP = 1 << 17, /* to another chain of ours */
	DNAT = 1 << 18,
	TURN = 1 << 19, /* one connection of several */
};

/* What keeps an internal network apart, within its subnet or but for its bridge. */
#define INTERNAL(chain)                                                             \
	{ chain, NOT_SOURCE | OUT | DROP }, { chain, NOT_DESTINATION | IN | DROP }, \
		{ chain, NOT_SOURCE | NOT_IN | OUT | DROP },                        \
	{                                                                           \
		chain, NOT_DESTINATION | IN | NOT_OUT | DROP                        \
	}

/* Who may reach published ports. */
#define LIST(chain, of)                                                                                      \
	{ chain, of | ADDRTYPE | RETURN }, { chain, of | ADDRTYPE | JUMP }, { chain, of | SOURCE | RETURN }, \
		{ chain, of | RETURN }, { chain, of | IN | RETURN },                                         \
	{                                                                                                    \
		chain, of | JUMP                                                                             \
	}

/* Of published ports; in IPv6 not of link-local addresses. */
#define TRANSLATIONS(chain, also)                                                           \
	{ chain, also | PORTS_TO | DNAT }, { chain, also | DESTINATION | PORTS_TO | DNAT }, \
		{ chain, also | NOT_SOURCE | PORTS_TO | DNAT },                             \
	{                                                                                   \
		chain, also | NOT_SOURCE | DESTINATION | PORTS_TO | DNAT                    \
	}

static const struct {
	enum chain chain;
	guint parts;
} forms[] = {
	{ CHAIN_MANGLE_DIRECT, DESTINATION | OUT | DROP },
	{ CHAIN_MANGLE_DIRECT, DESTINATION | OUT | PORTS_TO | RETURN },
	{ CHAIN_MANGLE_DIRECT, OUT | DROP },
	{ CHAIN_MANGLE_DIRECT, RETURN },
	{ CHAIN_FILTER_DOCKER, DESTINATION | NOT_IN | OUT | PORTS_TO | ACCEPT },
	{ CHAIN_FILTER_DOCKER, SOURCE | DESTINATION | IN | OUT | PORTS_TO | ACCEPT },
	{ CHAIN_FILTER_DOCKER, SOURCE | DESTINATION | IN | OUT | PORTS_FROM | ACCEPT },
	{ CHAIN_FILTER_DOCKER, IN | OUT | ICMP | ACCEPT },
	{ CHAIN_FILTER_ALLOW, JUMP },
	LIST(CHAIN_FILTER_ALLOW, DESTINATION),
	LIST(CHAIN_FILTER_ALLOW, DESTINATION | PORTS_TO),
	LIST(CHAIN_FILTER_CEILING, 0),
	{ CHAIN_FILTER_DENY, DESTINATION | PORTS_TO | DROP },
	{ CHAIN_FILTER_DENY, DESTINATION | STATE | PORTS_TO | DROP },
	INTERNAL(CHAIN_FILTER_INGRESS),
	{ CHAIN_FILTER_INGRESS, IN | OUT | STATE | RETURN },
	{ CHAIN_FILTER_INGRESS, PORTS_TO | ACCEPT },
	{ CHAIN_FILTER_INGRESS, STATE | PORTS_FROM | ACCEPT },
	{ CHAIN_FILTER_INGRESS, DESTINATION | STATE | ACCEPT },
	{ CHAIN_FILTER_INGRESS, RETURN },
	{ CHAIN_FILTER_ISOLATION, IN | OUT | DROP },
	INTERNAL(CHAIN_FILTER_ISOLATION),
	{ CHAIN_FILTER_ISOLATION, STATE | RETURN },
	{ CHAIN_FILTER_ISOLATION, DESTINATION | OUT | PORTS_TO | RETURN },
	{ CHAIN_FILTER_ISOLATION, IN | STATE | RETURN },
	{ CHAIN_FILTER_ISOLATION, OUT | STATE | RETURN },
	{ CHAIN_FILTER_ISOLATION, IN | NOT_OUT | JUMP },
	{ CHAIN_FILTER_ISOLATION, RETURN },
	{ CHAIN_FILTER_ISOLATION_STAGE_2, OUT | DROP },
	{ CHAIN_FILTER_ISOLATION_STAGE_2, RETURN },
	{ CHAIN_NAT_DOCKER, IN | RETURN },
	TRANSLATIONS(CHAIN_NAT_DOCKER, NOT_IN),
	TRANSLATIONS(CHAIN_NAT_DOCKER, 0),
	TRANSLATIONS(CHAIN_NAT_CONTAINERS, 0),
	{ CHAIN_NAT_INGRESS, DESTINATION | RETURN },
	{ CHAIN_NAT_INGRESS, PORTS_TO | DNAT },
	{ CHAIN_NAT_INGRESS, PORTS_TO | TURN | DNAT },
	{ CHAIN_NAT_INGRESS, RETURN },
};

/* A prefix's length; -1: no prefix. */
static int mask_length(const guint8 *mask, gsize size)
{
	guint length = 0;

	while (length < size * 8 && mask[length / 8] & 0x80 >> length % 8)
		length++;
	for (guint i = length; i < size * 8; i++)
		if (mask[i / 8] & 0x80 >> i % 8)
			return -1;
	return length;
}

static guint address_part(const View *view, const guint8 *mask, guint8 inverse, guint plain, guint inverted)
{
	int length = mask_length(mask, view->address_size);

	if (length < 0)
		return OTHER;
	return view->inverse & inverse ? inverted : length > 0 ? plain : 0;
}

/* A whole name, not the beginning of one. */
static guint interface_part(const View *view, const char *name, const guint8 *mask, guint8 inverse, guint plain,
			    guint inverted)
{
	gsize length = strnlen(name, IFNAMSIZ - 1);

	if (length == 0)
		return mask[0] || view->inverse & inverse ? OTHER : 0;
	if (!mask[length])
		return OTHER;
	return view->inverse & inverse ? inverted : plain;
}

static guint ports_part(const struct xt_entry_match *match)
{
	const char *name = match->u.user.name;
	const __u16 *from, *to;
	guint parts = 0;

	if (strcmp(name, "sctp") == 0) {
		const struct xt_sctp_info *sctp = (const void *)match->data;

		if (sctp->invflags || sctp->flags & ~(XT_SCTP_SRC_PORTS | XT_SCTP_DEST_PORTS))
			return OTHER;
		return (sctp->flags & XT_SCTP_SRC_PORTS ? PORTS_FROM : 0) |
		       (sctp->flags & XT_SCTP_DEST_PORTS ? PORTS_TO : 0);
	}
	if (strcmp(name, "tcp") == 0) {
		const struct xt_tcp *tcp = (const void *)match->data;

		if (tcp->invflags || tcp->option || tcp->flg_mask)
			return OTHER;
		from = tcp->spts;
		to = tcp->dpts;
	} else {
		const struct xt_udp *udp = (const void *)match->data;

		if (udp->invflags)
			return OTHER;
		from = udp->spts;
		to = udp->dpts;
	}
	parts |= from[0] > 0 || from[1] < G_MAXUINT16 ? PORTS_FROM : 0;
	parts |= to[0] > 0 || to[1] < G_MAXUINT16 ? PORTS_TO : 0;
	return parts;
}

static guint match_part(const struct xt_entry_match *match)
{
	static const struct {
		const char *name;
		guint part;
	} known[] = { { "conntrack", STATE }, { "addrtype", ADDRTYPE }, { "icmp6", ICMP }, { "statistic", TURN } };
	const char *name = match->u.user.name;

	if (strcmp(name, "tcp") == 0 || strcmp(name, "udp") == 0 || strcmp(name, "sctp") == 0)
		return ports_part(match);
	for (guint i = 0; i < G_N_ELEMENTS(known); i++)
		if (strcmp(name, known[i].name) == 0)
			return known[i].part;
	return OTHER;
}

static guint target_part(const ActualEntry *actual, const xt_chainlabel *names)
{
	static const struct {
		const char *name;
		guint part;
	} known[] = { { "ACCEPT", ACCEPT }, { "DROP", DROP }, { "RETURN", RETURN }, { "DNAT", DNAT } };

	for (guint i = 0; i < G_N_ELEMENTS(known); i++)
		if (strcmp(actual->target, known[i].name) == 0)
			return known[i].part;
	for (enum chain chain = 0; chain < N_CHAINS; chain++)
		if (!chain_info(chain)->builtin && strcmp(actual->target, names[chain]) == 0)
			return JUMP;
	return OTHER;
}

static guint parts_of(enum family family, const ActualEntry *actual, const xt_chainlabel *names)
{
	View view = view_of(family, actual->entry);
	guint parts = target_part(actual, names);

	if (view.flags || view.inverse & ~(IPT_INV_VIA_IN | IPT_INV_VIA_OUT | IPT_INV_SRCIP | IPT_INV_DSTIP))
		parts |= OTHER;
	parts |= address_part(&view, view.source_mask, IPT_INV_SRCIP, SOURCE, NOT_SOURCE);
	parts |= address_part(&view, view.destination_mask, IPT_INV_DSTIP, DESTINATION, NOT_DESTINATION);
	parts |= interface_part(&view, view.in, view.in_mask, IPT_INV_VIA_IN, IN, NOT_IN);
	parts |= interface_part(&view, view.out, view.out_mask, IPT_INV_VIA_OUT, OUT, NOT_OUT);
	for (guint16 at = view.matches; at < view.target;) {
		const struct xt_entry_match *match = (const void *)(view.bytes + at);

		parts |= match_part(match);
		at += match->u.user.match_size;
	}
	/* Of a protocol as a whole we say nothing. */
	if (view.protocol && !(parts & (PORTS_TO | PORTS_FROM | ICMP)))
		parts |= OTHER;
	return parts;
}

bool form_is_ours(enum family family, enum chain chain, const ActualEntry *actual, const xt_chainlabel *names)
{
	guint parts = parts_of(family, actual, names);

	for (guint i = 0; i < G_N_ELEMENTS(forms); i++)
		if (forms[i].chain == chain && forms[i].parts == parts)
			return true;
	return false;
}

static void append_address(GString *text, const View *view, const char *option, guint8 inverse, const guint8 *address,
			   const guint8 *mask)
{
	int length = mask_length(mask, view->address_size);
	char buffer[INET6_ADDRSTRLEN];

	if (length == 0)
		return;
	inet_ntop(view->address_size == 4 ? AF_INET : AF_INET6, address, buffer, sizeof buffer);
	g_string_append_printf(text, "%s%s %s", view->inverse & inverse ? "! " : "", option, buffer);
	if (length > 0)
		g_string_append_printf(text, "/%d", length);
	g_string_append_c(text, ' ');
}

static void append_interface(GString *text, const View *view, const char *option, guint8 inverse, const char *name)
{
	if (*name)
		g_string_append_printf(text, "%s%s %.*s ", view->inverse & inverse ? "! " : "", option, IFNAMSIZ - 1,
				       name);
}

static void append_protocol(GString *text, const View *view)
{
	static const struct {
		guint16 number;
		const char *name;
	} names[] = { { IPPROTO_TCP, "tcp" },
		      { IPPROTO_UDP, "udp" },
		      { IPPROTO_SCTP, "sctp" },
		      { IPPROTO_ICMP, "icmp" },
		      { IPPROTO_ICMPV6, "icmpv6" } };
	const char *inverted = view->inverse & XT_INV_PROTO ? "! " : "";

	if (!view->protocol)
		return;
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		if (names[i].number == view->protocol) {
			g_string_append_printf(text, "%s-p %s ", inverted, names[i].name);
			return;
		}
	g_string_append_printf(text, "%s-p %u ", inverted, view->protocol);
}

static void append_ports(GString *text, const char *option, const __u16 ports[2], bool inverted)
{
	if (ports[0] == 0 && ports[1] == G_MAXUINT16)
		return;
	g_string_append_printf(text, "%s%s %u", inverted ? "! " : "", option, ports[0]);
	if (ports[1] != ports[0])
		g_string_append_printf(text, ":%u", ports[1]);
	g_string_append_c(text, ' ');
}

static void append_match(GString *text, const struct xt_entry_match *match)
{
	const struct xt_tcp *tcp = (const void *)match->data;
	const struct xt_udp *udp = (const void *)match->data;

	g_string_append_printf(text, "-m %.*s ", (int)sizeof match->u.user.name, match->u.user.name);
	if (strcmp(match->u.user.name, "tcp") == 0) {
		append_ports(text, "--sport", tcp->spts, tcp->invflags & XT_TCP_INV_SRCPT);
		append_ports(text, "--dport", tcp->dpts, tcp->invflags & XT_TCP_INV_DSTPT);
	} else if (strcmp(match->u.user.name, "udp") == 0) {
		append_ports(text, "--sport", udp->spts, udp->invflags & XT_UDP_INV_SRCPT);
		append_ports(text, "--dport", udp->dpts, udp->invflags & XT_UDP_INV_DSTPT);
	}
}

char *form_to_text(enum family family, const ActualEntry *actual)
{
	View view = view_of(family, actual->entry);
	GString *text = g_string_new(NULL);

	append_address(text, &view, "-s", IPT_INV_SRCIP, view.source, view.source_mask);
	append_address(text, &view, "-d", IPT_INV_DSTIP, view.destination, view.destination_mask);
	append_interface(text, &view, "-i", IPT_INV_VIA_IN, view.in);
	append_interface(text, &view, "-o", IPT_INV_VIA_OUT, view.out);
	append_protocol(text, &view);
	for (guint16 at = view.matches; at < view.target;) {
		const struct xt_entry_match *match = (const void *)(view.bytes + at);

		append_match(text, match);
		at += match->u.user.match_size;
	}
	g_string_append_printf(text, "-j %s", actual->target);
	return g_string_free(text, FALSE);
}
