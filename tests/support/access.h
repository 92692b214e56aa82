/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/action.h"
#include "tests/support/rig.h"

/*
 * Who may do what with the whole service: run as its unit runs it, with a real polkitd that has the example
 * rules, and callers of other users. For programs that run in tests/support/private-bus.
 */

#define ALICE 2001
#define BOB 2002
#define WEB "/network/web"
#define APP WEB "/endpoint/app"
#define FRONT "/ingress/front"
#define ACTION(name) "org.example.NetFilter." name
#define INTERACTIVE STANDARD("InteractiveAuthorizationRequired")
#define DENIED STANDARD("AccessDenied")

/** The arguments of Publish for one port, any host address, endpoint port 80. */
#define MAPPING(protocol, port) "[('" protocol "', '', uint16 " port ", uint16 80, uint16 1)]"

typedef struct World {
	Rig rig; /* the caller of its functions is root, or who is set with as() */
	GDBusConnection *root, *alice, *bob;
} World;

typedef struct AccessTest {
	const char *path;
	void (*run)(World *world);
	const char *configuration; /* NULL: the defaults */
	/** Alice and bob are of the group netfilter: by the example they may do all that concerns only what
	 * is theirs. */
	bool members;
} AccessTest;

/** main() of a program of such tests. */
int access_tests_main(int argc, char **argv, const AccessTest *tests, gsize n);

/** Another connection of that user's. Close with connection_close(). */
GDBusConnection *connect_as(uid_t uid);

/** The rig, with somebody else as the caller. */
Rig *as(World *world, GDBusConnection *caller);
Rig *as_root(World *world);

/** Ends polkitd as a crash would, and starts it anew; both wait for the bus to know. */
void polkit_start(World *world);
void polkit_kill(World *world);
pid_t polkit_pid(World *world);

/** Root's network web, with the endpoints app (tcp port 8080) and other, network db, and ingress front. */
void create_base(World *world);

/** Alice's network mine, with these further settings. */
void alice_creates(World *world, const char *settings);

/** Calls every method that changes anything: who may call none gets this error, which names the action. */
void refuse_all(World *world, GDBusConnection *caller, const char *error);

/** Publishes a tcp port of app without waiting for the answer. */
void ask_publish(Pipeline *pipeline, GDBusConnection *connection, const char *port);

/** Fails unless the nth call ended with this error. */
void expect_outcome(const Pipeline *pipeline, guint n, const char *error);

/** Sees to it that what was called is on its way. */
void flush(GDBusConnection *connection);

/** Waits until the service has put what was called over this connection to polkit. */
void wait_until_asked(World *world, GDBusConnection *caller);
