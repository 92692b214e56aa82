/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/facts.h"
#include "service/rules/backend.h"
#include "service/rules/foreign-chain.h"

/**
 * The rules that are wanted, the backend that keeps them in the kernel, and the policy of FORWARD: DROP on a host that
 * does not forward by itself, so that it does not become an open router.
 */
typedef struct Firewall Firewall;

/**
 * Where nobody has chosen one: nftables, where the kernel can do all it needs and no rules that only another backend
 * sees drop what is forwarded; else the first that the kernel can do. NULL: BACKEND_UNAVAILABLE with all reasons.
 */
const BackendKind *firewall_find_usable(const char *prefix, GError **error);

Firewall *firewall_new(const BackendKind *kind, const char *prefix);
void firewall_free(Firewall *firewall); /* NULL is fine; the kernel keeps what it has */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Firewall, firewall_free)

Ruleset *firewall_ruleset(Firewall *firewall);
const Backend *firewall_backend(const Firewall *firewall);
const char *firewall_prefix(const Firewall *firewall);
/** The other backend in which an instance that left no object and no journal keeps the host closed; NULL: none. */
const BackendKind *firewall_find_left_closed(const Firewall *firewall);

/** Which families it can do, and whether it can do IPv4: BACKEND_UNAVAILABLE. */
bool firewall_has_family(Firewall *firewall, enum family family);
bool firewall_probe(Firewall *firewall, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** 0, -EAGAIN while another program holds the backend's lock, or another negative errno. */
int firewall_lock(Firewall *firewall) G_GNUC_WARN_UNUSED_RESULT;
void firewall_unlock(Firewall *firewall);

/** For sentences. */
const char *firewall_lock_name(const Firewall *firewall);

/**
 * Whether FORWARD is to drop. The policy that others set is found out, and given back later; what is planned is made
 * true by the next commit. Ended by firewall_keep_policies() or firewall_cancel_policies().
 */
bool firewall_plan_policy(Firewall *firewall, enum family family, bool drop, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void firewall_keep_policies(Firewall *firewall);
void firewall_cancel_policies(Firewall *firewall);

/**
 * As Others.find_forward_drops of every backend's mechanism, but for chains where an accept of ours is one. The array
 * is the caller's.
 */
bool firewall_find_forward_drops(Firewall *firewall, GPtrArray **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** As Others.find_idle_chains, while the backend has such a chain and looks elsewhere for it. */
bool firewall_find_idle_chains(Firewall *firewall, GPtrArray **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Readable when chains of others may have changed, until the end of listening; -1: nobody tells. */
int firewall_listen_to_others(Firewall *firewall);
void firewall_stop_listening(Firewall *firewall);
bool firewall_heard_of_others(Firewall *firewall);
/** As Others.author_of; NULL, too, while nobody listens. */
char *firewall_author_of(const Firewall *firewall, const ForeignChain *chain);
void firewall_drop_authors(Firewall *firewall);

/** Plans to leave it as it is: it is others' from then on. */
void firewall_leave_policy(Firewall *firewall, enum family family);
/** What FORWARD's policy was before us: enum rule_target; TARGET_PLACE while it is others'. */
guint8 firewall_policy_before(const Firewall *firewall, enum family family);
void firewall_restore_policy(Firewall *firewall, enum family family, guint8 before);

/** Makes the kernel hold what is wanted, as BackendKind.commit does; needs the lock. */
bool firewall_commit(Firewall *firewall, BackendCommit *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** As BackendKind.find_changed, which must not be NULL. The array is the caller's. */
GPtrArray *firewall_find_changed(Firewall *firewall);
/** The chains of ours that hold rules of others; *ret is NULL or NULL-terminated. Needs the lock. */
bool firewall_find_foreign(Firewall *firewall, char ***ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** As BackendKind.counters. */
bool firewall_counters(Firewall *firewall, const Rule *const *rules, gsize n, RuleCounters *ret,
		       GError **error) G_GNUC_WARN_UNUSED_RESULT;
