/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/support/bus.h"
#include "tests/support/netns.h"
#include "tests/support/probe.h"

typedef struct World World;

typedef struct Scenario {
	const char *path;
	void (*run)(World *world);
	const char *configuration; /* lines of it; NULL: the defaults */
	bool router;               /* the host forwards already, before the service comes */
} Scenario;

/*
 * A host with the service on it, between two other machines, made anew for every
 * scenario and gone with it:
 *
 *   outside    192.0.2.2     2001:db8:1::2 ┐      ┌ 192.0.2.1, 192.0.2.3     2001:db8:1::1
 *                                          ├ host ┤
 *   elsewhere  198.51.100.2  2001:db8:2::2 ┘      └ 198.51.100.1             2001:db8:2::1
 *
 * Both send everything through the host, containers too, so that nothing is
 * unreachable for want of a route.
 */
struct World {
	int host, outside, elsewhere; /* namespaces */
	GArray *containers;           /* their namespaces, int */
	sd_bus *bus;                  /* the caller's: what it creates goes with it */
	GPid service;                 /* 0: the test has ended it */
	const Scenario *scenario;
	const char *configuration; /* lines of it */
};

/** A container's place in a network; NULL what it lacks. */
typedef struct Place {
	const char *bridge;
	const char *address, *gateway;   /* "172.18.0.2/16", "172.18.0.1" */
	const char *address6, *gateway6; /* "fd00:18::2/64", "fd00:18::1" */
} Place;

/** A namespace with eth0 on that bridge, which must exist. Closed with the world. */
int world_container(World *world, const Place *place);

/** Gives the service another configuration to find; it is not told. */
void world_configure(World *world, const char *configuration);

/** Ends the service as a crash would and starts it again. */
void world_restart_service(World *world);

/** Detaches the caller from the bus and connects anew, as if a client died and another came. */
void world_reconnect(World *world);

/** Whether the rules are nftables', as $NETFILTERD_BACKEND says, and not iptables'. */
bool world_has_nftables(void);

/** The host's rules of one family ("iptables", "ip6tables"), as the backend's tool lists them. */
char *world_rules(const World *world, const char *family);

/** Runs each scenario in a world of its own: the main() of a scenario program. */
int scenarios_main(int argc, char **argv, const Scenario *scenarios, gsize n);
