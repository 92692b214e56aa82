/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/rules/foreign-chain.h"

#include <linux/netfilter.h>

ForeignChain *foreign_chain_new(const char *mechanism, guint8 family, const char *table, const char *chain)
{
	ForeignChain *new = g_new(ForeignChain, 1);

	*new = (ForeignChain){ mechanism, family, g_strdup(table), g_strdup(chain) };
	return new;
}

void foreign_chain_free(ForeignChain *chain)
{
	g_free(chain->table);
	g_free(chain->chain);
	g_free(chain);
}

GPtrArray *foreign_chains_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)foreign_chain_free);
}

gboolean foreign_chain_equal(gconstpointer a, gconstpointer b)
{
	const ForeignChain *x = a, *y = b;

	return g_strcmp0(x->mechanism, y->mechanism) == 0 && x->family == y->family &&
	       g_str_equal(x->table, y->table) && g_str_equal(x->chain, y->chain);
}

bool foreign_chain_has_family(const ForeignChain *chain, enum family family)
{
	return chain->family == NFPROTO_INET || chain->family == family_to_af(family);
}

static const char *family_name(guint8 family)
{
	switch (family) {
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	default:
		return "inet";
	}
}

char *foreign_chain_name(const ForeignChain *chain)
{
	g_autofree char *name = g_strdup_printf("%s%s%s %s %s", chain->mechanism ?: "", chain->mechanism ? " " : "",
						family_name(chain->family), chain->table, chain->chain);

	return g_utf8_make_valid(name, -1);
}
