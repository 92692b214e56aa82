/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/expression.h"

#include "service/nftables/set.h"

#include <arpa/inet.h>
#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>

/* A packet's property: what it is loaded with, from where, and how long it is in IPv4 and IPv6. */
typedef struct Source {
	const char *text;
	const char *expression;
	guint32 key; /* of meta, ct and fib; the base of payload */
	guint32 offset[N_FAMILIES], length[N_FAMILIES];
	guint8 only; /* the protocol that has it; 0: all */
} Source;

#define SAME(value)          \
	{                    \
		value, value \
	}

static const Source sources[] = {
	{ "iifname", "meta", NFT_META_IIFNAME, {}, SAME(16) },
	{ "oifname", "meta", NFT_META_OIFNAME, {}, SAME(16) },
	{ "meta l4proto", "meta", NFT_META_L4PROTO, {}, SAME(1) },
	{ "ip saddr", "payload", NFT_PAYLOAD_NETWORK_HEADER, { 12, 8 }, { 4, 16 } },
	{ "ip daddr", "payload", NFT_PAYLOAD_NETWORK_HEADER, { 16, 24 }, { 4, 16 } },
	{ "th sport", "payload", NFT_PAYLOAD_TRANSPORT_HEADER, SAME(0), SAME(2) },
	{ "th dport", "payload", NFT_PAYLOAD_TRANSPORT_HEADER, SAME(2), SAME(2) },
	{ "tcp flags", "payload", NFT_PAYLOAD_TRANSPORT_HEADER, SAME(13), SAME(1), IPPROTO_TCP },
	{ "icmpv6 type", "payload", NFT_PAYLOAD_TRANSPORT_HEADER, SAME(0), SAME(1), IPPROTO_ICMPV6 },
	{ "fib saddr type", "fib", NFTA_FIB_F_SADDR, {}, SAME(4) },
	{ "fib daddr type", "fib", NFTA_FIB_F_DADDR, {}, SAME(4) },
	{ "ct status", "ct", NFT_CT_STATUS, {}, SAME(4) },
	{ "ct state", "ct", NFT_CT_STATE, {}, SAME(4) },
	{ "numgen inc mod", "numgen", NFT_NG_INCREMENTAL, {}, SAME(4) },
	{ "numgen random mod", "numgen", NFT_NG_RANDOM, {}, SAME(4) },
	{ "ct direction", "ct", NFT_CT_DIRECTION, {}, SAME(1) },
};

/* What it is compared with. Numbers are the kernel's own, addresses as they are sent. */
typedef struct Constant {
	const char *text;
	enum { EQUAL, ANY_BIT, PREFIX } how;
	guint32 number;
	guint8 address[16];
	guint bits;
} Constant;

static const Constant constants[] = {
	{ "local", EQUAL, RTN_LOCAL },
	{ "tcp", EQUAL, IPPROTO_TCP },
	{ "rst", ANY_BIT, 4 },
	{ "dnat", ANY_BIT, IPS_DST_NAT },
	{ "established,related", ANY_BIT, NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED) },
	{ "related", ANY_BIT, NF_CT_STATE_BIT(IP_CT_RELATED) },
	{ "0", EQUAL, 0 },
	{ "invalid", ANY_BIT, NF_CT_STATE_INVALID_BIT },
	{ "reply", EQUAL, IP_CT_DIR_REPLY },
	{ "original", EQUAL, IP_CT_DIR_ORIGINAL },
	{ "nd-neighbor-solicit", EQUAL, ND_NEIGHBOR_SOLICIT },
	{ "nd-neighbor-advert", EQUAL, ND_NEIGHBOR_ADVERT },
	{ "0.0.0.0", PREFIX },
	{ "::", PREFIX },
	{ "255.0.0.0", PREFIX, .address = { 255 }, .bits = 8 },
	{ "127.0.0.0/8", PREFIX, .address = { 127 }, .bits = 8 },
	{ "::1", PREFIX, .address = { [15] = 1 }, .bits = 128 },
	{ "fe80::/10", PREFIX, .address = { 0xfe, 0x80 }, .bits = 10 },
};

