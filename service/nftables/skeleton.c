/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/skeleton.h"

#include "service/nftables/expression.h"
#include "service/nftables/set.h"

#include <arpa/inet.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#define BOTH (1 << FAMILY_IPV4 | 1 << FAMILY_IPV6)
#define IPV4 (1 << FAMILY_IPV4)
#define IPV6 (1 << FAMILY_IPV6)

/* For every number of gateways that share connections. */
#define TEN(each, n) \
	each(n##0) each(n##1) each(n##2) each(n##3) each(n##4) each(n##5) each(n##6) each(n##7) each(n##8) each(n##9)
#define COUNTS(each)                                                                                           \
	each(2) each(3) each(4) each(5) each(6) each(7) each(8) each(9) TEN(each, 1) TEN(each, 2) TEN(each, 3) \
		TEN(each, 4) TEN(each, 5) each(60) each(61) each(62) each(63) each(64)
#define SPREAD(n) "spread_" #n
G_STATIC_ASSERT(GATEWAYS_MAX == 64);

typedef struct ChainInfo {
	const char *name;
	guint8 families;
	const char *type; /* NULL: packets come from other chains */
	enum nf_inet_hooks hook;
	gint32 priority;
} ChainInfo;

/*
 * The administrator's and others' DNAT at -100 comes after ingresses and before published ports. Isolation is asked
 * before conntrack: what was established while the rules were away ends with them.
 */
static const ChainInfo chains[] = {
	{ "guard", IPV4, "filter", NF_INET_PRE_ROUTING, -300 },
	{ "resets", BOTH, "filter", NF_INET_LOCAL_OUT, -150 },
	{ "ingress_prerouting", BOTH, "nat", NF_INET_PRE_ROUTING, -110 },
	{ "ingress_output", BOTH, "nat", NF_INET_LOCAL_OUT, -110 },
#define SPREAD_CHAIN(n) { SPREAD(n), BOTH },
	/* clang-format off */
	COUNTS(SPREAD_CHAIN)
	/* clang-format on */
	{ "prerouting", BOTH, "nat", NF_INET_PRE_ROUTING, -95 },
	{ "output", BOTH, "nat", NF_INET_LOCAL_OUT, -95 },
	{ "ports", BOTH },
	{ "postrouting", BOTH, "nat", NF_INET_POST_ROUTING, 95 },
	{ "allow_forward", BOTH, "filter", NF_INET_FORWARD, -5 },
	{ "limits", BOTH },
	{ "cap", BOTH },
	{ "limits_ingress", BOTH },
	{ "limits_endpoint", BOTH },
	{ "limits_network", BOTH },
	{ "allow_host", BOTH, "filter", NF_INET_POST_ROUTING, 90 },
	{ "limits_host", BOTH },
	{ "cap_host", BOTH },
	{ "host_ingress", BOTH },
	{ "host_endpoint", BOTH },
	{ "host_network", BOTH },
	{ "denied_all", BOTH },
	{ "denied", BOTH },
	{ "denied_ingress", BOTH },
	{ SKELETON_FORWARD, BOTH, "filter", NF_INET_FORWARD, 0 },
	{ "from_bridge", BOTH },
	{ "to_bridge", BOTH },
	{ "to_endpoint", BOTH },
	{ "crossing", BOTH },
	{ "closed", BOTH },
};

#define INGRESS_PORT "ip daddr . meta l4proto . th dport @ingress_reachable"
#define TO_INGRESS INGRESS_PORT " accept"
#define FROM_INGRESS \
	"ct state established,related ct direction reply ip saddr . meta l4proto . th sport @ingress_reachable accept"
#define PUBLISHED_PORT "oifname . ip daddr . meta l4proto . th dport @reachable"
#define STRETCH_PORT "oifname . ip daddr . meta l4proto . th dport @reachable_stretch"
#define TO_PUBLISHED PUBLISHED_PORT " accept"
#define TO_STRETCH STRETCH_PORT " accept"

#define CAPPED(from, to)                                       \
	{ from, "ip daddr & 0.0.0.0 @capped jump " to, IPV4 }, \
	{                                                      \
		from, "ip daddr & :: @capped jump " to, IPV6   \
	}

#define TO_GATEWAY "ct state related ip daddr @ingress_gateways accept"
#define TO_SPREAD "fib daddr type local meta l4proto . th dport vmap @ingress_spread"
#define TO_SHARE(n) "dnat ip to meta l4proto . th dport . numgen inc mod " #n " map @ingress_shares"

/* In the order in which they stand in their chain. */
static const struct {
	const char *chain;
	const char *text;
	guint8 families;
} rules[] = {
	{ "guard", "ip daddr 127.0.0.0/8 iifname @guarded drop", IPV4 },

	{ "resets", "ct state invalid tcp flags rst ip daddr & 0.0.0.0 @strays drop", IPV4 },
	{ "resets", "ct state invalid tcp flags rst ip daddr & :: @strays drop", IPV6 },

	/* What is for 127.0.0.0/8 and was not sent by this host has no business here. */
	{ "ingress_prerouting", "ip daddr 127.0.0.0/8 return", IPV4 },
	{ "ingress_prerouting", TO_SPREAD, BOTH },
	{ "ingress_prerouting", "fib daddr type local dnat ip to meta l4proto . th dport map @ingress_ports", BOTH },

	/* A connection from ::1 cannot be answered from another interface: forwarded, it would hang. */
	{ "ingress_output", "ip daddr ::1 return", IPV6 },
	{ "ingress_output", TO_SPREAD, BOTH },
	{ "ingress_output", "fib daddr type local dnat ip to meta l4proto . th dport map @ingress_ports", BOTH },

/*
 * In turn, so that the shares are even. There are two rows of turns, and which one a connection stands in is by chance:
 * ports that are always asked for one after the other would have a gateway each if they shared one.
 */
#define SPREAD_RULES(n) { SPREAD(n), "numgen random mod 2 0 " TO_SHARE(n), BOTH }, { SPREAD(n), TO_SHARE(n), BOTH },
	/* clang-format off */
	COUNTS(SPREAD_RULES)
	/* clang-format on */

	{ "prerouting", "iifname @passed_by return", BOTH },
	{ "prerouting", "ip daddr 127.0.0.0/8 return", IPV4 },
	{ "prerouting", "ip saddr fe80::/10 return", IPV6 },
	{ "prerouting", "fib daddr type local goto ports", BOTH },

	{ "output", "ip daddr & 255.0.0.0 @localhost goto ports", IPV4 },
	{ "output", "ip daddr 127.0.0.0/8 return", IPV4 },
	{ "output", "ip daddr ::1 return", IPV6 },
	{ "output", "fib daddr type local goto ports", BOTH },

	{ "ports", "dnat ip to meta l4proto . th dport map @published", BOTH },
	{ "ports", "dnat ip to ip daddr . meta l4proto . th dport map @published_at", BOTH },
	{ "ports", "dnat ip to meta l4proto . th dport map @stretch", BOTH },
	{ "ports", "dnat ip to ip daddr . meta l4proto . th dport map @stretch_at", BOTH },

	/* The answer to what comes back into its own network must come by this host as well. */
	{ "postrouting", "oifname @local_out fib saddr type local masquerade", BOTH },
	{ "postrouting", "ip daddr . meta l4proto . th dport @ingress_masqueraded masquerade", BOTH },
	{ "postrouting", "ct status dnat oifname . ip saddr @at_home masquerade", BOTH },
	{ "postrouting", "oifname . ip saddr @at_home return", BOTH },
	{ "postrouting", "snat ip to ip saddr map @sources_at", BOTH },
	{ "postrouting", "ip saddr @sources masquerade", BOTH },

	/* Whatever connection it is of: who is not let through any more ends at once. */
	{ "allow_forward", "oifname @limited_out goto limits", BOTH },
	CAPPED("limits", "cap"),
	{ "limits", "ip daddr . meta l4proto . th dport @limited_ingress goto limits_ingress", BOTH },
	{ "limits", "ip daddr @limited goto limits_endpoint", BOTH },
	{ "limits", "ip daddr @limited_nets goto limits_network", BOTH },

	{ "cap", "ip saddr @ceiling return", BOTH },
	{ "cap", "iifname @ceiling_by return", BOTH },
	{ "cap", "goto denied_all", BOTH },

	/*
	 * What differs from element to element comes first in a key of intervals: behind a field that all have in
	 * common, every one of them would be followed into the next field.
	 */
	{ "limits_ingress", "ip saddr . ip daddr . meta l4proto . th dport @allowed_ingress return", BOTH },
	{ "limits_ingress", "ip daddr . meta l4proto . th dport . iifname @allowed_ingress_by return", BOTH },
	{ "limits_ingress", "goto denied_ingress", BOTH },

	{ "limits_endpoint", "ip saddr . ip daddr @allowed return", BOTH },
	{ "limits_endpoint", "ip daddr . iifname @allowed_by return", BOTH },
	{ "limits_endpoint", "goto denied", BOTH },

	{ "limits_network", "ip saddr . ip daddr @allowed_nets return", BOTH },
	{ "limits_network", "iifname . ip daddr @allowed_nets_by return", BOTH },
	{ "limits_network", "goto denied", BOTH },

	/* The same for what this host itself sends; only here is it known where that goes. */
	{ "allow_host", "oifname @limited_out fib saddr type local goto limits_host", BOTH },
	CAPPED("limits_host", "cap_host"),
	{ "limits_host", "ip daddr . meta l4proto . th dport @limited_ingress goto host_ingress", BOTH },
	{ "limits_host", "ip daddr @limited goto host_endpoint", BOTH },
	{ "limits_host", "ip daddr @limited_nets goto host_network", BOTH },

	{ "cap_host", "ip daddr & 0.0.0.0 @ceiling_host return", IPV4 },
	{ "cap_host", "ip daddr & :: @ceiling_host return", IPV6 },
	{ "cap_host", "goto denied_all", BOTH },

	{ "host_ingress", "ip daddr . meta l4proto . th dport @allowed_ingress_host return", BOTH },
	{ "host_ingress", "goto denied_ingress", BOTH },

	{ "host_endpoint", "ip daddr @allowed_host return", BOTH },
	{ "host_endpoint", "goto denied", BOTH },

	{ "host_network", "ip daddr @allowed_nets_host return", BOTH },
	{ "host_network", "goto denied", BOTH },

	{ "denied_all", "jump denied", BOTH },
	{ "denied_all", "goto denied_ingress", BOTH },

	/* Of a long range the endpoint's own connections may begin at any port. */
	{ "denied", PUBLISHED_PORT " counter drop", BOTH },
	{ "denied", STRETCH_PORT " ct direction original counter drop", BOTH },

	{ "denied_ingress", INGRESS_PORT " counter drop", BOTH },

	{ SKELETON_FORWARD, "iifname . oifname vmap @inside", BOTH },
	{ SKELETON_FORWARD, "iifname vmap @leaving", BOTH },
	{ SKELETON_FORWARD, "oifname vmap @entering", BOTH },
	{ SKELETON_FORWARD, TO_INGRESS, BOTH },
	{ SKELETON_FORWARD, FROM_INGRESS, BOTH },
	{ SKELETON_FORWARD, TO_GATEWAY, BOTH },
	{ SKELETON_FORWARD, "iifname @forwarded accept", BOTH },
	{ SKELETON_FORWARD, "oifname @forwarded ct state established,related accept", BOTH },

	{ "from_bridge", "ct state invalid meta l4proto tcp ip daddr & 0.0.0.0 @strays drop", IPV4 },
	{ "from_bridge", "ct state invalid meta l4proto tcp ip daddr & :: @strays drop", IPV6 },
	{ "from_bridge", "oifname @bridges goto crossing", BOTH },
	{ "from_bridge", "accept", BOTH },

	{ "to_bridge", "ct state established,related accept", BOTH },
	{ "to_bridge", "ct status dnat goto to_endpoint", BOTH },
	{ "to_bridge", "oifname @routed jump to_endpoint", BOTH },
	{ "to_bridge", "oifname @open accept", BOTH },
	{ "to_bridge", "oifname @protected counter drop", BOTH },
	{ "to_bridge", "oifname . ip daddr @protected_at counter drop", BOTH },
	{ "to_bridge", "goto to_endpoint", BOTH },

	{ "to_endpoint", TO_PUBLISHED, BOTH },
	{ "to_endpoint", TO_STRETCH, BOTH },
	{ "to_endpoint", TO_INGRESS, BOTH },

	{ "crossing", TO_INGRESS, BOTH },
	{ "crossing", FROM_INGRESS, BOTH },
	{ "crossing", TO_GATEWAY, BOTH },
	{ "crossing", "iifname @callers ct status dnat " TO_PUBLISHED, BOTH },
	{ "crossing", "iifname @callers ct status dnat " TO_STRETCH, BOTH },
	{ "crossing", "oifname @callers ct status dnat ct state established,related ct direction reply accept", BOTH },
	{ "crossing", "iifname @callers ct status dnat ct state related accept", BOTH },
	{ "crossing", "oifname @routed " TO_PUBLISHED, BOTH },
	{ "crossing", "oifname @routed " TO_STRETCH, BOTH },
	{ "crossing", "oifname @routed ct state related accept", BOTH },
	{ "crossing", "iifname @routed ct state established,related accept", BOTH },
	{ "crossing", "counter drop", BOTH },

	{ "closed", "ct state established,related accept", BOTH },
	{ "closed", "ip saddr . ip daddr . meta l4proto . th dport @links accept", BOTH },
	{ "closed", "icmpv6 type nd-neighbor-solicit iifname @neighbours accept", IPV6 },
	{ "closed", "icmpv6 type nd-neighbor-advert iifname @neighbours accept", IPV6 },
	{ "closed", "iifname @callers ct status dnat " TO_PUBLISHED, BOTH },
	{ "closed", "iifname @callers ct status dnat " TO_STRETCH, BOTH },
	{ "closed", "counter drop", BOTH },
};

const char *verdict_chain(enum verdict verdict)
{
	static const char *const names[N_VERDICTS] = {
		[VERDICT_CLOSED] = "closed",
		[VERDICT_FROM_BRIDGE] = "from_bridge",
		[VERDICT_TO_BRIDGE] = "to_bridge",
#define SPREAD_NAME(n) [VERDICT_SPREAD + n - 2] = SPREAD(n),
		/* clang-format off */
		COUNTS(SPREAD_NAME)
		/* clang-format on */
	};

	return names[verdict];
}

enum verdict verdict_spread(guint gateways)
{
	g_assert(gateways >= 2 && gateways <= GATEWAYS_MAX);
	return VERDICT_SPREAD + gateways - 2;
}

/* --- messages --- */

static void put_table(Batch *batch, enum family family, const char *table, guint16 how, guint32 flags)
{
	struct nlmsghdr *message = batch_message(batch, family, NFT_MSG_NEWTABLE, how, table);

	mnl_attr_put_strz(message, NFTA_TABLE_NAME, table);
	mnl_attr_put_u32(message, NFTA_TABLE_FLAGS, htonl(flags));
	batch_put(batch);
}

static void put_chain(Batch *batch, enum family family, const char *table, const ChainInfo *chain, guint16 how,
		      bool drop)
{
	struct nlmsghdr *message = batch_message(batch, family, NFT_MSG_NEWCHAIN, how, chain->name);
	struct nlattr *hook;

	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, table);
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, chain->name);
	if (chain->type) {
		hook = mnl_attr_nest_start(message, NFTA_CHAIN_HOOK);
		mnl_attr_put_u32(message, NFTA_HOOK_HOOKNUM, htonl(chain->hook));
		mnl_attr_put_u32(message, NFTA_HOOK_PRIORITY, htonl(chain->priority));
		mnl_attr_nest_end(message, hook);
		mnl_attr_put_strz(message, NFTA_CHAIN_TYPE, chain->type);
		mnl_attr_put_u32(message, NFTA_CHAIN_POLICY, htonl(drop ? NF_DROP : NF_ACCEPT));
	}
	batch_put(batch);
}

