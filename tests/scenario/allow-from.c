/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/sctp.h"
#include "tests/support/world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Who may reach a published port. One world for each list, and all the ways in it: from everybody, by an address of the
 * host and by the endpoint's own.
 */

enum { HOST, OUTSIDE, ELSEWHERE, SIBLING, OTHER, N_PARTIES };

/* In what a case lets through: a bit for each party, and what is meant by it. */
#define FROM(party) (1 << (party))

static const struct {
	const char *name;
	Place place; /* of containers */
} parties[N_PARTIES] = {
	[HOST] = { "host" },
	[OUTSIDE] = { "outside" },
	[ELSEWHERE] = { "elsewhere" },
	[SIBLING] = { "sibling", { "br-web", "172.18.0.3/16", "172.18.0.1", "fd00:18::3/64", "fd00:18::1" } },
	[OTHER] = { "other", { "br-alt", "172.19.0.2/16", "172.19.0.1", "fd00:19::2/64", "fd00:19::1" } },
};

static const Place app_place = { "br-web", "172.18.0.2/16", "172.18.0.1", "fd00:18::2/64", "fd00:18::1" };

/* What is published at port 8080 of the host for port 80 of the endpoint; port 22 is not. */
static const struct {
	const char *protocol, *address, *direct;
} targets[] = {
	{ "tcp", "192.0.2.1", "172.18.0.2" },     { "udp", "192.0.2.1", "172.18.0.2" },
	{ "sctp", "192.0.2.1", "172.18.0.2" },    { "tcp", "2001:db8:1::1", "fd00:18::2" },
	{ "udp", "2001:db8:1::1", "fd00:18::2" }, { "sctp", "2001:db8:1::1", "fd00:18::2" },
};

typedef struct Allow {
	World *world;
	int netns[N_PARTIES];
} Allow;

static void set_from(const Allow *allow, const char *path, const char *interface, const char *const *list)
{
	sd_bus_message *message = NULL, *reply = NULL;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	g_autofree char *object = g_strconcat("/org/example/NetFilter", path, NULL);
	g_autofree char *full = g_strconcat("org.example.NetFilter.", interface, NULL);
	sd_bus *bus = allow->world->bus;

	g_assert_cmpint(sd_bus_message_new_method_call(bus, &message, "org.example.NetFilter", object, full, "Update"),
			>=, 0);
	sd_bus_message_open_container(message, 'a', "{sv}");
	sd_bus_message_open_container(message, 'e', "sv");
	sd_bus_message_append(message, "s", "AllowFrom");
	sd_bus_message_open_container(message, 'v', "as");
	sd_bus_message_append_strv(message, (char **)list);
	for (guint i = 0; i < 3; i++)
		sd_bus_message_close_container(message);
	if (sd_bus_call(bus, message, 0, &error, &reply) < 0)
		g_error("Update: %s", error.message);
	sd_bus_message_unref(message);
	sd_bus_message_unref(reply);
}

static void allow_init(Allow *allow, World *world)
{
	const int there[] = { world->host, world->outside, world->elsewhere };
	int app;

	allow->world = world;
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 2, "Subnets", "as", 2, "172.18.0.0/16",
	     "fd00:18::/64", "Bridge", "s", "br-web");
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "alt", 2, "Subnets", "as", 2, "172.19.0.0/16",
	     "fd00:19::/64", "Bridge", "s", "br-alt");
	call(world->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "app", 2, "Addresses", "as", 2,
	     "172.18.0.2", "fd00:18::2", "Ports", "a(ssqqq)", 3, "tcp", "", 8080, 80, 1, "udp", "", 8080, 80, 1, "sctp",
	     "", 8080, 80, 1);
	app = world_container(world, &app_place);
	listener_open(app, "app", "tcp", NULL, 80);
	listener_open(app, "app", "udp", NULL, 80);
	listener_open(app, "app", "sctp", NULL, 80);
	listener_open(app, "app", "tcp", NULL, 22);
	for (guint i = 0; i < N_PARTIES; i++)
		allow->netns[i] = i < G_N_ELEMENTS(there) ? there[i] : world_container(world, &parties[i].place);
}

