/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/iptables/private.h"

/** Reads a chain and compares it with the ruleset: the result is in iptables->diff, valid until the next. */
void iptables_compare(Iptables *iptables, Snapshot *snapshot, const Ruleset *ruleset, enum family family,
		      enum chain chain);
