/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/signals.h"

#include <string.h>

/* Who may reach published ports: what is taken for a list and what is not, and what becomes of it. */

#define WEB "/network/web"
#define APP WEB "/endpoint/app"
#define FRONT "/ingress/front"
#define INVALID STANDARD("InvalidArgs")
#define QUOTA OURS("QuotaExceeded")

static void create_world(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'web', {'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>}");
	done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}",
	     "'app', {'Addresses': <['172.18.0.2']>, 'Ports': <[('tcp', '', 8080, 80, 1)]>}");
	done(rig, "", "Manager", "CreateIngress", "sa{sv}",
	     "'front', {'Gateway': <'172.18.0.9'>, 'Ports': <[('tcp', 443), ('udp', 443)]>}");
}

static const struct {
	const char *path, *interface;
} objects[] = { { WEB, "Network" }, { APP, "Endpoint" }, { FRONT, "Ingress" } };

/* "10.0.0.0/8" or as many prefixes as are asked for, as the settings of an Update. */
static char *many(guint n)
{
	GString *text = g_string_new("{'AllowFrom': <[");

	for (guint i = 0; i < n; i++)
		g_string_append_printf(text, "%s'10.%u.%u.0/24'", i > 0 ? ", " : "", i / 256, i % 256);
	g_string_append(text, "]>}");
	return g_string_free(text, FALSE);
}

static char *many_interfaces(guint n)
{
	GString *text = g_string_new("{'AllowFrom': <[");

	for (guint i = 0; i < n; i++)
		g_string_append_printf(text, "%s'eth%u'", i > 0 ? ", " : "", i);
	g_string_append(text, "]>}");
	return g_string_free(text, FALSE);
}

static void bad_values(Rig *rig)
{
	static const struct {
		const char *value, *names;
	} bad[] = {
		{ "'lo'", "AllowFrom is of type \"s\"" },
		{ "['192.168.0.0/33']", "\"192.168.0.0/33\"" },
		{ "['lo', '']", "\"\"" },
		{ "['10.0.0']", "\"10.0.0\"" },
		{ "['2001:db8::/129']", "\"2001:db8::/129\"" },
		{ "['all']", "\"all\"" },
		{ "['eth+']", "\"eth+\"" },
		{ "['an-interface-of-that-name']", "\"an-interface-of-that-name\"" },
		{ "['10.0.0.0/8%eth0']", "\"10.0.0.0/8%eth0\"" },
		{ "['127.0.0.0/8']", "\"lo\"" },
		{ "['::1']", "\"::1\"" },
	};
	g_autofree char *too_many = many(1025), *too_many_interfaces = many_interfaces(65);

	create_world(rig);
	for (guint o = 0; o < G_N_ELEMENTS(objects); o++) {
		for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
			g_autofree char *arguments = g_strdup_printf("{'AllowFrom': <%s>}", bad[i].value);

			refused(rig, INVALID, bad[i].names, objects[o].path, objects[o].interface, "Update", "a{sv}",
				arguments);
		}
		refused(rig, QUOTA, "1025", objects[o].path, objects[o].interface, "Update", "a{sv}", too_many);
		refused(rig, QUOTA, "\"eth64\"", objects[o].path, objects[o].interface, "Update", "a{sv}",
			too_many_interfaces);
	}
	refused(rig, INVALID, "\"Ports\"", APP, "Endpoint", "Update", "a{sv}", "{'Ports': <['10.0.0.0/8']>}");
	/* Each is rules for every port of an ingress. */
	{
		g_autofree char *arguments = many(1024);

		done(rig, FRONT, "Ingress", "Update", "a{sv}", arguments);
		refused(rig, QUOTA, "1024 sources for each of 5 ports", FRONT, "Ingress", "Publish", "a(sq)",
			"[('tcp', 1001), ('tcp', 1002), ('tcp', 1003)]");
	}
}

