/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cli/cli.h"

/* D-Bus values as GVariants. A handle is a descriptor itself, and stays the caller's; none is read. */

/** What is left of a message, as a tuple that is not floating. NULL when it is not understood. */
GVariant *values_read(sd_bus_message *message);

/** Appends each member of a tuple; 0 or a negative errno. */
int values_append(sd_bus_message *message, GVariant *tuple);

/** Prints a value as JSON, on one line or on several. */
void value_print_json(GVariant *value, enum json_mode mode);