/* A kernel with SCTP of its own would answer as well. */
static bool can_ask(const char *protocol)
{
	return !g_str_equal(protocol, "sctp") || sctp_possible();
}

static void add(GArray *probes, int netns, const char *protocol, const char *address, guint16 port, bool passes)
{
	Probe probe = { netns, protocol, address, port, passes ? "app" : "silence" };

	if (can_ask(protocol))
		g_array_append_val(probes, probe);
}

/* A packet that is not translated is stopped by isolation or by the policy of forwarding, whoever sent it. */
static bool goes_direct(guint party)
{
	return party != OTHER;
}

static void ask_all(const Allow *allow, const char *list, guint allowed, guint allowed6)
{
	g_autoptr(GArray) probes = g_array_new(FALSE, FALSE, sizeof(Probe));

	for (guint party = 0; party < N_PARTIES; party++)
		for (guint i = 0; i < G_N_ELEMENTS(targets); i++) {
			guint from = strchr(targets[i].address, ':') ? allowed6 : allowed;
			bool passes = from & FROM(party);

			add(probes, allow->netns[party], targets[i].protocol, targets[i].address, 8080, passes);
			add(probes, allow->netns[party], targets[i].protocol, targets[i].direct, 80,
			    passes && goes_direct(party));
		}
	add(probes, allow->world->host, "tcp", "127.0.0.1", 8080, allowed & FROM(HOST));
	add(probes, allow->world->host, "udp", "127.0.0.1", 8080, allowed & FROM(HOST));
	add(probes, allow->world->host, "sctp", "127.0.0.1", 8080, allowed & FROM(HOST));
	/* What is not published is none of it. */
	add(probes, allow->netns[SIBLING], "tcp", "172.18.0.2", 22, true);
	add(probes, allow->world->host, "tcp", "172.18.0.2", 22, true);
	probe_all((Probe *)probes->data, probes->len);
	for (guint i = 0; i < probes->len; i++) {
		const Probe *probe = &g_array_index(probes, Probe, i);
		bool passes = !g_str_equal(probe->expected, "silence");
		bool passed = g_str_has_prefix(probe->result, "app ");

		/* Who is on the host itself is told at once. */
		bool stopped = g_str_equal(probe->result, "silence") ||
			       (probe->netns == allow->world->host && g_str_equal(probe->result, g_strerror(EPERM)));

		if (passes ? !passed : !stopped) {
			g_test_message("%s: %s %s:%u from %d: %s", list, probe->protocol, probe->address, probe->port,
				       probe->netns, probe->result);
			g_test_fail();
		}
		g_free(probe->result);
	}
}

#define EVERYBODY (FROM(HOST) | FROM(OUTSIDE) | FROM(ELSEWHERE) | FROM(SIBLING) | FROM(OTHER))

static const struct {
	const char *list; /* words */
	guint allowed, allowed6;
} cases[] = {
	{ "", EVERYBODY, EVERYBODY },
	{ "192.0.2.0/24", FROM(OUTSIDE), 0 },
	{ "192.0.2.2 2001:db8:2::2", FROM(OUTSIDE), FROM(ELSEWHERE) },
	{ "lo", FROM(HOST), FROM(HOST) },
	{ "0.0.0.0/0", EVERYBODY & ~FROM(HOST), 0 },
	{ "::/0 lo", FROM(HOST), EVERYBODY },
	{ "br-web", FROM(SIBLING), FROM(SIBLING) },
	{ "172.16.0.0/12 br-alt", FROM(SIBLING) | FROM(OTHER), FROM(OTHER) },
	{ "10.0.0.0/8", 0, 0 },
};

