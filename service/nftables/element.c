/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/element.h"

#include "service/nftables/attribute.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

G_STATIC_ASSERT(sizeof(Element) == 104);

/* --- what it is made of --- */

static guint8 *extend(Element *element, guint size)
{
	guint8 *at = element->bytes + element->size;

	g_assert(element->size + size <= sizeof element->bytes);
	element->size += size;
	return at;
}

static void add_fields(Element *element, const enum field *fields, guint n, const Parts *parts)
{
	guint n_addresses = 0, n_interfaces = 0;

	for (guint i = 0; i < n && fields[i] != FIELD_NONE; i++) {
		guint8 *to = extend(element, field_size(fields[i], element->family));

		switch (fields[i]) {
		case FIELD_ADDRESS:
			memcpy(to, parts->address[n_addresses++], field_size(FIELD_ADDRESS, element->family));
			break;
		case FIELD_INTERFACE:
			g_strlcpy((char *)to, parts->interface[n_interfaces++], IFNAMSIZ);
			break;
		case FIELD_PROTOCOL:
			to[0] = parts->protocol;
			break;
		case FIELD_PORT:
			to[0] = parts->port >> 8;
			to[1] = parts->port;
			break;
		case FIELD_NUMBER:
			memcpy(to, &parts->number, sizeof parts->number);
			break;
		default:
			to[0] = parts->verdict;
		}
	}
}

void element_init(Element *element, enum family family, enum set set, const Parts *key)
{
	memset(element, 0, sizeof *element);
	element->family = family;
	element->set = set;
	add_fields(element, set_info(set)->key, KEY_FIELDS_MAX, key);
}

void element_add_last(Element *element, const Parts *last)
{
	add_fields(element, set_info(element->set)->key, KEY_FIELDS_MAX, last);
}

void element_add_data(Element *element, const Parts *data)
{
	add_fields(element, set_info(element->set)->data, DATA_FIELDS_MAX, data);
}

static bool has_last(const Element *element)
{
	return set_info(element->set)->interval;
}

static guint key_size(const Element *element)
{
	return set_key_size(element->set, element->family);
}

static guint data_offset(const Element *element)
{
	return key_size(element) * (has_last(element) ? 2 : 1);
}

void element_add_end(Element *element, const Element *end)
{
	guint size = key_size(element), data = element->size - size, i = size;
	guint8 *last = element->bytes + size;

	extend(element, size);
	memmove(last + size, last, data);
	memset(last, 0xff, size);
	if (!end)
		return;
	memcpy(last, end->bytes, size);
	while (i > 0 && last[i - 1]-- == 0)
		i--;
}

/* The key behind the last one; false: there is none. */
static bool find_end(const Element *element, guint8 end[static 16])
{
	guint i = key_size(element);

	memcpy(end, element->bytes + i, i);
	while (i > 0 && ++end[i - 1] == 0)
		i--;
	return i > 0;
}

/* --- attributes --- */

static void put_value(struct nlmsghdr *message, guint16 type, const guint8 *bytes, guint size)
{
	struct nlattr *nest = mnl_attr_nest_start(message, type);

	mnl_attr_put(message, NFTA_DATA_VALUE, size, bytes);
	mnl_attr_nest_end(message, nest);
}

static void put_verdict(struct nlmsghdr *message, enum verdict verdict)
{
	struct nlattr *data = mnl_attr_nest_start(message, NFTA_SET_ELEM_DATA);
	struct nlattr *nest = mnl_attr_nest_start(message, NFTA_DATA_VERDICT);
	const char *chain = verdict_chain(verdict);
	guint32 code = chain ? (guint32)NFT_GOTO : verdict == VERDICT_DROP ? NF_DROP : NF_ACCEPT;

	mnl_attr_put_u32(message, NFTA_VERDICT_CODE, htonl(code));
	if (chain)
		mnl_attr_put_strz(message, NFTA_VERDICT_CHAIN, chain);
	mnl_attr_nest_end(message, nest);
	mnl_attr_nest_end(message, data);
}

static void put_end(const Element *element, struct nlmsghdr *message)
{
	struct nlattr *nest;
	guint8 end[16];

	if (!find_end(element, end))
		return;
	nest = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	put_value(message, NFTA_SET_ELEM_KEY, end, key_size(element));
	mnl_attr_put_u32(message, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_INTERVAL_END));
	mnl_attr_nest_end(message, nest);
}

