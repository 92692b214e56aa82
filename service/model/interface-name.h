/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/**
 * Whether an interface could be called that: the kernel's rules (at most
 * IFNAMSIZ - 1 bytes; neither "." nor ".."; no '/', ':', '%' or white space),
 * no '+' at the end, which xtables takes for a wildcard; and UTF-8 that people can read. Functions that are
 * given such a name fail with INVALID_ARGS.
 */
bool interface_name_is_valid(const char *name);
