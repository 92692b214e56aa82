/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/config.h"
#include "tests/fuzz/fuzz.h"

/* Any text as netfilterd.conf. It is read, or the error names a line of it. */

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	g_autofree char *text = input_text(&(Input){ data, size });
	g_autoptr(GError) error = NULL;
	Config config;

	if (config_parse("conf", text, &config, &error)) {
		g_assert_no_error(error);
		g_assert_nonnull(config.chain_prefix);
		config_clear(&config);
	} else {
		g_assert_true(g_str_has_prefix(error->message, "conf:"));
		g_assert_true(g_utf8_validate(error->message, -1, NULL));
		g_assert_cmpuint(g_ascii_strtoull(error->message + strlen("conf:"), NULL, 10), >, 0);
	}
	return 0;
}
