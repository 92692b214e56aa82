/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Unit files: how they are called, what is read of a text, and that what is written of an object is read as the same.
 */

#include "service/unit-file/format.h"
#include "service/unit-file/unit.h"

#include "service/model/model.h"
#include "service/model/unit-name.h"

#include <string.h>

static void names(void)
{
	static const struct {
		const char *name, *file;
	} cases[] = {
		{ "web", "web.network" },
		{ "a b", "a b.network" },
		{ " a ", "\\x20a\\x20.network" },
		{ ".a.b", "\\x2ea.b.network" },
		{ "../x", "\\x2e.\\x2fx.network" },
		{ "[é]\\", "\\x5bé\\x5d\\x5c.network" },
		{ "x.network", "x.network.network" },
	};
	static const char *const bad[] = {
		".network",        "web",          "web.conf",     ".web.network",  "\\x41.network", "\\x2E.network",
		"a\\x2ea.network", "\\x2.network", "a\\q.network", "a\x01.network", "\xff.network",  " a.network",
		"web.network.d",
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *file = unit_file_name(OBJECT_NETWORK, cases[i].name), *name = NULL;
		enum object_kind kind = OBJECT_INGRESS;

		g_assert_cmpstr(file, ==, cases[i].file);
		g_assert_true(unit_file_name_parse(file, &kind, &name));
		g_assert_cmpint(kind, ==, OBJECT_NETWORK);
		g_assert_cmpstr(name, ==, cases[i].name);
	}
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *name = NULL, *shown = g_strescape(bad[i], NULL);
		enum object_kind kind;

		g_test_message("%s", shown);
		g_assert_false(unit_file_name_parse(bad[i], &kind, &name));
	}
}

static Unit *read_unit(enum object_kind kind, const char *text, GError **error)
{
	g_autoptr(Unit) unit = unit_new(kind, "name", "unit");
	g_autofree char *copy = g_strdup(text);

	return unit_read(unit, "unit", copy, strlen(copy), error) && unit_finish(unit, error) ? g_steal_pointer(&unit)
											      : NULL;
}

static void booleans(void)
{
	static const struct {
		const char *text;
		int value; /* -1: it is none */
	} cases[] = { { "yes", 1 }, { "no", 0 }, { "true", 1 }, { "false", 0 }, { "on", 1 }, { "off", 0 },   { "1", 1 },
		      { "0", 0 },   { "", -1 },  { "Yes", -1 }, { "y", -1 },    { "2", -1 }, { "truth", -1 } };

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup_printf("[Network]\nSubnet=172.18.0.0/16\nInternal=%s\nReserve = %s \n",
							cases[i].text, cases[i].text);
		g_autofree char *sentence = g_strdup_printf(
			"*:3: Internal: \"%s\" is not yes, no, true, false, on, off, 1 or 0", cases[i].text);
		g_autoptr(GError) error = NULL;
		g_autoptr(Unit) unit = read_unit(OBJECT_NETWORK, text, &error);

		g_test_message("%s", cases[i].text);
		if (cases[i].value < 0) {
			g_assert_error(error, NETFILTER_ERROR, NETFILTER_ERROR_INVALID_ARGS);
			g_assert_true(g_pattern_match_simple(sentence, error->message));
			continue;
		}
		g_assert_no_error(error);
		g_assert_cmpint(unit->network.internal, ==, cases[i].value);
		g_assert_cmpint(unit->network.reserve, ==, cases[i].value ? CHOICE_YES : CHOICE_NO);
	}
}

