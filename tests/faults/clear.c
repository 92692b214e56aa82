/* SPDX-License-Identifier: GPL-2.0-or-later */

/* "netfilterd --clear" leaves the host as it was before the first network, however the service ended. */

#include "tests/support/rig.h"

#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONFIGURATION "/run/netfilterd.conf"
#define DIRECTORY "/run/netfilterd"

enum { MAX_POINTS = 32 };

/* One of each kind of what can be left. */
static const struct {
	const char *path, *interface, *member, *types, *arguments;
} calls[] = {
	{ "", "Manager", "CreateNetwork", "sa{sv}",
	  "'web', {'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'InterContainerCommunication': <false>, "
	  "'Endpoints': "
	  "<[('app', {'Addresses': <['172.18.0.2', 'fd00:18::2']>, 'Ports': <[('tcp', '', uint16 8080, uint16 80, "
	  "uint16 1), ('udp', '127.0.0.1', uint16 5300, uint16 53, uint16 4)]>}), ('db', {'Addresses': "
	  "<['172.18.0.3']>})]>}" },
	{ "", "Manager", "CreateNetwork", "sa{sv}",
	  "'kept', {'Subnets': <['172.19.0.0/16']>, 'Persistent': <true>, 'Internal': <true>}" },
	{ "", "Manager", "CreateNetwork", "sa{sv}",
	  "'adopted', {'Subnets': <['172.20.0.0/16']>, 'Bridge': <'br-theirs'>, 'Masquerade': <false>}" },
	{ "", "Manager", "CreateIngress", "sa{sv}",
	  "'front', {'Gateway': <'172.18.0.3'>, 'Ports': <[('tcp', uint16 9000)]>}" },
	{ "/network/web/endpoint/app", "Endpoint", "Link", "oa(sq)",
	  "objectpath '/org/example/NetFilter/network/web/endpoint/db', [('tcp', uint16 5432)]" },
};

static void host_of_others(const Rig *rig)
{
	netns_run(rig->host, "ip link add br-theirs type bridge");
	netns_run(rig->host, "ip address add 172.20.0.1/16 dev br-theirs");
	netns_run(rig->host, "ip link set br-theirs up");
	netns_run(rig->host, "iptables-legacy -A FORWARD -s 203.0.113.1 -j DROP");
	netns_run(rig->host, "iptables-legacy -t nat -A POSTROUTING -s 203.0.113.1 -j MASQUERADE");
}

/* That forwards and drops by itself. */
static void router_of_others(const Rig *rig)
{
	host_of_others(rig);
	netns_sysctl(rig->host, "net/ipv4/ip_forward", "1");
	netns_sysctl(rig->host, "net/ipv6/conf/all/forwarding", "1");
	netns_run(rig->host, "iptables-legacy -P FORWARD DROP");
}

/* Everything of the host's that the service could have to do with, and what lies in its own directory. */
static char *host_state(const Rig *rig)
{
	g_autofree char *rules = rig_rules(rig), *links = rig_links(rig);
	g_autofree char *others = netns_output(rig->host, "sh -c \"nft list tables; ls -A " DIRECTORY
							  "; sysctl -a -r '^net.(ipv[46]|bridge)' 2>&1 | "
							  "grep -E '\\\\.conf\\\\.|ip_forward|bridge'\"");

	return g_strconcat(rules, links, others, NULL);
}

static void is_as_before(const Rig *rig, const char *before, const char *when)
{
	g_autofree char *after = host_state(rig);

	if (strcmp(before, after) == 0)
		return;
	g_test_message("%s:\n%s\n--- not as before:\n%s", when, after, before);
	g_test_fail();
}

static void create_everything(Rig *rig)
{
	for (guint i = 0; i < G_N_ELEMENTS(calls); i++)
		done(rig, calls[i].path, calls[i].interface, calls[i].member, calls[i].types, calls[i].arguments);
}

/* Its wait status. It has no bus. What it said is *ret_said. */
static int run_clear(const char *fault, char **ret_said)
{
	g_auto(GStrv) environment =
		g_environ_setenv(g_get_environ(), "DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/none", TRUE);
	const char *const argv[] = { g_getenv("NETFILTERD"), "--clear", "--config", CONFIGURATION,
				     "--runtime-directory",  DIRECTORY, NULL };
	g_autoptr(GError) error = NULL;
	int status = -1;

	if (fault)
		environment = g_environ_setenv(environment, RIG_FAULT, fault, TRUE);
	g_spawn_sync(NULL, (char **)argv, environment, G_SPAWN_DEFAULT, NULL, NULL, NULL, ret_said, &status, &error);
	g_assert_no_error(error);
	return status;
}

