/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/action.h"
#include "service/access.h"
#include "service/change/claim.h"

/** What polkit is told, and which actions the call needs besides its own. */
typedef struct Description {
	guint actions;      /* set of 1 << enum policy_action */
	GPtrArray *details; /* key, value, …; char *, owned */
	bool tells_labels;  /* or has found that there is no one answer */
} Description;

Description description_new(void);
void description_clear(Description *description);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Description, description_clear)

/** One value, told as cut() shows it: whole, unless it cannot be a value that is right. A list may be longer. */
void description_add(Description *description, const char *key, const char *value);

/** Tells of port mappings: what is the same for all of them. */
void description_add_mappings(Description *description, const GArray *mappings);
void description_add_ports(Description *description, const GArray *ports);

/** Tells of labels: "key=value", each on a line of its own, whole. */
void description_add_labels(Description *description, char *const *labels);

/** Tells of what a creation asks for, and demands what that needs. */
void description_add_network(Description *description, const Network *network);
void description_add_source_address(Description *description, const Address sources[static N_FAMILIES]);
void description_add_ingress(Description *description, const Ingress *ingress);
void description_add_claim(Description *description, const Claim *claim);
void description_add_lifetime(Description *description, const LifetimeSettings *lifetime);
void description_add_ingress_settings(Description *description, const IngressSettings *settings);
void description_add_endpoint(Description *description, const EndpointSettings *settings);

/** Likewise, with the names of all endpoints: QUOTA_EXCEEDED for more than max, INVALID_ARGS for a name. */
bool description_add_network_settings(Description *description, const NetworkSettings *settings, guint max,
				      GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool description_add_endpoints(Description *description, const GPtrArray *endpoints, guint max,
			       GError **error) G_GNUC_WARN_UNUSED_RESULT;
