/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cli/cli.h"

/** The service's program, for what it does without a bus. */
const char *program_path(void);

/** Becomes that program, with these arguments. Returns an exit code when it cannot, after it was said why. */
int program_become(const char *option, char *const *arguments, guint n);
