/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/support/bus.h"
#include "tests/support/netns.h"

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

/*
 * The service and a caller of it, made anew for every test: on a host with the
 * addresses 192.0.2.1/24 and 2001:db8:1::1/64, over a private bus. The caller
 * speaks through GDBus, which knows nothing of the service's own library.
 *
 * Values are said as GVariant text, arguments as one value each, so
 *   "sa{sv}", "'web', {'Subnets': <['172.18.0.0/16']>}"
 * is a name and its settings. Paths are below /org/example/NetFilter and
 * interfaces below org.example.NetFilter; an interface with a dot stands for itself.
 */

#define ROOT "/org/example/NetFilter"
#define OURS(name) "org.example.NetFilter.Error." name
#define STANDARD(name) "org.freedesktop.DBus.Error." name

typedef struct Rig {
	int host; /* its namespace, which the process is in */
	GDBusConnection *bus;
	sd_bus *starter;
	GPid service;
	const char *configuration; /* lines of it */
} Rig;

typedef struct BusTest {
	const char *path;
	void (*run)(Rig *rig);
	const char *configuration;      /* NULL: the defaults */
	void (*before)(const Rig *rig); /* what the service is to find when it comes */
} BusTest;

/** main() of a program of such tests. */
int bus_tests_main(int argc, char **argv, const BusTest *tests, gsize n);

/** Another connection to the bus, as another client. Close with connection_close(). */
GDBusConnection *connection_new(void);
void connection_close(GDBusConnection *connection);

/** Ends the service as a crash would and starts it again. */
void rig_restart(Rig *rig);

/** The bus daemon's process. */
pid_t rig_bus_pid(const Rig *rig);

/** Starts the service, built to fail on demand (fault.h), with such a fault; NULL: with none. */
#define RIG_FAULT "NETFILTERD_FAULT"
void rig_start_failing(Rig *rig, const char *fault);

/** Starts it to die of a fault, or after so many commits. Whether it died of it; if not it is there. */
bool rig_start_dying_of(Rig *rig, const char *fault);
bool rig_start_dying(Rig *rig, guint commits);

/** What is called between the two the service finds at once, so that it is one batch on a busy machine too. */
void rig_pause(const Rig *rig);
void rig_resume(const Rig *rig);

/** Gives the service another configuration to find; it is not told. */
void rig_configure(const Rig *rig, const char *configuration);

/** The reply of a call that must succeed; NULL, and a failed test, when it did not. */
GVariant *ask(const Rig *rig, const char *path, const char *interface, const char *member, const char *types,
	      const char *arguments);

/** A call that must succeed. */
void done(Rig *rig, const char *path, const char *interface, const char *member, const char *types,
	  const char *arguments);

/** A call that must succeed with this reply, as GVariant prints it without annotations. */
void answers(const Rig *rig, const char *reply, const char *path, const char *interface, const char *member,
	     const char *types, const char *arguments);

/**
 * A call that must fail with exactly this error, in a sentence that has names in it, and must leave
 * everything as it was: rules, links, objects, what the service has open.
 */
void refused(Rig *rig, const char *error, const char *names, const char *path, const char *interface,
	     const char *member, const char *types, const char *arguments);

/** The same with descriptors, which are closed, for the handles in the arguments. */
GVariant *ask_with_fds(GDBusConnection *connection, const char *path, const char *interface, const char *member,
		       const char *types, const char *arguments, GUnixFDList *fds, GError **error);

/** A property, as GVariant prints it without annotations; free it. NULL when it could not be had. */
char *property(const Rig *rig, const char *path, const char *interface, const char *name);
void property_is(const Rig *rig, const char *value, const char *path, const char *interface, const char *name);

/** Fails unless there is, or is not, such an object. */
void exists(const Rig *rig, const char *path);
void gone(const Rig *rig, const char *path);

/** Waits until there is no such object; fails when it stays. */
void goes(const Rig *rig, const char *path);

/** Every rule of both families without counters; every link; every object with its properties; open
 * descriptors. */
char *rig_rules(const Rig *rig);
char *rig_links(const Rig *rig);
char *rig_objects(const Rig *rig);
guint rig_descriptors(const Rig *rig);
guint64 rig_wakeups(const Rig *rig); /* how often it slept and woke up again */

/** How often part stands in text. */
guint count_parts(const char *text, const char *part);

/** All of that. */
char *rig_state(const Rig *rig);

/*
 * Calls that do not wait for one another, as far as the bus allows: they are sent
 * in order, and outcomes come as they come.
 */
typedef struct Pipeline Pipeline;

Pipeline *pipeline_new(void);
void pipeline_free(Pipeline *pipeline);
void pipeline_call(Pipeline *pipeline, GDBusConnection *connection, const char *path, const char *interface,
		   const char *member, const char *types, const char *arguments);

/** Waits for all of them. */
void pipeline_run(Pipeline *pipeline);

/** "" for the nth call if it succeeded, else "error name: message". */
const char *pipeline_outcome(const Pipeline *pipeline, guint n);

/** The place in time at which the nth call was answered, from 0. */
guint pipeline_place(const Pipeline *pipeline, guint n);
