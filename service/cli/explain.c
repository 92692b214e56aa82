/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/names.h"
#include "service/cli/client.h"
#include "service/cli/object.h"
#include "service/cli/table.h"
#include "service/cli/value.h"
#include "service/cli/verbs.h"

#include "service/model/address.h"
#include "service/model/port.h"

#include <stdio.h>
#include <string.h>

/* An end of a packet as it is written: "192.0.2.5", "[fd00::2]:53/udp", "web/app:8080". */
typedef struct End {
	char *text; /* without what follows */
	guint16 port;
	const char *protocol; /* static; NULL: not said */
} End;

static void end_clear(End *end)
{
	g_clear_pointer(&end->text, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(End, end_clear)

/* Cuts "/udp" off. */
static const char *take_protocol(char *text)
{
	char *slash = strrchr(text, '/');
	guint8 protocol = slash ? protocol_from_string(slash + 1) : 0;

	if (protocol == 0 || !strchr(text, ':'))
		return NULL;
	*slash = '\0';
	return protocol_to_string(protocol);
}

/* Cuts ":8080" off; the colons of an address without brackets are its own. */
static bool take_port(char *text, guint16 *ret)
{
	char *colon = strrchr(text, ':');
	Address address;
	guint64 port;

	if (!colon || address_parse(text, &address) ||
	    !g_ascii_string_to_unsigned(colon + 1, 10, 1, G_MAXUINT16, &port, NULL))
		return false;
	*colon = '\0';
	*ret = port;
	return true;
}

static void take_brackets(char *text)
{
	gsize length = strlen(text);

	if (length < 2 || *text != '[' || text[length - 1] != ']')
		return;
	memmove(text, text + 1, length - 2);
	text[length - 2] = '\0';
}

static End end_read(const char *text)
{
	End end = { .text = g_strdup(text) };

	end.protocol = take_protocol(end.text);
	(void)take_port(end.text, &end.port);
	take_brackets(end.text);
	return end;
}

/* As the service takes it: an address, or the path of an object that is there. */
static int find_end(Cli *cli, const char *text, char **ret)
{
	g_auto(Object) object = {};
	Address address;
	int r;

	if (address_parse(text, &address)) {
		*ret = g_strdup(text);
		return 0;
	}
	r = object_find(cli, text, &object);
	if (r != 0)
		return r;
	if (object.kind == OBJECT_NETWORK)
		return usage_error(
			"\"%s\" is a network; a packet has an address, NETWORK/ENDPOINT or ingress:NAME at its "
			"ends",
			cut(text));
	*ret = g_strdup(object.path);
	return 0;
}

/* What an object's rules say is in the words; of what others wrote there is nothing but the rule. */
static char *step_text(const char *about, const char *rule, const char *words)
{
	return g_str_equal(about, "foreign") && *rule ? g_strdup_printf("%s: %s", words, rule) : g_strdup(words);
}

static void print_steps(Cli *cli, GVariant *steps)
{
	enum { ABOUT, OBJECT, WORDS, N_COLUMNS };
	static const Column columns[N_COLUMNS] = { { "ABOUT", "About" },
						   { "OBJECT", "Object", false, true },
						   { "WHY", "Words" } };
	g_autoptr(Table) table = table_new(columns, N_COLUMNS, NULL);
	const char *about, *object, *rule, *words;
	GVariantIter iter;

	g_variant_iter_init(&iter, steps);
	while (g_variant_iter_next(&iter, "(&s&o&s&s)", &about, &object, &rule, &words)) {
		Row *row = table_add(table, NULL);

		row_set(row, ABOUT, g_strdup(about), NULL);
		row_set(row, OBJECT, g_str_equal(object, "/") ? g_strdup("") : object_text(object), NULL);
		row_set(row, WORDS, step_text(about, rule, words), NULL);
	}
	table_print(table, cli);
}

static void print_json(Cli *cli, const char *verdict, GVariant *steps)
{
	const char *about, *object, *rule, *words;
	GVariantBuilder list, all;
	g_autoptr(GVariant) value = NULL;
	GVariantIter iter;

	g_variant_builder_init(&list, G_VARIANT_TYPE("aa{ss}"));
	g_variant_iter_init(&iter, steps);
	while (g_variant_iter_next(&iter, "(&s&o&s&s)", &about, &object, &rule, &words)) {
		g_autofree char *name = g_str_equal(object, "/") ? g_strdup("") : object_text(object);
		GVariantBuilder step;

		g_variant_builder_init(&step, G_VARIANT_TYPE("a{ss}"));
		g_variant_builder_add(&step, "{ss}", "About", about);
		g_variant_builder_add(&step, "{ss}", "Object", name);
		g_variant_builder_add(&step, "{ss}", "Rule", rule);
		g_variant_builder_add(&step, "{ss}", "Words", words);
		g_variant_builder_add_value(&list, g_variant_builder_end(&step));
	}
	g_variant_builder_init(&all, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&all, "{sv}", "Verdict", g_variant_new_string(verdict));
	g_variant_builder_add(&all, "{sv}", "Steps", g_variant_builder_end(&list));
	value = g_variant_ref_sink(g_variant_builder_end(&all));
	value_print_json(value, cli->options.json);
}

static int ask(Cli *cli, const char *source, const char *destination, const End *from, const End *to)
{
	g_autoptr(GVariant) reply = NULL, steps = NULL;
	GVariantBuilder packet;
	const char *verdict;
	int r;

	g_variant_builder_init(&packet, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&packet, "{sv}", "Source", g_variant_new_string(source));
	g_variant_builder_add(&packet, "{sv}", "Destination", g_variant_new_string(destination));
	g_variant_builder_add(&packet, "{sv}", "Port", g_variant_new_uint16(to->port));
	if (to->protocol)
		g_variant_builder_add(&packet, "{sv}", "Protocol", g_variant_new_string(to->protocol));
	if (from->port != 0)
		g_variant_builder_add(&packet, "{sv}", "SourcePort", g_variant_new_uint16(from->port));
	if (cli->options.interface)
		g_variant_builder_add(&packet, "{sv}", "InInterface", g_variant_new_string(cli->options.interface));
	r = client_call(cli, ROOT_PATH, "Manager", "Explain", g_variant_new("(a{sv})", &packet), &reply);
	if (r != 0)
		return r;
	g_variant_get(reply, "(&s@a(soss))", &verdict, &steps);
	if (cli->options.json != JSON_OFF) {
		print_json(cli, verdict, steps);
		return 0;
	}
	puts(verdict);
	if (!cli->options.quiet)
		print_steps(cli, steps);
	return 0;
}

static bool is_arrow(const char *text)
{
	return g_str_equal(text, "→") || g_str_equal(text, "->") || g_str_equal(text, "to");
}

int verb_explain(Cli *cli, char **arguments, guint n)
{
	g_auto(End) from = end_read(arguments[0]), to = end_read(arguments[n - 1]);
	g_autofree char *source = NULL, *destination = NULL;
	int r;

	if (n == 3 && !is_arrow(arguments[1]))
		return usage_error(
			"\"%s\" is no arrow; explain is written: netfilterctl explain SOURCE → DESTINATION:PORT",
			cut(arguments[1]));
	if (to.port == 0)
		return usage_error(
			"\"%s\" has no port: write ADDRESS:PORT, [ADDRESS]:PORT or NETWORK/ENDPOINT:PORT, and "
			"maybe /PROTOCOL",
			cut(arguments[n - 1]));
	r = find_end(cli, from.text, &source);
	if (r == 0)
		r = find_end(cli, to.text, &destination);
	return r == 0 ? ask(cli, source, destination, &from, &to) : r;
}
