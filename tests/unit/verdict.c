/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/backends.h"
#include "service/explain/verdict.h"
#include "service/nftables/lookup.h"
#include "service/nftables/trace.h"
#include "service/nftables/translate.h"
#include "tests/support/scene.h"

#include <string.h>

/* Packets through a model that is written down here, on a host that is made of answers, with the rules of each backend.
 */

/* --- the host --- */

typedef struct FalseHost {
	Facts facts;
	bool closed, filtered, drops, sees_bridged;
	const char *foreign;
} FalseHost;

static const FalseHost *of(const Facts *facts)
{
	return (const FalseHost *)facts;
}

static const struct {
	const char *to; /* the first that it is in */
	enum way kind;
	const char *interface, *own;
} routes[] = {
	{ "192.0.2.1/32", WAY_HOST, "", "192.0.2.1" },           { "127.0.0.0/8", WAY_HOST, "", "127.0.0.1" },
	{ "172.18.0.1/32", WAY_HOST, "", "172.18.0.1" },         { "172.19.0.1/32", WAY_HOST, "", "172.19.0.1" },
	{ "fd00:18::1/128", WAY_HOST, "", "fd00:18::1" },        { "172.18.0.0/16", WAY_OUT, "br-web", "172.18.0.1" },
	{ "172.19.0.0/16", WAY_OUT, "br-back", "172.19.0.1" },   { "172.20.0.0/16", WAY_OUT, "br-inner", "172.20.0.1" },
	{ "172.22.0.0/16", WAY_OUT, "br-routed", "172.22.0.1" }, { "172.23.0.0/16", WAY_OUT, "br-open", "172.23.0.1" },
	{ "fd00:18::/64", WAY_OUT, "br-web", "fd00:18::1" },     { "192.0.2.0/24", WAY_OUT, "lan", "192.0.2.1" },
	{ "198.51.100.0/24", WAY_OUT, "wan", "192.0.2.1" },      { "192.168.0.0/16", WAY_OUT, "lan", "192.0.2.1" },
};

static Way false_route(const Facts *facts, const Address *from, const Address *to, const char *interface)
{
	for (guint i = 0; i < G_N_ELEMENTS(routes); i++) {
		Way way = { .kind = routes[i].kind };
		Prefix prefix;

		g_assert_true(prefix_parse(routes[i].to, &prefix));
		if (!prefix_contains(&prefix, to))
			continue;
		g_assert_true(address_parse(routes[i].own, &way.own));
		g_strlcpy(way.interface, routes[i].interface, sizeof way.interface);
		if (*interface && of(facts)->filtered && from->bytes[0] == 198)
			way.kind = WAY_FILTERED;
		else if (*interface && of(facts)->closed && way.kind == WAY_OUT)
			way.kind = WAY_CLOSED;
		return way;
	}
	return (Way){ .kind = WAY_NONE };
}

static bool false_sees_bridged(const Facts *facts, enum family family G_GNUC_UNUSED, const char *bridge)
{
	return of(facts)->sees_bridged || g_str_equal(bridge, "br-back") || g_str_equal(bridge, "br-six");
}

static bool false_listens(const Facts *facts G_GNUC_UNUSED, guint8 protocol, const Address *address G_GNUC_UNUSED,
			  guint16 port)
{
	return port == 22 || (protocol == IPPROTO_UDP && port == 5353);
}

static bool false_policy_drops(const Facts *facts, enum family family G_GNUC_UNUSED)
{
	return of(facts)->drops;
}

static char *false_foreign_drop(const Facts *facts, enum family family G_GNUC_UNUSED)
{
	return g_strdup(of(facts)->foreign);
}

static const FalseHost plain = { .facts = { false_route, false_sees_bridged, false_listens, false_policy_drops,
					    false_foreign_drop },
				 .drops = true };

/* --- the model --- */

static AllowFrom *list_of(const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	GArray *list = g_array_new(FALSE, FALSE, sizeof(Source));

	for (char **word = words; *word; word++) {
		Source source;

		g_assert_true(source_parse(*word, &source));
		g_array_append_val(list, source);
	}
	return list;
}

