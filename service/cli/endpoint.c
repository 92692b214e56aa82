/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cli/endpoint.h"

#include "dbus/names.h"
#include "service/cli/client.h"
#include "service/cli/namespace.h"
#include "service/cli/object.h"
#include "service/cli/ports.h"
#include "service/cli/value.h"
#include "service/cli/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

int endpoint_make(Cli *cli, const char *network, const char *name, enum life life, int namespace, char **ret_path)
{
	g_autofree const char **families = NULL;
	g_autoptr(GVariant) reply = NULL;
	GError *error = NULL;
	GVariant *settings;
	int r = object_families(cli, network, &families);

	if (r != 0)
		return r;
	settings = endpoint_settings(&cli->options, life, families, namespace, &error);
	if (!settings)
		return report_error(error);
	r = client_call(cli, network, "Network", "CreateEndpoint", g_variant_new("(s@a{sv})", name, settings), &reply);
	if (r == 0 && ret_path)
		g_variant_get(reply, "(o)", ret_path);
	return r;
}

int endpoint_read(Cli *cli, const char *path, GVariant **ret)
{
	g_autoptr(GVariant) reply = NULL;
	int r = client_call(cli, path, STANDARD("Properties"), "GetAll", g_variant_new("(s)", ENDPOINT_INTERFACE),
			    &reply);

	if (r == 0)
		*ret = g_variant_get_child_value(reply, 0);
	return r;
}

static void print_endpoint(const Cli *cli, GVariant *properties)
{
	g_autoptr(GVariant) addresses = property_value(properties, "Addresses", "as");
	g_autoptr(GVariant) ports = property_value(properties, "Ports", "a(ssqqq)");

	if (cli->options.json != JSON_OFF) {
		g_autoptr(GVariant) value = g_variant_ref_sink(g_variant_new_parsed(
			"{'Addresses': <%@as>, 'Ports': <%@aa{sv}>}", addresses, ports_json(ports)));

		value_print_json(value, cli->options.json);
		return;
	}
	if (cli->options.addresses->len == 0) {
		g_autofree const char **texts = g_variant_get_strv(addresses, NULL);
		g_autofree char *lines = g_strjoinv("\n", (char **)texts);

		puts(lines);
	}
	ports_print(cli, ports);
}

/* What was chosen, addresses and ports, only the service knows. */
static int show_choice(Cli *cli, const Object *endpoint)
{
	g_autoptr(GVariant) properties = NULL;
	int r;

	if (cli->options.json == JSON_OFF && cli->options.addresses->len > 0 && cli->options.publish->len == 0)
		return 0;
	r = endpoint_read(cli, endpoint->path, &properties);
	if (r == 0)
		print_endpoint(cli, properties);
	return r;
}

/* In a network that is there. */
static int make_named(Cli *cli, const Object *object, enum life life, int namespace)
{
	g_autofree char *network = object_network_path(object);
	int r = object_check(cli, &(Object){ .kind = OBJECT_NETWORK, .name = object->name });

	if (r == 0)
		r = endpoint_make(cli, network, object->endpoint, life, namespace, NULL);
	return r != 0 ? r : show_choice(cli, object);
}

int verb_endpoint(Cli *cli, char **arguments, guint n G_GNUC_UNUSED)
{
	g_auto(Object) object = {};
	int r = object_of_kind(arguments[0], OBJECT_ENDPOINT, &object);

	return r != 0 ? r : make_named(cli, &object, LIFE_PERSISTENT, -1);
}

static int report_namespace(const char *text, int error)
{
	fprintf(stderr, "\"%s\" is no network namespace that can be entered: %s\n", cut(text), g_strerror(error));
	return error == EPERM || error == EACCES ? EXIT_DENIED : EXIT_FAILED;
}

int verb_attach(Cli *cli, char **arguments, guint n G_GNUC_UNUSED)
{
	g_auto(Object) object = {};
	int r, namespace;

	if (cli->options.host || cli->options.machine)
		return usage_error("attach is for namespaces of this machine, and not of another one");
	r = object_of_kind(arguments[0], OBJECT_ENDPOINT, &object);
	if (r != 0)
		return r;
	namespace = namespace_socket(arguments[1]);
	if (namespace < 0)
		return report_namespace(arguments[1], -namespace);
	/* It lives as its interface does. */
	r = make_named(cli, &object, LIFE_CONNECTION, namespace);
	close(namespace);
	return r;
}
