/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/journal/encode.h"

#include "service/journal/parts.h"

/* --- where objects come from --- */

/* Which object an entry is about. */
static void put_object(GByteArray *to, const Lifetime *lifetime)
{
	const Endpoint *endpoint = lifetime->object;

	record_put_uint(to, lifetime->kind);
	switch (lifetime->kind) {
	case OBJECT_NETWORK:
		record_put_text(to, ((const Network *)lifetime->object)->name);
		record_put_text(to, "");
		break;
	case OBJECT_ENDPOINT:
		record_put_endpoint(to, endpoint);
		break;
	case OBJECT_INGRESS:
		record_put_text(to, ((const Ingress *)lifetime->object)->name);
		record_put_text(to, "");
		break;
	}
}

static Lifetime *find_lifetime(const Model *model, enum object_kind kind, const char *name, const char *endpoint_name)
{
	Ingress *ingress = kind == OBJECT_INGRESS ? g_hash_table_lookup(model->ingresses, name) : NULL;
	Network *network = kind != OBJECT_INGRESS ? g_hash_table_lookup(model->networks, name) : NULL;
	Endpoint *endpoint = NULL;

	if (kind == OBJECT_ENDPOINT && network)
		endpoint = g_hash_table_lookup(network->endpoints, endpoint_name);
	if (kind == OBJECT_ENDPOINT)
		return endpoint ? &endpoint->lifetime : NULL;
	if (ingress)
		return &ingress->lifetime;
	return network ? &network->lifetime : NULL;
}

static Lifetime *get_object(Record *record, const Model *model)
{
	enum object_kind kind = record_get_uint(record, OBJECT_INGRESS);
	const char *name = record_get_text(record), *endpoint = record_get_text(record);

	return find_lifetime(model, kind, name, endpoint);
}

void encode_fragment(GByteArray *to, const Lifetime *lifetime)
{
	record_put_head(to, 'O', 4);
	put_object(to, lifetime);
	record_put_text(to, lifetime->fragment ?: "");
}

Lifetime *decode_fragment(Record *record, const Model *model, char **ret_fragment, GError **error)
{
	Lifetime *lifetime = get_object(record, model);
	const char *fragment = record_get_text(record);

	lifetime = record_found(record, lifetime, error);

	if (lifetime)
		*ret_fragment = *fragment ? g_strdup(fragment) : NULL;
	return lifetime;
}

void encode_labels(GByteArray *to, const Lifetime *lifetime, char *const *labels)
{
	record_put_head(to, 'M', 3 + record_count_label_fields(labels));
	put_object(to, lifetime);
	record_put_labels(to, labels);
}

Lifetime *decode_labels(Record *record, const Model *model, char ***ret_labels, GError **error)
{
	Lifetime *lifetime = get_object(record, model);
	g_auto(GStrv) labels = NULL;
	bool good = record_get_labels(record, &labels);

	lifetime = record_found(record, good ? lifetime : NULL, error);
	if (lifetime)
		*ret_labels = g_steal_pointer(&labels);
	return lifetime;
}

void encode_allow_from(GByteArray *to, const Lifetime *lifetime, const AllowFrom *list)
{
	record_put_head(to, 'G', 3 + record_count_source_fields(list));
	put_object(to, lifetime);
	record_put_allow_from(to, list);
}

Lifetime *decode_allow_from(Record *record, const Model *model, AllowFrom **ret_list, GError **error)
{
	Lifetime *lifetime = get_object(record, model);
	AllowFrom *list = NULL;
	bool good = record_get_allow_from(record, &list) && lifetime && lifetime->kind != OBJECT_NETWORK;

	lifetime = record_found(record, good ? lifetime : NULL, error);
	if (lifetime)
		*ret_list = list;
	else
		allow_from_unref(list);
	return lifetime;
}

/* --- everything --- */

static void encode_fragment_if_any(GByteArray *to, const Lifetime *lifetime)
{
	if (lifetime->fragment)
		encode_fragment(to, lifetime);
}

static void encode_network_whole(GByteArray *to, const Network *network)
{
	encode_network(to, network);
	encode_fragment_if_any(to, &network->lifetime);
	for (const GList *i = network->endpoints_by_age.head; i; i = i->next) {
		const Endpoint *endpoint = i->data;

		encode_endpoint(to, endpoint);
		encode_fragment_if_any(to, &endpoint->lifetime);
		for (guint p = 0; p < endpoint->ports->len; p++)
			encode_mapping(to, endpoint, endpoint->ports->pdata[p], false);
	}
	/* A link needs both its ends. */
	for (const GList *i = network->endpoints_by_age.head; i; i = i->next) {
		const Endpoint *endpoint = i->data;

		for (guint l = 0; l < endpoint->links->len; l++)
			encode_link(to, endpoint, endpoint->links->pdata[l]);
	}
}

void encode_model(GByteArray *to, const Model *model)
{
	for (const GList *i = model->networks_by_age.head; i; i = i->next)
		encode_network_whole(to, i->data);
	for (const GList *i = model->ingresses_by_age.head; i; i = i->next) {
		const Ingress *ingress = i->data;

		encode_ingress(to, ingress);
		encode_fragment_if_any(to, &ingress->lifetime);
		for (guint p = 0; p < ingress->ports->len; p++)
			encode_ingress_port(to, ingress, ingress->ports->pdata[p]);
	}
}
