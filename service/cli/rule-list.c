/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cli/rule-list.h"

#include "service/cli/client.h"

#include <string.h>

bool rule_line_next(GVariantIter *iter, RuleLine *ret)
{
	return g_variant_iter_next(iter, "(&s&s&s&stt)", &ret->family, &ret->table, &ret->chain, &ret->rule,
				   &ret->packets, &ret->bytes);
}

int rules_read(Cli *cli, const Object *object, GVariant **ret)
{
	g_autoptr(GVariant) reply = NULL;
	int r = client_call(cli, object->path, object_interface(object->kind), "GetRules", NULL, &reply);

	if (r == 0)
		*ret = g_variant_get_child_value(reply, 0);
	return r;
}

/*
 * Of chains and their rules: whatever passes is accepted by one of them. Of maps and sets: what passes a bridge is in
 * one that is looked up by interfaces, whatever else it is in.
 */
static bool lets_through(enum object_kind kind, const RuleLine *line)
{
	static const char *const of_networks[] = { "inside", "entering", "leaving", NULL };
	static const char *const of_ports[] = { "reachable", "reachable_stretch", "ingress_reachable", NULL };

	if (strcmp(line->table, "filter") == 0)
		return g_str_has_suffix(line->rule, "-j ACCEPT");
	return g_strv_contains(kind == OBJECT_NETWORK ? of_networks : of_ports, line->chain);
}

guint64 rules_count_packets(enum object_kind kind, GVariant *rules)
{
	GVariantIter iter;
	guint64 packets = 0;
	RuleLine line;

	g_variant_iter_init(&iter, rules);
	while (rule_line_next(&iter, &line))
		if (lets_through(kind, &line))
			packets += line.packets;
	return packets;
}
