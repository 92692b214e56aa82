/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/others.h"

#include "service/nftables/forward-drops.h"
#include "service/nftables/hearing.h"
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

/* --- what is told --- */

typedef struct TableListening {
	Listening listening;
	Hearing *hearing;
	char *own_table;
} TableListening;

static Listening *start_listening(const char *prefix)
{
	Hearing *hearing = hearing_new();
	TableListening *own;

	if (!hearing)
		return NULL;
	own = g_new(TableListening, 1);
	*own = (TableListening){ { &nftables_others }, hearing, skeleton_table(prefix) };
	return &own->listening;
}

static void stop_listening(Listening *listening)
{
	TableListening *own = (TableListening *)listening;

	hearing_free(own->hearing);
	g_free(own->own_table);
	g_free(own);
}

static int fd(const Listening *listening)
{
	return hearing_fd(((const TableListening *)listening)->hearing);
}

static bool heard(Listening *listening)
{
	const TableListening *own = (TableListening *)listening;

	return hearing_read_others(own->hearing, own->own_table);
}

static char *author_of(const Listening *listening, const ForeignChain *chain)
{
	const TableListening *own = (const TableListening *)listening;
	guint32 generation;

	if (chain->mechanism || !hearing_current_generation(&generation))
		return NULL;
	return hearing_author(own->hearing, chain->family, chain->table, generation);
}

static void drop_authors(Listening *listening)
{
	hearing_drop_authors(((TableListening *)listening)->hearing);
}

const Others nftables_others = {
	.find_forward_drops = find_forward_drops,
	.find_idle_chains = find_idle_chains,
	.listen = start_listening,
	.stop_listening = stop_listening,
	.fd = fd,
	.heard = heard,
	.author_of = author_of,
	.drop_authors = drop_authors,
};
