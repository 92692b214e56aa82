/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"

/*
 * Networks and ingresses that unit files ask for: a source of changes like calls. What is equal is left alone, what
 * can be changed in place is, what no file speaks of any more goes. A file that cannot be had is named in the log, the
 * others are in force, and what it said before stays.
 */

/** Makes everything as the files say now, and commits it. Needs the lock, and nothing else in the transaction. */
void service_load_units(Service *service);

/** Whether a file's ingress could not be had for want of that interface: loading units again is due when it comes. */
bool service_awaits_interface(const Service *service, const char *name);

/**
 * Tells what is wrong with files (paths, NULL-terminated), or with all that lie in the directories below unit_root,
 * one by one and together, without a service: each as a line for print. Whether all is well.
 */
bool units_check(const Config *config, const char *unit_root, char *const *paths, void (*print)(const char *line));
