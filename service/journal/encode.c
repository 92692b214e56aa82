/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/journal/encode.h"

#include "service/model/labels.h"
#include "service/model/name.h"

#include <string.h>

/* --- parts of entries --- */

static void put_address(GByteArray *to, const Address *address)
{
	char text[INET6_ADDRSTRLEN];

	record_put_text(to, address_format(address, text));
}

static bool get_address(Record *record, Address *ret)
{
	const char *text = record_get_text(record);

	*ret = (Address){};
	return !*text || address_parse(text, ret);
}

/* One a family, "" where there is none. */
static void put_addresses(GByteArray *to, const Address addresses[static N_FAMILIES])
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		put_address(to, &addresses[family]);
}

static bool get_addresses(Record *record, Address ret[static N_FAMILIES])
{
	bool good = true;

	for (enum family family = 0; family < N_FAMILIES; family++)
		good &= get_address(record, &ret[family]) &&
			(ret[family].family == AF_UNSPEC || ret[family].family == family_to_af(family));
	return good;
}

static void put_prefixes(GByteArray *to, const Prefix prefixes[static N_FAMILIES])
{
	char text[INET6_ADDRSTRLEN + 4];

	for (enum family family = 0; family < N_FAMILIES; family++)
		record_put_text(to, prefix_format(&prefixes[family], text));
}

static bool get_prefixes(Record *record, Prefix ret[static N_FAMILIES])
{
	bool good = true;

	for (enum family family = 0; family < N_FAMILIES; family++) {
		const char *text = record_get_text(record);

		if (*text)
			good &= prefix_parse(text, &ret[family]) && ret[family].address.family == family_to_af(family);
	}
	return good;
}

/* What is older has none, and chose no address. */
static bool get_ranges(Record *record, Network *network)
{
	bool good;

	if (!record_has_more(record)) {
		memcpy(network->ranges, network->subnets, sizeof network->ranges);
		return true;
	}
	good = get_prefixes(record, network->ranges) && get_addresses(record, network->chosen);
	for (enum family family = 0; family < N_FAMILIES; family++)
		good &= network_has_family(network, family) == (network->ranges[family].address.family != AF_UNSPEC);
	return good;
}

#define LIFETIME_FIELDS 5

static void put_lifetime(GByteArray *to, const Lifetime *lifetime)
{
	record_put_uint(to, lifetime->uid);
	record_put_text(to, lifetime->owner ?: "");
	record_put_bool(to, lifetime->persistent);
	record_put_uint(to, lifetime->token);
	record_put_uint(to, lifetime->deadline_usec);
}

static guint count_label_fields(char *const *labels)
{
	return 1 + (labels ? g_strv_length((char **)labels) : 0);
}

static void put_labels(GByteArray *to, char *const *labels)
{
	record_put_uint(to, count_label_fields(labels) - 1);
	for (; labels && *labels; labels++)
		record_put_text(to, *labels);
}

/* What is older has none. */
static bool get_labels(Record *record, char ***ret)
{
	g_autoptr(GPtrArray) list = NULL;

	if (!record_has_more(record))
		return true;
	list = g_ptr_array_new_with_free_func(g_free);
	for (guint n = record_get_uint(record, 2 * LABELS_MAX); n > 0; n--)
		g_ptr_array_add(list, g_strdup(record_get_text(record)));
	if (list->len % 2 != 0)
		return false;
	g_ptr_array_add(list, NULL);
	*ret = labels_new((char **)g_ptr_array_steal(list, NULL), NULL);
	return *ret;
}

static guint count_source_fields(const AllowFrom *list)
{
	return 1 + (list ? list->len : 0);
}

static void put_allow_from(GByteArray *to, const AllowFrom *list)
{
	char text[SOURCE_STRLEN];

	record_put_uint(to, count_source_fields(list) - 1);
	for (guint i = 0; list && i < list->len; i++)
		record_put_text(to, source_format(&g_array_index(list, Source, i), text));
}

/* What is older has none: everybody. */
static bool get_allow_from(Record *record, AllowFrom **ret)
{
	guint n = record_has_more(record) ? record_get_uint(record, ALLOW_FROM_MAX) : 0;
	g_autoptr(GArray) list = NULL;
	Source source;

	if (n == 0)
		return true;
	list = g_array_sized_new(FALSE, FALSE, sizeof(Source), n);
	for (; n > 0; n--) {
		if (!source_parse(record_get_text(record), &source))
			return false;
		g_array_append_val(list, source);
	}
	*ret = g_steal_pointer(&list);
	return true;
}