/* Names are those of the bridges, and of endpoints their addresses. */
static Scene *build(void)
{
	Scene *scene = scene_new(FAMILY_IPV4);
	Network *web, *back, *routed, *open, *six;
	Endpoint *app, *db, *api, *limited;
	Ingress *spread;

	scene->options = (RenderOptions){ .localhost_publish = true,
					  .container_publish = true,
					  .drop_invalid = true,
					  .protect_endpoints = true,
					  .ipv6 = true,
					  .isolation_pairwise_max = 32 };
	web = scene_add_network(scene, "br-web", "172.18.0.0/16 fd00:18::/64", NETWORK_CREATES_BRIDGE);
	back = scene_add_network(scene, "br-back", "172.19.0.0/16", NETWORK_CREATES_BRIDGE | NETWORK_NO_COMMUNICATION);
	scene_add_endpoint(scene, scene_add_network(scene, "br-inner", "172.20.0.0/16", NETWORK_INTERNAL),
			   "172.20.0.2");
	scene_add_network(scene, "br-apart", "172.21.0.0/16", NETWORK_CREATES_BRIDGE)->modes[FAMILY_IPV4] =
		MODE_ISOLATED;
	routed = scene_add_network(scene, "br-routed", "172.22.0.0/16", NETWORK_CREATES_BRIDGE);
	open = scene_add_network(scene, "br-open", "172.23.0.0/16", NETWORK_CREATES_BRIDGE);
	routed->modes[FAMILY_IPV4] = MODE_ROUTED;
	open->modes[FAMILY_IPV4] = MODE_OPEN;

	app = scene_add_endpoint(scene, web, "172.18.0.2");
	limited = scene_add_endpoint(scene, web, "172.18.0.3");
	scene_publish(scene, scene_add_endpoint(scene, web, "fd00:18::4"), IPPROTO_TCP, NULL, 8083, 83, 1);
	api = scene_add_endpoint(scene, back, "172.19.0.2");
	db = scene_add_endpoint(scene, back, "172.19.0.3");
	scene_publish(scene, app, IPPROTO_TCP, NULL, 8080, 80, 1);
	scene_publish(scene, app, IPPROTO_UDP, NULL, 5353, 53, 1);
	scene_publish(scene, app, IPPROTO_TCP, "127.0.0.1", 8443, 443, 1);
	scene_publish(scene, app, IPPROTO_TCP, NULL, 20000, 20000, 1000);
	scene_publish(scene, limited, IPPROTO_TCP, NULL, 8081, 80, 1);
	limited->allow_from = list_of("192.168.0.0/16");
	scene_link(scene, api, db, (Ports){ 1, { { IPPROTO_TCP, 5432 } } });
	scene_publish(scene, scene_add_endpoint(scene, routed, "172.22.0.2"), IPPROTO_TCP, NULL, 80, 80, 1);
	scene_add_endpoint(scene, open, "172.23.0.2");
	spread = scene_add_ingress(scene, "br-web", "172.18.0.2 172.18.0.3");
	scene_publish_ingress(scene, spread, IPPROTO_TCP, 7001);
	spread->allow_from = list_of("192.0.2.0/24");
	scene_publish_ingress(scene, scene_add_ingress(scene, "br-web", "172.18.0.2"), IPPROTO_TCP, 7000);
	six = scene_add_network(scene, "br-six", "fd00:24::/64", NETWORK_CREATES_BRIDGE | NETWORK_NO_COMMUNICATION);
	scene_add_endpoint(scene, six, "fd00:24::2");
	scene_add_endpoint(scene, six, "fd00:24::3");
	scene_publish_ingress(scene, scene_add_ingress(scene, "br-web", "fd00:18::4"), IPPROTO_TCP, 9000);
	return scene;
}

typedef struct Row {
	const char *from, *interface, *to;
	guint16 port;
	const char *protocol, *verdict, *about, *words; /* of the last step; words: a part of them */
	const char *host;                               /* what it is like; NULL: plain */
} Row;

