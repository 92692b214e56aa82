/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/rules/backend.h"

/** The backends there are: the first is the default, and a later one the better where it can be used. */
enum { N_BACKENDS = 2 };
extern const BackendKind *const backends[N_BACKENDS];

/** The backend of that name; NULL: there is none. */
const BackendKind *backends_find(const char *name);
