/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"

/** Rules as people read them, with what the kernel counted: as they were when they were read, whatever changes since.
 */
typedef struct RuleLines RuleLines;

typedef struct RuleLine {
	enum family family;
	const char *table, *chain; /* static, and valid as long as the backend: "filter", "DOCKER" */
	char *text;                /* "-i docker0 …"; the caller frees */
	guint64 packets, bytes;    /* 0 where the rule is not in the kernel */
} RuleLine;

/** What an object asks for (GArray of RuleItem), a network's with its isolation and its endpoints'. The caller unrefs.
 */
GArray *service_rules_of_network(const Service *service, const Network *network);
GArray *service_rules_of_endpoint(const Service *service, const Endpoint *endpoint);
GArray *service_rules_of_ingress(const Service *service, const Ingress *ingress);

/** A line for each rule, once where several parts ask for it. BACKEND_UNAVAILABLE, NO_MEMORY, FAILED. */
RuleLines *service_rule_lines(Service *service, const GArray *items, GError **error);
RuleLines *rule_lines_ref(RuleLines *lines);
void rule_lines_unref(RuleLines *lines); /* before the service is freed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RuleLines, rule_lines_unref)

guint rule_lines_count(const RuleLines *lines);

/** Writes the nth line; false where the backend has no rule for what is asked for. */
bool rule_lines_get(const RuleLines *lines, guint n, RuleLine *ret);

/** Everything that is asked for in one family, in the backend's text. The caller frees. */
char *service_dump(Service *service, enum family family);
