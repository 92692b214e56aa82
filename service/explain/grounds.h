/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/explain/facts.h"
#include "service/model/model.h"

/** What a verdict follows from. All is borrowed. */
typedef struct Grounds {
	const Model *model;
	const AllowFrom *ceiling; /* the configuration's */
	const Ruleset *ruleset;   /* what the model asks for */
	const Backend *backend;
	const Facts *facts;
} Grounds;
