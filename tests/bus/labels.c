/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/rig.h"

#include <string.h>

#define WEB "/network/web"
#define APP WEB "/endpoint/app"
#define FRONT "/ingress/front"

static void create_all(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Subnets': <['172.18.0.0/16']>, 'Labels': <{'team': 'red', 'a': ''}>, 'Endpoints': <["
	     "('heir', {'Addresses': <['172.18.0.3']>}), "
	     "('own', @a{sv} {'Addresses': <['172.18.0.4']>, 'Labels': <{'team': 'blue'}>}), "
	     "('bare', @a{sv} {'Addresses': <['172.18.0.5']>, 'Labels': <@a{ss} {}>})]>}");
	done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}",
	     "'app', {'Addresses': <['172.18.0.2']>, 'Labels': <{'ü': 'Größe 1', 'team': 'red'}>}");
	done(rig, "", "Manager", "CreateIngress", "sa{sv}",
	     "'front', {'Gateway': <'172.18.0.9'>, 'Labels': <{'team': 'red'}>}");
}

static void check_all(Rig *rig)
{
	static const struct {
		const char *path, *interface, *labels;
	} objects[] = {
		{ WEB, "Network", "{'a': '', 'team': 'red'}" },
		{ WEB "/endpoint/heir", "Endpoint", "{'a': '', 'team': 'red'}" },
		{ WEB "/endpoint/own", "Endpoint", "{'team': 'blue'}" },
		{ WEB "/endpoint/bare", "Endpoint", "{}" },
		{ APP, "Endpoint", "{'team': 'red', 'ü': 'Größe 1'}" },
		{ FRONT, "Ingress", "{'team': 'red'}" },
	};
	static const struct {
		const char *labels, *found;
	} finds[] = {
		{ "{'team': 'blue'}", "(['" ROOT WEB "/endpoint/own'],)" },
		{ "{'team': 'red', 'a': ''}", "(['" ROOT WEB "', '" ROOT WEB "/endpoint/heir'],)" },
		{ "{'ü': 'Größe 1'}", "(['" ROOT APP "'],)" },
		{ "{'team': 'red'}",
		  "(['" ROOT WEB "', '" ROOT WEB "/endpoint/heir', '" ROOT APP "', '" ROOT FRONT "'],)" },
		{ "{'team': ''}", "([],)" },
		{ "{'b': ''}", "([],)" },
		{ "{'a': '', 'team': 'blue'}", "([],)" },
		{ "{}", "(['" ROOT WEB "', '" ROOT WEB "/endpoint/heir', '" ROOT WEB "/endpoint/own', '" ROOT WEB
			"/endpoint/bare', '" ROOT APP "', '" ROOT FRONT "'],)" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(objects); i++)
		property_is(rig, objects[i].labels, objects[i].path, objects[i].interface, "Labels");
	for (guint i = 0; i < G_N_ELEMENTS(finds); i++)
		answers(rig, finds[i].found, "", "Manager", "FindObjects", "a{ss}", finds[i].labels);
}

static void found(Rig *rig)
{
	create_all(rig);
	check_all(rig);
	done(rig, APP, "Endpoint", "Delete", "", "");
	answers(rig, "([],)", "", "Manager", "FindObjects", "a{ss}", "{'ü': 'Größe 1'}");
}

static void survive(Rig *rig)
{
	create_all(rig);
	rig_restart(rig);
	check_all(rig);
	/* Once more, from a checkpoint. */
	rig_restart(rig);
	check_all(rig);
}

static void expect_bad(Rig *rig, const char *labels, const char *names)
{
	g_autofree char *network = g_strdup_printf("'bad', {'Subnets': <['172.19.0.0/16']>, 'Labels': <%s>}", labels);
	g_autofree char *endpoint = g_strdup_printf("'bad', {'Addresses': <['172.18.0.9']>, 'Labels': <%s>}", labels);
	g_autofree char *inner = g_strdup_printf(
		"'bad', {'Subnets': <['172.19.0.0/16']>, 'Endpoints': <[('in', {'Addresses': <['172.19.0.2']>, "
		"'Labels': <%s>})]>}",
		labels);
	g_autofree char *ingress = g_strdup_printf("'bad', {'Gateway': <'172.18.0.8'>, 'Labels': <%s>}", labels);

	refused(rig, STANDARD("InvalidArgs"), "Labels", "", "Manager", "CreateNetwork", "sa{sv}", network);
	refused(rig, STANDARD("InvalidArgs"), names, "", "Manager", "CreateNetwork", "sa{sv}", inner);
	refused(rig, STANDARD("InvalidArgs"), names, WEB, "Network", "CreateEndpoint", "sa{sv}", endpoint);
	refused(rig, STANDARD("InvalidArgs"), names, "", "Manager", "CreateIngress", "sa{sv}", ingress);
}

static char *many(guint n, guint value_length)
{
	GString *text = g_string_new("{");
	g_autofree char *value = g_strnfill(value_length, 'v');

	for (guint i = 0; i < n; i++)
		g_string_append_printf(text, "%s'k%02u': '%s'", i > 0 ? ", " : "", i, value);
	g_string_append_c(text, '}');
	return g_string_free(text, FALSE);
}

static void bounded(Rig *rig)
{
	static const struct {
		const char *labels, *names;
	} bad[] = {
		{ "{'': 'x'}", "\"\"" },
		{ "{'a=b': 'x'}", "a=b" },
		{ "{'a\\n': 'x'}", "\"a?\"" },
		{ "{' ': 'x'}", "\" \"" },
		{ "{' a': 'x'}", "\" a\"" },
		{ "{'a ': 'x'}", "\"a \"" },
		{ "{'a': ' x'}", "\" x\"" },
		{ "{'a': 'x '}", "\"x \"" },
		{ "{'a': 'b\\u202e'}", "\"a\"" },
		{ "{'a': 'x', 'b': 'y', 'a': 'z'}", "twice" },
		{ "'a=b'", "\"s\", not \"a{ss}\"" },
		{ "{'a': 1}", "a{si}" },
		{ "['a']", "\"as\"" },
	};
	g_autofree char *key = g_strnfill(129, 'k'), *value = g_strnfill(513, 'v'), *text = NULL;

	create_all(rig);
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
		expect_bad(rig, bad[i].labels, bad[i].names);
	text = g_strdup_printf("{'%s': ''}", key);
	expect_bad(rig, text, "128 bytes");
	g_free(text);
	text = g_strdup_printf("{'k': '%s'}", value);
	expect_bad(rig, text, "512 bytes");
	g_free(text);
	text = many(65, 1);
	expect_bad(rig, text, "at most 64");
	g_free(text);
	text = many(9, 500);
	expect_bad(rig, text, "at most 4096");
	g_free(text);

	/* As many and as much as are allowed. */
	text = many(64, 61);
	value[512] = key[128] = '\0';
	g_free(text);
	text = g_strdup_printf("'full', {'Addresses': <['172.18.0.20']>, 'Labels': <{'%s': '%s'}>}", key, value);
	done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}", text);
	g_free(text);
	text = many(64, 61);
	g_free(value);
	value = g_strdup_printf("'many', {'Addresses': <['172.18.0.21']>, 'Labels': <%s>}", text);
	done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}", value);
	property_is(rig, text, WEB "/endpoint/many", "Endpoint", "Labels");
	refused(rig, STANDARD("InvalidArgs"), "a=b", "", "Manager", "FindObjects", "a{ss}", "{'a=b': ''}");
}

static const BusTest tests[] = {
	{ "/bus/labels/found", found },
	{ "/bus/labels/survive", survive },
	{ "/bus/labels/bounded", bounded },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
