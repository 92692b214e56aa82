/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/rules/rule.h"

#include <libiptc/libip6tc.h>
#include <libiptc/libiptc.h>

/**
 * A rule in the kernel's form, struct ipt_entry or struct ip6t_entry, byte for
 * byte as iptables-legacy(8) would send it, so that its -C and -D find ours.
 */

/** An entry of ours. The largest: IPv6, conntrack, addrtype and sctp matches, DNAT. */
typedef union Entry {
	struct ipt_entry ipv4;
	struct ip6t_entry ipv6;
	guint8 bytes[832];
} Entry;

/** An entry as it stands in a snapshot, struct ipt_entry or struct ip6t_entry. */
typedef struct ActualEntry {
	const void *entry;
	const char *target; /* iptc_get_target() */
	guint64 digest;     /* entry_digest() */
} ActualEntry;

/**
 * Writes a rule that layout_has_rule(). names has the chain names of ours,
 * by enum chain. Verdicts and jumps are named, as libiptc takes them.
 */
void entry_encode(const Rule *rule, const xt_chainlabel *names, Entry *ret);

/**
 * Whether an actual entry is the same rule: everything but counters and what
 * libiptc and the kernel note down for themselves.
 */
bool entry_equal(enum family family, const Entry *entry, const ActualEntry *actual);

/**
 * A number that is equal for equal entries and, as far as 64 bits can tell, for no others: it covers all that
 * entry_equal() compares. Never 0. name is an actual entry's iptc_get_target(), or NULL for one of ours.
 */
guint64 entry_digest(enum family family, const void *entry, const char *name);

/** The counters within an actual entry. */
struct xt_counters entry_counters(enum family family, const void *entry);
