/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/iptables.h"
#include "service/iptables/layout.h"
#include "tests/support/scene.h"

#include <string.h>

static Backend *backend;

/* What iptables-save wrote, without the builtin chains and their policies. */
static char *golden_read(const char *name)
{
	g_autofree char *file = g_strconcat(name, ".save", NULL);
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "golden", file, NULL);
	g_autoptr(GRegex) builtin = g_regex_new("^:\\w+ (ACCEPT|DROP) .*\\n", G_REGEX_MULTILINE, 0, NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	char *bare;

	g_file_get_contents(path, &text, NULL, &error);
	g_assert_no_error(error);
	bare = g_regex_replace_literal(builtin, text, -1, 0, "", 0, NULL);
	return bare;
}

static void test_golden(gconstpointer data)
{
	const Scenario *scenario = data;
	enum family other = scenario->family == FAMILY_IPV4 ? FAMILY_IPV6 : FAMILY_IPV4;
	g_autoptr(Scene) scene = scenario_build(scenario);
	g_autofree char *golden = golden_read(scenario->name);
	g_autofree char *text = iptables_backend.text(backend, scene->ruleset, scenario->family);
	g_autofree char *nothing = iptables_backend.text(backend, scene->ruleset, other);
	char *raw = strstr(text, "*raw");

	g_assert_nonnull(strstr(golden, "COMMIT"));
	/* The classic code had no guard on an ingress's bridge. */
	if (raw && g_hash_table_size(scene->model->ingresses) > 0 && !strstr(golden, "*raw"))
		*raw = '\0';
	g_assert_cmpstr(text, ==, golden);
	if (!scenario->both)
		g_assert_cmpstr(nothing, ==, "");
}

/* Whatever goes in which order, the start is what is left. */
static void test_back_to_start(gconstpointer data)
{
	const Scenario *scenario = data;
	g_autoptr(Scene) scene = scenario_build(scenario);
	g_autofree char *golden = golden_read("init");
	g_autofree char *text = NULL;

	for (guint n = scene->renderings->len; n > 0; n--) {
		guint victim = g_test_rand_int_range(0, n);

		scene_withdraw(scene, victim);
		g_ptr_array_remove_index(scene->renderings, victim);
	}
	text = iptables_backend.text(backend, scene->ruleset, scenario->family);
	g_assert_cmpstr(text, ==, golden);
}

/* Taking something out and putting it back changes nothing, held or not. */
static void test_undo(gconstpointer data)
{
	const Scenario *scenario = data;
	g_autoptr(Scene) scene = scenario_build(scenario);
	g_autofree char *before = iptables_backend.text(backend, scene->ruleset, scenario->family);

	for (guint i = 0; i < scene->renderings->len; i++) {
		g_autofree char *after = NULL;

		scene_withdraw(scene, i);
		scene_restore(scene, i);
		after = iptables_backend.text(backend, scene->ruleset, scenario->family);
		g_assert_cmpstr(after, ==, before);
	}
}

static void test_pure(gconstpointer data)
{
	g_autoptr(Scene) a = scenario_build(data), b = scenario_build(data);

	g_assert_cmpuint(a->renderings->len, ==, b->renderings->len);
	for (guint i = 0; i < a->renderings->len; i++) {
		GArray *one = a->renderings->pdata[i], *other = b->renderings->pdata[i];

		g_assert_cmpuint(one->len, >, 0);
		g_assert_cmpmem(one->data, one->len * sizeof(RuleItem), other->data, other->len * sizeof(RuleItem));
	}
}

static bool has_rule(const Scene *scene, enum family family, const char *line)
{
	g_autofree char *text = iptables_backend.text(backend, scene->ruleset, family);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	return g_strv_contains((const char *const *)lines, line);
}

static void test_shared(void)
{
	const char *accept = "-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT";
	const char *first = "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80";
	g_autoptr(Scene) scene = scene_new(FAMILY_IPV4);
	Network *network = scene_add_network(scene, "docker0", "172.17.0.0/16", 0);
	Endpoint *web = scene_add_endpoint(scene, network, "172.17.0.2");

	scene_publish(scene, web, IPPROTO_TCP, NULL, 8080, 80, 1);
	scene_publish(scene, web, IPPROTO_TCP, NULL, 8081, 80, 1);
	scene_withdraw(scene, 1);
	g_assert_true(has_rule(scene, FAMILY_IPV4, accept));
	g_assert_false(has_rule(scene, FAMILY_IPV4, first));
	scene_withdraw(scene, 2);
	g_assert_false(has_rule(scene, FAMILY_IPV4, accept));
}

