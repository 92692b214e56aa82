/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/entry.h"

#include "service/iptables/layout.h"

#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_sctp.h>
#include <linux/netfilter/xt_statistic.h>
#include <string.h>

#define RELATED_ESTABLISHED (XT_CONNTRACK_STATE_BIT(IP_CT_RELATED) | XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED))

#define TCP_FLAG_RESET 0x04 /* of the byte of flags */

/* Matches and targets have the same head, so one writer and one comparison serve both. */
#define HEAD_SIZE sizeof(struct xt_entry_match)
G_STATIC_ASSERT(sizeof(struct xt_entry_target) == HEAD_SIZE);
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct xt_entry_target, u.user.name) ==
		G_STRUCT_OFFSET(struct xt_entry_match, u.user.name));
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct xt_entry_target, u.user.revision) ==
		G_STRUCT_OFFSET(struct xt_entry_match, u.user.revision));

#define EXTENSION_SIZE(data) XT_ALIGN(HEAD_SIZE + sizeof(data))
#define STANDARD_SIZE XT_ALIGN(sizeof(struct xt_standard_target))

G_STATIC_ASSERT(sizeof(struct ip6t_entry) + EXTENSION_SIZE(struct xt_conntrack_mtinfo3) +
			EXTENSION_SIZE(struct xt_addrtype_info_v1) + EXTENSION_SIZE(struct xt_sctp_info) +
			EXTENSION_SIZE(struct nf_nat_range2) <=
		sizeof(Entry));

G_STATIC_ASSERT(IPT_INV_VIA_IN == IP6T_INV_VIA_IN && IPT_INV_VIA_OUT == IP6T_INV_VIA_OUT &&
		IPT_INV_SRCIP == IP6T_INV_SRCIP && IPT_INV_DSTIP == IP6T_INV_DSTIP);

/* Appends a zeroed match or target and returns its data. */
static void *append_extension(Entry *entry, guint16 *offset, const char *name, guint8 revision, gsize data_size)
{
	gsize size = XT_ALIGN(HEAD_SIZE + data_size);
	struct xt_entry_match *extension = (struct xt_entry_match *)(entry->bytes + *offset);

	memset(extension, 0, size);
	extension->u.user.match_size = size;
	extension->u.user.revision = revision;
	g_strlcpy(extension->u.user.name, name, sizeof extension->u.user.name);
	*offset += size;
	return extension->data;
}

static void set_address(void *address, void *mask, const guint8 *from, guint8 length)
{
	guint8 *a = address, *m = mask;
	guint whole = length / 8;

	memset(m, 0xff, whole);
	memcpy(a, from, whole);
	if (length % 8) {
		m[whole] = 0xff << (8 - length % 8);
		a[whole] = from[whole] & m[whole];
	}
}

static void set_interface(char *name, unsigned char *mask, const char *from)
{
	gsize length = strnlen(from, IFNAMSIZ - 1);
	if (!length)
		return;
	memcpy(name, from, length);
	memset(mask, 0xff, length + 1);
}

static guint8 inverse_flags(const Rule *rule)
{
	return (rule->flags & RULE_NOT_IN ? IPT_INV_VIA_IN : 0) | (rule->flags & RULE_NOT_OUT ? IPT_INV_VIA_OUT : 0) |
	       (rule->flags & RULE_NOT_SOURCE ? IPT_INV_SRCIP : 0) |
	       (rule->flags & RULE_NOT_DESTINATION ? IPT_INV_DSTIP : 0);
}

static void encode_ip(const Rule *rule, struct ipt_ip *ip)
{
	set_address(&ip->src, &ip->smsk, rule->source, rule->source_length);
	set_address(&ip->dst, &ip->dmsk, rule->destination, rule->destination_length);
	set_interface(ip->iniface, ip->iniface_mask, rule->in);
	set_interface(ip->outiface, ip->outiface_mask, rule->out);
	ip->proto = rule->protocol;
	ip->invflags = inverse_flags(rule);
}

