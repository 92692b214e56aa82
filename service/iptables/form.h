/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/iptables/chain.h"
#include "service/iptables/entry.h"

/**
 * Whether a rule in a chain of ours is of a form that we write there, whatever addresses, interfaces and ports it has:
 * one that we do not want is a stale one of ours, and any other is somebody else's. names: as entry_encode().
 */
bool form_is_ours(enum family family, enum chain chain, const ActualEntry *actual, const xt_chainlabel *names);

/** What it consists of, for people: "-s 10.8.8.8/32 -m limit -j DROP". The caller's. */
char *form_to_text(enum family family, const ActualEntry *actual);
