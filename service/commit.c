/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/commit.h"

#include "service/checkpoint.h"
#include "service/foreign-drops.h"
#include "service/host-log.h"
#include "service/host/repair.h"
#include "service/journal/encode.h"
#include "service/netlink/neighbour.h"
#include "service/service.h"

static const Change *change_at(const Service *service, guint i)
{
	return &g_array_index(service->transaction.changes, Change, i);
}

static enum host_scope find_scope(const Service *service)
{
	enum host_scope scope = HOST_UNTOUCHED;

	for (guint i = 0; i < service->transaction.changes->len; i++)
		scope = MAX(scope, change_at(service, i)->kind->host);
	return scope;
}

/* --- endpoints to attach --- */

/* The one that a change brings, if that is what is asked for. */
static Endpoint *find_to_attach(const Service *service, guint i)
{
	const Change *change = change_at(service, i);
	Endpoint *endpoint = change->kind->attaches ? change->kind->attaches(change) : NULL;

	return endpoint && model_has_endpoint(service->model, endpoint) ? endpoint : NULL;
}

static bool attach(Service *service, GError **error)
{
	for (guint i = 0; i < service->transaction.changes->len; i++) {
		Endpoint *endpoint = find_to_attach(service, i);
		int ifindex;

		if (!endpoint)
			continue;
		if (!attachments_open(service->attachments, endpoint,
				      interfaces_ifindex(service->interfaces, endpoint->network->bridge),
				      service->opened, &ifindex, error))
			return false;
		model_set_interface(service->model, endpoint, ifindex);
	}
	return true;
}

static void detach(Service *service)
{
	g_autoptr(GPtrArray) endpoints = g_ptr_array_new();

	for (guint i = 0; i < service->transaction.changes->len; i++) {
		const Change *change = change_at(service, i);
		Endpoint *endpoint = change->kind->detaches ? change->kind->detaches(change) : NULL;

		if (endpoint)
			g_ptr_array_add(endpoints, endpoint);
	}
	attachments_detach(service->attachments, endpoints);
}

/* --- the plan: what of the host is to be otherwise --- */

static bool plan_interfaces(Service *service, GError **error)
{
	for (guint i = 0; i < service->transaction.changes->len; i++) {
		const Change *change = change_at(service, i);
		const char *name;

		for (guint n = 0; change->kind->interface && (name = change->kind->interface(change, n)); n++)
			if (!interfaces_plan(service->interfaces, service->model, &service->config, name,
					     change->kind->host >= HOST_INTERFACE, error))
				return false;
	}
	return true;
}

static bool plan_forwarding(Service *service, GError **error)
{
	g_autoptr(GArray) serving = interfaces_serving(service->interfaces);
	g_autoptr(GArray) created = interfaces_created(service->interfaces);

	if (!forwarding_plan(service->forwarding, service->model, &service->config, serving, created, error))
		return false;
	for (enum family family = 0; family < N_FAMILIES; family++) {
		bool drop = forwarding_is_ours(service->forwarding, family) && service->config.forward_policy_auto;

		if (forwarding_is_left(service->forwarding, family))
			firewall_leave_policy(service->firewall, family);
		else if (!firewall_plan_policy(service->firewall, family, drop, error))
			return false;
	}
	return true;
}

static void cancel_plan(Service *service)
{
	interfaces_cancel(service->interfaces);
	forwarding_cancel(service->forwarding);
	firewall_cancel_policies(service->firewall);
}

/* Where everything is looked at, what one thing meets does not keep the others from being put right. */
static bool plan(Service *service, enum host_scope scope, GError **error)
{
	GError *failure = NULL;
	bool ok = true;

	if (scope == HOST_EVERYTHING) {
		interfaces_plan_all(service->interfaces, service->model, &service->config);
		forwarding_touch_interface(service->forwarding, 0);
	} else {
		ok = plan_interfaces(service, &failure);
	}
	if (ok && scope >= HOST_INTERFACE)
		ok = plan_forwarding(service, &failure);
	if (ok)
		return true;
	if (scope == HOST_EVERYTHING) {
		error_warn(failure);
		return true;
	}
	g_propagate_error(error, failure);
	return false;
}

/* --- the journal --- */

static GByteArray *encode_changes(const Service *service)
{
	GByteArray *batch = g_byte_array_new();

	service_encode_host(service, false, batch);
	for (guint i = 0; i < service->transaction.changes->len; i++) {
		const Change *change = change_at(service, i);

		if (change->kind->encode)
			change->kind->encode(change, batch);
	}
	return batch;
}

