/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/unit-name.h"
#include "service/unit-file/unit.h"

/** What all unit files say together. */
typedef struct UnitSet {
	GPtrArray *units;  /* Unit: networks first, in the order of their names */
	GHashTable *files; /* set of the file names there are, whether they are good or bad */
	GPtrArray *errors; /* GError: what is wrong with the others, each with its path */
	bool incomplete;   /* a directory could not be read: nothing is known to be gone */
} UnitSet;

/**
 * Reads every unit in the directories, by enum unit_directory: of files of one name the first, with the drop-ins of
 * all of them. What is empty or a link to /dev/null is none. It reads regular files alone, and waits for nobody.
 */
UnitSet *unit_set_load(char *const *directories);
UnitSet *unit_set_new(void);      /* with nothing in it */
void unit_set_free(UnitSet *set); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UnitSet, unit_set_free)

/** Whether there is a file about such an object. */
bool unit_set_has(const UnitSet *set, enum object_kind kind, const char *name);

/**
 * Reads one file, with the drop-ins that stand beside it. NULL with INVALID_ARGS that names path and line; or without
 * an error, when it is masked.
 */
Unit *unit_load(const char *path, GError **error);
