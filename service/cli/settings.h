/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cli/cli.h"

/** What an object is tied to that is made here. */
enum life {
	LIFE_PERSISTENT, /* until it is deleted */
	LIFE_CONNECTION, /* this program's */
};

/*
 * Settings of creations (a{sv}, floating) as the command line has them, so that the service says what is wrong with
 * them; NULL and INVALID_ARGS for ports that are not understood. Of an endpoint without an address the service is to
 * choose one in each of the families ("ipv4", "ipv6"). A socket of its namespace has it attached there; -1: it is not.
 */
GVariant *network_settings(const Options *options, enum life life);
GVariant *endpoint_settings(const Options *options, enum life life, const char *const *families, int namespace,
			    GError **error);
GVariant *ingress_settings(const Options *options, enum life life, GError **error);
