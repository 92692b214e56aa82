/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/** Something of the host that was not as wanted, and was put right. */
typedef struct Repair {
	char *object; /* what it is of, for people: "bridge br-web", "ip_forward" */
	char *what;   /* that, or a part of it: "rp_filter of bridge br-web" */
	char *from, *to;
} Repair;

/** A list of them; the caller's. */
GPtrArray *repairs_new(void);

/** part is NULL for the object itself. All is copied. */
void repairs_add(GPtrArray *repairs, const char *object, const char *part, const char *from, const char *to);

/** A line of the log each. */
void repairs_log(const GPtrArray *repairs);

/** That somebody insists on changing it, and it is put right no longer at once. */
void repair_warn_of_pace(const Repair *repair);