static void clear(void)
{
	g_autofree char *said = NULL;
	int status = run_clear(NULL, &said);

	if (status == 0 && *said == '\0')
		return;
	g_test_message("wait status %d: %s", status, said);
	g_test_fail();
}

/* As it was before the service came for the first time. */
static char *untouched(Rig *rig)
{
	char *state;

	service_stop(rig->service);
	state = host_state(rig);
	rig_start_failing(rig, NULL);
	return state;
}

/* --- however it ended --- */

static void stopped(Rig *rig)
{
	g_autofree char *before = untouched(rig);

	create_everything(rig);
	service_stop(rig->service);
	clear();
	is_as_before(rig, before, "after a stop");
	clear();
	is_as_before(rig, before, "again");
	rig_start_failing(rig, NULL);
}

static void crashed(Rig *rig)
{
	g_autofree char *before = untouched(rig);

	create_everything(rig);
	service_kill(rig->service);
	clear();
	is_as_before(rig, before, "after a crash");
	rig_start_failing(rig, NULL);
}

static bool is_answered(const Rig *rig, guint n)
{
	g_autoptr(GVariant) reply = ask_with_fds(rig->bus, calls[n].path, calls[n].interface, calls[n].member,
						 calls[n].types, calls[n].arguments, NULL, NULL);

	return reply;
}

/* Killed at each commit of each call. */
static void half_done(Rig *rig)
{
	g_autofree char *before = untouched(rig);

	for (guint n = 0; n < G_N_ELEMENTS(calls); n++) {
		bool answered = false;

		for (guint k = 1; k <= MAX_POINTS && !answered; k++) {
			g_autofree char *fault = g_strdup_printf("commit:kill:%u", k);
			g_autofree char *when = g_strdup_printf("call %u, %s", n, fault);

			for (guint i = 0; i < n; i++)
				g_assert_true(is_answered(rig, i));
			service_kill(rig->service);
			rig_start_failing(rig, fault);
			answered = is_answered(rig, n);
			if (answered)
				service_kill(rig->service);
			else
				g_assert_cmpint(waitpid(rig->service, NULL, 0), ==, rig->service);
			clear();
			is_as_before(rig, before, when);
			rig_start_failing(rig, NULL);
		}
		g_assert_true(answered);
	}
}

/* Killed itself at each of its commits, it is called again, or the service comes in between. */
static void killed_itself(Rig *rig)
{
	g_autofree char *before = untouched(rig);
	int status = -1;

	for (guint k = 1; k <= MAX_POINTS && status != 0; k++)
		for (guint served = 0; served < 2; served++) {
			g_autofree char *fault = g_strdup_printf("commit:kill:%u", k), *said = NULL;

			create_everything(rig);
			service_kill(rig->service);
			status = run_clear(fault, &said);
			if (served) {
				rig_start_failing(rig, NULL);
				answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
				service_kill(rig->service);
			}
			clear();
			is_as_before(rig, before, fault);
			rig_start_failing(rig, NULL);
		}
	g_assert_cmpint(status, ==, 0);
}

/* --- whatever was done to it, or to the configuration, meanwhile --- */

static void undone_by_others(Rig *rig)
{
	static const char *const acts[] = {
		"iptables-legacy -t nat -F DOCKER",
		"iptables-legacy -D FORWARD -j DOCKER-ISOLATION",
		"ip link del br-web",
		"ip link set br-web down",
		"ip address flush dev br-web",
		"sysctl -w net.ipv4.conf.br-web.route_localnet=0",
	};
	g_autofree char *before = untouched(rig);

	for (guint i = 0; i < G_N_ELEMENTS(acts); i++) {
		create_everything(rig);
		service_kill(rig->service);
		netns_run(rig->host, "%s", acts[i]);
		clear();
		is_as_before(rig, before, acts[i]);
		rig_start_failing(rig, NULL);
	}
}

