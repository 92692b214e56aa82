/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/forwarding.h"

#include "service/host/pace.h"
#include "service/host/repair.h"
#include "service/netlink/route.h"
#include "service/netlink/sysctl.h"

#include <string.h>

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
	bool touched; /* somebody may have switched one off since the last look */
	Pace paces[N_FAMILIES];
	ForwardingBefore present[N_FAMILIES]; /* what a switching off takes away, also of a plan that was cancelled */
};

Forwarding *forwarding_new(Netlink *netlink)
{
	Forwarding *forwarding = g_new0(Forwarding, 1);

	forwarding->netlink = netlink;
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
	g_free(forwarding);
}

/* --- what there is --- */

static bool save_interfaces(Netlink *netlink, enum family family, GArray **ret, GError **error)
{
	return family == FAMILY_IPV4 ? links_save_forwarding(netlink, ret, error)
				     : links_save_forwarding6(netlink, ret, error);
}

static bool restore_interfaces(Netlink *netlink, enum family family, const GArray *saved, GError **error)
{
	return family == FAMILY_IPV4 ? links_restore_forwarding(netlink, saved, error)
				     : links_restore_forwarding6(netlink, saved, error);
}

/* A host that forwards IPv6 takes no default route from routers, but with accept_ra=2. */
static bool find_routed(Netlink *netlink, GArray **ret, GError **error)
{
	g_autoptr(GArray) routed = NULL;

	if (!route_list_advertised(netlink, &routed, error))
		return false;
	for (guint i = routed->len; i-- > 0;) {
		guint value;

		if (!link_get_switch6(netlink, g_array_index(routed, int, i), LINK6_ACCEPT_RA, &value, NULL) ||
		    value != 1)
			g_array_remove_index(routed, i);
	}
	*ret = g_steal_pointer(&routed);
	return true;
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
	if (!save_interfaces(netlink, family, &before.interfaces, error) ||
	    (family == FAMILY_IPV6 && !find_routed(netlink, &before.routed, error)))
		return false;
	*ret = before;
	before = (ForwardingBefore){};
	return true;
}

/* One that was taken away and made again under its name is what its owner calls by that name. */
static const InterfaceValue *find_before(const GArray *before, const InterfaceValue *value)
{
	const InterfaceValue *same_name = NULL;

	for (guint i = 0; i < before->len; i++) {
		const InterfaceValue *other = &g_array_index(before, InterfaceValue, i);

		if (other->ifindex == value->ifindex)
			return other;
		if (strcmp(other->name, value->name) == 0)
			same_name = other;
	}
	return same_name;
}

static bool has_index(const GArray *list, int ifindex)
{
	for (guint i = 0; i < list->len; i++)
		if (g_array_index(list, int, i) == ifindex)
			return true;
	return false;
}

/* What a bridge forwards to is the bridge's; and what is left of an endpoint whose bridge has gone leads nowhere. */
static bool is_port(Netlink *netlink, const LinkInfo *info)
{
	LinkInfo master;
	bool found;

	if (info->master != 0)
		return link_find_index(netlink, info->master, &master, NULL) && master.kind == LINK_BRIDGE;
	return info->leads_out && route_find_by_interface(netlink, info->ifindex, &found, NULL) && !found;
}

static int find_newcomer(Netlink *netlink, const GArray *before, const GArray *present, const GArray *serving)
{
	for (guint i = 0; before && i < present->len; i++) {
		const InterfaceValue *value = &g_array_index(present, InterfaceValue, i);
		LinkInfo info;

		if (!find_before(before, value) && !has_index(serving, value->ifindex) &&
		    link_find_index(netlink, value->ifindex, &info, NULL) && info.ifindex != 0 &&
		    !is_port(netlink, &info))
			return value->ifindex;
	}
	return 0;
}

/* --- the plan --- */

static bool plan_on(Forwarding *forwarding, enum family family, GError **error)
{
	State *state = &forwarding->states[family];
	bool on, was_wanted = state->wanted;

	state->newcomer = 0;
	state->wanted = true;
	if (!sysctl_get(files[family], &on, error))
		return false;
	if (on)
		return true;
	forwarding->on[family] = true;
	/* What somebody switched off since was on by us, or by others: then it is theirs still. */
	if (state->switched || was_wanted)
		return true;
	state->switched = read_before(forwarding->netlink, family, &state->before, error);
	return state->switched;
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
		     GError **error)
{
	forwarding->touched = false;
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (wanted_forwarding(model, config, family) ? !plan_on(forwarding, family, error)
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

bool forwarding_changes(const Forwarding *forwarding)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (forwarding->states[family].switched != forwarding->previous[family].switched)
			return true;
	return false;
}

/* --- doing it --- */

/* Of those that still have the value that we gave them. */
static void set_accept_ra(Netlink *netlink, const GArray *routed, guint from, guint to)
{
	for (guint i = 0; routed && i < routed->len; i++) {
		int ifindex = g_array_index(routed, int, i);
		g_autoptr(GError) error = NULL;
		guint value;

		if (link_get_switch6(netlink, ifindex, LINK6_ACCEPT_RA, &value, NULL) && value == from &&
		    !link_set_switch6(netlink, ifindex, LINK6_ACCEPT_RA, to, &error))
			error_warn(g_steal_pointer(&error));
	}
}

static bool switch_all(Netlink *netlink, enum family family, bool on, const ForwardingBefore *before, GError **error)
{
	if (on)
		set_accept_ra(netlink, before->routed, 1, 2);
	return sysctl_set(files[family], on, error);
}

static bool give_back(Netlink *netlink, enum family family, const GArray *before, GError **error)
{
	g_autoptr(GArray) present = NULL;

	if (!save_interfaces(netlink, family, &present, error))
		return false;
	for (guint i = present->len; i-- > 0;) {
		InterfaceValue *value = &g_array_index(present, InterfaceValue, i);
		const InterfaceValue *had = find_before(before, value);

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
		set_accept_ra(netlink, before->routed, 2, 1);
}

static void revert_on(void *self, int family, guint value G_GNUC_UNUSED)
{
	Forwarding *forwarding = self;

	switch_back(forwarding->netlink, family, false, &forwarding->states[family].before);
}

static void revert_off(void *self, int family, guint value G_GNUC_UNUSED)
{
	Forwarding *forwarding = self;

	set_accept_ra(forwarding->netlink, forwarding->states[family].before.routed, 1, 2);
	switch_back(forwarding->netlink, family, true, &forwarding->present[family]);
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
				set_accept_ra(forwarding->netlink, before->routed, 2, 1);
				return false;
			}
			effects_add(effects, revert_on, forwarding, family, 0);
		}
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
	LinkInfo info;

	if (newcomer != 0 && link_find_index(forwarding->netlink, newcomer, &info, NULL) && info.ifindex != 0)
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
		*state = forwarding->previous[family];
		end_plan(forwarding, family);
	}
}

void forwarding_touch(Forwarding *forwarding)
{
	forwarding->touched = true;
}

gint64 forwarding_find_due(Forwarding *forwarding, gint64 now)
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
	return due;
}

void forwarding_restore(Forwarding *forwarding, enum family family, bool switched)
{
	forwarding->states[family].switched = switched;
	if (!switched)
		forwarding_before_clear(&forwarding->states[family].before);
	end_plan(forwarding, family);
}

void forwarding_restore_before(Forwarding *forwarding, enum family family, const ForwardingBefore *before)
{
	forwarding_before_clear(&forwarding->states[family].before);
	forwarding->states[family].before = *before;
	end_plan(forwarding, family);
}
