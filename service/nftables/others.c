/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/others.h"

#include "service/nftables/forward-drops.h"
#include "service/nftables/skeleton.h"

static bool find_forward_drops(const char *prefix, GPtrArray *ret, GError **error)
{
	g_autofree char *own = skeleton_table(prefix);

	return forward_drops_find(own, ret, error);
}

static bool find_idle_chains(const char *prefix, GPtrArray *ret, GError **error)
{
	g_autofree char *name = g_strdup_printf("%s-USER", prefix);

	return forward_idle_chains_find(name, ret, error);
}

const Others nftables_others = {
	.find_forward_drops = find_forward_drops,
	.find_idle_chains = find_idle_chains,
};