static void encode_ip6(const Rule *rule, struct ip6t_ip6 *ip)
{
	set_address(&ip->src, &ip->smsk, rule->source, rule->source_length);
	set_address(&ip->dst, &ip->dmsk, rule->destination, rule->destination_length);
	set_interface(ip->iniface, ip->iniface_mask, rule->in);
	set_interface(ip->outiface, ip->outiface_mask, rule->out);
	ip->proto = rule->protocol;
	ip->flags = rule->protocol ? IP6T_F_PROTO : 0;
	ip->invflags = inverse_flags(rule);
}

static void set_ports(__u16 ports[2], const guint16 range[2])
{
	ports[0] = range[0];
	ports[1] = range[1] ? range[1] : G_MAXUINT16;
}

static void encode_ports(const Rule *rule, Entry *entry, guint16 *offset)
{
	switch (rule->protocol) {
	case IPPROTO_TCP: {
		struct xt_tcp *tcp = append_extension(entry, offset, "tcp", 0, sizeof *tcp);
		set_ports(tcp->spts, rule->source_port);
		set_ports(tcp->dpts, rule->destination_port);
		tcp->flg_mask = tcp->flg_cmp = rule->flags & RULE_RESET ? TCP_FLAG_RESET : 0;
		break;
	}
	case IPPROTO_UDP: {
		struct xt_udp *udp = append_extension(entry, offset, "udp", 0, sizeof *udp);
		set_ports(udp->spts, rule->source_port);
		set_ports(udp->dpts, rule->destination_port);
		break;
	}
	case IPPROTO_SCTP: {
		struct xt_sctp_info *sctp = append_extension(entry, offset, "sctp", 0, sizeof *sctp);
		if (rule->source_port[1]) {
			sctp->flags |= XT_SCTP_SRC_PORTS;
			set_ports(sctp->spts, rule->source_port);
		}
		if (rule->destination_port[1]) {
			sctp->flags |= XT_SCTP_DEST_PORTS;
			set_ports(sctp->dpts, rule->destination_port);
		}
		/* "No flags wanted for this chunk type", as iptables writes it. */
		for (gsize i = 0; i < G_N_ELEMENTS(sctp->flag_info); i++)
			sctp->flag_info[i].chunktype = 0xff;
		break;
	}
	}
}

/* Every so many packets that come here, from the first. */
static void encode_turn(const Rule *rule, Entry *entry, guint16 *offset)
{
	struct xt_statistic_info *statistic = append_extension(entry, offset, "statistic", 0, sizeof *statistic);

	statistic->mode = XT_STATISTIC_MODE_NTH;
	statistic->u.nth.every = statistic->u.nth.count = rule->turns - rule->turn - 1;
}

static void encode_state(enum rule_state state, struct xt_conntrack_mtinfo3 *conntrack)
{
	conntrack->match_flags = XT_CONNTRACK_STATE;
	conntrack->state_mask = RELATED_ESTABLISHED;
	switch (state) {
	case STATE_CLASSIC:
		conntrack->match_flags |= XT_CONNTRACK_STATE_ALIAS;
		break;
	case STATE_DNAT:
		conntrack->state_mask = XT_CONNTRACK_STATE_DNAT;
		break;
	case STATE_INVALID:
		conntrack->state_mask = XT_CONNTRACK_STATE_INVALID;
		break;
	case STATE_RELATED:
		conntrack->state_mask = XT_CONNTRACK_STATE_BIT(IP_CT_RELATED);
		break;
	case STATE_DIRECT:
		conntrack->invert_flags |= XT_CONNTRACK_STATE;
		conntrack->state_mask |= XT_CONNTRACK_STATE_DNAT;
		break;
	case STATE_ORIGINAL:
		conntrack->match_flags = XT_CONNTRACK_DIRECTION;
		conntrack->state_mask = 0;
		break;
	default:
		break;
	}
}