static const struct {
	const char *text;
	gint32 code;
} verdicts[] = { { "accept", NF_ACCEPT }, { "drop", NF_DROP }, { "return", NFT_RETURN } };

typedef struct Compiler {
	const char *text; /* what is left */
	enum family family;
	struct nftnl_rule *rule;
	guint modulus; /* of the number that is to be generated */
} Compiler;

/* --- words --- */

static bool take(Compiler *compiler, const char *word)
{
	gsize n = strlen(word);

	if (!g_str_has_prefix(compiler->text, word) || (compiler->text[n] != ' ' && compiler->text[n] != '\0'))
		return false;
	compiler->text += n;
	while (*compiler->text == ' ')
		compiler->text++;
	return true;
}

static char *take_name(Compiler *compiler, const char *mark)
{
	gsize n;
	char *name;

	if (!g_str_has_prefix(compiler->text, mark))
		return NULL;
	compiler->text += strlen(mark);
	n = strcspn(compiler->text, " ");
	name = g_strndup(compiler->text, n);
	take(compiler, name);
	return name;
}

/* --- expressions --- */

/* The register that begins with this word of four bytes. */
static guint32 register_at(guint word)
{
	return word % 4 == 0 ? NFT_REG_1 + word / 4 : NFT_REG32_00 + word;
}

static struct nftnl_expr *add(Compiler *compiler, const char *name)
{
	struct nftnl_expr *expression = nftnl_expr_alloc(name);

	g_assert(expression);
	nftnl_rule_add_expr(compiler->rule, expression);
	return expression;
}

static void add_comparison(Compiler *compiler, guint32 operator, const void * data, guint length)
{
	struct nftnl_expr *expression = add(compiler, "cmp");

	nftnl_expr_set_u32(expression, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expression, NFTNL_EXPR_CMP_OP, operator);
	nftnl_expr_set(expression, NFTNL_EXPR_CMP_DATA, data, length);
}

static void add_mask(Compiler *compiler, const void *mask, guint length)
{
	static const guint8 zero[16];
	struct nftnl_expr *expression = add(compiler, "bitwise");

	nftnl_expr_set_u32(expression, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expression, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expression, NFTNL_EXPR_BITWISE_LEN, length);
	nftnl_expr_set(expression, NFTNL_EXPR_BITWISE_MASK, mask, length);
	nftnl_expr_set(expression, NFTNL_EXPR_BITWISE_XOR, zero, length);
}

static void add_load(Compiler *compiler, const Source *source, guint32 to)
{
	guint32 offset = source->offset[compiler->family], length = source->length[compiler->family];
	struct nftnl_expr *expression = add(compiler, source->expression);

	if (g_str_equal(source->expression, "meta")) {
		nftnl_expr_set_u32(expression, NFTNL_EXPR_META_KEY, source->key);
		nftnl_expr_set_u32(expression, NFTNL_EXPR_META_DREG, to);
	} else if (g_str_equal(source->expression, "ct")) {
		nftnl_expr_set_u32(expression, NFTNL_EXPR_CT_KEY, source->key);
		nftnl_expr_set_u32(expression, NFTNL_EXPR_CT_DREG, to);
	} else if (g_str_equal(source->expression, "fib")) {
		nftnl_expr_set_u32(expression, NFTNL_EXPR_FIB_FLAGS, source->key);
		nftnl_expr_set_u32(expression, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
		nftnl_expr_set_u32(expression, NFTNL_EXPR_FIB_DREG, to);
	} else if (g_str_equal(source->expression, "numgen")) {
		nftnl_expr_set_u32(expression, NFTNL_EXPR_NG_TYPE, source->key);
		nftnl_expr_set_u32(expression, NFTNL_EXPR_NG_MODULUS, compiler->modulus);
		nftnl_expr_set_u32(expression, NFTNL_EXPR_NG_OFFSET, 0);
		nftnl_expr_set_u32(expression, NFTNL_EXPR_NG_DREG, to);
	} else {
		nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_BASE, source->key);
		nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
		nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_LEN, length);
		nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_DREG, to);
	}
}

