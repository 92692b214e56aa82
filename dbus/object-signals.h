/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/bus.h"

/** As the announcer sends them; userdata is the Bus. */
extern const ObjectSignals object_signals;
