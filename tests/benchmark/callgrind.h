/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/** What a dump of valgrind's tool callgrind says of where instructions were spent. */
typedef struct Instructions {
	guint64 all;
	guint64 program; /* by the program's own code */
	guint64 libiptc; /* by libiptc and by all that it called */
} Instructions;

/** Adds up the text of a dump. false: it is not one. program is the path of the program it is about. */
bool callgrind_parse(const char *text, const char *program, Instructions *ret);
