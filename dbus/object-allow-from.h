/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/object.h"
#include "dbus/reply.h"

/** Who may reach its ports. The effective list can be long, and many endpoints' the same: only who asks gets it. */
#define OBJECT_ALLOW_FROM_GETTERS(type)                                                                  \
	OBJECT_GETTER(type, get_allow_from, sources_append(reply, object_allow_from(&object->lifetime))) \
	OBJECT_GETTER(type, get_effective_allow_from,                                                    \
		      effective_sources_append(reply, ((const Found *)userdata)->bus, &object->lifetime))

#define OBJECT_ALLOW_FROM_PROPERTIES                                                                \
	SD_BUS_PROPERTY("AllowFrom", "as", get_allow_from, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE), \
		SD_BUS_PROPERTY("EffectiveAllowFrom", "as", get_effective_allow_from, 0,            \
				SD_BUS_VTABLE_PROPERTY_EXPLICIT)

int effective_sources_append(sd_bus_message *reply, const Bus *bus, const Lifetime *lifetime);

/** The steps of Update of an endpoint or an ingress. */
bool object_describe_update(Call *call, Description *description, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool object_run_update(Call *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
