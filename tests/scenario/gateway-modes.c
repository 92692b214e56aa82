/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/world.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/*
 * Networks of every gateway mode beside one another, each with an endpoint that publishes port 80, on a host that
 * forwards everything, between neighbours that have routes to them. What each mode lets through, by each way.
 */

enum { NAT, ROUTED, OPEN, ISOLATED, LENT, N_NETWORKS };

static const struct {
	const char *name, *bridge, *mode;
	const char *subnets[2], *gateways[2], *own[2], *places[2];
	guint16 host_port;
} networks[N_NETWORKS] = {
	[NAT] = { "nat",
		  "br-nat",
		  "nat",
		  { "172.18.0.0/16", "fd00:18::/64" },
		  { "172.18.0.1", "fd00:18::1" },
		  { "172.18.0.2", "fd00:18::2" },
		  { "172.18.0.2/16", "fd00:18::2/64" },
		  8080 },
	[ROUTED] = { "routed",
		     "br-routed",
		     "routed",
		     { "172.19.0.0/16", "fd00:19::/64" },
		     { "172.19.0.1", "fd00:19::1" },
		     { "172.19.0.2", "fd00:19::2" },
		     { "172.19.0.2/16", "fd00:19::2/64" },
		     0 },
	[OPEN] = { "open",
		   "br-open",
		   "open",
		   { "172.20.0.0/16", "fd00:20::/64" },
		   { "172.20.0.1", "fd00:20::1" },
		   { "172.20.0.2", "fd00:20::2" },
		   { "172.20.0.2/16", "fd00:20::2/64" },
		   80 },
	[ISOLATED] = { "isolated",
		       "br-isolated",
		       "isolated",
		       { "172.21.0.0/16", "fd00:21::/64" },
		       { "172.21.0.1", "fd00:21::1" },
		       { "172.21.0.2", "fd00:21::2" },
		       { "172.21.0.2/16", "fd00:21::2/64" },
		       0 },
	[LENT] = { "lent",
		   "br-lent",
		   "routed",
		   { "172.22.0.0/16", "fd00:22::/64" },
		   { "172.22.0.1", "fd00:22::1" },
		   { "172.22.0.2", "fd00:22::2" },
		   { "172.22.0.2/16", "fd00:22::2/64" },
		   0 },
};

static const char *const outsides[2] = { "192.0.2.2", "2001:db8:1::2" };
static const char *const hosts[2] = { "192.0.2.1", "2001:db8:1::1" };

static int container(World *world, guint i, const char *const places[2])
{
	const Place place = { networks[i].bridge, places[0], networks[i].gateways[0], places[1],
			      networks[i].gateways[1] };
	int netns = world_container(world, &place);

	listener_open(netns, "app", "tcp", NULL, 80);
	listener_open(netns, "app", "udp", NULL, 80);
	listener_open(netns, "app", "tcp", NULL, 81);
	return netns;
}

static void lend(World *world)
{
	netns_run(world->host, "ip link add br-lent type bridge");
	netns_run(world->host, "ip addr add 172.22.0.1/16 dev br-lent");
	netns_run(world->host, "ip addr add fd00:22::1/64 dev br-lent nodad");
	netns_run(world->host, "ip link set br-lent up");
}

static int build(World *world, guint i)
{
	g_autofree char *path = g_strconcat("/network/", networks[i].name, NULL);
	g_autofree char *app = g_strconcat(path, "/endpoint/app", NULL);
	guint16 port = networks[i].host_port;

	if (i == LENT)
		lend(world);
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", networks[i].name, 3, "Subnets", "as", 2,
	     networks[i].subnets[0], networks[i].subnets[1], "Bridge", "s", networks[i].bridge, "GatewayMode", "s",
	     networks[i].mode);
	call(world->bus, path, "Network", "CreateEndpoint", "sa{sv}", "app", 1, "Addresses", "as", 2,
	     networks[i].own[0], networks[i].own[1]);
	if (i != ISOLATED)
		call(world->bus, app, "Endpoint", "Publish", "a(ssqqq)", 2, "tcp", "", port, 80, 1, "udp", "", port, 80,
		     1);
	return container(world, i, networks[i].places);
}

/* What is answered, from where the caller is: "app from …" or "silence". */
typedef struct Row {
	guint network;
	bool published, unpublished; /* from outside, by the endpoint's own address */
	bool by_host;                /* … by the host's */
	bool by_sibling, by_other;   /* the published port by its own address, from its bridge and from another */
} Row;

static const Row rows[] = {
	{ NAT, false, false, true, true, false }, { ROUTED, true, false, false, true, true },
	{ OPEN, true, true, false, true, true },  { ISOLATED, false, false, false, true, false },
	{ LENT, true, false, false, true, true },
};

static void ask(int netns, const char *protocol, const char *to, guint16 port, bool answered, const char *what)
{
	Probe probe = { netns, protocol, to, port, answered ? "app" : "silence" };

	probe_all(&probe, 1);
	g_test_message("%s, %s %s port %u: %s", what, protocol, to, port, probe.result);
	g_assert_cmpint(g_str_has_prefix(probe.result, "app from "), ==, answered);
	g_free(probe.result);
}

