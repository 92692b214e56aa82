/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cli/settings.h"

/**
 * Makes an endpoint as the command line has it, in the network of that path; attached to a namespace by a socket of it,
 * or -1: to none. 0 or an exit code, after it was said why. *ret_path, if wanted, is the caller's.
 */
int endpoint_make(Cli *cli, const char *network, const char *name, enum life life, int namespace, char **ret_path);

/** Its properties, a{sv}, which are the caller's. 0 or an exit code, after it was said why. */
int endpoint_read(Cli *cli, const char *path, GVariant **ret);
