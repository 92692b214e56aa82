/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/forwarding.h"

#include "service/netlink/sysctl.h"

static const char *const files[N_FAMILIES] = {
	[FAMILY_IPV4] = "net/ipv4/ip_forward",
	[FAMILY_IPV6] = "net/ipv6/conf/all/forwarding",
};

struct Forwarding {
	bool switched[N_FAMILIES]; /* on, and by us */
	bool before[N_FAMILIES];   /* the same before the plan */
	bool on[N_FAMILIES], off[N_FAMILIES];
};

Forwarding *forwarding_new(void)
{
	return g_new0(Forwarding, 1);
}

void forwarding_free(Forwarding *forwarding)
{
	g_free(forwarding);
}

static bool plan_family(Forwarding *forwarding, enum family family, bool wanted, GError **error)
{
	bool on;

	forwarding->on[family] = false;
	forwarding->off[family] = !wanted && forwarding->switched[family];
	if (wanted) {
		if (!sysctl_get(files[family], &on, error))
			return false;
		forwarding->on[family] = !on;
	}
	forwarding->switched[family] = wanted && (forwarding->switched[family] || forwarding->on[family]);
	return true;
}

bool forwarding_plan(Forwarding *forwarding, const Model *model, const Config *config, GError **error)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		forwarding->before[family] = forwarding->switched[family];
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (!plan_family(forwarding, family, wanted_forwarding(model, config, family), error)) {
			forwarding_cancel(forwarding);
			return false;
		}
	return true;
}

bool forwarding_is_ours(const Forwarding *forwarding, enum family family)
{
	return forwarding->switched[family];
}

bool forwarding_changes(const Forwarding *forwarding)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (forwarding->switched[family] != forwarding->before[family])
			return true;
	return false;
}

static void switch_back(enum family family, bool on)
{
	g_autoptr(GError) error = NULL;

	if (!sysctl_set(files[family], on, &error))
		g_warning("%s", error->message);
}

static void revert(void *self G_GNUC_UNUSED, int family, guint on)
{
	switch_back(family, on);
}

void forwarding_close(Forwarding *forwarding, Effects *effects)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (forwarding->off[family]) {
			switch_back(family, false);
			effects_add(effects, revert, forwarding, family, true);
		}
}

bool forwarding_open(Forwarding *forwarding, Effects *effects, GError **error)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (forwarding->on[family]) {
			if (!sysctl_set(files[family], true, error))
				return false;
			effects_add(effects, revert, forwarding, family, false);
		}
	return true;
}

void forwarding_keep(Forwarding *forwarding, GPtrArray *changed)
{
	for (enum family family = 0; family < N_FAMILIES; family++) {
		if (forwarding->on[family] || forwarding->off[family])
			g_ptr_array_add(changed, g_strdup_printf("%s forwarding", family_to_string(family)));
		forwarding->on[family] = forwarding->off[family] = false;
	}
}

void forwarding_cancel(Forwarding *forwarding)
{
	for (enum family family = 0; family < N_FAMILIES; family++) {
		forwarding->switched[family] = forwarding->before[family];
		forwarding->on[family] = forwarding->off[family] = false;
	}
}

void forwarding_restore(Forwarding *forwarding, enum family family, bool switched)
{
	forwarding->switched[family] = switched;
}
