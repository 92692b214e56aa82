/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/world.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Another machine on a wire to the host. */
static int world_neighbour(int host, const char *name, const char *net4, const char *net6)
{
	int netns = netns_new();

	netns_run(host, "ip link add name %s type veth peer name eth0 netns /proc/%d/fd/%d", name, getpid(), netns);
	netns_run(host, "ip address add %s.1/24 dev %s", net4, name);
	netns_run(host, "ip address add %s::1/64 dev %s nodad", net6, name);
	netns_run(host, "ip link set %s up", name);
	netns_run(netns, "ip address add %s.2/24 dev eth0", net4);
	netns_run(netns, "ip address add %s::2/64 dev eth0 nodad", net6);
	netns_run(netns, "ip link set eth0 up");
	netns_run(netns, "ip route add default via %s.1", net4);
	netns_run(netns, "ip -6 route add default via %s::1", net6);
	netns_wait_for_addresses(netns, "eth0");
	netns_wait_for_addresses(host, name);
	return netns;
}

static World *world_new(const Scenario *scenario)
{
	World *world = g_new0(World, 1);

	world->containers = g_array_new(FALSE, FALSE, sizeof(int));
	world->host = netns_new();
	netns_enter(world->host);
	/* A namespace begins with the machine's IPv4 settings: say them, whatever the machine does. */
	netns_sysctl(world->host, "net/ipv4/ip_forward", scenario->router ? "1" : "0");
	netns_sysctl(world->host, "net/ipv6/conf/all/forwarding", scenario->router ? "1" : "0");
	netns_sysctl(world->host, "net/ipv4/conf/all/rp_filter", "2");
	netns_sysctl(world->host, "net/bridge/bridge-nf-call-iptables", "0");
	netns_sysctl(world->host, "net/bridge/bridge-nf-call-ip6tables", "0");
	world->outside = world_neighbour(world->host, "outside", "192.0.2", "2001:db8:1");
	world->elsewhere = world_neighbour(world->host, "elsewhere", "198.51.100", "2001:db8:2");
	netns_run(world->host, "ip address add 192.0.2.3/24 dev outside");

	world->bus = bus_connect();
	world->scenario = scenario;
	world->configuration = scenario->configuration ?: "";
	world->service = service_start(world->bus, world->configuration);
	return world;
}

static void world_free(World *world)
{
	if (world->service > 0)
		service_stop(world->service);
	sd_bus_flush_close_unref(world->bus);
	listeners_close();
	netns_run(world->host, "rm -rf /run/netfilterd /run/netfilterd.conf /run/netfilterd-units");
	for (guint i = 0; i < world->containers->len; i++)
		close(g_array_index(world->containers, int, i));
	g_array_unref(world->containers);
	close(world->elsewhere);
	close(world->outside);
	close(world->host);
	g_free(world);
}

int world_container(World *world, const Place *place)
{
	int netns = netns_new();
	guint n = world->containers->len;

	g_array_append_val(world->containers, netns);
	netns_run(world->host, "ip link add name port%u type veth peer name eth0 netns /proc/%d/fd/%d", n, getpid(),
		  netns);
	netns_run(world->host, "ip link set port%u master %s up", n, place->bridge);
	netns_run(netns, "ip link set eth0 up");
	if (place->address) {
		netns_run(netns, "ip address add %s dev eth0", place->address);
		netns_run(netns, "ip route add default via %s", place->gateway);
	}
	if (place->address6) {
		netns_run(netns, "ip address add %s dev eth0 nodad", place->address6);
		netns_run(netns, "ip -6 route add default via %s", place->gateway6);
	}
	netns_wait_for_addresses(netns, "eth0");
	return netns;
}

void world_configure(World *world, const char *configuration)
{
	service_configure(configuration);
	world->configuration = configuration;
}

void world_restart_service(World *world)
{
	service_kill(world->service);
	world->service = service_start(world->bus, world->configuration);
}

void world_reconnect(World *world)
{
	sd_bus_flush_close_unref(world->bus);
	world->bus = bus_connect();
}

bool world_has_nftables(void)
{
	return g_strcmp0(g_getenv("NETFILTERD_BACKEND"), "nftables") == 0;
}

char *world_rules(const World *world, const char *family)
{
	if (world_has_nftables())
		return netns_output(world->host, "sh -c \"nft list table %s netfilterd 2>/dev/null || true\"",
				    g_str_equal(family, "iptables") ? "ip" : "ip6");
	return netns_output(world->host, "sh -c \"%s-legacy-save | grep -v '^#' | sed '/^:/s/ \\[.*//'\"", family);
}

static void scenario_run(gconstpointer data)
{
	const Scenario *scenario = data;
	int before = netns_current();
	World *world = world_new(scenario);

	scenario->run(world);
	world_free(world);
	netns_enter(before);
	close(before);
}

int scenarios_main(int argc, char **argv, const Scenario *scenarios, gsize n)
{
	netns_test_init(&argc, &argv);
	bus_start();
	for (gsize i = 0; i < n; i++)
		g_test_add_data_func(scenarios[i].path, &scenarios[i], scenario_run);
	return g_test_run();
}
