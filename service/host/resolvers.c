/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/resolvers.h"

#include <string.h>

#define KEYWORD "nameserver"

static void add_line(GArray *servers, char *line)
{
	char *value = g_strstrip(line) + strlen(KEYWORD);
	Address address;

	if (!g_str_has_prefix(line, KEYWORD) || !g_ascii_isspace(*value))
		return;
	value = g_strchug(value);
	/* A link-local one is of an interface. */
	value[strcspn(value, "% \t")] = '\0';
	if (address_parse(value, &address))
		g_array_append_val(servers, address);
}

GArray *resolvers_read(void)
{
	static const char *const files[] = { "/etc/resolv.conf", "/run/systemd/resolve/resolv.conf" };
	GArray *servers = g_array_new(FALSE, FALSE, sizeof(Address));

	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *text = NULL;
		g_auto(GStrv) lines = NULL;

		if (!g_file_get_contents(files[i], &text, NULL, NULL))
			continue;
		lines = g_strsplit(text, "\n", -1);
		for (char **line = lines; *line; line++)
			add_line(servers, *line);
	}
	return servers;
}