static void good_values(Rig *rig)
{
	static const struct {
		const char *given, *shown;
	} good[] = {
		{ "['192.168.7.1/16', 'wg0', 'lo']", "['192.168.0.0/16', 'wg0', 'lo']" },
		{ "['192.0.2.1', '2001:db8::1']", "['192.0.2.1/32', '2001:db8::1/128']" },
		{ "['lo', 'lo', '10.0.0.0/8', '10.1.2.3/8']", "['lo', '10.0.0.0/8']" },
		{ "['0.0.0.0/0', '::/0', '10.0.0.0/8']", "['0.0.0.0/0', '::/0', '10.0.0.0/8']" },
		{ "@as []", "[]" },
	};
	Signals *signals;
	g_autofree char *before = NULL, *after = NULL;

	create_world(rig);
	before = rig_rules(rig);
	for (guint o = 0; o < G_N_ELEMENTS(objects); o++)
		for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
			g_autofree char *arguments = g_strdup_printf("{'AllowFrom': <%s>}", good[i].given);

			done(rig, objects[o].path, objects[o].interface, "Update", "a{sv}", arguments);
			property_is(rig, good[i].shown, objects[o].path, objects[o].interface, "AllowFrom");
			property_is(rig, good[i].shown, objects[o].path, objects[o].interface, "EffectiveAllowFrom");
		}
	after = rig_rules(rig);
	g_assert_cmpstr(before, ==, after);

	signals = signals_new(rig);
	done(rig, WEB, "Network", "Update", "a{sv}", "{'AllowFrom': <['10.0.0.0/8']>}");
	done(rig, WEB, "Network", "Update", "a{sv}", "{'AllowFrom': <['10.0.0.0/8']>}");
	done(rig, APP, "Endpoint", "Update", "a{sv}", "{}");
	{
		g_autofree char *told = signals_take(signals);

		g_assert_cmpstr(told, ==, "PropertiesChanged /network/web AllowFrom=['10.0.0.0/8']");
	}
	signals_free(signals);
	property_is(rig, "[]", APP, "Endpoint", "AllowFrom");
	property_is(rig, "['10.0.0.0/8']", APP, "Endpoint", "EffectiveAllowFrom");
	rig_restart(rig);
}

/* As properties are printed. */
static const char *strip_type(const char *value)
{
	return g_str_has_prefix(value, "@as ") ? value + 4 : value;
}

/* The configuration is the most that any list lets through, and a wish is a wish all the same. */
static void effective(Rig *rig)
{
	static const struct {
		const char *wish, *effective;
	} cases[] = {
		{ "@as []", "['192.168.0.0/16', 'lo', 'wg0']" },
		{ "['0.0.0.0/0', 'lo']", "['192.168.0.0/16', '0.0.0.0/0%wg0', 'lo']" },
		{ "['192.168.7.0/24']", "['192.168.7.0/24', '192.168.7.0/24%wg0']" },
		{ "['eth0', 'wg0']", "['192.168.0.0/16%eth0', '192.168.0.0/16%wg0', 'wg0']" },
		{ "['lo']", "['lo']" },
		{ "['eth1']", "['192.168.0.0/16%eth1']" },
		{ "['10.0.0.0/8']", "['10.0.0.0/8%wg0']" },
		{ "['2001:db8::/32']", "['2001:db8::/32%wg0']" },
	};

	create_world(rig);
	for (guint o = 0; o < G_N_ELEMENTS(objects); o++)
		for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
			g_autofree char *arguments = g_strdup_printf("{'AllowFrom': <%s>}", cases[i].wish);

			done(rig, objects[o].path, objects[o].interface, "Update", "a{sv}", arguments);
			property_is(rig, strip_type(cases[i].wish), objects[o].path, objects[o].interface, "AllowFrom");
			property_is(rig, cases[i].effective, objects[o].path, objects[o].interface,
				    "EffectiveAllowFrom");
			done(rig, objects[o].path, objects[o].interface, "Update", "a{sv}", "{'AllowFrom': <@as []>}");
		}
	refused(rig, QUOTA, "MaxSources=3", WEB, "Network", "Update", "a{sv}",
		"{'AllowFrom': <['10.0.0.0/24', '10.1.0.0/24', '10.2.0.0/24', '10.3.0.0/24']>}");
	done(rig, WEB, "Network", "Update", "a{sv}", "{'AllowFrom': <['10.0.0.0/24', '10.1.0.0/24']>}");
	refused(rig, QUOTA, "MaxSources=3", APP, "Endpoint", "Update", "a{sv}",
		"{'AllowFrom': <['10.0.0.0/24', '10.1.0.0/24']>}");
	done(rig, WEB, "Network", "Delete", "", "");
	done(rig, FRONT, "Ingress", "Update", "a{sv}", "{'AllowFrom': <['10.0.0.0/24', '10.1.0.0/24', 'lo']>}");
	rig_configure(rig, "AllowFrom=10.0.0.0/33");
	refused(rig, INVALID, "10.0.0.0/33", "", "Manager", "Reload", "", "");
	rig_configure(rig, "HostBinding=somewhere");
	refused(rig, INVALID, "HostBinding=\"somewhere\"", "", "Manager", "Reload", "", "");
}

static const BusTest tests[] = {
	{ "/allow-from/bad-values", bad_values },
	{ "/allow-from/good-values", good_values },
	{ "/allow-from/effective", effective, "AllowFrom=192.168.0.0/16 lo wg0\nMaxSources=3" },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
