/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/bus.h"

/**
 * Looks at every call before anybody reads its arguments: a read that wants no answer is dropped, a call that is too
 * large is refused with LIMITS_EXCEEDED, and what costs more to answer than to ask goes to the reads. Negative errno.
 */
int filter_add(const Bus *bus);
