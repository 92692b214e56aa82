/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"

/** One assignment of a key file: [group], key=value. */
typedef struct UnitLine {
	guint number; /* in its file, from 1 */
	const char *group, *key;
	const char *value; /* without spaces at its ends */
} UnitLine;

/** false with INVALID_ARGS: it says what is wrong with the line, and no more. */
typedef bool (*UnitLineFunc)(const UnitLine *line, void *userdata, GError **error);

/**
 * Reads a text in the syntax of key files line by line, which tells how often a key was given, and where. A group's
 * head comes as a line without a key. Nothing is read behind the first line that is wrong: INVALID_ARGS names path
 * and line. The text is changed.
 */
bool unit_lines_read(const char *path, char *text, gsize size, UnitLineFunc func, void *userdata,
		     GError **error) G_GNUC_WARN_UNUSED_RESULT;
