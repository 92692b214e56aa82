/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

/*
 * A private system bus and the service on it, as a test needs them: in the
 * namespaces the process is in. What fails here without being asked about fails
 * the running test and says why.
 */

/** Starts a bus daemon at the usual place below /run. It ends with this process. */
void bus_start(void);

/** A connection of its own to that bus. */
sd_bus *bus_connect(void);

/** Gives the service these lines of configuration to find, and the backend the tests are run with if they name none. */
void service_configure(const char *configuration);

/** Starts netfilterd with these lines in its configuration and waits until its name is on the bus. */
GPid service_start(sd_bus *bus, const char *configuration);

/** Asks it to end and waits; it must end without complaint. Its state below /run stays for the next one. */
void service_stop(GPid pid);

/** Ends it as a crash would. */
void service_kill(GPid pid);

/**
 * Calls a method that must succeed. path is below /org/example/NetFilter,
 * interface below org.example.NetFilter; the rest as for sd_bus_message_append().
 */
void call(sd_bus *bus, const char *path, const char *interface, const char *member, const char *types, ...);

/** The same, and its reply; NULL when it failed. */
sd_bus_message *call_reply(sd_bus *bus, const char *path, const char *interface, const char *member, const char *types,
			   ...);

/** Calls a method that must fail: what follows the last dot of the error's name, or "" when it did not. */
const char *call_error(sd_bus *bus, const char *path, const char *interface, const char *member, const char *types,
		       ...);

/** Waits until there is no such object, as after the death of its client; fails the test when it stays. */
void wait_gone(sd_bus *bus, const char *path);
