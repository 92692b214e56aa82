/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/announce.h"
#include "dbus/call.h"
#include "dbus/heap.h"
#include "dbus/rule-reads.h"

/** What those have at hand who serve the bus: the server's parts, all borrowed from it. */
typedef struct Bus {
	sd_event *event;
	sd_bus *connection;
	Service *service;
	Policy *policy;
	Queue *queue;
	Calls *calls;
	Announcer *announcer;
	Reads *reads;
	RuleReads *rule_reads;
	Heap *heap;
} Bus;
