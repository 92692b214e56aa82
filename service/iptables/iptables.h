/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/rules/backend.h"

/**
 * The backend that writes the tables of iptables-legacy(8) through libiptc, in both families. Its lock is that of all
 * xtables users: $XTABLES_LOCKFILE, else /run/xtables.lock.
 */
extern const BackendKind iptables_backend;
