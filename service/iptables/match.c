/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/match.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_sctp.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <netinet/in.h>
#include <string.h>

#define TCP_SYN 0x02

static enum match match_of(bool is, bool inverted)
{
	return is != inverted ? MATCH_IS : MATCH_NOT;
}

/* What says no does so whatever else is not read. */
static enum match both(enum match a, enum match b)
{
	if (a == MATCH_NOT || b == MATCH_NOT)
		return MATCH_NOT;
	return a == MATCH_UNREAD || b == MATCH_UNREAD ? MATCH_UNREAD : MATCH_IS;
}

static bool is_equal(const void *a, const void *b, const void *mask, gsize size)
{
	const guint8 *left = a, *right = b, *bits = mask;

	for (gsize i = 0; i < size; i++)
		if ((left[i] ^ right[i]) & bits[i])
			return false;
	return true;
}

/* --- ports --- */

static enum match match_port(guint16 port, guint16 first, guint16 last, bool inverted)
{
	if (first == 0 && last == G_MAXUINT16)
		return match_of(true, inverted);
	return port == 0 ? MATCH_UNREAD : match_of(port >= first && port <= last, inverted);
}

static enum match match_tcp(const void *data, const TracePacket *packet)
{
	const struct xt_tcp *tcp = data;
	enum match flags = match_of((TCP_SYN & tcp->flg_mask) == tcp->flg_cmp, tcp->invflags & XT_TCP_INV_FLAGS);

	if (tcp->option)
		return MATCH_UNREAD;
	return both(flags,
		    both(match_port(packet->source_port, tcp->spts[0], tcp->spts[1], tcp->invflags & XT_TCP_INV_SRCPT),
			 match_port(packet->destination_port, tcp->dpts[0], tcp->dpts[1],
				    tcp->invflags & XT_TCP_INV_DSTPT)));
}

static enum match match_udp(const void *data, const TracePacket *packet)
{
	const struct xt_udp *udp = data;

	return both(match_port(packet->source_port, udp->spts[0], udp->spts[1], udp->invflags & XT_UDP_INV_SRCPT),
		    match_port(packet->destination_port, udp->dpts[0], udp->dpts[1], udp->invflags & XT_UDP_INV_DSTPT));
}

static enum match match_sctp(const void *data, const TracePacket *packet)
{
	const struct xt_sctp_info *sctp = data;
	enum match match = sctp->flags & XT_SCTP_CHUNK_TYPES ? MATCH_UNREAD : MATCH_IS;

	if (sctp->flags & XT_SCTP_SRC_PORTS)
		match = both(match, match_port(packet->source_port, sctp->spts[0], sctp->spts[1],
					       sctp->invflags & XT_SCTP_SRC_PORTS));
	if (sctp->flags & XT_SCTP_DEST_PORTS)
		match = both(match, match_port(packet->destination_port, sctp->dpts[0], sctp->dpts[1],
					       sctp->invflags & XT_SCTP_DEST_PORTS));
	return match;
}

static bool has_port(const struct xt_multiport_v1 *list, guint16 port)
{
	for (guint i = 0; i < MIN(list->count, XT_MULTI_PORTS); i++) {
		guint16 first = list->ports[i], last = first;

		if (list->pflags[i] && i + 1 < XT_MULTI_PORTS)
			last = list->ports[++i];
		if (port >= first && port <= last)
			return true;
	}
	return false;
}

static enum match match_multiport(const void *data, const TracePacket *packet)
{
	const struct xt_multiport_v1 *list = data;
	bool is = list->flags != XT_MULTIPORT_SOURCE && has_port(list, packet->destination_port);

	if (list->flags != XT_MULTIPORT_DESTINATION && !is) {
		if (packet->source_port == 0)
			return MATCH_UNREAD;
		is = has_port(list, packet->source_port);
	}
	return match_of(is, list->invert);
}

/* --- connections and addresses --- */

/* What conntrack says of a connection's first packet; how neighbours find one another is no connection. */
static guint state_of(const TracePacket *packet)
{
	if (packet->icmpv6_type)
		return XT_CONNTRACK_STATE_UNTRACKED;
	return XT_CONNTRACK_STATE_BIT(IP_CT_NEW) | (packet->translated ? XT_CONNTRACK_STATE_DNAT : 0);
}

