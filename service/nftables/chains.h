/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/ingress.h"
#include <linux/netfilter.h>

/** The chains of a table and the rules in them, which are the same whatever objects there are. */

/** Where an element of a map sends a packet, or the policy of a chain. */
enum verdict {
	VERDICT_ACCEPT,
	VERDICT_DROP,
	VERDICT_CLOSED, /* within a bridge without communication */
	VERDICT_FROM_BRIDGE,
	VERDICT_TO_BRIDGE,
	VERDICT_SPREAD, /* over two gateways of an ingress; the next over three, and so on */
	N_VERDICTS = VERDICT_SPREAD + GATEWAYS_MAX - 1
};

/** To the chain that chooses among so many gateways, 2 to GATEWAYS_MAX. */
enum verdict verdict_spread(guint gateways);

/** The chain to go to; NULL for accept and drop. */
const char *verdict_chain(enum verdict verdict);

typedef struct ChainInfo {
	const char *name;
	guint8 families;  /* 1 << enum family */
	const char *type; /* NULL: packets come from other chains */
	enum nf_inet_hooks hook;
	gint32 priority;
} ChainInfo;

/** In nft's words, "ip" for either family. */
typedef struct RuleInfo {
	const char *chain;
	const char *text;
	guint8 families;
} RuleInfo;

/** One after the other from 0, NULL behind the last. Rules are in the order in which they stand in their chain. */
const ChainInfo *table_chain(guint i);
const RuleInfo *table_rule(guint i);

/** The name of the chain whose policy is that of forwarding. */
#define CHAIN_FORWARD "forward"