/* The type of several fields, as nft counts it. */
static guint32 type_of(const enum field *fields, guint n, enum family family)
{
	guint32 type = 0;

	for (guint i = 0; i < n && fields[i] != FIELD_NONE; i++)
		type = type << 6 | field_type(fields[i], family);
	return type;
}

static guint size_of(const enum field *fields, guint n, enum family family)
{
	guint size = 0;

	for (guint i = 0; i < n; i++)
		size += field_size(fields[i], family);
	return size;
}

/* How nft is to read a number of a single field when it lists the set: 1 for the host's order, 2 for the network's. */
static guint32 byte_order(const enum field *fields, guint n)
{
	if (n > 1 && fields[1] != FIELD_NONE)
		return 0;
	return fields[0] == FIELD_INTERFACE ? 1 : fields[0] == FIELD_ADDRESS ? 2 : 0;
}

/*
 * A number is of no type that nft has a name for, so it wants to be told by which expressions key and data come about:
 * "meta l4proto . th dport . numgen inc mod 2", "ip daddr . th dport". As it writes that down itself, in its
 * version 1.0.6.
 */
#define NUMBER(attribute, value) attribute, 4, value, 0, 0, 0
#define TYPEOF_DPORT NUMBER(0, 7), 1, 12, NUMBER(0, 11), NUMBER(1, 2)

