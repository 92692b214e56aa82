/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/change/change-ingress.h"

#include "service/change/change-allow-from.h"
#include "service/change/change-file.h"
#include "service/change/gateways.h"
#include "service/change/local-ports.h"
#include "service/change/request.h"
#include "service/journal/encode.h"
#include "service/model/labels.h"

#include <string.h>

/* --- requests --- */

static const char *key_of(const IngressSettings *settings)
{
	return settings->gateways ? "Gateways" : "Gateway";
}

static bool parse_bridge(Ingress *ingress, const char *name, GError **error)
{
	if (!name || !*name)
		return true;
	if (!interface_name_is_valid(name))
		return netfilter_fail(error, INVALID_ARGS, "Bridge: \"%s\" is not an interface name", cut(name));
	if (g_str_equal(name, "lo"))
		return netfilter_fail(error, INVALID_ARGS,
				      "Bridge: \"lo\" is the host's own; another interface is allowed");
	g_strlcpy(ingress->bridge_given, name, sizeof ingress->bridge_given);
	return true;
}

/* What is asked for, as far as its name and its gateways go. */
static Ingress *make(const Transaction *transaction, const char *name, const IngressSettings *settings, GError **error)
{
	char *const one[] = { settings->gateway, NULL };
	g_autoptr(Ingress) fresh = ingress_new(name);

	fresh->labels = g_strdupv(settings->labels);
	fresh->masquerade_given = settings->masquerade != CHOICE_DEFAULT;
	fresh->masquerade = settings->masquerade == CHOICE_YES;
	if (settings->gateway && settings->gateways)
		netfilter_fail(error, INVALID_ARGS, "Gateways: Gateway is given as well; one of the two is allowed");
	else if (gateways_parse(transaction, fresh, key_of(settings), settings->gateways ?: one, error) &&
		 parse_bridge(fresh, settings->bridge, error) && gateways_find_ways(transaction, fresh, error))
		return g_steal_pointer(&fresh);
	return NULL;
}

Ingress *ingress_claim(const Transaction *transaction, const char *name, const IngressSettings *settings, Claim *ret,
		       GError **error)
{
	g_autoptr(Ingress) fresh = NULL;

	if (!name_is_valid("ingress", name, error))
		return NULL;
	fresh = make(transaction, name, settings, error);
	if (!fresh)
		return NULL;
	*ret = claim_find_ingress(transaction->model, fresh, settings->lifetime.uid);
	return g_steal_pointer(&fresh);
}

Ingress *ingress_create(Transaction *transaction, const char *name, const IngressSettings *settings, GError **error)
{
	g_autoptr(Ingress) fresh = NULL;
	Ingress *ingress;

	if (!name_is_valid("ingress", name, error))
		return NULL;
	if (g_hash_table_contains(transaction->model->ingresses, name)) {
		netfilter_fail(error, INGRESS_EXISTS, "ingress \"%s\" exists", cut(name));
		return NULL;
	}
	fresh = make(transaction, name, settings, error);
	if (!fresh || !gateways_check(transaction->model, fresh, error) ||
	    !quota_check(transaction->model, transaction->config, QUOTA_INGRESSES, settings->lifetime.uid, 1, error) ||
	    !quota_check(transaction->model, transaction->config, QUOTA_LABELS, settings->lifetime.uid,
			 labels_size(settings->labels), error) ||
	    !request_sources(transaction, settings->allow_from, NULL, settings->lifetime.uid, &fresh->allow_from,
			     error) ||
	    !request_lifetime(transaction, &fresh->lifetime, OBJECT_INGRESS, fresh, &settings->lifetime, error))
		return NULL;

	fresh->sequence = transaction_next_sequence(transaction);
	ingress = g_steal_pointer(&fresh);
	transaction_make(transaction, &(Change){ .kind = &ingress_added, .object = ingress });
	if (settings->lifetime.permanent && !object_make_permanent(transaction, &ingress->lifetime, error))
		return NULL;
	if (settings->ports && !ingress_publish(transaction, ingress, settings->ports, error))
		return NULL;
	return ingress;
}

