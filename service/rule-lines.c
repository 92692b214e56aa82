/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/rule-lines.h"

#include "service/service.h"

struct RuleLines {
	const Backend *backend;
	GArray *rules; /* Rule, each once */
	RuleCounters *counters;
};

static guint rule_hash_func(gconstpointer rule)
{
	return rule_hash(rule);
}

static gboolean rule_equal_func(gconstpointer a, gconstpointer b)
{
	return rule_equal(a, b);
}

/* What several parts of an object ask for is one rule. */
static GArray *distinct_rules(const GArray *items)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(rule_hash_func, rule_equal_func);
	GArray *rules = g_array_sized_new(FALSE, FALSE, sizeof(Rule), items->len);

	for (guint i = 0; i < items->len; i++) {
		Rule *rule = &g_array_index(items, RuleItem, i).rule;

		if (g_hash_table_add(seen, rule))
			g_array_append_vals(rules, rule, 1);
	}
	return rules;
}

static void rule_lines_clear(gpointer data)
{
	RuleLines *lines = data;

	g_array_unref(lines->rules);
	g_free(lines->counters);
}

RuleLines *rule_lines_ref(RuleLines *lines)
{
	return g_rc_box_acquire(lines);
}

void rule_lines_unref(RuleLines *lines)
{
	g_rc_box_release_full(lines, rule_lines_clear);
}

guint rule_lines_count(const RuleLines *lines)
{
	return lines->rules->len;
}

bool rule_lines_get(const RuleLines *lines, guint n, RuleLine *ret)
{
	const Rule *rule = &g_array_index(lines->rules, Rule, n);
	const RuleCounters *counters = &lines->counters[n];
	RuleText text;

	if (!lines->backend->kind->describe(lines->backend, rule, &text))
		return false;
	*ret = (RuleLine){
		.family = rule->family,
		.table = text.table,
		.chain = text.chain,
		.text = text.rule,
		.packets = counters->packets == G_MAXUINT64 ? 0 : counters->packets,
		.bytes = counters->bytes == G_MAXUINT64 ? 0 : counters->bytes,
	};
	return true;
}

RuleLines *service_rule_lines(Service *service, const GArray *items, GError **error)
{
	g_autoptr(RuleLines) lines = g_rc_box_new0(RuleLines);
	g_autofree const Rule **rules = NULL;

	lines->backend = firewall_backend(service->firewall);
	lines->rules = distinct_rules(items);
	lines->counters = g_new(RuleCounters, lines->rules->len);
	rules = g_new(const Rule *, lines->rules->len);
	for (guint i = 0; i < lines->rules->len; i++)
		rules[i] = &g_array_index(lines->rules, Rule, i);
	if (!firewall_counters(service->firewall, rules, lines->rules->len, lines->counters, error))
		return NULL;
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

GArray *service_rules_of_ingress(const Service *service, const Ingress *ingress)
{
	RenderOptions options = render_options(&service->config, service->transaction.ipv6);
	GArray *items = rendering_new();

	render_ingress_whole(ingress, &options, items);
	return items;
}

char *service_dump(Service *service, enum family family)
{
	const Backend *backend = firewall_backend(service->firewall);

	return backend->kind->text(backend, firewall_ruleset(service->firewall), family);
}
