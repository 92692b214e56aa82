/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include <systemd/sd-bus.h>

/** The D-Bus error name of a NETFILTER_ERROR; Failed for a GError of another domain. Static. */
const char *error_name(const GError *error);

/** Sets a D-Bus error from a GError; returns the negative errno that a method handler returns. */
int error_set(sd_bus_error *ret, const GError *error);
