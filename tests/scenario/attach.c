/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/container.h"
#include "tests/support/world.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WEB "/network/web"
#define APP WEB "/endpoint/app"

/* Containers that the service attaches: what they reach, and what reaches them. */

static void web(World *world)
{
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 3, "Subnets", "as", 2, "172.18.0.0/16",
	     "fd00:18::/64", "Bridge", "s", "br-web", "Persistent", "b", TRUE);
}

static void attach(World *world, const char *name, const Container *container, int host_port)
{
	g_autofree char *port = g_strconcat("port-", name, NULL);

	call(world->bus, WEB, "Network", "CreateEndpoint", "sa{sv}", name, 4, "Allocate", "as", 2, "ipv4", "ipv6",
	     "NetNS", "h", container->socket, "HostInterface", "s", port, "Ports", "a(ssqqq)", 1, "tcp", "", host_port,
	     80, 1);
}

/* The rule of udev by which NetworkManager and systemd-networkd leave them alone knows both by their group. */
static void are_told(const World *world)
{
	g_autofree char *path =
		g_test_build_filename(G_TEST_DIST, "..", "service", "neighbours", "60-netfilterd.rules", NULL);
	g_autofree char *rule = NULL, *list = NULL;
	const char *group;

	g_assert_true(g_file_get_contents(path, &rule, NULL, NULL));
	group = strstr(rule, "ATTR{netdev_group}==\"");
	g_assert_nonnull(group);
	list = netns_output(world->host, "ip -d -o link show group %d", atoi(strchr(group, '"') + 1));
	g_assert_nonnull(strstr(list, "alias netfilterd network web"));
	g_assert_nonnull(strstr(list, ": br-web: "));
	g_assert_nonnull(strstr(list, ": port-app@"));
	g_assert_nonnull(strstr(list, ": port-other@"));
	g_assert_null(strstr(list, ": outside@"));
}

/* Its users are let in from outside, it is let out, and its neighbours find it: with nothing but the one call. */
static void work(World *world, uid_t uid)
{
	Container one, two;
	int inside, other;

	web(world);
	container_start(&one, uid);
	container_start(&two, uid);
	attach(world, "app", &one, 8080);
	attach(world, "other", &two, 8081);
	are_told(world);
	container_close_socket(&one);
	inside = container_netns(&one);
	other = container_netns(&two);

	listener_open(inside, "app", "tcp", NULL, 80);
	listener_open(other, "other", "udp", NULL, 53);
	listener_open(world->outside, "outside", "tcp", NULL, 80);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
	expect(world->outside, "tcp", "2001:db8:1::1", 8080, "app from 2001:db8:1::2");
	expect(world->elsewhere, "tcp", "198.51.100.1", 8080, "app from 198.51.100.2");
	expect(inside, "tcp", "192.0.2.2", 80, "outside from 192.0.2.1");
	expect(inside, "tcp", "2001:db8:1::2", 80, "outside from 2001:db8:1::1");
	expect(inside, "udp", "172.18.0.3", 53, "other from 172.18.0.2");
	expect(inside, "udp", "fd00:18::3", 53, "other from fd00:18::2");
	expect(other, "tcp", "172.18.0.2", 80, "app from 172.18.0.3");

	/* Its own published port by an address of the host: also where rules see what crosses a bridge. */
	for (guint i = 0; i < 2; i++) {
		g_assert_true(netns_sysctl(world->host, "net/bridge/bridge-nf-call-iptables", i ? "1" : "0"));
		g_assert_true(netns_sysctl(world->host, "net/bridge/bridge-nf-call-ip6tables", i ? "1" : "0"));
		expect(inside, "tcp", "192.0.2.1", 8080, "app from 172.18.0.1");
		expect(inside, "tcp", "172.18.0.1", 8080, "app from 172.18.0.1");
		expect(inside, "tcp", "2001:db8:1::1", 8080, "app from fd00:18::1");
		expect(other, "tcp", "192.0.2.1", 8080, "app from 172.18.0.1");
	}

	/* The bus connection that asked for it may go, and the service too. */
	world_reconnect(world);
	world_restart_service(world);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
	call(world->bus, APP, "Endpoint", "Delete", NULL);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "refused");
	g_free(netns_output(inside, "sh -c '! ip link show eth0 2>/dev/null'"));
	expect(world->outside, "tcp", "192.0.2.1", 8081, "refused");
	listeners_close();
	close(inside);
	close(other);
	container_kill(&one);
	container_kill(&two);
}

static void root(World *world)
{
	work(world, 0);
}

static void unprivileged(World *world)
{
	work(world, 65534);
}

/* Nobody tells the service: the kernel does, when the last process of the container is gone. */
static void killed(World *world)
{
	g_autofree char *rules = NULL, *links = NULL;
	Container container;
	int inside;

	web(world);
	container_start(&container, 0);
	attach(world, "app", &container, 8080);
	inside = container_netns(&container);
	listener_open(inside, "app", "tcp", NULL, 80);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
	listeners_close();
	close(inside);
	container_kill(&container);
	wait_gone(world->bus, APP);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "refused");
	rules = world_rules(world, "iptables");
	g_assert_null(strstr(rules, "8080"));
	links = netns_output(world->host, "ip -o link show master br-web");
	g_assert_cmpstr(links, ==, "");

	/* What it had is another's. */
	container_start(&container, 0);
	call(world->bus, WEB, "Network", "CreateEndpoint", "sa{sv}", "app", 3, "Addresses", "as", 1, "172.18.0.2",
	     "NetNS", "h", container.socket, "Ports", "a(ssqqq)", 1, "tcp", "", 8080, 80, 1);
	inside = container_netns(&container);
	listener_open(inside, "next", "tcp", NULL, 80);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "next from 192.0.2.2");
	close(inside);
	listeners_close();
	container_kill(&container);
}

static const Scenario scenarios[] = {
	{ "/attach/root", root },
	{ "/attach/unprivileged", unprivileged },
	{ "/attach/killed", killed },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
