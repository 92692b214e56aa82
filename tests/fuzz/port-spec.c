/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/port-spec.h"
#include "tests/fuzz/fuzz.h"

/* Any text as a mapping or a port. What is read is written so that it is read as the same. */

static void read_mapping(const char *text)
{
	g_autoptr(GError) error = NULL;
	char buffer[PORT_SPEC_STRLEN];
	PortMapping mapping, again;

	if (!port_spec_parse(text, &mapping, &error)) {
		g_assert_true(g_utf8_validate(error->message, -1, NULL));
		return;
	}
	g_assert_true(port_spec_parse(port_spec_format(&mapping, buffer), &again, NULL));
	g_assert_true(port_mapping_equal(&mapping, &again));
}

static void read_port(const char *text)
{
	g_autoptr(GError) error = NULL;
	char buffer[PORT_SPEC_STRLEN];
	LinkPort port, again;

	if (!link_port_spec_parse(text, &port, &error)) {
		g_assert_true(g_utf8_validate(error->message, -1, NULL));
		return;
	}
	g_assert_true(link_port_spec_parse(link_port_spec_format(&port, buffer), &again, NULL));
	g_assert_true(link_port_equal(&port, &again));
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	g_autofree char *text = input_text(&(Input){ data, size });

	read_mapping(text);
	read_port(text);
	return 0;
}
