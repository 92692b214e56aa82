/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

/*
 * A service with nothing but its policy. It has every method of policy_methods,
 * at /org/example/NetFilter, each as "uas → u": actions to ask for besides the
 * method's own (a bitmask), details; and returns the uid of the caller when it may.
 * Manager.Pending() → u is how many answers are due to connections that are there.
 */

/**
 * Starts it as the user netfilter and waits until it is on the bus.
 * timeout_usec: how long that waits for replies to its own calls; 0: as usual.
 */
pid_t policy_service_start(guint max_pending, guint64 timeout_usec);

/** Asks it to end, whatever is open; it must end without complaint. */
void policy_service_stop(pid_t pid);
