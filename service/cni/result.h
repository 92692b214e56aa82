/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cni/config.h"

/*
 * What is said to the runtime on standard output: JSON, the caller's.
 */

/** Of ADD alone: endpoint and network are the properties (a{sv}) of what was made. */
char *result_of_attachment(const CniConfig *config, const Environment *environment, GVariant *endpoint,
			   GVariant *network);

/** Of ADD in a chain: what the plugin before said. */
char *result_of_previous(const CniConfig *config);

/** Of VERSION; version NULL: the newest. */
char *result_of_version(const char *version);

/** Of a failure; details may be NULL. */
char *result_of_error(const char *version, const GError *error, const char *details);
