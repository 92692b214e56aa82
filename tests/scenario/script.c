/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/segment.h"
#include "tests/support/world.h"

#include <string.h>
#include <unistd.h>

/*
 * What the service says its rules are is what nft reads: loaded where the service and all rules are gone, and links and
 * addresses are as they were, it does to packets what the service's own did.
 */

#define WEB                                                                                                            \
	"sa{sv}", "web", 3, "Subnets", "as", 2, "172.18.0.0/16", "fd00:18::/64", "Bridge", "s", "br-web", "Endpoints", \
		"a(sa{sv})", 1, "app", 2, "Addresses", "as", 2, "172.18.0.2", "fd00:18::2", "Ports", "a(ssqqq)", 8,    \
		"tcp", "", 8080, 80, 1, "udp", "", 8080, 80, 1, "tcp", "192.0.2.3", 8081, 80, 1, "tcp", "127.0.0.1",   \
		8082, 80, 1, "tcp", "2001:db8:1::1", 8083, 80, 1, "tcp", "", 9000, 3000, 10, "tcp", "", 20000, 20000,  \
		200, "udp", "192.0.2.3", 21000, 21000, 300
#define OFF                                                                                                          \
	"sa{sv}", "off", 4, "Subnets", "as", 2, "172.19.0.0/16", "fd00:19::/64", "Bridge", "s", "br-off",            \
		"InterContainerCommunication", "b", FALSE, "Endpoints", "a(sa{sv})", 2, "one", 1, "Addresses", "as", \
		2, "172.19.0.2", "fd00:19::2", "two", 2, "Addresses", "as", 2, "172.19.0.3", "fd00:19::3", "Ports",  \
		"a(ssqqq)", 1, "tcp", "", 8090, 81, 1
#define INNER                                                                                                 \
	"sa{sv}", "inner", 3, "Subnets", "as", 2, "172.20.0.0/16", "fd00:20::/64", "Bridge", "s", "br-inner", \
		"Internal", "b", TRUE
#define PLAIN \
	"sa{sv}", "plain", 3, "Subnets", "as", 1, "172.21.0.0/16", "Bridge", "s", "br-plain", "Masquerade", "b", FALSE
#define MESH "sa{sv}", "mesh", 2, "Gateway", "s", "172.18.0.2", "Ports", "a(sq)", 2, "tcp", 4510, "udp", 4510

#define FOUR(net, host) .address = "172." net ".0." host "/16", .gateway = "172." net ".0.1"
#define SIX(net, host) .address6 = "fd00:" net "::" host "/64", .gateway6 = "fd00:" net "::1"

static const Place places[] = {
	{ .bridge = "br-web", FOUR("18", "2"), SIX("18", "2") },
	{ .bridge = "br-web", FOUR("18", "3"), SIX("18", "3") },
	{ .bridge = "br-web", FOUR("18", "4"), SIX("18", "4") },
	{ .bridge = "br-off", FOUR("19", "2"), SIX("19", "2") },
	{ .bridge = "br-off", FOUR("19", "3"), SIX("19", "3") },
	{ .bridge = "br-off", FOUR("19", "4"), SIX("19", "4") },
	{ .bridge = "br-inner", FOUR("20", "2"), SIX("20", "2") },
	{ .bridge = "br-inner", FOUR("20", "3"), SIX("20", "3") },
	{ .bridge = "br-plain", FOUR("21", "2") },
};

enum caller {
	APP,
	SIBLING,
	INTRUDER, /* takes 127.0.0.1 for an address beyond its gateway */
	ONE,
	TWO,
	THREE,
	INSIDE,
	BESIDE,
	UNMASQUED,
	HOST,
	OUTSIDE,
	ELSEWHERE,
	N_CALLERS
};

typedef struct Case {
	enum caller caller;
	const char *protocol, *address;
	guint16 port;
	const char *expected; /* the name of who answers is his port's */
	const char
		*bare; /* where there are no rules; NULL: it does not matter, or the kernel says it but now and then */
} Case;