static void later_takes_the_place(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Unit) unit =
		read_unit(OBJECT_NETWORK,
			  "[Network]\r\n"
			  "  Masquerade = no \n"
			  "Subnet=172.18.0.0/16\n"
			  "[Endpoint a]\nAddress=172.18.0.2\nPublish=80\nPublish=81\nPublish=\nPublish=82/udp\n"
			  "[Network]\n"
			  "Masquerade=yes\n"
			  "Subnet=\nSubnet=172.19.0.0/16\nSubnet=fd00::/64\n"
			  "[Endpoint a]\nAddress=\nAddress=172.19.0.2",
			  &error);
	const EndpointSettings *endpoint;

	g_assert_no_error(error);
	g_assert_true(unit->network.masquerade);
	g_assert_cmpuint(g_strv_length(unit->network.subnets), ==, 2);
	g_assert_cmpstr(unit->network.subnets[0], ==, "172.19.0.0/16");
	g_assert_cmpuint(unit->network.endpoints->len, ==, 1);
	endpoint = unit->network.endpoints->pdata[0];
	g_assert_cmpstr(endpoint->addresses[0], ==, "172.19.0.2");
	g_assert_null(endpoint->addresses[1]);
	g_assert_cmpuint(endpoint->ports->len, ==, 1);
	g_assert_cmpuint(g_array_index(endpoint->ports, PortMapping, 0).endpoint_port, ==, 82);
}

