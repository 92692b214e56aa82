/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/transaction.h"

/**
 * The chains that stand from the start are asked for, or no longer; where a previous instance had them, they stay, and
 * all of the host is looked at.
 */
void service_ask_for_chains(Transaction *transaction, bool wanted);

/** An interface that serves objects, and forwarding, or with NULL that alone, is not as it was: it is looked at. */
void service_look_at(Transaction *transaction, const char *interface);

/** Another configuration takes the place of the present one, whose owner is given; takes over what is in fresh. */
void service_configure(Transaction *transaction, Config *present, Config *fresh);

extern const ChangeKind service_started, service_resumed, service_stopped, service_configured, host_touched;