static void put_typeof(struct nftnl_udata_buf *data, enum family family)
{
	/* clang-format off */
	static const guint8 key[] = {
		NUMBER(0, 13), 1, 66,
		0, 14, NUMBER(0, 9), 1, 6, NUMBER(0, 16), /* meta l4proto */
		1, 20, TYPEOF_DPORT,
		2, 26, NUMBER(0, 23), 1, 18, NUMBER(0, 0), NUMBER(1, 2), NUMBER(2, 0), /* numgen */
	};
	guint8 value[] = {
		NUMBER(0, 13), 1, 44,
		0, 20, NUMBER(0, 7), 1, 12, NUMBER(0, 12), NUMBER(1, 12), /* ip daddr */
		1, 20, TYPEOF_DPORT,
	};
	/* clang-format on */

	if (family == FAMILY_IPV6) {
		value[20] = 13; /* ip6 */
		value[26] = 9;  /* daddr */
	}
	nftnl_udata_put(data, NFTNL_UDATA_SET_KEY_TYPEOF, sizeof key, key);
	nftnl_udata_put(data, NFTNL_UDATA_SET_DATA_TYPEOF, sizeof value, value);
}

static bool has_number(const SetInfo *info)
{
	for (guint i = 0; i < KEY_FIELDS_MAX; i++)
		if (info->key[i] == FIELD_NUMBER)
			return true;
	return false;
}

