/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cli/cli.h"

/** Looks at what standard output is. */
void output_look(Cli *cli);

/** From here on standard output goes through a pager, if it is a terminal and the user wants one. */
void pager_start(Cli *cli);

/** Ends the output and waits until the user has seen it. */
void pager_finish(Cli *cli);
