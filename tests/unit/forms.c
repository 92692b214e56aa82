/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/form.h"
#include "service/iptables/layout.h"
#include "tests/support/scene.h"

#include <linux/netfilter/x_tables.h>
#include <netinet/in.h>
#include <string.h>

/* Which rules in a chain of ours are of a form that we write, and which are somebody else's. */

static xt_chainlabel names[N_CHAINS];

/* As the kernel hands it out: a verdict has no name, libiptc tells it. */
static ActualEntry read_back(const Rule *rule, Entry *entry, char *target)
{
	struct xt_entry_target *t;

	entry_encode(rule, names, entry);
	t = (void *)(entry->bytes +
		     (rule->family == FAMILY_IPV4 ? entry->ipv4.target_offset : entry->ipv6.target_offset));
	g_strlcpy(target, t->u.user.name, XT_EXTENSION_MAXNAMELEN);
	if (t->u.user.target_size == XT_ALIGN(sizeof(struct xt_standard_target)))
		memset(t->u.user.name, 0, sizeof t->u.user.name);
	return (ActualEntry){ entry, target, 0 };
}

static void check(const Rule *rule, enum chain chain, bool ours)
{
	char target[XT_EXTENSION_MAXNAMELEN];
	g_autofree char *text = NULL;
	ActualEntry actual;
	Entry entry;

	actual = read_back(rule, &entry, target);
	if (form_is_ours(rule->family, chain, &actual, names) == ours)
		return;
	text = form_to_text(rule->family, &actual);
	g_test_message("%s, %s: %s is %sof a form of ours", table_name(chain_info(chain)->table), names[chain], text,
		       ours ? "not " : "");
	g_test_fail();
}

static bool is_in_our_chain(const Rule *rule)
{
	return layout_has_rule(rule) && !chain_info(layout_of(rule)->chain)->builtin;
}

/* What its objects would be now. */
static void check_model(const Scene *scene)
{
	g_autoptr(GArray) items = rendering_new();

	render_model(scene->model, &scene->options, items);
	for (guint i = 0; i < items->len; i++) {
		const Rule *rule = &g_array_index(items, RuleItem, i).rule;

		if (is_in_our_chain(rule))
			check(rule, layout_of(rule)->chain, true);
	}
}

static void check_all(const Scene *scene)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		for (enum place place = 0; place < N_PLACES; place++) {
			const GPtrArray *entries = ruleset_place(scene->ruleset, family, place);

			for (guint i = 0; i < entries->len; i++) {
				const Rule *rule = &((const RulesetEntry *)entries->pdata[i])->rule;

				if (is_in_our_chain(rule))
					check(rule, layout_of(rule)->chain, true);
			}
		}
}

/* Every rule that is rendered anywhere. */
static void rendered(gconstpointer data)
{
	g_autoptr(Scene) scene = scenario_build(data);

	check_all(scene);
}

static GArray *list_of(const char *a, const char *b)
{
	GArray *list = g_array_new(FALSE, FALSE, sizeof(Source));
	Source sources[2];

	g_assert_true(source_parse(a, &sources[0]) && source_parse(b, &sources[1]));
	return g_array_append_vals(list, sources, 2);
}

