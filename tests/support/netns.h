/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Network namespaces for tests, each a file descriptor. The calling process has
 * one thread and moves between them. What fails here ends the test program.
 */

/**
 * Gives the process a mount namespace of its own with an empty /run, so that the
 * lock file, the bus socket and the state of a test are nobody else's.
 * false, with a reason, where the process has no right to do so or the kernel lacks the legacy tables.
 */
bool netns_isolate(const char **ret_reason);

/** What such a program begins with, for g_test_init(): an assertion that fails does not end it. Where that cannot be it
 * says why and exits, skipped. */
void netns_test_init(int *argc, char ***argv);

/** A fresh namespace with loopback up and IPv6 addresses usable at once. Closing it ends it. */
int netns_new(void);

/** The namespace the process is in now. */
int netns_current(void);

void netns_enter(int netns);

/** Runs a command line there, as the shell would split it; it must succeed. */
void netns_run(int netns, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** The same, and what it printed. */
char *netns_output(int netns, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** Writes a switch below /proc/sys there. false when it does not exist. */
bool netns_sysctl(int netns, const char *name, const char *value);
/** What it is there, with the line's end. NULL when it does not exist. */
char *netns_sysctl_read(int netns, const char *name);

/** Waits until each IPv6 address of an interface that is up can be used: the kernel gives them their routes in its own
 * time. */
void netns_wait_for_addresses(int netns, const char *interface);
