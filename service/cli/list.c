/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cli/cells.h"
#include "service/cli/pager.h"
#include "service/cli/verbs.h"

#include <string.h>

static int list_objects(Cli *cli)
{
	enum { NAME, KIND, BRIDGE, ADDRESSES, ENDPOINTS, PORTS, USER, LIFETIME, LABELS, N_COLUMNS };
	static const Column columns[N_COLUMNS] = {
		[NAME] = { "NAME", "Name" },
		[KIND] = { NULL, "Kind" },
		[BRIDGE] = { "BRIDGE", "Bridge" },
		[ADDRESSES] = { "ADDRESSES", "Addresses" },
		[ENDPOINTS] = { "ENDPOINTS", "Endpoints", true },
		[PORTS] = { "PORTS", "Ports", true },
		[USER] = { "USER", "User" },
		[LIFETIME] = { "LIFETIME", "Lifetime" },
		[LABELS] = { "LABELS", "Labels", false, true },
	};
	g_autoptr(Table) table = table_new(columns, N_COLUMNS, NULL);
	g_autoptr(GPtrArray) objects = NULL;
	guint64 endpoints = 0, ports = 0;
	Row *row = NULL;
	int r;

	objects = objects_read(cli, &r);
	if (!objects)
		return r;
	for (guint i = 0; i < objects->len; i++) {
		const Object *object = objects->pdata[i];

		if (object->kind == OBJECT_ENDPOINT) {
			endpoints++;
			ports += object_count_ports(object);
		} else {
			row = table_add(table, NULL);
			cell_name(row, NAME, object);
			row_set(row, KIND, g_strdup(object_kind_text(object->kind)), NULL);
			row_set(row, BRIDGE, g_strdup(property_string(object->properties, "Bridge", "")), NULL);
			cell_addresses(row, ADDRESSES, object);
			cell_user(row, USER, cli, object);
			cell_lifetime(row, LIFETIME, object);
			cell_labels(row, LABELS, object);
			row_look(row, object);
			endpoints = 0;
			ports = object->kind == OBJECT_INGRESS ? object_count_ports(object) : 0;
		}
		/* Its endpoints follow a network. */
		if (object->kind != OBJECT_INGRESS)
			cell_number(row, ENDPOINTS, endpoints);
		cell_number(row, PORTS, ports);
	}
	pager_start(cli);
	table_print(table, cli);
	return 0;
}

static int list_endpoints(Cli *cli, const char *network)
{
	enum { NAME, ADDRESSES, PORTS, LINKS, USER, LIFETIME, LABELS, N_COLUMNS };
	static const Column columns[N_COLUMNS] = {
		[NAME] = { "NAME", "Name" },
		[ADDRESSES] = { "ADDRESSES", "Addresses" },
		[PORTS] = { "PORTS", "Ports" },
		[LINKS] = { "LINKS", "Links" },
		[USER] = { "USER", "User" },
		[LIFETIME] = { "LIFETIME", "Lifetime" },
		[LABELS] = { "LABELS", "Labels", false, true },
	};
	g_autoptr(Table) table = table_new(columns, N_COLUMNS, NULL);
	g_autoptr(GPtrArray) objects = NULL;
	g_auto(Object) parent = {};
	int r = object_of_kind(network, OBJECT_NETWORK, &parent);

	if (r == 0)
		r = object_check(cli, &parent);
	if (r != 0)
		return r;
	objects = objects_read(cli, &r);
	if (!objects)
		return r;
	for (guint i = 0; i < objects->len; i++) {
		const Object *object = objects->pdata[i];
		Row *row;

		if (object->kind != OBJECT_ENDPOINT || strcmp(object->name, parent.name) != 0)
			continue;
		row = table_add(table, NULL);
		cell_name(row, NAME, object);
		cell_addresses(row, ADDRESSES, object);
		cell_ports(row, PORTS, object);
		cell_links(row, LINKS, object);
		cell_user(row, USER, cli, object);
		cell_lifetime(row, LIFETIME, object);
		cell_labels(row, LABELS, object);
	}
	pager_start(cli);
	table_print(table, cli);
	return 0;
}

int verb_list(Cli *cli, char **arguments, guint n)
{
	return n > 0 ? list_endpoints(cli, arguments[0]) : list_objects(cli);
}
