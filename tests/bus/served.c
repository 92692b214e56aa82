/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Interfaces that come and go under those that they serve, by others' hands. */

#include "tests/support/signals.h"

#include <net/if.h>
#include <string.h>

#define WEB "/network/web"
#define FRONT "/ingress/front"

enum { WAIT_MS = 5000 };

/* --- what is looked at --- */

static bool property_becomes(const Rig *rig, const char *value, const char *path, const char *interface)
{
	g_autofree char *found = NULL;

	for (guint i = 0; i < WAIT_MS; i++) {
		g_free(found);
		found = property(rig, path, interface, "Served");
		if (g_strcmp0(found, value) == 0)
			return true;
		g_usleep(G_TIME_SPAN_MILLISECOND);
	}
	g_test_message("%s is Served=%s", path, found);
	g_test_fail();
	return false;
}

static char *switch_of(const Rig *rig, const char *interface, const char *name)
{
	char *value = netns_output(rig->host, "sysctl -n net.ipv4.conf.%s.%s", interface, name);

	return g_strchomp(value);
}

static void switch_becomes(const Rig *rig, const char *expected, const char *interface, const char *name)
{
	g_autofree char *value = NULL;

	for (guint i = 0; i < WAIT_MS / 10; i++) {
		g_free(value);
		value = switch_of(rig, interface, name);
		if (strcmp(value, expected) == 0)
			return;
		g_usleep(10 * G_TIME_SPAN_MILLISECOND);
	}
	g_test_message("%s of %s is %s", name, interface, value);
	g_test_fail();
}

static void create_web(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Subnets': <['172.18.0.0/16']>, 'Bridge': <'br0'>, 'Endpoints': <[('app', {'Addresses': "
	     "<['172.18.0.2']>, 'Ports': <[('tcp', '', uint16 8080, uint16 80, uint16 1)]>})]>}");
}

static void make_bridge(const Rig *rig, const char *more)
{
	netns_run(rig->host, "ip link add br0 %s type bridge", more);
	netns_run(rig->host, "ip address add 172.18.0.1/16 dev br0");
	netns_run(rig->host, "ip link set br0 up");
}

/* --- an ingress --- */

/* It stays through any number of restarts without what it leads to, and is served when that comes. */
static void ingress(Rig *rig)
{
	g_autofree char *rules = NULL;
	Signals *signals;

	netns_run(rig->host, "ip link add gate type bridge");
	netns_run(rig->host, "ip link set gate up");
	done(rig, "", "Manager", "CreateIngress", "sa{sv}",
	     "'front', {'Gateway': <'172.30.0.2'>, 'Bridge': <'gate'>, 'Ports': <[('tcp', uint16 9003)]>}");
	switch_becomes(rig, "1", "gate", "route_localnet");
	property_is(rig, "true", FRONT, "Ingress", "Served");
	rules = rig_rules(rig);

	signals = signals_new(rig);
	netns_run(rig->host, "ip link delete gate");
	property_becomes(rig, "false", FRONT, "Ingress");
	for (guint i = 0; i < 3; i++) {
		g_autofree char *after = NULL;

		rig_restart(rig);
		property_is(rig, "false", FRONT, "Ingress", "Served");
		answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
		after = rig_rules(rig);
		g_assert_cmpstr(after, ==, rules);
	}
	netns_run(rig->host, "ip link add gate type bridge");
	property_becomes(rig, "true", FRONT, "Ingress");
	switch_becomes(rig, "1", "gate", "route_localnet");
	g_autofree char *text = signals_take(signals);
	g_assert_nonnull(strstr(text, "PropertiesChanged /ingress/front Served=false"));
	g_assert_nonnull(strstr(text, "PropertiesChanged /ingress/front Served=true"));
	signals_free(signals);

	rig_restart(rig);
	done(rig, FRONT, "Ingress", "Delete", "", "");
	switch_becomes(rig, "0", "gate", "route_localnet");
	netns_run(rig->host, "ip link delete gate");
}

