/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cli/object.h"
#include "service/cli/table.h"

/* What tables show of an object, a cell a function. */

void cell_name(Row *row, guint column, const Object *object);

/** Subnets, addresses, or gateways. */
void cell_addresses(Row *row, guint column, const Object *object);

/** The first few ports for people, all of them in JSON. */
void cell_ports(Row *row, guint column, const Object *object);

void cell_links(Row *row, guint column, const Object *endpoint);
void cell_user(Row *row, guint column, const Cli *cli, const Object *object);
void cell_lifetime(Row *row, guint column, const Object *object);
void cell_labels(Row *row, guint column, const Object *object);
void cell_number(Row *row, guint column, guint64 number);

/** Makes the row red if the object's interface is not there. */
void row_look(Row *row, const Object *object);

/** How many host ports an object publishes. */
guint64 object_count_ports(const Object *object);