/* With the host, which is as it is now: what the interfaces are is known when they are there. */
static GByteArray *encode_outcome(const Service *service)
{
	GByteArray *outcome = g_byte_array_new();

	service_encode_host(service, false, outcome);
	for (guint i = 0; i < service->transaction.changes->len; i++) {
		const Endpoint *endpoint = find_to_attach(service, i);

		if (endpoint)
			encode_attached(outcome, endpoint);
	}
	return outcome;
}

/* Whoever takes away may make something otherwise along with it, and needs no more room for that. */
static JournalEffect find_effect(const Service *service)
{
	bool adds = false, changes = false, removes = false;
	JournalEffect effect = {};

	for (guint i = 0; i < service->transaction.changes->len; i++) {
		const ChangeKind *kind = change_at(service, i)->kind;

		if (!kind->encode)
			continue;
		adds |= kind->adds > 0;
		changes |= kind->adds == 0;
		removes |= kind->adds < 0;
		effect.n_losses += kind->adds <= 0;
	}
	effect.grows = adds || (changes && !removes);
	return effect;
}

/* Before the kernel is touched, so that the next instance knows what it may find there. */
static bool begin_journal(Service *service, GError **error)
{
	g_autoptr(GByteArray) batch = NULL, outcome = NULL;
	JournalEffect effect;

	if (!service_is_journalled(service) || !journal_has_file(service->journal))
		return true;
	if (service->transaction.changes->len == 0 && !interfaces_changes(service->interfaces) &&
	    !forwarding_changes(service->forwarding))
		return true;
	batch = encode_changes(service);
	outcome = encode_outcome(service);
	effect = find_effect(service);
	/* An interface that is to come will have a number that takes some bytes. */
	return journal_begin(service->journal, batch, 2 * outcome->len, &effect, error);
}

/* --- success --- */

static void end_flows(Service *service)
{
	GArray *claims = service->transaction.claims;
	g_autoptr(GArray) addresses = g_array_new(FALSE, FALSE, sizeof(Address));
	g_autoptr(GArray) guards = guards_new();
	g_autoptr(GArray) separations = separations_new();
	g_autoptr(GArray) forwards = g_array_new(FALSE, FALSE, sizeof(Forward));

	for (guint i = 0; i < service->transaction.changes->len; i++) {
		const Change *change = change_at(service, i);

		if (change->kind->addresses)
			change->kind->addresses(change, addresses);
		if (change->kind->guards)
			change->kind->guards(change, service->model, guards);
		if (change->kind->separations)
			change->kind->separations(change, service->model, separations);
		if (change->kind->flows)
			change->kind->flows(change, forwards);
	}
	for (guint i = 0; i < claims->len; i++)
		flows_add_ports(service->flows, &g_array_index(claims, PortRange, i));
	for (guint i = 0; i < addresses->len; i++)
		flows_add_address(service->flows, &g_array_index(addresses, Address, i));
	if (guards->len > 0)
		flows_add_guards(service->flows, guards, service->config.allow_from);
	if (separations->len > 0)
		flows_add_separations(service->flows, separations, service->config.container_publish);
	for (guint i = 0; i < forwards->len; i++)
		flows_add_forward(service->flows, &g_array_index(forwards, Forward, i));
	flows_end(service->flows);
}

/* An endpoint that comes in the place of another has another MAC address. */
static void flush_neighbours(Service *service)
{
	g_autoptr(GArray) neighbours = g_array_new(FALSE, FALSE, sizeof(Neighbour));
	GError *error = NULL;

	for (guint i = 0; i < service->transaction.changes->len; i++) {
		const Change *change = change_at(service, i);
		const Endpoint *endpoint = change->kind->neighbour ? change->kind->neighbour(change) : NULL;

		for (enum family family = 0; endpoint && family < N_FAMILIES; family++) {
			Neighbour neighbour = { interfaces_ifindex(service->interfaces, endpoint->network->bridge),
						endpoint->addresses[family] };

			if (neighbour.ifindex != 0 && neighbour.address.family != AF_UNSPEC)
				g_array_append_val(neighbours, neighbour);
		}
	}
	if (!neighbours_flush(service->netlink, neighbours, &error))
		error_warn(error);
}

