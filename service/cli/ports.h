/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cli/cli.h"
#include "service/model/port.h"

/* Ports between the forms of people, of the bus and of JSON. Variants that are returned are floating. */

/** Reads texts (char *) as a(ssqqq); NULL and INVALID_ARGS. */
GVariant *mappings_parse(char **texts, guint n, GError **error);

/** The same as a(sq). */
GVariant *ports_parse(char **texts, guint n, GError **error);

/** A mapping (ssqqq) or a port (sq) as people write it; the caller frees. */
char *port_text(GVariant *port);

/** What an a(ssqqq) or a(sq) holds, joined; at most max of them and how many more there are, where max is not 0. */
char *ports_text(GVariant *ports, const char *separator, guint max);

/** The same with names for its members. */
GVariant *ports_json(GVariant *ports);

/** Prints each on a line of its own, or all as JSON. */
void ports_print(const Cli *cli, GVariant *ports);
