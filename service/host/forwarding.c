/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/private.h"
#include "service/netlink/sysctl.h"

#include <string.h>

/*
 * What of the host serves the networks. Each switch is counted: the first user has it switched on once the rules
 * stand, the last has it switched off before they go, and only if it was us who switched it on.
 */

enum host_switch { SWITCH_FORWARD_IPV4, SWITCH_FORWARD_IPV6, SWITCH_BRIDGE_IPV4, SWITCH_BRIDGE_IPV6, N_SWITCHES };

static const char *const switch_names[N_SWITCHES] = {
	[SWITCH_FORWARD_IPV4] = "net/ipv4/ip_forward",
	[SWITCH_FORWARD_IPV6] = "net/ipv6/conf/all/forwarding",
	[SWITCH_BRIDGE_IPV4] = "net/bridge/bridge-nf-call-iptables",
	[SWITCH_BRIDGE_IPV6] = "net/bridge/bridge-nf-call-ip6tables",
};

typedef struct Switch {
	guint users;
	bool switched; /* by us */
} Switch;

struct HostSettings {
	Switch switches[N_SWITCHES];
	enum rule_target policies[N_FAMILIES]; /* of FORWARD before we changed it; TARGET_PLACE: we did not */
	GHashTable *localnets;                 /* interface → Switch, owned */
	GHashTable *inherited;                 /* set of interfaces whose route_localnet a predecessor switched on */
};

struct HostSettings *host_settings_new(void)
{
	struct HostSettings *host = g_new0(struct HostSettings, 1);

	host->localnets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	host->inherited = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return host;
}

void host_settings_free(struct HostSettings *host)
{
	g_hash_table_unref(host->localnets);
	g_hash_table_unref(host->inherited);
	g_free(host);
}

void host_warn(GError *error)
{
	g_warning("%s", error->message);
	g_error_free(error);
}

/* --- switches under /proc/sys --- */

static bool switch_on(void *context, void *object, GError **error)
{
	Manager *manager = context;
	enum host_switch which = GPOINTER_TO_UINT(object);

	return !manager->host->switches[which].switched || sysctl_set(switch_names[which], true, error);
}

static void set_switch_back(Manager *manager, enum host_switch which)
{
	Switch *state = &manager->host->switches[which];
	GError *error = NULL;

	if (state->users > 0 || !state->switched)
		return;
	state->switched = false;
	if (!manager->replaying && !sysctl_set(switch_names[which], false, &error))
		host_warn(error);
}

static void undo_use_switch(void *context, void *object)
{
	Manager *manager = context;
	enum host_switch which = GPOINTER_TO_UINT(object);

	manager->host->switches[which].users--;
	set_switch_back(manager, which);
}

static bool use_switch(Manager *manager, enum host_switch which, GError **error)
{
	Switch *state = &manager->host->switches[which];
	bool on = true, first = state->users == 0;

	if (first && !state->switched) {
		if (!sysctl_get(switch_names[which], &on, error))
			return false;
		state->switched = !on;
	}
	state->users++;
	transaction_push(manager->transaction, undo_use_switch, first ? switch_on : NULL, NULL, manager,
			 GUINT_TO_POINTER(which));
	return true;
}

typedef struct SwitchLeft {
	enum host_switch which;
	bool switched; /* before */
} SwitchLeft;

static void undo_leave_switch(void *context, void *object)
{
	Manager *manager = context;
	SwitchLeft *left = object;
	Switch *state = &manager->host->switches[left->which];
	GError *error = NULL;

	state->switched = left->switched;
	if (state->users++ == 0 && !switch_on(manager, GUINT_TO_POINTER(left->which), &error))
		host_warn(error);
	g_free(left);
}

static void done_free(void *context G_GNUC_UNUSED, void *object)
{
	g_free(object);
}

static void leave_switch(Manager *manager, enum host_switch which)
{
	Switch *state = &manager->host->switches[which];
	SwitchLeft *left = g_new(SwitchLeft, 1);

	*left = (SwitchLeft){ which, state->switched };
	state->users--;
	set_switch_back(manager, which);
	transaction_push(manager->transaction, undo_leave_switch, NULL, done_free, manager, left);
}

bool host_use_bridge_filter(Manager *manager, enum family family, GError **error)
{
	return use_switch(manager, family == FAMILY_IPV4 ? SWITCH_BRIDGE_IPV4 : SWITCH_BRIDGE_IPV6, error);
}