/* --- a network --- */

typedef struct Exchange {
	const char *what;
	bool ours;         /* the bridge was made by us, else it was there */
	bool dead;         /* while no instance runs */
	bool same_ifindex; /* which the new one asks for */
	bool restarted;    /* before the network is deleted */
} Exchange;

static const Exchange exchanges[] = {
	{ "ours, running", .ours = true },
	{ "ours, running, restarted", .ours = true, .restarted = true },
	{ "ours, running, same ifindex", .ours = true, .same_ifindex = true },
	{ "ours, dead", .ours = true, .dead = true },
	{ "ours, dead, restarted", .ours = true, .dead = true, .restarted = true },
	{ "ours, dead, same ifindex", .ours = true, .dead = true, .same_ifindex = true },
	{ "adopted, running" },
	{ "adopted, running, restarted", .restarted = true },
	{ "adopted, dead", .dead = true },
};

/* Whoever made the bridge last keeps it, with our switches as long as the network is there. */
static void exchanged(Rig *rig)
{
	for (guint i = 0; i < G_N_ELEMENTS(exchanges); i++) {
		const Exchange *exchange = &exchanges[i];
		g_autofree char *more = NULL;

		if (!exchange->ours)
			make_bridge(rig, "");
		create_web(rig);
		switch_becomes(rig, "1", "br0", "route_localnet");
		if (exchange->dead)
			service_kill(rig->service);
		more = exchange->same_ifindex ? g_strdup_printf("index %u", if_nametoindex("br0")) : g_strdup("");
		netns_run(rig->host, "ip link delete br0");
		make_bridge(rig, more);
		if (exchange->dead)
			rig->service = service_start(rig->starter, rig->configuration);
		switch_becomes(rig, "1", "br0", "route_localnet");
		property_becomes(rig, "true", WEB, "Network");
		if (exchange->restarted)
			rig_restart(rig);
		done(rig, WEB, "Network", "Delete", "", "");
		if (if_nametoindex("br0") == 0) {
			g_test_message("%s: the bridge was deleted", exchange->what);
			g_test_fail();
			continue;
		}
		switch_becomes(rig, "0", "br0", "route_localnet");
		netns_run(rig->host, "ip link delete br0");
	}
}

/* A bridge of ours that Reconcile() made is ours after a crash, too. */
static void made_again(Rig *rig)
{
	g_autofree char *generation = NULL;

	create_web(rig);
	netns_run(rig->host, "ip link delete br0");
	property_becomes(rig, "false", WEB, "Network");
	netns_run(rig->host, "iptables-legacy -t nat -F DOCKER");
	done(rig, "", "Manager", "Reconcile", "", "");
	property_is(rig, "true", WEB, "Network", "Served");
	generation = property(rig, "", "Manager", "Generation");
	rig_restart(rig);
	property_is(rig, generation, "", "Manager", "Generation");
	done(rig, WEB, "Network", "Delete", "", "");
	g_assert_cmpuint(if_nametoindex("br0"), ==, 0);
}

/* What was done to it goes with it, and comes back with it. */
static void renamed(Rig *rig)
{
	create_web(rig);
	netns_run(rig->host, "ip link set br0 down");
	netns_run(rig->host, "ip link set br0 name br1");
	property_becomes(rig, "false", WEB, "Network");
	netns_run(rig->host, "ip link set br1 name br0");
	property_becomes(rig, "true", WEB, "Network");
	switch_becomes(rig, "1", "br0", "route_localnet");
	done(rig, WEB, "Network", "Delete", "", "");
	g_assert_cmpuint(if_nametoindex("br0"), ==, 0);
}

static const BusTest tests[] = {
	{ "/bus/served/ingress", ingress },
	{ "/bus/served/exchanged", exchanged },
	{ "/bus/served/made-again", made_again },
	{ "/bus/served/renamed", renamed },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
