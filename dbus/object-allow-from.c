/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/object-allow-from.h"

#include "dbus/details-sources.h"
#include "dbus/settings.h"
#include "service/change/change-allow-from.h"

/* Whose list holds where an object has none. */
static const AllowFrom *fallback_of(const Lifetime *lifetime)
{
	return lifetime->kind == OBJECT_ENDPOINT ? ((const Endpoint *)lifetime->object)->network->options.allow_from
						 : NULL;
}

bool object_describe_update(Call *call, Description *description, GError **error)
{
	Lifetime *lifetime = call_lifetime(call, error);
	g_auto(GStrv) texts = NULL;
	bool given;

	return lifetime && allow_from_update_read(&call->cursor, &texts, &given, error) &&
	       (!given || description_add_sources(description, texts, fallback_of(lifetime),
						  service_config(call->service), error));
}

bool object_run_update(Call *call, GError **error)
{
	Lifetime *lifetime = call_lifetime(call, error);
	g_auto(GStrv) texts = NULL;
	bool given;

	return lifetime && allow_from_update_read(&call->cursor, &texts, &given, error) &&
	       (!given || object_set_allow_from(service_transaction(call->service), lifetime, texts, error));
}

int effective_sources_append(sd_bus_message *reply, const Bus *bus, const Lifetime *lifetime)
{
	AllowFrom *list = service_effective_allow_from(bus->service, lifetime);
	int r = sources_append(reply, list);

	allow_from_unref(list);
	return r;
}