/* A bridge that a network and two ingresses share has one masquerade and one guard either way, until the last of them
 * goes. */
static void test_shared_bridge(void)
{
	const char *masquerade = "-A POSTROUTING -o docker_gwbridge -m addrtype --src-type LOCAL -j MASQUERADE";
	const char *guards[] = { "-A PREROUTING -d 127.0.0.0/8 -i docker_gwbridge -j DROP",
				 "-A PREROUTING -s 127.0.0.0/8 -i docker_gwbridge -j DROP" };
	g_autoptr(Scene) scene = scene_new(FAMILY_IPV4);

	scene->options.localhost_publish = scene->options.protect_endpoints = true;
	scene_add_network(scene, "docker_gwbridge", "172.18.0.0/16", 0);
	scene_add_ingress(scene, "docker_gwbridge", "172.18.0.2");
	scene_add_ingress(scene, "docker_gwbridge", "172.18.0.3");
	for (guint i = 0; i < 3; i++) {
		g_assert_true(has_rule(scene, FAMILY_IPV4, masquerade));
		for (guint k = 0; k < G_N_ELEMENTS(guards); k++)
			g_assert_true(has_rule(scene, FAMILY_IPV4, guards[k]));
		scene_withdraw(scene, i);
	}
	g_assert_false(has_rule(scene, FAMILY_IPV4, masquerade));
	for (guint k = 0; k < G_N_ELEMENTS(guards); k++)
		g_assert_false(has_rule(scene, FAMILY_IPV4, guards[k]));
}

/* The first thing in a family brings its base along. */
static void test_base(void)
{
	g_autoptr(Scene) network = scene_new(FAMILY_IPV4), ingress = scene_new(FAMILY_IPV4);

	g_assert_false(has_rule(network, FAMILY_IPV6, ":DOCKER - [0:0]"));
	scene_add_network(network, "br-0", "fd00::/64", NETWORK_INTERNAL);
	scene_add_ingress(ingress, "br-0", "fd00::2");
	for (guint i = 0; i < 2; i++) {
		const Scene *scene = i == 0 ? network : ingress;

		g_assert_true(has_rule(scene, FAMILY_IPV6, ":DOCKER - [0:0]"));
		g_assert_true(has_rule(scene, FAMILY_IPV6, ":DOCKER-ISOLATION - [0:0]"));
		g_assert_true(has_rule(scene, FAMILY_IPV6, "-A DOCKER-ISOLATION -j RETURN"));
	}
}

static void test_isolation_needs_two(void)
{
	g_autoptr(Scene) scene = scene_new(FAMILY_IPV4);
	g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(RuleItem));
	Network *four = scene_add_network(scene, "br-4", "172.18.0.0/16", 0);
	Network *six = scene_add_network(scene, "br-6", "fd00::/64", 0);
	Network *internal = scene_add_network(scene, "br-int", "172.19.0.0/16", NETWORK_INTERNAL);
	Network *both = scene_add_network(scene, "br-46", "172.20.0.0/16 fd01::/64", 0);

	render_isolation(scene->model, six, &scene->options, items);
	g_assert_cmpuint(items->len, ==, 2);
	g_array_set_size(items, 0);
	render_isolation(scene->model, internal, &scene->options, items);
	scene->options.isolation_pairwise_max = 0;
	render_isolation(scene->model, internal, &scene->options, items);
	g_assert_cmpuint(items->len, ==, 0);
	scene->options.isolation_pairwise_max = G_MAXUINT;
	render_isolation(scene->model, four, &scene->options, items);
	g_assert_cmpuint(items->len, ==, 2);
	g_array_set_size(items, 0);
	render_isolation(scene->model, both, &scene->options, items);
	g_assert_cmpuint(items->len, ==, 4);
}

