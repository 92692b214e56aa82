/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/reply.h"

#include "dbus/error.h"
#include "dbus/path.h"

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

static int append_rule(sd_bus_message *reply, const Backend *backend, const Rule *rule, const RuleCounters *counters)
{
	RuleText text;
	int r;

	if (!backend->kind->describe(backend, rule, &text))
		return 0;
	r = sd_bus_message_append(reply, "(sssstt)", family_to_string(rule->family), text.table, text.chain, text.rule,
				  counters->packets == G_MAXUINT64 ? 0 : counters->packets,
				  counters->bytes == G_MAXUINT64 ? 0 : counters->bytes);
	g_free(text.rule);
	return r;
}

int rule_list_reply(Server *server, sd_bus_message *message, GArray *items, sd_bus_error *ret_error)
{
	g_autoptr(GArray) owned G_GNUC_UNUSED = items;
	g_autoptr(GPtrArray) rules = distinct_rules(items);
	g_autofree RuleCounters *counters = g_new(RuleCounters, rules->len);
	Backend *backend = server->manager->backend;
	g_autoptr(GError) error = NULL;
	sd_bus_message *reply = NULL;
	int r;

	if (!backend->kind->counters(backend, (const Rule *const *)rules->pdata, rules->len, counters, &error))
		return error_set(ret_error, error);

	r = sd_bus_message_new_method_return(message, &reply);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "(sssstt)");
	for (guint i = 0; r >= 0 && i < rules->len; i++)
		r = append_rule(reply, backend, rules->pdata[i], &counters[i]);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	if (r >= 0)
		r = sd_bus_send(server->bus, reply, NULL);
	sd_bus_message_unref(reply);
	return r;
}

int port_mapping_append(sd_bus_message *message, const PortMapping *mapping)
{
	char address[INET6_ADDRSTRLEN];

	return sd_bus_message_append(message, "(ssqqq)", protocol_to_string(mapping->protocol),
				     address_format(&mapping->host_address, address), mapping->host_port,
				     mapping->endpoint_port, mapping->count);
}

bool call_append_path(Call *call, enum object_kind kind, const void *object, GError **error)
{
	char *path = path_of(kind, object);
	int r = sd_bus_message_append_basic(call->reply, 'o', path);

	free(path); /* libsystemd's */
	if (r < 0)
		return netfilter_fail(error, NO_MEMORY, "the answer cannot be written: %s", g_strerror(-r));
	return true;
}

bool call_append_mappings(Call *call, const GArray *mappings, GError **error)
{
	int r = sd_bus_message_open_container(call->reply, 'a', "(ssqqq)");

	for (guint i = 0; r >= 0 && i < mappings->len; i++)
		r = port_mapping_append(call->reply, &g_array_index(mappings, PortMapping, i));
	if (r >= 0)
		r = sd_bus_message_close_container(call->reply);
	if (r < 0)
		return netfilter_fail(error, NO_MEMORY, "the answer cannot be written: %s", g_strerror(-r));
	return true;
}

int address_append(sd_bus_message *reply, const Address *address)
{
	char text[INET6_ADDRSTRLEN];

	return address->family == AF_UNSPEC ? 0
					    : sd_bus_message_append_basic(reply, 's', address_format(address, text));
}

int path_append(sd_bus_message *reply, enum object_kind kind, const void *object)
{
	char *path = path_of(kind, object);
	int r = sd_bus_message_append_basic(reply, 'o', path);

	free(path);
	return r;
}
