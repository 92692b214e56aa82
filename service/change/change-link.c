/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/change/change-link.h"

#include "service/change/request.h"
#include "service/journal/encode.h"
#include "service/quota.h"

/* --- requests --- */

static void add_ports(Link *link, const GArray *ports)
{
	for (guint i = 0; i < ports->len; i++) {
		const LinkPort *port = &g_array_index(ports, LinkPort, i);

		if (!link_port_is_in(port, link->ports))
			g_array_append_val(link->ports, *port);
	}
}

static bool check_link(const Transaction *transaction, const Endpoint *parent, const Endpoint *child,
		       const GArray *ports, GError **error)
{
	const Network *network = parent->network;

	if (child->network != network)
		return netfilter_fail(error, INVALID_ARGS, "endpoint \"%s\" is in network \"%s\", not in \"%s\"",
				      cut(child->name), cut(child->network->name), cut(network->name));
	if (child == parent)
		return netfilter_fail(error, INVALID_ARGS, "endpoint \"%s\" cannot be linked to itself",
				      cut(child->name));
	if (network->options.communication)
		return netfilter_fail(error, INVALID_ARGS,
				      "the endpoints of network \"%s\" reach each other without a link",
				      cut(network->name));
	if (network_is_internal(network))
		return netfilter_fail(error, NETWORK_INTERNAL, "network \"%s\" is internal, it has no links",
				      cut(network->name));
	if (ports->len == 0)
		return netfilter_fail(error, INVALID_ARGS, "a link needs at least one port");
	if (ports->len > transaction->config->max_ports_per_call)
		return netfilter_fail(error, QUOTA_EXCEEDED, "%u ports at once are more than MaxPortsPerCall=%u",
				      ports->len, transaction->config->max_ports_per_call);
	return true;
}

bool endpoint_link(Transaction *transaction, Endpoint *parent, Endpoint *child, const GArray *ports, GError **error)
{
	const Link *old = endpoint_find_link(parent, child);
	g_autoptr(Link) link = NULL;
	guint had;

	if (!check_link(transaction, parent, child, ports, error))
		return false;
	link = link_new(child);
	link->sequence = old ? old->sequence : transaction_next_sequence(transaction);
	if (old)
		add_ports(link, old->ports);
	had = link->ports->len;
	add_ports(link, ports);
	if (!quota_check(transaction->model, transaction->config, QUOTA_LINK_PORTS, parent->lifetime.uid,
			 link->ports->len - had, error))
		return false;
	if (old)
		endpoint_remove_link(transaction, parent, old);
	transaction_make(transaction, &(Change){
					      .kind = &link_added,
					      .object = parent,
					      .part = g_steal_pointer(&link),
					      .index = parent->links->len,
				      });
	return true;
}

void endpoint_remove_link(Transaction *transaction, Endpoint *parent, const Link *link)
{
	guint index;

	g_ptr_array_find(parent->links, link, &index);
	transaction_make(transaction, &(Change){ .kind = &link_removed, .object = parent, .index = index });
}

bool endpoint_unlink(Transaction *transaction, Endpoint *parent, Endpoint *child, GError **error)
{
	const Link *link = endpoint_find_link(parent, child);

	if (!link)
		return netfilter_fail(error, INVALID_ARGS, "endpoint \"%s\" has no link to \"%s\"", cut(parent->name),
				      cut(child->name));
	endpoint_remove_link(transaction, parent, link);
	return true;
}

/* --- changes --- */

static void insert(Model *model, Change *change)
{
	model_insert_link(model, change->object, change->part, change->index);
}

static void take_out(Model *model, Change *change)
{
	change->part = model_remove_link(model, change->object, change->index);
}

static void release_unless_applied(Change *change, bool applied)
{
	if (!applied)
		link_free(change->part);
}

static void release_if_applied(Change *change, bool applied)
{
	if (applied)
		link_free(change->part);
}

static void encode_added(const Change *change, GByteArray *to)
{
	encode_link(to, change->object, change->part);
}

static bool decode_added(Change *change, Record *record, Model *model, GError **error)
{
	Endpoint *parent;
	Link *link = decode_link(record, model, &parent, error);

	if (!link)
		return false;
	change->object = parent;
	change->part = link;
	change->index = parent->links->len;
	return true;
}

static void encode_removed(const Change *change, GByteArray *to)
{
	encode_link_gone(to, change->object, ((const Link *)change->part)->child);
}

static bool decode_removed(Change *change, Record *record, Model *model, GError **error)
{
	change->object = decode_link_gone(record, model, &change->index, error);
	return change->object;
}

static void rules_added(const Change *change, const Model *model G_GNUC_UNUSED,
			const RenderOptions *options G_GNUC_UNUSED, RuleDelta *delta)
{
	render_link(change->object, change->part, delta->joins);
}

static void rules_removed(const Change *change, const Model *model G_GNUC_UNUSED,
			  const RenderOptions *options G_GNUC_UNUSED, RuleDelta *delta)
{
	render_link(change->object, change->part, delta->leaves);
}

/* Of an endpoint that goes as well all connections end. */
static void separations_removed(const Change *change, const Model *model, GArray *separations)
{
	const Endpoint *parent = change->object, *child = ((const Link *)change->part)->child;

	if (model_has_endpoint(model, parent) && model_has_endpoint(model, child) &&
	    !parent->network->options.communication)
		separations_add_link(separations, parent, child);
}

static Lifetime *lifetime_of(const Change *change)
{
	return &((Endpoint *)change->object)->lifetime;
}

static void announce(const Change *change, const Observer *observer)
{
	observer->changed(OBJECT_ENDPOINT, change->object, "Links", observer->userdata);
}

const ChangeKind link_added = {
	.name = "link-added",
	.type = 'L',
	.adds = 1,
	.apply = insert,
	.revert = take_out,
	.release = release_unless_applied,
	.encode = encode_added,
	.decode = decode_added,
	.rules = rules_added,
	.of = lifetime_of,
	.announce = announce,
};

const ChangeKind link_removed = {
	.name = "link-removed",
	.type = 'l',
	.adds = -1,
	.apply = take_out,
	.revert = insert,
	.release = release_if_applied,
	.encode = encode_removed,
	.decode = decode_removed,
	.rules = rules_removed,
	.separations = separations_removed,
	.of = lifetime_of,
	.announce = announce,
};
