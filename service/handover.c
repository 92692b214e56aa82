/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/handover.h"

struct Handover {
	Backend *backend; /* the previous one */
	Ruleset *ruleset;
	guint8 policy_before[N_FAMILIES]; /* enum rule_target */
	bool begun;
};

Handover *handover_new(const BackendKind *from, const char *prefix)
{
	Handover *handover = g_new0(Handover, 1);

	handover->backend = from->new (prefix);
	handover->ruleset = ruleset_new();
	for (enum family family = 0; family < N_FAMILIES; family++)
		handover->policy_before[family] = TARGET_PLACE;
	return handover;
}

void handover_free(Handover *handover)
{
	if (!handover)
		return;
	handover->backend->kind->free(handover->backend);
	ruleset_free(handover->ruleset);
	g_free(handover);
}

const BackendKind *handover_from(const Handover *handover)
{
	return handover->backend->kind;
}

Ruleset *handover_ruleset(Handover *handover)
{
	return handover->ruleset;
}

void handover_set_policy_before(Handover *handover, enum family family, guint8 before)
{
	handover->policy_before[family] = before;
}

guint8 handover_policy_before(const Handover *handover, enum family family)
{
	return handover->policy_before[family];
}

int handover_lock(Handover *handover)
{
	const BackendKind *kind = handover_from(handover);

	return kind->lock ? kind->lock(handover->backend) : 0;
}

void handover_unlock(Handover *handover)
{
	const BackendKind *kind = handover_from(handover);

	if (kind->unlock)
		kind->unlock(handover->backend);
}

const char *handover_lock_name(const Handover *handover)
{
	return handover_from(handover)->lock_name;
}

void handover_resume(Handover *handover)
{
	handover->begun = true;
}

/* Each backend has a policy of FORWARD of its own: the one before ours is read anew in the backend to come. */
static bool move_policy(Handover *handover, Firewall *to, enum family family, GError **error)
{
	Backend *backend = (Backend *)firewall_backend(to);
	enum rule_target before;

	handover->policy_before[family] = firewall_policy_before(to, family);
	if (handover->policy_before[family] == TARGET_PLACE)
		return true;
	if (!backend->kind->forward_policy(backend, family, &before, error))
		return false;
	firewall_restore_policy(to, family, before);
	return true;
}

/* A host that was left closed stays so, where that ends with the previous rules. */
static bool keep_closed(Handover *handover, Firewall *to, enum family family, GError **error)
{
	enum rule_target policy;

	if (!handover_from(handover)->own_policy || firewall_policy_before(to, family) != TARGET_PLACE)
		return true;
	if (!handover_from(handover)->forward_policy(handover->backend, family, &policy, error))
		return false;
	if (policy == TARGET_DROP)
		ruleset_set_forward_policy(firewall_ruleset(to), family, TARGET_DROP);
	return true;
}

bool handover_begin(Handover *handover, Firewall *to, GError **error)
{
	for (enum family family = 0; family < N_FAMILIES; family++) {
		if (!handover->begun && firewall_has_family(to, family) && !move_policy(handover, to, family, error))
			return false;
		if (!keep_closed(handover, to, family, error))
			return false;
	}
	handover->begun = true;
	return true;
}

bool handover_end(Handover *handover, GError **error)
{
	g_auto(BackendCommit) result = {};

	for (enum family family = 0; family < N_FAMILIES; family++)
		ruleset_set_forward_policy(handover->ruleset, family,
					   handover_from(handover)->own_policy ? TARGET_ACCEPT
									       : handover->policy_before[family]);
	ruleset_set_all_dirty(handover->ruleset);
	return handover_from(handover)->commit(handover->backend, handover->ruleset, &result, error);
}
