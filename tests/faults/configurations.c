/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The service dies, and is configured otherwise when it comes again: what only the configuration before asked for goes,
 * and nothing of it is left when the objects have gone. */

#include "tests/support/rig.h"

#include <string.h>

/* Every one that says which rules stand. */
static const struct {
	const char *off, *on;
} options[] = {
	{ "Hairpin=no", "Hairpin=yes" },
	{ "LocalhostPublish=no", "LocalhostPublish=yes" },
	{ "ContainerPublish=no", "ContainerPublish=yes" },
	{ "DropInvalid=no", "DropInvalid=yes" },
	{ "ProtectEndpoints=no", "ProtectEndpoints=yes" },
	{ "IsolationPairwiseMax=32", "IsolationPairwiseMax=0" },
	{ "AllowFrom=", "AllowFrom=192.0.2.0/24 2001:db8:1::/64" },
};

enum { ALL_ON = (1 << G_N_ELEMENTS(options)) - 1 };

static char *configuration_of(guint on, const char *backend)
{
	GString *text = g_string_new(backend);

	for (guint i = 0; i < G_N_ELEMENTS(options); i++)
		g_string_append_printf(text, "\n%s", on & 1 << i ? options[i].on : options[i].off);
	return g_string_free(text, FALSE);
}

typedef struct Object {
	const char *create, *arguments, *path, *interface;
} Object;

static const Object ingresses[] = {
	{ "CreateIngress",
	  "'front', {'Gateway': <'192.0.2.2'>, 'Bridge': <'uplink'>, 'Persistent': <true>, 'Ports': <[('tcp', uint16 "
	  "443)]>}",
	  "/ingress/front", "Ingress" },
	{ "CreateIngress",
	  "'back', {'Gateway': <'fd00:18::9'>, 'Bridge': <'uplink'>, 'Persistent': <true>, 'Ports': <[('udp', uint16 "
	  "53)]>}",
	  "/ingress/back", "Ingress" },
	{},
};

static const Object networks[] = {
	{ "CreateNetwork",
	  "'web', {'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'Persistent': <true>, 'Endpoints': <[('app', "
	  "{'Persistent': <true>, 'Addresses': <['172.18.0.2', 'fd00:18::2']>, 'Ports': <[('tcp', '', uint16 8080, "
	  "uint16 80, uint16 1), ('tcp', '127.0.0.1', uint16 8081, uint16 80, uint16 1)]>})]>}",
	  "/network/web", "Network" },
	{ "CreateNetwork",
	  "'quiet', {'Subnets': <['172.19.0.0/16']>, 'Persistent': <true>, 'InterContainerCommunication': <false>}",
	  "/network/quiet", "Network" },
	{ "CreateNetwork", "'inner', {'Subnets': <['172.21.0.0/16']>, 'Persistent': <true>, 'Internal': <true>}",
	  "/network/inner", "Network" },
	{ "CreateNetwork",
	  "'routed', {'Subnets': <['172.22.0.0/16']>, 'Persistent': <true>, 'GatewayMode': <'routed'>}",
	  "/network/routed", "Network" },
	{},
};

static void create(Rig *rig, const Object *objects)
{
	for (; objects->create; objects++)
		done(rig, "", "Manager", objects->create, "sa{sv}", objects->arguments);
}

static void delete (Rig *rig, const Object *objects)
{
	for (; objects->create; objects++)
		done(rig, objects->path, objects->interface, "Delete", "", "");
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
}

static void start(Rig *rig, const char *configuration)
{
	rig->configuration = configuration;
	rig_restart(rig);
}

/* It cannot be read at first, and what is put right is read by Reload. */
static void start_misconfigured(Rig *rig, const char *configuration)
{
	start(rig, "Hairpin=perhaps");
	rig_configure(rig, configuration);
	done(rig, "", "Manager", "Reload", "", "");
	rig->configuration = configuration;
}

typedef void (*Start)(Rig *rig, const char *configuration);

/* With the objects the rules are those of a service that never knew another configuration, and so without them. */
static void change(Rig *rig, const Object *objects, const char *before, const char *after, Start restart)
{
	g_autofree char *with = NULL, *without = NULL, *with_now = NULL, *without_now = NULL;

	start(rig, after);
	create(rig, objects);
	with = rig_rules(rig);
	delete (rig, objects);
	without = rig_rules(rig);

	start(rig, before);
	create(rig, objects);
	restart(rig, after);
	with_now = rig_rules(rig);
	delete (rig, objects);
	without_now = rig_rules(rig);
	if (strcmp(with, with_now) == 0 && strcmp(without, without_now) == 0)
		return;
	g_test_message("from\n%s\nto\n%s\nwith:\n%s\nnot\n%s\nwithout:\n%s\nnot\n%s", before, after, with_now, with,
		       without_now, without);
	g_test_fail();
}

static void change_each(Rig *rig, const Object *objects)
{
	for (guint i = 0; i < G_N_ELEMENTS(options); i++) {
		const guint one = 1 << i, pairs[][2] = {
			{ one, 0 },
			{ 0, one },
			{ ALL_ON, ALL_ON & ~one },
			{ ALL_ON & ~one, ALL_ON },
		};

		for (guint p = 0; p < G_N_ELEMENTS(pairs); p++) {
			g_autofree char *before = configuration_of(pairs[p][0], "");
			g_autofree char *after = configuration_of(pairs[p][1], "");

			change(rig, objects, before, after, start);
			if (g_test_failed())
				return;
		}
	}
}

static void change_all(Rig *rig, const Object *objects, Start restart, const char *backend)
{
	for (guint i = 0; i < 2; i++) {
		/* Hairpin mode leaves out some of what the others ask for. */
		g_autofree char *before = configuration_of(ALL_ON & ~i, "");
		g_autofree char *after = configuration_of(0, backend);

		change(rig, objects, before, after, restart);
	}
}

static void one_option_ingresses(Rig *rig)
{
	change_each(rig, ingresses);
}

static void one_option_networks(Rig *rig)
{
	change_each(rig, networks);
}

static void misconfigured(Rig *rig)
{
	change_all(rig, ingresses, start_misconfigured, "");
	change_all(rig, networks, start_misconfigured, "");
}

static void other_backend(Rig *rig)
{
	change_all(rig, ingresses, start, "Backend=nftables");
	change_all(rig, networks, start, "Backend=nftables");
}

static const BusTest tests[] = {
	{ "/configurations/ingresses", one_option_ingresses },
	{ "/configurations/networks", one_option_networks },
	{ "/configurations/misconfigured", misconfigured },
	{ "/configurations/other-backend", other_backend },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
