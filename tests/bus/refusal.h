/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/support/rig.h"

/* Calls that are refused for what they ask, and what they are asked of. */

#define INVALID STANDARD("InvalidArgs")
#define WEB "/network/web"
#define APP WEB "/endpoint/app"
#define INNER "/network/inner"

/** Network web with endpoints app, db and six, inner (internal) with one, and ingress front. */
void refusal_world(Rig *rig);

typedef struct Bad {
	const char *arguments;
	const char *names; /* what the error names */
	const char *error; /* NULL: InvalidArgs */
} Bad;

/** Each of them is refused; format has %s for the arguments of one. */
void refuse_all(Rig *rig, const char *path, const char *interface, const char *member, const char *types,
		const char *format, const Bad *bad, gsize n);

#define REFUSE_ALL(path, interface, member, types, format, bad) \
	refuse_all(rig, path, interface, member, types, format, bad, G_N_ELEMENTS(bad))
