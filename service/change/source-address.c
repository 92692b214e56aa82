/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/change/source-address.h"

#include "service/model/special.h"
#include "service/netlink/ip-address.h"

#include <string.h>

static bool parse_one(const Network *network, const char *text, Address ret[static N_FAMILIES], GError **error)
{
	const char *special;
	enum family family;
	Address address;

	if (!address_parse(text, &address))
		return netfilter_fail(error, INVALID_ARGS, "SourceAddress: \"%s\" is not an address", cut(text));
	family = address_family(&address);
	if (ret[family].family != AF_UNSPEC)
		return netfilter_fail(error, INVALID_ARGS, "SourceAddress: \"%s\" is a second %s address", text,
				      family_to_string(family));
	special = address_find_special(&address);
	if (special)
		return netfilter_fail(error, INVALID_ARGS, "SourceAddress: \"%s\" is in %s", text, special);
	if (!network_has_family(network, family))
		return netfilter_fail(error, INVALID_ARGS, "SourceAddress: \"%s\": the network has no %s subnet", text,
				      family_to_string(family));
	ret[family] = address;
	return true;
}

bool source_address_parse(const Network *network, char *const *texts, Address ret[static N_FAMILIES], GError **error)
{
	memset(ret, 0, N_FAMILIES * sizeof *ret);
	for (; texts && *texts; texts++)
		if (!parse_one(network, *texts, ret, error))
			return false;
	return true;
}

bool source_address_check_options(const Network *network, const NetworkOptions *options, GError **error)
{
	char text[INET6_ADDRSTRLEN];

	for (enum family family = 0; family < N_FAMILIES; family++) {
		const Address *address = &options->source_addresses[family];
		enum gateway_mode mode = network->modes[family];

		if (address->family == AF_UNSPEC)
			continue;
		address_format(address, text);
		if (network->internal)
			return netfilter_fail(error, INVALID_ARGS,
					      "SourceAddress: \"%s\": the network is internal, nothing leaves it",
					      text);
		if (mode != MODE_NAT)
			return netfilter_fail(error, INVALID_ARGS,
					      "SourceAddress: \"%s\": the network is %s in %s, its addresses are not "
					      "translated",
					      text, gateway_mode_to_string(mode), family_to_string(family));
		if (!options->masquerade)
			return netfilter_fail(error, INVALID_ARGS,
					      "SourceAddress: \"%s\" is in place of masquerade, and Masquerade is "
					      "false; true is allowed",
					      text);
	}
	return true;
}

/* An address of a bridge of ours says nothing to anybody behind another interface, and goes with the bridge. */
static bool check_present(const Transaction *transaction, const GArray *addresses, const Address *wanted,
			  GError **error)
{
	char text[INET6_ADDRSTRLEN];
	bool is_gateway = false;

	for (guint i = 0; i < addresses->len; i++) {
		const IpAddress *found = &g_array_index(addresses, IpAddress, i);

		if (!address_equal(&found->prefix.address, wanted))
			continue;
		if (!interfaces_is_created(transaction->interfaces, found->ifindex))
			return true;
		is_gateway = true;
	}
	return netfilter_fail(error, INVALID_ARGS, "SourceAddress: \"%s\" is %s", address_format(wanted, text),
			      is_gateway ? "the gateway of a network, and not the host's outside of it"
					 : "not an address of this host");
}

bool request_source_address(const Transaction *transaction, const Network *network, const NetworkSettings *settings,
			    const Address wanted[static N_FAMILIES], GError **error)
{
	const Network *there = g_hash_table_lookup(transaction->model->networks, network->name);
	g_autoptr(GArray) addresses = NULL;

	for (enum family family = 0; family < N_FAMILIES; family++) {
		g_autoptr(GError) missing = NULL;

		if (wanted[family].family == AF_UNSPEC ||
		    (there && address_equal(&there->options.source_addresses[family], &wanted[family])))
			continue;
		if (!addresses && !ip_address_list(transaction->netlink, 0, &addresses, error))
			return false;
		if (check_present(transaction, addresses, &wanted[family], &missing))
			continue;
		if (!settings->awaits_source_address) {
			g_propagate_error(error, g_steal_pointer(&missing));
			return false;
		}
		g_message("Network \"%s\": %s yet", cut(network->name), missing->message);
	}
	return true;
}

bool source_address_equal(const Address a[static N_FAMILIES], const Address b[static N_FAMILIES])
{
	return address_equal(&a[FAMILY_IPV4], &b[FAMILY_IPV4]) && address_equal(&a[FAMILY_IPV6], &b[FAMILY_IPV6]);
}