/* A host address of one family is for that family alone; without an address in it there is nothing. */
static void test_families(void)
{
	g_autoptr(Scene) scene = scene_new(FAMILY_IPV4);
	Network *network = scene_add_network(scene, "br-0", "172.18.0.0/16 fd00::/64", 0);
	Endpoint *both = scene_add_endpoint(scene, network, "172.18.0.2 fd00::2");
	Endpoint *six = scene_add_endpoint(scene, network, "fd00::3");
	const struct {
		Endpoint *endpoint;
		const char *host;
		guint rules[N_FAMILIES];
	} cases[] = {
		{ both, NULL, { 3, 3 } },       { both, "0.0.0.0", { 3, 0 } }, { both, "::", { 0, 3 } },
		{ both, "::1", { 0, 3 } },      { six, NULL, { 0, 3 } },       { six, "0.0.0.0", { 0, 0 } },
		{ six, "192.0.2.1", { 0, 0 } },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const GArray *items;
		guint rules[N_FAMILIES] = {};

		scene_publish(scene, cases[i].endpoint, IPPROTO_TCP, cases[i].host, 1000 + i, 80 + i, 1);
		items = scene->renderings->pdata[scene->renderings->len - 1];
		for (guint k = 0; k < items->len; k++)
			rules[g_array_index(items, RuleItem, k).rule.family]++;
		g_assert_cmpuint(rules[FAMILY_IPV4], ==, cases[i].rules[FAMILY_IPV4]);
		g_assert_cmpuint(rules[FAMILY_IPV6], ==, cases[i].rules[FAMILY_IPV6]);
	}
}

static void test_preview(void)
{
	g_autoptr(Scene) scene = scene_new(FAMILY_IPV4);
	g_autofree char *text = NULL, *nothing = NULL;
	g_autoptr(GArray) items = rendering_new();
	Network *network = scene_add_network(scene, "br-0", "172.18.0.0/16 fd00::/64", NETWORK_INTERNAL);
	Backend *other = iptables_backend.new("NF");

	nothing = backend_text_of(other, items);
	g_assert_cmpstr(nothing, ==, "");
	render_network(network, &scene->options, items);
	text = backend_text_of(other, items);
	g_assert_cmpstr(text, ==,
			"# ipv4\n"
			"*filter\n"
			":NF - [0:0]\n"
			":NF-ISOLATION - [0:0]\n"
			"-A FORWARD -j NF-ISOLATION\n"
			"-A FORWARD -i br-0 -o br-0 -j ACCEPT\n"
			"-A NF-ISOLATION ! -s 172.18.0.0/16 -o br-0 -j DROP\n"
			"-A NF-ISOLATION ! -d 172.18.0.0/16 -i br-0 -j DROP\n"
			"-A NF-ISOLATION -j RETURN\n"
			"COMMIT\n"
			"*nat\n"
			":NF - [0:0]\n"
			"COMMIT\n"
			"# ipv6\n"
			"*filter\n"
			":NF - [0:0]\n"
			":NF-ISOLATION - [0:0]\n"
			"-A FORWARD -j NF-ISOLATION\n"
			"-A FORWARD -i br-0 -o br-0 -j ACCEPT\n"
			"-A NF-ISOLATION ! -s fd00::/64 ! -i br-0 -o br-0 -j DROP\n"
			"-A NF-ISOLATION ! -d fd00::/64 -i br-0 ! -o br-0 -j DROP\n"
			"-A NF-ISOLATION -j RETURN\n"
			"COMMIT\n"
			"*nat\n"
			":NF - [0:0]\n"
			"COMMIT\n");
	iptables_backend.free(other);
}

/* What of a network stands at a place; NULL when there is not exactly one such rule. */
static const Rule *only_rule(const GArray *items, enum family family, enum place place)
{
	const Rule *only = NULL;

	for (guint i = 0; i < items->len; i++) {
		const Rule *rule = &g_array_index(items, RuleItem, i).rule;

		if (rule->place != place || rule->family != family)
			continue;
		if (only)
			return NULL;
		only = rule;
	}
	return only;
}

