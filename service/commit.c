/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/private.h"

#include <malloc.h>

/* So much of a change is worth asking where its memory has gone. */
#define MANY_STEPS 4096

guint manager_mark(const Manager *manager)
{
	return transaction_mark(manager->transaction);
}

void manager_rollback(Manager *manager, guint mark)
{
	transaction_rollback(manager->transaction, mark);
}

void manager_finish(Manager *manager)
{
	manager->untidied += transaction_mark(manager->transaction);
	transaction_done(manager->transaction);
}

static void announce(Manager *manager, BackendCommit *commit)
{
	if (commit->commits == 0 && !commit->drifted)
		return;
	manager->observer.committed(manager->generation, commit->added, commit->removed, commit->drifted,
				    manager->observer.userdata);
}

/* The change is undone in the ruleset; whatever of it reached the kernel must go as well. */
static void put_back(Manager *manager)
{
	BackendCommit commit = {};
	g_autoptr(GError) error = NULL;

	manager_rollback(manager, 0);
	if (manager->backend->kind->commit(manager->backend, manager->ruleset, &commit, &error)) {
		ruleset_settle(manager->ruleset);
		host_settle_policies(manager);
	} else {
		g_critical("The kernel's rules could not be put back, the next change will try again: %s",
			   error->message);
	}
	manager->generation += commit.commits;
	if (manager->state && state_is_begun(manager->state)) {
		if (error)
			state_abandon(manager->state);
		else
			state_abort(manager->state);
	}
	announce(manager, &commit);
	backend_commit_clear(&commit);
}

static void undo_forget(void *context G_GNUC_UNUSED, void *object)
{
	g_free(object);
}

static void done_forget(void *context, void *object)
{
	Manager *manager = context;
	PortRange *range = object;

	conntrack_filter_add_udp_ports(manager->stale, range->family, &range->address, range->first, range->count);
	g_free(range);
}

void manager_forget_flows(Manager *manager, const PortRange *range)
{
	if (range->protocol == IPPROTO_UDP && !manager->restoring)
		transaction_push(manager->transaction, undo_forget, NULL, done_forget, manager,
				 g_memdup2(range, sizeof *range));
}

static void forget_stale_connections(Manager *manager)
{
	g_autoptr(GError) error = NULL;

	if (conntrack_filter_is_empty(manager->stale))
		return;
	if (!conntrack_flush(manager->stale, NULL, &error))
		g_warning("Connections to what was removed may linger: %s", error->message);
	conntrack_filter_free(manager->stale);
	manager->stale = conntrack_filter_new();
}

/* Before the kernel is touched, so that a successor knows what it may find there. */
static bool write_intention(Manager *manager, GError **error)
{
	g_autoptr(GByteArray) group = NULL;

	if (manager->records->len == 0 || !manager->state || !state_has_file(manager->state))
		return true;
	group = manager_record_group(manager);
	return state_begin(manager->state, group, error);
}

static void rewrite_state(Manager *manager)
{
	g_autoptr(GByteArray) group = manager_record_everything(manager);
	g_autoptr(GError) error = NULL;

	if (!state_rewrite(manager->state, group, manager->generation, &error))
		g_critical("%s", error->message);
}

static void write_outcome(Manager *manager)
{
	manager_forget_records(manager);
	if (!manager->state || manager->refusal)
		return;
	if (!manager->started) {
		state_remove(manager->state);
		return;
	}
	if (state_is_begun(manager->state))
		state_finish(manager->state, manager->generation);
	if (!state_has_file(manager->state))
		rewrite_state(manager);
}

void manager_tidy(Manager *manager)
{
	if (manager->state && state_is_long(manager->state) && !state_is_begun(manager->state))
		rewrite_state(manager);
	if (manager->untidied < MANY_STEPS)
		return;
	/* What was freed lies between what stays, where free() does not give it back. */
	malloc_trim(0);
	manager->untidied = 0;
}

bool manager_commit(Manager *manager, GError **error)
{
	BackendCommit commit = {};

	if (!write_intention(manager, error)) {
		put_back(manager);
		return false;
	}
	if (!manager->backend->kind->commit(manager->backend, manager->ruleset, &commit, error) ||
	    !transaction_effects(manager->transaction, error)) {
		manager->generation += commit.commits;
		announce(manager, &commit);
		backend_commit_clear(&commit);
		put_back(manager);
		return false;
	}
	manager->generation += commit.commits;
	if (manager->converging)
		g_clear_pointer(&commit.drifted, g_ptr_array_unref);
	manager->converging = false;
	ruleset_settle(manager->ruleset);
	/* Bridges and descriptors go before it is written that they went: nobody was told yet, so a successor may still
	 * take it back, but not finish it. */
	manager_finish(manager);
	write_outcome(manager);
	host_shut_bridges(manager);
	host_settle_policies(manager);
	forget_stale_connections(manager);
	announce(manager, &commit);
	backend_commit_clear(&commit);
	return true;
}

bool manager_reconcile(Manager *manager, guint *ret_repaired, GError **error)
{
	BackendCommit commit = {};
	bool ok;

	ruleset_set_all_dirty(manager->ruleset);
	ok = manager->backend->kind->commit(manager->backend, manager->ruleset, &commit, error);
	*ret_repaired = commit.added + commit.removed;
	manager->generation += commit.commits;
	announce(manager, &commit);
	backend_commit_clear(&commit);
	return ok;
}

GArray *manager_render_start(void)
{
	GArray *items = rendering_new();

	render_base(FAMILY_IPV4, items);
	return items;
}

static void refuse(Manager *manager, GError *error)
{
	g_critical("%s", error->message);
	g_clear_error(&manager->refusal);
	manager->refusal = error;
}

void manager_start(Manager *manager)
{
	g_auto(GStrv) foreign = NULL;
	g_autofree char *names = NULL;
	GError *error = NULL;

	if (!manager->backend->kind->probe(manager->backend, FAMILY_IPV4, &error) ||
	    (!manager->has_predecessor &&
	     !manager->backend->kind->find_foreign(manager->backend, manager->ruleset, &foreign, &error))) {
		refuse(manager, error);
		return;
	}
	if (foreign) {
		names = g_strjoinv(", ", foreign);
		netfilter_fail(&error, FOREIGN_CHAIN,
			       "chains of ours hold somebody else's rules (%s); is a Docker daemon running? "
			       "Set another ChainPrefix= in %s",
			       names, manager->config_path);
		refuse(manager, error);
		return;
	}
	manager_add_rules(manager, manager_render_start());
	/* What a predecessor wrote down may be half done, or undone by others since. */
	if (manager->has_predecessor)
		ruleset_set_all_dirty(manager->ruleset);
	manager->started = true;
	manager->converging = true;
}

void manager_stop(Manager *manager)
{
	if (!manager->started)
		return;
	manager_remove_rules(manager, manager_render_start());
	manager->started = false;
}
