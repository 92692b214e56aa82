/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"

/** Chains of others that stop what our rules accept, as of the last look, by foreign_chain_name(). The caller's. */
char **service_foreign_drops(const Service *service);

/** Looks for them, and says of each in the log that it is there, or that it is no more. */
void service_warn_of_foreign_drops(Service *service);

/** The same, without a word of those that were told of before. Whether there was anything to say. */
bool service_look_for_foreign_drops(Service *service);

/**
 * A descriptor that is readable when chains of others may have changed, which service_heard_of_others() finds out: then
 * it is time to look. -1: nobody tells. Idempotent, and so is the end of it.
 */
int service_listen_to_others(Service *service);
void service_stop_listening(Service *service);
bool service_heard_of_others(Service *service);
