/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/model.h"

/** What becomes of a packet. */
enum outcome {
	OUTCOME_ACCEPTED, /* it reaches an endpoint or a gateway, or leaves from an endpoint */
	OUTCOME_DROPPED,
	OUTCOME_REFUSED,  /* who sent it is told */
	OUTCOME_NOT_OURS, /* nothing of the service has to do with it */
	N_OUTCOMES
};

/** "accepted", "dropped", "refused", "not ours"; static. */
const char *outcome_to_string(enum outcome outcome);

/** One thing that decided, or led on. */
typedef struct Step {
	const char *about; /* static: "route", "port", "allow-from", … */
	enum object_kind kind;
	const void *object; /* borrowed; NULL: none */
	char *rule;         /* "": no rule */
	char *words;
} Step;

/** A GPtrArray of Step, for steps_add(). */
GPtrArray *steps_new(void);

/** Adds a step about an object, NULL for none, of kind; rule is copied, NULL is "". */
void steps_add(GPtrArray *steps, const char *about, enum object_kind kind, const void *object, const char *rule,
	       const char *format, ...) G_GNUC_PRINTF(6, 7);
