/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/names.h"
#include "dbus/path.h"
#include "service/cli/cells.h"
#include "service/cli/client.h"
#include "service/cli/pager.h"
#include "service/cli/rule-list.h"
#include "service/cli/verbs.h"

#include <stdio.h>

/* The rules of so many objects are read for what they counted; of more, those of networks and ingresses alone. */
enum { COUNTED_MAX = 256 };

enum { NAME, KIND, ADDRESSES, BRIDGE, PORTS, PACKETS, N_COLUMNS };

static const Column columns[N_COLUMNS] = {
	[NAME] = { "NAME", "Name" },       [KIND] = { NULL, "Kind" },      [ADDRESSES] = { "ADDRESSES", "Addresses" },
	[BRIDGE] = { "BRIDGE", "Bridge" }, [PORTS] = { "PORTS", "Ports" }, [PACKETS] = { "PACKETS", "Packets", true },
};

/* An object may be gone by now, or its counters not to be had: that is no reason to show nothing. */
static void count_packets(Cli *cli, Row *row, const Object *object)
{
	g_autoptr(GVariant) reply = NULL, rules = NULL;
	sd_bus_error error = SD_BUS_ERROR_NULL;

	if (client_try(cli, object->path, object_interface(object->kind), "GetRules", NULL, &reply, &error)) {
		rules = g_variant_get_child_value(reply, 0);
		cell_number(row, PACKETS, rules_count_packets(object->kind, rules));
	}
	sd_bus_error_free(&error);
}

static void add_objects(Cli *cli, Table *table, const GPtrArray *objects)
{
	Row *network = NULL;

	for (guint i = 0; i < objects->len; i++) {
		const Object *object = objects->pdata[i];
		bool endpoint = object->kind == OBJECT_ENDPOINT;
		Row *row = table_add(table, endpoint ? network : NULL);

		if (object->kind == OBJECT_NETWORK)
			network = row;
		cell_name(row, NAME, object);
		row_set(row, KIND, g_strdup(object_kind_text(object->kind)), NULL);
		cell_addresses(row, ADDRESSES, object);
		if (!endpoint)
			row_set(row, BRIDGE, g_strdup(property_string(object->properties, "Bridge", "")), NULL);
		if (object->kind != OBJECT_NETWORK)
			cell_ports(row, PORTS, object);
		if (!endpoint || objects->len <= COUNTED_MAX)
			count_packets(cli, row, object);
		row_look(row, object);
	}
}

int verb_tree(Cli *cli, char **arguments G_GNUC_UNUSED, guint n G_GNUC_UNUSED)
{
	g_autoptr(Table) table = table_new(columns, N_COLUMNS, "Endpoints");
	g_autoptr(GPtrArray) objects = NULL;
	int r;

	objects = objects_read(cli, &r);
	if (!objects)
		return r;
	if (objects->len == 0 && cli->options.json == JSON_OFF) {
		if (!cli->options.quiet)
			puts("There is nothing yet. \"netfilterctl create NETWORK --subnet=…\" makes a network.");
		return 0;
	}
	add_objects(cli, table, objects);
	pager_start(cli);
	table_print(table, cli);
	return 0;
}