static guint count_at(const GArray *items, enum family family, enum place place)
{
	guint n = 0;

	for (guint i = 0; i < items->len; i++) {
		const Rule *rule = &g_array_index(items, RuleItem, i).rule;

		n += rule->place == place && rule->family == family;
	}
	return n;
}

static guint count_parts(const char *text, const char *part)
{
	guint n = 0;

	for (; (text = strstr(text, part)); text++)
		n++;
	return n;
}

/* Communication that is off is off in each family that the host has rules of. */
static void test_communication_off(void)
{
	static const char *const subnets[] = { "172.18.0.0/16", "fd00::/64", "172.18.0.0/16 fd00::/64" };
	static const enum network_flag flags[] = { 0, NETWORK_INTERNAL };

	for (gsize i = 0; i < G_N_ELEMENTS(subnets); i++)
		for (guint k = 0; k < G_N_ELEMENTS(flags); k++) {
			enum place place = flags[k] ? PLACE_COMMUNICATION_OFF_INTERNAL : PLACE_COMMUNICATION_OFF;
			g_autoptr(Scene) scene = scene_new(FAMILY_IPV4);
			const GArray *items;

			scene->options.ipv6 = true;
			scene_add_network(scene, "br-0", subnets[i], flags[k] | NETWORK_NO_COMMUNICATION);
			items = scene->renderings->pdata[0];
			g_assert_cmpuint(count_at(items, FAMILY_IPV4, place), ==, 1);
			g_assert_cmpuint(count_at(items, FAMILY_IPV6, place), ==, 1);
		}
}

/* Whichever came first, and only while there is an ingress of the family. */
static void test_ingress_isolation(void)
{
	static const char *const drops[] = { "-A DOCKER-INGRESS ! -s 172.20.0.0/16 -o br-int -j DROP",
					     "-A DOCKER-INGRESS ! -d 172.20.0.0/16 -i br-int -j DROP" };
	static const char *const drops6[] = { "-A DOCKER-INGRESS ! -s fd00:20::/64 ! -i br-int -o br-int -j DROP",
					      "-A DOCKER-INGRESS ! -d fd00:20::/64 -i br-int ! -o br-int -j DROP" };

	for (guint ingress_first = 0; ingress_first < 2; ingress_first++) {
		g_autoptr(Scene) scene = scene_new(FAMILY_IPV4);

		if (ingress_first)
			scene_add_ingress(scene, "br-0", "172.18.0.2");
		scene_add_network(scene, "br-int", "172.20.0.0/16 fd00:20::/64", NETWORK_INTERNAL);
		scene_add_network(scene, "br-0", "172.18.0.0/16 fd00:18::/64", 0);
		if (!ingress_first)
			scene_add_ingress(scene, "br-0", "172.18.0.2");
		scene_add_ingress(scene, "br-0", "172.18.0.3");
		for (guint i = 0; i < 2; i++) {
			g_assert_true(has_rule(scene, FAMILY_IPV4, drops[i]));
			g_assert_false(has_rule(scene, FAMILY_IPV6, drops6[i]));
		}
		scene_add_ingress(scene, "br-0", "fd00:18::2");
		for (guint i = 0; i < 2; i++)
			g_assert_true(has_rule(scene, FAMILY_IPV6, drops6[i]));
	}
}

