/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/**
 * Where the log goes and how much of it: the journal under systemd, else
 * standard error; down to "info". org.freedesktop.LogControl1 changes both while the service runs.
 */
void log_start(void);

/** One of a list of names that ends with NULL. */
typedef struct LogSetting {
	const char *const *names; /* by value */
	int value;
} LogSetting;

typedef struct LogSettings {
	LogSetting level, target;
} LogSettings;

/** The process has one log, like its standard error. */
extern LogSettings log_settings;

/** Writes a uid as sentences have it into a caller's buffer; "unknown" for (uid_t)-1. */
#define UID_STRLEN 16
const char *uid_format(uid_t uid, char buffer[static UID_STRLEN]);

/** What is known of a call, as fields of its journal entry (NETFILTER_OBJECT=, _VERB=, _UID=, _SENDER=, _ERROR=). */
typedef struct LogCall {
	const char *object, *verb, *sender;
	uid_t uid;           /* (uid_t)-1: not known */
	const GError *error; /* NULL: it succeeded */
	bool refused;        /* the error says that the sender may not */
} LogCall;

/** One line: at level "notice" for a call that failed, "info" if it was refused, "debug" if it succeeded. */
void log_call(const LogCall *call);

/** A warning that something could not be done, which nobody waits for; nothing when error is NULL. */
void log_failure(const char *what, const GError *error);
