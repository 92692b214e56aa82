/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Calls that are committed together fail each by itself: none because of one that failed. */

#include "tests/support/rig.h"

#include <string.h>

enum { MAX_CALLS = 4 };

#define MANAGER "", "Manager"
#define OLD "/network/old", "Network"
#define PUBLISHING(address) \
	"{'Addresses': <['" address "']>, 'Ports': <[('tcp', '', uint16 8080, uint16 80, uint16 1)]>}"

typedef struct Call {
	const char *path, *interface, *member, *types, *arguments;
	const char *outcome; /* what it begins with; "": it succeeds */
} Call;

typedef struct Case {
	const char *name, *fault;
	Call calls[MAX_CALLS];
} Case;

static const char create_old[] = "'old', {'Subnets': <['172.17.0.0/16']>, 'Bridge': <'br-old'>, 'Persistent': <true>}";

#define X_FAILS                                                                                                        \
	{                                                                                                              \
		MANAGER, "CreateNetwork", "sa{sv}",                                                                    \
			"'x', {'Subnets': <['172.18.0.0/16']>, 'Endpoints': <[('e', " PUBLISHING("172.18.0.2") ")]>}", \
			STANDARD("Failed")                                                                             \
	}
#define X_COMES                                                                                 \
	{                                                                                       \
		MANAGER, "CreateNetwork", "sa{sv}", "'x', {'Subnets': <['172.18.0.0/16']>}", "" \
	}
#define ONCE "bridge:EPERM:1"
/* With others, with less of them, and alone. */
#define TWICE "bridge:EPERM:2"
#define THRICE "bridge:EPERM:3"

static const Case cases[] = {
	{ "subnet",
	  ONCE,
	  { X_FAILS, { MANAGER, "CreateNetwork", "sa{sv}", "'y', {'Subnets': <['172.18.0.0/16']>}", "" } } },
	{ "name",
	  ONCE,
	  { X_FAILS, { MANAGER, "CreateNetwork", "sa{sv}", "'x', {'Subnets': <['172.19.0.0/16']>}", "" } } },
	{ "bridge",
	  ONCE,
	  { X_FAILS,
	    { MANAGER, "CreateNetwork", "sa{sv}", "'y', {'Subnets': <['172.19.0.0/16']>, 'Bridge': <'br-x'>}", "" } } },
	{ "port", ONCE, { X_FAILS, { OLD, "CreateEndpoint", "sa{sv}", "'e', " PUBLISHING("172.17.0.2"), "" } } },
	{ "quota",
	  ONCE,
	  { X_FAILS, { MANAGER, "CreateNetwork", "sa{sv}", "'y', {'Subnets': <['172.19.0.0/16']>}", "" } } },
	{ "what-is-not",
	  TWICE,
	  { X_FAILS,
	    { "/network/x", "Network", "Update", "a{sv}", "{'Masquerade': <false>}", STANDARD("UnknownObject") } } },
	{ "what-is-not-and-comes",
	  TWICE,
	  { X_FAILS,
	    { "/network/x", "Network", "Update", "a{sv}", "{'Masquerade': <false>}", STANDARD("UnknownObject") },
	    X_COMES } },
	/* Those that are refused are so in their order, and because of one another. */
	{ "one-of-two",
	  ONCE,
	  { X_FAILS,
	    { MANAGER, "CreateNetwork", "sa{sv}", "'y', {'Subnets': <['172.18.0.0/16']>}", "" },
	    { MANAGER, "CreateNetwork", "sa{sv}", "'z', {'Subnets': <['172.18.0.0/24']>}", OURS("SubnetInUse") } } },
	{ "others-between",
	  THRICE,
	  { X_FAILS,
	    { OLD, "CreateEndpoint", "sa{sv}", "'e', {'Addresses': <['172.17.0.2']>}", "" },
	    { OLD, "CreateEndpoint", "sa{sv}", "'e', {'Addresses': <['172.17.0.3']>}", OURS("EndpointExists") },
	    { OLD, "CreateEndpoint", "sa{sv}", "'f', " PUBLISHING("172.17.0.4"), "" } } },
	{ "none-fails",
	  NULL,
	  { X_COMES,
	    { MANAGER, "CreateNetwork", "sa{sv}", "'y', {'Subnets': <['172.18.0.0/16']>}", OURS("SubnetInUse") } } },
};

static void run(Rig *rig, const Case *test)
{
	Pipeline *pipeline = pipeline_new();
	guint n = 0;

	done(rig, MANAGER, "CreateNetwork", "sa{sv}", create_old);
	service_kill(rig->service);
	rig_start_failing(rig, test->fault);
	rig_pause(rig);
	for (; n < MAX_CALLS && test->calls[n].member; n++)
		pipeline_call(pipeline, rig->bus, test->calls[n].path, test->calls[n].interface, test->calls[n].member,
			      test->calls[n].types, test->calls[n].arguments);
	rig_resume(rig);
	pipeline_run(pipeline);
	for (guint i = 0; i < n; i++) {
		const char *outcome = pipeline_outcome(pipeline, i), *expected = test->calls[i].outcome;

		if (*expected ? g_str_has_prefix(outcome, expected) : !*outcome)
			continue;
		g_test_message("%s, call %u: \"%s\", not \"%s\"", test->name, i, outcome, expected);
		g_test_fail();
	}
	pipeline_free(pipeline);
	service_kill(rig->service);
	rig_start_failing(rig, NULL);
	answers(rig, "(0,)", MANAGER, "Reconcile", "", "");
	for (guint i = 0; i < n; i++)
		if (!*test->calls[i].outcome && strcmp(test->calls[i].path, "") == 0)
			done(rig, strstr(test->calls[i].arguments, "'y'") ? "/network/y" : "/network/x", "Network",
			     "Delete", "", "");
	done(rig, OLD, "Delete", "", "");
}

static void together(Rig *rig)
{
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		run(rig, &cases[i]);
}

static const BusTest tests[] = {
	{ "/batch/together", together, "MaxNetworks=2" },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