static void encode_matches(const Rule *rule, Entry *entry, guint16 *offset)
{
	if (rule->state)
		encode_state(rule->state,
			     append_extension(entry, offset, "conntrack", 3, sizeof(struct xt_conntrack_mtinfo3)));

	if (rule->addrtype) {
		struct xt_addrtype_info_v1 *addrtype = append_extension(entry, offset, "addrtype", 1, sizeof *addrtype);
		if (rule->addrtype == ADDRTYPE_SOURCE_LOCAL)
			addrtype->source = XT_ADDRTYPE_LOCAL;
		else
			addrtype->dest = XT_ADDRTYPE_LOCAL;
	}

	if (rule->icmpv6_type) {
		struct ip6t_icmp *icmp = append_extension(entry, offset, "icmp6", 0, sizeof *icmp);
		icmp->type = rule->icmpv6_type;
		icmp->code[1] = 0xff;
	}

	if (rule->source_port[1] || rule->destination_port[1] || rule->flags & RULE_RESET)
		encode_ports(rule, entry, offset);

	/* It counts what it is asked about: it is asked last. */
	if (rule->turn + 1 < rule->turns)
		encode_turn(rule, entry, offset);
}

static void encode_dnat(const Rule *rule, Entry *entry, guint16 *offset)
{
	struct nf_nat_range2 *range = append_extension(entry, offset, "DNAT", 2, sizeof *range);
	gsize size = rule->family == FAMILY_IPV4 ? sizeof range->min_addr.in : sizeof range->min_addr.in6;

	range->flags = NF_NAT_RANGE_MAP_IPS;
	memcpy(&range->min_addr, rule->dnat_address, size);
	memcpy(&range->max_addr, rule->dnat_address, size);

	if (!rule->dnat_port)
		return;
	range->flags |= NF_NAT_RANGE_PROTO_SPECIFIED;
	range->min_proto.all = range->max_proto.all = htons(rule->dnat_port);
}

/* The form that its family had first, which iptables writes to this day. */
static void encode_snat(const Rule *rule, Entry *entry, guint16 *offset)
{
	if (rule->family == FAMILY_IPV4) {
		struct nf_nat_ipv4_multi_range_compat *ranges =
			append_extension(entry, offset, "SNAT", 0, sizeof *ranges);

		ranges->rangesize = 1;
		ranges->range[0].flags = NF_NAT_RANGE_MAP_IPS;
		memcpy(&ranges->range[0].min_ip, rule->dnat_address, sizeof ranges->range[0].min_ip);
		memcpy(&ranges->range[0].max_ip, rule->dnat_address, sizeof ranges->range[0].max_ip);
	} else {
		struct nf_nat_range *range = append_extension(entry, offset, "SNAT", 1, sizeof *range);

		range->flags = NF_NAT_RANGE_MAP_IPS;
		memcpy(&range->min_addr, rule->dnat_address, sizeof range->min_addr);
		memcpy(&range->max_addr, rule->dnat_address, sizeof range->max_addr);
	}
}

static void encode_masquerade(const Rule *rule, Entry *entry, guint16 *offset)
{
	if (rule->family == FAMILY_IPV4) {
		struct nf_nat_ipv4_multi_range_compat *ranges =
			append_extension(entry, offset, "MASQUERADE", 0, sizeof *ranges);
		ranges->rangesize = 1;
	} else {
		append_extension(entry, offset, "MASQUERADE", 0, sizeof(struct nf_nat_range));
	}
}

static void encode_standard(const char *name, Entry *entry, guint16 *offset)
{
	append_extension(entry, offset, name, 0, sizeof(struct xt_standard_target) - sizeof(struct xt_entry_target));
}