static bool publish_one(Transaction *transaction, Ingress *ingress, const LinkPort *requested, GError **error)
{
	PortRange range = ingress_port_range(ingress, requested->protocol, requested->port);
	guint index;
	IngressPort *port = ingress_find_port(ingress, requested, &index);

	if (port) {
		transaction_make(transaction, &(Change){
						      .kind = &ingress_port_counted,
						      .object = ingress,
						      .part = port,
						      .number = port->references + 1,
					      });
		return true;
	}
	if (!check_ingress_sources(ingress->allow_from, (ingress->ports->len + 1) * ingress->gateways->len, error) ||
	    !quota_check(transaction->model, transaction->config, QUOTA_PORTS, ingress->lifetime.uid,
			 ingress->gateways->len, error) ||
	    !request_ports(transaction, &range, 1, ingress->lifetime.uid, true, error))
		return false;
	port = g_new(IngressPort, 1);
	*port = (IngressPort){
		.protocol = requested->protocol,
		.port = requested->port,
		.references = 1,
		.sequence = transaction_next_sequence(transaction),
	};
	transaction_make(transaction, &(Change){
					      .kind = &ingress_port_published,
					      .object = ingress,
					      .part = port,
					      .index = ingress->ports->len,
				      });
	return true;
}

static bool check_share(const Transaction *transaction, const Ingress *ingress, const GArray *ports, GError **error)
{
	g_autoptr(GArray) mappings = g_array_new(FALSE, FALSE, sizeof(PortMapping));

	for (guint i = 0; i < ports->len; i++) {
		const LinkPort *port = &g_array_index(ports, LinkPort, i);
		PortMapping mapping = { .protocol = port->protocol, .host_port = port->port, .count = 1 };

		g_array_append_val(mappings, mapping);
	}
	return local_ports_check(transaction, ingress->lifetime.uid, mappings, error);
}

bool ingress_publish(Transaction *transaction, Ingress *ingress, const GArray *ports, GError **error)
{
	if (ports->len > transaction->config->max_ports_per_call)
		return netfilter_fail(error, QUOTA_EXCEEDED, "%u ports at once are more than MaxPortsPerCall=%u",
				      ports->len, transaction->config->max_ports_per_call);
	if (!check_share(transaction, ingress, ports, error))
		return false;
	for (guint i = 0; i < ports->len; i++)
		if (!publish_one(transaction, ingress, &g_array_index(ports, LinkPort, i), error))
			return false;
	return true;
}

static bool unpublish_one(Transaction *transaction, Ingress *ingress, const LinkPort *requested, GError **error)
{
	guint index;
	IngressPort *port = ingress_find_port(ingress, requested, &index);
	Change change = { .object = ingress };

	if (!port)
		return netfilter_fail(error, INVALID_ARGS, "ingress \"%s\" does not publish %s port %u",
				      cut(ingress->name), protocol_to_string(requested->protocol), requested->port);
	if (port->references > 1) {
		change.kind = &ingress_port_counted;
		change.part = port;
		change.number = port->references - 1;
	} else {
		change.kind = &ingress_port_unpublished;
		change.index = index;
	}
	transaction_make(transaction, &change);
	return true;
}

bool ingress_unpublish(Transaction *transaction, Ingress *ingress, const GArray *ports, GError **error)
{
	for (guint i = 0; i < ports->len; i++)
		if (!unpublish_one(transaction, ingress, &g_array_index(ports, LinkPort, i), error))
			return false;
	return true;
}

Ingress *ingress_claim_gateways(const Transaction *transaction, const Ingress *ingress, char *const *texts, uid_t uid,
				Claim *ret, GError **error)
{
	g_autoptr(Ingress) wanted = ingress_new(ingress->name);

	wanted->masquerade = ingress->masquerade;
	wanted->masquerade_given = ingress->masquerade_given;
	g_strlcpy(wanted->bridge_given, ingress->bridge_given, sizeof wanted->bridge_given);
	if (!gateways_parse(transaction, wanted, "Gateways", texts, error) ||
	    !gateways_find_ways(transaction, wanted, error))
		return NULL;
	*ret = claim_find_ingress(transaction->model, wanted, uid);
	return g_steal_pointer(&wanted);
}

static bool is_as_wanted(const Ingress *ingress, const Ingress *wanted)
{
	bool same = ingress->gateways->len == wanted->gateways->len && ingress->masquerade == wanted->masquerade;

	for (guint i = 0; same && i < wanted->gateways->len; i++) {
		const Gateway *a = ingress_gateway(ingress, i), *b = ingress_gateway(wanted, i);

		same = address_equal(&a->address, &b->address) && strcmp(a->bridge, b->bridge) == 0;
	}
	return same;
}

