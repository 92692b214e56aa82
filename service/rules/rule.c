/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/rules/rule.h"

#include <string.h>

bool rule_equal(const Rule *a, const Rule *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

guint rule_hash(const Rule *rule)
{
	guint32 words[sizeof *rule / sizeof(guint32)];
	guint32 hash = 0;

	G_STATIC_ASSERT(sizeof words == sizeof *rule);
	memcpy(words, rule, sizeof words);
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		hash = (hash ^ words[i]) * 0x9e3779b1;
		hash ^= hash >> 15;
	}
	return hash;
}

int rule_order_compare(const RuleOrder *a, const RuleOrder *b)
{
	if (a->sequence != b->sequence)
		return a->sequence < b->sequence ? -1 : 1;
	if (a->index != b->index)
		return a->index < b->index ? -1 : 1;
	return 0;
}

void rule_set_in(Rule *rule, const char *interface)
{
	g_strlcpy(rule->in, interface, sizeof rule->in);
}

void rule_set_out(Rule *rule, const char *interface)
{
	g_strlcpy(rule->out, interface, sizeof rule->out);
}

void rule_set_source(Rule *rule, const Prefix *prefix)
{
	memcpy(rule->source, prefix->address.bytes, sizeof rule->source);
	rule->source_length = prefix->length;
}

void rule_set_destination(Rule *rule, const Prefix *prefix)
{
	memcpy(rule->destination, prefix->address.bytes, sizeof rule->destination);
	rule->destination_length = prefix->length;
}

void rule_set_source_host(Rule *rule, const Address *address)
{
	rule_set_source(rule, &(Prefix){ *address, family_bits(address_family(address)) });
}

void rule_set_destination_host(Rule *rule, const Address *address)
{
	rule_set_destination(rule, &(Prefix){ *address, family_bits(address_family(address)) });
}