static const Case cases[] = {
	/* published */
	{ OUTSIDE, "tcp", "192.0.2.1", 8080, "80 from 192.0.2.2", "refused" },
	{ OUTSIDE, "udp", "192.0.2.1", 8080, "80 from 192.0.2.2" },
	{ ELSEWHERE, "tcp", "192.0.2.1", 8080, "80 from 198.51.100.2", "refused" },
	{ OUTSIDE, "tcp", "2001:db8:1::1", 8080, "80 from 2001:db8:1::2", "refused" },
	{ OUTSIDE, "udp", "2001:db8:1::1", 8080, "80 from 2001:db8:1::2" },
	{ OUTSIDE, "tcp", "192.0.2.3", 8081, "80 from 192.0.2.2", "refused" },
	{ OUTSIDE, "tcp", "192.0.2.1", 8081, "refused" },
	{ OUTSIDE, "tcp", "192.0.2.1", 8082, "refused" },
	{ OUTSIDE, "tcp", "2001:db8:1::1", 8083, "80 from 2001:db8:1::2", "refused" },
	{ OUTSIDE, "tcp", "192.0.2.1", 8083, "refused" },
	{ OUTSIDE, "tcp", "192.0.2.1", 8090, "81 from 192.0.2.2", "refused" },
	/* ranges */
	{ OUTSIDE, "tcp", "192.0.2.1", 9000, "3000 from 192.0.2.2", "refused" },
	{ OUTSIDE, "tcp", "192.0.2.1", 9009, "3009 from 192.0.2.2", "refused" },
	{ OUTSIDE, "tcp", "2001:db8:1::1", 9009, "3009 from 2001:db8:1::2", "refused" },
	{ OUTSIDE, "tcp", "192.0.2.1", 9010, "refused" },
	{ OUTSIDE, "tcp", "192.0.2.1", 20000, "20000 from 192.0.2.2", "refused" },
	{ OUTSIDE, "tcp", "192.0.2.1", 20199, "20199 from 192.0.2.2", "refused" },
	{ OUTSIDE, "tcp", "2001:db8:1::1", 20199, "20199 from 2001:db8:1::2", "refused" },
	{ OUTSIDE, "tcp", "192.0.2.1", 20200, "refused" },
	{ OUTSIDE, "udp", "192.0.2.3", 21000, "21000 from 192.0.2.2" },
	{ OUTSIDE, "udp", "192.0.2.3", 21299, "21299 from 192.0.2.2" },
	{ OUTSIDE, "udp", "192.0.2.1", 21299, "refused" },
	/* by the endpoint's own address: nothing, published or not */
	{ OUTSIDE, "tcp", "172.18.0.2", 80, "silence", "80 from 192.0.2.2" },
	{ OUTSIDE, "tcp", "172.18.0.2", 81, "silence", "81 from 192.0.2.2" },
	{ OUTSIDE, "tcp", "fd00:18::2", 81, "silence", "81 from 2001:db8:1::2" },
	/* from the host */
	{ HOST, "tcp", "192.0.2.1", 8080, "80 from 172.18.0.1", "refused" },
	{ HOST, "tcp", "127.0.0.1", 8080, "80 from 172.18.0.1", "refused" },
	{ HOST, "tcp", "127.0.0.1", 8082, "80 from 172.18.0.1", "refused" },
	{ HOST, "tcp", "127.0.0.1", 20100, "20100 from 172.18.0.1", "refused" },
	/* from within */
	{ APP, "tcp", "192.0.2.1", 8080, "80 from 172.18.0.1", "refused" },
	{ SIBLING, "tcp", "192.0.2.1", 8080, "80 from 172.18.0.1", "refused" },
	{ SIBLING, "udp", "172.18.0.1", 8080, "80 from 172.18.0.1" },
	{ SIBLING, "tcp", "2001:db8:1::1", 8080, "80 from fd00:18::1", "refused" },
	{ ONE, "tcp", "192.0.2.1", 8080, "80 from 172.18.0.1", "refused" },
	{ ONE, "tcp", "192.0.2.1", 8090, "81 from 172.19.0.1", "refused" },
	{ UNMASQUED, "tcp", "192.0.2.1", 8080, "80 from 172.21.0.2", "refused" },
	{ INSIDE, "tcp", "192.0.2.1", 8080, "refused" },
	/* the ingress, past isolation, but not from an internal network */
	{ OUTSIDE, "tcp", "192.0.2.1", 4510, "4510 from 192.0.2.2", "refused" },
	{ OUTSIDE, "udp", "192.0.2.1", 4510, "4510 from 192.0.2.2" },
	{ HOST, "tcp", "127.0.0.1", 4510, "4510 from 172.18.0.1", "refused" },
	{ ONE, "tcp", "192.0.2.1", 4510, "4510 from 172.18.0.1", "refused" },
	{ INSIDE, "tcp", "192.0.2.1", 4510, "silence", "refused" },
	/* isolation, communication, links */
	{ SIBLING, "tcp", "172.18.0.2", 81, "81 from 172.18.0.3" },
	{ ONE, "tcp", "172.18.0.2", 80, "silence", "80 from 172.19.0.2" },
	{ ONE, "tcp", "fd00:18::2", 80, "silence", "80 from fd00:19::2" },
	{ UNMASQUED, "udp", "172.18.0.2", 80, "silence", "80 from 172.21.0.2" },
	{ ONE, "tcp", "172.19.0.3", 80, "80 from 172.19.0.2" },
	{ ONE, "tcp", "fd00:19::3", 80, "80 from fd00:19::2" },
	{ ONE, "tcp", "172.19.0.3", 82, "silence", "82 from 172.19.0.2" },
	{ TWO, "tcp", "172.19.0.2", 80, "silence", "80 from 172.19.0.3" },
	{ THREE, "tcp", "172.19.0.3", 80, "silence", "80 from 172.19.0.4" },
	{ THREE, "tcp", "fd00:19::3", 80, "silence" },
	/* an internal network */
	{ INSIDE, "tcp", "172.20.0.3", 80, "80 from 172.20.0.2" },
	{ INSIDE, "tcp", "192.0.2.2", 80, "silence", "80 from 172.20.0.2" },
	{ INSIDE, "tcp", "2001:db8:1::2", 80, "silence", "80 from fd00:20::2" },
	{ INSIDE, "tcp", "172.18.0.2", 80, "silence", "80 from 172.20.0.2" },
	{ OUTSIDE, "tcp", "172.20.0.3", 80, "silence", "80 from 192.0.2.2" },
	{ SIBLING, "tcp", "172.20.0.3", 80, "silence", "80 from 172.18.0.3" },
	/* masquerade */
	{ APP, "tcp", "192.0.2.2", 80, "80 from 192.0.2.1", "80 from 172.18.0.2" },
	{ APP, "udp", "192.0.2.2", 80, "80 from 192.0.2.1", "80 from 172.18.0.2" },
	{ ONE, "tcp", "2001:db8:1::2", 80, "80 from 2001:db8:1::1", "80 from fd00:19::2" },
	{ UNMASQUED, "tcp", "192.0.2.2", 80, "80 from 172.21.0.2" },
	/* the host's own 127.0.0.1 */
	{ INTRUDER, "tcp", "127.0.0.1", 631, "silence", "631 from 172.18.0.4" },
};