static void put_user_data(struct nlmsghdr *message, const SetInfo *info, enum family family)
{
	struct nftnl_udata_buf *data = nftnl_udata_buf_alloc(256);

	nftnl_udata_put_u32(data, NFTNL_UDATA_SET_KEYBYTEORDER, byte_order(info->key, KEY_FIELDS_MAX));
	if (info->data[0] != FIELD_NONE)
		nftnl_udata_put_u32(data, NFTNL_UDATA_SET_DATABYTEORDER, byte_order(info->data, DATA_FIELDS_MAX));
	if (has_number(info))
		put_typeof(data, family);
	mnl_attr_put(message, NFTA_SET_USERDATA, nftnl_udata_buf_len(data), nftnl_udata_buf_data(data));
	nftnl_udata_buf_free(data);
}

/* Where intervals are looked for in each field by itself. */
static void put_fields(struct nlmsghdr *message, const SetInfo *info, enum family family)
{
	struct nlattr *description = mnl_attr_nest_start(message, NFTA_SET_DESC);
	struct nlattr *concatenation = mnl_attr_nest_start(message, NFTA_SET_DESC_CONCAT);

	for (guint i = 0; i < KEY_FIELDS_MAX && info->key[i] != FIELD_NONE; i++) {
		struct nlattr *field = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
		guint32 size = field_size(info->key[i], family);

		/* The kernel counts these as they are in a packet. */
		if (info->key[i] == FIELD_PROTOCOL)
			size = 1;
		else if (info->key[i] == FIELD_PORT)
			size = 2;
		mnl_attr_put_u32(message, NFTA_SET_FIELD_LEN, htonl(size));
		mnl_attr_nest_end(message, field);
	}
	mnl_attr_nest_end(message, concatenation);
	mnl_attr_nest_end(message, description);
}

