/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/change/change-allow-from.h"

#include "service/journal/encode.h"
#include "service/quota.h"
#include "service/rules/render-allow.h"

/* Rules that the lists of an ingress are at most. */
#define INGRESS_SOURCES_MAX 4096

/* --- requests --- */

static guint length_of(const AllowFrom *list)
{
	return list ? list->len : 0;
}

bool request_sources(const Transaction *transaction, char *const *texts, const AllowFrom *before, uid_t uid,
		     AllowFrom **ret, GError **error)
{
	AllowFrom *list;

	if (!sources_read(texts, ALLOW_FROM_MAX, &list, error))
		return false;
	if (length_of(list) > length_of(before) && !quota_check(transaction->model, transaction->config, QUOTA_SOURCES,
								uid, length_of(list) - length_of(before), error)) {
		allow_from_unref(list);
		return false;
	}
	*ret = list;
	return true;
}

bool allow_from_is(const AllowFrom *list, char *const *texts)
{
	AllowFrom *wanted = NULL;
	bool same = sources_read(texts, ALLOW_FROM_MAX, &wanted, NULL) && allow_from_equal(list, wanted);

	allow_from_unref(wanted);
	return same;
}

bool check_ingress_sources(const AllowFrom *list, guint n_ports, GError **error)
{
	return (guint64)length_of(list) * n_ports <= INGRESS_SOURCES_MAX ||
	       netfilter_fail(error, QUOTA_EXCEEDED,
			      "AllowFrom: %u sources for each of %u ports and gateways of an ingress are more than the "
			      "%u allowed",
			      length_of(list), n_ports, INGRESS_SOURCES_MAX);
}

bool object_set_allow_from(Transaction *transaction, Lifetime *lifetime, char *const *texts, GError **error)
{
	const AllowFrom *before = object_allow_from(lifetime);
	AllowFrom *list;

	if (!request_sources(transaction, texts, before, lifetime->uid, &list, error))
		return false;
	if (lifetime->kind == OBJECT_INGRESS &&
	    !check_ingress_sources(list, ingress_count_ways(lifetime->object), error)) {
		allow_from_unref(list);
		return false;
	}
	transaction_make(transaction, &(Change){ .kind = &allow_from_changed, .object = lifetime, .part = list });
	return true;
}

/* --- whose connections may have to end --- */

static void guard_endpoint(const Endpoint *endpoint, GArray *guards)
{
	const AllowFrom *list = endpoint->allow_from ?: endpoint->network->options.allow_from;

	for (guint i = 0; i < endpoint->ports->len; i++) {
		const PortMapping *mapping = endpoint->ports->pdata[i];

		for (enum family family = 0; family < N_FAMILIES; family++)
			if (port_mapping_in_family(endpoint, mapping, family))
				guards_add(guards,
					   &(Guard){ endpoint->addresses[family], mapping->protocol,
						     mapping->endpoint_port, mapping->count, (AllowFrom *)list });
	}
}

static void guard_ingress(const Ingress *ingress, GArray *guards)
{
	for (guint i = 0; i < ingress->ports->len; i++) {
		const IngressPort *port = ingress->ports->pdata[i];

		for (guint n = 0; n < ingress->gateways->len; n++)
			guards_add(guards, &(Guard){ ingress_gateway(ingress, n)->address, port->protocol, port->port,
						     1, ingress->allow_from });
	}
}

void guard_network(const Network *network, GArray *guards)
{
	for (const GList *i = network->endpoints_by_age.head; i; i = i->next)
		guard_endpoint(i->data, guards);
}

void guard_all(const Model *model, GArray *guards)
{
	for (const GList *i = model->networks_by_age.head; i; i = i->next)
		guard_network(i->data, guards);
	for (const GList *i = model->ingresses_by_age.head; i; i = i->next)
		guard_ingress(i->data, guards);
}

/* --- the change --- */

static void swap(Model *model, Change *change)
{
	change->part = model_set_allow_from(model, change->object, change->part);
}

static void release(Change *change, bool applied G_GNUC_UNUSED)
{
	allow_from_unref(change->part);
}

static void encode(const Change *change, GByteArray *to)
{
	encode_allow_from(to, change->object, object_allow_from(change->object));
}

static bool decode(Change *change, Record *record, Model *model, GError **error)
{
	AllowFrom *list = NULL;

	change->object = decode_allow_from(record, model, &list, error);
	change->part = list;
	return change->object;
}

static void rules_of_endpoint(const Endpoint *endpoint, const AllowFrom *list_before, const RenderOptions *options,
			      RuleDelta *delta)
{
	Endpoint before = *endpoint;

	before.allow_from = (AllowFrom *)list_before;
	render_endpoint_limits(&before, delta->leaves);
	render_endpoint_limits(endpoint, delta->joins);
	if (endpoint_is_limited(&before, options))
		render_denials(&before, delta->leaves);
	if (endpoint_is_limited(endpoint, options))
		render_denials(endpoint, delta->joins);
}

static void rules_of_ingress(const Ingress *ingress, const AllowFrom *list_before, const RenderOptions *options,
			     RuleDelta *delta)
{
	Ingress before = *ingress;

	before.allow_from = (AllowFrom *)list_before;
	render_ingress_whole(&before, options, delta->leaves);
	render_ingress_whole(ingress, options, delta->joins);
}

static void rules(const Change *change, const Model *model G_GNUC_UNUSED, const RenderOptions *options,
		  RuleDelta *delta)
{
	const Lifetime *lifetime = change->object;

	if (lifetime->kind == OBJECT_ENDPOINT)
		rules_of_endpoint(lifetime->object, change->part, options, delta);
	else
		rules_of_ingress(lifetime->object, change->part, options, delta);
}

static const char *interface_of(const Change *change, guint i)
{
	const Lifetime *lifetime = change->object;

	if (lifetime->kind == OBJECT_INGRESS)
		return ingress_bridge(lifetime->object, i);
	return i == 0 ? ((const Endpoint *)lifetime->object)->network->bridge : NULL;
}

static void guards(const Change *change, const Model *model G_GNUC_UNUSED, GArray *guards)
{
	const Lifetime *lifetime = change->object;

	if (lifetime->kind == OBJECT_ENDPOINT)
		guard_endpoint(lifetime->object, guards);
	else
		guard_ingress(lifetime->object, guards);
}

static const AllowFrom *sources_of(const Change *change)
{
	const AllowFrom *list = object_allow_from(change->object);

	return allow_from_equal(list, change->part) ? NULL : list;
}

static Lifetime *lifetime_of(const Change *change)
{
	return change->object;
}

static void announce(const Change *change, const Observer *observer)
{
	const Lifetime *lifetime = change->object;

	if (!allow_from_equal(change->part, object_allow_from(lifetime)))
		observer->changed(lifetime->kind, lifetime->object, "AllowFrom", observer->userdata);
}

const ChangeKind allow_from_changed = {
	.name = "allow-from-changed",
	.type = 'G',
	.apply = swap,
	.revert = swap,
	.release = release,
	.encode = encode,
	.decode = decode,
	.rules = rules,
	.host = HOST_SWITCHES,
	.interface = interface_of,
	.guards = guards,
	.of = lifetime_of,
	.sources = sources_of,
	.announce = announce,
};
