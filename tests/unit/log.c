/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the log says of who called. */

#include "dbus/log.h"
#include "service/error.h"

#include <string.h>
#include <syslog.h>

static char *caught_uid, *caught_message;

static GLogWriterOutput catch (GLogLevelFlags flags G_GNUC_UNUSED, const GLogField *fields, gsize n,
			       gpointer userdata G_GNUC_UNUSED)
{
	for (gsize i = 0; i < n; i++) {
		if (strcmp(fields[i].key, "NETFILTER_UID") == 0)
			caught_uid = g_strdup(fields[i].value);
		if (strcmp(fields[i].key, "MESSAGE") == 0)
			caught_message = g_strdup(fields[i].value);
	}
	return G_LOG_WRITER_HANDLED;
}

static void uids(void)
{
	static const struct {
		uid_t uid;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 1000, "1000" },
		{ 2147483647, "2147483647" },
		{ 2147483648, "2147483648" },
		{ 4294967294, "4294967294" },
		{ (uid_t)-1, "unknown" },
	};
	g_autoptr(GError) error = NULL;

	netfilter_fail(&error, BUSY, "so it is");
	log_settings.level.value = LOG_DEBUG;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		for (guint failed = 0; failed <= 1; failed++) {
			g_autofree char *message = g_strdup_printf("Delete on /a by uid %s (:1.5)%s", cases[i].text,
								   failed ? " failed: so it is" : "");

			log_call(&(LogCall){
				.object = "/a",
				.verb = "Delete",
				.sender = ":1.5",
				.uid = cases[i].uid,
				.error = failed ? error : NULL,
			});
			g_assert_cmpstr(caught_uid, ==, cases[i].text);
			g_assert_cmpstr(caught_message, ==, message);
			g_clear_pointer(&caught_uid, g_free);
			g_clear_pointer(&caught_message, g_free);
		}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(catch, NULL, NULL);
	g_test_add_func("/log/uids", uids);
	return g_test_run();
}
