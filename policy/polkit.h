/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include <systemd/sd-bus.h>

/** One question to polkit: is the sender of a message authorised for one action? */
typedef struct PolkitCheck PolkitCheck;

/**
 * Called once, after which the check may only be freed, also from here. error NULL means yes; otherwise
 * ACCESS_DENIED, INTERACTIVE_REQUIRED, or QUOTA_EXCEEDED when the bus has too many questions under way.
 */
typedef void (*PolkitVerdict)(const GError *error, void *userdata);

/**
 * Asks; the verdict never comes from within. details is key, value, key, value…, NULL-terminated, and not
 * kept. Waits as long as the bus does for any reply, or two minutes when a person may have to type a
 * password. Negative errno: the question could not be sent, and *ret is left alone.
 */
int polkit_check_new(sd_bus_message *call, const char *action, const char *const *details, PolkitVerdict verdict,
		     void *userdata, PolkitCheck **ret);

/**
 * Nobody waits any more: takes the dialog away from the person asked. The verdict
 * still comes, as soon as polkit has heard of it.
 */
void polkit_check_cancel(PolkitCheck *check);

/** NULL is fine. A check without a verdict is cancelled, and its verdict will not come. */
void polkit_check_free(PolkitCheck *check);
