/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/bus.h"

/**
 * Looks at every call before anybody reads its arguments: a read that wants no answer is dropped, what costs more to
 * answer than to ask goes to the reads, and what is larger than any call that has a use is refused with
 * LIMITS_EXCEEDED; the size of those that may be large is left to whoever reads them. Negative errno.
 */
int filter_add(const Bus *bus);
