/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/world.h"

#include <string.h>
#include <unistd.h>

/* Containers that are attached by the CNI plugin, or by others before it: what they reach, and what reaches them. */

#define ALONE                                                                                                      \
	"\"cniVersion\": \"1.0.0\", \"name\": \"web\", \"type\": \"netfilter\", \"subnets\": [\"172.18.0.0/16\", " \
	"\"fd00:18::/64\"]"
#define CHAINED "\"cniVersion\": \"1.0.0\", \"name\": \"web\", \"type\": \"netfilter\", \"masquerade\": true"
#define BRIDGE                                                                                                       \
	"{\"cniVersion\": \"1.0.0\", \"name\": \"web\", \"type\": \"bridge\", \"bridge\": \"cni0\", \"isGateway\": " \
	"true, \"hairpinMode\": true, \"ipam\": {\"type\": \"host-local\", \"dataDir\": \"/run/cni-addresses\", "    \
	"\"ranges\": [[{\"subnet\": \"172.18.0.0/16\"}], [{\"subnet\": \"fd00:18::/64\"}]], "                        \
	"\"routes\": [{\"dst\": \"0.0.0.0/0\"}, {\"dst\": \"::/0\"}]}}"
#define PORT(host, port) \
	"{\"HostPort\": " host ", \"ContainerPort\": " port ", \"Protocol\": \"TCP\", \"HostIP\": \"\"}"
#define PORTS ", \"runtimeConfig\": {\"portMappings\": [" PORT("8080", "80") ", " PORT("8081", "81") "]}"

/* --- as a runtime does it --- */

/* What the program of a plugin answers; it may fail. */
static char *run(World *world, const char *program, const char *command, const char *container, int netns,
		 const char *ifname, const char *configuration)
{
	g_autoptr(GError) error = NULL;

	g_file_set_contents("/run/cni.json", configuration, -1, &error);
	g_assert_no_error(error);
	return netns_output(world->host,
			    "sh -c 'CNI_COMMAND=%s CNI_CONTAINERID=%s CNI_NETNS=/proc/%d/fd/%d CNI_IFNAME=%s "
			    "CNI_PATH=\"$PACKAGES/usr/lib/cni\" \"%s\" </run/cni.json || true'",
			    command, container, getpid(), netns, ifname, program);
}

static char *plugin(World *world, const char *command, const char *container, int netns, const char *configuration)
{
	return run(world, g_getenv("NETFILTER"), command, container, netns, "eth0", configuration);
}

static void good(const char *answer)
{
	if (strstr(answer, "\"msg\"")) {
		g_test_message("%s", answer);
		g_test_fail();
	}
}

static void adds(World *world, const char *container, int netns, const char *configuration)
{
	g_autofree char *answer = plugin(world, "ADD", container, netns, configuration);

	good(answer);
}

static void deletes(World *world, const char *container, int netns, const char *configuration)
{
	g_autofree char *answer = plugin(world, "DEL", container, netns, configuration);

	g_assert_cmpstr(answer, ==, "");
}

/* No rule, no interface beside those to the neighbours and what is named. */
static void nothing_is_left(World *world, const char *but)
{
	g_autofree char *rules = world_rules(world, "iptables"), *links = NULL;

	g_assert_null(strstr(rules, "8080"));
	for (guint i = 0; i < 500; i++) {
		g_free(links);
		links = netns_output(world->host, "sh -c 'ip -o link | grep -vE \": (lo|outside|elsewhere)[:@]\" | cut "
						  "-d: -f2'");
		if (strcmp(g_strstrip(links), but) == 0)
			break;
		g_usleep(10000);
	}
	g_assert_cmpstr(links, ==, but);
}

/* --- alone --- */

static void alone(World *world)
{
	int one = netns_new(), two = netns_new();
	g_autofree char *taken = NULL;

	adds(world, "one", one, "{" ALONE PORTS "}");
	adds(world, "two", two, "{" ALONE "}");
	taken = plugin(world, "ADD", "three", two,
		       "{" ALONE ", \"runtimeConfig\": {\"portMappings\": [" PORT("8081", "1") "]}}");
	g_assert_nonnull(strstr(taken, "tcp port 8081 on any IPv4 address is published already"));
	listener_open(one, "one", "tcp", NULL, 80);
	listener_open(one, "second", "tcp", NULL, 81);
	listener_open(two, "two", "udp", NULL, 53);
	listener_open(world->outside, "outside", "tcp", NULL, 80);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "one from 192.0.2.2");
	expect(world->outside, "tcp", "192.0.2.1", 8081, "second from 192.0.2.2");
	expect(world->outside, "tcp", "2001:db8:1::1", 8080, "one from 2001:db8:1::2");
	expect(world->host, "tcp", "127.0.0.1", 8080, "one from 172.18.0.1");
	expect(one, "tcp", "192.0.2.2", 80, "outside from 192.0.2.1");
	expect(one, "tcp", "2001:db8:1::2", 80, "outside from 2001:db8:1::1");
	expect(one, "udp", "172.18.0.3", 53, "two from 172.18.0.2");
	expect(one, "udp", "fd00:18::3", 53, "two from fd00:18::2");
	expect(one, "tcp", "192.0.2.1", 8080, "one from 172.18.0.1");
	expect(two, "tcp", "192.0.2.1", 8080, "one from 172.18.0.1");

	world_restart_service(world);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "one from 192.0.2.2");
	deletes(world, "one", one, "{" ALONE "}");
	expect(world->outside, "tcp", "192.0.2.1", 8080, "refused");
	expect(two, "tcp", "192.0.2.2", 80, "outside from 192.0.2.1");
	deletes(world, "two", two, "{" ALONE "}");
	listeners_close();
	nothing_is_left(world, "");
	close(one);
	close(two);
}