/* The rules for endpoints that call a published port, and which of them an option takes away. */
static void test_containers(void)
{
	static const char *const host_addresses[] = { NULL, "192.0.2.1", "127.0.0.1", "::1", "2001:db8::1" };
	enum { ALWAYS, CLASSIC }; /* whether hairpin mode has it, too */
	static const struct {
		enum family family;
		const char *line;
		guint8 when;
	} lines[] = {
		{ FAMILY_IPV4, "-A PREROUTING -i br-0 -m addrtype --dst-type LOCAL -j DOCKER-CONTAINERS", CLASSIC },
		{ FAMILY_IPV4, "-A PREROUTING -i br-1 -m addrtype --dst-type LOCAL -j DOCKER-CONTAINERS", CLASSIC },
		{ FAMILY_IPV6, "-A PREROUTING -i br-0 -m addrtype --dst-type LOCAL -j DOCKER-CONTAINERS", CLASSIC },
		{ FAMILY_IPV4, "-A DOCKER-CONTAINERS -p tcp -m tcp --dport 8000 -j DNAT --to-destination 172.18.0.2:80",
		  CLASSIC },
		{ FAMILY_IPV6,
		  "-A DOCKER-CONTAINERS ! -s fe80::/10 -p tcp -m tcp --dport 8000 -j DNAT --to-destination "
		  "[fd00::2]:80",
		  CLASSIC },
		{ FAMILY_IPV4,
		  "-A DOCKER-CONTAINERS -d 192.0.2.1/32 -p tcp -m tcp --dport 8001 -j DNAT --to-destination "
		  "172.18.0.2:80",
		  CLASSIC },
		{ FAMILY_IPV6,
		  "-A DOCKER-CONTAINERS ! -s fe80::/10 -d 2001:db8::1/128 -p tcp -m tcp --dport 8004 -j DNAT "
		  "--to-destination [fd00::2]:80",
		  CLASSIC },
		{ FAMILY_IPV4, "-A POSTROUTING -s 172.18.0.0/16 -o br-0 -m conntrack --ctstate DNAT -j MASQUERADE",
		  ALWAYS },
		{ FAMILY_IPV6, "-A POSTROUTING -s fd00::/64 -o br-0 -m conntrack --ctstate DNAT -j MASQUERADE",
		  ALWAYS },
		{ FAMILY_IPV4, "-A FORWARD -i br-1 -o br-1 -m conntrack --ctstate DNAT -j ACCEPT", ALWAYS },
		{ FAMILY_IPV4, "-A DOCKER-ISOLATION -m conntrack --ctstate DNAT -j RETURN", ALWAYS },
		{ FAMILY_IPV6, "-A DOCKER-ISOLATION -m conntrack --ctstate DNAT -j RETURN", ALWAYS },
	};

	for (guint set = 0; set < 1 << 2; set++) {
		g_autoptr(Scene) scene = scene_new(FAMILY_IPV4);
		g_autofree char *text = NULL, *text6 = NULL;
		Endpoint *endpoint;

		scene->options.container_publish = set & 1;
		scene->options.hairpin = set & 2;
		endpoint = scene_add_endpoint(scene, scene_add_network(scene, "br-0", "172.18.0.0/16 fd00::/64", 0),
					      "172.18.0.2 fd00::2");
		scene_add_network(scene, "br-1", "172.19.0.0/16", NETWORK_NO_COMMUNICATION);
		scene_add_network(scene, "br-int", "172.20.0.0/16 fd20::/64", NETWORK_INTERNAL);
		for (guint i = 0; i < G_N_ELEMENTS(host_addresses); i++)
			scene_publish(scene, endpoint, IPPROTO_TCP, host_addresses[i], 8000 + i, 80, 1);
		for (guint i = 0; i < G_N_ELEMENTS(lines); i++)
			g_assert_cmpint(has_rule(scene, lines[i].family, lines[i].line), ==,
					scene->options.container_publish &&
						(!scene->options.hairpin || lines[i].when == ALWAYS));
		text = iptables_backend.text(backend, scene->ruleset, FAMILY_IPV4);
		text6 = iptables_backend.text(backend, scene->ruleset, FAMILY_IPV6);
		/* Of the ports on loopback addresses and of the internal network there are none but these. */
		g_assert_cmpuint(count_parts(text, "-A DOCKER-CONTAINERS "), ==, set == 1 ? 2 : 0);
		g_assert_cmpuint(count_parts(text6, "-A DOCKER-CONTAINERS "), ==, set == 1 ? 2 : 0);
		g_assert_cmpuint(count_parts(text, "ctstate DNAT"), ==, set & 1 ? 4 : 0);
		g_assert_cmpuint(count_parts(text6, "ctstate DNAT"), ==, set & 1 ? 2 : 0);
		if (set & 1)
			g_assert_true(strstr(text, "-o br-int -j DROP") <
				      strstr(text, "-A DOCKER-ISOLATION -m conntrack"));
	}
}

