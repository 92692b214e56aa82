/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/said.h"
#include "tests/support/world.h"

#include <string.h>
#include <unistd.h>

static const Place app_place = { .bridge = "br-web", .address = "172.18.0.2/16", .gateway = "172.18.0.1" };

static int web(World *world, const char *host_address)
{
	int app;

	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 2, "Subnets", "as", 1, "172.18.0.0/16",
	     "Bridge", "s", "br-web");
	call(world->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "app", 2, "Addresses", "as", 1,
	     "172.18.0.2", "Ports", "a(ssqqq)", 2, "tcp", host_address, 8080, 80, 1, "udp", host_address, 5353, 53, 1);
	app = world_container(world, &app_place);
	listener_open(app, "app", "tcp", NULL, 80);
	listener_open(app, "app", "udp", NULL, 53);
	return app;
}

static void any_address(World *world)
{
	web(world, "");
	expect(world->host, "tcp", "127.0.0.1", 8080, "app from 172.18.0.1");
	expect(world->host, "udp", "127.0.0.1", 5353, "app from 172.18.0.1");
	expect(world->host, "tcp", "127.0.0.1", 80, "refused");
	expect(world->host, "tcp", "::1", 8080, "refused");
	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");

	call(world->bus, "/network/web/endpoint/app", "Endpoint", "Delete", NULL);
	expect(world->host, "tcp", "127.0.0.1", 8080, "refused");
	expect(world->host, "udp", "127.0.0.1", 5353, "refused");
}

/* What is bound to the loopback address is for the host alone. */
static void loopback_only(World *world)
{
	web(world, "127.0.0.1");
	expect(world->host, "tcp", "127.0.0.1", 8080, "app from 172.18.0.1");
	expect(world->host, "udp", "127.0.0.1", 5353, "app from 172.18.0.1");
	expect(world->host, "tcp", "192.0.2.1", 8080, "refused");
	expect(world->outside, "tcp", "192.0.2.1", 8080, "refused");
	expect(world->outside, "udp", "192.0.2.1", 5353, "refused");
}

static void switched_off(World *world)
{
	web(world, "");
	expect(world->host, "tcp", "127.0.0.1", 8080, "refused");
	expect(world->host, "tcp", "192.0.2.1", 8080, "app from 192.0.2.1");
	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
}

/* A machine that takes 127.0.0.1 for an address beyond its gateway. */
static void reach_for_loopback(int netns)
{
	netns_sysctl(netns, "net/ipv4/conf/all/route_localnet", "1");
	netns_run(netns, "ip address del 127.0.0.1/8 dev lo");
	netns_run(netns, "ip route add 127.0.0.1 dev eth0 via 172.18.0.1 src 172.18.0.2");
}

/* Whoever sends it: a machine of the LAN, or what is on another bridge, for the host's published ports and programs. */
static void from_elsewhere(World *world)
{
	static const Place other = { .bridge = "br-other", .address = "172.19.0.2/16", .gateway = "172.19.0.1" };
	int from[2] = { world->outside };

	web(world, "127.0.0.1");
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "other", 2, "Subnets", "as", 1, "172.19.0.0/16",
	     "Bridge", "s", "br-other");
	call(world->bus, "", "Manager", "CreateIngress", "sa{sv}", "front", 2, "Gateway", "s", "172.18.0.2", "Ports",
	     "a(sq)", 1, "tcp", 80);
	from[1] = world_container(world, &other);
	for (guint i = 0; i < G_N_ELEMENTS(from); i++) {
		const char *gateway = i == 0 ? "192.0.2.1" : "172.19.0.1",
			   *source = i == 0 ? "192.0.2.2" : "172.19.0.2";

		netns_sysctl(from[i], "net/ipv4/conf/all/route_localnet", "1");
		netns_run(from[i], "ip address del 127.0.0.1/8 dev lo");
		netns_run(from[i], "ip route add 127.0.0.1 via %s src %s", gateway, source);
		expect(from[i], "tcp", "127.0.0.1", 8080, "silence");
		expect(from[i], "udp", "127.0.0.1", 5353, "silence");
		expect(from[i], "tcp", "127.0.0.1", 80, "silence");
	}
	expect(world->host, "tcp", "127.0.0.1", 8080, "app from 172.18.0.1");
	if (world_has_nftables())
		return;
	/* That it is the guard: past it addresses are translated, and the packet does arrive. */
	netns_run(world->host, "iptables-legacy -t raw -I PREROUTING -d 127.0.0.1 -j ACCEPT");
	expect(world->outside, "tcp", "127.0.0.1", 8080, "app from 192.0.2.2");
}

