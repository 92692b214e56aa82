/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/lifetime.h"

/** Told of what happened, after it is final. property is a property's name on the bus, static. */
typedef struct Observer {
	void (*added)(enum object_kind kind, void *object, void *userdata);
	void (*removed)(enum object_kind kind, void *object, void *userdata); /* freed afterwards */
	void (*changed)(enum object_kind kind, void *object, const char *property, void *userdata);
	/* what somebody else had changed: drifted are chains, NULL when none, and author who changed these, NULL where
	 * nobody knows; repaired is of the host; char * */
	void (*committed)(guint64 generation, guint added, guint removed, const GPtrArray *drifted, const char *author,
			  const GPtrArray *repaired, void *userdata);
	void (*zones_doubted)(void *userdata); /* somebody may have taken interfaces out of their zones */
	void (*expired)(void *userdata);       /* some lifetime has ended: service_end_lifetimes() is due */
	void *userdata;
} Observer;
