/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/rules/backend.h"

/** BackendKind.commit. */
bool iptables_commit(Backend *backend, Ruleset *ruleset, BackendCommit *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