/* What the scenarios lack. */
static void containers(void)
{
	for (guint hairpin = 0; hairpin < 2; hairpin++) {
		g_autoptr(Scene) scene = scene_new(FAMILY_IPV4);
		g_autoptr(GArray) ceiling = list_of("0.0.0.0/0", "lo");
		g_autoptr(GArray) list = list_of("10.0.0.0/8", "wg0");
		Endpoint *endpoint;
		Network *network;
		Ingress *ingress;

		scene->options.ipv6 = true;
		scene->options.container_publish = true;
		scene->options.localhost_publish = true;
		scene->options.hairpin = hairpin;
		scene->options.protect_endpoints = true;
		network = scene_add_network(scene, "br-a", "172.18.0.0/16 fd00::/64", NETWORK_NO_COMMUNICATION);
		scene_add_network(scene, "br-b", "172.19.0.0/16 fd01::/64", 0);
		scene_add_network(scene, "br-int", "172.20.0.0/16 fd02::/64", NETWORK_INTERNAL);
		endpoint = scene_add_endpoint(scene, network, "172.18.0.2 fd00::2");
		scene_publish(scene, endpoint, IPPROTO_TCP, NULL, 8000, 80, 1);
		scene_publish(scene, endpoint, IPPROTO_UDP, "192.0.2.1", 8001, 80, 1);
		scene_publish(scene, endpoint, IPPROTO_SCTP, "2001:db8::1", 8002, 80, 1);
		scene_publish(scene, endpoint, IPPROTO_TCP, NULL, 9000, 9000, 100);
		ingress = scene_add_ingress(scene, "br-a", "172.18.0.9");
		ingress->allow_from = allow_from_ref(list);
		scene_publish_ingress(scene, ingress, IPPROTO_TCP, 443);
		for (enum gateway_mode mode = MODE_ROUTED; mode < N_MODES; mode++) {
			static const char *const bridges[] = { "br-routed", "br-open", "br-isolated" };
			static const char *const subnets[] = { "172.21.0.0/16 fd03::/64", "172.22.0.0/16 fd04::/64",
							       "172.23.0.0/16 fd05::/64" };
			static const char *const own[] = { "172.21.0.2 fd03::2", "172.22.0.2 fd04::2",
							   "172.23.0.2 fd05::2" };
			guint i = mode - MODE_ROUTED;
			Network *other = scene_add_network(scene, bridges[i], subnets[i], NETWORK_CREATES_BRIDGE);

			other->modes[FAMILY_IPV4] = other->modes[FAMILY_IPV6] = mode;
			scene_publish(scene, scene_add_endpoint(scene, other, own[i]), IPPROTO_TCP, NULL, 80, 80, 1);
		}
		network->options.allow_from = allow_from_ref(list);
		endpoint->allow_from = allow_from_ref(ceiling);
		scene->options.capped = true;
		scene->options.ceiling = ceiling;
		check_model(scene);
		scene->options.capped = false;
		check_all(scene);
	}
}

/* What an administrator writes. */
static void foreign(void)
{
	static const Rule rules[] = {
		{ .target = TARGET_DROP, .source = { 10, 8, 8, 8 }, .source_length = 32 },
		{ .target = TARGET_DROP, .source = { 10, 8, 8, 8 }, .source_length = 32, .in = "eth0" },
		{ .target = TARGET_ACCEPT },
		{ .target = TARGET_DROP },
		{ .target = TARGET_DROP, .in = "eth0" },
		{ .target = TARGET_ACCEPT, .protocol = IPPROTO_UDP },
		{ .target = TARGET_ACCEPT, .in = "eth0", .out = "eth1" },
		{ .target = TARGET_DROP, .protocol = IPPROTO_TCP, .destination_port = { 22, 22 } },
		{ .target = TARGET_ACCEPT, .state = STATE_CONNTRACK },
		{ .target = TARGET_MASQUERADE },
		{ .target = TARGET_SNAT, .source = { 10 }, .source_length = 8, .dnat_address = { 192, 0, 2, 7 } },
		{ .target = TARGET_RETURN, .source = { 10 }, .source_length = 8 },
	};

	for (enum chain chain = 0; chain < N_CHAINS; chain++)
		for (guint i = 0; !chain_info(chain)->builtin && i < G_N_ELEMENTS(rules); i++)
			for (enum family family = 0; family < N_FAMILIES; family++) {
				Rule rule = rules[i];

				rule.family = family;
				/* There it is what we write as well. */
				if (chain != CHAIN_FILTER_CEILING || rule.target != TARGET_RETURN)
					check(&rule, chain, false);
			}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (enum chain chain = 0; chain < N_CHAINS; chain++) {
		char name[CHAIN_NAME_MAX + 1];

		g_strlcpy(names[chain], chain_name(chain, "DOCKER", name), sizeof names[chain]);
	}
	for (gsize i = 0; i < n_scenarios; i++) {
		g_autofree char *path = g_strdup_printf("/forms/rendered/%s", scenarios[i].name);

		g_test_add_data_func(path, &scenarios[i], rendered);
	}
	g_test_add_func("/forms/containers", containers);
	g_test_add_func("/forms/foreign", foreign);
	return g_test_run();
}
