/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"

/** Before service_restore(): the configuration cannot be read. Takes over why, which is what every change fails with.
 */
void service_misconfigured(Service *service, GError *why);

/**
 * Reads the configuration again. INVALID_ARGS names the file, the line and what is wrong with it, or what cannot be
 * changed while the service runs (Backend, ChainPrefix); the old one stays in force then. What
 * the new one changes is committed, or fails as service_commit() does; then the unit files are read again.
 *
 * If it could not be read before, the service starts now: what keeps it from doing so is what this fails with. Needs
 * the lock.
 */
bool service_reload(Service *service, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#define CHAIN_PREFIX_LATER "ChainPrefix=%s takes effect when no object is left; until then the chains are called %s"
