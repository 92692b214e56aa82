/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/chain.h"

#include <stdio.h>

static const ChainInfo chains[N_CHAINS] = {
	[CHAIN_RAW_PREROUTING] = { TABLE_RAW, true, "PREROUTING" },
	[CHAIN_MANGLE_FORWARD] = { TABLE_MANGLE, true, "FORWARD" },
	[CHAIN_MANGLE_OUTPUT] = { TABLE_MANGLE, true, "OUTPUT" },
	[CHAIN_MANGLE_DIRECT] = { TABLE_MANGLE, false, "-DIRECT" },
	[CHAIN_FILTER_FORWARD] = { TABLE_FILTER, true, "FORWARD" },
	[CHAIN_FILTER_OUTPUT] = { TABLE_FILTER, true, "OUTPUT" },
	[CHAIN_FILTER_DOCKER] = { TABLE_FILTER, false, "" },
	[CHAIN_FILTER_ALLOW] = { TABLE_FILTER, false, "-ALLOW" },
	[CHAIN_FILTER_CEILING] = { TABLE_FILTER, false, "-CEILING" },
	[CHAIN_FILTER_DENY] = { TABLE_FILTER, false, "-DENY" },
	[CHAIN_FILTER_INGRESS] = { TABLE_FILTER, false, "-INGRESS" },
	[CHAIN_FILTER_ISOLATION] = { TABLE_FILTER, false, "-ISOLATION" },
	[CHAIN_FILTER_ISOLATION_STAGE_2] = { TABLE_FILTER, false, "-ISOLATION-STAGE-2" },
	[CHAIN_NAT_PREROUTING] = { TABLE_NAT, true, "PREROUTING" },
	[CHAIN_NAT_OUTPUT] = { TABLE_NAT, true, "OUTPUT" },
	[CHAIN_NAT_POSTROUTING] = { TABLE_NAT, true, "POSTROUTING" },
	[CHAIN_NAT_DOCKER] = { TABLE_NAT, false, "" },
	[CHAIN_NAT_CONTAINERS] = { TABLE_NAT, false, "-CONTAINERS" },
	[CHAIN_NAT_INGRESS] = { TABLE_NAT, false, "-INGRESS" },
};

static const char *const tables[N_TABLES] = {
	[TABLE_RAW] = "raw",
	[TABLE_MANGLE] = "mangle",
	[TABLE_FILTER] = "filter",
	[TABLE_NAT] = "nat",
};

const ChainInfo *chain_info(enum chain chain)
{
	return &chains[chain];
}

const char *table_name(enum table table)
{
	return tables[table];
}

const char *chain_name(enum chain chain, const char *prefix, char buffer[static CHAIN_NAME_MAX + 1])
{
	const ChainInfo *info = &chains[chain];

	snprintf(buffer, CHAIN_NAME_MAX + 1, "%s%s", info->builtin ? "" : prefix, info->name);
	return buffer;
}
