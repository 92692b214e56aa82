/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/journal/encode.h"

#include "service/journal/parts.h"

static guint count_gateway_fields(const Ingress *ingress)
{
	return 2 + 2 * ingress->gateways->len;
}

static void put_gateways(GByteArray *to, const Ingress *ingress)
{
	record_put_bool(to, ingress->masquerade);
	record_put_uint(to, ingress->gateways->len);
	for (guint i = 0; i < ingress->gateways->len; i++) {
		record_put_address(to, &ingress_gateway(ingress, i)->address);
		record_put_text(to, ingress_gateway(ingress, i)->bridge);
	}
}

/* All are of one family. */
static bool get_gateway(Record *record, GArray *gateways)
{
	Gateway gateway = {};
	bool good = record_get_address(record, &gateway.address) && gateway.address.family != AF_UNSPEC;

	good &= g_strlcpy(gateway.bridge, record_get_text(record), IFNAMSIZ) < IFNAMSIZ;
	if (good && gateways->len > 0)
		good = g_array_index(gateways, Gateway, 0).address.family == gateway.address.family;
	if (good)
		g_array_append_val(gateways, gateway);
	return good;
}

static bool get_gateways(Record *record, GArray *gateways, bool *ret_masquerade)
{
	bool good = true;
	guint n;

	*ret_masquerade = record_get_bool(record);
	n = record_get_uint(record, GATEWAYS_MAX);
	for (guint i = 0; i < n; i++)
		good &= get_gateway(record, gateways);
	return good && n > 0;
}

void encode_ingress(GByteArray *to, const Ingress *ingress)
{
	record_put_head(to, 'I',
			4 + LIFETIME_FIELDS + record_count_label_fields(ingress->labels) +
				record_count_source_fields(ingress->allow_from) + 2 + count_gateway_fields(ingress));
	record_put_text(to, ingress->name);
	record_put_address(to, &ingress_first_gateway(ingress)->address);
	record_put_text(to, ingress_first_gateway(ingress)->bridge);
	record_put_uint(to, ingress->sequence);
	record_put_lifetime(to, &ingress->lifetime);
	record_put_labels(to, ingress->labels);
	record_put_allow_from(to, ingress->allow_from);
	record_put_text(to, ingress->bridge_given);
	record_put_bool(to, ingress->masquerade_given);
	put_gateways(to, ingress);
}

Ingress *decode_ingress(Record *record, Model *model, GError **error)
{
	g_autoptr(Ingress) ingress = ingress_new(record_get_text(record));
	bool good = *ingress->name && !g_hash_table_contains(model->ingresses, ingress->name);

	good &= get_gateway(record, ingress->gateways);
	ingress->sequence = record_get_sequence(record, model);
	record_get_lifetime(record, model, OBJECT_INGRESS, ingress, &ingress->lifetime);
	good &= record_get_labels(record, &ingress->labels);
	good &= record_get_allow_from(record, &ingress->allow_from);
	if (record_has_more(record)) {
		const char *bridge = record_get_text(record);

		good &= g_strlcpy(ingress->bridge_given, bridge, IFNAMSIZ) < IFNAMSIZ;
		ingress->masquerade_given = record_get_bool(record);
		g_array_set_size(ingress->gateways, 0);
		good &= get_gateways(record, ingress->gateways, &ingress->masquerade);
	}
	return record_found(record, good ? ingress : NULL, error) ? g_steal_pointer(&ingress) : NULL;
}

static Ingress *get_ingress(Record *record, const Model *model)
{
	return g_hash_table_lookup(model->ingresses, record_get_text(record));
}

void encode_gateways(GByteArray *to, const Ingress *ingress)
{
	record_put_head(to, 'T', 1 + count_gateway_fields(ingress));
	record_put_text(to, ingress->name);
	put_gateways(to, ingress);
}

Ingress *decode_gateways(Record *record, const Model *model, GArray *gateways, bool *ret_masquerade, GError **error)
{
	Ingress *ingress = get_ingress(record, model);
	bool good =
		get_gateways(record, gateways, ret_masquerade) && ingress &&
		g_array_index(gateways, Gateway, 0).address.family == ingress_first_gateway(ingress)->address.family;

	return record_found(record, good ? ingress : NULL, error);
}

void encode_ingress_gone(GByteArray *to, const Ingress *ingress)
{
	record_put_head(to, 'i', 1);
	record_put_text(to, ingress->name);
}

Ingress *decode_ingress_gone(Record *record, const Model *model, GError **error)
{
	return record_found(record, get_ingress(record, model), error);
}

void encode_ingress_port(GByteArray *to, const Ingress *ingress, const IngressPort *port)
{
	record_put_head(to, 'Q', 5);
	record_put_text(to, ingress->name);
	record_put_port(to, port->protocol, port->port);
	record_put_uint(to, port->references);
	record_put_uint(to, port->sequence);
}

static bool ingress_port_fits(const Model *model, const Ingress *ingress, const LinkPort *port)
{
	PortRange range = ingress_port_range(ingress, port->protocol, port->port);
	guint16 taken;

	return !port_table_overlaps(model->ports, &range, &taken);
}

Ingress *decode_ingress_port(Record *record, Model *model, IngressPort *ret, guint *ret_index, GError **error)
{
	Ingress *ingress = get_ingress(record, model);
	LinkPort port = {};
	bool good = record_get_port(record, &port);

	*ret = (IngressPort){ .protocol = port.protocol, .port = port.port };
	ret->references = record_get_uint(record, G_MAXUINT32);
	ret->sequence = record_get_sequence(record, model);
	good &= ingress && ret->references > 0;
	if (good && !ingress_find_port(ingress, &port, ret_index)) {
		*ret_index = ingress->ports->len;
		good = ingress_port_fits(model, ingress, &port);
	}
	return record_found(record, good ? ingress : NULL, error);
}

void encode_ingress_port_gone(GByteArray *to, const Ingress *ingress, const IngressPort *port)
{
	record_put_head(to, 'q', 3);
	record_put_text(to, ingress->name);
	record_put_port(to, port->protocol, port->port);
}

Ingress *decode_ingress_port_gone(Record *record, const Model *model, guint *ret_index, GError **error)
{
	Ingress *ingress = get_ingress(record, model);
	LinkPort port = {};
	bool good = record_get_port(record, &port) && ingress && ingress_find_port(ingress, &port, ret_index);

	return record_found(record, good ? ingress : NULL, error);
}
