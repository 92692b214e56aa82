/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/rules/render.h"

typedef struct ChangeKind ChangeKind;

/** One change of the model, as a value. It refers to the objects it is about, and owns those that are not in the
 * model: one that is to come, and one that has gone. */
typedef struct Change {
	const ChangeKind *kind;
	void *object;  /* Network, Endpoint or Ingress */
	void *part;    /* PortMapping, Link or IngressPort; or what else the kind needs */
	GList *before; /* who stood behind an object that has gone */
	guint index;   /* where a part stands */
	guint number;  /* the kind's own */
} Change;

/** Rules that join and leave. */
typedef struct RuleDelta {
	GArray *joins, *leaves; /* RuleItem */
} RuleDelta;
