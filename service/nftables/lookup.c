/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/lookup.h"

#include "service/nftables/translate.h"

#include <string.h>

G_STATIC_ASSERT(N_PLACES <= 64);

#define P(place) (1ULL << PLACE_##place)

static const guint64 places[N_SETS] = {
	[SET_PUBLISHED] = P(DNAT_PORT),
	[SET_PUBLISHED_AT] = P(DNAT_PORT),
	[SET_STRETCH] = P(DNAT_PORT),
	[SET_STRETCH_AT] = P(DNAT_PORT),
	[SET_INGRESS_PORTS] = P(INGRESS_DNAT),
	[SET_INGRESS_SPREAD] = P(INGRESS_DNAT),
	[SET_INGRESS_SHARES] = P(INGRESS_DNAT),
	[SET_REACHABLE] = P(ACCEPT_PORT),
	[SET_REACHABLE_STRETCH] = P(ACCEPT_PORT),
	[SET_INGRESS_REACHABLE] = P(INGRESS_GATEWAY),
	[SET_INGRESS_GATEWAYS] = P(INGRESS_ERRORS),
	[SET_INGRESS_MASQUERADED] = P(MASQUERADE_INGRESS),
	[SET_LIMITED_OUT] = P(FORWARD_LIMITS),
	[SET_CAPPED] = P(LIMIT_CEILING),
	[SET_CEILING] = P(CEILING),
	[SET_CEILING_BY] = P(CEILING),
	[SET_CEILING_HOST] = P(CEILING),
	[SET_LIMITED_INGRESS] = P(LIMIT_INGRESS),
	[SET_ALLOWED_INGRESS] = P(LIMIT_INGRESS),
	[SET_ALLOWED_INGRESS_BY] = P(LIMIT_INGRESS),
	[SET_ALLOWED_INGRESS_HOST] = P(LIMIT_INGRESS),
	[SET_LIMITED] = P(LIMIT_ENDPOINT),
	[SET_ALLOWED] = P(LIMIT_ENDPOINT),
	[SET_ALLOWED_BY] = P(LIMIT_ENDPOINT),
	[SET_ALLOWED_HOST] = P(LIMIT_ENDPOINT),
	[SET_LIMITED_NETS] = P(LIMIT_NETWORK),
	[SET_ALLOWED_NETS] = P(LIMIT_NETWORK),
	[SET_ALLOWED_NETS_BY] = P(LIMIT_NETWORK),
	[SET_ALLOWED_NETS_HOST] = P(LIMIT_NETWORK),
	[SET_LINKS] = P(ACCEPT_PORT),
	[SET_NEIGHBOURS] = P(ACCEPT_PORT),
	[SET_INSIDE] = P(FORWARD_NETWORK) | P(COMMUNICATION_OFF) | P(COMMUNICATION_OFF_INTERNAL),
	[SET_LEAVING] = P(FORWARD_NETWORK) | P(INTERNAL) | P(ISOLATION_INTERNAL),
	[SET_ENTERING] = P(FORWARD_NETWORK) | P(INTERNAL) | P(ISOLATION_INTERNAL),
	[SET_BRIDGES] = P(BRIDGE),
	[SET_PASSED_BY] = P(PORTS_PASSED_BY),
	[SET_CALLERS] = P(MASQUERADE_CONTAINERS),
	[SET_SOURCES] = P(MASQUERADE_NETWORK),
	[SET_SOURCES_AT] = P(MASQUERADE_NETWORK),
	[SET_AT_HOME] = P(BRIDGE),
	[SET_LOCAL_OUT] = P(MASQUERADE_NETWORK),
	[SET_PROTECTED] = P(DIRECT) | P(DIRECT_NETWORK),
	[SET_PROTECTED_AT] = P(DIRECT_ENDPOINT),
	[SET_ROUTED] = P(ISOLATION_ANSWERS),
	[SET_OPEN] = P(FORWARD_OPEN),
	[SET_GUARDED] = P(LOOPBACK_GUARD),
	[SET_LOCALHOST] = P(OUTPUT_PORTS) | P(OUTPUT_LOCALHOST),
	[SET_STRAYS] = P(STRAY_RESET),
};

typedef struct Search {
	const Rule *rule;
	enum set set;
	Element key;
	Found *found;
	bool done;
} Search;

/* Each field of an interval has a first and a last of its own. */
static bool is_within(const Element *element, const Element *key)
{
	const SetInfo *info = set_info(element->set);
	guint size = set_key_size(element->set, element->family);
	guint at = 0;

	if (!info->interval)
		return memcmp(element->bytes, key->bytes, size) == 0;
	for (guint i = 0; i < KEY_FIELDS_MAX; i++) {
		guint width = field_size(info->key[i], element->family);

		if (memcmp(element->bytes + at, key->bytes + at, width) > 0 ||
		    memcmp(element->bytes + size + at, key->bytes + at, width) < 0)
			return false;
		at += width;
	}
	return true;
}

static void look_at_element(const Element *element, void *userdata)
{
	Search *search = userdata;
	guint size = set_key_size(search->set, element->family);

	if (search->done || element->set != search->set || !is_within(element, &search->key))
		return;
	search->done = true;
	*search->found = (Found){ search->rule, *element, set_info(search->set)->interval ? 2 * size : size };
}

/* A long range is many elements: only that of the key's port is of interest. */
static bool may_be(const Rule *rule, const Parts *key)
{
	return (key->protocol == 0 || rule->protocol == 0 || rule->protocol == key->protocol) &&
	       (key->port == 0 || rule->destination_port[0] == 0 ||
		(key->port >= rule->destination_port[0] && key->port <= rule->destination_port[1]));
}

bool lookup(const Ruleset *ruleset, enum family family, enum set set, const Parts *key, Found *ret)
{
	Search search = { .set = set, .found = ret };

	element_init(&search.key, family, set, key);
	for (enum place place = 0; place < N_PLACES; place++) {
		const GPtrArray *entries = places[set] & 1ULL << place ? ruleset_place(ruleset, family, place) : NULL;

		for (guint i = 0; entries && i < entries->len && !search.done; i++) {
			const RulesetEntry *entry = g_ptr_array_index(entries, i);

			search.rule = &entry->rule;
			if (entry->references > 0 && may_be(&entry->rule, key))
				translate(&entry->rule, look_at_element, &search);
		}
	}
	return search.done;
}
