/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/** Writes a file, and makes the directories that it is in. */
void put_file(const char *path, const char *text);

/** Tells of the lines that one text has and the other lacks; of the order of lines it tells nothing. */
void tell_difference(const char *before, const char *after);