static void encode_target(const Rule *rule, const xt_chainlabel *names, Entry *entry, guint16 *offset)
{
	switch ((enum rule_target)rule->target) {
	case TARGET_ACCEPT:
		return encode_standard(IPTC_LABEL_ACCEPT, entry, offset);
	case TARGET_DROP:
		return encode_standard(IPTC_LABEL_DROP, entry, offset);
	case TARGET_RETURN:
		return encode_standard(IPTC_LABEL_RETURN, entry, offset);
	case TARGET_PLACE:
		return encode_standard(names[layout_of(rule)->jump], entry, offset);
	case TARGET_MASQUERADE:
		return encode_masquerade(rule, entry, offset);
	case TARGET_DNAT:
		return encode_dnat(rule, entry, offset);
	case TARGET_SNAT:
		return encode_snat(rule, entry, offset);
	}
	g_assert_not_reached();
}

void entry_encode(const Rule *rule, const xt_chainlabel *names, Entry *ret)
{
	guint16 offset;

	if (rule->family == FAMILY_IPV4) {
		offset = sizeof ret->ipv4;
		memset(&ret->ipv4, 0, offset);
		encode_ip(rule, &ret->ipv4.ip);
		encode_matches(rule, ret, &offset);
		ret->ipv4.target_offset = offset;
		encode_target(rule, names, ret, &offset);
		ret->ipv4.next_offset = offset;
	} else {
		offset = sizeof ret->ipv6;
		memset(&ret->ipv6, 0, offset);
		encode_ip6(rule, &ret->ipv6.ipv6);
		encode_matches(rule, ret, &offset);
		ret->ipv6.target_offset = offset;
		encode_target(rule, names, ret, &offset);
		ret->ipv6.next_offset = offset;
	}
}

/* The two families' entries, said alike. */
typedef struct Shape {
	const guint8 *bytes;
	gsize ip_size; /* without the padding, which need not be zero */
	guint16 matches, target, end;
} Shape;

static inline Shape entry_shape(enum family family, const void *entry)
{
	if (family == FAMILY_IPV4) {
		const struct ipt_entry *e = entry;
		return (Shape){ entry, sizeof e->ip, sizeof *e, e->target_offset, e->next_offset };
	}
	const struct ip6t_entry *e = entry;
	return (Shape){ entry, G_STRUCT_OFFSET(struct ip6t_ip6, invflags) + sizeof e->ipv6.invflags, sizeof *e,
			e->target_offset, e->next_offset };
}

static inline bool extension_equal(const struct xt_entry_match *a, const struct xt_entry_match *b)
{
	/* The kernel hands names back without clearing what follows their end. */
	return a->u.user.match_size == b->u.user.match_size && a->u.user.revision == b->u.user.revision &&
	       strncmp(a->u.user.name, b->u.user.name, sizeof a->u.user.name) == 0 &&
	       memcmp(a->data, b->data, a->u.user.match_size - HEAD_SIZE) == 0;
}

/* A verdict or a jump: named in an entry of ours, nameless in an actual one, where libiptc resolves it. */
static inline bool standard_equal(const struct xt_entry_target *ours, const ActualEntry *actual,
				  const struct xt_entry_target *theirs)
{
	return theirs->u.user.target_size == STANDARD_SIZE && theirs->u.user.revision == ours->u.user.revision &&
	       !theirs->u.user.name[0] && strcmp(ours->u.user.name, actual->target) == 0;
}

static bool target_is_standard(const Entry *entry, const Shape *shape)
{
	const struct xt_entry_target *target = (const void *)(entry->bytes + shape->target);
	/* DNAT and MASQUERADE are larger. */
	return target->u.user.target_size == STANDARD_SIZE;
}

