/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/iptables/diff.h"
#include "service/iptables/table-size.h"
#include "service/iptables/user-chain.h"
#include "service/rules/backend.h"

/** What the files of the backend share. */
typedef struct Iptables {
	Backend backend;
	char *prefix;
	xt_chainlabel names[N_CHAINS]; /* libiptc wants whole labels */
	int lock;                      /* -1: not held */
	Diff *diff;                    /* kept between uses, so that a commit allocates nothing a rule */

	UserChain user;
	GHashTable *told; /* set of guint64: rules of others that the log has named */

	/* As we left the kernel, each where it is known. */
	int sockets[N_FAMILIES]; /* negative: none */
	TableSize sizes[N_FAMILIES][N_TABLES];
	bool looked[N_FAMILIES][N_TABLES]; /* whether there is one to be compared */
	bool drops[N_FAMILIES];            /* FORWARD's policy */
} Iptables;

static inline void iptables_assert_locked(const Iptables *iptables)
{
	g_assert(iptables->lock >= 0);
}