static void listen_on(int netns, const char *protocol, const char *address, guint16 port)
{
	g_autofree char *name = g_strdup_printf("%u", port);

	listener_open(netns, name, protocol, address, port);
}

static void listen_everywhere(const int callers[N_CALLERS])
{
	static const guint16 tcp[] = { 81, 3000, 3009, 20000, 20100, 20199, 4510 }, udp[] = { 21000, 21299, 4510 };

	for (guint i = 0; i < G_N_ELEMENTS(places); i++)
		listen_on(callers[i], "tcp", NULL, 80);
	for (guint i = 0; i < G_N_ELEMENTS(tcp); i++)
		listen_on(callers[APP], "tcp", NULL, tcp[i]);
	for (guint i = 0; i < G_N_ELEMENTS(udp); i++)
		listen_on(callers[APP], "udp", NULL, udp[i]);
	listen_on(callers[APP], "udp", NULL, 80);
	listen_on(callers[TWO], "tcp", NULL, 81);
	listen_on(callers[TWO], "tcp", NULL, 82);
	listen_on(callers[OUTSIDE], "tcp", NULL, 80);
	listen_on(callers[OUTSIDE], "udp", NULL, 80);
	listen_on(callers[HOST], "tcp", "127.0.0.1", 631);
}

static void reach_for_loopback(int netns)
{
	netns_sysctl(netns, "net/ipv4/conf/all/route_localnet", "1");
	netns_run(netns, "ip address del 127.0.0.1/8 dev lo");
	netns_run(netns, "ip route add 127.0.0.1 dev eth0 via 172.18.0.1 src 172.18.0.4");
}

