/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/unit-file/unit.h"
#include "tests/fuzz/fuzz.h"

/* Any text as a network's and as an ingress' file. It is read, or the error names a line of it. */

static void check_error(const GError *error)
{
	g_assert_true(g_str_has_prefix(error->message, "unit:"));
	g_assert_true(g_utf8_validate(error->message, -1, NULL));
	g_assert_cmpuint(g_ascii_strtoull(error->message + strlen("unit:"), NULL, 10), >, 0);
}

static void read_unit(enum object_kind kind, const Input *input)
{
	g_autoptr(Unit) unit = unit_new(kind, "name", "unit");
	g_autofree char *text = g_memdup2(input->data, input->size);
	g_autoptr(GError) error = NULL;

	if (!unit_read(unit, "unit", text, input->size, &error) || !unit_finish(unit, &error)) {
		check_error(error);
		return;
	}
	g_assert_no_error(error);
	if (kind == OBJECT_INGRESS)
		g_assert_nonnull(unit->ingress.gateways);
	else
		g_assert_nonnull(unit->network.subnets);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	Input input = { data, size };

	read_unit(OBJECT_NETWORK, &input);
	read_unit(OBJECT_INGRESS, &input);
	return 0;
}
