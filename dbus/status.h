/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"

/** What "systemctl status" shows: what there is, or why changes are refused. The caller's. */
char *status_text(const Service *service);

/** Tells systemd, if it is another than the last time; *told is that of the last time, NULL at first, the caller's. */
void status_tell(char **told, const Service *service);
