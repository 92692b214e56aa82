/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/network.h"

#include "service/model/endpoint.h"

Network *network_new(const char *name)
{
	Network *network = g_new0(Network, 1);

	network->name = g_strdup(name);
	network->communication = true;
	network->masquerade = true;
	network->endpoints = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)endpoint_free);
	return network;
}

void network_free(Network *network)
{
	if (!network)
		return;
	g_hash_table_unref(network->endpoints);
	lifetime_clear(&network->lifetime);
	g_free(network->name);
	g_free(network);
}
