/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/action.h"

#define MANAGER "org.example.NetFilter.Manager"
#define NETWORK "org.example.NetFilter.Network"
#define ENDPOINT "org.example.NetFilter.Endpoint"
#define INGRESS "org.example.NetFilter.Ingress"

static const char *const action_ids[N_POLICY_ACTIONS] = {
	[ACTION_MANAGE_NETWORKS] = "org.example.NetFilter.manage-networks",
	[ACTION_MANAGE_ENDPOINTS] = "org.example.NetFilter.manage-endpoints",
	[ACTION_MANAGE_INGRESS] = "org.example.NetFilter.manage-ingress",
	[ACTION_MAKE_PERSISTENT] = "org.example.NetFilter.make-persistent",
	[ACTION_MANAGE_FOREIGN] = "org.example.NetFilter.manage-foreign",
	[ACTION_USE_HOST_RESOURCES] = "org.example.NetFilter.use-host-resources",
	[ACTION_RELOAD] = "org.example.NetFilter.reload",
};

/* The verbs complete "Authentication is required to …" in the polkit actions file. */
const PolicyMethod policy_methods[] = {
	{ MANAGER, "CreateNetwork", ACTION_MANAGE_NETWORKS, "create network" },
	{ MANAGER, "EnsureNetwork", ACTION_MANAGE_NETWORKS, "create network" },
	{ MANAGER, "CreateIngress", ACTION_MANAGE_INGRESS, "create ingress" },
	{ MANAGER, "GetNetwork", ACTION_NONE, "look up network" },
	{ MANAGER, "GetIngress", ACTION_NONE, "look up ingress" },
	{ MANAGER, "FindObjects", ACTION_NONE, "find objects" },
	{ MANAGER, "PreviewNetwork", ACTION_NONE, "preview network" },
	{ MANAGER, "PreviewIngress", ACTION_NONE, "preview ingress" },
	{ MANAGER, "Explain", ACTION_NONE, "explain a packet" },
	{ MANAGER, "DumpRules", ACTION_NONE, "read rules" },
	{ MANAGER, "Reconcile", ACTION_RELOAD, "repair packet filter rules" },
	{ MANAGER, "Reload", ACTION_RELOAD, "reload the packet filter configuration" },

	{ NETWORK, "CreateEndpoint", ACTION_MANAGE_ENDPOINTS, "create endpoint" },
	{ NETWORK, "CreateEndpoints", ACTION_MANAGE_ENDPOINTS, "create endpoints" },
	{ NETWORK, "EnsureEndpoint", ACTION_MANAGE_ENDPOINTS, "create endpoint" },
	{ NETWORK, "DeleteEndpoint", ACTION_MANAGE_ENDPOINTS, "delete endpoint" },
	{ NETWORK, "Retain", ACTION_MANAGE_ENDPOINTS, "delete other endpoints of network" },
	{ NETWORK, "GetEndpoint", ACTION_NONE, "look up endpoint" },
	{ NETWORK, "Update", ACTION_MANAGE_NETWORKS, "change network" },
	{ NETWORK, "GetRules", ACTION_NONE, "read rules" },
	{ NETWORK, "SetPermanent", ACTION_MANAGE_NETWORKS, "have network across reboots, or not" },
	{ NETWORK, "Delete", ACTION_MANAGE_NETWORKS, "delete network" },

	{ ENDPOINT, "Publish", ACTION_MANAGE_ENDPOINTS, "publish ports of endpoint" },
	{ ENDPOINT, "Unpublish", ACTION_MANAGE_ENDPOINTS, "withdraw ports of endpoint" },
	{ ENDPOINT, "Update", ACTION_MANAGE_ENDPOINTS, "change endpoint" },
	{ ENDPOINT, "Link", ACTION_MANAGE_ENDPOINTS, "link endpoint" },
	{ ENDPOINT, "Unlink", ACTION_MANAGE_ENDPOINTS, "unlink endpoint" },
	{ ENDPOINT, "GetRules", ACTION_NONE, "read rules" },
	{ ENDPOINT, "SetPermanent", ACTION_MANAGE_ENDPOINTS, "have endpoint across reboots, or not" },
	{ ENDPOINT, "Delete", ACTION_MANAGE_ENDPOINTS, "delete endpoint" },

	{ INGRESS, "Publish", ACTION_MANAGE_INGRESS, "publish ports of ingress" },
	{ INGRESS, "Unpublish", ACTION_MANAGE_INGRESS, "withdraw ports of ingress" },
	{ INGRESS, "Update", ACTION_MANAGE_INGRESS, "change ingress" },
	{ INGRESS, "SetGateways", ACTION_MANAGE_INGRESS, "choose gateways of ingress" },
	{ INGRESS, "GetRules", ACTION_NONE, "read rules" },
	{ INGRESS, "SetPermanent", ACTION_MANAGE_INGRESS, "have ingress across reboots, or not" },
	{ INGRESS, "Delete", ACTION_MANAGE_INGRESS, "delete ingress" },
};
const gsize n_policy_methods = G_N_ELEMENTS(policy_methods);

const PolicyMethod *policy_method_find(const char *interface, const char *member)
{
	for (gsize i = 0; i < n_policy_methods; i++)
		if (g_strcmp0(policy_methods[i].interface, interface) == 0 &&
		    g_strcmp0(policy_methods[i].member, member) == 0)
			return &policy_methods[i];
	return NULL;
}

const char *policy_action_id(enum policy_action action)
{
	g_assert(action < N_POLICY_ACTIONS);
	return action_ids[action];
}
