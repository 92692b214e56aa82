/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/path.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

/* Any text as the path of an object. What it is decoded to has that path, and no other. */

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	g_autofree char *path = input_text(&(Input){ data, size }), *name = NULL, *endpoint = NULL;
	enum object_kind kind;
	char *encoded;

	if (!path_decode(path, &kind, &name, &endpoint))
		return 0;
	g_assert_true(path_is_of(path, kind));
	g_assert_true((endpoint != NULL) == (kind == OBJECT_ENDPOINT));
	encoded = path_encode(kind, name, endpoint);
	g_assert_cmpstr(encoded, ==, path);
	free(encoded); /* libsystemd's */
	return 0;
}