void element_put(const Element *element, struct nlmsghdr *message, enum element_form form)
{
	const SetInfo *info = set_info(element->set);
	struct nlattr *nest = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	guint size = key_size(element), offset = data_offset(element);
	bool two = set_has_end_elements(element->set);

	put_value(message, NFTA_SET_ELEM_KEY, element->bytes, size);
	if (has_last(element) && !two)
		put_value(message, NFTA_SET_ELEM_KEY_END, element->bytes + size, size);
	if (form == ELEMENT_WHOLE && info->data[0] == FIELD_VERDICT)
		put_verdict(message, element->bytes[offset]);
	else if (form == ELEMENT_WHOLE && info->data[0] != FIELD_NONE)
		put_value(message, NFTA_SET_ELEM_DATA, element->bytes + offset, element->size - offset);
	mnl_attr_nest_end(message, nest);
	/* The kernel wants it right behind its beginning. */
	if (two && form != ELEMENT_TO_ASK_FOR)
		put_end(element, message);
}

static const struct nlattr *find_attribute(const struct nlattr *nest, guint16 type)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, nest) if (mnl_attr_get_type(attribute) == type) return attribute;
	return NULL;
}

static bool parse_value(Element *element, const struct nlattr *data, guint size)
{
	const struct nlattr *value = find_attribute(data, NFTA_DATA_VALUE);

	if (!value || mnl_attr_get_payload_len(value) != size)
		return false;
	memcpy(extend(element, size), mnl_attr_get_payload(value), size);
	return true;
}

static bool parse_verdict(Element *element, const struct nlattr *data)
{
	const struct nlattr *nest = find_attribute(data, NFTA_DATA_VERDICT);
	const struct nlattr *code = nest ? find_attribute(nest, NFTA_VERDICT_CODE) : NULL;
	const char *chain = nest ? attribute_text(find_attribute(nest, NFTA_VERDICT_CHAIN)) : NULL;
	gint32 number = code ? (gint32)attribute_number(code) : NFT_RETURN;
	guint8 verdict = N_VERDICTS;

	if (number == NF_ACCEPT)
		verdict = VERDICT_ACCEPT;
	else if (number == NF_DROP)
		verdict = VERDICT_DROP;
	for (guint i = 0; chain && number == NFT_GOTO && i < N_VERDICTS; i++)
		if (g_strcmp0(verdict_chain(i), chain) == 0)
			verdict = i;
	extend(element, 4)[0] = verdict;
	return verdict < N_VERDICTS;
}

/* The counter among the expressions of an element, which are one or a list. */
static void parse_counter(const struct nlattr *expression, guint64 *packets, guint64 *bytes)
{
	const struct nlattr *data = find_attribute(expression, NFTA_EXPR_DATA), *part;

	if (!data)
		return;
	mnl_attr_for_each_nested(part, data)
	{
		if (mnl_attr_get_type(part) == NFTA_COUNTER_PACKETS)
			*packets = attribute_long(part);
		else if (mnl_attr_get_type(part) == NFTA_COUNTER_BYTES)
			*bytes = attribute_long(part);
	}
}

bool element_parse(Element *element, enum family family, enum set set, const struct nlattr *attribute,
		   guint64 *ret_packets, guint64 *ret_bytes, bool *ret_is_end)
{
	const SetInfo *info = set_info(set);
	guint size = set_key_size(set, family), data = 0;
	const struct nlattr *part, *parts[NFTA_SET_ELEM_MAX + 1] = {};

	*ret_packets = *ret_bytes = 0;
	*ret_is_end = false;
	memset(element, 0, sizeof *element);
	element->family = family;
	element->set = set;
	mnl_attr_for_each_nested(part, attribute) if (mnl_attr_get_type(part) <= NFTA_SET_ELEM_MAX)
		parts[mnl_attr_get_type(part)] = part;
	for (guint i = 0; i < DATA_FIELDS_MAX; i++)
		data += field_size(info->data[i], family);

	if (!parts[NFTA_SET_ELEM_KEY] || !parse_value(element, parts[NFTA_SET_ELEM_KEY], size))
		return false;
	*ret_is_end = attribute_number(parts[NFTA_SET_ELEM_FLAGS]) == NFT_SET_ELEM_INTERVAL_END;
	if (parts[NFTA_SET_ELEM_EXPR])
		parse_counter(parts[NFTA_SET_ELEM_EXPR], ret_packets, ret_bytes);
	if (has_last(element) && !set_has_end_elements(set) &&
	    (!parts[NFTA_SET_ELEM_KEY_END] || !parse_value(element, parts[NFTA_SET_ELEM_KEY_END], size)))
		return false;
	if (info->data[0] == FIELD_NONE || (*ret_is_end && set_has_end_elements(set)))
		return true;
	if (!parts[NFTA_SET_ELEM_DATA])
		return false;
	return info->data[0] == FIELD_VERDICT ? parse_verdict(element, parts[NFTA_SET_ELEM_DATA])
					      : parse_value(element, parts[NFTA_SET_ELEM_DATA], data);
}

/* --- text --- */