static void probe_row(World *world, const Row *row, const int siblings[], int other)
{
	guint i = row->network;

	for (guint family = 0; family < 2; family++) {
		const char *own = networks[i].own[family], *mode = networks[i].name;

		ask(world->outside, "tcp", own, 80, row->published, mode);
		ask(world->outside, "udp", own, 80, row->published, mode);
		ask(world->outside, "tcp", own, 81, row->unpublished, mode);
		if (networks[i].host_port != 0)
			ask(world->outside, "tcp", hosts[family], networks[i].host_port, row->by_host, mode);
		ask(siblings[i], "tcp", own, 80, row->by_sibling, mode);
		ask(other, "tcp", own, 80, row->by_other, mode);
		ask(other, "tcp", own, 81, false, mode);
	}
}

/* The way out, and by which address. */
static void probe_out(const int apps[])
{
	for (guint family = 0; family < 2; family++) {
		for (guint i = 0; i < N_NETWORKS; i++) {
			const char *from = i == NAT ? hosts[family] : networks[i].own[family];
			g_autofree char *expected = i == ISOLATED ? NULL : g_strconcat("outside from ", from, NULL);
			Probe probe = { apps[i], "tcp", outsides[family], 7000, expected ?: "silence" };

			probe_all(&probe, 1);
			g_test_message("%s: out to %s: %s", networks[i].name, outsides[family], probe.result);
			if (expected)
				g_assert_cmpstr(probe.result, ==, expected);
			else
				g_assert_null(strstr(probe.result, "outside"));
			g_free(probe.result);
		}
	}
}

static void probe_whole(World *world, const int apps[], const int siblings[])
{
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
		probe_row(world, &rows[i], siblings, apps[rows[i].network == NAT ? ROUTED : NAT]);
	probe_out(apps);
}

static void modes(World *world)
{
	static const char *const places[N_NETWORKS][2] = {
		{ "172.18.0.3/16", "fd00:18::3/64" }, { "172.19.0.3/16", "fd00:19::3/64" },
		{ "172.20.0.3/16", "fd00:20::3/64" }, { "172.21.0.3/16", "fd00:21::3/64" },
		{ "172.22.0.3/16", "fd00:22::3/64" },
	};
	int apps[N_NETWORKS], siblings[N_NETWORKS];
	g_autofree char *addresses = NULL, *sockets = NULL;

	listener_open(world->outside, "outside", "tcp", NULL, 7000);
	for (guint i = 0; i < N_NETWORKS; i++) {
		apps[i] = build(world, i);
		siblings[i] = container(world, i, places[i]);
	}
	addresses = netns_output(world->host, "ip -o addr show dev br-isolated");
	g_assert_cmpstr(addresses, ==, "");
	/* No port of the host is held for what is not translated. */
	sockets = netns_output(world->host, "ss -Hanut");
	g_assert_nonnull(strstr(sockets, ":8080 "));
	g_assert_null(strstr(sockets, ":80 "));
	probe_whole(world, apps, siblings);
}

static void unpublished(World *world)
{
	build(world, ROUTED);
	ask(world->outside, "tcp", networks[ROUTED].own[0], 80, true, "published");
	call(world->bus, "/network/routed/endpoint/app", "Endpoint", "Unpublish", "a(ssqqq)", 1, "tcp", "", 80, 80, 1);
	ask(world->outside, "tcp", networks[ROUTED].own[0], 80, false, "unpublished");
	ask(world->outside, "udp", networks[ROUTED].own[0], 80, true, "the other");
}

/* A flow that was let through goes on by itself, and by no port that is published no more. */
static void flows_end(World *world)
{
	const int places[] = { world->outside, world->elsewhere, build(world, NAT) };
	int app, flows[G_N_ELEMENTS(places)][2][2];

	app = build(world, ROUTED);
	listener_open(app, "app", "udp", NULL, 53);
	call(world->bus, "/network/routed/endpoint/app", "Endpoint", "Publish", "a(ssqqq)", 1, "udp", "", 0, 53, 1);
	for (guint i = 0; i < G_N_ELEMENTS(places); i++)
		for (guint family = 0; family < 2; family++)
			for (guint port = 0; port < 2; port++) {
				const char *own = networks[ROUTED].own[family];

				flows[i][family][port] = flow_open(places[i], "udp", own, port == 0 ? 80 : 53);
				g_assert_true(g_str_has_prefix(flow_ask(flows[i][family][port], "app"), "app from "));
			}
	call(world->bus, "/network/routed/endpoint/app", "Endpoint", "Unpublish", "a(ssqqq)", 1, "udp", "", 80, 80, 1);
	for (guint i = 0; i < G_N_ELEMENTS(places); i++)
		for (guint family = 0; family < 2; family++) {
			expect_flow(flows[i][family][0], "silence");
			g_assert_true(g_str_has_prefix(flow_ask(flows[i][family][1], "app"), "app from "));
			close(flows[i][family][0]);
			close(flows[i][family][1]);
		}
}