static void finish_objects(Service *service)
{
	for (guint i = 0; i < service->transaction.changes->len; i++) {
		const Change *change = change_at(service, i);

		if (change->kind->begins)
			lifetimes_begin(service->lifetimes, change->kind->of(change));
		else if (change->kind->ends || change->kind->stays)
			lifetimes_end(service->lifetimes, change->kind->of(change));
	}
}

void service_release_claims(Service *service)
{
	host_ports_release(service->host_ports, service->model->ports, service->transaction.claims);
	host_ports_hold(service->host_ports, g_get_monotonic_time());
	g_array_set_size(service->transaction.claims, 0);
	lifetimes_release(service->lifetimes);
	attachments_release(service->attachments);
}

static void announce_changes(Service *service)
{
	for (guint i = 0; i < service->transaction.changes->len; i++) {
		const Change *change = change_at(service, i);

		if (change->kind->announce)
			change->kind->announce(change, &service->observer);
	}
}

/* Everything that is wished for is granted, but not more than the administrator lets through: one line a commit. */
static void tell_cut_sources(const Service *service)
{
	const AllowFrom *ceiling = service->config.allow_from;
	g_autofree char *wished = NULL, *left = NULL;
	guint n = 0;

	for (guint i = 0; ceiling && i < service->transaction.changes->len; i++) {
		const Change *change = change_at(service, i);
		const AllowFrom *wish = change->kind->sources ? change->kind->sources(change) : NULL;
		g_autoptr(GArray) granted = wish ? allow_from_intersect(wish, ceiling) : NULL;

		if (!granted || allow_from_equal(granted, wish))
			continue;
		if (n++ > 0)
			continue;
		wished = allow_from_format(wish);
		left = allow_from_format(granted);
	}
	if (n > 0)
		g_message("AllowFrom=%s is cut to %s by AllowFrom= of the configuration, and %u other lists likewise",
			  cut(wished), cut(left), n - 1);
}

/* What of the host was put right, each once. The sentences are the repairs'. */
static GPtrArray *list_objects(const GPtrArray *repairs)
{
	GPtrArray *objects = g_ptr_array_new();

	for (guint i = 0; i < repairs->len; i++) {
		char *object = ((const Repair *)repairs->pdata[i])->object;

		if (!g_ptr_array_find_with_equal_func(objects, object, g_str_equal, NULL))
			g_ptr_array_add(objects, object);
	}
	return objects;
}

static void announce_commit(Service *service, BackendCommit *commit, const GPtrArray *repairs)
{
	g_autoptr(GPtrArray) objects = list_objects(repairs);

	/* What differed when we came is no drift. */
	if (service->recovery.first_commit) {
		g_clear_pointer(&commit->drifted, g_ptr_array_unref);
		g_ptr_array_set_size(objects, 0);
	}
	service->generation += commit->commits > 0;
	if (commit->commits > 0 || commit->drifted || objects->len > 0)
		service->observer.committed(service->generation, commit->added, commit->removed, commit->drifted,
					    commit->author, objects, service->observer.userdata);
}

/* What a repair, or what was taken back, did to the rules changes nothing but how often they were changed. */
static void write_generation(Service *service)
{
	g_autoptr(GByteArray) nothing = g_byte_array_new();
	g_autoptr(GError) error = NULL;

	if (!journal_has_file(service->journal))
		return;
	if (journal_begin(service->journal, nothing, 0, &(JournalEffect){}, &error))
		journal_commit(service->journal, service->generation, NULL);
	else
		g_warning("%s", error->message);
}

static void finish_journal(Service *service, const GByteArray *outcome, bool committed)
{
	if (!service_is_journalled(service))
		return;
	if (!service->model->started && model_is_empty(service->model))
		journal_remove(service->journal);
	else if (journal_is_begun(service->journal))
		journal_commit(service->journal, service->generation, outcome);
	else if (committed)
		write_generation(service);
	service_resolve_journal(service);
}

/* Bridges and descriptors go before it is written that they went: nobody was told yet, so the next instance may still
 * take it back. What it cannot have back it deletes in the end (unfinished.h). */
