/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/rules/backend.h"

/** What only looks: BackendKind.probe, .counters, .forward_policy and .find_foreign. */
bool iptables_probe(Backend *backend, enum family family, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool iptables_counters(Backend *backend, const Rule *const *rules, gsize n, RuleCounters *ret,
		       GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool iptables_forward_policy(Backend *backend, enum family family, enum rule_target *ret,
			     GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool iptables_find_foreign(Backend *backend, const Ruleset *ruleset, char ***ret,
			   GError **error) G_GNUC_WARN_UNUSED_RESULT;
