/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

/* A polkit that listens and never answers, in this process; to see what the real one is told. */

/** Takes polkit's name, which must be free. */
void false_polkit_start(sd_bus *bus);

/**
 * What it is told next; "" when that is nothing for a long time. Free it.
 * "check KIND ACTION FLAGS ID" (KIND is the subject's), or "cancel ID".
 */
char *false_polkit_hear(sd_bus *bus);

void false_polkit_stop(sd_bus *bus);