/* As printf() does, which takes three times as long: there are many. */
static void append_number(GString *text, guint number)
{
	char digits[10];
	guint i = sizeof digits;

	do
		digits[--i] = '0' + number % 10;
	while (number /= 10);
	g_string_append_len(text, digits + i, sizeof digits - i);
}

static void append_address(GString *text, enum family family, const guint8 *address)
{
	char buffer[INET6_ADDRSTRLEN];

	if (family == FAMILY_IPV6) {
		g_string_append(text, inet_ntop(AF_INET6, address, buffer, sizeof buffer));
		return;
	}
	for (guint i = 0; i < 4; i++) {
		if (i > 0)
			g_string_append_c(text, '.');
		append_number(text, address[i]);
	}
}

/* A prefix where it is one, else from first to last. */
static void append_addresses(GString *text, enum family family, const guint8 *first, const guint8 *last)
{
	guint bits = family_bits(family), length = 0;
	bool prefix = true;

	append_address(text, family, first);
	while (length < bits && ((first[length / 8] ^ last[length / 8]) & 0x80 >> length % 8) == 0)
		length++;
	for (guint i = length; i < bits; i++)
		prefix &= !(first[i / 8] & 0x80 >> i % 8) && last[i / 8] & 0x80 >> i % 8;
	if (length == bits)
		return;
	if (prefix) {
		g_string_append_printf(text, "/%u", length);
		return;
	}
	g_string_append_c(text, '-');
	append_address(text, family, last);
}

static void append_protocol(GString *text, guint8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		g_string_append(text, "tcp");
		break;
	case IPPROTO_UDP:
		g_string_append(text, "udp");
		break;
	case IPPROTO_SCTP:
		g_string_append(text, "sctp");
		break;
	default:
		g_string_append_printf(text, "%u", protocol);
	}
}

static void append_port(GString *text, const guint8 *first, const guint8 *last)
{
	guint from = first[0] << 8 | first[1], to = last[0] << 8 | last[1];

	append_number(text, from);
	if (to == from)
		return;
	g_string_append_c(text, '-');
	append_number(text, to);
}

static void append_host_number(GString *text, const guint8 *bytes)
{
	guint32 number;

	memcpy(&number, bytes, sizeof number);
	append_number(text, number);
}

static void append_quoted(GString *text, const char *name)
{
	g_string_append_c(text, '"');
	g_string_append(text, name);
	g_string_append_c(text, '"');
}

static void append_verdict(GString *text, enum verdict verdict)
{
	const char *chain = verdict_chain(verdict);

	if (chain)
		g_string_append_printf(text, "goto %s", chain);
	else
		g_string_append(text, verdict == VERDICT_DROP ? "drop" : "accept");
}

static void append_fields(GString *text, enum family family, const enum field *fields, guint n, const guint8 *first,
			  const guint8 *last)
{
	for (guint i = 0; i < n && fields[i] != FIELD_NONE; i++) {
		if (i > 0)
			g_string_append(text, " . ");
		if (fields[i] == FIELD_ADDRESS)
			append_addresses(text, family, first, last);
		else if (fields[i] == FIELD_INTERFACE)
			append_quoted(text, (const char *)first);
		else if (fields[i] == FIELD_PROTOCOL)
			append_protocol(text, first[0]);
		else if (fields[i] == FIELD_PORT)
			append_port(text, first, last);
		else if (fields[i] == FIELD_NUMBER)
			append_host_number(text, first);
		else
			append_verdict(text, first[0]);
		first += field_size(fields[i], family);
		last += field_size(fields[i], family);
	}
}

void element_append_text(const Element *element, GString *text)
{
	const SetInfo *info = set_info(element->set);
	const guint8 *first = element->bytes, *data = first + data_offset(element);
	const guint8 *last = has_last(element) ? first + key_size(element) : first;

	append_fields(text, element->family, info->key, KEY_FIELDS_MAX, first, last);
	if (info->data[0] == FIELD_NONE)
		return;
	g_string_append(text, " : ");
	append_fields(text, element->family, info->data, DATA_FIELDS_MAX, data, data);
}

/* --- as a key --- */

gsize element_memory(const Element *element)
{
	return G_STRUCT_OFFSET(Element, bytes) + element->size;
}

guint element_hash(gconstpointer element)
{
	const guint8 *bytes = element;
	gsize n = element_memory(element);
	guint32 hash = 0, word;

	/* All parts are of whole words. */
	for (gsize i = 0; i + sizeof word <= n; i += sizeof word) {
		memcpy(&word, bytes + i, sizeof word);
		hash = (hash ^ word) * 0x9e3779b1;
		hash ^= hash >> 15;
	}
	return hash;
}

gboolean element_equal(gconstpointer a, gconstpointer b)
{
	const Element *x = a, *y = b;

	return x->size == y->size && memcmp(x, y, element_memory(x)) == 0;
}
