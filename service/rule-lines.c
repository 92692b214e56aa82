/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/rule-lines.h"

#include "service/service.h"

static guint rule_hash_func(gconstpointer rule)
{
	return rule_hash(rule);
}

static gboolean rule_equal_func(gconstpointer a, gconstpointer b)
{
	return rule_equal(a, b);
}

/* What several parts of an object ask for is one rule. */
static GPtrArray *distinct_rules(const GArray *items)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(rule_hash_func, rule_equal_func);
	GPtrArray *rules = g_ptr_array_new();

	for (guint i = 0; i < items->len; i++) {
		Rule *rule = &g_array_index(items, RuleItem, i).rule;

		if (g_hash_table_add(seen, rule))
			g_ptr_array_add(rules, rule);
	}
	return rules;
}

static void rule_line_free(gpointer data)
{
	RuleLine *line = data;

	g_free(line->chain);
	g_free(line->text);
	g_free(line);
}

/* NULL where the backend has no rule for what is asked for. */
static RuleLine *rule_line_new(const Rule *rule, const RuleCounters *counters, const Backend *backend)
{
	RuleText text;
	RuleLine *line;

	if (!backend->kind->describe(backend, rule, &text))
		return NULL;
	line = g_new(RuleLine, 1);
	*line = (RuleLine){
		.family = rule->family,
		.table = text.table,
		.chain = g_strdup(text.chain),
		.text = text.rule,
		.packets = counters->packets == G_MAXUINT64 ? 0 : counters->packets,
		.bytes = counters->bytes == G_MAXUINT64 ? 0 : counters->bytes,
	};
	return line;
}

GPtrArray *service_rule_lines(Service *service, const GArray *items, GError **error)
{
	g_autoptr(GPtrArray) rules = distinct_rules(items);
	g_autoptr(GPtrArray) lines = g_ptr_array_new_full(rules->len, rule_line_free);
	g_autofree RuleCounters *counters = g_new(RuleCounters, rules->len);

	if (!firewall_counters(service->firewall, (const Rule *const *)rules->pdata, rules->len, counters, error))
		return NULL;
	for (guint i = 0; i < rules->len; i++) {
		RuleLine *line = rule_line_new(rules->pdata[i], &counters[i], firewall_backend(service->firewall));

		if (line)
			g_ptr_array_add(lines, line);
	}
	return g_steal_pointer(&lines);
}

GArray *service_rules_of_network(const Service *service, const Network *network)
{
	RenderOptions options = render_options(&service->config, service->transaction.ipv6);
	GArray *items = rendering_new();

	render_network_whole(service->model, network, &options, items);
	return items;
}

GArray *service_rules_of_endpoint(const Service *service, const Endpoint *endpoint)
{
	RenderOptions options = render_options(&service->config, service->transaction.ipv6);
	GArray *items = rendering_new();

	render_endpoint(endpoint, &options, items);
	return items;
}

GArray *service_rules_of_ingress(const Service *service G_GNUC_UNUSED, const Ingress *ingress)
{
	GArray *items = rendering_new();

	render_ingress_whole(ingress, items);
	return items;
}

char *service_dump(Service *service, enum family family)
{
	const Backend *backend = firewall_backend(service->firewall);

	return backend->kind->text(backend, firewall_ruleset(service->firewall), family);
}
