/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"

/**
 * Tells systemd what "systemctl status" shows, there being another than the last time: what there is, or why changes
 * are refused. *told is that of the last time, NULL at first, the caller's.
 */
void status_tell(char **told, const Service *service);