/* The value of the set's element for the key in the first register, or whether it is there. */
static void add_lookup(Compiler *compiler, const char *set, gint32 to)
{
	struct nftnl_expr *expression = add(compiler, "lookup");

	nftnl_expr_set_u32(expression, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_str(expression, NFTNL_EXPR_LOOKUP_SET, set);
	nftnl_expr_set_u32(expression, NFTNL_EXPR_LOOKUP_FLAGS, 0);
	if (to >= 0)
		nftnl_expr_set_u32(expression, NFTNL_EXPR_LOOKUP_DREG, to);
}

static void add_verdict(Compiler *compiler, gint32 code, const char *chain)
{
	struct nftnl_expr *expression = add(compiler, "immediate");

	nftnl_expr_set_u32(expression, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expression, NFTNL_EXPR_IMM_VERDICT, code);
	if (chain)
		nftnl_expr_set_str(expression, NFTNL_EXPR_IMM_CHAIN, chain);
}

/* --- what a rule is made of --- */

static void take_modulus(Compiler *compiler)
{
	g_autofree char *number = take_name(compiler, "");

	compiler->modulus = g_ascii_strtoull(number, NULL, 10);
}

static const Source *take_source(Compiler *compiler)
{
	for (guint i = 0; i < G_N_ELEMENTS(sources); i++) {
		if (!take(compiler, sources[i].text))
			continue;
		if (g_str_equal(sources[i].expression, "numgen"))
			take_modulus(compiler);
		return &sources[i];
	}
	return NULL;
}

static const Constant *take_constant(Compiler *compiler)
{
	for (guint i = 0; i < G_N_ELEMENTS(constants); i++)
		if (take(compiler, constants[i].text))
			return &constants[i];
	return NULL;
}

static void add_prefix_mask(Compiler *compiler, const Constant *constant, guint length)
{
	guint8 mask[16] = {};

	for (guint i = 0; i < constant->bits; i++)
		mask[i / 8] |= 0x80 >> i % 8;
	add_mask(compiler, mask, length);
}

static void compare(Compiler *compiler, const Constant *constant, guint length)
{
	static const guint32 zero;
	guint8 byte = constant->number;
	const void *number = length == 1 ? (const void *)&byte : &constant->number;

	switch (constant->how) {
	case EQUAL:
		add_comparison(compiler, NFT_CMP_EQ, number, length);
		break;
	case ANY_BIT:
		add_mask(compiler, number, length);
		add_comparison(compiler, NFT_CMP_NEQ, &zero, length);
		break;
	case PREFIX:
		if (constant->bits < length * 8)
			add_prefix_mask(compiler, constant, length);
		add_comparison(compiler, NFT_CMP_EQ, constant->address, length);
		break;
	}
}

/* "A . B . C" into registers, one after the other; the last of them, or NULL when there is none. */
static const Source *load_key(Compiler *compiler)
{
	const Source *source = take_source(compiler), *last = NULL;
	guint word = 0;

	for (; source; source = take_source(compiler)) {
		if (source->only) {
			add_load(compiler, &(Source){ "", "meta", NFT_META_L4PROTO, {}, SAME(1) }, NFT_REG_1);
			add_comparison(compiler, NFT_CMP_EQ, &source->only, 1);
		}
		add_load(compiler, source, register_at(word));
		word += (source->length[compiler->family] + 3) / 4;
		last = source;
		if (!take(compiler, "."))
			break;
	}
	return last;
}

static bool compile_match(Compiler *compiler)
{
	const Source *source = load_key(compiler);
	const Constant *constant;
	g_autofree char *set = NULL;
	guint length;

	if (!source)
		return false;
	length = source->length[compiler->family];
	if (take(compiler, "&")) {
		constant = take_constant(compiler);
		g_assert(constant);
		add_prefix_mask(compiler, constant, length);
	}
	if ((set = take_name(compiler, "@"))) {
		add_lookup(compiler, set, -1);
	} else if ((set = take_name(compiler, "vmap @"))) {
		add_lookup(compiler, set, NFT_REG_VERDICT);
	} else {
		constant = take_constant(compiler);
		g_assert(constant);
		compare(compiler, constant, length);
	}
	return true;
}

/* "dnat ip to KEY map @map", snat likewise: to the address that the map has, and the port if it has one. */
static bool compile_nat(Compiler *compiler)
{
	guint32 port = register_at(field_size(FIELD_ADDRESS, compiler->family) / 4), flags = NF_NAT_RANGE_MAP_IPS;
	g_autofree char *map = NULL;
	struct nftnl_expr *expression;
	bool destination = take(compiler, "dnat ip to");

	if (!destination && !take(compiler, "snat ip to"))
		return false;
	load_key(compiler);
	map = take_name(compiler, "map @");
	g_assert(map);
	add_lookup(compiler, map, NFT_REG_1);
	expression = add(compiler, "nat");
	nftnl_expr_set_u32(expression, NFTNL_EXPR_NAT_TYPE, destination ? NFT_NAT_DNAT : NFT_NAT_SNAT);
	nftnl_expr_set_u32(expression, NFTNL_EXPR_NAT_FAMILY, family_to_af(compiler->family));
	nftnl_expr_set_u32(expression, NFTNL_EXPR_NAT_REG_ADDR_MIN, NFT_REG_1);
	/* The rest the kernel would add, and compare as something else. */
	nftnl_expr_set_u32(expression, NFTNL_EXPR_NAT_REG_ADDR_MAX, NFT_REG_1);
	if (set_info(set_find(compiler->family, map))->data[1] == FIELD_PORT) {
		nftnl_expr_set_u32(expression, NFTNL_EXPR_NAT_REG_PROTO_MIN, port);
		nftnl_expr_set_u32(expression, NFTNL_EXPR_NAT_REG_PROTO_MAX, port);
		flags |= NF_NAT_RANGE_PROTO_SPECIFIED;
	}
	nftnl_expr_set_u32(expression, NFTNL_EXPR_NAT_FLAGS, flags);
	return true;
}

static bool compile_verdict(Compiler *compiler)
{
	static const struct {
		const char *text;
		gint32 code;
	} ways[] = { { "goto ", NFT_GOTO }, { "jump ", NFT_JUMP } };

	for (guint i = 0; i < G_N_ELEMENTS(ways); i++) {
		g_autofree char *chain = take_name(compiler, ways[i].text);

		if (!chain)
			continue;
		add_verdict(compiler, ways[i].code, chain);
		return true;
	}
	for (guint i = 0; i < G_N_ELEMENTS(verdicts); i++) {
		if (!take(compiler, verdicts[i].text))
			continue;
		add_verdict(compiler, verdicts[i].code, NULL);
		return true;
	}
	return false;
}

static bool compile_action(Compiler *compiler)
{
	if (take(compiler, "masquerade"))
		add(compiler, "masq");
	else if (take(compiler, "counter"))
		add(compiler, "counter");
	else
		return false;
	return true;
}

void expression_compile(const char *text, enum family family, struct nftnl_rule *rule)
{
	Compiler compiler = { text, family, rule, 0 };

	while (*compiler.text != '\0')
		if (!compile_nat(&compiler) && !compile_action(&compiler) && !compile_verdict(&compiler) &&
		    !compile_match(&compiler))
			g_error("\"%s\" in \"%s\"", compiler.text, text);
}

static int print_expression(struct nftnl_expr *expression, void *userdata)
{
	char text[512];

	if (g_str_equal(nftnl_expr_get_str(expression, NFTNL_EXPR_NAME), "counter")) {
		nftnl_expr_set_u64(expression, NFTNL_EXPR_CTR_BYTES, 0);
		nftnl_expr_set_u64(expression, NFTNL_EXPR_CTR_PACKETS, 0);
	}
	nftnl_expr_snprintf(text, sizeof text, expression, NFTNL_OUTPUT_DEFAULT, 0);
	g_string_append_printf(userdata, "[%s %s]", nftnl_expr_get_str(expression, NFTNL_EXPR_NAME), text);
	return 0;
}

char *expression_print(const struct nftnl_rule *rule)
{
	GString *text = g_string_new(NULL);

	nftnl_expr_foreach((struct nftnl_rule *)rule, print_expression, text);
	return g_string_free(text, FALSE);
}