static void each_list(World *world)
{
	Allow allow;

	allow_init(&allow, world);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GStrv) words = *cases[i].list ? g_strsplit(cases[i].list, " ", -1) : g_new0(char *, 1);
		/* By turns of the network and of the endpoint, whose own list goes before. */
		bool own = i % 2 == 0;
		static const char *const nobody[] = { "203.0.113.1", NULL }, *const none[] = { NULL };

		if (own && *words) {
			set_from(&allow, "/network/web", "Network", nobody);
			set_from(&allow, "/network/web/endpoint/app", "Endpoint", (const char *const *)words);
		} else {
			set_from(&allow, "/network/web/endpoint/app", "Endpoint", none);
			set_from(&allow, "/network/web", "Network", (const char *const *)words);
		}
		ask_all(&allow, cases[i].list, cases[i].allowed, cases[i].allowed6);
	}
}

/* --- connections that stand --- */

/* Whether the kernel still has a connection of that source. */
static bool is_tracked(const World *world, const char *protocol, const char *source)
{
	g_autofree char *family = g_strdup(strchr(source, ':') ? "ipv6" : "ipv4");
	g_autofree char *left =
		netns_output(world->host, "sh -c \"conntrack -L -f %s -p %s --src %s 2>/dev/null || true\"", family,
			     protocol, source);

	return *left != '\0';
}

static const char *const web = "/network/web", *const app = "/network/web/endpoint/app";

static void set_words(const Allow *allow, const char *path, const char *interface, const char *list)
{
	g_auto(GStrv) words = *list ? g_strsplit(list, " ", -1) : g_new0(char *, 1);

	set_from(allow, path, interface, (const char *const *)words);
}

/* One that is let through no more ends at once, and is not in the table of connections; the other goes on. */
static void standing(World *world)
{
	static const struct {
		const char *protocol, *to; /* by an address of the host, or the endpoint's own */
		guint16 port;
		const char *stays, *goes, *list;
	} flows[] = {
		{ "tcp", "192.0.2.1", 8080, "192.0.2.2", "198.51.100.2", "192.0.2.0/24" },
		{ "udp", "192.0.2.1", 8080, "192.0.2.2", "198.51.100.2", "192.0.2.0/24" },
		{ "sctp", "192.0.2.1", 8080, "192.0.2.2", "198.51.100.2", "192.0.2.0/24" },
		{ "sctp", "fd00:18::2", 80, "2001:db8:1::2", "2001:db8:2::2", "2001:db8:1::/64" },
		{ "tcp", "172.18.0.2", 80, "192.0.2.2", "198.51.100.2", "192.0.2.0/24" },
		{ "udp", "172.18.0.2", 80, "192.0.2.2", "198.51.100.2", "192.0.2.0/24" },
		{ "tcp", "2001:db8:1::1", 8080, "2001:db8:1::2", "2001:db8:2::2", "2001:db8:1::/64" },
		{ "udp", "fd00:18::2", 80, "2001:db8:1::2", "2001:db8:2::2", "2001:db8:1::/64" },
	};
	Allow allow;

	allow_init(&allow, world);
	for (guint i = 0; i < G_N_ELEMENTS(flows); i++) {
		g_autofree char *stays = g_strconcat("app from ", flows[i].stays, NULL);
		g_autofree char *goes = g_strconcat("app from ", flows[i].goes, NULL);
		int kept, ended;

		if (!can_ask(flows[i].protocol))
			continue;
		kept = flow_open(world->outside, flows[i].protocol, flows[i].to, flows[i].port);
		ended = flow_open(world->elsewhere, flows[i].protocol, flows[i].to, flows[i].port);
		expect_flow(kept, stays);
		expect_flow(ended, goes);
		set_words(&allow, i % 2 ? web : app, i % 2 ? "Network" : "Endpoint", flows[i].list);
		g_assert_false(is_tracked(world, flows[i].protocol, flows[i].goes));
		g_assert_true(is_tracked(world, flows[i].protocol, flows[i].stays));
		expect_flow(ended, "silence");
		expect_flow(kept, stays);
		set_words(&allow, i % 2 ? web : app, i % 2 ? "Network" : "Endpoint", "");
		close(kept);
		close(ended);
	}
}