#define T "tcp"
static const Row rows[] = {
	{ "192.0.2.2", "", "192.0.2.1", 8080, T, "accepted", "endpoint", "endpoint br-web/172.18.0.2 by br-web" },
	{ "192.0.2.2", "", "192.0.2.1", 5353, "udp", "accepted", "endpoint", "br-web/172.18.0.2" },
	{ "192.0.2.2", "", "192.0.2.1", 20999, T, "accepted", "endpoint", "br-web/172.18.0.2" },
	{ "192.0.2.2", "", "192.0.2.1", 21000, T, "refused", "program", "no program has port tcp 21000" },
	{ "192.0.2.2", "", "192.0.2.1", 8443, T, "refused", "program", "nothing is published there" },
	{ "172.18.0.3", "", "127.0.0.1", 8443, T, "dropped", "guard", "by br-web" },
	{ "127.0.0.2", "br-web", "192.0.2.1", 22, T, "dropped", "guard", "nothing comes from it by br-web" },
	{ "192.0.2.2", "", "192.0.2.1", 22, T, "not ours", "program", "a program of the host has port tcp 22" },
	{ "192.0.2.2", "", "192.0.2.1", 7000, T, "accepted", "endpoint", "br-web/172.18.0.2" },
	{ "192.0.2.2", "", "192.0.2.1", 7001, T, "accepted", "endpoint", "br-web/172.18.0.2" },
	{ "192.168.1.1", "", "192.0.2.1", 7001, T, "dropped", "allow-from",
	  "port tcp 7001 of ingress 172.18.0.2 172.18.0.3; allowed from 192.0.2.0/24; source is not in it" },
	{ "192.0.2.2", "", "172.18.0.2", 80, T, "dropped", "protection", "port tcp 80 of endpoint br-web/172.18.0.2" },
	{ "192.0.2.2", "", "192.0.2.1", 8081, T, "dropped", "allow-from",
	  "port tcp 8081 of endpoint br-web/172.18.0.3; allowed from 192.168.0.0/16; source is not in it" },
	{ "192.168.1.1", "", "192.0.2.1", 8081, T, "accepted", "endpoint", "br-web/172.18.0.3" },
	{ "192.0.2.1", "", "192.0.2.1", 8081, T, "dropped", "allow-from", "source is not in it" },
	{ "192.0.2.1", "", "192.0.2.1", 8080, T, "accepted", "endpoint", "br-web/172.18.0.2" },
	{ "127.0.0.1", "", "127.0.0.1", 8443, T, "accepted", "endpoint", "br-web/172.18.0.2" },
	{ "172.18.0.1", "", "172.18.0.2", 81, T, "accepted", "endpoint", "br-web/172.18.0.2" },
	{ "192.0.2.1", "", "203.0.113.1", 80, T, "refused", "route", "no route leads to 203.0.113.1" },
	{ "192.0.2.1", "", "192.0.2.7", 80, T, "not ours", "route", "it leaves by lan" },
	{ "203.0.113.1", "", "192.0.2.1", 8080, T, "dropped", "route", "no route leads to its source" },
	{ "203.0.113.1", "lan", "192.0.2.1", 8080, T, "accepted", "endpoint", "br-web/172.18.0.2" },
	/* within a network */
	{ "172.18.0.3", "", "172.18.0.2", 81, T, "accepted", "endpoint", "br-web/172.18.0.2" },
	{ "172.18.0.3", "", "172.18.0.2", 81, T, "accepted", "endpoint", "br-web/172.18.0.2", "bridged" },
	{ "172.18.0.2", "", "172.18.0.3", 80, T, "accepted", "endpoint", "br-web/172.18.0.3" },
	{ "172.18.0.2", "", "172.18.0.3", 80, T, "dropped", "allow-from", "source is not in it", "bridged" },
	{ "172.18.0.2", "", "172.18.0.3", 81, T, "accepted", "endpoint", "br-web/172.18.0.3", "bridged" },
	{ "172.18.0.2", "", "172.18.0.9", 81, T, "accepted", "endpoint",
	  "no endpoint of network br-web has 172.18.0.9" },
	{ "172.18.0.3", "", "172.18.0.1", 8080, T, "accepted", "endpoint", "br-web/172.18.0.2" },
	{ "172.18.0.2", "", "172.18.0.1", 8080, T, "dropped", "bridge", "hairpin mode", "bridged" },
	{ "172.18.0.2", "", "172.18.0.1", 8080, T, "accepted", "endpoint", "br-web/172.18.0.2" },
	{ "172.19.0.2", "", "172.19.0.3", 5432, T, "accepted", "endpoint", "br-back/172.19.0.3" },
	{ "172.19.0.2", "", "172.19.0.3", 5433, T, "dropped", "communication", "no link lets this one pass" },
	{ "172.19.0.3", "", "172.19.0.2", 5432, T, "dropped", "communication", "endpoints of network br-back" },
	{ "fd00:24::2", "", "fd00:24::3", 80, T, "dropped", "communication", "endpoints of network br-six" },
	{ "fd00:24::2", "", "fd00:24::3", 9000, T, "dropped", "communication", "endpoints of network br-six" },
	{ "fd00:24::2", "", "fd00:24::3", 9000, T, "dropped", "neighbours", "do not find one another",
	  "iptables, unprotected" },
	/* between networks, and out */
	{ "172.19.0.2", "", "172.18.0.2", 81, T, "dropped", "isolation", "networks br-back and br-web are kept apart",
	  "unprotected" },
	{ "172.19.0.2", "", "172.18.0.2", 81, T, "dropped", "protection", "port tcp 81", "iptables" },
	{ "172.19.0.2", "", "192.0.2.1", 8080, T, "accepted", "endpoint", "br-web/172.18.0.2" },
	{ "172.19.0.2", "", "172.22.0.2", 80, T, "accepted", "endpoint", "br-routed/172.22.0.2" },
	{ "172.19.0.2", "", "198.51.100.1", 80, T, "accepted", "route", "it leaves by wan" },
	{ "172.20.0.2", "", "198.51.100.1", 80, T, "dropped", "internal", "network br-inner is internal" },
	{ "172.20.0.2", "", "192.0.2.1", 22, T, "not ours", "program", "a program of the host" },
	{ "198.51.100.1", "", "172.20.0.2", 80, T, "dropped", "internal", "network br-inner is internal" },
	{ "172.21.0.2", "", "198.51.100.1", 80, T, "dropped", "isolated", "network br-apart is isolated" },
	{ "172.21.0.2", "", "172.21.0.3", 80, T, "accepted", "endpoint", "no endpoint of network br-apart" },
	{ "192.0.2.2", "", "172.22.0.2", 80, T, "accepted", "endpoint", "br-routed/172.22.0.2" },
	{ "192.0.2.2", "", "172.22.0.2", 81, T, "dropped", "protection",
	  "not published, and network br-routed is routed" },
	{ "192.0.2.2", "", "172.23.0.2", 81, T, "accepted", "endpoint", "br-open/172.23.0.2" },
	/* what is the host's */
	{ "192.0.2.2", "", "198.51.100.1", 80, T, "dropped", "policy", "from lan to wan" },
	{ "192.0.2.2", "", "198.51.100.1", 80, T, "not ours", "route", "it leaves by wan", "forwards" },
	{ "192.0.2.2", "", "192.0.2.1", 8080, T, "dropped", "forwarding", "nothing that comes in by lan", "closed" },
	{ "172.18.0.3", "", "172.18.0.1", 8080, T, "dropped", "forwarding", "nothing that comes in by br-web",
	  "closed" },
	{ "172.18.0.3", "", "172.18.0.1", 8080, T, "dropped", "forwarding", "nothing that comes in by br-web",
	  "closed, bridged" },
	{ "fd00:18::5", "", "fd00:18::1", 8083, T, "dropped", "forwarding", "nothing that comes in by br-web",
	  "closed" },
	{ "fd00:18::5", "", "fd00:18::1", 8083, T, "accepted", "endpoint", "br-web/fd00:18::4", "closed, bridged" },
	{ "172.19.0.2", "", "192.0.2.1", 8080, T, "dropped", "forwarding", "nothing that comes in by br-back",
	  "closed, bridged" },
	{ "198.51.100.1", "", "192.0.2.1", 8080, T, "dropped", "rp_filter", "no answer to 198.51.100.1", "filtered" },
	{ "192.0.2.2", "", "192.0.2.1", 8080, T, "dropped", "foreign", "chain inet others pass", "foreign" },
	{ "172.18.0.3", "", "172.18.0.2", 81, T, "accepted", "endpoint", "br-web/172.18.0.2", "foreign" },
	{ "fd00:18::4", "", "fd00:18::1", 22, T, "not ours", "program", "fd00:18::1 is this host's" },
	{ "::1", "lan", "fd00:18::1", 9000, T, "dropped", "route", "lets nothing from ::1 to fd00:18::1 go that way" },
	{ "fd00:18::4", "", "::1", 9000, T, "dropped", "route", "lets nothing from fd00:18::4 to ::1" },
};

