/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"

/**
 * What programs note on an object for themselves: keys with a value each. A NULL-terminated list of key, value, …,
 * sorted by key, each key once; NULL is as good as an empty one.
 */

/** Of one object: how many labels, and bytes of a key, of a value, and of all of them together. */
#define LABELS_MAX 64
#define LABEL_KEY_MAX_BYTES 128
#define LABEL_VALUE_MAX_BYTES 512
#define LABELS_MAX_BYTES 4096

/**
 * Makes labels of a NULL-terminated list in any order, which it takes over. A key is 1 to LABEL_KEY_MAX_BYTES bytes
 * without '=', and both are UTF-8 that people can see. NULL with INVALID_ARGS; the caller's otherwise.
 */
char **labels_new(char **list, GError **error);

/** Whether every label that is wanted is there with that value. */
bool labels_match(char *const *labels, char *const *wanted);
bool labels_equal(char *const *a, char *const *b);

/** The bytes of keys and values. */
guint labels_size(char *const *labels);

/** "key=value", each on a line of its own; "" for none. The caller's. */
char *labels_format(char *const *labels);
