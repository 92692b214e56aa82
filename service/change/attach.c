/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/change/attach.h"

#include <string.h>

#define DEFAULT_INTERFACE "eth0"
#define MAX_ROUTES 64

/* --- what is asked for --- */

/* One of the settings that say nothing without a namespace; NULL: none is given. */
static const char *find_given(const AttachSettings *settings)
{
	return settings->interface        ? "Interface"
	       : settings->host_interface ? "HostInterface"
	       : settings->mac            ? "MACAddress"
	       : settings->mtu != 0       ? "MTU"
	       : settings->routes         ? "Routes"
					  : NULL;
}

static bool check_lifetime(const LifetimeSettings *settings, GError **error)
{
	if (lifetime_settings_persist(settings))
		return netfilter_fail(error, INVALID_ARGS,
				      "NetNS: what is attached goes with its interface, it cannot be Persistent");
	if (settings->interface)
		return netfilter_fail(error, INVALID_ARGS,
				      "LifetimeInterface: \"%s\": what is attached goes with its own interface",
				      cut(settings->interface));
	return true;
}

static bool parse_name(const char *key, const char *name, char ret[static IFNAMSIZ], GError **error)
{
	if (!interface_check_name(name, error)) {
		g_prefix_error(error, "%s: ", key);
		return false;
	}
	if (g_str_equal(name, "lo"))
		return netfilter_fail(error, INVALID_ARGS,
				      "%s: \"lo\" is there in every namespace; another name is allowed", key);
	g_strlcpy(ret, name, IFNAMSIZ);
	return true;
}

/* One that an object is of, and waits for if it is not there. */
static bool check_free(const Model *model, const char *name, GError **error)
{
	const Network *network = g_hash_table_lookup(model->bridges, name);

	if (network)
		return netfilter_fail(error, BRIDGE_IN_USE, "HostInterface: \"%s\" is the bridge of network \"%s\"",
				      name, cut(network->name));
	for (const GList *i = model->ingresses_by_age.head; i; i = i->next)
		if (ingress_has_bridge(i->data, name))
			return netfilter_fail(error, BRIDGE_IN_USE,
					      "HostInterface: \"%s\" is the bridge of ingress \"%s\"", name,
					      cut(((const Ingress *)i->data)->name));
	return true;
}

static bool parse_mac(Endpoint *endpoint, const char *text, GError **error)
{
	if (!text)
		mac_derive(endpoint->addresses, endpoint->attachment->mac);
	else if (!mac_parse(text, endpoint->attachment->mac, error)) {
		g_prefix_error(error, "MACAddress: ");
		return false;
	}
	return true;
}

/* A bridge has the smallest MTU of its ports': one that is too small for IPv6 takes that from all. */
static bool check_mtu(const Endpoint *endpoint, guint32 mtu, GError **error)
{
	return mtu == 0 || mtu >= MTU_MIN_IPV6 || !network_has_family(endpoint->network, FAMILY_IPV6) ||
	       netfilter_fail(error, INVALID_ARGS, "MTU: \"%u\": network \"%s\" has IPv6, which needs at least %u", mtu,
			      cut(endpoint->network->name), MTU_MIN_IPV6);
}

static bool parse_attachment(const Model *model, Endpoint *endpoint, const AttachSettings *settings, GError **error)
{
	Attachment *attachment = endpoint->attachment = g_new0(Attachment, 1);
	g_autofree char *made_up = g_strdup_printf("veth%08x", g_random_int());

	mac_choose(attachment->host_mac);
	return parse_name("Interface", settings->interface ?: DEFAULT_INTERFACE, attachment->interface, error) &&
	       parse_name("HostInterface", settings->host_interface ?: made_up, attachment->host_interface, error) &&
	       check_free(model, attachment->host_interface, error) && check_mtu(endpoint, settings->mtu, error) &&
	       parse_mac(endpoint, settings->mac, error);
}

/* --- its ways out --- */

