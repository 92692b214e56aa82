/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/benchmark/measure.h"

#include <systemd/sd-bus.h>

/*
 * The service on a private bus, and the calls the measurements make. A call that fails ends the measurement.
 */

#define SERVICE "org.example.NetFilter"
#define ROOT "/org/example/NetFilter"
#define WEB ROOT "/network/web"
#define SPARE WEB "/endpoint/spare" /* an endpoint without ports */

#define FIRST_PORT 20000u /* host ports count from here */
#define SPARE_PORT 19000u /* one below them, never published in between */

typedef struct Service {
	sd_bus *bus;
	GPid pid;
} Service;

/** The words before the program's name, to run it under another; NULL: none. */
extern const char *const *service_prefix;

/** What keeps its rules: "iptables", unless it is set before the service starts. */
extern const char *service_backend;
bool service_has_nftables(void);

/** What is measured, and with nftables that it is so. Never freed. */
const char *variant(const char *text);

/** The host port of the ith endpoint, by protocol: there are not as many of one. */
typedef struct HostPort {
	const char *protocol;
	guint16 port;
} HostPort;
HostPort host_port(guint i);

/** Starts bus and service, and creates network "web" (10.0.0.0/8) with n endpoints of a port each, and "spare";
 * settled. */
Service service_new(guint n);

/** Starts the bus alone. */
void bus_start(void);

/** A connection of its own. */
sd_bus *bus_connect(void);

/** Starts the service and waits for its name; *ret_ms is how long that took. */
GPid service_start(sd_bus *bus, double *ret_ms);

/** Waits until everything before is answered and signalled, and the service sleeps. */
void service_settle(const Service *service);

/** The CPU time that it has used. */
double service_used_ms(const Service *service);

/** Ends it as a crash would. */
void service_kill(Service *service);

/** "10.0.0.2" and on. */
const char *endpoint_address(guint i, char buffer[static 16]);

/** A method call, its arguments as for sd_bus_message_append(). Paths and interfaces whole. */
sd_bus_message *message_new(sd_bus *bus, const char *path, const char *interface, const char *member, const char *types,
			    ...);

/** Sends it (and unrefs it), waits for the reply, which the caller unrefs. */
sd_bus_message *ask(sd_bus *bus, sd_bus_message *message);
void call(sd_bus *bus, sd_bus_message *message);

/** Sends it and does not wait. */
void send_call(sd_bus *bus, sd_bus_message *message);

/** Waits until everything sent is answered. */
void wait_for_replies(sd_bus *bus);

/** Publish or Unpublish of count ports from port on, to the same ports of the endpoint: three rules. */
sd_bus_message *publish_message(sd_bus *bus, const char *endpoint, const char *method, guint port, guint count);

/** Publish of n ports to as many ports of the spare endpoint. */
sd_bus_message *ports_message(sd_bus *bus, guint n);

/** CreateEndpoint, persistent or not, without or with a port (0: none). */
sd_bus_message *endpoint_message(sd_bus *bus, const char *name, guint i, guint port, bool persistent);

/** CreateEndpoints of n, with a port each or none. */
sd_bus_message *endpoints_message(sd_bus *bus, guint n, bool ports);

sd_bus_message *ping_message(sd_bus *bus);

/** CreateNetwork "net<i>" with 10.<i>.0/24. */
sd_bus_message *network_message(sd_bus *bus, guint i);

guint64 get_generation(sd_bus *bus);
