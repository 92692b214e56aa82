/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/journal/encode.h"

#include "service/journal/parts.h"

#include <string.h>

/* --- endpoints --- */

static Endpoint *get_endpoint(Record *record, const Model *model)
{
	const Network *network = record_get_network(record, model);
	const char *name = record_get_text(record);

	return network ? g_hash_table_lookup(network->endpoints, name) : NULL;
}

#define ATTACHMENT_FIELDS 4

static void put_attachment(GByteArray *to, const Attachment *attachment)
{
	char mac[MAC_STRLEN], host_mac[MAC_STRLEN];

	record_put_text(to, attachment ? attachment->host_interface : "");
	record_put_text(to, attachment ? attachment->interface : "");
	record_put_text(to, attachment ? mac_format(attachment->host_mac, host_mac) : "");
	record_put_text(to, attachment ? mac_format(attachment->mac, mac) : "");
}

static bool get_attachment(Record *record, Attachment **ret)
{
	const char *host_interface = record_get_text(record), *interface = record_get_text(record);
	const char *host_mac = record_get_text(record), *mac = record_get_text(record);
	g_autofree Attachment *attachment = NULL;

	if (!*host_interface)
		return !*interface && !*host_mac && !*mac;
	attachment = g_new0(Attachment, 1);
	if (g_strlcpy(attachment->host_interface, host_interface, IFNAMSIZ) >= IFNAMSIZ || !*interface ||
	    g_strlcpy(attachment->interface, interface, IFNAMSIZ) >= IFNAMSIZ ||
	    !mac_parse(host_mac, attachment->host_mac, NULL) || !mac_parse(mac, attachment->mac, NULL))
		return false;
	*ret = g_steal_pointer(&attachment);
	return true;
}

void encode_endpoint(GByteArray *to, const Endpoint *endpoint)
{
	record_put_head(to, 'E',
			2 + N_FAMILIES + LIFETIME_FIELDS + record_count_label_fields(endpoint->labels) + 3 +
				N_FAMILIES + ATTACHMENT_FIELDS + record_count_source_fields(endpoint->allow_from) + 1);
	record_put_endpoint(to, endpoint);
	record_put_addresses(to, endpoint->addresses);
	record_put_lifetime(to, &endpoint->lifetime);
	record_put_labels(to, endpoint->labels);
	record_put_bool(to, endpoint->reserves);
	record_put_uint(to, endpoint->ifindex);
	record_put_uint(to, endpoint->allocated);
	record_put_addresses(to, endpoint->network->chosen);
	put_attachment(to, endpoint->attachment);
	record_put_allow_from(to, endpoint->allow_from);
	record_put_text(to, endpoint->port_group ?: "");
}

static bool endpoint_fits(const Model *model, const Endpoint *endpoint)
{
	if (!endpoint->network || !*endpoint->name ||
	    g_hash_table_contains(endpoint->network->endpoints, endpoint->name))
		return false;
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (endpoint->addresses[family].family != AF_UNSPEC &&
		    g_hash_table_contains(model->endpoints, &endpoint->addresses[family]))
			return false;
	return true;
}

Endpoint *decode_endpoint(Record *record, Model *model, Address ret_chosen[static N_FAMILIES], GError **error)
{
	Network *network = record_get_network(record, model);
	g_autoptr(Endpoint) endpoint = endpoint_new(network, record_get_text(record));
	bool good = record_get_addresses(record, endpoint->addresses);

	record_get_lifetime(record, model, OBJECT_ENDPOINT, endpoint, &endpoint->lifetime);
	good &= record_get_labels(record, &endpoint->labels);
	memset(ret_chosen, 0, N_FAMILIES * sizeof *ret_chosen);
	if (record_has_more(record)) {
		endpoint->reserves = record_get_bool(record);
		endpoint->ifindex = record_get_uint(record, G_MAXINT);
	}
	if (record_has_more(record)) {
		endpoint->allocated = record_get_uint(record, (1 << N_FAMILIES) - 1);
		good &= record_get_addresses(record, ret_chosen);
	}
	if (record_has_more(record))
		good &= get_attachment(record, &endpoint->attachment);
	good &= record_get_allow_from(record, &endpoint->allow_from);
	if (record_has_more(record)) {
		const char *group = record_get_text(record);

		endpoint->port_group = *group ? g_strdup(group) : NULL;
	}
	endpoint->lifetime.with_owner &= endpoint->ifindex == 0 && !endpoint->attachment;
	if (!record_found(record, good && endpoint_fits(model, endpoint) ? endpoint : NULL, error))
		return NULL;
	return g_steal_pointer(&endpoint);
}

void encode_attached(GByteArray *to, const Endpoint *endpoint)
{
	record_put_head(to, 'A', 3);
	record_put_endpoint(to, endpoint);
	record_put_uint(to, endpoint->ifindex);
}