guint32 skeleton_set_flags(guint set)
{
	const SetInfo *info = set_info(set);
	guint32 flags = 0;

	if (info->interval)
		flags |= NFT_SET_INTERVAL;
	if (info->interval && info->key[1] != FIELD_NONE)
		flags |= NFT_SET_CONCAT;
	if (info->data[0] != FIELD_NONE)
		flags |= NFT_SET_MAP;
	return flags;
}

static void put_set(Batch *batch, enum family family, const char *table, enum set set)
{
	const SetInfo *info = set_info(set);
	struct nlmsghdr *message = batch_message(batch, family, NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL, info->name);
	guint32 flags = skeleton_set_flags(set);
	struct nlattr *nest;

	mnl_attr_put_strz(message, NFTA_SET_TABLE, table);
	mnl_attr_put_strz(message, NFTA_SET_NAME, info->name);
	mnl_attr_put_u32(message, NFTA_SET_FLAGS, htonl(flags));
	mnl_attr_put_u32(message, NFTA_SET_KEY_TYPE, htonl(type_of(info->key, KEY_FIELDS_MAX, family)));
	mnl_attr_put_u32(message, NFTA_SET_KEY_LEN, htonl(size_of(info->key, KEY_FIELDS_MAX, family)));
	mnl_attr_put_u32(message, NFTA_SET_ID, htonl(set + 1));
	if (info->data[0] == FIELD_VERDICT) {
		mnl_attr_put_u32(message, NFTA_SET_DATA_TYPE, htonl(NFT_DATA_VERDICT));
		mnl_attr_put_u32(message, NFTA_SET_DATA_LEN, 0);
	} else if (info->data[0] != FIELD_NONE) {
		mnl_attr_put_u32(message, NFTA_SET_DATA_TYPE, htonl(type_of(info->data, DATA_FIELDS_MAX, family)));
		mnl_attr_put_u32(message, NFTA_SET_DATA_LEN, htonl(size_of(info->data, DATA_FIELDS_MAX, family)));
	}
	if (flags & NFT_SET_CONCAT)
		put_fields(message, info, family);
	put_user_data(message, info, family);
	if (info->counted) {
		nest = mnl_attr_nest_start(message, NFTA_SET_EXPR);
		mnl_attr_put_strz(message, NFTA_EXPR_NAME, "counter");
		mnl_attr_nest_end(message, nest);
	}
	batch_put(batch);
}

