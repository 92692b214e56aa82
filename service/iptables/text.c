/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/text.h"

#include "service/iptables/layout.h"
#include "service/model/endpoint.h"

#include <arpa/inet.h>

static void append_address(const char *option, bool not, const Rule *rule, const guint8 address[16], guint8 length,
			   GString *text)
{
	char buffer[INET6_ADDRSTRLEN];

	if (length == 0)
		return;
	inet_ntop(family_to_af(rule->family), address, buffer, sizeof buffer);
	g_string_append_printf(text, "%s%s %s/%u ", not ? "! " : "", option, buffer, length);
}

static void append_interface(const char *option, bool not, const char *interface, GString *text)
{
	if (interface[0] != '\0')
		g_string_append_printf(text, "%s%s %s ", not ? "! " : "", option, interface);
}

static void append_ports(const char *option, const guint16 ports[2], GString *text)
{
	if (ports[0] == 0 && ports[1] == 0)
		return;
	g_string_append_printf(text, "%s %u", option, ports[0]);
	if (ports[1] != ports[0])
		g_string_append_printf(text, ":%u", ports[1]);
	g_string_append_c(text, ' ');
}

static void append_matches(const Rule *rule, GString *text)
{
	static const char *const states[] = {
		[STATE_ANY] = "",
		[STATE_CONNTRACK] = "-m conntrack --ctstate RELATED,ESTABLISHED ",
		[STATE_CLASSIC] = "-m state --state RELATED,ESTABLISHED ",
		[STATE_DNAT] = "-m conntrack --ctstate DNAT ",
		[STATE_INVALID] = "-m conntrack --ctstate INVALID ",
		[STATE_ORIGINAL] = "-m conntrack --ctdir ORIGINAL ",
		[STATE_DIRECT] = "-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT ",
		[STATE_RELATED] = "-m conntrack --ctstate RELATED ",
	};
	static const char *const addrtypes[] = {
		[ADDRTYPE_ANY] = "",
		[ADDRTYPE_SOURCE_LOCAL] = "-m addrtype --src-type LOCAL ",
		[ADDRTYPE_DESTINATION_LOCAL] = "-m addrtype --dst-type LOCAL ",
	};

	append_address("-s", rule->flags & RULE_NOT_SOURCE, rule, rule->source, rule->source_length, text);
	append_address("-d", rule->flags & RULE_NOT_DESTINATION, rule, rule->destination, rule->destination_length,
		       text);
	append_interface("-i", rule->flags & RULE_NOT_IN, rule->in, text);
	append_interface("-o", rule->flags & RULE_NOT_OUT, rule->out, text);
	if (rule->protocol == IPPROTO_ICMPV6)
		g_string_append(text, "-p ipv6-icmp ");
	else if (rule->protocol != 0)
		g_string_append_printf(text, "-p %s ", protocol_to_string(rule->protocol));
	g_string_append(text, states[rule->state]);
	g_string_append(text, addrtypes[rule->addrtype]);
	if (rule->icmpv6_type != 0)
		g_string_append_printf(text, "-m icmp6 --icmpv6-type %u ", rule->icmpv6_type);
	if (rule->flags & RULE_RESET)
		g_string_append(text, "-m tcp --tcp-flags RST RST ");
	if (rule->source_port[1] != 0 || rule->destination_port[1] != 0) {
		g_string_append_printf(text, "-m %s ", protocol_to_string(rule->protocol));
		append_ports("--sport", rule->source_port, text);
		append_ports("--dport", rule->destination_port, text);
	}
	/* The last has what the others left over. */
	if (rule->turn + 1 < rule->turns)
		g_string_append_printf(text, "-m statistic --mode nth --every %u --packet 0 ",
				       rule->turns - rule->turn);
}

static void append_dnat(const Rule *rule, GString *text)
{
	bool port = rule->dnat_port != 0, brackets = port && rule->family == FAMILY_IPV6;
	char buffer[INET6_ADDRSTRLEN];

	inet_ntop(family_to_af(rule->family), rule->dnat_address, buffer, sizeof buffer);
	g_string_append_printf(text, "DNAT --to-destination %s%s%s", brackets ? "[" : "", buffer, brackets ? "]" : "");
	if (port)
		g_string_append_printf(text, ":%u", rule->dnat_port);
}

static void append_snat(const Rule *rule, GString *text)
{
	char buffer[INET6_ADDRSTRLEN];

	inet_ntop(family_to_af(rule->family), rule->dnat_address, buffer, sizeof buffer);
	g_string_append_printf(text, "SNAT --to-source %s", buffer);
}

void rule_append_text(const Rule *rule, const char *chain_prefix, GString *text)
{
	static const char *const verdicts[] = {
		[TARGET_ACCEPT] = "ACCEPT",
		[TARGET_DROP] = "DROP",
		[TARGET_RETURN] = "RETURN",
		[TARGET_MASQUERADE] = "MASQUERADE",
	};
	char name[CHAIN_NAME_MAX + 1];

	append_matches(rule, text);
	g_string_append(text, "-j ");
	if (rule->target == TARGET_DNAT)
		append_dnat(rule, text);
	else if (rule->target == TARGET_SNAT)
		append_snat(rule, text);
	else if (rule->target == TARGET_PLACE)
		g_string_append(text, chain_name(layout_of(rule)->jump, chain_prefix, name));
	else
		g_string_append(text, verdicts[rule->target]);
}

static void append_place(const GPtrArray *entries, const char *name, const char *chain_prefix, GString *text)
{
	for (guint i = 0; i < entries->len; i++) {
		const RulesetEntry *entry = entries->pdata[i];

		if (entry->references == 0 || !layout_has_rule(&entry->rule))
			continue;
		g_string_append_printf(text, "-A %s ", name);
		rule_append_text(&entry->rule, chain_prefix, text);
		g_string_append_c(text, '\n');
	}
}

static void append_table(const Ruleset *ruleset, enum family family, enum table table, const char *chain_prefix,
			 GString *text)
{
	g_autoptr(GString) rules = g_string_new(NULL);
	char name[CHAIN_NAME_MAX + 1];
	bool something = false;

	for (enum chain chain = 0; chain < N_CHAINS; chain++) {
		if (chain_info(chain)->table != table || !layout_chain_state(ruleset, family, chain).wanted)
			continue;
		if (!something)
			g_string_append_printf(text, "*%s\n", table_name(table));
		something = true;
		chain_name(chain, chain_prefix, name);
		if (!chain_info(chain)->builtin)
			g_string_append_printf(text, ":%s - [0:0]\n", name);
		for (enum place place = 0; place < N_PLACES; place++)
			if (layouts[place].chain == chain)
				append_place(ruleset_place(ruleset, family, place), name, chain_prefix, rules);
	}
	if (something)
		g_string_append_printf(text, "%sCOMMIT\n", rules->str);
}

char *ruleset_to_text(const Ruleset *ruleset, enum family family, const char *chain_prefix)
{
	GString *text = g_string_new(NULL);

	append_table(ruleset, family, TABLE_FILTER, chain_prefix, text);
	append_table(ruleset, family, TABLE_NAT, chain_prefix, text);
	append_table(ruleset, family, TABLE_MANGLE, chain_prefix, text);
	append_table(ruleset, family, TABLE_RAW, chain_prefix, text);
	return g_string_free(text, FALSE);
}