/* --- what is dropped is counted --- */

static guint64 count_denied_of(const World *world, bool is_ipv6)
{
	g_autofree char *listing =
		world_has_nftables()
			? netns_output(world->host, "nft list chain %s netfilterd denied", is_ipv6 ? "ip6" : "ip")
			: netns_output(world->host, "%s-legacy -nvxL DOCKER-DENY", is_ipv6 ? "ip6tables" : "iptables");
	guint64 total = 0, packets;
	g_auto(GStrv) lines = g_strsplit(listing, "\n", -1);

	for (char **line = lines; *line; line++) {
		const char *counter = strstr(*line, "counter packets ");

		if (counter && sscanf(counter, "counter packets %" G_GUINT64_FORMAT, &packets) == 1)
			total += packets;
		else if (!world_has_nftables() && strstr(*line, "DROP") &&
			 sscanf(*line, " %" G_GUINT64_FORMAT, &packets) == 1)
			total += packets;
	}
	return total;
}

static guint64 count_denied(const World *world)
{
	return count_denied_of(world, false);
}

/* Sends what nobody can answer: the source is somebody else's. */
static void send_from(int netns, const char *source, const char *to, guint16 port)
{
	struct sockaddr_storage from, there;
	socklen_t length = socket_address(source, 0, &from);
	int fd = socket_there(netns, from.ss_family, "udp");

	socket_address(to, port, &there);
	g_assert_no_errno(bind(fd, (struct sockaddr *)&from, length));
	g_assert_cmpint(sendto(fd, "", 1, 0, (struct sockaddr *)&there, length), ==, 1);
	close(fd);
}

/* The host is who sends what no interface brought: an address of it is not enough. */
static void posed(World *world)
{
	enum { FROM_SIBLING, FROM_OUTSIDE, FROM_OTHER };
	static const struct {
		guint from;
		const char *source, *to; /* the first is an address of the host */
		guint16 port;
	} cases[] = {
		{ FROM_SIBLING, "172.18.0.1", "172.18.0.2", 80 },
		{ FROM_SIBLING, "192.0.2.1", "172.18.0.2", 80 },
		{ FROM_SIBLING, "fd00:18::1", "fd00:18::2", 80 },
		{ FROM_OUTSIDE, "2001:db8:2::1", "2001:db8:1::1", 8080 },
		{ FROM_OUTSIDE, "fd00:18::1", "2001:db8:1::1", 8080 },
		{ FROM_OTHER, "2001:db8:2::1", "2001:db8:1::1", 8080 },
	};
	Allow allow;

	allow_init(&allow, world);
	set_words(&allow, app, "Endpoint", "lo");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const int namespaces[] = { allow.netns[SIBLING], world->outside, allow.netns[OTHER] };
		bool is_ipv6 = strchr(cases[i].source, ':');
		int from = namespaces[cases[i].from];
		guint64 before = count_denied_of(world, is_ipv6);

		g_test_message("%s > %s", cases[i].source, cases[i].to);
		netns_run(from, "ip address add %s/%u dev lo%s", cases[i].source, is_ipv6 ? 128 : 32,
			  is_ipv6 ? " nodad" : "");
		for (guint n = 0; n < 500 && count_denied_of(world, is_ipv6) == before; n++) {
			send_from(from, cases[i].source, cases[i].to, cases[i].port);
			g_usleep(10000);
		}
		g_assert_cmpuint(count_denied_of(world, is_ipv6), >, before);
		netns_run(from, "ip address del %s/%u dev lo", cases[i].source, is_ipv6 ? 128 : 32);
	}
	expect(world->host, "tcp", "192.0.2.1", 8080, "app from 172.18.0.1");
}