/* Of a bridge that was made for the network everything is protected, of an adopted one its endpoints. */
static void test_direct(void)
{
#define DIRECT "! -i br-0 -o br-0 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j "
	static const struct {
		enum network_flag flags;
		bool off;
		const char *rule;
		guint n_endpoints; /* so many are told apart, in each family */
	} cases[] = {
		{ NETWORK_CREATES_BRIDGE, false, "-A FORWARD " DIRECT "DROP", 0 },
		{ NETWORK_CREATES_BRIDGE | NETWORK_NO_MASQUERADE, false, "-A FORWARD " DIRECT "DROP", 0 },
		{ 0, false, "-A FORWARD " DIRECT "DOCKER-DIRECT", 2 },
		{ NETWORK_INTERNAL | NETWORK_CREATES_BRIDGE, false, NULL, 0 },
		{ NETWORK_INTERNAL, false, NULL, 0 },
		{ NETWORK_CREATES_BRIDGE, true, NULL, 0 },
		{ 0, true, NULL, 0 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Scene) scene = scene_new(FAMILY_IPV4);
		Network *network;

		scene->options.protect_endpoints = !cases[i].off;
		network = scene_add_network(scene, "br-0", "172.18.0.0/16 fd00::/64", cases[i].flags);
		scene_add_endpoint(scene, network, "172.18.0.2 fd00::2");
		scene_add_endpoint(scene, network, "172.18.0.3 fd00::3");
		for (enum family family = 0; family < N_FAMILIES; family++) {
			g_autofree char *text = iptables_backend.text(backend, scene->ruleset, family);

			if (cases[i].rule)
				g_assert_true(has_rule(scene, family, cases[i].rule));
			g_assert_cmpuint(count_parts(text, " -m conntrack ! --ctstate "), ==, cases[i].rule != NULL);
			g_assert_cmpuint(count_parts(text, "-A DOCKER-DIRECT -d "), ==, cases[i].n_endpoints);
		}
	}
}

/* Nothing enters or leaves a closed network, with whatever address. The classic code asked for the subnet alone. */
static void test_internal(void)
{
	static const struct {
		const char *subnets[N_FAMILIES];
		bool internal;
		enum gateway_mode mode;
		bool off, without_ipv6;
		guint expected[N_FAMILIES];
	} cases[] = {
		{ { "172.18.0.0/16", "fd00::/64" }, true, MODE_NAT, false, false, { 2, 2 } },
		{ { "172.18.0.0/16", "fd00::/64" }, true, MODE_NAT, true, false, { 0, 0 } },
		{ { "172.18.0.0/16", "fd00::/64" }, true, MODE_ISOLATED, true, false, { 2, 2 } },
		{ { "172.18.0.0/16", "fd00::/64" }, false, MODE_ISOLATED, false, false, { 2, 2 } },
		{ { "172.18.0.0/16", "fd00::/64" }, false, MODE_NAT, false, false, { 0, 0 } },
		{ { "172.18.0.0/16", "fd00::/64" }, false, MODE_ROUTED, false, false, { 0, 0 } },
		{ { "172.18.0.0/16" }, true, MODE_NAT, false, false, { 2, 2 } },
		{ { "172.18.0.0/16" }, true, MODE_NAT, true, false, { 0, 2 } },
		{ { "172.18.0.0/16" }, true, MODE_NAT, false, true, { 2, 0 } },
		{ { "172.18.0.0/16" }, false, MODE_ISOLATED, false, false, { 2, 2 } },
		{ { "172.18.0.0/16" }, false, MODE_NAT, false, false, { 0, 0 } },
		{ { NULL, "fd00::/64" }, true, MODE_NAT, false, false, { 2, 2 } },
		{ { NULL, "fd00::/64" }, true, MODE_NAT, true, false, { 2, 0 } },
		{ { NULL, "fd00::/64" }, false, MODE_NAT, false, false, { 0, 0 } },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const RenderOptions options = { .protect_endpoints = !cases[i].off, .ipv6 = !cases[i].without_ipv6 };
		g_autoptr(Network) network = network_new("br-0");
		g_autoptr(GArray) items = rendering_new();

		g_strlcpy(network->bridge, "br-0", sizeof network->bridge);
		network->internal = cases[i].internal;
		for (enum family family = 0; family < N_FAMILIES; family++) {
			network->modes[family] = cases[i].mode;
			if (cases[i].subnets[family])
				g_assert_true(prefix_parse(cases[i].subnets[family], &network->subnets[family]));
		}
		render_network(network, &options, items);
		for (enum family family = 0; family < N_FAMILIES; family++)
			g_assert_cmpuint(count_at(items, family, PLACE_INTERNAL), ==, cases[i].expected[family]);
	}
}