void host_leave_bridge_filter(Manager *manager, enum family family)
{
	leave_switch(manager, family == FAMILY_IPV4 ? SWITCH_BRIDGE_IPV4 : SWITCH_BRIDGE_IPV6);
}

/* --- forwarding: a host that did not forward must not become an open router --- */

typedef struct PolicyChange {
	enum family family;
	enum rule_target before; /* what the ruleset asked for */
	enum rule_target original_before;
} PolicyChange;

static void undo_policy(void *context, void *object)
{
	Manager *manager = context;
	PolicyChange *change = object;

	/* Where we left it to others before, the kernel may have ours by now: the next commit puts theirs back. */
	ruleset_set_forward_policy(manager->ruleset, change->family,
				   change->before != TARGET_PLACE ? change->before
								  : manager->host->policies[change->family]);
	manager->host->policies[change->family] = change->original_before;
	g_free(change);
}

void host_settle_policies(Manager *manager)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (manager->host->policies[family] == TARGET_PLACE &&
		    ruleset_forward_policy(manager->ruleset, family) != TARGET_PLACE)
			ruleset_set_forward_policy(manager->ruleset, family, TARGET_PLACE);
}

static void set_policy(Manager *manager, enum family family, enum rule_target policy, enum rule_target original)
{
	PolicyChange *change = g_new(PolicyChange, 1);

	*change = (PolicyChange){
		.family = family,
		.before = ruleset_forward_policy(manager->ruleset, family),
		.original_before = manager->host->policies[family],
	};
	ruleset_set_forward_policy(manager->ruleset, family, policy);
	manager->host->policies[family] = original;
	transaction_push(manager->transaction, undo_policy, NULL, done_free, manager, change);
}

static enum host_switch forward_switch(enum family family)
{
	return family == FAMILY_IPV4 ? SWITCH_FORWARD_IPV4 : SWITCH_FORWARD_IPV6;
}

bool host_use_forwarding(Manager *manager, enum family family, GError **error)
{
	Switch *state = &manager->host->switches[forward_switch(family)];
	enum rule_target policy = manager->host->policies[family];

	if (!manager->config.ip_forward)
		return true;
	if (!use_switch(manager, forward_switch(family), error))
		return false;
	if (state->users > 1 || !state->switched || !manager->config.forward_policy_auto)
		return true;
	/* Given back by a change that is not committed yet: what the kernel has is ours still. */
	if (policy == TARGET_PLACE)
		policy = ruleset_forward_policy(manager->ruleset, family);
	if (policy == TARGET_PLACE && !manager->backend->kind->forward_policy(manager->backend, family, &policy, error))
		return false;
	set_policy(manager, family, TARGET_DROP, policy);
	return true;
}

void host_leave_forwarding(Manager *manager, enum family family)
{
	struct HostSettings *host = manager->host;
	enum host_switch which = forward_switch(family);

	if (!manager->config.ip_forward)
		return;
	leave_switch(manager, which);
	if (host->switches[which].users == 0 && host->policies[family] != TARGET_PLACE)
		set_policy(manager, family, host->policies[family], TARGET_PLACE);
}

/* --- route_localnet --- */

static bool localnet_on(void *context, void *object, GError **error)
{
	Manager *manager = context;
	const char *interface = object;
	Switch *state = g_hash_table_lookup(manager->host->localnets, interface);

	/* Who wanted it may have gone within the same transaction. */
	return !state || !state->switched || link_set_route_localnet(manager->netlink, interface, true, error);
}

/* The interface may be gone, and its setting with it. */
static void set_localnet_back(Manager *manager, const char *interface)
{
	Switch *state = g_hash_table_lookup(manager->host->localnets, interface);
	g_autoptr(GError) error = NULL;
	enum link_kind kind;

	if (state->users > 0)
		return;
	if (state->switched && !manager->replaying && link_kind(manager->netlink, interface, &kind, NULL) &&
	    kind != LINK_MISSING && !link_set_route_localnet(manager->netlink, interface, false, &error))
		g_warning("%s", error->message);
	g_hash_table_remove(manager->host->localnets, interface);
}

static void undo_use_localnet(void *context, void *object)
{
	Manager *manager = context;
	Switch *state = g_hash_table_lookup(manager->host->localnets, object);

	state->users--;
	set_localnet_back(manager, object);
	g_free(object);
}

