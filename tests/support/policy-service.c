/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/policy-service.h"

#include "policy/policy.h"

#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#define MANAGER "org.example.NetFilter.Manager"

static Policy *policy;
static GHashTable *due; /* connection → how many answers come to it, for as long as it is there */

static guint due_to(const char *name)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(due, name));
}

static guint32 count_due(void)
{
	GHashTableIter iter;
	gpointer n;
	guint32 all = 0;

	g_hash_table_iter_init(&iter, due);
	while (g_hash_table_iter_next(&iter, NULL, &n))
		all += GPOINTER_TO_UINT(n);
	return all;
}

static void await_answer(const char *name)
{
	g_hash_table_replace(due, g_strdup(name), GUINT_TO_POINTER(due_to(name) + 1));
}

/* One comes for each call, and none to who has left. */
static void take_answer(const char *name)
{
	g_assert_cmpuint(due_to(name), >, 0);
	g_hash_table_replace(due, g_strdup(name), GUINT_TO_POINTER(due_to(name) - 1));
}

static const char *error_name(const GError *error)
{
	switch (error->code) {
	case NETFILTER_ERROR_ACCESS_DENIED:
		return SD_BUS_ERROR_ACCESS_DENIED;
	case NETFILTER_ERROR_INTERACTIVE_REQUIRED:
		return SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED;
	case NETFILTER_ERROR_QUOTA_EXCEEDED:
		return "org.example.NetFilter.Error.QuotaExceeded";
	default:
		return SD_BUS_ERROR_FAILED;
	}
}

static void on_answer(sd_bus_message *call, uid_t uid, const GError *error, G_GNUC_UNUSED void *userdata)
{
	take_answer(sd_bus_message_get_sender(call));
	if (error)
		sd_bus_reply_method_errorf(call, error_name(error), "%s", error->message);
	else
		sd_bus_reply_method_return(call, "u", (guint32)uid);
}

static void on_identified(sd_bus_message *call, G_GNUC_UNUSED uid_t uid, const GError *error, void *userdata)
{
	const PolicyMethod *method = userdata;
	char **details = NULL;
	guint32 actions;
	int r;

	if (error) {
		on_answer(call, uid, error, NULL);
		return;
	}
	r = sd_bus_message_read(call, "u", &actions);
	if (r >= 0)
		r = sd_bus_message_read_strv(call, &details);
	if (r >= 0)
		r = policy_ask(policy, call, actions | 1u << method->action, (const char *const *)details, on_answer,
			       NULL);
	if (r < 0) {
		take_answer(sd_bus_message_get_sender(call));
		sd_bus_reply_method_errno(call, r, NULL);
	}
	for (char **detail = details; detail && *detail; detail++)
		free(*detail);
	free(details);
}

static int on_call(sd_bus_message *call, G_GNUC_UNUSED void *userdata, G_GNUC_UNUSED sd_bus_error *error)
{
	const PolicyMethod *method =
		policy_method_find(sd_bus_message_get_interface(call), sd_bus_message_get_member(call));
	int r;

	if (sd_bus_message_is_method_call(call, MANAGER, "Pending"))
		return sd_bus_reply_method_return(call, "u", count_due());
	if (!method)
		return 0;
	await_answer(sd_bus_message_get_sender(call));
	r = policy_identify(policy, call, on_identified, (void *)method);
	if (r < 0)
		take_answer(sd_bus_message_get_sender(call));
	return r < 0 ? r : 1;
}

static int on_name_owner_changed(sd_bus_message *signal, G_GNUC_UNUSED void *userdata,
				 G_GNUC_UNUSED sd_bus_error *error)
{
	const char *name, *before, *after;

	if (sd_bus_message_read(signal, "sss", &name, &before, &after) >= 0 && *name == ':' && !*after) {
		policy_sender_left(policy, name);
		g_hash_table_remove(due, name);
	}
	return 0;
}

static int serve(guint max_pending, guint64 timeout_usec, int ready)
{
	sd_event *event = NULL;
	sd_bus *bus = NULL;
	int r;

	r = sd_event_default(&event);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGTERM | SD_EVENT_SIGNAL_PROCMASK, NULL, NULL);
	if (r >= 0)
		r = sd_bus_open_system(&bus);
	if (r >= 0 && timeout_usec)
		r = sd_bus_set_method_call_timeout(bus, timeout_usec);
	if (r >= 0)
		r = sd_bus_add_object(bus, NULL, "/org/example/NetFilter", on_call, NULL);
	if (r >= 0)
		r = sd_bus_match_signal(bus, NULL, "org.freedesktop.DBus", "/org/freedesktop/DBus",
					"org.freedesktop.DBus", "NameOwnerChanged", on_name_owner_changed, NULL);
	if (r >= 0)
		r = sd_bus_request_name(bus, "org.example.NetFilter", 0);
	if (r >= 0)
		r = sd_bus_attach_event(bus, event, 0);
	if (r >= 0) {
		policy = policy_new(bus, max_pending);
		due = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
		if (write(ready, "", 1) == 1)
			r = sd_event_loop(event);
		policy_free(policy);
		g_hash_table_unref(due);
	}
	sd_bus_flush_close_unref(bus);
	sd_event_unref(event);
	return r;
}

pid_t policy_service_start(guint max_pending, guint64 timeout_usec)
{
	const struct passwd *user = getpwnam("netfilter");
	int ready[2];
	char byte;
	pid_t pid;

	if (!user || pipe(ready) < 0 || (pid = fork()) < 0)
		g_error("Cannot start the service");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setgroups(0, NULL) < 0 || setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0)
			_exit(2);
		prctl(PR_SET_DUMPABLE, 1); /* for the leak sanitizer */
		exit(serve(max_pending, timeout_usec, ready[1]) < 0);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		g_error("The service did not start");
	close(ready[0]);
	return pid;
}

void policy_service_stop(pid_t pid)
{
	int status = -1;

	kill(pid, SIGTERM);
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_cmpint(status, ==, 0);
}
