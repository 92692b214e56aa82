/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/iptables/snapshot.h"
#include "service/rules/ruleset.h"

/**
 * The administrator's chain, PREFIX-USER: while there is one, and rules of ours in FORWARD, that leads there before any
 * of them. Nobody of us writes in it.
 */
typedef struct UserChain {
	xt_chainlabel name;
	bool led[N_FAMILIES]; /* the way there is ours */
} UserChain;

void user_chain_init(UserChain *user, const char *prefix);

/**
 * Makes it so in a table "filter" in which the rules of ours stand as wanted. names: as entry_encode(). *ret is how
 * many rules were added, or if negative, removed. False with errno.
 */
bool user_chain_lead(UserChain *user, Snapshot *snapshot, const Ruleset *ruleset, const xt_chainlabel *names,
		     int *ret) G_GNUC_WARN_UNUSED_RESULT;
