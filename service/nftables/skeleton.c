/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/skeleton.h"

#include "service/nftables/expression.h"
#include "service/nftables/set.h"

#include <arpa/inet.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

char *skeleton_table(const char *prefix)
{
	return g_str_equal(prefix, "DOCKER") ? g_strdup("netfilterd") : g_strdup_printf("netfilterd-%s", prefix);
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

static struct nftnl_rule *compile_rule(const RuleInfo *info, enum family family)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	g_assert(rule);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, info->chain);
	expression_compile(info->text, family, rule);
	return rule;
}

static void put_rule(Batch *batch, enum family family, const char *table, const RuleInfo *info)
{
	struct nlmsghdr *message =
		batch_message(batch, family, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, info->chain);
	struct nftnl_rule *rule = compile_rule(info, family);

	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, table);
	nftnl_rule_nlmsg_build_payload(message, rule);
	nftnl_rule_free(rule);
	batch_put(batch);
}

static bool is_forward(const ChainInfo *chain)
{
	return g_str_equal(chain->name, CHAIN_FORWARD);
}

void skeleton_put(Batch *batch, enum family family, const char *table, guint32 flags, bool drop)
{
	const ChainInfo *chain;
	const RuleInfo *rule;

	put_table(batch, family, table, NLM_F_CREATE | NLM_F_EXCL, flags);
	for (guint i = 0; (chain = table_chain(i)); i++)
		if (chain->families & 1 << family)
			put_chain(batch, family, table, chain, NLM_F_CREATE | NLM_F_EXCL, drop && is_forward(chain));
	for (enum set set = 0; set < N_SETS; set++)
		if (set_in_family(set, family))
			put_set(batch, family, table, set);
	for (guint i = 0; (rule = table_rule(i)); i++)
		if (rule->families & 1 << family)
			put_rule(batch, family, table, rule);
}

void skeleton_adopt(Batch *batch, enum family family, const char *table, guint32 flags)
{
	put_table(batch, family, table, 0, flags);
}

void skeleton_put_policy(Batch *batch, enum family family, const char *table, bool drop)
{
	static const ChainInfo forward = { CHAIN_FORWARD, 0, "filter", NF_INET_FORWARD, 0 };

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
	const RuleInfo *rule;

	g_string_append_printf(text, "\tchain %s {\n", chain->name);
	if (chain->type)
		g_string_append_printf(text, "\t\ttype %s hook %s priority %d; policy %s;\n", chain->type,
				       hooks[chain->hook], chain->priority, drop ? "drop" : "accept");
	for (guint i = 0; (rule = table_rule(i)); i++)
		if (rule->families & 1 << family && g_str_equal(rule->chain, chain->name))
			append_rule(text, family, rule->text);
	g_string_append(text, "\t}\n");
}

void skeleton_append_text(GString *text, enum family family, const char *table, bool drop)
{
	const ChainInfo *chain;
	bool first = true;

	g_string_append_printf(text, "table %s %s {\n", nft_family(family), table);
	for (enum set set = 0; set < N_SETS; set++)
		if (set_in_family(set, family))
			append_set(text, family, set_info(set));
	for (guint i = 0; (chain = table_chain(i)); i++) {
		if (!(chain->families & 1 << family))
			continue;
		if (!first)
			g_string_append_c(text, '\n');
		first = false;
		append_chain(text, family, chain, drop && is_forward(chain));
	}
	g_string_append(text, "}\n");
}

const char *skeleton_rule(enum family family, const char *chain, guint n)
{
	const RuleInfo *rule;

	for (guint i = 0; (rule = table_rule(i)); i++)
		if (rule->families & 1 << family && g_str_equal(rule->chain, chain) && n-- == 0)
			return rule->text;
	return NULL;
}

/* --- comparison --- */

guint skeleton_n_chains(enum family family)
{
	const ChainInfo *chain;
	guint n = 0;

	for (guint i = 0; (chain = table_chain(i)); i++)
		n += (chain->families & 1 << family) != 0;
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
	const ChainInfo *info;
	const RuleInfo *rule;

	for (guint i = 0; (info = table_chain(i)); i++) {
		if (!(info->families & 1 << family) || !g_str_equal(info->name, chain))
			continue;
		text = g_string_new(NULL);
		/* As the kernel says of it: whether packets come by themselves, and from where. */
		if (info->type)
			g_string_append_printf(text, "%s %d %d\n", info->type, info->hook, info->priority);
	}
	for (guint i = 0; text && (rule = table_rule(i)); i++) {
		struct nftnl_rule *compiled;
		g_autofree char *printed = NULL;

		if (!(rule->families & 1 << family) || !g_str_equal(rule->chain, chain))
			continue;
		compiled = compile_rule(rule, family);
		printed = expression_print(compiled);
		g_string_append_printf(text, "%s\n", printed);
		nftnl_rule_free(compiled);
	}
	return text ? g_string_free(text, FALSE) : NULL;
}