static void place_all(World *world, int callers[N_CALLERS])
{
	for (guint i = 0; i < G_N_ELEMENTS(places); i++)
		callers[i] = world_container(world, &places[i]);
	callers[HOST] = world->host;
	callers[OUTSIDE] = world->outside;
	callers[ELSEWHERE] = world->elsewhere;
	reach_for_loopback(callers[INTRUDER]);
	listen_everywhere(callers);
}

/* Those of the cases that say what is to become of them, with rules or without. */
static void expect_cases(const int callers[N_CALLERS], bool bare, const char *what)
{
	Probe probes[G_N_ELEMENTS(cases)];
	guint n = 0;

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const Case *c = &cases[i];

		if (bare && !c->bare)
			continue;
		probes[n++] =
			(Probe){ callers[c->caller], c->protocol, c->address, c->port, bare ? c->bare : c->expected };
	}
	probe_all(probes, n);
	for (guint i = 0; i < n; i++) {
		if (strcmp(probes[i].result, probes[i].expected) != 0) {
			g_test_message("%s: %s %s port %u, %s: %s", what, probes[i].protocol, probes[i].address,
				       probes[i].port, probes[i].expected, probes[i].result);
			g_test_fail();
		}
		g_free(probes[i].result);
	}
}

/* Whether a segment of no connection, from either side, leaves one through a published port as it is. */
static void expect_no_resets(const int callers[N_CALLERS])
{
	static const char *const hosts[] = { "192.0.2.1", "2001:db8:1::1" }, *const own[] = { "172.18.0.2",
											      "fd00:18::2" };

	for (guint i = 0; i < 2 * G_N_ELEMENTS(hosts); i++) {
		int flow = flow_open(callers[OUTSIDE], "tcp", hosts[i / 2], 8080);
		const char *answer = i / 2 == 0 ? "80 from 192.0.2.2" : "80 from 2001:db8:1::2";
		Connection connection;

		expect_flow(flow, answer);
		connection = segment_connection(flow);
		if (i % 2 == 0)
			segment_inject(callers[OUTSIDE], connection.client, connection.server,
				       connection.sent + (1 << 30), connection.received, false);
		else
			segment_inject(callers[APP], segment_address(own[i / 2], 80), connection.client,
				       connection.received + (1 << 30), connection.sent, false);
		expect_flow(flow, answer);
		close(flow);
	}
}

/* --- what is said --- */

static void append_reply(GString *script, sd_bus_message *reply)
{
	const char *text = "";

	g_assert_cmpint(reply ? sd_bus_message_read(reply, "s", &text) : -1, >, 0);
	g_string_append(script, text);
	sd_bus_message_unref(reply);
}

static void append_lines(const World *world, GString *script, const char *path, const char *interface)
{
	sd_bus_message *reply = call_reply(world->bus, path, interface, "GetRules", NULL);
	const char *family, *table, *set, *line;
	guint64 packets, bytes;
	guint n = 0;

	g_assert_cmpint(reply ? sd_bus_message_enter_container(reply, 'a', "(sssstt)") : -1, >, 0);
	while (sd_bus_message_read(reply, "(sssstt)", &family, &table, &set, &line, &packets, &bytes) > 0) {
		g_string_append_printf(script, "%s\n", line);
		n++;
	}
	g_assert_cmpuint(n, >, 0);
	sd_bus_message_unref(reply);
}

