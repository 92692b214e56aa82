/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Do the table of methods, the published interfaces, the polkit actions and the bus policy say the same? */

#include "policy/action.h"

#include <stdbool.h>
#include <string.h>

#define PREFIX "org.example.NetFilter."

static const char *const interfaces[] = { "Manager", "Network", "Endpoint", "Ingress" };

static void parse(const GMarkupParser *parser, gpointer userdata, const char *folder, const char *name)
{
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", folder, name, NULL);
	g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(parser, 0, userdata, NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	gsize length = 0;

	if (!g_file_get_contents(path, &text, &length, &error) ||
	    !g_markup_parse_context_parse(context, text, length, &error) ||
	    !g_markup_parse_context_end_parse(context, &error))
		g_error("%s: %s", path, error->message);
}

static const char *attribute(const char **names, const char **values, const char *name)
{
	for (gsize i = 0; names[i]; i++)
		if (strcmp(names[i], name) == 0)
			return values[i];
	return NULL;
}

typedef struct Introspection {
	GHashTable *methods; /* "interface.member" */
	char *interface;
} Introspection;

static void on_introspection(G_GNUC_UNUSED GMarkupParseContext *context, const char *element, const char **names,
			     const char **values, gpointer userdata, G_GNUC_UNUSED GError **error)
{
	Introspection *introspection = userdata;
	const char *name = attribute(names, values, "name");

	if (strcmp(element, "interface") == 0) {
		g_free(introspection->interface);
		introspection->interface = g_strdup(name);
	} else if (strcmp(element, "method") == 0) {
		g_hash_table_add(introspection->methods, g_strconcat(introspection->interface, ".", name, NULL));
	}
}

static void test_methods(void)
{
	static const GMarkupParser parser = { .start_element = on_introspection };
	g_autoptr(GHashTable) methods = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Introspection introspection = { methods };
	GHashTableIter iter;
	gpointer method;

	for (gsize i = 0; i < G_N_ELEMENTS(interfaces); i++) {
		g_autofree char *name = g_strconcat(PREFIX, interfaces[i], ".xml", NULL);

		parse(&parser, &introspection, "dbus", name);
	}
	g_free(introspection.interface);
	g_assert_cmpuint(g_hash_table_size(methods), ==, n_policy_methods);

	for (gsize i = 0; i < n_policy_methods; i++) {
		const PolicyMethod *entry = &policy_methods[i];
		g_autofree char *name = g_strconcat(entry->interface, ".", entry->member, NULL);

		g_assert_true(policy_method_find(entry->interface, entry->member) == entry);
		g_assert_cmpint(entry->action, <=, ACTION_NONE);
		g_assert_nonnull(entry->verb);
		if (!g_hash_table_remove(methods, name)) {
			g_test_message("%s is in the table and not published, or twice there", name);
			g_test_fail();
		}
	}
	g_hash_table_iter_init(&iter, methods);
	while (g_hash_table_iter_next(&iter, &method, NULL))
		g_test_message("%s is published and not in the table", (char *)method);
	g_assert_cmpuint(g_hash_table_size(methods), ==, 0);
}

static void test_find(void)
{
	g_assert_nonnull(policy_method_find(PREFIX "Manager", "Reload"));
	g_assert_null(policy_method_find(PREFIX "Manager", "Publish"));
	g_assert_null(policy_method_find(PREFIX "Manager", NULL));
	g_assert_null(policy_method_find(NULL, "Reload"));
}

/* Whoever reads is let alone; whoever changes is not. */
static void test_open(void)
{
	static const char *const reading[] = { "Get", "Find", "Preview", "Dump", "Explain", NULL };

	for (gsize i = 0; i < n_policy_methods; i++) {
		bool reads = false;

		for (gsize k = 0; reading[k]; k++)
			reads = reads || g_str_has_prefix(policy_methods[i].member, reading[k]);
		g_test_message("%s.%s", policy_methods[i].interface, policy_methods[i].member);
		g_assert_cmpint(policy_methods[i].action == ACTION_NONE, ==, reads);
	}
}

typedef struct Actions {
	guint declared[N_POLICY_ACTIONS], owned[N_POLICY_ACTIONS], asked[N_POLICY_ACTIONS], kept[N_POLICY_ACTIONS];
	guint current, total;
	bool in_owner, in_default;
} Actions;

static void on_action(G_GNUC_UNUSED GMarkupParseContext *context, const char *element, const char **names,
		      const char **values, gpointer userdata, G_GNUC_UNUSED GError **error)
{
	Actions *actions = userdata;

	actions->in_default = g_str_has_prefix(element, "allow_");
	actions->in_owner = strcmp(element, "annotate") == 0 &&
			    g_strcmp0(attribute(names, values, "key"), "org.freedesktop.policykit.owner") == 0;
	if (strcmp(element, "action") != 0)
		return;
	actions->total++;
	for (actions->current = 0; actions->current < N_POLICY_ACTIONS; actions->current++)
		if (strcmp(policy_action_id(actions->current), attribute(names, values, "id")) == 0)
			break;
	if (actions->current == N_POLICY_ACTIONS)
		g_error("%s is no action of ours", attribute(names, values, "id"));
	actions->declared[actions->current]++;
}

static void on_action_text(G_GNUC_UNUSED GMarkupParseContext *context, const char *text, gsize length,
			   gpointer userdata, G_GNUC_UNUSED GError **error)
{
	Actions *actions = userdata;
	g_autofree char *value = g_strstrip(g_strndup(text, length));

	if (!*value)
		return;
	if (actions->in_owner && strcmp(value, "unix-user:netfilter") == 0)
		actions->owned[actions->current]++;
	if (actions->in_default) {
		actions->asked[actions->current] += g_str_has_prefix(value, "auth_admin");
		actions->kept[actions->current] += g_str_has_suffix(value, "_keep");
	}
}

static void test_actions(void)
{
	static const GMarkupParser parser = { .start_element = on_action, .text = on_action_text };
	Actions actions = {};

	parse(&parser, &actions, "policy", "org.example.NetFilter.policy");
	g_assert_cmpuint(actions.total, ==, N_POLICY_ACTIONS);
	for (guint i = 0; i < N_POLICY_ACTIONS; i++) {
		g_test_message("%s", policy_action_id(i));
		g_assert_true(g_str_has_prefix(policy_action_id(i), PREFIX));
		g_assert_cmpuint(actions.declared[i], ==, 1);
		g_assert_cmpuint(actions.owned[i], ==, 1);
		g_assert_cmpuint(actions.asked[i], ==, 3);
		g_assert_cmpuint(
			actions.kept[i], ==,
			i == ACTION_MANAGE_FOREIGN || i == ACTION_USE_HOST_RESOURCES || i == ACTION_RELOAD ? 0 : 1);
	}
}

typedef struct BusPolicy {
	bool everybody;
	GHashTable *open; /* interfaces everybody may send to */
} BusPolicy;

static void on_bus_policy(G_GNUC_UNUSED GMarkupParseContext *context, const char *element, const char **names,
			  const char **values, gpointer userdata, G_GNUC_UNUSED GError **error)
{
	BusPolicy *policy = userdata;

	if (strcmp(element, "policy") == 0)
		policy->everybody = g_strcmp0(attribute(names, values, "context"), "default") == 0;
	else if (strcmp(element, "allow") == 0 && policy->everybody)
		/* none at all would open every interface there ever will be */
		g_hash_table_add(policy->open, g_strdup(attribute(names, values, "send_interface") ?: "everything"));
}

static void test_bus_policy(void)
{
	static const GMarkupParser parser = { .start_element = on_bus_policy };
	static const char *const standard[] = { "Introspectable", "ObjectManager", "Peer", "Properties" };
	g_autoptr(GHashTable) open = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	BusPolicy policy = { .open = open };

	parse(&parser, &policy, "policy", "org.example.NetFilter.conf");
	for (gsize i = 0; i < G_N_ELEMENTS(interfaces); i++) {
		g_autofree char *interface = g_strconcat(PREFIX, interfaces[i], NULL);

		g_assert_true(g_hash_table_contains(open, interface));
	}
	for (gsize i = 0; i < G_N_ELEMENTS(standard); i++) {
		g_autofree char *interface = g_strconcat("org.freedesktop.DBus.", standard[i], NULL);

		g_assert_true(g_hash_table_contains(open, interface));
	}
	g_assert_cmpuint(g_hash_table_size(open), ==, G_N_ELEMENTS(interfaces) + G_N_ELEMENTS(standard));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	g_test_add_func("/policy/methods", test_methods);
	g_test_add_func("/policy/find", test_find);
	g_test_add_func("/policy/open", test_open);
	g_test_add_func("/policy/actions", test_actions);
	g_test_add_func("/policy/bus", test_bus_policy);
	return g_test_run();
}