/* Whether this is the first user; what a predecessor switched is ours to switch back. */
static bool count_localnet_user(Manager *manager, const char *interface)
{
	Switch *state = g_hash_table_lookup(manager->host->localnets, interface);
	bool on = false;

	if (!state) {
		state = g_new0(Switch, 1);
		state->switched = g_hash_table_contains(manager->host->inherited, interface) ||
				  !link_get_route_localnet(manager->netlink, interface, &on, NULL) || !on;
		g_hash_table_insert(manager->host->localnets, g_strdup(interface), state);
	}
	return state->users++ == 0;
}

void host_use_localnet(Manager *manager, const char *interface)
{
	bool first = count_localnet_user(manager, interface);

	transaction_push(manager->transaction, undo_use_localnet, first ? localnet_on : NULL, done_free, manager,
			 g_strdup(interface));
}

static void undo_leave_localnet(void *context, void *object)
{
	Manager *manager = context;
	GError *error = NULL;

	if (count_localnet_user(manager, object) && !localnet_on(manager, object, &error))
		host_warn(error);
	g_free(object);
}

void host_leave_localnet(Manager *manager, const char *interface)
{
	Switch *state = g_hash_table_lookup(manager->host->localnets, interface);

	/* Off before the guard goes. */
	state->users--;
	set_localnet_back(manager, interface);
	transaction_push(manager->transaction, undo_leave_localnet, NULL, done_free, manager, g_strdup(interface));
}

/* --- for a successor --- */

void host_put_settings(const Manager *manager, GByteArray *group)
{
	const struct HostSettings *host = manager->host;
	g_autoptr(GPtrArray) localnets = g_ptr_array_new();
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, host->localnets);
	while (g_hash_table_iter_next(&iter, &key, &value))
		if (((const Switch *)value)->switched)
			g_ptr_array_add(localnets, key);
	record_put_head(group, 'H', N_SWITCHES + N_FAMILIES + 1 + localnets->len);
	for (guint i = 0; i < N_SWITCHES; i++)
		record_put_bool(group, host->switches[i].switched);
	for (enum family family = 0; family < N_FAMILIES; family++)
		record_put_uint(group, host->policies[family]);
	record_put_uint(group, localnets->len);
	for (guint i = 0; i < localnets->len; i++)
		record_put_text(group, localnets->pdata[i]);
}

typedef struct HostBefore {
	bool switched[N_SWITCHES];
	enum rule_target policies[N_FAMILIES];
} HostBefore;

static void undo_apply(void *context, void *object)
{
	Manager *manager = context;
	HostBefore *before = object;

	for (guint i = 0; i < N_SWITCHES; i++)
		manager->host->switches[i].switched = before->switched[i];
	for (enum family family = 0; family < N_FAMILIES; family++) {
		/* What the kernel may have got of it is taken back by the next commit. */
		if (before->policies[family] == TARGET_PLACE && manager->host->policies[family] != TARGET_PLACE)
			ruleset_set_forward_policy(manager->ruleset, family, manager->host->policies[family]);
		manager->host->policies[family] = before->policies[family];
	}
	g_free(before);
}

/* What a predecessor switched on stays ours to switch off. */
static void get_localnets(Manager *manager, Record *record)
{
	for (guint n = record_get_uint(record, G_MAXUINT32); n > 0 && !record->bad; n--)
		g_hash_table_add(manager->host->inherited, g_strdup(record_get_text(record)));
}

bool host_apply_settings(Manager *manager, Record *record, GError **error)
{
	HostBefore *before = g_new(HostBefore, 1);

	for (guint i = 0; i < N_SWITCHES; i++) {
		before->switched[i] = manager->host->switches[i].switched;
		manager->host->switches[i].switched = record_get_bool(record);
	}
	for (enum family family = 0; family < N_FAMILIES; family++) {
		before->policies[family] = manager->host->policies[family];
		manager->host->policies[family] = record_get_uint(record, TARGET_DROP);
	}
	get_localnets(manager, record);
	transaction_push(manager->transaction, undo_apply, NULL, done_free, manager, before);
	return record_end(record, error);
}

void manager_assert_host(Manager *manager)
{
	GError *error = NULL;
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, manager->networks);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		host_assert_bridge(manager, value);
	host_shut_bridges(manager);
	for (guint i = 0; i < N_SWITCHES; i++)
		if (manager->host->switches[i].users > 0 && !switch_on(manager, GUINT_TO_POINTER(i), &error))
			host_warn(g_steal_pointer(&error));
	g_hash_table_iter_init(&iter, manager->host->localnets);
	while (g_hash_table_iter_next(&iter, &key, &value))
		if (!localnet_on(manager, key, &error))
			host_warn(g_steal_pointer(&error));
	g_hash_table_remove_all(manager->host->inherited);
}