static FalseHost host_like(const char *word)
{
	FalseHost host = plain;

	host.closed = word && g_str_has_prefix(word, "closed");
	host.filtered = g_strcmp0(word, "filtered") == 0;
	host.drops = g_strcmp0(word, "forwards") != 0;
	host.sees_bridged = word && g_str_has_suffix(word, "bridged");
	host.foreign = g_strcmp0(word, "foreign") == 0 ? "inet others pass" : NULL;
	return host;
}

static void check_row(const Row *row, const Scene *scene, const Ruleset *ruleset, const Backend *backend)
{
	const PacketSettings settings = { .source.text = row->from,
					  .destination.text = row->to,
					  .protocol = row->protocol,
					  .interface = *row->interface ? row->interface : NULL,
					  .port = row->port };
	const FalseHost host = host_like(row->host);
	const Grounds grounds = { scene->model, NULL, ruleset, backend, &host.facts };
	g_autoptr(GPtrArray) steps = NULL;
	g_autoptr(GError) error = NULL;
	const Step *last;
	const char *verdict;
	Packet packet;

	g_assert_true(packet_read(&settings, &packet, &error));
	verdict = outcome_to_string(explain(&grounds, &packet, &steps));
	g_assert_cmpuint(steps->len, >, 0);
	last = steps->pdata[steps->len - 1];
	g_test_message("%s: %s > %s %s %u (%s): %s, %s [%s]: %s", backend->kind->name, row->from, row->to,
		       row->protocol, row->port, row->host ?: "", verdict, last->about, last->rule, last->words);
	g_assert_cmpstr(verdict, ==, row->verdict);
	g_assert_cmpstr(last->about, ==, row->about);
	g_assert_nonnull(strstr(last->words, row->words));
}

