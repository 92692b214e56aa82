/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/nftables/actual.h"
#include "service/nftables/hearing.h"
#include "service/nftables/inventory.h"
#include "service/rules/backend.h"

#include <linux/netfilter/nf_tables.h>

/* Linux 6.9; Debian 12's headers do not have it. */
#ifndef NFT_TABLE_F_PERSIST
#define NFT_TABLE_F_PERSIST 0x4
#endif

typedef struct Nftables {
	Backend backend;
	char *table;               /* its name, in both families */
	struct mnl_socket *socket; /* whose the tables are; NULL until it is needed */
	bool flags_known;
	guint32 flags; /* that a table is made with: TABLE_FLAGS, or 0 where the kernel lacks them */
	bool usable[N_FAMILIES];

	Hearing *hearing; /* NULL where nobody else can change a table */

	bool synced; /* what follows is what the kernel was last seen or made to have */
	Inventory *elements;
	struct {
		guint wanted; /* rules that need the table */
		bool committed, drop;
	} tables[N_FAMILIES];
} Nftables;

/** A table that ends with its owner would open everything when the service is killed: both or none. */
#define TABLE_FLAGS (NFT_TABLE_F_OWNER | NFT_TABLE_F_PERSIST)

/** Of tables that are never committed. */
#define PROBE_TABLE "netfilterd-probe"

/** Makes the socket. BACKEND_UNAVAILABLE, FAILED. */
bool nftables_open(Nftables *nftables, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Makes the socket and finds out what the kernel can do with tables. Errors as open. */
bool nftables_find_flags(Nftables *nftables, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** A negative errno of the kernel's as an error: NO_MEMORY, BUSY, BACKEND_UNAVAILABLE, FAILED. false, for return. */
bool nftables_fail(GError **error, int r, const BatchFailure *failure);

/** That a table of our name is another process's: FOREIGN_CHAIN. false, for return. */
bool nftables_fail_owned(GError **error, const Nftables *nftables, enum family family);

/** Whether a table is there that we may not touch. */
bool nftables_is_others(const Nftables *nftables, const ActualTable *actual);

bool nftables_commit(Backend *backend, Ruleset *ruleset, BackendCommit *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

bool nftables_probe(Backend *backend, enum family family, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool nftables_find_foreign(Backend *backend, const Ruleset *ruleset, char ***ret,
			   GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool nftables_forward_policy(Backend *backend, enum family family, enum rule_target *ret,
			     GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool nftables_counters(Backend *backend, const Rule *const *rules, gsize n, RuleCounters *ret,
		       GError **error) G_GNUC_WARN_UNUSED_RESULT;

bool nftables_describe(const Backend *backend, const Rule *rule, RuleText *ret);
char *nftables_text(const Backend *backend, const Ruleset *ruleset, enum family family);
