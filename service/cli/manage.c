/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/names.h"
#include "service/cli/client.h"
#include "service/cli/verbs.h"

#include <stdio.h>

/* What is not ours to mend. */
static int print_foreign_drops(Cli *cli)
{
	g_autoptr(GVariant) reply = NULL, value = NULL;
	int r = client_call(cli, ROOT_PATH, "org.freedesktop.DBus.Properties", "Get",
			    g_variant_new("(ss)", MANAGER_INTERFACE, "ForeignDrops"), &reply);
	g_autofree const char **drops = NULL;

	if (r != 0)
		return r;
	g_variant_get(reply, "(v)", &value);
	drops = g_variant_get_strv(value, NULL);
	for (const char **drop = drops; *drop; drop++)
		printf("chain %s, which is somebody else's, stops what is forwarded\n", cut(*drop));
	return 0;
}

int verb_reconcile(Cli *cli, char **arguments G_GNUC_UNUSED, guint n G_GNUC_UNUSED)
{
	g_autoptr(GVariant) reply = NULL;
	int r = client_call(cli, ROOT_PATH, "Manager", "Reconcile", NULL, &reply);
	guint32 repaired;

	if (r != 0)
		return r;
	g_variant_get(reply, "(u)", &repaired);
	if (cli->options.json != JSON_OFF)
		printf("%u\n", repaired);
	else if (repaired == 0)
		puts("nothing to mend");
	else
		printf("%u mended\n", repaired);
	return cli->options.json == JSON_OFF ? print_foreign_drops(cli) : 0;
}

int verb_reload(Cli *cli, char **arguments G_GNUC_UNUSED, guint n G_GNUC_UNUSED)
{
	return client_call(cli, ROOT_PATH, "Manager", "Reload", NULL, NULL);
}

#define LOG_PATH "/org/freedesktop/LogControl1"
#define LOG_INTERFACE "org.freedesktop.LogControl1"

static int set_level(Cli *cli, const char *level)
{
	return client_call(cli, LOG_PATH, STANDARD("Properties"), "Set",
			   g_variant_new("(ssv)", LOG_INTERFACE, "LogLevel", g_variant_new_string(level)), NULL);
}

int verb_log_level(Cli *cli, char **arguments, guint n)
{
	g_autoptr(GVariant) reply = NULL, value = NULL;
	int r;

	if (n > 0)
		return set_level(cli, arguments[0]);
	r = client_call(cli, LOG_PATH, STANDARD("Properties"), "Get", g_variant_new("(ss)", LOG_INTERFACE, "LogLevel"),
			&reply);
	if (r != 0)
		return r;
	g_variant_get(reply, "(v)", &value);
	puts(g_variant_get_string(value, NULL));
	return 0;
}
