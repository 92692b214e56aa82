/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cli/cli.h"

/** Lets polkit ask in this terminal (pkttyagent), where there is one. */
void agent_start(Cli *cli);
void agent_stop(Cli *cli);
