/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cli/client.h"
#include "service/cli/object.h"
#include "service/cli/ports.h"
#include "service/cli/verbs.h"

static int read_pair(Cli *cli, char **arguments, Object *ret_parent, Object *ret_child)
{
	int r = object_of_kind(arguments[0], OBJECT_ENDPOINT, ret_parent);

	if (r == 0)
		r = object_of_kind(arguments[1], OBJECT_ENDPOINT, ret_child);
	if (r == 0)
		r = object_check(cli, ret_parent);
	return r != 0 ? r : object_check(cli, ret_child);
}

int verb_link(Cli *cli, char **arguments, guint n)
{
	g_auto(Object) parent = {}, child = {};
	GError *error = NULL;
	GVariant *ports;
	int r = read_pair(cli, arguments, &parent, &child);

	if (r != 0)
		return r;
	ports = ports_parse(arguments + 2, n - 2, &error);
	if (!ports)
		return report_error(error);
	return client_call(cli, parent.path, "Endpoint", "Link", g_variant_new("(o@a(sq))", child.path, ports), NULL);
}

int verb_unlink(Cli *cli, char **arguments, guint n G_GNUC_UNUSED)
{
	g_auto(Object) parent = {}, child = {};
	int r = read_pair(cli, arguments, &parent, &child);

	return r != 0 ? r : client_call(cli, parent.path, "Endpoint", "Unlink", g_variant_new("(o)", child.path), NULL);
}