/* The service is away when the container ends: it finds it gone, whether or not there was a DEL. */
static void without_service(World *world)
{
	for (guint deleted = 0; deleted < 2; deleted++) {
		int netns = netns_new();

		adds(world, "one", netns, "{" ALONE PORTS "}");
		listener_open(netns, "one", "tcp", NULL, 80);
		expect(world->outside, "tcp", "192.0.2.1", 8080, "one from 192.0.2.2");
		listeners_close();
		service_kill(world->service);
		world->service = 0;
		if (deleted)
			deletes(world, "one", netns, "{" ALONE PORTS "}");
		close(netns);
		world->service = service_start(world->bus, world->configuration);
		wait_gone(world->bus, "/network/web");
		nothing_is_left(world, "");
	}
}

/* --- in a chain --- */

static char *with_previous(const char *configuration, const char *result)
{
	return g_strdup_printf("{%s, \"prevResult\": %s}", configuration, result);
}

static char *bridge(World *world, const char *command, const char *container, int netns)
{
	g_autofree char *program = g_build_filename(g_getenv("PACKAGES"), "usr/lib/cni/bridge", NULL);
	char *answer = run(world, program, command, container, netns, "eth0", BRIDGE);

	good(answer);
	return answer;
}

static void chain(World *world)
{
	int one = netns_new(), two = netns_new();
	g_autofree char *first = NULL, *second = NULL, *whole = NULL, *other = NULL, *answer = NULL, *checked = NULL;

	if (!g_getenv("PACKAGES")) {
		g_test_skip(g_getenv("NO_PACKAGES"));
		close(one);
		close(two);
		return;
	}
	first = bridge(world, "ADD", "one", one);
	whole = with_previous(CHAINED PORTS, first);
	answer = plugin(world, "ADD", "one", one, whole);
	good(answer);
	g_assert_nonnull(strstr(answer, "172.18.0.2/16"));
	checked = plugin(world, "CHECK", "one", one, whole);
	g_assert_cmpstr(checked, ==, "");
	second = bridge(world, "ADD", "two", two);
	other = with_previous(CHAINED, second);
	adds(world, "two", two, other);

	listener_open(one, "one", "tcp", NULL, 80);
	listener_open(world->outside, "outside", "tcp", NULL, 80);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "one from 192.0.2.2");
	expect(world->outside, "tcp", "2001:db8:1::1", 8080, "one from 2001:db8:1::2");
	expect(world->host, "tcp", "127.0.0.1", 8080, "one from 172.18.0.1");
	expect(two, "tcp", "192.0.2.1", 8080, "one from 172.18.0.1");
	expect(one, "tcp", "192.0.2.2", 80, "outside from 192.0.2.1");
	expect(two, "tcp", "2001:db8:1::2", 80, "outside from 2001:db8:1::1");

	deletes(world, "one", one, whole);
	g_free(bridge(world, "DEL", "one", one));
	expect(world->outside, "tcp", "192.0.2.1", 8080, "refused");
	expect(two, "tcp", "192.0.2.2", 80, "outside from 192.0.2.1");
	/* Nobody says DEL. */
	listeners_close();
	close(two);
	wait_gone(world->bus, "/network/web");
	nothing_is_left(world, "cni0");
	netns_run(world->host, "rm -rf /run/cni-addresses");
	close(one);
}

/* --- in two networks --- */

#define OTHER                                                                                                        \
	"\"cniVersion\": \"1.0.0\", \"name\": \"other\", \"type\": \"netfilter\", \"subnets\": [\"172.19.0.0/16\", " \
	"\"fd00:19::/64\"], \"routes\": [{\"dst\": \"192.0.0.0/16\"}, {\"dst\": \"2001:db8::/32\"}]"

static void as_eth1(World *world, const char *command, const char *container, int netns, const char *says)
{
	g_autofree char *answer =
		run(world, g_getenv("NETFILTER"), command, container, netns, "eth1", "{" OTHER PORTS "}");

	if (says)
		g_assert_nonnull(strstr(answer, says));
	else
		good(answer);
}

/* podman network connect says the same ports again: they answer as long as the container is in either network. */
static void two_networks(World *world)
{
	int one = netns_new(), two = netns_new();

	listener_open(one, "one", "tcp", NULL, 80);
	for (guint later_goes_first = 0; later_goes_first <= 1; later_goes_first++) {
		adds(world, "one", one, "{" ALONE PORTS "}");
		as_eth1(world, "ADD", "one", one, NULL);
		as_eth1(world, "ADD", "two", two, "tcp port 8080 on any IPv4 address is published already");
		expect(world->outside, "tcp", "192.0.2.1", 8080, "one from 192.0.2.2");
		world_restart_service(world);
		if (later_goes_first)
			as_eth1(world, "DEL", "one", one, NULL);
		else
			deletes(world, "one", one, "{" ALONE PORTS "}");
		expect(world->outside, "tcp", "192.0.2.1", 8080, "one from 192.0.2.2");
		expect(world->outside, "tcp", "2001:db8:1::1", 8080, "one from 2001:db8:1::2");
		as_eth1(world, "DEL", "one", one, NULL);
		deletes(world, "one", one, "{" ALONE PORTS "}");
		expect(world->outside, "tcp", "192.0.2.1", 8080, "refused");
	}
	listeners_close();
	nothing_is_left(world, "");
	close(one);
	close(two);
}

static const Scenario scenarios[] = {
	{ "/cni/alone", alone },
	{ "/cni/without-service", without_service },
	{ "/cni/chain", chain },
	{ "/cni/two-networks", two_networks },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
