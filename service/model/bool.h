/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/** What a file may have for a boolean, as sentences say it. */
#define BOOL_WORDS "yes, no, true, false, on, off, 1 or 0"

/** Reads one of BOOL_WORDS. False, and nothing written, for any other text. */
bool bool_parse(const char *text, bool *ret);
