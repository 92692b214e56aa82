/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/transaction.h"
#include "service/observer.h"

/**
 * The service as those see it who do not look into it. What is const belongs to the service.
 */
typedef struct Service Service;

void service_set_observer(Service *service, const Observer *observer);

/** What requests make their changes with; service_commit() (commit.h) brings them to the kernel and the host. */
Transaction *service_transaction(Service *service);

const Config *service_config(const Service *service);
const Model *service_model(const Service *service);

/** Who may reach an object's ports at last: its list, or its network's, as far as the configuration lets it. */
AllowFrom *service_effective_allow_from(const Service *service, const Lifetime *lifetime);

/** How many commits changed the kernel's rules. */
guint64 service_generation(const Service *service);

/** What keeps the rules in the kernel, static; and what it can do ("ipv6", "ranges", …), NULL-terminated. */
const char *service_backend_name(const Service *service);
const char *const *service_features(const Service *service);

/** Whether nothing is there, nor waits to be deleted. */
bool service_is_idle(const Service *service);

/** Whether bridges that networks left wait to be deleted, and deletes one: some 20 ms. Whether more wait. */
bool service_has_leftovers(const Service *service);
bool service_delete_leftover(Service *service);

/** Whether changes are possible at all: FOREIGN_CHAIN, BACKEND_UNAVAILABLE, FAILED. */
bool service_is_available(const Service *service, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether any object goes when the connection with this unique name does. */
bool service_owns(const Service *service, const char *unique_name);

/** How often service_find_changed_rules() is to be asked, in seconds; 0: the kernel tells, or nothing is there. */
guint service_check_interval(const Service *service);

/** The tables that somebody else may have changed (char *, static): then service_reconcile() (commit.h) is due. The
 * array is the caller's. */
GPtrArray *service_find_changed_rules(Service *service);

/** Takes and gives back what other programs that write rules are kept out with: 0, -EAGAIN, another negative errno. */
int service_lock(Service *service) G_GNUC_WARN_UNUSED_RESULT;
void service_unlock(Service *service);
const char *service_lock_name(const Service *service);

/** Readable when others may have changed the rules, which service_heard_of_rules() finds out; -1: nobody is told. */
int service_rules_fd(const Service *service);
bool service_heard_of_rules(Service *service);

/** Readable when service_end_flows() is due: old connections are being ended, and nobody was answered yet. -1: none. */
int service_flows_fd(const Service *service);
void service_end_flows(Service *service);

/** Whether the interface of a network or ingress is there. */
bool service_serves(const Service *service, const char *interface);

/** An interface came, was renamed to a name, was set up or down, or is gone. */
void service_look_at_interface(Service *service, int ifindex, const char *name, bool gone);

/**
 * Somebody may have changed an interface, or what the host forwards. service_find_faults() (expiry.h) says whether
 * anything is to be put right.
 */
void service_touch_interface(Service *service, int ifindex); /* 0: any of them */
void service_touch_forwarding(Service *service);

/** One by an interface is gone, one was replaced (0), or nobody knows (NULL, 0). Whether a bridge may lack it. */
bool service_touch_routes(Service *service, const Prefix *destination, int ifindex);

/** The same of what the kernel tells nobody of, as route_localnet: that costs some questions a bridge. */
void service_touch_untold(Service *service);
