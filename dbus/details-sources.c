/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/details-sources.h"

#include "service/sources.h"

#include <string.h>

/* Whole, however long: a rule must not take a part for it. */
static void add(Description *description, const AllowFrom *effective)
{
	g_ptr_array_add(description->details, g_strdup("allow-from"));
	g_ptr_array_add(description->details, effective ? allow_from_format(effective) : g_strdup(""));
}

static bool find_effective(char *const *texts, const AllowFrom *fallback, const Config *config, AllowFrom **ret,
			   GError **error)
{
	AllowFrom *list;

	if (!sources_read(texts, ALLOW_FROM_MAX, &list, error))
		return false;
	*ret = allow_from_intersect(list ?: fallback, config->allow_from);
	allow_from_unref(list);
	return true;
}

bool description_add_sources(Description *description, char *const *texts, const AllowFrom *fallback,
			     const Config *config, GError **error)
{
	AllowFrom *effective;

	if (!find_effective(texts, fallback, config, &effective, error))
		return false;
	add(description, effective);
	allow_from_unref(effective);
	return true;
}

/* first: what is told of already, or the first of the endpoints' where there is none. */
static bool add_common(Description *description, const AllowFrom *first, bool has_first, const GPtrArray *endpoints,
		       const AllowFrom *fallback, const Config *config, GError **error)
{
	AllowFrom *common = allow_from_ref(first), *effective;
	bool same = true;

	for (guint i = 0; endpoints && i < endpoints->len; i++) {
		if (!find_effective(((const EndpointSettings *)endpoints->pdata[i])->allow_from, fallback, config,
				    &effective, error)) {
			allow_from_unref(common);
			return false;
		}
		if (!has_first && i == 0)
			common = allow_from_ref(effective);
		same &= allow_from_equal(common, effective);
		allow_from_unref(effective);
	}
	if (same && (has_first || (endpoints && endpoints->len > 0)))
		add(description, common);
	allow_from_unref(common);
	return true;
}

bool description_add_endpoint_sources(Description *description, const GPtrArray *endpoints, const Network *network,
				      const Config *config, GError **error)
{
	return add_common(description, NULL, false, endpoints, network ? network->options.allow_from : NULL, config,
			  error);
}

bool description_add_network_sources(Description *description, const NetworkSettings *settings, const Config *config,
				     GError **error)
{
	AllowFrom *effective, *list;
	bool ok;

	if (!sources_read(settings->allow_from, ALLOW_FROM_MAX, &list, error))
		return false;
	effective = allow_from_intersect(list, config->allow_from);
	ok = add_common(description, effective, true, settings->endpoints, list, config, error);
	allow_from_unref(effective);
	allow_from_unref(list);
	return ok;
}

void description_add_effective_sources(Description *description, const Service *service, const Lifetime *lifetime)
{
	AllowFrom *effective = service_effective_allow_from(service, lifetime);

	add(description, effective);
	allow_from_unref(effective);
}
