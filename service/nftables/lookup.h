/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/nftables/element.h"
#include "service/rules/ruleset.h"

/** What the sets of a table are to hold, found in the rules that are wanted: no copy of them is made. */

/** The element that a key is of, the rule it came from, borrowed, and its data; false: the set has none. */
typedef struct Found {
	const Rule *rule;
	Element element;
	guint data; /* where it begins in the element's bytes */
} Found;
bool lookup(const Ruleset *ruleset, enum family family, enum set set, const Parts *key, Found *ret);