static Ruleset *render(const Scene *scene, bool protected)
{
	RenderOptions options = scene->options;
	g_autoptr(GArray) items = rendering_new();
	Ruleset *ruleset = ruleset_new();

	options.protect_endpoints = protected;
	render_model(scene->model, &options, items);
	ruleset_add_all(ruleset, items);
	return ruleset;
}

/* A host that begins with a backend's name is for that alone. */
static bool is_for(const Row *row, const BackendKind *kind)
{
	g_auto(GStrv) words = g_strsplit(row->host ?: "", ",", -1);

	return !words[0] || !backends_find(words[0]) || g_str_equal(words[0], kind->name);
}

static void test_rows(void)
{
	g_autoptr(Scene) scene = build();
	g_autoptr(Ruleset) protected = render(scene, true), unprotected = render(scene, false);

	for (guint b = 0; b < N_BACKENDS; b++) {
		Backend *backend = backends[b]->new ("DOCKER");

		for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
			if (is_for(&rows[i], backends[b]))
				check_row(&rows[i], scene,
					  strstr(rows[i].host ?: "", "unprotected") ? unprotected : protected, backend);
		backends[b]->free(backend);
	}
}

/* The way as it is told, a word for each step. */
static void test_ways(void)
{
	static const struct {
		const char *from, *to, *way;
		guint16 port;
	} cases[] = {
		{ "192.0.2.2", "192.0.2.1", "source translation port endpoint", 8080 },
		{ "192.0.2.2", "192.0.2.1", "source translation ingress endpoint", 7000 },
		{ "192.0.2.2", "172.18.0.2", "source protection", 80 },
		{ "192.0.2.2", "192.0.2.1", "source translation allow-from", 8081 },
		{ "172.18.0.3", "172.18.0.2", "source bridge endpoint", 80 },
		{ "172.19.0.2", "172.19.0.3", "source link endpoint", 5432 },
		{ "172.19.0.2", "198.51.100.1", "source communication route", 80 },
		{ "192.0.2.2", "172.23.0.2", "source open endpoint", 80 },
	};
	g_autoptr(Scene) scene = build();
	g_autoptr(Ruleset) ruleset = render(scene, true);

	for (guint i = 0; i < G_N_ELEMENTS(cases) * N_BACKENDS; i++) {
		guint which = i / N_BACKENDS;
		Backend *backend = backends[i % N_BACKENDS]->new ("DOCKER");
		const Grounds grounds = { scene->model, NULL, ruleset, backend, &plain.facts };
		g_autoptr(GString) way = g_string_new(NULL);
		g_autoptr(GPtrArray) steps = NULL;
		Packet packet;

		g_assert_true(packet_read(&(PacketSettings){ .source.text = cases[which].from,
							     .destination.text = cases[which].to,
							     .port = cases[which].port },
					  &packet, NULL));
		explain(&grounds, &packet, &steps);
		for (guint n = 0; n < steps->len; n++)
			g_string_append_printf(way, "%s%s", n > 0 ? " " : "", ((const Step *)steps->pdata[n])->about);
		g_assert_cmpstr(way->str, ==, cases[which].way);
		backend->kind->free(backend);
	}
}