static guint64 get_sequence(Record *record, Model *model)
{
	guint64 sequence = record_get_uint(record, G_MAXUINT64);

	model->sequence = MAX(model->sequence, sequence);
	return sequence;
}

static void get_lifetime(Record *record, Model *model, enum object_kind kind, void *object, Lifetime *ret)
{
	const char *owner;

	*ret = (Lifetime){ .kind = kind, .object = object };
	ret->uid = record_get_uint(record, G_MAXUINT32);
	owner = record_get_text(record);
	ret->persistent = record_get_bool(record);
	ret->token = get_sequence(record, model);
	ret->deadline_usec = record_get_uint(record, G_MAXUINT64);
	if (!ret->persistent)
		ret->owner = g_strdup(owner);
	ret->with_owner = !ret->persistent && ret->token == 0;
}

/* The object that an entry of good shape speaks of. */
static void *found(const Record *record, void *object, GError **error)
{
	if (!record_end(record, error))
		return NULL;
	if (!object)
		netfilter_fail(error, FAILED, "entry '%c' does not fit what is there", record->type);
	return object;
}

/* --- networks --- */

/* What is older has the default. */
static bool get_zone(Record *record, Network *network)
{
	if (!record_has_more(record))
		return true;
	g_free(network->zone);
	network->zone = g_strdup(record_get_text(record));
	return zone_name_is_valid(network->zone, NULL);
}

void encode_network(GByteArray *to, const Network *network)
{
	record_put_head(to, 'N',
			9 + 2 * N_FAMILIES + LIFETIME_FIELDS + count_label_fields(network->labels) + 2 +
				2 * N_FAMILIES + 1 + count_source_fields(network->options.allow_from));
	record_put_text(to, network->name);
	record_put_text(to, network->bridge);
	record_put_bool(to, network->creates_bridge);
	put_prefixes(to, network->subnets);
	put_addresses(to, network->gateways);
	record_put_bool(to, network->internal);
	record_put_bool(to, network->options.communication);
	record_put_bool(to, network->options.masquerade);
	put_address(to, &network->options.host_binding);
	record_put_uint(to, network->sequence);
	put_lifetime(to, &network->lifetime);
	record_put_uint(to, network->mac);
	put_labels(to, network->labels);
	record_put_bool(to, network->reserves);
	record_put_bool(to, network->ends_with_endpoints);
	put_prefixes(to, network->ranges);
	put_addresses(to, network->chosen);
	record_put_text(to, network->zone);
	put_allow_from(to, network->options.allow_from);
}

static bool network_fits(const Model *model, const Network *network)
{
	return *network->name && !g_hash_table_contains(model->networks, network->name) && *network->bridge &&
	       !g_hash_table_contains(model->bridges, network->bridge);
}

Network *decode_network(Record *record, Model *model, GError **error)
{
	g_autoptr(Network) network = network_new(record_get_text(record));
	bool good;

	good = g_strlcpy(network->bridge, record_get_text(record), sizeof network->bridge) < sizeof network->bridge;
	network->creates_bridge = record_get_bool(record);
	good &= get_prefixes(record, network->subnets);
	good &= get_addresses(record, network->gateways);
	network->internal = record_get_bool(record);
	network->options.communication = record_get_bool(record);
	network->options.masquerade = record_get_bool(record);
	good &= get_address(record, &network->options.host_binding);
	network->sequence = get_sequence(record, model);
	get_lifetime(record, model, OBJECT_NETWORK, network, &network->lifetime);
	/* Version 2 gave bridges no address of their own. */
	if (record_has_more(record))
		network->mac = record_get_uint(record, G_MAXUINT64);
	good &= get_labels(record, &network->labels);
	if (record_has_more(record)) {
		network->reserves = record_get_bool(record);
		network->ends_with_endpoints = record_get_bool(record);
	}
	good &= get_ranges(record, network);
	good &= get_zone(record, network);
	good &= get_allow_from(record, &network->options.allow_from);
	if (!found(record, good && network_fits(model, network) ? network : NULL, error))
		return NULL;
	return g_steal_pointer(&network);
}

