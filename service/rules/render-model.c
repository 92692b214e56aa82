/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/rules/render-allow.h"

void render_endpoint(const Endpoint *endpoint, const RenderOptions *options, GArray *items)
{
	render_endpoint_limits(endpoint, items);
	render_protection(endpoint, options, items);
	for (guint i = 0; i < endpoint->ports->len; i++)
		render_port(endpoint, endpoint->ports->pdata[i], options, items);
	for (guint i = 0; i < endpoint->links->len; i++)
		render_link(endpoint, endpoint->links->pdata[i], items);
}

static void render_endpoints(const Network *network, const RenderOptions *options, GArray *items)
{
	for (const GList *i = network->endpoints_by_age.head; i; i = i->next)
		render_endpoint(i->data, options, items);
}

void render_network_whole(const Model *model, const Network *network, const RenderOptions *options, GArray *items)
{
	render_network(network, options, items);
	render_isolation(model, network, options, items);
	render_ingress_isolation(model, network, options, items);
	render_endpoints(network, options, items);
}

void render_ingress_whole(const Ingress *ingress, const RenderOptions *options, GArray *items)
{
	render_ingress(ingress, options, items);
	for (guint i = 0; i < ingress->ports->len; i++)
		render_ingress_port(ingress, ingress->ports->pdata[i], options, items);
}

void render_model(const Model *model, const RenderOptions *options, GArray *items)
{
	for (const GList *i = model->networks_by_age.head; i; i = i->next) {
		render_network(i->data, options, items);
		render_ingress_isolation(model, i->data, options, items);
		render_endpoints(i->data, options, items);
	}
	render_isolation_all(model, options, items);
	for (const GList *i = model->ingresses_by_age.head; i; i = i->next)
		render_ingress_whole(i->data, options, items);
}
