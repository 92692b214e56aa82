/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cli/object.h"

/** A rule as GetRules() has it; the strings belong to the value. */
typedef struct RuleLine {
	const char *family, *table, *chain, *rule;
	guint64 packets, bytes;
} RuleLine;

/** Reads on in an a(sssstt); false at its end. */
bool rule_line_next(GVariantIter *iter, RuleLine *ret);

/** The rules of an object, a(sssstt). 0, or an exit code after it was said why. */
int rules_read(Cli *cli, const Object *object, GVariant **ret);

/** How many packets they let through, each counted once, whichever backend keeps them. */
guint64 rules_count_packets(enum object_kind kind, GVariant *rules);