static Network *get_network(Record *record, const Model *model)
{
	return g_hash_table_lookup(model->networks, record_get_text(record));
}

void encode_network_options(GByteArray *to, const Network *network)
{
	record_put_head(to, 'U', 4 + count_source_fields(network->options.allow_from));
	record_put_text(to, network->name);
	record_put_bool(to, network->options.communication);
	record_put_bool(to, network->options.masquerade);
	put_address(to, &network->options.host_binding);
	put_allow_from(to, network->options.allow_from);
}

Network *decode_network_options(Record *record, const Model *model, NetworkOptions *ret, GError **error)
{
	Network *network = get_network(record, model);
	bool good;

	ret->communication = record_get_bool(record);
	ret->masquerade = record_get_bool(record);
	ret->allow_from = NULL;
	good = get_address(record, &ret->host_binding) && get_allow_from(record, &ret->allow_from);
	network = found(record, good ? network : NULL, error);
	if (!network)
		g_clear_pointer(&ret->allow_from, allow_from_unref);
	return network;
}

void encode_network_gone(GByteArray *to, const Network *network)
{
	record_put_head(to, 'n', 1);
	record_put_text(to, network->name);
}

Network *decode_network_gone(Record *record, const Model *model, GError **error)
{
	return found(record, get_network(record, model), error);
}

/* --- endpoints --- */

static void put_endpoint(GByteArray *to, const Endpoint *endpoint)
{
	record_put_text(to, endpoint->network->name);
	record_put_text(to, endpoint->name);
}

static Endpoint *get_endpoint(Record *record, const Model *model)
{
	const Network *network = get_network(record, model);
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
			2 + N_FAMILIES + LIFETIME_FIELDS + count_label_fields(endpoint->labels) + 3 + N_FAMILIES +
				ATTACHMENT_FIELDS + count_source_fields(endpoint->allow_from));
	put_endpoint(to, endpoint);
	put_addresses(to, endpoint->addresses);
	put_lifetime(to, &endpoint->lifetime);
	put_labels(to, endpoint->labels);
	record_put_bool(to, endpoint->reserves);
	record_put_uint(to, endpoint->ifindex);
	record_put_uint(to, endpoint->allocated);
	put_addresses(to, endpoint->network->chosen);
	put_attachment(to, endpoint->attachment);
	put_allow_from(to, endpoint->allow_from);
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
	Network *network = get_network(record, model);
	g_autoptr(Endpoint) endpoint = endpoint_new(network, record_get_text(record));
	bool good = get_addresses(record, endpoint->addresses);

	get_lifetime(record, model, OBJECT_ENDPOINT, endpoint, &endpoint->lifetime);
	good &= get_labels(record, &endpoint->labels);
	memset(ret_chosen, 0, N_FAMILIES * sizeof *ret_chosen);
	if (record_has_more(record)) {
		endpoint->reserves = record_get_bool(record);
		endpoint->ifindex = record_get_uint(record, G_MAXINT);
	}
	if (record_has_more(record)) {
		endpoint->allocated = record_get_uint(record, (1 << N_FAMILIES) - 1);
		good &= get_addresses(record, ret_chosen);
	}
	if (record_has_more(record))
		good &= get_attachment(record, &endpoint->attachment);
	good &= get_allow_from(record, &endpoint->allow_from);
	endpoint->lifetime.with_owner &= endpoint->ifindex == 0 && !endpoint->attachment;
	if (!found(record, good && endpoint_fits(model, endpoint) ? endpoint : NULL, error))
		return NULL;
	return g_steal_pointer(&endpoint);
}

void encode_attached(GByteArray *to, const Endpoint *endpoint)
{
	record_put_head(to, 'A', 3);
	put_endpoint(to, endpoint);
	record_put_uint(to, endpoint->ifindex);
}

Endpoint *decode_attached(Record *record, const Model *model, int *ret_ifindex, GError **error)
{
	Endpoint *endpoint = get_endpoint(record, model);

	*ret_ifindex = record_get_uint(record, G_MAXINT);
	return found(record, endpoint && endpoint->attachment ? endpoint : NULL, error);
}

void encode_endpoint_gone(GByteArray *to, const Endpoint *endpoint)
{
	record_put_head(to, 'e', 2);
	put_endpoint(to, endpoint);
}