/* What no backend can tell from other places. */
static void test_places(void)
{
	static const struct {
		enum network_flag flags;
		enum place drop; /* N_PLACES: none */
	} cases[] = {
		{ 0, N_PLACES },
		{ NETWORK_INTERNAL, N_PLACES },
		{ NETWORK_NO_COMMUNICATION, PLACE_COMMUNICATION_OFF },
		{ NETWORK_NO_COMMUNICATION | NETWORK_INTERNAL, PLACE_COMMUNICATION_OFF_INTERNAL },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		for (guint hairpin = 0; hairpin < 2; hairpin++) {
			g_autoptr(Scene) scene = scene_new(FAMILY_IPV4);
			const GArray *items;

			scene->options.hairpin = hairpin;
			scene_add_network(scene, "br-0", "172.18.0.0/16 fd00::/64", cases[i].flags);
			items = scene->renderings->pdata[0];
			for (enum family family = 0; family < N_FAMILIES; family++) {
				const Rule *bridge = only_rule(items, family, PLACE_BRIDGE);

				g_assert_nonnull(bridge);
				g_assert_cmpstr(bridge->in, ==, "br-0");
				g_assert_cmpstr(bridge->out, ==, "br-0");
				g_assert_cmpint(only_rule(items, family, PLACE_COMMUNICATION_OFF) != NULL, ==,
						cases[i].drop == PLACE_COMMUNICATION_OFF);
				g_assert_cmpint(only_rule(items, family, PLACE_COMMUNICATION_OFF_INTERNAL) != NULL, ==,
						cases[i].drop == PLACE_COMMUNICATION_OFF_INTERNAL);
			}
		}
}

/* What routers say reaches each gateway that no network lets it reach. */
static void test_ingress_errors(void)
{
	static const struct {
		const char *gateways;
		bool masquerade, given;
		guint expected;
	} cases[] = {
		{ "172.18.0.2", false, false, 0 },
		{ "172.18.0.2", false, true, 1 },
		{ "172.18.0.2", true, false, 1 },
		{ "172.18.0.2", true, true, 1 },
		{ "172.18.0.2 172.18.0.3", false, true, 2 },
		{ "172.18.0.2 172.18.0.3", false, false, 2 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Scene) scene = scene_new(FAMILY_IPV4);
		Ingress *ingress = scene_add_ingress(scene, "br-0", cases[i].gateways);
		g_autoptr(GArray) items = rendering_new();

		ingress->masquerade = cases[i].masquerade;
		ingress->masquerade_given = cases[i].given;
		render_ingress(ingress, &scene->options, items);
		g_assert_cmpuint(count_at(items, FAMILY_IPV4, PLACE_INGRESS_ERRORS), ==, cases[i].expected);
	}
}

/* Accepts of an ingress's port name each gateway where that is of use; iptables has the same for all. */
static void test_ingress_gateway(void)
{
	static const char *const gateways[] = { "172.18.0.2", "fd00::2" };

	for (enum family family = 0; family < N_FAMILIES; family++) {
		g_autoptr(Scene) scene = scene_new(family);
		Ingress *ingress = scene_add_ingress(scene, "br-0", gateways[family]);
		const GArray *items;
		guint n = 0;

		scene_publish_ingress(scene, ingress, IPPROTO_UDP, 53);
		items = scene->renderings->pdata[1];
		for (guint i = 0; i < items->len; i++) {
			const Rule *rule = &g_array_index(items, RuleItem, i).rule;

			if (rule->place != PLACE_INGRESS_GATEWAY)
				continue;
			n++;
			g_assert_cmpmem(rule->dnat_address, 16, ingress_first_gateway(ingress)->address.bytes, 16);
		}
		g_assert_cmpuint(n, ==, 1);
		g_assert_true(has_rule(scene, family, "-A DOCKER-INGRESS -p udp -m udp --dport 53 -j ACCEPT"));
	}
}

/* A chain's places are read one after the other, so those of its head come first and those of its tail last. */
static void test_layout(void)
{
	for (enum chain chain = 0; chain < N_CHAINS; chain++) {
		enum zone zone = ZONE_HEAD;
		guint n = 0;

		for (enum place place = 0; place < N_PLACES; place++) {
			const Layout *layout = &layouts[place];

			if (layout->chain != chain)
				continue;
			n++;
			g_assert_cmpint(layout->zone, >=, zone);
			g_assert_cmpint(layout->zone == ZONE_OWNED, ==, !chain_info(chain)->builtin);
			zone = layout->zone;
			if (layout->jump != N_CHAINS)
				g_assert_cmpint(chain_info(layout->jump)->table, ==, chain_info(chain)->table);
		}
		g_assert_cmpuint(n, >, 0);
	}
}

static void test_chain_names(void)
{
	char longest[BACKEND_PREFIX_MAX + 1], name[CHAIN_NAME_MAX + 1], previous[CHAIN_NAME_MAX + 1];

	memset(longest, 'x', BACKEND_PREFIX_MAX);
	longest[BACKEND_PREFIX_MAX] = '\0';
	g_assert_cmpuint(strlen(chain_name(CHAIN_FILTER_ISOLATION_STAGE_2, longest, name)), ==, CHAIN_NAME_MAX);
	g_assert_true(g_str_has_suffix(name, "-ISOLATION-STAGE-2"));
	g_assert_cmpstr(chain_name(CHAIN_NAT_DOCKER, "DOCKER", name), ==, "DOCKER");
	g_assert_cmpstr(chain_name(CHAIN_FILTER_FORWARD, "DOCKER", name), ==, "FORWARD");

	/* The text writes chains in the order they are numbered in, which must be the kernel's. */
	for (enum chain chain = 1; chain < N_CHAINS; chain++) {
		const ChainInfo *a = chain_info(chain - 1), *b = chain_info(chain);

		g_assert_true(a->table <= b->table);
		if (a->table != b->table)
			continue;
		g_assert_true(a->builtin || !b->builtin);
		chain_name(chain - 1, "DOCKER", previous);
		chain_name(chain, "DOCKER", name);
		if (!a->builtin)
			g_assert_cmpstr(previous, <, name);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		GTestDataFunc test;
	} each[] = {
		{ "golden", test_golden },
		{ "back-to-start", test_back_to_start },
		{ "undo", test_undo },
		{ "pure", test_pure },
	};
	int r;

	g_test_init(&argc, &argv, NULL);
	backend = iptables_backend.new("DOCKER");
	for (gsize i = 0; i < G_N_ELEMENTS(each); i++) {
		for (gsize k = 0; k < n_scenarios; k++) {
			const Scenario *scenario = &scenarios[k];
			g_autofree char *path = g_strdup_printf("/rules/%s/%s", each[i].name, scenario->name);

			g_test_add_data_func(path, scenario, each[i].test);
		}
	}
	g_test_add_func("/rules/shared", test_shared);
	g_test_add_func("/rules/shared-bridge", test_shared_bridge);
	g_test_add_func("/rules/base", test_base);
	g_test_add_func("/rules/isolation-needs-two", test_isolation_needs_two);
	g_test_add_func("/rules/families", test_families);
	g_test_add_func("/rules/preview", test_preview);
	g_test_add_func("/rules/places", test_places);
	g_test_add_func("/rules/containers", test_containers);
	g_test_add_func("/rules/direct", test_direct);
	g_test_add_func("/rules/internal", test_internal);
	g_test_add_func("/rules/ingress-errors", test_ingress_errors);
	g_test_add_func("/rules/communication-off", test_communication_off);
	g_test_add_func("/rules/ingress-isolation", test_ingress_isolation);
	g_test_add_func("/rules/ingress-gateway", test_ingress_gateway);
	g_test_add_func("/rules/layout", test_layout);
	g_test_add_func("/rules/chain-names", test_chain_names);
	r = g_test_run();
	iptables_backend.free(backend);
	return r;
}
