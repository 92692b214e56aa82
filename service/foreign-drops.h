/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"

/** Chains of others that stop what our rules accept, as of the last look: "inet x y", NULL-terminated. */
const char *const *service_foreign_drops(const Service *service);

/** Looks for them, and says of each in the log that it is there. */
void service_warn_of_foreign_drops(Service *service);