Endpoint *decode_endpoint_gone(Record *record, const Model *model, GError **error)
{
	return found(record, get_endpoint(record, model), error);
}

/* --- published ports --- */

void encode_mapping(GByteArray *to, const Endpoint *endpoint, const PortMapping *mapping, bool gone)
{
	record_put_head(to, gone ? 'p' : 'P', 8);
	put_endpoint(to, endpoint);
	record_put_text(to, protocol_to_string(mapping->protocol));
	put_address(to, &mapping->host_address);
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
	guint64 sequence = get_sequence(record, model);
	bool fits = endpoint && port_mapping_parse(protocol, host_address, host_port, endpoint_port, count, ret, NULL);

	if (fits)
		fits = gone ? endpoint_find_mapping(endpoint, ret, ret_index) : mapping_fits(model, endpoint, ret);
	ret->sequence = sequence;
	return found(record, fits ? endpoint : NULL, error);
}

/* --- links --- */

static void put_port(GByteArray *to, guint8 protocol, guint16 port)
{
	record_put_text(to, protocol_to_string(protocol));
	record_put_uint(to, port);
}

static bool get_port(Record *record, LinkPort *ret)
{
	const char *protocol = record_get_text(record);

	return link_port_parse(protocol, record_get_uint(record, G_MAXUINT16), ret, NULL);
}

void encode_link(GByteArray *to, const Endpoint *parent, const Link *link)
{
	record_put_head(to, 'L', 5 + 2 * link->ports->len);
	put_endpoint(to, parent);
	record_put_text(to, link->child->name);
	record_put_uint(to, link->sequence);
	record_put_uint(to, link->ports->len);
	for (guint i = 0; i < link->ports->len; i++) {
		const LinkPort *port = &g_array_index(link->ports, LinkPort, i);

		put_port(to, port->protocol, port->port);
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

	link->sequence = get_sequence(record, model);
	for (guint n = record_get_uint(record, G_MAXUINT16); n > 0; n--) {
		good &= get_port(record, &port);
		g_array_append_val(link->ports, port);
	}
	*ret_parent = parent;
	return found(record, good ? link : NULL, error) ? g_steal_pointer(&link) : NULL;
}

void encode_link_gone(GByteArray *to, const Endpoint *parent, const Endpoint *child)
{
	record_put_head(to, 'l', 3);
	put_endpoint(to, parent);
	record_put_text(to, child->name);
}

Endpoint *decode_link_gone(Record *record, const Model *model, guint *ret_index, GError **error)
{
	Endpoint *parent = get_endpoint(record, model), *child = get_sibling(record, parent);
	Link *link = child ? endpoint_find_link(parent, child) : NULL;

	if (link)
		g_ptr_array_find(parent->links, link, ret_index);
	return found(record, link ? parent : NULL, error);
}

/* --- ingresses --- */

static guint count_gateway_fields(const Ingress *ingress)
{
	return 2 + 2 * ingress->gateways->len;
}

static void put_gateways(GByteArray *to, const Ingress *ingress)
{
	record_put_bool(to, ingress->masquerade);
	record_put_uint(to, ingress->gateways->len);
	for (guint i = 0; i < ingress->gateways->len; i++) {
		put_address(to, &ingress_gateway(ingress, i)->address);
		record_put_text(to, ingress_gateway(ingress, i)->bridge);
	}
}

/* All are of one family. */
static bool get_gateway(Record *record, GArray *gateways)
{
	Gateway gateway = {};
	bool good = get_address(record, &gateway.address) && gateway.address.family != AF_UNSPEC;

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
			4 + LIFETIME_FIELDS + count_label_fields(ingress->labels) +
				count_source_fields(ingress->allow_from) + 2 + count_gateway_fields(ingress));
	record_put_text(to, ingress->name);
	put_address(to, &ingress_first_gateway(ingress)->address);
	record_put_text(to, ingress_first_gateway(ingress)->bridge);
	record_put_uint(to, ingress->sequence);
	put_lifetime(to, &ingress->lifetime);
	put_labels(to, ingress->labels);
	put_allow_from(to, ingress->allow_from);
	record_put_text(to, ingress->bridge_given);
	record_put_bool(to, ingress->masquerade_given);
	put_gateways(to, ingress);
}