#define LIMIT_USEC (10 * G_USEC_PER_SEC)

static bool wait_readable(int fd, gint64 deadline)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	gint64 left = (deadline - g_get_monotonic_time()) / 1000;

	return left > 0 && poll(&poller, 1, left) == 1;
}

/* Whether a server whose client has gone is told so by the client's host: by an error, which is no packet to a port. */
static void expect_error(int server, guint16 port, int client, const char *address, guint16 host_port)
{
	gint64 deadline = g_get_monotonic_time() + LIMIT_USEC;
	int asker = flow_open(client, "udp", address, host_port), fd;
	struct sockaddr_storage own, peer;
	socklen_t length = socket_address(strchr(address, ':') ? "::" : "0.0.0.0", port, &own);
	bool told = false;
	char byte;

	fd = socket_there(server, own.ss_family, "udp");
	g_assert_no_errno(bind(fd, (struct sockaddr *)&own, length));
	/* The first may wait for a neighbour. */
	do
		g_assert_cmpint(send(asker, "", 1, 0), ==, 1);
	while (!wait_readable(fd, MIN(deadline, g_get_monotonic_time() + G_USEC_PER_SEC)) &&
	       g_get_monotonic_time() < deadline);
	length = sizeof peer;
	g_assert_cmpint(recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&peer, &length), ==, 1);
	close(asker);
	g_assert_no_errno(connect(fd, (struct sockaddr *)&peer, length));
	while (!told && g_get_monotonic_time() < deadline) {
		told = send(fd, "", 1, 0) < 0 && errno == ECONNREFUSED;
		if (!told && wait_readable(fd, MIN(deadline, g_get_monotonic_time() + G_USEC_PER_SEC)))
			told = recv(fd, &byte, 1, 0) < 0 && errno == ECONNREFUSED;
	}
	g_test_message("%s port %u: %s", address, host_port, told ? "told" : "never told");
	g_assert_true(told);
	close(fd);
}

/* What another network's hosts, and the routers behind them, say of a connection that was let through gets back. */
static void errors(World *world)
{
	static const Place place = { "br-plain", "172.23.0.2/16", "172.23.0.1", "fd00:23::2/64", "fd00:23::1" };
	int apps[N_NETWORKS], plain;

	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "plain", 1, "Subnets", "as", 2, "172.23.0.0/16",
	     "fd00:23::/64");
	plain = world_container(world, &place);
	for (guint i = NAT; i <= OPEN; i++) {
		g_autofree char *app = g_strdup_printf("/network/%s/endpoint/app", networks[i].name);

		apps[i] = build(world, i);
		call(world->bus, app, "Endpoint", "Publish", "a(ssqqq)", 1, "udp", "", i == NAT ? 5353 : 0, 5353, 1);
	}
	for (guint family = 0; family < 2; family++) {
		for (guint i = ROUTED; i <= OPEN; i++)
			for (guint j = NAT; j <= OPEN; j++)
				if (i != j)
					expect_error(apps[i], 5353, apps[j], networks[i].own[family], 5353);
		expect_error(apps[NAT], 5353, plain, hosts[family], 5353);
		expect_error(apps[NAT], 5353, world->outside, hosts[family], 5353);
	}
	/* No others are let through with them. */
	ask(apps[NAT], "tcp", networks[ROUTED].own[0], 81, false, "unpublished");
	ask(apps[NAT], "tcp", networks[ROUTED].own[1], 81, false, "unpublished");
}

/* A restart finds the modes in what was written down. */
static void restarted(World *world)
{
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "mixed", 3, "Subnets", "as", 2, "172.19.0.0/16",
	     "fd00:19::/64", "Bridge", "s", "br-routed", "GatewayModes", "a{ss}", 1, "ipv6", "routed");
	call(world->bus, "/network/mixed", "Network", "CreateEndpoint", "sa{sv}", "app", 2, "Addresses", "as", 2,
	     "172.19.0.2", "fd00:19::2", "Ports", "a(ssqqq)", 1, "tcp", "", 8080, 80, 1);
	container(world, ROUTED, networks[ROUTED].places);
	for (guint i = 0; i < 2; i++) {
		ask(world->outside, "tcp", "192.0.2.1", 8080, true, "mixed");
		ask(world->outside, "tcp", "172.19.0.2", 80, false, "mixed");
		ask(world->outside, "tcp", "2001:db8:1::1", 8080, false, "mixed");
		ask(world->outside, "tcp", "fd00:19::2", 80, true, "mixed");
		ask(world->outside, "tcp", "fd00:19::2", 81, false, "mixed");
		if (i == 0)
			world_restart_service(world);
	}
}

static const Scenario scenarios[] = {
	{ "/gateway-modes/all", modes, NULL, true },
	{ "/gateway-modes/unprotected", unpublished, "ProtectEndpoints=no", true },
	{ "/gateway-modes/flows-end", flows_end, NULL, true },
	{ "/gateway-modes/errors", errors, NULL, true },
	{ "/gateway-modes/errors-linear", errors, "IsolationPairwiseMax=0", true },
	{ "/gateway-modes/restarted", restarted, NULL, true },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