bool ingress_set_gateways(Transaction *transaction, Ingress *ingress, char *const *texts, GError **error)
{
	g_autoptr(Ingress) wanted = NULL;
	char first[INET6_ADDRSTRLEN];
	GatewaysChange *change;
	guint now, then;
	Claim claim;

	wanted = ingress_claim_gateways(transaction, ingress, texts, ingress->lifetime.uid, &claim, error);
	if (!wanted || !gateways_check(transaction->model, wanted, error))
		return false;
	/* Its ports are held in that one. */
	if (ingress_family(wanted) != ingress_family(ingress))
		return netfilter_fail(error, INVALID_ARGS,
				      "Gateways: \"%s\" is of another family than what ingress \"%s\" was made with",
				      address_format(&ingress_first_gateway(wanted)->address, first),
				      cut(ingress->name));
	if (is_as_wanted(ingress, wanted))
		return true;
	now = ingress_count_ways(ingress);
	then = ingress->ports->len * wanted->gateways->len;
	if (!check_ingress_sources(ingress->allow_from, then, error))
		return false;
	if (then > now && !quota_check(transaction->model, transaction->config, QUOTA_PORTS, ingress->lifetime.uid,
				       then - now, error))
		return false;
	change = g_new(GatewaysChange, 1);
	*change = (GatewaysChange){ g_array_ref(wanted->gateways), wanted->masquerade };
	transaction_make(transaction, &(Change){ .kind = &ingress_led, .object = ingress, .part = change });
	return true;
}

void ingress_delete(Transaction *transaction, Ingress *ingress)
{
	transaction_make(transaction, &(Change){ .kind = &ingress_removed, .object = ingress });
}

/* --- changes of an ingress --- */

static void insert(Model *model, Change *change)
{
	model_insert_ingress(model, change->object, change->before);
}

static void take_out(Model *model, Change *change)
{
	change->before = model_remove_ingress(model, change->object);
}

static void release_unless_applied(Change *change, bool applied)
{
	if (!applied)
		ingress_free(change->object);
}

static void release_if_applied(Change *change, bool applied)
{
	if (applied)
		ingress_free(change->object);
}

static void encode_added(const Change *change, GByteArray *to)
{
	encode_ingress(to, change->object);
}

static bool decode_added(Change *change, Record *record, Model *model, GError **error)
{
	change->object = decode_ingress(record, model, error);
	return change->object;
}

static void encode_removed(const Change *change, GByteArray *to)
{
	encode_ingress_gone(to, change->object);
}

static bool decode_removed(Change *change, Record *record, Model *model, GError **error)
{
	change->object = decode_ingress_gone(record, model, error);
	return change->object;
}

static void rules_added(const Change *change, const Model *model, const RenderOptions *options, RuleDelta *delta)
{
	render_ingress(change->object, options, delta->joins);
	render_ingress_isolation_all(model, change->object, options, delta->joins);
}

static void rules_removed(const Change *change, const Model *model, const RenderOptions *options, RuleDelta *delta)
{
	render_ingress_whole(change->object, options, delta->leaves);
	render_ingress_isolation_all(model, change->object, options, delta->leaves);
}

static const char *interface_of_ingress(const Change *change, guint i)
{
	return ingress_bridge(change->object, i);
}

static void ports_removed(const Change *change, GArray *ranges)
{
	const Ingress *ingress = change->object;

	for (guint i = 0; i < ingress->ports->len; i++) {
		const IngressPort *port = ingress->ports->pdata[i];
		PortRange range = ingress_port_range(ingress, port->protocol, port->port);

		g_array_append_val(ranges, range);
	}
}

static Lifetime *lifetime_of(const Change *change)
{
	return &((Ingress *)change->object)->lifetime;
}

static const AllowFrom *sources_added(const Change *change)
{
	return ((const Ingress *)change->object)->allow_from;
}

static void announce_added(const Change *change, const Observer *observer)
{
	observer->added(OBJECT_INGRESS, change->object, observer->userdata);
}

static void announce_removed(const Change *change, const Observer *observer)
{
	observer->removed(OBJECT_INGRESS, change->object, observer->userdata);
}

