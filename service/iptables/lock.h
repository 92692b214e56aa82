/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/**
 * The lock that every user of xtables takes: flock(2) on $XTABLES_LOCKFILE, else
 * /run/xtables.lock, as iptables(8) does. Never waits.
 *
 * Returns a descriptor that holds the lock until it is closed; -EAGAIN while
 * another holds it; another negative errno when the file cannot be opened.
 */
int xtables_lock(void) G_GNUC_WARN_UNUSED_RESULT;