/* A list outlives the service; ports published after it are limited as well, and sctp is as the others. */
static void kept(World *world)
{
	g_autofree char *before = NULL, *after = NULL;
	Allow allow;

	allow_init(&allow, world);
	set_words(&allow, web, "Network", "192.0.2.0/24 lo");
	set_words(&allow, app, "Endpoint", "198.51.100.0/24");
	before = world_rules(world, "iptables");
	g_assert_nonnull(strstr(
		before, world_has_nftables() ? "172.18.0.2 . sctp . 80"
					     : "-A DOCKER-DENY -d 172.18.0.2/32 -p sctp -m sctp --dport 80 -j DROP"));
	g_assert_cmpuint(count_denied(world), ==, 0);
	expect(world->outside, "udp", "192.0.2.1", 8080, "silence");
	g_assert_cmpuint(count_denied(world), >, 0);

	world_restart_service(world);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "silence");
	expect(world->elsewhere, "tcp", "192.0.2.1", 8080, "app from 198.51.100.2");
	call(world->bus, app, "Endpoint", "Publish", "a(ssqqq)", 1, "udp", "", 30000, 30000, 200);
	listener_open(g_array_index(world->containers, int, 0), "range", "udp", NULL, 30111);
	expect(world->outside, "udp", "192.0.2.1", 30111, "silence");
	expect(world->elsewhere, "udp", "192.0.2.1", 30111, "range from 198.51.100.2");
	call(world->bus, web, "Network", "Delete", NULL);
	after = world_rules(world, "iptables");
	g_assert_null(strstr(after, "198.51.100.0"));
	g_assert_null(strstr(after, "DOCKER-ALLOW"));
}

/* --- ingresses --- */

static const Place gateway_place = { .bridge = "br-web", .address = "172.18.0.9/16", .gateway = "172.18.0.1" };

static void ingress(World *world)
{
	Allow allow;
	int gateway, flow;

	allow_init(&allow, world);
	gateway = world_container(world, &gateway_place);
	listener_open(gateway, "mesh", "tcp", NULL, 4510);
	listener_open(gateway, "mesh", "udp", NULL, 4511);
	listener_open(gateway, "mesh", "sctp", NULL, 4512);
	call(world->bus, "", "Manager", "CreateIngress", "sa{sv}", "mesh", 3, "Gateway", "s", "172.18.0.9", "Ports",
	     "a(sq)", 1, "tcp", 4510, "AllowFrom", "as", 2, "192.0.2.0/24", "lo");
	call(world->bus, "/ingress/mesh", "Ingress", "Publish", "a(sq)", 2, "udp", 4511, "sctp", 4512);
	if (can_ask("sctp")) {
		expect(world->outside, "sctp", "192.0.2.1", 4512, "mesh from 192.0.2.2");
		expect(world->host, "sctp", "192.0.2.1", 4512, "mesh from 172.18.0.1");
		expect(world->elsewhere, "sctp", "192.0.2.1", 4512, "silence");
		expect(world->elsewhere, "sctp", "172.18.0.9", 4512, "silence");
	}
	expect(world->outside, "tcp", "192.0.2.1", 4510, "mesh from 192.0.2.2");
	expect(world->outside, "udp", "192.0.2.1", 4511, "mesh from 192.0.2.2");
	expect(world->host, "tcp", "127.0.0.1", 4510, "mesh from 172.18.0.1");
	expect(world->elsewhere, "tcp", "192.0.2.1", 4510, "silence");
	expect(world->elsewhere, "udp", "172.18.0.9", 4511, "silence");
	expect(allow.netns[OTHER], "tcp", "192.0.2.1", 4510, "silence");
	expect(allow.netns[SIBLING], "tcp", "172.18.0.9", 4510, "silence");

	flow = flow_open(world->outside, "tcp", "192.0.2.1", 4510);
	expect_flow(flow, "mesh from 192.0.2.2");
	set_words(&allow, "/ingress/mesh", "Ingress", "198.51.100.2");
	g_assert_false(is_tracked(world, "tcp", "192.0.2.2"));
	expect_flow(flow, "silence");
	close(flow);
	expect(world->elsewhere, "tcp", "192.0.2.1", 4510, "mesh from 198.51.100.2");
	expect(world->host, "tcp", "127.0.0.1", 4510, "silence");
	set_words(&allow, "/ingress/mesh", "Ingress", "");
	expect(world->outside, "tcp", "192.0.2.1", 4510, "mesh from 192.0.2.2");
	/* The endpoint on the same network was none of it. */
	expect(world->elsewhere, "tcp", "192.0.2.1", 8080, "app from 198.51.100.2");
}

