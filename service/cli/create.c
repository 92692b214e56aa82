/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/names.h"
#include "service/cli/boot.h"
#include "service/cli/client.h"
#include "service/cli/object.h"
#include "service/cli/options.h"
#include "service/cli/settings.h"
#include "service/cli/value.h"
#include "service/cli/verbs.h"

/* The object is one that --permanent may be said of. */
static int create(Cli *cli, const char *member, const char *name, GVariant *settings)
{
	int r = client_call(cli, ROOT_PATH, "Manager", member, g_variant_new("(s@a{sv})", name, settings), NULL);

	if (r == 0 && cli->options.permanent)
		boot_hint(cli);
	return r;
}

static int need_subnet(const Cli *cli, const char *verb)
{
	if (cli->options.subnets->len > 0)
		return 0;
	return usage_error(
		"%s needs --subnet=SUBNET, like 172.18.0.0/16; \"netfilterctl list\" shows those that are taken", verb);
}

int verb_create(Cli *cli, char **arguments, guint n G_GNUC_UNUSED)
{
	g_auto(Object) object = {};
	int r = object_of_kind(arguments[0], OBJECT_NETWORK, &object);

	if (r == 0)
		r = need_subnet(cli, "create");
	if (r != 0)
		return r;
	return create(cli, "CreateNetwork", object.name, network_settings(&cli->options, LIFE_PERSISTENT));
}

/* With or without the prefix that an ingress has elsewhere: here it can be nothing else. */
static int read_ingress(const char *text, Object *ret)
{
	g_autofree char *name = g_str_has_prefix(text, "ingress:") || *text == '/'
					? g_strdup(text)
					: g_strconcat("ingress:", text, NULL);

	return object_of_kind(name, OBJECT_INGRESS, ret);
}

int verb_ingress(Cli *cli, char **arguments, guint n G_GNUC_UNUSED)
{
	g_auto(Object) object = {};
	GError *error = NULL;
	GVariant *settings;
	int r = read_ingress(arguments[0], &object);

	if (r != 0)
		return r;
	settings = ingress_settings(&cli->options, LIFE_PERSISTENT, &error);
	if (!settings)
		return report_error(error);
	return create(cli, "CreateIngress", object.name, settings);
}

int verb_gateways(Cli *cli, char **arguments, guint n)
{
	g_auto(Object) object = {};
	int r = read_ingress(arguments[0], &object);

	if (r == 0)
		r = object_check(cli, &object);
	return r != 0 ? r
		      : client_call(
				cli, object.path, "Ingress", "SetGateways",
				g_variant_new("(@as)", g_variant_new_strv((const char *const *)arguments + 1, n - 1)),
				NULL);
}

static void print_rules(Cli *cli, GVariant *reply)
{
	const char *rules;

	g_variant_get(reply, "(&s)", &rules);
	if (cli->options.json == JSON_OFF) {
		fputs(rules, stdout);
	} else {
		g_autoptr(GVariant) text = g_variant_get_child_value(reply, 0);

		value_print_json(text, cli->options.json);
	}
}

int verb_preview(Cli *cli, char **arguments, guint n G_GNUC_UNUSED)
{
	g_autoptr(GVariant) reply = NULL;
	g_auto(Object) object = {};
	GError *error = NULL;
	GVariant *settings;
	bool ingress;
	int r;

	if (!object_parse(arguments[0], &object, &error))
		return report_error(error);
	if (object.kind == OBJECT_ENDPOINT)
		return usage_error("\"%s\" is an endpoint; a preview is of a network or of ingress:NAME",
				   cut(arguments[0]));
	ingress = object.kind == OBJECT_INGRESS;
	if (!options_check(ingress ? "a preview of an ingress" : "a preview of a network",
			   ingress ? OPTIONS_OF_INGRESS : OPTIONS_OF_NETWORK))
		return EXIT_USAGE;
	r = ingress ? 0 : need_subnet(cli, "a preview of a network");
	if (r != 0)
		return r;
	settings = ingress ? ingress_settings(&cli->options, LIFE_PERSISTENT, &error)
			   : network_settings(&cli->options, LIFE_PERSISTENT);
	if (!settings)
		return report_error(error);
	r = client_call(cli, ROOT_PATH, "Manager", ingress ? "PreviewIngress" : "PreviewNetwork",
			g_variant_new("(s@a{sv})", object.name, settings), &reply);
	if (r == 0)
		print_rules(cli, reply);
	return r;
}
