/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/network.h"

#include "service/model/name.h"

#include <string.h>

static const char *const modes[N_MODES] = {
	[MODE_NAT] = "nat",
	[MODE_ROUTED] = "routed",
	[MODE_OPEN] = "open",
	[MODE_ISOLATED] = "isolated",
};

const char *gateway_mode_to_string(enum gateway_mode mode)
{
	return modes[mode];
}

enum gateway_mode gateway_mode_from_string(const char *text)
{
	enum gateway_mode mode = 0;

	while (mode < N_MODES && strcmp(modes[mode], text) != 0)
		mode++;
	return mode;
}

guint64 network_random_mac(void)
{
	return 0x020000000000 | ((guint64)g_random_int_range(0, 1 << 8) << 32) | g_random_int();
}

Network *network_new(const char *name)
{
	Network *network = g_new0(Network, 1);

	network->name = g_strdup(name);
	network->by_age.data = network;
	network->zone = g_strdup(ZONE_DEFAULT);
	network->reserves = true;
	network->options.communication = true;
	network->options.masquerade = true;
	network->endpoints = g_hash_table_new(g_str_hash, g_str_equal);
	g_queue_init(&network->endpoints_by_age);
	return network;
}

void network_free(Network *network)
{
	if (!network)
		return;
	g_assert(g_hash_table_size(network->endpoints) == 0);
	g_hash_table_unref(network->endpoints);
	allow_from_unref(network->options.allow_from);
	g_strfreev(network->labels);
	g_free(network->zone);
	lifetime_clear(&network->lifetime);
	g_free(network->name);
	g_free(network);
}
