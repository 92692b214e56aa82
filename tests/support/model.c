/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/model.h"

#include <string.h>

static void model_render(Model *model, GArray *items)
{
	ruleset_add_all(model->ruleset, items);
	g_ptr_array_add(model->renderings, items);
}

Model *model_new(enum family family)
{
	Model *model = g_new0(Model, 1);
	g_autoptr(GArray) base = rendering_new();

	model->networks = g_ptr_array_new_with_free_func((GDestroyNotify)network_free);
	model->ingresses = g_ptr_array_new_with_free_func((GDestroyNotify)ingress_free);
	model->renderings = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
	model->ruleset = ruleset_new();
	render_base(family, base);
	ruleset_add_all(model->ruleset, base);
	return model;
}

void model_free(Model *model)
{
	if (!model)
		return;
	g_ptr_array_unref(model->networks);
	g_ptr_array_unref(model->ingresses);
	g_ptr_array_unref(model->renderings);
	ruleset_free(model->ruleset);
	g_free(model);
}

Network *model_add_network(Model *model, const char *bridge, const char *subnets, enum network_flag flags)
{
	g_auto(GStrv) list = g_strsplit(subnets, " ", -1);
	Network *network = network_new(bridge);
	GArray *items = rendering_new();

	g_strlcpy(network->bridge, bridge, sizeof network->bridge);
	network->internal = flags & NETWORK_INTERNAL;
	network->communication = !(flags & NETWORK_NO_COMMUNICATION);
	network->masquerade = !(flags & NETWORK_NO_MASQUERADE);
	network->sequence = ++model->sequence;
	for (char **subnet = list; *subnet; subnet++) {
		Prefix prefix;

		g_assert_true(prefix_parse(*subnet, &prefix));
		network->subnets[address_family(&prefix.address)] = prefix;
	}

	render_network(network, &model->options, items);
	if (model->linear)
		render_isolation_linear(network, items);
	for (guint i = 0; !model->linear && i < model->networks->len; i++)
		render_isolation_pair(network, model->networks->pdata[i], items);
	model_render(model, items);
	g_ptr_array_add(model->networks, network);
	return network;
}

Endpoint *model_add_endpoint(Model *model, Network *network, const char *addresses)
{
	g_auto(GStrv) list = g_strsplit(addresses, " ", -1);
	Endpoint *endpoint = endpoint_new(network, addresses);

	(void)model;
	for (char **text = list; *text; text++) {
		Address address;

		g_assert_true(address_parse(*text, &address));
		endpoint->addresses[address_family(&address)] = address;
	}
	g_hash_table_insert(network->endpoints, endpoint->name, endpoint);
	return endpoint;
}

void model_publish(Model *model, Endpoint *endpoint, guint8 protocol, const char *host_address, guint16 host_port,
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
	mapping->sequence = ++model->sequence;
	g_ptr_array_add(endpoint->ports, mapping);
	render_port(endpoint, mapping, &model->options, items);
	model_render(model, items);
}

void model_link(Model *model, Endpoint *parent, Endpoint *child, Ports ports)
{
	Link *link = link_new(child);
	GArray *items = rendering_new();

	g_array_append_vals(link->ports, ports.ports, ports.n);
	link->sequence = ++model->sequence;
	g_ptr_array_add(parent->links, link);
	render_link(parent, link, items);
	model_render(model, items);
}

Ingress *model_add_ingress(Model *model, const char *bridge, const char *gateway)
{
	Ingress *ingress = ingress_new("ingress");
	GArray *items = rendering_new();

	g_strlcpy(ingress->bridge, bridge, sizeof ingress->bridge);
	g_assert_true(address_parse(gateway, &ingress->gateway));
	ingress->sequence = ++model->sequence;
	g_ptr_array_add(model->ingresses, ingress);
	render_ingress(ingress, items);
	model_render(model, items);
	return ingress;
}

void model_publish_ingress(Model *model, Ingress *ingress, guint8 protocol, guint16 number)
{
	IngressPort *port = g_new0(IngressPort, 1);
	GArray *items = rendering_new();

	port->protocol = protocol;
	port->port = number;
	port->references = 1;
	port->sequence = ++model->sequence;
	g_ptr_array_add(ingress->ports, port);
	render_ingress_port(ingress, port, items);
	model_render(model, items);
}

void model_withdraw(Model *model, guint rendering)
{
	ruleset_remove_all(model->ruleset, model->renderings->pdata[rendering]);
}

void model_restore(Model *model, guint rendering)
{
	ruleset_add_all(model->ruleset, model->renderings->pdata[rendering]);
}
