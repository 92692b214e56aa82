/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/transaction.h"
#include "service/firewall.h"
#include "service/host/flows.h"
#include "service/host/forwarding.h"
#include "service/journal/journal.h"
#include "service/service.h"

/** The nouns put together, for the ways to change them (start, restore, reload, expiry) and the one way to finish
 * (commit). */
struct Service {
	Config config;
	char *config_path;
	sd_event *event;
	Observer observer;
	GError *refusal; /* why nothing may be changed (FOREIGN_CHAIN, BACKEND_UNAVAILABLE, FAILED); NULL normally */

	Model *model;
	Transaction transaction;

	Firewall *firewall;
	char **features;
	guint64 generation; /* commits that changed the kernel's rules */

	Netlink *netlink;
	Interfaces *interfaces;
	Forwarding *forwarding;
	HostPorts *host_ports;
	Lifetimes *lifetimes;
	Flows *flows;
	Effects *closed, *opened; /* what the commit that is being made did to the host before and after the rules */

	Journal *journal; /* NULL before service_restore() */
	char *bus_id;     /* of the bus the owners are on */
	struct {
		bool has_previous;              /* there was a previous instance: what is in our chains is ours */
		bool other_bus;                 /* its owners were on another bus: all are gone */
		bool bridge_filter[N_FAMILIES]; /* it switched the sysctl for all bridges on, as version 2 did */
		bool first_commit;              /* is still to come: what differs in the kernel is no drift */
	} recovery;
	guint n_untidied; /* changes since the heap was last given back */
};

/** Writes the journal anew, as everything is now. FAILED leaves it as it was. */
bool service_checkpoint(Service *service, GError **error);