static struct nftnl_rule *compile_rule(guint i, enum family family)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	g_assert(rule);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, rules[i].chain);
	expression_compile(rules[i].text, family, rule);
	return rule;
}

static void put_rule(Batch *batch, enum family family, const char *table, guint i)
{
	struct nlmsghdr *message =
		batch_message(batch, family, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, rules[i].chain);
	struct nftnl_rule *rule = compile_rule(i, family);

	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, table);
	nftnl_rule_nlmsg_build_payload(message, rule);
	nftnl_rule_free(rule);
	batch_put(batch);
}

static bool is_forward(const ChainInfo *chain)
{
	return g_str_equal(chain->name, SKELETON_FORWARD);
}

void skeleton_put(Batch *batch, enum family family, const char *table, guint32 flags, bool drop)
{
	put_table(batch, family, table, NLM_F_CREATE | NLM_F_EXCL, flags);
	for (guint i = 0; i < G_N_ELEMENTS(chains); i++)
		if (chains[i].families & 1 << family)
			put_chain(batch, family, table, &chains[i], NLM_F_CREATE | NLM_F_EXCL,
				  drop && is_forward(&chains[i]));
	for (enum set set = 0; set < N_SETS; set++)
		if (set_in_family(set, family))
			put_set(batch, family, table, set);
	for (guint i = 0; i < G_N_ELEMENTS(rules); i++)
		if (rules[i].families & 1 << family)
			put_rule(batch, family, table, i);
}

void skeleton_adopt(Batch *batch, enum family family, const char *table, guint32 flags)
{
	put_table(batch, family, table, 0, flags);
}

void skeleton_put_policy(Batch *batch, enum family family, const char *table, bool drop)
{
	static const ChainInfo forward = { SKELETON_FORWARD, BOTH, "filter", NF_INET_FORWARD, 0 };

	put_chain(batch, family, table, &forward, 0, drop);
}

void skeleton_delete(Batch *batch, enum family family, const char *table)
{
	struct nlmsghdr *message = batch_message(batch, family, NFT_MSG_DELTABLE, 0, table);

	mnl_attr_put_strz(message, NFTA_TABLE_NAME, table);
	batch_put(batch);
}

/* --- text --- */

static void append_type(GString *text, const enum field *fields, guint n, enum family family)
{
	static const char *const names[] = {
		[FIELD_INTERFACE] = "ifname",
		[FIELD_PROTOCOL] = "inet_proto",
		[FIELD_PORT] = "inet_service",
		[FIELD_VERDICT] = "verdict",
	};

	for (guint i = 0; i < n && fields[i] != FIELD_NONE; i++) {
		const char *address = family == FAMILY_IPV4 ? "ipv4_addr" : "ipv6_addr";

		g_string_append_printf(text, "%s%s", i ? " . " : "",
				       fields[i] == FIELD_ADDRESS ? address : names[fields[i]]);
	}
}

#define TYPEOF "typeof meta l4proto . th dport . numgen inc mod 2 : %s daddr . th dport"

