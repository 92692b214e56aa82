/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/journal/encode.h"

#include "service/journal/parts.h"
#include "service/model/name.h"

#include <string.h>

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
	good = get_prefixes(record, network->ranges) && record_get_addresses(record, network->chosen);
	for (enum family family = 0; family < N_FAMILIES; family++)
		good &= network_has_family(network, family) == (network->ranges[family].address.family != AF_UNSPEC);
	return good;
}

/* What is older has the default. */
static bool get_zone(Record *record, Network *network)
{
	if (!record_has_more(record))
		return true;
	g_free(network->zone);
	network->zone = g_strdup(record_get_text(record));
	return zone_name_is_valid(network->zone, NULL);
}

/* What is older translates. */
static bool get_modes(Record *record, Network *network)
{
	if (!record_has_more(record))
		return true;
	for (enum family family = 0; family < N_FAMILIES; family++) {
		network->modes[family] = gateway_mode_from_string(record_get_text(record));
		if (network->modes[family] == N_MODES)
			return false;
	}
	return true;
}

/* What is older masquerades. */
static bool get_source_addresses(Record *record, Address ret[static N_FAMILIES])
{
	return !record_has_more(record) || record_get_addresses(record, ret);
}

void encode_network(GByteArray *to, const Network *network)
{
	record_put_head(to, 'N',
			9 + 2 * N_FAMILIES + LIFETIME_FIELDS + record_count_label_fields(network->labels) + 2 +
				2 * N_FAMILIES + 1 + N_FAMILIES + N_FAMILIES +
				record_count_source_fields(network->options.allow_from));
	record_put_text(to, network->name);
	record_put_text(to, network->bridge);
	record_put_bool(to, network->creates_bridge);
	put_prefixes(to, network->subnets);
	record_put_addresses(to, network->gateways);
	record_put_bool(to, network->internal);
	record_put_bool(to, network->options.communication);
	record_put_bool(to, network->options.masquerade);
	record_put_address(to, &network->options.host_binding);
	record_put_uint(to, network->sequence);
	record_put_lifetime(to, &network->lifetime);
	record_put_uint(to, network->mac);
	record_put_labels(to, network->labels);
	record_put_bool(to, network->reserves);
	record_put_bool(to, network->ends_with_endpoints);
	put_prefixes(to, network->ranges);
	record_put_addresses(to, network->chosen);
	record_put_text(to, network->zone);
	record_put_allow_from(to, network->options.allow_from);
	for (enum family family = 0; family < N_FAMILIES; family++)
		record_put_text(to, gateway_mode_to_string(network->modes[family]));
	record_put_addresses(to, network->options.source_addresses);
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
	good &= record_get_addresses(record, network->gateways);
	network->internal = record_get_bool(record);
	network->options.communication = record_get_bool(record);
	network->options.masquerade = record_get_bool(record);
	good &= record_get_address(record, &network->options.host_binding);
	network->sequence = record_get_sequence(record, model);
	record_get_lifetime(record, model, OBJECT_NETWORK, network, &network->lifetime);
	/* Version 2 gave bridges no address of their own. */
	if (record_has_more(record))
		network->mac = record_get_uint(record, G_MAXUINT64);
	good &= record_get_labels(record, &network->labels);
	if (record_has_more(record)) {
		network->reserves = record_get_bool(record);
		network->ends_with_endpoints = record_get_bool(record);
	}
	good &= get_ranges(record, network);
	good &= get_zone(record, network);
	good &= record_get_allow_from(record, &network->options.allow_from);
	good &= get_modes(record, network);
	good &= get_source_addresses(record, network->options.source_addresses);
	if (!record_found(record, good && network_fits(model, network) ? network : NULL, error))
		return NULL;
	return g_steal_pointer(&network);
}

void encode_network_options(GByteArray *to, const Network *network)
{
	record_put_head(to, 'U', 4 + N_FAMILIES + record_count_source_fields(network->options.allow_from));
	record_put_text(to, network->name);
	record_put_bool(to, network->options.communication);
	record_put_bool(to, network->options.masquerade);
	record_put_address(to, &network->options.host_binding);
	record_put_allow_from(to, network->options.allow_from);
	record_put_addresses(to, network->options.source_addresses);
}

Network *decode_network_options(Record *record, const Model *model, NetworkOptions *ret, GError **error)
{
	Network *network = record_get_network(record, model);
	bool good;

	*ret = (NetworkOptions){};
	ret->communication = record_get_bool(record);
	ret->masquerade = record_get_bool(record);
	good = record_get_address(record, &ret->host_binding) && record_get_allow_from(record, &ret->allow_from) &&
	       get_source_addresses(record, ret->source_addresses);
	network = record_found(record, good ? network : NULL, error);
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
	return record_found(record, record_get_network(record, model), error);
}
