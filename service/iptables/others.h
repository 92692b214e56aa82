/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/rules/others.h"

/** FORWARD, where this backend is not in use and all in it is somebody else's. */
extern const Others iptables_others;