Ingress *decode_ingress(Record *record, Model *model, GError **error)
{
	g_autoptr(Ingress) ingress = ingress_new(record_get_text(record));
	bool good = *ingress->name && !g_hash_table_contains(model->ingresses, ingress->name);

	good &= get_gateway(record, ingress->gateways);
	ingress->sequence = get_sequence(record, model);
	get_lifetime(record, model, OBJECT_INGRESS, ingress, &ingress->lifetime);
	good &= get_labels(record, &ingress->labels);
	good &= get_allow_from(record, &ingress->allow_from);
	if (record_has_more(record)) {
		const char *bridge = record_get_text(record);

		good &= g_strlcpy(ingress->bridge_given, bridge, IFNAMSIZ) < IFNAMSIZ;
		ingress->masquerade_given = record_get_bool(record);
		g_array_set_size(ingress->gateways, 0);
		good &= get_gateways(record, ingress->gateways, &ingress->masquerade);
	}
	return found(record, good ? ingress : NULL, error) ? g_steal_pointer(&ingress) : NULL;
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

	return found(record, good ? ingress : NULL, error);
}

void encode_ingress_gone(GByteArray *to, const Ingress *ingress)
{
	record_put_head(to, 'i', 1);
	record_put_text(to, ingress->name);
}

Ingress *decode_ingress_gone(Record *record, const Model *model, GError **error)
{
	return found(record, get_ingress(record, model), error);
}

void encode_ingress_port(GByteArray *to, const Ingress *ingress, const IngressPort *port)
{
	record_put_head(to, 'Q', 5);
	record_put_text(to, ingress->name);
	put_port(to, port->protocol, port->port);
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
	bool good = get_port(record, &port);

	*ret = (IngressPort){ .protocol = port.protocol, .port = port.port };
	ret->references = record_get_uint(record, G_MAXUINT32);
	ret->sequence = get_sequence(record, model);
	good &= ingress && ret->references > 0;
	if (good && !ingress_find_port(ingress, &port, ret_index)) {
		*ret_index = ingress->ports->len;
		good = ingress_port_fits(model, ingress, &port);
	}
	return found(record, good ? ingress : NULL, error);
}

void encode_ingress_port_gone(GByteArray *to, const Ingress *ingress, const IngressPort *port)
{
	record_put_head(to, 'q', 3);
	record_put_text(to, ingress->name);
	put_port(to, port->protocol, port->port);
}

Ingress *decode_ingress_port_gone(Record *record, const Model *model, guint *ret_index, GError **error)
{
	Ingress *ingress = get_ingress(record, model);
	LinkPort port = {};
	bool good = get_port(record, &port) && ingress && ingress_find_port(ingress, &port, ret_index);

	return found(record, good ? ingress : NULL, error);
}

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
		put_endpoint(to, endpoint);
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

	lifetime = found(record, lifetime, error);

	if (lifetime)
		*ret_fragment = *fragment ? g_strdup(fragment) : NULL;
	return lifetime;
}

void encode_labels(GByteArray *to, const Lifetime *lifetime, char *const *labels)
{
	record_put_head(to, 'M', 3 + count_label_fields(labels));
	put_object(to, lifetime);
	put_labels(to, labels);
}

Lifetime *decode_labels(Record *record, const Model *model, char ***ret_labels, GError **error)
{
	Lifetime *lifetime = get_object(record, model);
	g_auto(GStrv) labels = NULL;
	bool good = get_labels(record, &labels);

	lifetime = found(record, good ? lifetime : NULL, error);
	if (lifetime)
		*ret_labels = g_steal_pointer(&labels);
	return lifetime;
}

void encode_allow_from(GByteArray *to, const Lifetime *lifetime, const AllowFrom *list)
{
	record_put_head(to, 'G', 3 + count_source_fields(list));
	put_object(to, lifetime);
	put_allow_from(to, list);
}

Lifetime *decode_allow_from(Record *record, const Model *model, AllowFrom **ret_list, GError **error)
{
	Lifetime *lifetime = get_object(record, model);
	AllowFrom *list = NULL;
	bool good = get_allow_from(record, &list) && lifetime && lifetime->kind != OBJECT_NETWORK;

	lifetime = found(record, good ? lifetime : NULL, error);
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
