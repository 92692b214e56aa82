/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/signals.h"

#include <string.h>

/*
 * What somebody else does to the legacy tables, of which the kernel tells nobody, is found by looking at their size
 * each CheckIntervalSec=; and nothing wakes up for it where there is nothing to look at.
 */

/* Who floods as often as this waits for the last of it: service/host/pace.h. */
enum { WAIT_MS = 30000 };

static void create(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Bridge': <'br0'>, 'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'Persistent': <true>, "
	     "'Endpoints': <[('app', {'Addresses': <['172.18.0.2']>, 'Ports': <[('tcp', '127.0.0.1', uint16 8080, "
	     "uint16 80, uint16 1)]>})]>}");
}

static void is_told(Signals *signals, const char *damage)
{
	for (guint i = 0; i < WAIT_MS / 20; i++) {
		g_autofree char *text = signals_take(signals);

		if (strstr(text, "Drifted (['"))
			return;
		g_usleep(20 * G_TIME_SPAN_MILLISECOND);
	}
	g_test_message("%s: nobody was told", damage);
	g_test_fail();
}

static const char *const floods[] = {
	"iptables-legacy -F FORWARD",
	"iptables-legacy -F",
	"iptables-legacy -t nat -F",
	"iptables-legacy -t nat -F DOCKER",
	"iptables-legacy -t raw -F",
	"ip6tables-legacy -F",
	"ip6tables-legacy -t nat -F",
	"iptables-legacy -D FORWARD 1",
	"sh -c 'iptables-legacy -F && iptables-legacy -X'",
	"sh -c 'echo \"*filter\nCOMMIT\n*nat\nCOMMIT\" | iptables-legacy-restore'",
};

static bool rules_become(const Rig *rig, const char *good, const char *damage)
{
	g_autofree char *now = NULL;

	for (guint i = 0; i < WAIT_MS / 20; i++) {
		g_free(now);
		now = rig_rules(rig);
		if (g_str_equal(now, good))
			return true;
		g_usleep(20 * G_TIME_SPAN_MILLISECOND);
	}
	g_test_message("after %s:\n%s\n--- and not\n%s", damage, now, good);
	g_test_fail();
	return false;
}

/* Looked at each second, and put right without a call. */
static void checked(Rig *rig)
{
	g_autofree char *good = NULL;
	Signals *signals;

	create(rig);
	good = rig_rules(rig);
	signals = signals_new(rig);
	for (gsize i = 0; i < G_N_ELEMENTS(floods); i++) {
		netns_run(rig->host, "%s", floods[i]);
		if (rules_become(rig, good, floods[i]))
			is_told(signals, floods[i]);
	}
	/* One that changes along with what somebody else did in another chain. */
	netns_run(rig->host, "iptables-legacy -F DOCKER-ISOLATION");
	netns_run(rig->host, "iptables-legacy -t nat -F POSTROUTING");
	done(rig, "/network/web/endpoint/app", "Endpoint", "Publish", "a(ssqqq)", "[('tcp', '', 8081, 81, 1)]");
	done(rig, "/network/web/endpoint/app", "Endpoint", "Unpublish", "a(ssqqq)", "[('tcp', '', 8081, 81, 1)]");
	rules_become(rig, good, "a change beside");
	/* What is others' is no drift. */
	g_free(signals_take(signals));
	netns_run(rig->host, "iptables-legacy -I INPUT -s 10.9.9.9 -j DROP");
	netns_run(rig->host, "iptables-legacy -F DOCKER");
	netns_run(rig->host, "iptables-legacy -D INPUT -s 10.9.9.9 -j DROP");
	rules_become(rig, good, "a rule of others");
	signals_free(signals);
}

static guint64 wakeups_in(const Rig *rig, guint seconds)
{
	guint64 before = rig_wakeups(rig);

	g_usleep(seconds * G_USEC_PER_SEC);
	return rig_wakeups(rig) - before;
}

/* Once it is done with what came before. */
static void falls_asleep(const Rig *rig)
{
	for (guint i = 0; i < 10; i++)
		if (wakeups_in(rig, 3) == 0)
			return;
	g_test_message("it still wakes up");
	g_test_fail();
}

/* Something is looked at while there are objects, and only then. */
static void idle(Rig *rig)
{
	falls_asleep(rig);
	create(rig);
	g_assert_cmpuint(wakeups_in(rig, 6), >=, 3);
	done(rig, "/network/web", "Network", "Delete", "", "");
	falls_asleep(rig);
}

/* With nftables, or when it is not asked for, not at all. */
static void idle_with_objects(Rig *rig)
{
	create(rig);
	falls_asleep(rig);
}

/* The last of them. */
static void use_nftables(const Rig *rig G_GNUC_UNUSED)
{
	g_setenv("NETFILTERD_BACKEND", "nftables", TRUE);
}

static const BusTest tests[] = {
	{ "/bus/rules-check/found", checked, "CheckIntervalSec=1" },
	{ "/bus/rules-check/idle", idle, "CheckIntervalSec=1\nIdleExitSec=0" },
	{ "/bus/rules-check/never", idle_with_objects, "CheckIntervalSec=0" },
	{ "/bus/rules-check/nftables", idle_with_objects, "CheckIntervalSec=1", use_nftables },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
