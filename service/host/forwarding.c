/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/forwarding.h"

#include "service/host/interface-values.h"
#include "service/host/listeners.h"
#include "service/host/pace.h"
#include "service/host/repair.h"
#include "service/netlink/interface6.h"
#include "service/netlink/route.h"
#include "service/netlink/sysctl.h"

static const char *const files[N_FAMILIES] = {
	[FAMILY_IPV4] = "net/ipv4/ip_forward",
	[FAMILY_IPV6] = "net/ipv6/conf/all/forwarding",
};

/* What the kernel sets along with it that is no interface's. */
#define MAX_ALONG 2
static const char *const along[N_FAMILIES][MAX_ALONG] = {
	[FAMILY_IPV4] = { "net/ipv4/conf/default/forwarding", "net/ipv4/conf/all/accept_redirects" },
	[FAMILY_IPV6] = { "net/ipv6/conf/default/forwarding" },
};

/* Of one family. */
typedef struct State {
	bool switched;           /* on, and by us */
	ForwardingBefore before; /* that */
	bool wanted;             /* by the last plan */
	int newcomer;            /* the ifindex of what keeps it on though it is ours no longer; 0: nothing */
} State;

struct Forwarding {
	Netlink *netlink;
	State states[N_FAMILIES];
	State previous[N_FAMILIES]; /* the same before the plan, if there is one; what is in both is one */
	bool on[N_FAMILIES], off[N_FAMILIES];
	bool touched;                   /* somebody may have switched one off since the last look */
	GHashTable *touched_interfaces; /* set of int, ifindex: they may be new, or otherwise, since then; 0: all */
	Pace paces[N_FAMILIES];
	ForwardingBefore present[N_FAMILIES]; /* what a switching off takes away, also of a plan that was cancelled */
};

Forwarding *forwarding_new(Netlink *netlink)
{
	Forwarding *forwarding = g_new0(Forwarding, 1);

	forwarding->netlink = netlink;
	forwarding->touched_interfaces = g_hash_table_new(NULL, NULL);
	return forwarding;
}

void forwarding_free(Forwarding *forwarding)
{
	if (!forwarding)
		return;
	for (enum family family = 0; family < N_FAMILIES; family++) {
		forwarding_before_clear(&forwarding->states[family].before);
		forwarding_before_clear(&forwarding->present[family]);
	}
	g_hash_table_unref(forwarding->touched_interfaces);
	g_free(forwarding);
}

/* --- what there is --- */

static bool save_interfaces(Netlink *netlink, enum family family, GArray **ret, GError **error)
{
	return family == FAMILY_IPV4 ? interfaces_save_forwarding(netlink, ret, error)
				     : interfaces_save_forwarding6(netlink, ret, error);
}

static bool restore_interfaces(Netlink *netlink, enum family family, const GArray *saved, GError **error)
{
	return family == FAMILY_IPV4 ? interfaces_restore_forwarding(netlink, saved, error)
				     : interfaces_restore_forwarding6(netlink, saved, error);
}

static bool has_index(const GArray *list, int ifindex)
{
	for (guint i = 0; i < list->len; i++)
		if (g_array_index(list, int, i) == ifindex)
			return true;
	return false;
}

static bool is_bridge_port(Netlink *netlink, const InterfaceInfo *info)
{
	InterfaceInfo master;

	return info->master != 0 && interface_find_index(netlink, info->master, &master, NULL) &&
	       master.kind == INTERFACE_BRIDGE;
}

static bool read_before(Netlink *netlink, enum family family, ForwardingBefore *ret, GError **error)
{
	g_auto(ForwardingBefore) before = {};

	for (guint i = 0; i < MAX_ALONG && along[family][i]; i++) {
		bool on;

		if (!sysctl_get(along[family][i], &on, error))
			return false;
		before.along |= on << i;
	}
	if (!save_interfaces(netlink, family, &before.interfaces, error))
		return false;
	*ret = before;
	before = (ForwardingBefore){};
	return true;
}

/* What a bridge forwards to is the bridge's; and what is left of an endpoint whose bridge has gone leads nowhere. */
static bool is_port(Netlink *netlink, const InterfaceInfo *info)
{
	bool found;

	if (info->master != 0)
		return is_bridge_port(netlink, info);
	return info->leads_out && route_find_by_interface(netlink, info->ifindex, &found, NULL) && !found;
}

static int find_newcomer(Netlink *netlink, const GArray *before, const GArray *present, const GArray *serving)
{
	g_autoptr(InterfaceValues) known = interface_values_new(before);

	for (guint i = 0; before && i < present->len; i++) {
		const InterfaceValue *value = &g_array_index(present, InterfaceValue, i);
		InterfaceInfo info;

		if (!interface_values_find(known, value->ifindex, value->name) && !has_index(serving, value->ifindex) &&
		    interface_find_index(netlink, value->ifindex, &info, NULL) && info.ifindex != 0 &&
		    !is_port(netlink, &info))
			return value->ifindex;
	}
	return 0;
}