/* --- what is asked --- */

static void test_bad_packets(void)
{
	static const struct {
		PacketSettings settings;
		const char *reason;
	} cases[] = {
		{ { .destination.text = "192.0.2.1", .port = 80 }, "Source is required" },
		{ { .source.text = "192.0.2.1", .port = 80 }, "Destination is required" },
		{ { .source.text = "192.0.2.1", .destination.text = "192.0.2.1" }, "Port is required" },
		{ { .source.text = "somewhere", .destination.text = "192.0.2.1", .port = 80 },
		  "Source: \"somewhere\"" },
		{ { .source.text = "192.0.2.1", .destination.text = "192.0.2.0/24", .port = 80 },
		  "Destination: \"192.0.2.0/24\"" },
		{ { .source.text = "192.0.2.1", .destination.text = "fd00::1", .port = 80 },
		  "one is of IPv4 and the other of IPv6" },
		{ { .source.text = "192.0.2.1", .destination.text = "224.0.0.1", .port = 80 },
		  "Destination: \"224.0.0.1\"" },
		{ { .source.text = "ff02::1", .destination.text = "fd00::1", .port = 80 }, "Source: \"ff02::1\"" },
		{ { .source.text = "0.0.0.0", .destination.text = "192.0.2.1", .port = 80 }, "Source: \"0.0.0.0\"" },
		{ { .source.text = "192.0.2.1", .destination.text = "192.0.2.1", .port = 80, .protocol = "icmp" },
		  "Protocol: \"icmp\"" },
		{ { .source.text = "192.0.2.1", .destination.text = "192.0.2.1", .port = 80, .interface = "a/b" },
		  "InInterface: \"a/b\"" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		Packet packet;

		g_assert_false(packet_read(&cases[i].settings, &packet, &error));
		g_test_message("%s", error->message);
		g_assert_error(error, NETFILTER_ERROR, NETFILTER_ERROR_INVALID_ARGS);
		g_assert_nonnull(strstr(error->message, cases[i].reason));
	}
}

/* Which address, and which port, is meant by an endpoint and a port. */
static void test_ends(void)
{
	g_autoptr(Scene) scene = build();
	const struct {
		const char *endpoint, *from, *protocol;
		guint16 port;
		const char *destination; /* "": the host's */
	} cases[] = {
		{ "172.18.0.2", "192.0.2.2", "tcp", 8080, "" },
		{ "172.18.0.2", "192.0.2.2", "tcp", 20999, "" },
		{ "172.18.0.2", "192.0.2.2", "tcp", 8443, "127.0.0.1" },
		{ "172.18.0.2", "192.0.2.2", "tcp", 80, "172.18.0.2" },
		{ "172.18.0.2", "192.0.2.2", "udp", 8080, "172.18.0.2" },
		{ "172.22.0.2", "192.0.2.2", "tcp", 80, "172.22.0.2" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		char text[INET6_ADDRSTRLEN];
		Address address;
		Packet packet;

		g_assert_true(address_parse(cases[i].endpoint, &address));
		const PacketSettings settings = {
			.source.text = cases[i].from,
			.destination.endpoint = g_hash_table_lookup(scene->model->endpoints, &address),
			.protocol = cases[i].protocol,
			.port = cases[i].port,
		};
		g_assert_true(packet_read(&settings, &packet, NULL));
		g_assert_cmpstr(address_format(&packet.destination, text), ==, cases[i].destination);
	}
}

/* --- sets --- */

/* What a packet is to bring for an element; of an interval its first key. */
static Parts key_of(const Element *element)
{
	const SetInfo *info = set_info(element->set);
	const guint8 *at = element->bytes;
	guint n_addresses = 0, n_interfaces = 0;
	Parts key = {};

	for (guint i = 0; i < KEY_FIELDS_MAX && info->key[i] != FIELD_NONE; i++) {
		switch (info->key[i]) {
		case FIELD_ADDRESS:
			key.address[n_addresses++] = at;
			break;
		case FIELD_INTERFACE:
			key.interface[n_interfaces++] = (const char *)at;
			break;
		case FIELD_PROTOCOL:
			key.protocol = at[0];
			break;
		case FIELD_PORT:
			key.port = at[0] << 8 | at[1];
			break;
		default:
			memcpy(&key.number, at, sizeof key.number);
		}
		at += field_size(info->key[i], element->family);
	}
	return key;
}

static void check_element(const Element *element, void *userdata)
{
	const RuleItem *item = userdata;
	g_autoptr(Ruleset) alone = ruleset_new();
	const Parts key = key_of(element);
	Found found;

	ruleset_add(alone, item);
	if (lookup(alone, element->family, element->set, &key, &found)) {
		g_assert_true(rule_equal(found.rule, &item->rule) && element_equal(&found.element, element));
		return;
	}
	g_test_message("%s is told by place %u, and not found there", set_info(element->set)->name, item->rule.place);
	g_test_fail();
}

/* Whatever a rule is an element of is found by its key. */
static void test_places(void)
{
	for (guint i = 0; i < n_scenarios; i++) {
		g_autoptr(Scene) scene = scenario_build(&scenarios[i]);

		for (guint r = 0; r < scene->renderings->len; r++) {
			const GArray *items = scene->renderings->pdata[r];

			for (guint n = 0; n < items->len; n++) {
				RuleItem *item = &g_array_index(items, RuleItem, n);

				translate(&item->rule, check_element, item);
			}
		}
	}
}

/* A word that the skeleton has learnt and the trace has not would be a rule that is passed over. */
static void test_words(void)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		g_assert_true(nftables_trace_reads_all(family));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	g_test_add_func("/verdict/rows", test_rows);
	g_test_add_func("/verdict/ways", test_ways);
	g_test_add_func("/verdict/bad-packets", test_bad_packets);
	g_test_add_func("/verdict/ends", test_ends);
	g_test_add_func("/verdict/places", test_places);
	g_test_add_func("/verdict/words", test_words);
	return g_test_run();
}
