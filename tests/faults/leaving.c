/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a network keeps closed stays so until its bridge has gone, and when that fails everything is as before. */

#include "tests/support/probe.h"
#include "tests/support/rig.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_POINTS = 40, N_MACHINES = 2 };

static const char *const create_web = "'web', {'Bridge': <'br-web'>, 'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, "
				      "'InterContainerCommunication': <false>, 'Persistent': <true>, 'Endpoints': <["
				      "('a', {'Addresses': <['172.18.0.2', 'fd00:18::2']>, 'Persistent': <true>}), "
				      "('b', {'Addresses': <['172.18.0.3', 'fd00:18::3']>, 'Persistent': <true>})]>}";
static const char *const create_other =
	"'other', {'Bridge': <'br-other'>, 'Subnets': <['172.19.0.0/16', 'fd00:19::/64']>, 'Persistent': <true>}";

/* --- machines --- */

static int make_outside(const Rig *rig)
{
	int netns = netns_new();

	netns_run(rig->host, "ip link set downlink netns /proc/%d/fd/%d", getpid(), netns);
	netns_run(netns, "ip address add 192.0.2.2/24 dev downlink");
	netns_run(netns, "ip address add 2001:db8:1::2/64 dev downlink nodad");
	netns_run(netns, "ip link set downlink up");
	netns_run(netns, "ip route add default via 192.0.2.1");
	netns_run(netns, "ip -6 route add default via 2001:db8:1::1");
	netns_wait_for_addresses(netns, "downlink");
	return netns;
}

static int make_machine(const Rig *rig, guint i)
{
	int netns = netns_new();

	netns_run(rig->host, "ip link add name port%u type veth peer name eth0 netns /proc/%d/fd/%d", i, getpid(),
		  netns);
	netns_run(netns, "ip address add 172.18.0.%u/16 dev eth0", 2 + i);
	netns_run(netns, "ip address add fd00:18::%u/64 dev eth0 nodad", 2 + i);
	netns_run(netns, "ip link set eth0 up");
	return netns;
}

/* A network with both. */
static void begin(Rig *rig, const int machines[static N_MACHINES])
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", create_web);
	for (guint i = 0; i < N_MACHINES; i++) {
		netns_run(rig->host, "ip link set port%u master br-web up", i);
		netns_wait_for_addresses(machines[i], "eth0");
		netns_run(machines[i], "ip route replace default via 172.18.0.1");
		netns_run(machines[i], "ip -6 route replace default via fd00:18::1");
	}
	expect(rig->host, "tcp", "172.18.0.3", 80, "b from 172.18.0.1");
	expect(rig->host, "tcp", "fd00:18::3", 80, "b from fd00:18::1");
}

static void expect_closed(int a, int outside)
{
	static const char *const addresses[] = { "172.18.0.3", "fd00:18::3" };

	for (guint i = 0; i < G_N_ELEMENTS(addresses); i++) {
		expect(a, "udp", addresses[i], 80, "silence");
		expect(outside, "udp", addresses[i], 80, "silence");
	}
}

/* --- calls --- */

/* One batch: it finds both at once. */
static Pipeline *delete_web(Rig *rig, bool with_other)
{
	Pipeline *pipeline = pipeline_new();

	rig_pause(rig);
	pipeline_call(pipeline, rig->bus, "/network/web", "Network", "Delete", "", "");
	if (with_other)
		pipeline_call(pipeline, rig->bus, "", "Manager", "CreateNetwork", "sa{sv}", create_other);
	rig_resume(rig);
	pipeline_run(pipeline);
	return pipeline;
}

static void delete_if_there(const Rig *rig, const char *path)
{
	g_autoptr(GVariant) reply G_GNUC_UNUSED = ask_with_fds(rig->bus, path, "Network", "Delete", "", "", NULL, NULL);
}

/* --- the tests --- */

/* Between any two commits, where the service dies; not all of them are those of the deletion. Whether it came so far.
 */
static bool stays_closed(Rig *rig, const int machines[static N_MACHINES], int outside, bool with_other, guint point,
			 bool *ret_deleted)
{
	Pipeline *pipeline;
	bool died;

	g_test_message("%s, after commit %u", with_other ? "with another that comes" : "alone", point);
	begin(rig, machines);
	expect_closed(machines[0], outside);
	service_kill(rig->service);
	died = rig_start_dying(rig, point);
	if (!died) {
		pipeline = delete_web(rig, with_other);
		died = strstr(pipeline_outcome(pipeline, 0), "NoReply");
		pipeline_free(pipeline);
		expect_closed(machines[0], outside);
		if (died)
			g_assert_cmpint(waitpid(rig->service, NULL, 0), ==, rig->service);
		else
			service_kill(rig->service);
		*ret_deleted |= died;
	}
	rig_start_failing(rig, NULL);
	delete_if_there(rig, "/network/web");
	delete_if_there(rig, "/network/other");
	return died;
}

static void closed(Rig *rig)
{
	int outside = make_outside(rig), machines[N_MACHINES];

	for (guint i = 0; i < N_MACHINES; i++)
		machines[i] = make_machine(rig, i);
	listener_open(machines[1], "b", "tcp", NULL, 80);
	listener_open(machines[1], "b", "udp", NULL, 80);
	for (guint with_other = 0; with_other < 2; with_other++) {
		bool deleted = false;
		guint point = 1;

		while (stays_closed(rig, machines, outside, with_other, point, &deleted))
			g_assert_cmpuint(++point, <=, MAX_POINTS);
		g_assert_true(deleted);
	}
	listeners_close();
	for (guint i = 0; i < N_MACHINES; i++)
		close(machines[i]);
	close(outside);
}

/* The bridge is up again, or down still, with the addresses that it had. */
static void fails(Rig *rig)
{
	static const char *const acts[] = { "ip link set br-web up", "ip address add 2001:db8:9::1/64 dev br-web nodad",
					    "ip address add 203.0.113.1/24 dev br-web" };

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", create_web);
	for (guint i = 0; i < G_N_ELEMENTS(acts); i++)
		netns_run(rig->host, "%s", acts[i]);
	netns_wait_for_addresses(rig->host, "br-web");
	service_kill(rig->service);
	/* nftables has its table to take over first, and another try. */
	rig_start_failing(rig, g_strcmp0(g_getenv("NETFILTERD_BACKEND"), "nftables") == 0 ? "commit:EPERM:2:1"
											  : "commit:EPERM:1");
	refused(rig, OURS("BackendUnavailable"), "", "/network/web", "Network", "Delete", "", "");
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	done(rig, "/network/web", "Network", "Delete", "", "");
}

static const BusTest tests[] = {
	{ "/leaving/closed", closed },
	{ "/leaving/fails", fails },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