static void append_set(GString *text, enum family family, const SetInfo *info)
{
	bool map = info->data[0] != FIELD_NONE;

	g_string_append_printf(text, "\t%s %s {\n\t\t", map ? "map" : "set", info->name);
	if (has_number(info)) {
		g_string_append_printf(text, TYPEOF, nft_family(family));
	} else {
		g_string_append(text, "type ");
		append_type(text, info->key, KEY_FIELDS_MAX, family);
		if (map)
			g_string_append(text, " : ");
		append_type(text, info->data, DATA_FIELDS_MAX, family);
	}
	g_string_append_printf(text, "\n%s%s\t}\n\n", info->interval ? "\t\tflags interval\n" : "",
			       info->counted ? "\t\tcounter\n" : "");
}

static void append_rule(GString *text, enum family family, const char *rule)
{
	g_auto(GStrv) words = g_strsplit(rule, " ", -1);

	for (char **word = words; *word; word++)
		g_string_append_printf(text, "%s%s", word == words ? "\t\t" : " ",
				       g_str_equal(*word, "ip") ? nft_family(family) : *word);
	g_string_append_c(text, '\n');
}

static void append_chain(GString *text, enum family family, const ChainInfo *chain, bool drop)
{
	static const char *const hooks[] = {
		[NF_INET_PRE_ROUTING] = "prerouting",
		[NF_INET_FORWARD] = "forward",
		[NF_INET_LOCAL_OUT] = "output",
		[NF_INET_POST_ROUTING] = "postrouting",
	};

	g_string_append_printf(text, "\tchain %s {\n", chain->name);
	if (chain->type)
		g_string_append_printf(text, "\t\ttype %s hook %s priority %d; policy %s;\n", chain->type,
				       hooks[chain->hook], chain->priority, drop ? "drop" : "accept");
	for (guint i = 0; i < G_N_ELEMENTS(rules); i++)
		if (rules[i].families & 1 << family && g_str_equal(rules[i].chain, chain->name))
			append_rule(text, family, rules[i].text);
	g_string_append(text, "\t}\n");
}

void skeleton_append_text(GString *text, enum family family, const char *table, bool drop)
{
	bool first = true;

	g_string_append_printf(text, "table %s %s {\n", nft_family(family), table);
	for (enum set set = 0; set < N_SETS; set++)
		if (set_in_family(set, family))
			append_set(text, family, set_info(set));
	for (guint i = 0; i < G_N_ELEMENTS(chains); i++) {
		if (!(chains[i].families & 1 << family))
			continue;
		if (!first)
			g_string_append_c(text, '\n');
		first = false;
		append_chain(text, family, &chains[i], drop && is_forward(&chains[i]));
	}
	g_string_append(text, "}\n");
}

const char *skeleton_rule(enum family family, const char *chain, guint n)
{
	for (guint i = 0; i < G_N_ELEMENTS(rules); i++)
		if (rules[i].families & 1 << family && g_str_equal(rules[i].chain, chain) && n-- == 0)
			return rules[i].text;
	return NULL;
}

/* --- comparison --- */

guint skeleton_n_chains(enum family family)
{
	guint n = 0;

	for (guint i = 0; i < G_N_ELEMENTS(chains); i++)
		n += (chains[i].families & 1 << family) != 0;
	return n;
}

guint skeleton_n_sets(enum family family)
{
	guint n = 0;

	for (enum set set = 0; set < N_SETS; set++)
		n += set_in_family(set, family);
	return n;
}

char *skeleton_print_chain(enum family family, const char *chain)
{
	GString *text = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(chains); i++) {
		if (!(chains[i].families & 1 << family) || !g_str_equal(chains[i].name, chain))
			continue;
		text = g_string_new(NULL);
		/* As the kernel says of it: whether packets come by themselves, and from where. */
		if (chains[i].type)
			g_string_append_printf(text, "%s %d %d\n", chains[i].type, chains[i].hook, chains[i].priority);
	}
	for (guint i = 0; text && i < G_N_ELEMENTS(rules); i++) {
		struct nftnl_rule *rule;
		g_autofree char *printed = NULL;

		if (!(rules[i].families & 1 << family) || !g_str_equal(rules[i].chain, chain))
			continue;
		rule = compile_rule(i, family);
		printed = expression_print(rule);
		g_string_append_printf(text, "%s\n", printed);
		nftnl_rule_free(rule);
	}
	return text ? g_string_free(text, FALSE) : NULL;
}
