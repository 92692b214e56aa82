/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/** The tables and chains the service writes in. */

enum table { TABLE_RAW, TABLE_MANGLE, TABLE_FILTER, TABLE_NAT, N_TABLES };

/** Every chain the service writes in, in the order iptables-save writes them in; chain_info() tells about each. */
enum chain {
	CHAIN_RAW_PREROUTING,
	CHAIN_MANGLE_FORWARD,
	CHAIN_MANGLE_OUTPUT,
	CHAIN_MANGLE_DIRECT,
	CHAIN_FILTER_FORWARD,
	CHAIN_FILTER_OUTPUT,
	CHAIN_FILTER_DOCKER,
	CHAIN_FILTER_ALLOW,
	CHAIN_FILTER_CEILING,
	CHAIN_FILTER_DENY,
	CHAIN_FILTER_INGRESS,
	CHAIN_FILTER_ISOLATION,
	CHAIN_FILTER_ISOLATION_STAGE_2,
	CHAIN_NAT_PREROUTING,
	CHAIN_NAT_OUTPUT,
	CHAIN_NAT_POSTROUTING,
	CHAIN_NAT_DOCKER,
	CHAIN_NAT_CONTAINERS,
	CHAIN_NAT_INGRESS,
	N_CHAINS
};

/**
 * Where in a chain. A builtin chain has a head above every foreign rule and a
 * tail below; in a chain of our own foreign rules stand where somebody put them.
 */
enum zone { ZONE_HEAD, ZONE_OWNED, ZONE_TAIL };

typedef struct ChainInfo {
	enum table table;
	bool builtin;
	const char *name; /* a builtin chain's; else what follows the prefix: "", "-INGRESS", … */
} ChainInfo;

/** Static facts about a chain. */
const ChainInfo *chain_info(enum chain chain);

/** "raw", "mangle", "filter", "nat"; static. */
const char *table_name(enum table table);

/** The longest chain name the kernel takes: XT_EXTENSION_MAXNAMELEN - 1. */
#define CHAIN_NAME_MAX 28

/** A chain's name under a prefix, written into a caller's buffer and returned. */
const char *chain_name(enum chain chain, const char *prefix, char buffer[static CHAIN_NAME_MAX + 1]);