static GArray *default_routes(const Endpoint *endpoint)
{
	GArray *routes = g_array_new(FALSE, FALSE, sizeof(AttachmentRoute));

	for (enum family family = 0; family < N_FAMILIES; family++) {
		AttachmentRoute route = {
			.destination.address.family = family_to_af(family),
			.gateway = endpoint->network->gateways[family],
			.optional = true,
		};

		if (endpoint->addresses[family].family != AF_UNSPEC && !network_is_closed(endpoint->network, family))
			g_array_append_val(routes, route);
	}
	return routes;
}

static bool parse_route(const Endpoint *endpoint, const char *destination, const char *gateway, AttachmentRoute *ret,
			GError **error)
{
	enum family family;

	*ret = (AttachmentRoute){};
	if (!prefix_parse(destination, &ret->destination))
		return netfilter_fail(error, INVALID_ARGS,
				      "Routes: \"%s\" is not a destination (like 10.0.0.0/8 or 0.0.0.0/0)",
				      cut(destination));
	ret->destination = prefix_mask(&ret->destination);
	family = address_family(&ret->destination.address);
	if (endpoint->addresses[family].family == AF_UNSPEC)
		return netfilter_fail(error, INVALID_ARGS, "Routes: \"%s\": endpoint \"%s\" has no %s address",
				      destination, cut(endpoint->name), family_to_string(family));
	if (!*gateway)
		ret->gateway = endpoint->network->gateways[family];
	else if (!address_parse(gateway, &ret->gateway) || address_family(&ret->gateway) != family)
		return netfilter_fail(error, INVALID_ARGS, "Routes: \"%s\" is not a gateway to %s", cut(gateway),
				      destination);
	return true;
}

static GArray *find_routes(const Endpoint *endpoint, char **texts, GError **error)
{
	g_autoptr(GArray) routes = NULL;

	if (!texts)
		return default_routes(endpoint);
	routes = g_array_new(FALSE, FALSE, sizeof(AttachmentRoute));
	for (; texts[0]; texts += 2) {
		AttachmentRoute route;

		if (routes->len == MAX_ROUTES) {
			netfilter_fail(error, INVALID_ARGS, "Routes: at most %d are allowed", MAX_ROUTES);
			return NULL;
		}
		if (!parse_route(endpoint, texts[0], texts[1], &route, error))
			return NULL;
		g_array_append_val(routes, route);
	}
	return g_steal_pointer(&routes);
}

bool attach_request(Transaction *transaction, Endpoint *endpoint, const EndpointSettings *settings, GError **error)
{
	const AttachSettings *attach = &settings->attach;
	GArray *routes;

	if (!attach->given)
		return !find_given(attach) ||
		       netfilter_fail(error, INVALID_ARGS, "%s: nothing is attached without NetNS", find_given(attach));
	if (!check_lifetime(&settings->lifetime, error) ||
	    !parse_attachment(transaction->model, endpoint, attach, error))
		return false;
	routes = find_routes(endpoint, attach->routes, error);
	if (!routes)
		return false;
	endpoint->lifetime.with_owner = false;
	if (transaction->attachments)
		return attachments_claim(transaction->attachments, endpoint, attach->socket, attach->mtu, routes,
					 error);
	g_array_unref(routes);
	return true;
}

/* --- what is there --- */

const char *attach_find_difference(const Endpoint *endpoint, const AttachSettings *settings)
{
	const Attachment *attachment = endpoint->attachment;
	guint8 mac[6];

	if (settings->given != (attachment != NULL))
		return "NetNS";
	if (!attachment)
		return NULL;
	if (strcmp(attachment->interface, settings->interface ?: DEFAULT_INTERFACE) != 0)
		return "Interface";
	if (settings->host_interface && strcmp(attachment->host_interface, settings->host_interface) != 0)
		return "HostInterface";
	if (!settings->mac)
		return NULL;
	return mac_parse(settings->mac, mac, NULL) && memcmp(mac, attachment->mac, sizeof mac) == 0 ? NULL
												    : "MACAddress";
}