static void configured_otherwise(Rig *rig)
{
	static const struct {
		const char *backend, *line;
	} was[] = { { "iptables", "" },
		    { "nftables", "" },
		    { "iptables", "ChainPrefix=OURS" },
		    { "nftables", "ChainPrefix=OURS" } };
	static const char *const is[] = { "[NetFilter]\nBackend=iptables\nChainPrefix=OTHER\n",
					  "[NetFilter]\nBackend=nftables\n", "[NetFilter]\nHairpin=perhaps\n", "" };
	g_autofree char *before = untouched(rig), *backend = g_strdup(g_getenv("NETFILTERD_BACKEND"));

	service_stop(rig->service);
	for (guint w = 0; w < G_N_ELEMENTS(was); w++)
		for (guint i = 0; i < G_N_ELEMENTS(is); i++) {
			g_autofree char *when =
				g_strdup_printf("%s, \"%s\", then \"%s\"", was[w].backend, was[w].line, is[i]);
			g_autofree char *said = NULL;

			g_setenv("NETFILTERD_BACKEND", was[w].backend, TRUE);
			rig->configuration = was[w].line;
			rig_start_failing(rig, NULL);
			create_everything(rig);
			service_kill(rig->service);
			g_assert_true(g_file_set_contents(CONFIGURATION, is[i], -1, NULL));
			g_assert_cmpint(run_clear(NULL, &said), ==, 0);
			g_assert_cmpint(strstr(said, "Hairpin") != NULL, ==, strstr(is[i], "Hairpin") != NULL);
			is_as_before(rig, before, when);
		}
	if (backend)
		g_setenv("NETFILTERD_BACKEND", backend, TRUE);
	else
		g_unsetenv("NETFILTERD_BACKEND");
	rig->configuration = "";
	rig_start_failing(rig, NULL);
}

/* --- when it cannot --- */

/* Nothing is touched, and it works later. */
static void locked(Rig *rig)
{
	g_autofree char *before = untouched(rig), *created = NULL, *said = NULL;
	int lock = open("/run/xtables.lock", O_RDONLY | O_CREAT | O_CLOEXEC, 0600);

	create_everything(rig);
	service_kill(rig->service);
	created = host_state(rig);
	g_assert_no_errno(flock(lock, LOCK_EX));
	g_assert_cmpint(run_clear(NULL, &said), !=, 0);
	g_assert_nonnull(strstr(said, "LockTimeoutSec=1"));
	is_as_before(rig, created, "while somebody holds the lock");
	close(lock);
	clear();
	is_as_before(rig, before, "later");
	rig_start_failing(rig, NULL);
}

/* Beside a service it does nothing. */
static void running(Rig *rig)
{
	g_autofree char *before = NULL, *said = NULL;

	create_everything(rig);
	before = host_state(rig);
	g_assert_cmpint(run_clear(NULL, &said), !=, 0);
	g_assert_nonnull(strstr(said, "lock the directory, which another netfilterd may hold: "));
	is_as_before(rig, before, "beside a service");
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
}

/* The service's user reads what root wrote. */
static void by_root(Rig *rig)
{
	g_autofree char *said = NULL, *owner = NULL;

	create_everything(rig);
	service_kill(rig->service);
	netns_run(rig->host, "chown -R 1234:1234 " DIRECTORY);
	g_assert_cmpint(run_clear("commit:kill:1", &said), !=, 0);
	owner = netns_output(rig->host, "stat -c %%u " DIRECTORY "/state");
	g_assert_cmpstr(g_strstrip(owner), ==, "1234");
	rig_start_failing(rig, NULL);
}

static void nothing(Rig *rig)
{
	g_autofree char *before = untouched(rig);

	service_stop(rig->service);
	netns_run(rig->host, "rmdir " DIRECTORY);
	clear();
	g_assert_false(g_file_test(DIRECTORY, G_FILE_TEST_EXISTS));
	rig_start_failing(rig, NULL);
	service_stop(rig->service);
	is_as_before(rig, before, "with nothing to do");
	rig_start_failing(rig, NULL);
}

static const BusTest tests[] = {
	{ "/clear/stopped", stopped, NULL, host_of_others },
	{ "/clear/crashed", crashed, NULL, host_of_others },
	{ "/clear/crashed-router", crashed, NULL, router_of_others },
	{ "/clear/half-done", half_done, NULL, host_of_others },
	{ "/clear/killed-itself", killed_itself, NULL, host_of_others },
	{ "/clear/undone-by-others", undone_by_others, NULL, host_of_others },
	{ "/clear/configured-otherwise", configured_otherwise, NULL, host_of_others },
	{ "/clear/locked", locked, "LockTimeoutSec=1", host_of_others },
	{ "/clear/running", running, NULL, host_of_others },
	{ "/clear/by-root", by_root, NULL, host_of_others },
	{ "/clear/nothing", nothing, NULL, host_of_others },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