bool entry_equal(enum family family, const Entry *entry, const ActualEntry *actual)
{
	Shape a = entry_shape(family, entry), b = entry_shape(family, actual->entry);

	if (a.target != b.target || a.end != b.end || memcmp(a.bytes, b.bytes, a.ip_size) != 0)
		return false;

	for (guint16 at = a.matches; at < a.target;) {
		const struct xt_entry_match *ours = (const void *)(a.bytes + at);
		if (!extension_equal(ours, (const void *)(b.bytes + at)))
			return false;
		at += ours->u.user.match_size;
	}

	if (target_is_standard(entry, &a))
		return standard_equal((const void *)(a.bytes + a.target), actual, (const void *)(b.bytes + b.target));
	return extension_equal((const void *)(a.bytes + a.target), (const void *)(b.bytes + b.target));
}

static inline guint64 fold(guint64 a, guint64 b)
{
	unsigned __int128 product = (unsigned __int128)a * b;
	return (guint64)product ^ (guint64)(product >> 64);
}

/* Sixteen bytes a step, as wyhash does it; the keys are arbitrary odd numbers. */
static inline guint64 digest_bytes(guint64 digest, const guint8 *bytes, gsize size)
{
	guint64 words[2];

	digest += size;
	for (; size >= sizeof words; bytes += sizeof words, size -= sizeof words) {
		memcpy(words, bytes, sizeof words);
		digest = fold(words[0] ^ digest ^ 0xa0761d6478bd642f, words[1] ^ 0xe7037ed1a0b428db);
	}
	for (guint32 word; size >= sizeof word; bytes += sizeof word, size -= sizeof word) {
		memcpy(&word, bytes, sizeof word);
		digest = fold(word ^ digest ^ 0xa0761d6478bd642f, 0xe7037ed1a0b428db);
	}
	for (; size; bytes++, size--)
		digest = fold(*bytes ^ digest ^ 0xa0761d6478bd642f, 0xe7037ed1a0b428db);
	return digest;
}

/* A name up to its end, and the other words of a head. */
static inline guint64 digest_head(guint64 digest, const struct xt_entry_match *extension, const char *name)
{
	guint8 padded[XT_EXTENSION_MAXNAMELEN + 3];

	strncpy((char *)padded, name, XT_EXTENSION_MAXNAMELEN);
	memcpy(padded + XT_EXTENSION_MAXNAMELEN, &extension->u.user.match_size, sizeof extension->u.user.match_size);
	padded[sizeof padded - 1] = extension->u.user.revision;
	return digest_bytes(digest, padded, sizeof padded);
}

static inline guint64 digest_extension(guint64 digest, const struct xt_entry_match *extension)
{
	digest = digest_head(digest, extension, extension->u.user.name);
	return digest_bytes(digest, extension->data, extension->u.user.match_size - HEAD_SIZE);
}

guint64 entry_digest(enum family family, const void *entry, const char *name)
{
	Shape shape = entry_shape(family, entry);
	const struct xt_entry_match *target = (const void *)(shape.bytes + shape.target);
	guint64 digest = digest_bytes((guint64)shape.target << 16 | shape.end, shape.bytes, shape.ip_size);
	guint16 behind = shape.target + target->u.user.match_size;

	for (guint16 at = shape.matches; at < shape.target;) {
		const struct xt_entry_match *match = (const void *)(shape.bytes + at);

		digest = digest_extension(digest, match);
		at += match->u.user.match_size;
	}
	/* The verdict's number means something only in its own table; what it is called counts. */
	if (target->u.user.match_size == STANDARD_SIZE && (!name || !target->u.user.name[0]))
		digest = digest_head(digest + 1, target, name ?: target->u.user.name);
	else
		digest = digest_extension(digest, target);
	/* The kernel lets anything stand between a target and the end of its entry. */
	return digest_bytes(digest, shape.bytes + behind, shape.end - behind) ?: 1;
}

struct xt_counters entry_counters(enum family family, const void *entry)
{
	return family == FAMILY_IPV4 ? ((const struct ipt_entry *)entry)->counters
				     : ((const struct ip6t_entry *)entry)->counters;
}