/* --- those that came since, or are otherwise --- */

/* Those of them that are there, as they are now. */
static bool read_touched(const Forwarding *forwarding, GArray **ret, GError **error)
{
	g_autoptr(GArray) list = NULL;
	GHashTableIter iter;
	gpointer ifindex;

	if (g_hash_table_contains(forwarding->touched_interfaces, NULL))
		return interface6_list(forwarding->netlink, ret, error);
	list = g_array_new(FALSE, FALSE, sizeof(Interface6));
	g_hash_table_iter_init(&iter, forwarding->touched_interfaces);
	while (g_hash_table_iter_next(&iter, &ifindex, NULL)) {
		Interface6 interface;

		if (!interface6_find(forwarding->netlink, GPOINTER_TO_INT(ifindex), &interface, error))
			return false;
		if (interface.ifindex != 0)
			g_array_append_val(list, interface);
	}
	*ret = g_steal_pointer(&list);
	return true;
}

/* As listeners_renew(). */
static bool renew_listeners(const Forwarding *forwarding, const GArray *created, GArray **ret, GError **error)
{
	const State *state = &forwarding->states[FAMILY_IPV6];
	g_autoptr(GArray) interfaces = NULL;

	*ret = NULL;
	if (!state->switched || !state->before.interfaces || g_hash_table_size(forwarding->touched_interfaces) == 0)
		return true;
	if (!read_touched(forwarding, &interfaces, error))
		return false;
	*ret = listeners_renew(&state->before, created, forwarding->touched_interfaces, interfaces);
	return true;
}

/* --- the plan --- */

static bool plan_listeners(Forwarding *forwarding, const GArray *created, GError **error)
{
	GArray *list;

	if (!renew_listeners(forwarding, created, &list, error))
		return false;
	/* The one before is the previous state's. */
	if (list)
		forwarding->states[FAMILY_IPV6].before.listeners = list;
	return true;
}

static bool find_listeners(Netlink *netlink, ForwardingBefore *before, const GArray *created, GError **error)
{
	g_autoptr(GArray) interfaces = NULL;

	if (!interface6_list(netlink, &interfaces, error))
		return false;
	before->listeners = listeners_find(before, created, interfaces);
	return true;
}

static bool plan_on(Forwarding *forwarding, enum family family, const GArray *created, GError **error)
{
	State *state = &forwarding->states[family];
	bool on, was_wanted = state->wanted;

	state->newcomer = 0;
	state->wanted = true;
	if (!sysctl_get(files[family], &on, error) ||
	    (family == FAMILY_IPV6 && !plan_listeners(forwarding, created, error)))
		return false;
	if (on)
		return true;
	forwarding->on[family] = true;
	/* What somebody switched off since was on by us, or by others: then it is theirs still. */
	if (state->switched || was_wanted)
		return true;
	if (!read_before(forwarding->netlink, family, &state->before, error))
		return false;
	state->switched = true;
	return family != FAMILY_IPV6 || find_listeners(forwarding->netlink, &state->before, created, error);
}

static bool plan_off(Forwarding *forwarding, enum family family, const GArray *serving, GError **error)
{
	State *state = &forwarding->states[family];
	ForwardingBefore *present = &forwarding->present[family];

	state->newcomer = 0;
	state->wanted = false;
	if (!state->switched)
		return true;
	forwarding_before_clear(present);
	if (!read_before(forwarding->netlink, family, present, error))
		return false;
	state->newcomer = find_newcomer(forwarding->netlink, state->before.interfaces, present->interfaces, serving);
	state->switched = false;
	forwarding->off[family] = state->newcomer == 0;
	return true;
}

bool forwarding_plan(Forwarding *forwarding, const Model *model, const Config *config, const GArray *serving,
		     const GArray *created, GError **error)
{
	forwarding->touched = false;
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (wanted_forwarding(model, config, family) ? !plan_on(forwarding, family, created, error)
							     : !plan_off(forwarding, family, serving, error)) {
			forwarding_cancel(forwarding);
			return false;
		}
	return true;
}

bool forwarding_is_ours(const Forwarding *forwarding, enum family family)
{
	return forwarding->states[family].switched;
}

bool forwarding_is_left(const Forwarding *forwarding, enum family family)
{
	return forwarding->states[family].newcomer != 0;
}

const ForwardingBefore *forwarding_before(const Forwarding *forwarding, enum family family)
{
	return &forwarding->states[family].before;
}

