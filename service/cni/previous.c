/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cni/previous.h"

#include "service/error.h"

/* --- interfaces --- */

/* Those of the host have no sandbox. The first is the bridge, and the last what the container hangs on. */
static bool read_interfaces(JsonArray *interfaces, Previous *ret, GError **error)
{
	for (guint i = 0; interfaces && i < json_array_get_length(interfaces); i++) {
		JsonObject *interface = json_array_get_object_element(interfaces, i);
		const char *name = "", *sandbox = "";

		if (!json_read_string(interface, "name", &name, error) ||
		    !json_read_string(interface, "sandbox", &sandbox, error))
			return false;
		if (*sandbox || !*name)
			continue;
		if (!ret->bridge)
			ret->bridge = name;
		else
			ret->host_interface = name;
	}
	return true;
}

/* Whether an address is the container's, on that interface; one that is of none in particular is. */
static bool find_out_whose(JsonArray *interfaces, JsonObject *address, const char *ifname, bool *ret, GError **error)
{
	JsonNode *node = json_find(address, "interface");
	const char *name = "", *sandbox = "";
	JsonObject *interface;
	guint index;

	*ret = !node;
	if (!node)
		return true;
	if (!json_to_number(node, "prevResult: interface", G_MAXUINT16, &index, error))
		return false;
	if (!interfaces || index >= json_array_get_length(interfaces))
		return cni_fail(error, CONFIG, "prevResult: interface %u of an address is not there", index);
	interface = json_array_get_object_element(interfaces, index);
	if (!json_read_string(interface, "name", &name, error) ||
	    !json_read_string(interface, "sandbox", &sandbox, error))
		return false;
	*ret = *sandbox && g_str_equal(name, ifname);
	return true;
}

/* --- addresses --- */

static bool read_address(JsonObject *object, Previous *ret, GError **error)
{
	const char *text = "", *gateway_text = "";
	Address gateway = {};
	enum family family;
	Prefix address;

	if (!json_read_string(object, "address", &text, error) ||
	    !json_read_string(object, "gateway", &gateway_text, error))
		return false;
	if (!prefix_parse(text, &address))
		return cni_fail(error, CONFIG, "prevResult: \"%s\" is not an address with the length of its subnet",
				cut(text));
	family = address_family(&address.address);
	if (*gateway_text && (!address_parse(gateway_text, &gateway) || address_family(&gateway) != family))
		return cni_fail(error, CONFIG, "prevResult: \"%s\" is not a gateway of %s", cut(gateway_text), text);
	if (ret->addresses[family].address.family != AF_UNSPEC)
		return cni_fail(error, CONFIG, "prevResult: \"%s\" is a second %s address, and one is supported",
				cut(text), family_to_string(family));
	ret->addresses[family] = address;
	ret->gateways[family] = gateway;
	return true;
}

bool previous_read(JsonObject *result, const char *ifname, Previous *ret, GError **error)
{
	JsonArray *interfaces = NULL, *addresses = NULL;
	guint n = 0;

	*ret = (Previous){};
	if (!json_read_list(result, "interfaces", &interfaces, error) ||
	    !json_read_list(result, "ips", &addresses, error) || !read_interfaces(interfaces, ret, error))
		return false;
	for (guint i = 0; addresses && i < json_array_get_length(addresses); i++) {
		JsonObject *address = json_array_get_object_element(addresses, i);
		bool ours;

		if (!find_out_whose(interfaces, address, ifname, &ours, error) ||
		    (ours && !read_address(address, ret, error)))
			return false;
		n += ours;
	}
	return n > 0 || cni_fail(error, CONFIG, "prevResult: interface \"%s\" has no address", cut(ifname));
}