const ChangeKind ingress_added = {
	.name = "ingress-added",
	.type = 'I',
	.adds = 1,
	.apply = insert,
	.revert = take_out,
	.release = release_unless_applied,
	.encode = encode_added,
	.decode = decode_added,
	.rules = rules_added,
	.host = HOST_INTERFACE,
	.interface = interface_of_ingress,
	.of = lifetime_of,
	.begins = true,
	.sources = sources_added,
	.announce = announce_added,
};

const ChangeKind ingress_removed = {
	.name = "ingress-removed",
	.type = 'i',
	.adds = -1,
	.apply = take_out,
	.revert = insert,
	.release = release_if_applied,
	.encode = encode_removed,
	.decode = decode_removed,
	.rules = rules_removed,
	.host = HOST_INTERFACE,
	.interface = interface_of_ingress,
	.ports = ports_removed,
	.of = lifetime_of,
	.ends = true,
	.announce = announce_removed,
};

/* --- changes of its ports --- */

static void insert_port(Model *model, Change *change)
{
	model_insert_ingress_port(model, change->object, change->part, change->index);
}

static void take_port_out(Model *model, Change *change)
{
	change->part = model_remove_ingress_port(model, change->object, change->index);
}

static void swap_references(Model *model G_GNUC_UNUSED, Change *change)
{
	IngressPort *port = change->part;
	guint references = port->references;

	port->references = change->number;
	change->number = references;
}

static void release_port_unless_applied(Change *change, bool applied)
{
	if (!applied)
		g_free(change->part);
}

static void release_port_if_applied(Change *change, bool applied)
{
	if (applied)
		g_free(change->part);
}

static void encode_port(const Change *change, GByteArray *to)
{
	encode_ingress_port(to, change->object, change->part);
}

/* One entry for both: that a port is published so often. */
static bool decode_port(Change *change, Record *record, Model *model, GError **error)
{
	IngressPort port;
	Ingress *ingress = decode_ingress_port(record, model, &port, &change->index, error);

	if (!ingress)
		return false;
	change->object = ingress;
	if (change->index < ingress->ports->len) {
		change->kind = &ingress_port_counted;
		change->part = ingress->ports->pdata[change->index];
		change->number = port.references;
	} else {
		change->part = g_memdup2(&port, sizeof port);
	}
	return true;
}

static void encode_port_gone(const Change *change, GByteArray *to)
{
	encode_ingress_port_gone(to, change->object, change->part);
}

static bool decode_port_gone(Change *change, Record *record, Model *model, GError **error)
{
	change->object = decode_ingress_port_gone(record, model, &change->index, error);
	return change->object;
}

static void rules_port_published(const Change *change, const Model *model G_GNUC_UNUSED, const RenderOptions *options,
				 RuleDelta *delta)
{
	render_ingress_port(change->object, change->part, options, delta->joins);
}

static void rules_port_unpublished(const Change *change, const Model *model G_GNUC_UNUSED, const RenderOptions *options,
				   RuleDelta *delta)
{
	render_ingress_port(change->object, change->part, options, delta->leaves);
}

static void ports_of_port(const Change *change, GArray *ranges)
{
	const IngressPort *port = change->part;
	PortRange range = ingress_port_range(change->object, port->protocol, port->port);

	g_array_append_val(ranges, range);
}

static void announce_ports(const Change *change, const Observer *observer)
{
	observer->changed(OBJECT_INGRESS, change->object, "Ports", observer->userdata);
}

const ChangeKind ingress_port_published = {
	.name = "ingress-port-published",
	.type = 'Q',
	.adds = 1,
	.apply = insert_port,
	.revert = take_port_out,
	.release = release_port_unless_applied,
	.encode = encode_port,
	.decode = decode_port,
	.rules = rules_port_published,
	.ports = ports_of_port,
	.of = lifetime_of,
	.announce = announce_ports,
};

const ChangeKind ingress_port_counted = {
	.name = "ingress-port-counted",
	.apply = swap_references,
	.revert = swap_references,
	.encode = encode_port,
};

const ChangeKind ingress_port_unpublished = {
	.name = "ingress-port-unpublished",
	.type = 'q',
	.adds = -1,
	.apply = take_port_out,
	.revert = insert_port,
	.release = release_port_if_applied,
	.encode = encode_port_gone,
	.decode = decode_port_gone,
	.rules = rules_port_unpublished,
	.ports = ports_of_port,
	.of = lifetime_of,
	.announce = announce_ports,
};
