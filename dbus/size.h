/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <systemd/sd-bus.h>

/** How many bytes the arguments of a call may take: the largest call there is use for takes one. */
#define MAX_CALL_SIZE (4 << 20)

/** Refuses calls that are larger, with LIMITS_EXCEEDED, before anybody reads them. Negative errno. */
int size_limit_add(sd_bus *connection);