static bool has_other_listeners(const Forwarding *forwarding, enum family family)
{
	return forwarding->states[family].before.listeners != forwarding->previous[family].before.listeners;
}

bool forwarding_changes(const Forwarding *forwarding)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (forwarding->states[family].switched != forwarding->previous[family].switched ||
		    has_other_listeners(forwarding, family))
			return true;
	return false;
}

/* --- doing it --- */

/* Only where it still has the value that it is said to have. Whether it was set. */
static bool switch_accept_ra(Netlink *netlink, int ifindex, guint from, guint to)
{
	g_autoptr(GError) error = NULL;
	guint value;

	if (!interface_get_setting6(netlink, ifindex, INTERFACE6_ACCEPT_RA, &value, NULL) || value != from)
		return false;
	if (interface_set_setting6(netlink, ifindex, INTERFACE6_ACCEPT_RA, to, &error))
		return true;
	error_warn(g_steal_pointer(&error));
	return false;
}

static void set_accept_ra(Netlink *netlink, const GArray *listeners, guint from, guint to)
{
	for (guint i = 0; listeners && i < listeners->len; i++)
		switch_accept_ra(netlink, g_array_index(listeners, int, i), from, to);
}

static bool switch_all(Netlink *netlink, enum family family, bool on, const ForwardingBefore *before, GError **error)
{
	if (on)
		set_accept_ra(netlink, before->listeners, 1, 2);
	return sysctl_set(files[family], on, error);
}

static bool give_back(Netlink *netlink, enum family family, const GArray *before, GError **error)
{
	g_autoptr(InterfaceValues) known = interface_values_new(before);
	g_autoptr(GArray) present = NULL;

	if (!save_interfaces(netlink, family, &present, error))
		return false;
	for (guint i = present->len; i-- > 0;) {
		InterfaceValue *value = &g_array_index(present, InterfaceValue, i);
		const InterfaceValue *had = interface_values_find(known, value->ifindex, value->name);

		if (had)
			value->value = had->value;
		else
			g_array_remove_index(present, i);
	}
	return restore_interfaces(netlink, family, present, error);
}

/* To what there was before it was switched. */
static void switch_back(Netlink *netlink, enum family family, bool on, const ForwardingBefore *before)
{
	GError *error = NULL;

	if (!switch_all(netlink, family, on, before, &error))
		error_warn(g_steal_pointer(&error));
	for (guint i = 0; before->interfaces && i < MAX_ALONG && along[family][i]; i++)
		if (!sysctl_set(along[family][i], before->along & 1 << i, &error))
			error_warn(g_steal_pointer(&error));
	if (before->interfaces && !give_back(netlink, family, before->interfaces, &error))
		error_warn(g_steal_pointer(&error));
	if (!on)
		set_accept_ra(netlink, before->listeners, 2, 1);
}

static void revert_on(void *self, int family, guint value G_GNUC_UNUSED)
{
	Forwarding *forwarding = self;

	switch_back(forwarding->netlink, family, false, &forwarding->states[family].before);
}

static void revert_off(void *self, int family, guint value G_GNUC_UNUSED)
{
	Forwarding *forwarding = self;

	set_accept_ra(forwarding->netlink, forwarding->states[family].before.listeners, 1, 2);
	switch_back(forwarding->netlink, family, true, &forwarding->present[family]);
}

static void revert_listener(void *self, int ifindex, guint value G_GNUC_UNUSED)
{
	switch_accept_ra(((const Forwarding *)self)->netlink, ifindex, 2, 1);
}

static void open_listeners(Forwarding *forwarding, Effects *effects)
{
	const GArray *listeners = forwarding->states[FAMILY_IPV6].before.listeners;

	if (!has_other_listeners(forwarding, FAMILY_IPV6))
		return;
	for (guint i = 0; i < listeners->len; i++) {
		int ifindex = g_array_index(listeners, int, i);

		if (switch_accept_ra(forwarding->netlink, ifindex, 1, 2))
			effects_add(effects, revert_listener, forwarding, ifindex, 0);
	}
}

void forwarding_close(Forwarding *forwarding, Effects *effects)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (forwarding->off[family]) {
			switch_back(forwarding->netlink, family, false, &forwarding->states[family].before);
			effects_add(effects, revert_off, forwarding, family, 0);
		}
}

bool forwarding_open(Forwarding *forwarding, Effects *effects, GError **error)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (forwarding->on[family]) {
			const ForwardingBefore *before = &forwarding->states[family].before;

			if (!switch_all(forwarding->netlink, family, true, before, error)) {
				set_accept_ra(forwarding->netlink, before->listeners, 2, 1);
				return false;
			}
			effects_add(effects, revert_on, forwarding, family, 0);
		}
	if (!forwarding->on[FAMILY_IPV6])
		open_listeners(forwarding, effects);
	return true;
}