/* --- the administrator's --- */

static void ceiling(World *world)
{
	Allow allow;
	int flow;

	allow_init(&allow, world);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
	expect(world->elsewhere, "tcp", "192.0.2.1", 8080, "silence");
	expect(world->host, "tcp", "127.0.0.1", 8080, "silence");
	expect(allow.netns[SIBLING], "tcp", "172.18.0.2", 80, "silence");
	expect(allow.netns[SIBLING], "tcp", "172.18.0.2", 22, "app from 172.18.0.3");
	/* Both must let it through. */
	set_words(&allow, app, "Endpoint", "0.0.0.0/0 lo");
	expect(world->elsewhere, "tcp", "192.0.2.1", 8080, "silence");
	set_words(&allow, app, "Endpoint", "198.51.100.0/24");
	expect(world->outside, "tcp", "192.0.2.1", 8080, "silence");
	expect(world->elsewhere, "tcp", "192.0.2.1", 8080, "silence");
	set_words(&allow, app, "Endpoint", "");

	flow = flow_open(world->outside, "tcp", "192.0.2.1", 8080);
	expect_flow(flow, "app from 192.0.2.2");
	world_configure(world, "AllowFrom=198.51.100.0/24 lo\nHostBinding=127.0.0.1");
	call(world->bus, "", "Manager", "Reload", NULL);
	g_assert_false(is_tracked(world, "tcp", "192.0.2.2"));
	expect_flow(flow, "silence");
	close(flow);
	expect(world->elsewhere, "tcp", "192.0.2.1", 8080, "app from 198.51.100.2");
	expect(world->host, "tcp", "127.0.0.1", 8080, "app from 172.18.0.1");

	/* Where a port names no address it is published on the host itself alone. */
	call(world->bus, app, "Endpoint", "Publish", "a(ssqqq)", 2, "tcp", "", 8081, 80, 1, "tcp", "0.0.0.0", 8082, 80,
	     1);
	expect(world->host, "tcp", "127.0.0.1", 8081, "app from 172.18.0.1");
	expect(world->elsewhere, "tcp", "192.0.2.1", 8081, "refused");
	expect(world->elsewhere, "tcp", "192.0.2.1", 8082, "app from 198.51.100.2");

	/* Nobody is held to what is said no more, by the next instance either. */
	world_configure(world, "");
	world_restart_service(world);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
	expect(allow.netns[SIBLING], "tcp", "172.18.0.2", 80, "app from 172.18.0.3");
}

static const Scenario scenarios[] = {
	/* Directly as well, where that is not closed to all. */
	{ "/allow-from/each-list", each_list, "ProtectEndpoints=no" },
	{ "/allow-from/standing", standing, "ProtectEndpoints=no" },
	{ "/allow-from/posed", posed, "ProtectEndpoints=no" },
	{ "/allow-from/kept", kept },
	{ "/allow-from/ingress", ingress },
	{ "/allow-from/ceiling", ceiling, "AllowFrom=192.0.2.0/24" },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
