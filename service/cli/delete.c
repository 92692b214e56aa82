/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cli/client.h"
#include "service/cli/object.h"
#include "service/cli/verbs.h"

/* Each by itself: what went before the first that does not is gone. */
int verb_delete(Cli *cli, char **arguments, guint n)
{
	int r = 0;

	for (guint i = 0; i < n && r == 0; i++) {
		g_auto(Object) object = {};

		r = object_find(cli, arguments[i], &object);
		if (r == 0)
			r = client_call(cli, object.path, object_interface(object.kind), "Delete", NULL, NULL);
	}
	return r;
}
