/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"

/** A rule as people read it, with what the kernel counted. */
typedef struct RuleLine {
	enum family family;
	const char *table;      /* static */
	char *chain, *text;     /* "DOCKER", "-i docker0 …" */
	guint64 packets, bytes; /* 0 where the rule is not in the kernel */
} RuleLine;

/** What an object asks for (GArray of RuleItem), a network's with its isolation and its endpoints'. The caller unrefs.
 */
GArray *service_rules_of_network(const Service *service, const Network *network);
GArray *service_rules_of_endpoint(const Service *service, const Endpoint *endpoint);
GArray *service_rules_of_ingress(const Service *service, const Ingress *ingress);

/** A line for each rule (GPtrArray of RuleLine), once where several parts ask for it. BACKEND_UNAVAILABLE, NO_MEMORY,
 * FAILED. */
GPtrArray *service_rule_lines(Service *service, const GArray *items, GError **error);

/** Everything that is asked for in one family, in the backend's text. The caller frees. */
char *service_dump(Service *service, enum family family);
