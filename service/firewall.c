/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/firewall.h"

#include "service/backends.h"

struct Firewall {
	Backend *backend;
	Listening *listening; /* to others; NULL: nobody listens */
	char *prefix;
	Ruleset *ruleset;
	guint8 policy_before[N_FAMILIES];  /* enum rule_target: of FORWARD before us; TARGET_PLACE: it is others' */
	guint8 policy_planned[N_FAMILIES]; /* the same as of the last plan that was kept */
};

static bool is_usable(const BackendKind *kind, const char *prefix, GError **error)
{
	Backend *backend = kind->new (prefix);
	bool ok = kind->probe(backend, FAMILY_IPV4, error);

	kind->free(backend);
	return ok;
}

static bool are_in_the_way(const Others *others)
{
	return others->stop_forwarding && others->stop_forwarding();
}

const BackendKind *firewall_find_usable(const char *prefix, GError **error)
{
	g_autoptr(GString) reasons = g_string_new("no backend can be used");
	const BackendKind *usable = NULL;

	/* The later ones are the better, unless an earlier one is in the way. */
	for (guint i = N_BACKENDS; i-- > 0;) {
		g_autoptr(GError) e = NULL;

		/* To ask whether it can be used may make tables of its own. */
		if (usable && !are_in_the_way(backends[i]->others))
			continue;
		if (is_usable(backends[i], prefix, &e))
			usable = backends[i];
		else
			g_string_append_printf(reasons, "; %s: %s", backends[i]->name, e->message);
	}
	if (!usable)
		netfilter_fail(error, BACKEND_UNAVAILABLE, "%s", reasons->str);
	return usable;
}

static bool is_left_closed(const BackendKind *kind, const char *prefix)
{
	g_autoptr(Ruleset) nothing = ruleset_new();
	Backend *backend = kind->new (prefix);
	g_auto(GStrv) foreign = NULL;
	bool closed = false;

	for (enum family family = 0; family < N_FAMILIES; family++) {
		enum rule_target policy;

		closed |= kind->forward_policy(backend, family, &policy, NULL) && policy == TARGET_DROP;
	}
	closed = closed && kind->find_foreign(backend, nothing, &foreign, NULL) && !foreign;
	kind->free(backend);
	return closed;
}

const BackendKind *firewall_find_left_closed(const Firewall *firewall)
{
	for (guint i = 0; i < N_BACKENDS; i++)
		if (backends[i] != firewall->backend->kind && backends[i]->own_policy &&
		    is_left_closed(backends[i], firewall->prefix))
			return backends[i];
	return NULL;
}

Firewall *firewall_new(const BackendKind *kind, const char *prefix)
{
	Firewall *firewall = g_new0(Firewall, 1);

	firewall->backend = kind->new (prefix);
	firewall->prefix = g_strdup(prefix);
	firewall->ruleset = ruleset_new();
	return firewall;
}

void firewall_free(Firewall *firewall)
{
	if (!firewall)
		return;
	firewall_stop_listening(firewall);
	firewall->backend->kind->free(firewall->backend);
	ruleset_free(firewall->ruleset);
	g_free(firewall->prefix);
	g_free(firewall);
}

Ruleset *firewall_ruleset(Firewall *firewall)
{
	return firewall->ruleset;
}

const Backend *firewall_backend(const Firewall *firewall)
{
	return firewall->backend;
}

const char *firewall_prefix(const Firewall *firewall)
{
	return firewall->prefix;
}

bool firewall_has_family(Firewall *firewall, enum family family)
{
	return firewall->backend->kind->probe(firewall->backend, family, NULL);
}

bool firewall_probe(Firewall *firewall, GError **error)
{
	return firewall->backend->kind->probe(firewall->backend, FAMILY_IPV4, error);
}

int firewall_lock(Firewall *firewall)
{
	return firewall->backend->kind->lock ? firewall->backend->kind->lock(firewall->backend) : 0;
}

void firewall_unlock(Firewall *firewall)
{
	if (firewall->backend->kind->unlock)
		firewall->backend->kind->unlock(firewall->backend);
}

const char *firewall_lock_name(const Firewall *firewall)
{
	return firewall->backend->kind->lock_name;
}

/* --- the policy of FORWARD --- */

static bool is_ours(const Firewall *firewall, enum family family)
{
	return firewall->policy_before[family] != TARGET_PLACE;
}

bool firewall_plan_policy(Firewall *firewall, enum family family, bool drop, GError **error)
{
	enum rule_target before;

	if (drop == is_ours(firewall, family))
		return true;
	if (!drop) {
		ruleset_set_forward_policy(firewall->ruleset, family, firewall->policy_before[family]);
		firewall->policy_before[family] = TARGET_PLACE;
		return true;
	}
	if (!firewall->backend->kind->forward_policy(firewall->backend, family, &before, error))
		return false;
	ruleset_set_forward_policy(firewall->ruleset, family, TARGET_DROP);
	firewall->policy_before[family] = before;
	return true;
}