static void finish(Service *service, BackendCommit *commit, GPtrArray *repairs)
{
	g_autoptr(GPtrArray) came_or_went = interfaces_presence_changes(service->interfaces);
	g_autoptr(GByteArray) outcome = encode_outcome(service);

	/* Beside all else, for as long as it takes. */
	end_flows(service);
	flush_neighbours(service);
	unit_store_keep(service->unit_store);
	effects_keep(service->closed);
	effects_keep(service->opened);
	detach(service);
	interfaces_keep(service->interfaces, service->model, service->config.max_networks, repairs);
	forwarding_keep(service->forwarding, repairs);
	firewall_keep_policies(service->firewall);
	ruleset_finish(firewall_ruleset(service->firewall));
	finish_objects(service);
	repairs_log(repairs);
	announce_commit(service, commit, repairs);
	service->recovery.first_commit = false;
	announce_changes(service);
	tell_cut_sources(service);
	for (guint i = 0; i < came_or_went->len; i++)
		service_announce_presence(service, came_or_went->pdata[i]);
	transaction_finish(&service->transaction);
	finish_journal(service, outcome, commit->commits > 0);
	service_release_claims(service);
}

/* --- failure --- */

/* What the commit has done is taken back, in the order that leaves nothing open: what was opened, the rules, what was
 * closed. */
static void put_back(Service *service, BackendCommit *commit)
{
	g_auto(BackendCommit) undoing = {};
	g_autoptr(GPtrArray) none = repairs_new();
	g_autoptr(GError) error = NULL;

	unit_store_revert(service->unit_store);
	effects_revert(service->opened);
	transaction_roll_back(&service->transaction, 0);
	cancel_plan(service);
	if (firewall_commit(service->firewall, &undoing, &error)) {
		ruleset_finish(firewall_ruleset(service->firewall));
		firewall_keep_policies(service->firewall);
	} else {
		g_critical("The kernel's rules could not be put back, the next change will try again: %s",
			   error->message);
	}
	effects_revert(service->closed);
	/* To those who hear of it the two are one. */
	commit->commits += undoing.commits;
	commit->added += undoing.added;
	commit->removed += undoing.removed;
	commit->policies += undoing.policies;
	if (!commit->drifted) {
		commit->drifted = g_steal_pointer(&undoing.drifted);
		commit->author = g_steal_pointer(&undoing.author);
	}
	announce_commit(service, commit, none);
	if (service->journal && journal_is_begun(service->journal)) {
		if (error)
			journal_abandon(service->journal);
		else
			journal_abort(service->journal);
	}
	if (service_is_journalled(service) && commit->commits > 0)
		write_generation(service);
	service_release_claims(service);
}

/* --- the way --- */

static bool change_host_and_kernel(Service *service, enum host_scope scope, BackendCommit *commit, GError **error)
{
	GError *failure = NULL;

	if (!unit_store_stage(service->unit_store, &service->transaction, error) || !begin_journal(service, error))
		return false;
	interfaces_close(service->interfaces, service->closed);
	forwarding_close(service->forwarding, service->closed);
	if (!firewall_commit(service->firewall, commit, error))
		return false;
	if (!forwarding_open(service->forwarding, service->opened, &failure)) {
		if (scope != HOST_EVERYTHING) {
			g_propagate_error(error, failure);
			return false;
		}
		error_warn(failure);
	}
	return interfaces_open(service->interfaces, service->opened, error) && attach(service, error) &&
	       unit_store_publish(service->unit_store, error);
}

static bool has_new_network(const Service *service)
{
	for (guint i = 0; i < service->transaction.changes->len; i++)
		if (change_at(service, i)->kind->bridge)
			return true;
	return false;
}

static bool commit(Service *service, enum host_scope scope, BackendCommit *commit, GPtrArray *repairs, GError **error)
{
	if (!service_is_available(service, error)) {
		transaction_roll_back(&service->transaction, 0);
		service_release_claims(service);
		return false;
	}
	if (!plan(service, scope, error) || !change_host_and_kernel(service, scope, commit, error)) {
		put_back(service, commit);
		return false;
	}
	if (scope == HOST_EVERYTHING || has_new_network(service)) {
		service_warn_of_foreign_drops(service);
		service_tell_idle_chains(service);
	}
	finish(service, commit, repairs);
	return true;
}

bool service_commit(Service *service, GError **error)
{
	g_autoptr(GPtrArray) repairs = repairs_new();
	g_auto(BackendCommit) result = {};

	return commit(service, find_scope(service), &result, repairs, error);
}

bool service_reconcile(Service *service, guint *ret_repaired, GError **error)
{
	g_autoptr(GPtrArray) repairs = repairs_new();
	g_auto(BackendCommit) result = {};
	bool ok;

	ruleset_set_all_dirty(firewall_ruleset(service->firewall));
	ok = commit(service, HOST_EVERYTHING, &result, repairs, error);
	*ret_repaired = result.added + result.removed + result.policies + repairs->len;
	return ok;
}
