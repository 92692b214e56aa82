/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/iptables/diff.h"
#include "service/rules/backend.h"

/** What the files of the backend share. */
typedef struct Iptables {
	Backend backend;
	char *prefix;
	xt_chainlabel names[N_CHAINS]; /* libiptc wants whole labels */
	int lock;                      /* -1: not held */
	Diff *diff;                    /* kept between uses, so that a commit allocates nothing a rule */
} Iptables;

static inline void iptables_assert_locked(const Iptables *iptables)
{
	g_assert(iptables->lock >= 0);
}