static enum match match_conntrack(const void *data, const TracePacket *packet)
{
	const struct xt_conntrack_mtinfo3 *info = data;
	const Address *original = &packet->original;
	gsize size = packet->family == FAMILY_IPV4 ? 4 : 16;
	const struct {
		guint flag;
		enum match match;
	} parts[] = {
		{ XT_CONNTRACK_STATE, match_of(info->state_mask & state_of(packet), false) },
		{ XT_CONNTRACK_STATE_ALIAS, MATCH_IS },
		{ XT_CONNTRACK_DIRECTION, MATCH_IS },
		{ XT_CONNTRACK_PROTO, match_of(info->l4proto == packet->protocol, false) },
		{ XT_CONNTRACK_ORIGSRC,
		  match_of(is_equal(&info->origsrc_addr, packet->source.bytes, &info->origsrc_mask, size), false) },
		{ XT_CONNTRACK_ORIGDST,
		  original->family == AF_UNSPEC
			  ? MATCH_UNREAD
			  : match_of(is_equal(&info->origdst_addr, original->bytes, &info->origdst_mask, size),
				     false) },
		{ XT_CONNTRACK_ORIGSRC_PORT,
		  match_port(packet->source_port, info->origsrc_port, info->origsrc_port_high, false) },
		{ XT_CONNTRACK_ORIGDST_PORT,
		  match_port(packet->original_port, info->origdst_port, info->origdst_port_high, false) },
	};
	enum match match = MATCH_IS;
	guint read = 0;

	for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
		read |= parts[i].flag;
		if (!(info->match_flags & parts[i].flag))
			continue;
		match = both(match, info->invert_flags & parts[i].flag && parts[i].match != MATCH_UNREAD
					    ? match_of(parts[i].match == MATCH_IS, true)
					    : parts[i].match);
	}
	return both(match, info->match_flags & ~read ? MATCH_UNREAD : MATCH_IS);
}

static enum match match_type(guint types, bool is_local, bool inverted)
{
	if (types == 0)
		return MATCH_IS;
	return types == XT_ADDRTYPE_LOCAL ? match_of(is_local, inverted) : MATCH_UNREAD;
}

static enum match match_addrtype(const void *data, const TracePacket *packet)
{
	const struct xt_addrtype_info_v1 *info = data;
	enum match match =
		both(match_type(info->source, packet->source_is_local, info->flags & XT_ADDRTYPE_INVERT_SOURCE),
		     match_type(info->dest, packet->destination_is_local, info->flags & XT_ADDRTYPE_INVERT_DEST));
	bool limited = info->flags & (XT_ADDRTYPE_LIMIT_IFACE_IN | XT_ADDRTYPE_LIMIT_IFACE_OUT);

	return both(match, limited ? MATCH_UNREAD : MATCH_IS);
}

static enum match match_comment(const void *data G_GNUC_UNUSED, const TracePacket *packet G_GNUC_UNUSED)
{
	return MATCH_IS;
}

/* --- an entry --- */

static const struct {
	const char *name;
	guint8 revision;
	gsize size;
	enum match (*match)(const void *data, const TracePacket *packet);
} extensions[] = {
	{ "tcp", 0, sizeof(struct xt_tcp), match_tcp },
	{ "udp", 0, sizeof(struct xt_udp), match_udp },
	{ "sctp", 0, sizeof(struct xt_sctp_info), match_sctp },
	{ "multiport", 1, sizeof(struct xt_multiport_v1), match_multiport },
	{ "conntrack", 3, sizeof(struct xt_conntrack_mtinfo3), match_conntrack },
	{ "addrtype", 1, sizeof(struct xt_addrtype_info_v1), match_addrtype },
	{ "comment", 0, 0, match_comment },
};

static enum match match_extension(const struct xt_entry_match *extension, const TracePacket *packet)
{
	for (guint i = 0; i < G_N_ELEMENTS(extensions); i++)
		if (strncmp(extension->u.user.name, extensions[i].name, sizeof extension->u.user.name) == 0 &&
		    extension->u.user.revision == extensions[i].revision &&
		    extension->u.user.match_size >= sizeof *extension + extensions[i].size)
			return extensions[i].match(extension->data, packet);
	return MATCH_UNREAD;
}

static enum match match_fields(const View *view, const TracePacket *packet)
{
	gsize size = view->address_size;
	enum match match =
		both(match_of(is_equal(view->source, packet->source.bytes, view->source_mask, size),
			      view->inverse & IPT_INV_SRCIP),
		     match_of(is_equal(view->destination, packet->destination.bytes, view->destination_mask, size),
			      view->inverse & IPT_INV_DSTIP));

	match = both(match,
		     match_of(is_equal(view->in, packet->in, view->in_mask, IFNAMSIZ), view->inverse & IPT_INV_VIA_IN));
	match = both(match, match_of(is_equal(view->out, packet->out, view->out_mask, IFNAMSIZ),
				     view->inverse & IPT_INV_VIA_OUT));
	if (view->protocol)
		match = both(match, match_of(view->protocol == packet->protocol, view->inverse & XT_INV_PROTO));
	return match;
}

enum match match_entry(const void *entry, const TracePacket *packet)
{
	View view = view_of(packet->family, entry);
	guint8 known = packet->family == FAMILY_IPV4 ? IPT_F_GOTO : IP6T_F_GOTO;
	enum match match = match_fields(&view, packet);

	if (view.flags & ~known || view.inverse & IPT_INV_FRAG)
		match = both(match, MATCH_UNREAD);
	for (guint at = view.matches; at < view.target;) {
		const struct xt_entry_match *extension = (const void *)(view.bytes + at);

		match = both(match, match_extension(extension, packet));
		at += extension->u.user.match_size;
	}
	return match;
}
