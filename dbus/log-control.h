/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <systemd/sd-bus.h>

/** Puts /org/freedesktop/LogControl1 on the bus; negative errno. */
int log_control_add(sd_bus *bus);
