/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cli/client.h"
#include "service/cli/object.h"
#include "service/cli/ports.h"
#include "service/cli/verbs.h"

/* Publish or Unpublish, of an endpoint or an ingress; NULL and INVALID_ARGS. */
static GVariant *read_ports(const Object *object, char **texts, guint n, GError **error)
{
	return object->kind == OBJECT_INGRESS ? ports_parse(texts, n, error) : mappings_parse(texts, n, error);
}

static int change_ports(Cli *cli, char **arguments, guint n, const char *member)
{
	g_autoptr(GVariant) reply = NULL, published = NULL;
	g_auto(Object) object = {};
	GError *error = NULL;
	GVariant *ports;
	int r = object_find(cli, arguments[0], &object);

	if (r != 0)
		return r;
	if (object.kind == OBJECT_NETWORK)
		return usage_error("\"%s\" is a network; ports are those of an endpoint or of an ingress",
				   cut(arguments[0]));
	ports = read_ports(&object, arguments + 1, n - 1, &error);
	if (!ports)
		return report_error(error);
	r = client_call(cli, object.path, object_interface(object.kind), member, g_variant_new_tuple(&ports, 1),
			&reply);
	if (r == 0 && g_variant_n_children(reply) > 0) {
		published = g_variant_get_child_value(reply, 0);
		ports_print(cli, published);
	}
	return r;
}

int verb_publish(Cli *cli, char **arguments, guint n)
{
	return change_ports(cli, arguments, n, "Publish");
}

int verb_unpublish(Cli *cli, char **arguments, guint n)
{
	return change_ports(cli, arguments, n, "Unpublish");
}