static void expect_guarded(World *world, int app)
{
	reach_for_loopback(app);
	listener_open(world->host, "host", "tcp", "127.0.0.1", 631);
	listener_open(world->host, "host", "udp", "127.0.0.1", 631);
	expect(app, "tcp", "127.0.0.1", 631, "silence");
	expect(app, "udp", "127.0.0.1", 631, "silence");

	/* That it is the guard, and no mistake here: past it the packet does arrive. */
	if (world_has_nftables()) {
		/* Nobody else changes the table of a service that lives. */
		service_kill(world->service);
		netns_run(world->host, "nft flush chain ip netfilterd guard");
		world->service = 0;
	} else {
		netns_run(world->host, "iptables-legacy -t raw -I PREROUTING -d 127.0.0.1 -j ACCEPT");
	}
	expect(app, "tcp", "127.0.0.1", 631, "host from 172.18.0.2");
	expect(app, "udp", "127.0.0.1", 631, "host from 172.18.0.2");
}

/* Past the rules what comes from 127.0.0.0/8 would be heard. */
static void open_guard(World *world)
{
	if (world_has_nftables()) {
		/* Nobody else changes the table of a service that lives. */
		service_kill(world->service);
		netns_run(world->host, "nft flush chain ip netfilterd guard");
		world->service = 0;
	} else {
		netns_run(world->host, "iptables-legacy -t raw -I PREROUTING -s 127.0.0.0/8 -j ACCEPT");
	}
}

/* Who is let send to it is not let send from it: by an ingress's interface and by a bridge that was adopted. */
static void from_loopback(World *world)
{
	static const struct {
		const char *interface, *own, *host;
		bool adopted;
	} cases[] = {
		{ "outside", "192.0.2.2", "192.0.2.1", false },
		{ "br-web", "172.18.0.2", "172.18.0.1", true },
	};
	int from[] = { world->outside, -1 }, heard;

	netns_sysctl(world->host, "net/ipv4/conf/all/rp_filter", "0");
	netns_sysctl(world->host, "net/ipv4/conf/default/rp_filter", "0");
	netns_sysctl(world->host, "net/ipv4/conf/outside/rp_filter", "0");
	netns_run(world->host, "ip link add br-web type bridge");
	netns_run(world->host, "ip addr add 172.18.0.1/16 dev br-web");
	netns_run(world->host, "ip link set br-web up");
	from[1] = web(world, "");
	call(world->bus, "", "Manager", "CreateIngress", "sa{sv}", "front", 3, "Gateway", "s", "192.0.2.2", "Bridge",
	     "s", "outside", "Ports", "a(sq)", 1, "tcp", 9000);
	heard = hear(world->host, AF_INET);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		netns_sysctl(from[i], "net/ipv4/conf/all/route_localnet", "1");
		netns_run(from[i], "ip addr add 127.0.0.2/32 dev eth0");
		find_way(from[i], cases[i].own, cases[i].host, heard);
		say(from[i], "127.0.0.2", cases[i].host, "from this host");
		say(from[i], cases[i].own, cases[i].host, cases[i].interface);
		expect_heard(heard, cases[i].interface);
	}
	/* The host's own way to published ports has such addresses. */
	expect(world->host, "tcp", "127.0.0.1", 8080, "app from 172.18.0.1");
	expect(world->host, "udp", "127.0.0.1", 5353, "app from 172.18.0.1");
	open_guard(world);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		say(from[i], "127.0.0.2", cases[i].host, "from this host");
		expect_heard(heard, "from this host");
	}
	close(heard);
}

static guint count_guards(World *world, const char *interface)
{
	g_autofree char *rules = netns_output(world->host, "iptables-legacy-save -t raw");
	g_auto(GStrv) lines = g_strsplit(rules, "\n", -1);
	guint n = 0;

	for (char **line = lines; *line; line++)
		n += strstr(*line, "127.0.0.0/8") && strstr(*line, interface);
	return n;
}

/* What an ingress alone has in a configuration goes in another one, by whatever instance it was. */
static void ingress_guards(World *world)
{
	static const char *const configurations[] = { "ProtectEndpoints=yes", "ProtectEndpoints=no" };

	if (world_has_nftables())
		return;
	call(world->bus, "", "Manager", "CreateIngress", "sa{sv}", "front", 3, "Gateway", "s", "192.0.2.2", "Bridge",
	     "s", "outside", "Ports", "a(sq)", 1, "tcp", 9000);
	for (guint i = 0; i < 2 * G_N_ELEMENTS(configurations); i++) {
		bool protected = i % 2 == 0;

		world_configure(world, configurations[i % 2]);
		if (i / 2)
			world_restart_service(world);
		else
			call(world->bus, "", "Manager", "Reload", NULL);
		g_assert_cmpuint(count_guards(world, "-i outside "), ==, protected ? 2 : 1);
		g_assert_cmpuint(count_guards(world, "! -i lo "), ==, protected ? 1 : 0);
	}
	call(world->bus, "/ingress/front", "Ingress", "Delete", NULL);
	g_assert_cmpuint(count_guards(world, ""), ==, 0);
}

static void guarded(World *world)
{
	expect_guarded(world, web(world, ""));
}