Endpoint *decode_attached(Record *record, const Model *model, int *ret_ifindex, GError **error)
{
	Endpoint *endpoint = get_endpoint(record, model);

	*ret_ifindex = record_get_uint(record, G_MAXINT);
	return record_found(record, endpoint && endpoint->attachment ? endpoint : NULL, error);
}

void encode_endpoint_gone(GByteArray *to, const Endpoint *endpoint)
{
	record_put_head(to, 'e', 2);
	record_put_endpoint(to, endpoint);
}

Endpoint *decode_endpoint_gone(Record *record, const Model *model, GError **error)
{
	return record_found(record, get_endpoint(record, model), error);
}

/* --- published ports --- */

void encode_mapping(GByteArray *to, const Endpoint *endpoint, const PortMapping *mapping, bool gone)
{
	record_put_head(to, gone ? 'p' : 'P', 8);
	record_put_endpoint(to, endpoint);
	record_put_text(to, protocol_to_string(mapping->protocol));
	record_put_address(to, &mapping->host_address);
	record_put_uint(to, mapping->host_port);
	record_put_uint(to, mapping->endpoint_port);
	record_put_uint(to, mapping->count);
	record_put_uint(to, mapping->sequence);
}

static bool mapping_fits(const Model *model, const Endpoint *endpoint, const PortMapping *mapping)
{
	PortRange ranges[N_FAMILIES];
	guint n = endpoint_port_ranges(endpoint, mapping, ranges);
	guint16 port;

	if (mapping->host_port == 0)
		return false;
	for (guint i = 0; i < n; i++)
		if (port_table_overlaps(model->ports, &ranges[i], &port))
			return false;
	return n > 0;
}

Endpoint *decode_mapping(Record *record, Model *model, bool gone, PortMapping *ret, guint *ret_index, GError **error)
{
	Endpoint *endpoint = get_endpoint(record, model);
	const char *protocol = record_get_text(record), *host_address = record_get_text(record);
	guint16 host_port = record_get_uint(record, G_MAXUINT16), endpoint_port = record_get_uint(record, G_MAXUINT16);
	guint16 count = record_get_uint(record, G_MAXUINT16);
	guint64 sequence = record_get_sequence(record, model);
	bool fits = endpoint && port_mapping_parse(protocol, host_address, host_port, endpoint_port, count, ret, NULL);

	if (fits)
		fits = gone ? endpoint_find_mapping(endpoint, ret, ret_index) : mapping_fits(model, endpoint, ret);
	ret->sequence = sequence;
	return record_found(record, fits ? endpoint : NULL, error);
}

/* --- links --- */

void encode_link(GByteArray *to, const Endpoint *parent, const Link *link)
{
	record_put_head(to, 'L', 5 + 2 * link->ports->len);
	record_put_endpoint(to, parent);
	record_put_text(to, link->child->name);
	record_put_uint(to, link->sequence);
	record_put_uint(to, link->ports->len);
	for (guint i = 0; i < link->ports->len; i++) {
		const LinkPort *port = &g_array_index(link->ports, LinkPort, i);

		record_put_port(to, port->protocol, port->port);
	}
}

static Endpoint *get_sibling(Record *record, const Endpoint *endpoint)
{
	const char *name = record_get_text(record);

	return endpoint ? g_hash_table_lookup(endpoint->network->endpoints, name) : NULL;
}

Link *decode_link(Record *record, Model *model, Endpoint **ret_parent, GError **error)
{
	Endpoint *parent = get_endpoint(record, model), *child = get_sibling(record, parent);
	g_autoptr(Link) link = link_new(child);
	bool good = child && child != parent && !endpoint_find_link(parent, child);
	LinkPort port = {};

	link->sequence = record_get_sequence(record, model);
	for (guint n = record_get_uint(record, G_MAXUINT16); n > 0; n--) {
		good &= record_get_port(record, &port);
		g_array_append_val(link->ports, port);
	}
	*ret_parent = parent;
	return record_found(record, good ? link : NULL, error) ? g_steal_pointer(&link) : NULL;
}

void encode_link_gone(GByteArray *to, const Endpoint *parent, const Endpoint *child)
{
	record_put_head(to, 'l', 3);
	record_put_endpoint(to, parent);
	record_put_text(to, child->name);
}

Endpoint *decode_link_gone(Record *record, const Model *model, guint *ret_index, GError **error)
{
	Endpoint *parent = get_endpoint(record, model), *child = get_sibling(record, parent);
	Link *link = child ? endpoint_find_link(parent, child) : NULL;

	if (link)
		g_ptr_array_find(parent->links, link, ret_index);
	return record_found(record, link ? parent : NULL, error);
}
