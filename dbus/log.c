/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/log.h"

#include "dbus/error.h"
#include "service/error.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define MESSAGE_ID_CALL_FAILED "c2a344094ce949d398b469f58d1517f2"
#define MESSAGE_ID_CALL_DONE "166a790b554c4a06ad43ec0e60e47bd2"

enum log_target { TARGET_AUTO, TARGET_CONSOLE, TARGET_JOURNAL_ONLY, TARGET_NULL };

static const char *const target_names[] = { "auto", "console", "journal", "null", NULL };
static const char *const level_names[] = {
	"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", NULL,
};

LogSettings log_settings = {
	.level = { level_names, LOG_INFO },
	.target = { target_names, TARGET_AUTO },
};

static int syslog_level(GLogLevelFlags flags)
{
	if (flags & G_LOG_LEVEL_ERROR)
		return LOG_CRIT;
	if (flags & G_LOG_LEVEL_CRITICAL)
		return LOG_ERR;
	if (flags & G_LOG_LEVEL_WARNING)
		return LOG_WARNING;
	if (flags & G_LOG_LEVEL_MESSAGE)
		return LOG_NOTICE;
	return flags & G_LOG_LEVEL_INFO ? LOG_INFO : LOG_DEBUG;
}

static const char *find_field(const GLogField *fields, gsize n, const char *key)
{
	for (gsize i = 0; i < n; i++)
		if (strcmp(fields[i].key, key) == 0)
			return fields[i].value;
	return "";
}

static bool goes_to_journal(void)
{
	return log_settings.target.value == TARGET_JOURNAL_ONLY ||
	       (log_settings.target.value == TARGET_AUTO && g_log_writer_is_journald(STDERR_FILENO));
}

/* GLib's levels do not all have the syslog priority that systemd's tools would expect of them. */
static GLogWriterOutput write_journal(int level, const char *message, const GLogField *fields, gsize n)
{
	g_autofree GLogField *copy = g_new(GLogField, n + 2);
	char priority[2] = { '0' + level, '\0' };
	gsize used = 0;

	for (gsize i = 0; i < n; i++)
		if (strcmp(fields[i].key, "PRIORITY") != 0 && strcmp(fields[i].key, "MESSAGE") != 0)
			copy[used++] = fields[i];
	copy[used++] = (GLogField){ "PRIORITY", priority, -1 };
	copy[used++] = (GLogField){ "MESSAGE", message, -1 };
	return g_log_writer_journald(0, copy, used, NULL);
}

/* What others named that is quoted, interfaces, files or chains, makes up no line of ours. */
static GLogWriterOutput write_log(GLogLevelFlags flags, const GLogField *fields, gsize n,
				  gpointer userdata G_GNUC_UNUSED)
{
	g_autofree char *message = NULL;
	int level = syslog_level(flags);

	if (level > log_settings.level.value || log_settings.target.value == TARGET_NULL)
		return G_LOG_WRITER_HANDLED;
	message = printable(find_field(fields, n, "MESSAGE"));
	if (goes_to_journal() && write_journal(level, message, fields, n) == G_LOG_WRITER_HANDLED)
		return G_LOG_WRITER_HANDLED;
	fprintf(stderr, "netfilterd: %s: %s\n", level_names[level], message);
	return G_LOG_WRITER_HANDLED;
}

void log_start(void)
{
	g_log_set_writer_func(write_log, NULL, NULL);
}

const char *uid_format(uid_t uid, char buffer[static UID_STRLEN])
{
	if (uid == (uid_t)-1)
		return "unknown";
	snprintf(buffer, UID_STRLEN, "%u", (guint)uid);
	return buffer;
}

void log_call(const LogCall *call)
{
	char buffer[UID_STRLEN];
	const char *uid = uid_format(call->uid, buffer);

	if (!call->error) {
		if (log_settings.level.value < LOG_DEBUG)
			return;
		g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_DEBUG, "MESSAGE_ID", MESSAGE_ID_CALL_DONE,
				 "SYSLOG_IDENTIFIER", "netfilterd", "NETFILTER_OBJECT", call->object, "NETFILTER_VERB",
				 call->verb, "NETFILTER_UID", uid, "NETFILTER_SENDER", call->sender, "MESSAGE",
				 "%s on %s by uid %s (%s)", call->verb, cut(call->object), uid, call->sender);
		return;
	}
	g_log_structured(G_LOG_DOMAIN, call->refused ? G_LOG_LEVEL_INFO : G_LOG_LEVEL_MESSAGE, "MESSAGE_ID",
			 MESSAGE_ID_CALL_FAILED, "SYSLOG_IDENTIFIER", "netfilterd", "NETFILTER_OBJECT", call->object,
			 "NETFILTER_VERB", call->verb, "NETFILTER_UID", uid, "NETFILTER_SENDER", call->sender,
			 "NETFILTER_ERROR", error_name(call->error), "MESSAGE", "%s on %s by uid %s (%s) %s: %s",
			 call->verb, cut(call->object), uid, call->sender, call->refused ? "refused" : "failed",
			 call->error->message);
}

void log_failure(const char *what, const GError *error)
{
	if (error)
		g_warning("%s: %s", what, error->message);
}