/* Whether a set of nftables' has the bridge. */
static bool is_in_set(const char *rules, const char *set)
{
	g_autofree char *heading = g_strdup_printf("\tset %s {\n", set);
	const char *begin = strstr(rules, heading);

	return begin && g_strstr_len(begin, strstr(begin, "\n\t}") - begin, "\"br-web\"");
}

/* The switch, its guard and the masquerade are there together or not at all. */
static void expect_way(World *world, bool open)
{
	g_autofree char *rules = world_rules(world, "iptables");
	g_autofree char *value = netns_output(world->host, "cat /proc/sys/net/ipv4/conf/br-web/route_localnet");

	g_assert_cmpstr(g_strstrip(value), ==, open ? "1" : "0");
	if (world_has_nftables()) {
		g_assert_cmpint(is_in_set(rules, "guarded"), ==, open);
		g_assert_cmpint(is_in_set(rules, "local_out"), ==, open);
		return;
	}
	g_assert_cmpint(strstr(rules, "-A PREROUTING -d 127.0.0.0/8 -i br-web -j DROP") != NULL, ==, open);
	g_assert_cmpint(strstr(rules, "-A POSTROUTING -o br-web -m addrtype --src-type LOCAL -j MASQUERADE") != NULL,
			==, open);
}

static void publish(World *world, const char *member, const char *host_address)
{
	call(world->bus, "/network/web/endpoint/app", "Endpoint", member, "a(ssqqq)", 1, "tcp", host_address, 8080, 80,
	     1);
}

/* Only while there is a port that answers. */
static void while_published(World *world)
{
	static const struct {
		const char *host_address;
		bool answers;
	} cases[] = {
		{ "", true }, { "0.0.0.0", true }, { "127.0.0.1", true }, { "127.1.2.3", true }, { "192.0.2.1", false }
	};

	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 2, "Subnets", "as", 1, "172.18.0.0/16",
	     "Bridge", "s", "br-web");
	expect_way(world, false);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		for (guint deleted = 0; deleted <= 1; deleted++) {
			call(world->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "app", 1, "Addresses",
			     "as", 1, "172.18.0.2");
			publish(world, "Publish", cases[i].host_address);
			expect_way(world, cases[i].answers);
			call(world->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "second", 2,
			     "Addresses", "as", 1, "172.18.0.3", "Ports", "a(ssqqq)", 1, "udp", "", 5353, 53, 1);
			expect_way(world, true);
			world_restart_service(world);
			expect_way(world, true);
			call(world->bus, "/network/web/endpoint/second", "Endpoint", "Delete", NULL);
			expect_way(world, cases[i].answers);
			world_restart_service(world);
			expect_way(world, cases[i].answers);
			if (!deleted)
				publish(world, "Unpublish", cases[i].host_address);
			call(world->bus, "/network/web/endpoint/app", "Endpoint", "Delete", NULL);
			expect_way(world, false);
		}
}

/* What another configuration switched on goes, by whatever instance it was. */
static void every_order(World *world)
{
	static const char *const configurations[] = { "LocalhostPublish=no", "LocalhostPublish=yes",
						      "Hairpin=yes\nLocalhostPublish=no",
						      "Hairpin=yes\nLocalhostPublish=yes" };
	enum { N = G_N_ELEMENTS(configurations) };

	web(world, "");
	/* From each to each, told or found, and by an instance that dies after it. */
	for (guint step = 0; step < N * N * 4; step++) {
		guint to = step % 2 ? step / 2 % N : step / 2 / N % N;

		world_configure(world, configurations[to]);
		if (step / (N * N) % 2)
			world_restart_service(world);
		else
			call(world->bus, "", "Manager", "Reload", NULL);
		expect_way(world, to != 0);
		if (step / (N * N) / 2) {
			world_restart_service(world);
			expect_way(world, to != 0);
		}
	}
	world_configure(world, configurations[1]);
	call(world->bus, "", "Manager", "Reload", NULL);
	call(world->bus, "/network/web/endpoint/app", "Endpoint", "Delete", NULL);
	expect_way(world, false);
}

static const Scenario scenarios[] = {
	{ "/localhost/any-address", any_address },
	{ "/localhost/any-address-hairpin", any_address, "Hairpin=yes" },
	{ "/localhost/loopback-only", loopback_only },
	{ "/localhost/switched-off", switched_off, "LocalhostPublish=no" },
	{ "/localhost/from-elsewhere", from_elsewhere },
	{ "/localhost/guarded", guarded },
	{ "/localhost/guarded-hairpin", guarded, "Hairpin=yes" },
	{ "/localhost/from-loopback", from_loopback },
	{ "/localhost/from-loopback-hairpin", from_loopback, "Hairpin=yes" },
	{ "/localhost/ingress-guards", ingress_guards },
	{ "/localhost/while-published", while_published },
	{ "/localhost/every-order", every_order },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
