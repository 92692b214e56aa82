/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/scene.h"

#include <string.h>

static void scene_render(Scene *scene, GArray *items)
{
	ruleset_add_all(scene->ruleset, items);
	g_ptr_array_add(scene->renderings, items);
}

Scene *scene_new(enum family family)
{
	Scene *scene = g_new0(Scene, 1);
	g_autoptr(GArray) base = rendering_new();

	scene->model = model_new();
	scene->options.isolation_pairwise_max = G_MAXUINT;
	scene->renderings = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
	scene->ruleset = ruleset_new();
	render_base(family, base);
	ruleset_add_all(scene->ruleset, base);
	return scene;
}

void scene_free(Scene *scene)
{
	if (!scene)
		return;
	model_free(scene->model);
	g_ptr_array_unref(scene->renderings);
	ruleset_free(scene->ruleset);
	g_free(scene);
}

static void give_source_addresses(const Scene *scene, Network *network)
{
	g_auto(GStrv) list = g_strsplit(scene->source_addresses ?: "", " ", -1);

	for (char **text = list; *text; text++) {
		Address address;

		g_assert_true(address_parse(*text, &address));
		network->options.source_addresses[address_family(&address)] = address;
	}
}

Network *scene_add_network(Scene *scene, const char *bridge, const char *subnets, enum network_flag flags)
{
	g_auto(GStrv) list = g_strsplit(subnets, " ", -1);
	Network *network = network_new(bridge);
	g_autoptr(GArray) leaves = rendering_new();
	GArray *items = rendering_new();

	g_strlcpy(network->bridge, bridge, sizeof network->bridge);
	network->internal = flags & NETWORK_INTERNAL;
	network->creates_bridge = flags & NETWORK_CREATES_BRIDGE;
	network->options.communication = !(flags & NETWORK_NO_COMMUNICATION);
	network->options.masquerade = !(flags & NETWORK_NO_MASQUERADE);
	network->sequence = ++scene->model->sequence;
	for (char **subnet = list; *subnet; subnet++) {
		Prefix prefix;

		g_assert_true(prefix_parse(*subnet, &prefix));
		network->subnets[address_family(&prefix.address)] = prefix;
	}
	give_source_addresses(scene, network);

	model_insert_network(scene->model, network, NULL);
	render_network(network, &scene->options, items);
	render_isolation_change(scene->model, network, &scene->options, items, leaves);
	render_ingress_isolation(scene->model, network, &scene->options, items);
	g_assert_cmpuint(leaves->len, ==, 0);
	scene_render(scene, items);
	return network;
}

Endpoint *scene_add_endpoint(Scene *scene, Network *network, const char *addresses)
{
	g_auto(GStrv) list = g_strsplit(addresses, " ", -1);
	Endpoint *endpoint = endpoint_new(network, addresses);

	for (char **text = list; *text; text++) {
		Address address;

		g_assert_true(address_parse(*text, &address));
		endpoint->addresses[address_family(&address)] = address;
	}
	model_insert_endpoint(scene->model, endpoint, NULL);
	if (scene->options.protect_endpoints) {
		GArray *items = rendering_new();

		render_protection(endpoint, &scene->options, items);
		scene_render(scene, items);
	}
	return endpoint;
}

void scene_publish(Scene *scene, Endpoint *endpoint, guint8 protocol, const char *host_address, guint16 host_port,
		   guint16 endpoint_port, guint16 count)
{
	PortMapping *mapping = g_new0(PortMapping, 1);
	GArray *items = rendering_new();

	mapping->protocol = protocol;
	if (host_address)
		g_assert_true(address_parse(host_address, &mapping->host_address));
	mapping->host_port = host_port;
	mapping->endpoint_port = endpoint_port;
	mapping->count = count;
	mapping->sequence = ++scene->model->sequence;
	model_insert_mapping(scene->model, endpoint, mapping, endpoint->ports->len);
	if (endpoint->network->n_localhost == 1 && port_mapping_on_localhost(endpoint, mapping))
		render_localhost(endpoint->network, &scene->options, items);
	render_port(endpoint, mapping, &scene->options, items);
	scene_render(scene, items);
}

void scene_link(Scene *scene, Endpoint *parent, Endpoint *child, Ports ports)
{
	Link *link = link_new(child);
	GArray *items = rendering_new();

	g_array_append_vals(link->ports, ports.ports, ports.n);
	link->sequence = ++scene->model->sequence;
	model_insert_link(scene->model, parent, link, parent->links->len);
	render_link(parent, link, items);
	scene_render(scene, items);
}

Ingress *scene_add_ingress(Scene *scene, const char *bridge, const char *gateways)
{
	g_auto(GStrv) addresses = g_strsplit(gateways, " ", -1);
	Ingress *ingress = ingress_new(gateways);
	GArray *items = rendering_new();

	for (guint i = 0; addresses[i]; i++) {
		Gateway gateway = {};

		g_strlcpy(gateway.bridge, bridge, sizeof gateway.bridge);
		g_assert_true(address_parse(addresses[i], &gateway.address));
		g_array_append_val(ingress->gateways, gateway);
	}
	ingress->masquerade = ingress->gateways->len > 1;
	ingress->sequence = ++scene->model->sequence;
	model_insert_ingress(scene->model, ingress, NULL);
	render_ingress(ingress, &scene->options, items);
	render_ingress_isolation_all(scene->model, ingress, &scene->options, items);
	scene_render(scene, items);
	return ingress;
}

void scene_publish_ingress(Scene *scene, Ingress *ingress, guint8 protocol, guint16 number)
{
	IngressPort *port = g_new0(IngressPort, 1);
	GArray *items = rendering_new();

	port->protocol = protocol;
	port->port = number;
	port->references = 1;
	port->sequence = ++scene->model->sequence;
	model_insert_ingress_port(scene->model, ingress, port, ingress->ports->len);
	render_ingress_port(ingress, port, &scene->options, items);
	scene_render(scene, items);
}

void scene_withdraw(Scene *scene, guint rendering)
{
	ruleset_remove_all(scene->ruleset, scene->renderings->pdata[rendering]);
}

void scene_restore(Scene *scene, guint rendering)
{
	ruleset_add_all(scene->ruleset, scene->renderings->pdata[rendering]);
}
