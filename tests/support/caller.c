/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/caller.h"

#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PREFIX "org.example.NetFilter."

enum outcome { YES, DENIED, INTERACTIVE, QUOTA, OTHER, N_OUTCOMES };

static const char *const outcome_names[N_OUTCOMES] = { "yes", "denied", "interactive", "quota", "other" };

typedef struct Trip {
	FILE *report;
	const Errand *errand;
	guint outcomes[2][N_OUTCOMES];
	guint replies;
	bool in_order;
} Trip;

static enum outcome outcome_of(const sd_bus_error *error)
{
	if (!error)
		return YES;
	if (sd_bus_error_has_name(error, SD_BUS_ERROR_ACCESS_DENIED))
		return DENIED;
	if (sd_bus_error_has_name(error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED))
		return INTERACTIVE;
	if (sd_bus_error_has_name(error, PREFIX "Error.QuotaExceeded"))
		return QUOTA;
	return OTHER;
}

typedef struct Expected {
	Trip *trip;
	guint index;
} Expected;

static int on_reply(sd_bus_message *reply, void *userdata, G_GNUC_UNUSED sd_bus_error *unused)
{
	Expected *expected = userdata;
	Trip *trip = expected->trip;
	const sd_bus_error *error = sd_bus_message_get_error(reply);
	guint32 uid = 0;

	trip->outcomes[trip->errand->asks[1].member ? expected->index % 2 : 0][outcome_of(error)]++;
	trip->in_order = trip->in_order && expected->index == trip->replies;
	trip->replies++;
	if (trip->errand->n == 1) {
		if (error)
			fprintf(trip->report, "%s: %s", strrchr(error->name, '.') + 1, error->message);
		else if (sd_bus_message_read(reply, "u", &uid) >= 0)
			fprintf(trip->report, "yes %u", uid);
	}
	g_free(expected);
	return 0;
}

static int ask(sd_bus *bus, Trip *trip, guint index)
{
	const Ask *ask = &trip->errand->asks[trip->errand->asks[1].member ? index % 2 : 0];
	g_autofree char *interface = g_strconcat(PREFIX, ask->interface, NULL);
	sd_bus_message *call = NULL;
	Expected *expected = g_new(Expected, 1);
	int r;

	*expected = (Expected){ trip, index };
	r = sd_bus_message_new_method_call(bus, &call, "org.example.NetFilter", "/org/example/NetFilter", interface,
					   ask->member);
	if (r >= 0)
		r = sd_bus_message_set_allow_interactive_authorization(call, ask->interactive);
	if (r >= 0)
		r = sd_bus_message_append(call, "u", ask->actions);
	if (r >= 0)
		r = sd_bus_message_append_strv(call, (char **)ask->details);
	if (r >= 0)
		r = sd_bus_call_async(bus, NULL, call, on_reply, expected, 60 * G_USEC_PER_SEC);
	sd_bus_message_unref(call);
	return r;
}

static int travel(FILE *report, const Errand *errand)
{
	Trip trip = { .report = report, .errand = errand, .in_order = true };
	sd_bus *bus;
	int r;

	r = sd_bus_open_system(&bus);
	for (guint sent = 0; r >= 0 && trip.replies < errand->n;) {
		while (r >= 0 && sent < (errand->pipelined ? errand->n : trip.replies + 1))
			r = ask(bus, &trip, sent++);
		if (r >= 0)
			r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
	}
	if (errand->n != 1) {
		for (guint i = 0; i < (errand->asks[1].member ? 2 : 1); i++)
			for (guint k = 0; k < N_OUTCOMES; k++)
				fprintf(report, "%s=%u ", outcome_names[k], trip.outcomes[i][k]);
		fprintf(report, "%s", trip.in_order ? "in order" : "out of order");
	}
	return r;
}

void caller_start(Caller *caller, uid_t uid, const Errand *errand)
{
	int control[2], report[2];
	char byte;

	fflush(stdout);
	if (pipe(control) < 0 || pipe(report) < 0 || (caller->pid = fork()) < 0)
		g_error("Cannot start a caller");
	if (caller->pid == 0) {
		FILE *stream = fdopen(report[1], "w");

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0 ||
		    read(control[0], &byte, 1) != 1)
			_exit(2);
		if (travel(stream, errand) < 0)
			fprintf(stream, "the bus failed");
		fflush(stream);
		_exit(0);
	}
	close(control[0]);
	close(report[1]);
	caller->control = control[1];
	caller->report = fdopen(report[0], "r");
}

void caller_go(Caller *caller)
{
	if (write(caller->control, "", 1) != 1)
		g_error("The caller is gone");
}

static void reap(Caller *caller)
{
	close(caller->control);
	fclose(caller->report);
	waitpid(caller->pid, NULL, 0);
}

char *caller_finish(Caller *caller)
{
	char *report = NULL;
	gsize size = 0;

	if (getdelim(&report, &size, '\0', caller->report) < 0)
		g_error("The caller has nothing to report");
	reap(caller);
	g_test_message("%s", report);
	return report;
}

void caller_kill(Caller *caller)
{
	kill(caller->pid, SIGKILL);
	reap(caller);
}

char *caller_run(uid_t uid, const Errand *errand)
{
	Caller caller;

	caller_start(&caller, uid, errand);
	caller_go(&caller);
	return caller_finish(&caller);
}