static void names_the_line(void)
{
	static const struct {
		enum object_kind kind;
		const char *text, *message;
	} bad[] = {
		{ OBJECT_NETWORK, "", "unit:1: there is no [Network]" },
		{ OBJECT_NETWORK, "[X-Ingress]\n", "unit:1: there is no [Network]" },
		{ OBJECT_INGRESS, "\n[Ingress]\n", "unit:2: Gateway: an ingress needs one" },
		{ OBJECT_INGRESS, "[Ingress]\nGateway=192.0.2.9\nGateway=nowhere\n",
		  "unit:3: Gateway: \"nowhere\" is not an address" },
		{ OBJECT_INGRESS, "[Ingress]\nGateway=192.0.2.9\nMasquerade=maybe\n", "unit:3: Masquerade: \"maybe\"" },
		{ OBJECT_INGRESS, "[Ingress]\nGateway=nowhere\n", "unit:2: Gateway: \"nowhere\" is not an address" },
		{ OBJECT_INGRESS, "[Ingress]\nPublish=80-81\n", "unit:2: Publish: \"80-81\" in \"80-81\"" },
		{ OBJECT_NETWORK, "[Network]\nBridge=a/b\n", "unit:2: Bridge: \"a/b\" is not an interface name" },
		{ OBJECT_NETWORK, "[Network]\nGatewayMode=flat\n", "unit:2: GatewayMode: \"flat\" is not nat, " },
		{ OBJECT_NETWORK, "[Network]\nSourceAddress=eth0\n",
		  "unit:2: SourceAddress: \"eth0\" is not an address" },
		{ OBJECT_NETWORK, "[Network]\nInternal\n", "unit:2: \"Internal\" is neither" },
		{ OBJECT_NETWORK, "[Network]\n=5\n", "unit:2: \"=5\" is neither" },
		{ OBJECT_NETWORK, "[Network] x\n", "unit:1: \"[Network] x\" is not the head" },
		{ OBJECT_NETWORK, "[]\n", "unit:1: \"\" is not the name" },
		{ OBJECT_NETWORK, "[Endpoint ]\n", "unit:1: the name of the endpoint is empty" },
		{ OBJECT_NETWORK, "[Network]\nSubnet=fd00::/64\n[Endpoint a]\nAddress=fd00::2\nLink=b\n",
		  "unit:5: Link: \"b\" is not ENDPOINT:PORT" },
		{ OBJECT_NETWORK, "[Network]\nSubnet=fd00::/64\n[Endpoint a]\nAddress=fd00::2\nLink=b:1\n",
		  "unit:3: Link: endpoint \"a\" is linked to \"b\", which is none" },
		{ OBJECT_NETWORK, "[Network]\nUser=4294967295\n", "unit:2: User: \"4294967295\" is no user" },
		{ OBJECT_NETWORK, "[Endpoint a]\nUser=4294967295\n", "unit:2: User: \"4294967295\" is no user" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_test_message("%u", i);
		g_assert_null(read_unit(bad[i].kind, bad[i].text, &error));
		g_test_message("%s", error->message);
		g_assert_error(error, NETFILTER_ERROR, NETFILTER_ERROR_INVALID_ARGS);
		g_assert_true(g_str_has_prefix(error->message, bad[i].message));
	}
}

static Endpoint *add_endpoint(Model *model, Network *network, const char *name, const char *address, bool permanent)
{
	Endpoint *endpoint = endpoint_new(network, name);
	Address parsed;

	g_assert_true(address_parse(address, &parsed));
	endpoint->addresses[address_family(&parsed)] = parsed;
	endpoint->lifetime = (Lifetime){ .kind = OBJECT_ENDPOINT, .object = endpoint };
	endpoint->lifetime.fragment = permanent ? g_strdup("file") : NULL;
	model_insert_endpoint(model, endpoint, NULL);
	return endpoint;
}

static void reads_what_is_written(void)
{
	g_autoptr(Model) model = model_new();
	Network *network = network_new("n");
	Endpoint *a, *b;
	Link *link;
	PortMapping mapping = { IPPROTO_UDP, {}, 9000, 90, 3, 1 };
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	g_autoptr(Unit) unit = NULL;
	LinkPort port = { IPPROTO_SCTP, 5 };

	g_strlcpy(network->bridge, "br-n", sizeof network->bridge);
	g_assert_true(prefix_parse("172.18.0.0/16", &network->subnets[FAMILY_IPV4]));
	g_assert_true(address_parse("172.18.255.254", &network->gateways[FAMILY_IPV4]));
	network->options.masquerade = false;
	g_assert_true(address_parse("192.0.2.7", &network->options.source_addresses[FAMILY_IPV4]));
	g_assert_true(address_parse("2001:db8::7", &network->options.source_addresses[FAMILY_IPV6]));
	network->modes[FAMILY_IPV4] = MODE_ROUTED;
	network->lifetime = (Lifetime){ .kind = OBJECT_NETWORK, .object = network, .uid = 1000 };
	model_insert_network(model, network, NULL);
	a = add_endpoint(model, network, " [a]:1", "172.18.0.2", true);
	b = add_endpoint(model, network, "b]", "172.18.0.3", true);
	add_endpoint(model, network, "another's", "172.18.0.4", false);
	model_insert_mapping(model, a, g_memdup2(&mapping, sizeof mapping), 0);
	link = link_new(a);
	g_array_append_val(link->ports, port);
	model_insert_link(model, b, link, 0);

	text = unit_format_network(network);
	unit = read_unit(OBJECT_NETWORK, text, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(unit->network.subnets[0], ==, "172.18.0.0/16");
	g_assert_cmpstr(unit->network.gateways[0], ==, "172.18.255.254");
	g_assert_cmpstr(unit->network.bridge, ==, "br-n");
	g_assert_false(unit->network.masquerade);
	g_assert_cmpstr(unit->network.gateway_modes[0], ==, "ipv4");
	g_assert_cmpstr(unit->network.gateway_modes[1], ==, "routed");
	g_assert_null(unit->network.gateway_modes[2]);
	g_assert_true(g_strv_equal((const char *const *)unit->network.source_address,
				   (const char *const[]){ "192.0.2.7", "2001:db8::7", NULL }));
	g_assert_true(unit->network.communication);
	g_assert_cmpuint(unit->network.lifetime.uid, ==, 1000);
	g_assert_cmpuint(unit->network.endpoints->len, ==, 2);
	g_assert_cmpstr(((EndpointSettings *)unit->network.endpoints->pdata[0])->name, ==, " [a]:1");
	g_assert_true(port_mapping_equal(
		&g_array_index(((EndpointSettings *)unit->network.endpoints->pdata[0])->ports, PortMapping, 0),
		&mapping));
	g_assert_cmpstr(((EndpointSettings *)unit->network.endpoints->pdata[1])->name, ==, "b]");
	g_assert_cmpuint(unit->links->len, ==, 1);
	g_assert_cmpstr(g_array_index(unit->links, UnitLink, 0).child, ==, " [a]:1");
	g_assert_true(link_port_equal(&g_array_index(unit->links, UnitLink, 0).port, &port));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/unit-file/names", names);
	g_test_add_func("/unit-file/later-takes-the-place", later_takes_the_place);
	g_test_add_func("/unit-file/booleans", booleans);
	g_test_add_func("/unit-file/names-the-line", names_the_line);
	g_test_add_func("/unit-file/reads-what-is-written", reads_what_is_written);
	return g_test_run();
}
