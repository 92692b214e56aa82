/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/attachments.h"

#include "service/netlink/interface.h"
#include "service/netlink/namespace.h"
#include "service/netlink/veth.h"

#include <string.h>

typedef struct Claim {
	Namespace *namespace;
	guint mtu;
	GArray *routes; /* AttachmentRoute */
} Claim;

struct Attachments {
	Netlink *netlink;
	GHashTable *claims;   /* Endpoint, not looked into → Claim, owned */
	GArray *made;         /* int, ifindex: since the transaction began */
	InterfaceInfo bridge; /* that of the last endpoint, while there are claims; ifindex 0: none yet */
};

static void claim_free(gpointer data)
{
	Claim *claim = data;

	namespace_free(claim->namespace);
	g_array_unref(claim->routes);
	g_free(claim);
}

Attachments *attachments_new(Netlink *netlink)
{
	Attachments *attachments = g_new0(Attachments, 1);

	attachments->netlink = netlink;
	attachments->claims = g_hash_table_new_full(NULL, NULL, NULL, claim_free);
	attachments->made = g_array_new(FALSE, FALSE, sizeof(int));
	return attachments;
}

void attachments_free(Attachments *attachments)
{
	if (!attachments)
		return;
	g_hash_table_unref(attachments->claims);
	g_array_unref(attachments->made);
	g_free(attachments);
}

bool attachments_claim(Attachments *attachments, const Endpoint *endpoint, int socket, guint mtu, GArray *routes,
		       GError **error)
{
	Namespace *namespace = namespace_new(attachments->netlink, socket, error);
	Claim *claim;

	if (!namespace) {
		g_array_unref(routes);
		return false;
	}
	claim = g_new(Claim, 1);
	*claim = (Claim){ namespace, mtu, routes };
	g_hash_table_replace(attachments->claims, (gpointer)endpoint, claim);
	return true;
}

guint attachments_count(const Attachments *attachments)
{
	return g_hash_table_size(attachments->claims);
}

static void remove_list(Netlink *netlink, const GArray *ifindexes)
{
	GError *error = NULL;

	if (ifindexes->len > 0 && !veths_remove(netlink, ifindexes, &error))
		error_warn(error);
}

/* Together, since the kernel waits once for as many as there are. */
static void revert(void *self, int ifindex G_GNUC_UNUSED, guint value G_GNUC_UNUSED)
{
	Attachments *attachments = self;

	remove_list(attachments->netlink, attachments->made);
	g_array_set_size(attachments->made, 0);
}

static bool set_up(const Claim *claim, const Endpoint *endpoint, int peer, GError **error)
{
	/* The bridge floods what each says of its own to all others. */
	if (!network_has_family(endpoint->network, FAMILY_IPV6) &&
	    !namespace_set_no_link_local(claim->namespace, peer, error))
		return false;
	return namespace_set_up(claim->namespace, peer, error);
}

/* When there is a carrier, or what is reached by it is said to be down until the kernel looks again. */
static bool fill(const Claim *claim, const Endpoint *endpoint, int peer, GError **error)
{
	for (enum family family = 0; family < N_FAMILIES; family++) {
		const Prefix address = { endpoint->addresses[family], endpoint->network->subnets[family].length };

		if (address.address.family != AF_UNSPEC &&
		    !namespace_add_address(claim->namespace, peer, &address, error))
			return false;
	}
	for (guint i = 0; i < claim->routes->len; i++) {
		const AttachmentRoute *route = &g_array_index(claim->routes, AttachmentRoute, i);
		bool exists;

		if (!namespace_add_route(claim->namespace, peer, &route->destination, &route->gateway,
					 route->optional ? &exists : NULL, error))
			return false;
	}
	return true;
}

static bool find_bridge(Attachments *attachments, const Endpoint *endpoint, int ifindex, GError **error)
{
	InterfaceInfo *bridge = &attachments->bridge;

	if (ifindex != 0 && bridge->ifindex == ifindex)
		return true;
	return interface_find_index(attachments->netlink, ifindex, bridge, error) &&
	       (bridge->ifindex != 0 ||
		netfilter_fail(error, FAILED,
			       "bridge \"%s\" of network \"%s\" is not there to attach endpoint \"%s\" to",
			       endpoint->network->bridge, cut(endpoint->network->name), cut(endpoint->name)));
}

bool attachments_open(Attachments *attachments, const Endpoint *endpoint, int bridge, Effects *effects,
		      int *ret_ifindex, GError **error)
{
	const Claim *claim = g_hash_table_lookup(attachments->claims, endpoint);
	const Attachment *attachment = endpoint->attachment;
	VethWanted wanted = {
		.here = { .name = attachment->host_interface },
		.there = { .name = attachment->interface },
		.namespace = namespace_fd(claim->namespace),
	};
	int peer;

	if (!find_bridge(attachments, endpoint, bridge, error))
		return false;
	wanted.bridge = attachments->bridge.ifindex;
	wanted.mtu = claim->mtu ?: attachments->bridge.mtu;
	memcpy(wanted.here.mac, attachment->host_mac, sizeof wanted.here.mac);
	memcpy(wanted.there.mac, attachment->mac, sizeof wanted.there.mac);
	if (!veth_add(attachments->netlink, &wanted, ret_ifindex, &peer, error))
		return false;
	if (attachments->made->len == 0)
		effects_add(effects, revert, attachments, 0, 0);
	g_array_append_val(attachments->made, *ret_ifindex);
	return set_up(claim, endpoint, peer, error) &&
	       veth_join(attachments->netlink, *ret_ifindex, attachments->bridge.ifindex, error) &&
	       fill(claim, endpoint, peer, error);
}

void attachments_release(Attachments *attachments)
{
	g_hash_table_remove_all(attachments->claims);
	g_array_set_size(attachments->made, 0);
	attachments->bridge.ifindex = 0;
}

/* The end on the host, if it is the one that was made. */
static bool is_ours(const InterfaceInfo *info, const Attachment *attachment)
{
	return info->ifindex != 0 && memcmp(info->mac, attachment->host_mac, sizeof info->mac) == 0;
}

void attachments_detach(Attachments *attachments, const GPtrArray *endpoints)
{
	g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(int));

	for (guint i = 0; i < endpoints->len; i++) {
		const Endpoint *endpoint = endpoints->pdata[i];
		InterfaceInfo info;

		if (interface_find_index(attachments->netlink, endpoint->ifindex, &info, NULL) &&
		    is_ours(&info, endpoint->attachment))
			g_array_append_val(list, info.ifindex);
	}
	remove_list(attachments->netlink, list);
}

void attachments_disown(Attachments *attachments, const Endpoint *endpoint)
{
	g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(int));
	InterfaceInfo info;

	if (interface_find(attachments->netlink, endpoint->attachment->host_interface, &info, NULL) &&
	    is_ours(&info, endpoint->attachment))
		g_array_append_val(list, info.ifindex);
	remove_list(attachments->netlink, list);
}