void firewall_leave_policy(Firewall *firewall, enum family family)
{
	if (is_ours(firewall, family))
		ruleset_set_forward_policy(firewall->ruleset, family, TARGET_PLACE);
	firewall->policy_before[family] = TARGET_PLACE;
}

/* One that was given back is others' to set. */
void firewall_keep_policies(Firewall *firewall)
{
	for (enum family family = 0; family < N_FAMILIES; family++) {
		firewall->policy_planned[family] = firewall->policy_before[family];
		if (!is_ours(firewall, family))
			ruleset_set_forward_policy(firewall->ruleset, family, TARGET_PLACE);
	}
}

void firewall_cancel_policies(Firewall *firewall)
{
	for (enum family family = 0; family < N_FAMILIES; family++) {
		guint8 planned = firewall->policy_before[family];

		firewall->policy_before[family] = firewall->policy_planned[family];
		if (is_ours(firewall, family))
			ruleset_set_forward_policy(firewall->ruleset, family, TARGET_DROP);
		else if (planned != TARGET_PLACE)
			/* The kernel may have ours by now: the next commit puts theirs back. */
			ruleset_set_forward_policy(firewall->ruleset, family, planned);
	}
}

guint8 firewall_policy_before(const Firewall *firewall, enum family family)
{
	return firewall->policy_before[family];
}

void firewall_restore_policy(Firewall *firewall, enum family family, guint8 before)
{
	firewall->policy_before[family] = firewall->policy_planned[family] = before;
	ruleset_set_forward_policy(firewall->ruleset, family, before != TARGET_PLACE ? TARGET_DROP : TARGET_PLACE);
}

/* --- the kernel --- */

bool firewall_commit(Firewall *firewall, BackendCommit *ret, GError **error)
{
	return firewall->backend->kind->commit(firewall->backend, firewall->ruleset, ret, error);
}

GPtrArray *firewall_find_changed(Firewall *firewall)
{
	GPtrArray *tables = g_ptr_array_new();

	firewall->backend->kind->find_changed(firewall->backend, tables);
	return tables;
}

bool firewall_find_foreign(Firewall *firewall, char ***ret, GError **error)
{
	return firewall->backend->kind->find_foreign(firewall->backend, firewall->ruleset, ret, error);
}

bool firewall_counters(Firewall *firewall, const Rule *const *rules, gsize n, RuleCounters *ret, GError **error)
{
	return firewall->backend->kind->counters(firewall->backend, rules, n, ret, error);
}

/* --- others --- */

/* An accept of ours is one in chains that our rules share with others'. */
static bool accepts_in(const Firewall *firewall, const BackendKind *kind)
{
	return kind == firewall->backend->kind && !kind->own_policy;
}

bool firewall_find_forward_drops(Firewall *firewall, GPtrArray **ret, GError **error)
{
	g_autoptr(GPtrArray) found = foreign_chains_new();

	for (guint i = N_BACKENDS; i-- > 0;) {
		const Others *others = backends[i]->others;

		if (!accepts_in(firewall, backends[i]) && others->find_forward_drops &&
		    !others->find_forward_drops(firewall->prefix, found, error))
			return false;
	}
	*ret = g_steal_pointer(&found);
	return true;
}

bool firewall_find_idle_chains(Firewall *firewall, GPtrArray **ret, GError **error)
{
	g_autoptr(GPtrArray) found = foreign_chains_new();
	const BackendKind *used = firewall->backend->kind;

	for (guint i = N_BACKENDS; i-- > 0;) {
		const Others *others = backends[i]->others;

		if (used->user_chain_tool && backends[i] != used && others->find_idle_chains &&
		    !others->find_idle_chains(firewall->prefix, found, error))
			return false;
	}
	*ret = g_steal_pointer(&found);
	return true;
}

int firewall_listen_to_others(Firewall *firewall)
{
	/* To the one that tells. */
	for (guint i = N_BACKENDS; !firewall->listening && i-- > 0;)
		if (backends[i]->others->listen)
			firewall->listening = backends[i]->others->listen(firewall->prefix);
	return firewall->listening ? firewall->listening->others->fd(firewall->listening) : -1;
}

void firewall_stop_listening(Firewall *firewall)
{
	Listening *listening = g_steal_pointer(&firewall->listening);

	if (listening)
		listening->others->stop_listening(listening);
}

bool firewall_heard_of_others(Firewall *firewall)
{
	return firewall->listening->others->heard(firewall->listening);
}

char *firewall_author_of(const Firewall *firewall, const ForeignChain *chain)
{
	return firewall->listening ? firewall->listening->others->author_of(firewall->listening, chain) : NULL;
}

void firewall_drop_authors(Firewall *firewall)
{
	if (firewall->listening)
		firewall->listening->others->drop_authors(firewall->listening);
}
