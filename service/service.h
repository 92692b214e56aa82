/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/transaction.h"
#include "service/firewall.h"
#include "service/handover.h"
#include "service/host/flows.h"
#include "service/host/forwarding.h"
#include "service/journal/journal.h"
#include "service/observer.h"
#include "service/unit-file/store.h"

typedef struct Service Service;

/** Everything there is: the objects, the rules they ask for, and what of the host serves them. */
struct Service {
	Config config;
	char *config_path;
	sd_event *event;
	Observer observer;
	GError *refusal;    /* why nothing may be changed (FOREIGN_CHAIN, BACKEND_UNAVAILABLE, FAILED); NULL normally */
	bool misconfigured; /* that is why: what stands in config are the defaults */

	Model *model;
	Transaction transaction;

	Firewall *firewall;
	Handover *handover; /* NULL: the previous instance had the same backend, or its rules are gone */
	char **features;
	guint64 generation; /* commits that changed the kernel's rules */

	Netlink *netlink;
	Interfaces *interfaces;
	Forwarding *forwarding;
	HostPorts *host_ports;
	Attachments *attachments;
	Lifetimes *lifetimes;
	Flows *flows;
	Effects *closed, *opened; /* what the commit that is being made did to the host before and after the rules */

	char **unit_directories; /* by enum unit_directory */
	UnitStore *unit_store;
	GHashTable *awaited; /* set of names (char *): interfaces that ingresses of unit files wait for */

	Journal *journal; /* NULL before service_restore() */
	char *bus_id;     /* of the bus the owners are on */
	struct {
		bool has_previous;              /* there was a previous instance */
		bool keeps_chains;              /* its backend and prefix stay, whatever is configured */
		bool may_have_rules;            /* it may have used the firewall: what is in our chains is ours */
		bool turns_back;                /* it was on its way from the backend that is chosen again */
		bool other_bus;                 /* its owners were on another bus: all are gone */
		bool bridge_filter[N_FAMILIES]; /* it switched the sysctl for all bridges on, as version 2 did */
		bool first_commit;              /* is still to come: what differs in the kernel is no drift */
		GArray *unfinished;             /* Change: of a deletion, unfinished.h; NULL: none */
	} recovery;
	GHashTable *zones;        /* what zones of firewalld we put interfaces into: zones.h */
	bool firewalld_runs;      /* and is told of the zones of networks */
	GPtrArray *foreign_drops; /* ForeignChain: foreign-drops.h */
	GHashTable *told;         /* set of sentences (char *) that the log has once */
};

/**
 * Takes over config, copies config_path, refers to event; the directories of unit files are below unit_root, "" for
 * those of the host. NULL with FAILED when the kernel's netlink is not there.
 */
Service *service_new(Config *config, const char *config_path, const char *unit_root, sd_event *event, GError **error);

/** Tells of every object that an interface serves whether it is there. */
void service_announce_presence(Service *service, const char *interface);

/** Before anything is in the kernel: what keeps the rules and what its chains begin with is as configured; or it is as
 * the previous instance had it. */
void service_choose_chains(Service *service, const Config *config);
void service_keep_chains(Service *service, const BackendKind *backend, const char *prefix);

void service_free(Service *service); /* NULL is fine; the kernel keeps what it has */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Service, service_free)