/* --- afterwards --- */

static void end_plan(Forwarding *forwarding, enum family family)
{
	forwarding->on[family] = forwarding->off[family] = false;
	forwarding->previous[family] = forwarding->states[family];
}

static void tell_of_newcomer(const Forwarding *forwarding, enum family family)
{
	int newcomer = forwarding->states[family].newcomer;
	InterfaceInfo info;

	if (newcomer != 0 && interface_find_index(forwarding->netlink, newcomer, &info, NULL) && info.ifindex != 0)
		g_message("%s forwarding stays on, and FORWARD's policy as it is: interface %s has come since they "
			  "were set",
			  family_to_string(family), info.name);
}

static const char *const names[N_FAMILIES] = {
	[FAMILY_IPV4] = "ip_forward",
	[FAMILY_IPV6] = "IPv6 forwarding",
};

static void tell_of_repair(Forwarding *forwarding, enum family family, GPtrArray *repairs)
{
	const State *previous = &forwarding->previous[family];

	if (!forwarding->on[family] || !(previous->wanted || previous->switched))
		return;
	repairs_add(repairs, names[family], NULL, "off", "on");
	if (pace_note(&forwarding->paces[family], g_get_monotonic_time()))
		repair_warn_of_pace(repairs->pdata[repairs->len - 1]);
}

void forwarding_keep(Forwarding *forwarding, GPtrArray *repairs)
{
	for (enum family family = 0; family < N_FAMILIES; family++) {
		tell_of_repair(forwarding, family, repairs);
		tell_of_newcomer(forwarding, family);
		if (has_other_listeners(forwarding, family)) {
			g_clear_pointer(&forwarding->previous[family].before.listeners, g_array_unref);
			g_hash_table_remove_all(forwarding->touched_interfaces);
		}
		if (!forwarding->states[family].switched)
			forwarding_before_clear(&forwarding->states[family].before);
		forwarding_before_clear(&forwarding->present[family]);
		end_plan(forwarding, family);
	}
}

void forwarding_cancel(Forwarding *forwarding)
{
	for (enum family family = 0; family < N_FAMILIES; family++) {
		State *state = &forwarding->states[family];

		if (state->switched && !forwarding->previous[family].switched)
			forwarding_before_clear(&state->before);
		else if (has_other_listeners(forwarding, family))
			g_array_unref(state->before.listeners);
		*state = forwarding->previous[family];
		end_plan(forwarding, family);
	}
}

void forwarding_touch(Forwarding *forwarding)
{
	forwarding->touched = true;
}

void forwarding_touch_interface(Forwarding *forwarding, int ifindex)
{
	if (forwarding->states[FAMILY_IPV6].switched)
		g_hash_table_add(forwarding->touched_interfaces, GINT_TO_POINTER(ifindex));
}

/* Whether one of those that were touched is to be planned for. */
static bool find_touched(Forwarding *forwarding, const GArray *created)
{
	g_autoptr(GArray) list = NULL;
	GError *error = NULL;

	if (!renew_listeners(forwarding, created, &list, &error))
		error_warn(error);
	else if (!list)
		g_hash_table_remove_all(forwarding->touched_interfaces);
	return list;
}

gint64 forwarding_find_due(Forwarding *forwarding, const GArray *created, gint64 now)
{
	gint64 due = 0;

	for (enum family family = 0; forwarding->touched && family < N_FAMILIES; family++) {
		gint64 next = MAX(now, pace_next(&forwarding->paces[family]));
		bool on;

		if (forwarding->states[family].wanted && sysctl_get(files[family], &on, NULL) && !on &&
		    (due == 0 || next < due))
			due = next;
	}
	forwarding->touched = due != 0;
	return find_touched(forwarding, created) ? now : due;
}

void forwarding_restore(Forwarding *forwarding, enum family family, bool switched)
{
	forwarding->states[family].switched = switched;
	if (!switched)
		forwarding_before_clear(&forwarding->states[family].before);
	end_plan(forwarding, family);
}

void forwarding_restore_before(Forwarding *forwarding, enum family family, ForwardingBefore *before, bool doubtful)
{
	ForwardingBefore *known = &forwarding->states[family].before;

	/* More of them may have been switched, by us. */
	if (doubtful && known->interfaces) {
		g_clear_pointer(&known->listeners, g_array_unref);
		known->listeners = g_steal_pointer(&before->listeners);
	} else {
		forwarding_before_clear(known);
		*known = *before;
		*before = (ForwardingBefore){};
	}
	end_plan(forwarding, family);
}
