/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cli/cli.h"

/** Says of what was made permanent that it comes with the first call after a boot, where the unit that has it there
 * at once is disabled. */
void boot_hint(Cli *cli);