static char *dump(const World *world)
{
	GString *text = g_string_new(NULL);

	append_reply(text, call_reply(world->bus, "", "Manager", "DumpRules", "s", "ipv4"));
	append_reply(text, call_reply(world->bus, "", "Manager", "DumpRules", "s", "ipv6"));
	return g_string_free(text, FALSE);
}

/* The tables as they are without any object. */
static char *without_elements(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GString *rest = g_string_new(NULL);

	for (char **line = lines; *line; line++)
		if (!g_str_has_prefix(*line, "add element "))
			g_string_append_printf(rest, "%s\n", *line);
	return g_string_free(rest, FALSE);
}

/* The policy is no rule of any object. */
#define POLICIES                                             \
	"add chain ip netfilterd forward { policy drop; }\n" \
	"add chain ip6 netfilterd forward { policy drop; }\n"

/* Each object, and what was said of it before it was there. */
static char *create_all(const World *world)
{
	g_autofree char *before = dump(world);
	GString *previews = g_string_new(before);

	append_reply(previews, call_reply(world->bus, "", "Manager", "PreviewNetwork", WEB));
	call(world->bus, "", "Manager", "CreateNetwork", WEB);
	append_reply(previews, call_reply(world->bus, "", "Manager", "PreviewNetwork", OFF));
	call(world->bus, "", "Manager", "CreateNetwork", OFF);
	append_reply(previews, call_reply(world->bus, "", "Manager", "PreviewNetwork", INNER));
	call(world->bus, "", "Manager", "CreateNetwork", INNER);
	append_reply(previews, call_reply(world->bus, "", "Manager", "PreviewNetwork", PLAIN));
	call(world->bus, "", "Manager", "CreateNetwork", PLAIN);
	append_reply(previews, call_reply(world->bus, "", "Manager", "PreviewIngress", MESH));
	call(world->bus, "", "Manager", "CreateIngress", MESH);
	call(world->bus, "/network/off/endpoint/one", "Endpoint", "Link", "oa(sq)",
	     "/org/example/NetFilter/network/off/endpoint/two", 1, "tcp", 80);
	append_lines(world, previews, "/network/off/endpoint/one", "Endpoint");
	g_string_append(previews, POLICIES);
	return g_string_free(previews, FALSE);
}

static char *lines_of_all(const World *world, const char *tables)
{
	static const char *const networks[] = { "/network/web", "/network/off", "/network/inner", "/network/plain" };
	GString *lines = g_string_new(tables);

	for (guint i = 0; i < G_N_ELEMENTS(networks); i++)
		append_lines(world, lines, networks[i], "Network");
	append_lines(world, lines, "/network/web/endpoint/app", "Endpoint");
	append_lines(world, lines, "/ingress/mesh", "Ingress");
	return g_string_free(lines, FALSE);
}

static void load(const World *world, const int callers[N_CALLERS], const char *what, const char *script)
{
	netns_run(world->host, "nft flush ruleset");
	expect_cases(callers, true, "without rules");
	g_assert_true(g_file_set_contents("/run/script.nft", script, -1, NULL));
	netns_run(world->host, "nft -f /run/script.nft");
	expect_cases(callers, false, what);
	expect_no_resets(callers);
}

static void read_back(World *world)
{
	g_autofree char *previews = create_all(world), *whole = dump(world);
	g_autofree char *tables = without_elements(whole), *lines = lines_of_all(world, tables);
	int callers[N_CALLERS];

	place_all(world, callers);
	expect_cases(callers, false, "the service's own");
	expect_no_resets(callers);
	service_kill(world->service);
	load(world, callers, "DumpRules", whole);
	load(world, callers, "GetRules", lines);
	load(world, callers, "previews", previews);
	/* What it finds it takes for its own again, since it has written down what it is. */
	world->service = service_start(world->bus, world->configuration);
	expect_cases(callers, false, "after a start");
}

static const Scenario scenarios[] = {
	{ "/script/read-back", read_back },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
