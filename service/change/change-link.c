/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/private.h"

static GArray *render_one(const Endpoint *parent, const Link *link)
{
	GArray *items = rendering_new();

	render_link(parent, link, items);
	return items;
}

static Link *find_link(const Endpoint *parent, const Endpoint *child)
{
	for (guint i = 0; i < parent->links->len; i++) {
		Link *link = parent->links->pdata[i];

		if (link->child == child)
			return link;
	}
	return NULL;
}

static void attach(void *context, void *object)
{
	Endpoint *parent = context;
	Link *link = object;

	g_ptr_array_add(parent->links, link);
	g_ptr_array_add(link->child->parents, parent);
}

static void detach(Endpoint *parent, Link *link)
{
	guint index;

	g_ptr_array_find(parent->links, link, &index);
	g_ptr_array_steal_index(parent->links, index);
	g_ptr_array_remove(link->child->parents, parent);
}

static void undo_attach(void *context, void *object)
{
	detach(context, object);
	link_free(object);
}

static void done_detach(void *context G_GNUC_UNUSED, void *object)
{
	link_free(object);
}

static bool has_port(const GArray *ports, const LinkPort *port)
{
	for (guint i = 0; i < ports->len; i++) {
		const LinkPort *other = &g_array_index(ports, LinkPort, i);

		if (other->protocol == port->protocol && other->port == port->port)
			return true;
	}
	return false;
}

static void add_ports(Link *link, const GArray *ports)
{
	for (guint i = 0; i < ports->len; i++) {
		const LinkPort *port = &g_array_index(ports, LinkPort, i);

		if (!has_port(link->ports, port))
			g_array_append_val(link->ports, *port);
	}
}

static bool check_link(const Manager *manager, const Endpoint *parent, const Endpoint *child, const GArray *ports,
		       GError **error)
{
	const Network *network = parent->network;

	if (child->network != network)
		return netfilter_fail(error, INVALID_ARGS, "endpoint \"%s\" is in network \"%s\", not in \"%s\"",
				      child->name, child->network->name, network->name);
	if (child == parent)
		return netfilter_fail(error, INVALID_ARGS, "endpoint \"%s\" cannot be linked to itself", child->name);
	if (network->communication)
		return netfilter_fail(error, INVALID_ARGS,
				      "the endpoints of network \"%s\" reach each other without a link", network->name);
	if (network->internal)
		return netfilter_fail(error, NETWORK_INTERNAL, "network \"%s\" is internal, it has no links",
				      network->name);
	if (ports->len == 0)
		return netfilter_fail(error, INVALID_ARGS, "a link of no ports links nothing");
	if (ports->len > manager->config.max_ports_per_call)
		return netfilter_fail(error, QUOTA_EXCEEDED, "%u ports at once are more than MaxPortsPerCall=%u",
				      ports->len, manager->config.max_ports_per_call);
	return true;
}

bool endpoint_link(Manager *manager, Endpoint *parent, Endpoint *child, const GArray *ports, GError **error)
{
	Link *link, *old = find_link(parent, child);

	if (!check_link(manager, parent, child, ports, error))
		return false;

	link = link_new(child);
	link->sequence = old ? old->sequence : manager_next_sequence(manager);
	if (old) {
		add_ports(link, old->ports);
		endpoint_unlink(manager, parent, child, NULL);
	}
	add_ports(link, ports);
	attach(parent, link);
	transaction_push(manager->transaction, undo_attach, NULL, NULL, parent, link);
	manager_add_rules(manager, render_one(parent, link));
	record_link(manager, parent, link);
	manager_note_changed(manager, OBJECT_ENDPOINT, parent, "Links");
	return true;
}

bool endpoint_unlink(Manager *manager, Endpoint *parent, Endpoint *child, GError **error)
{
	Link *link = find_link(parent, child);

	if (!link)
		return netfilter_fail(error, INVALID_ARGS, "endpoint \"%s\" has no link to \"%s\"", parent->name,
				      child->name);
	manager_remove_rules(manager, render_one(parent, link));
	detach(parent, link);
	transaction_push(manager->transaction, attach, NULL, done_detach, parent, link);
	record_link_gone(manager, parent, child);
	manager_note_changed(manager, OBJECT_ENDPOINT, parent, "Links");
	return true;
}
