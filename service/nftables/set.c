/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/set.h"

#include <net/if.h>

#define BOTH (1 << FAMILY_IPV4 | 1 << FAMILY_IPV6)
#define IPV4 (1 << FAMILY_IPV4)
#define IPV6 (1 << FAMILY_IPV6)

#define A FIELD_ADDRESS
#define I FIELD_INTERFACE
#define P FIELD_PROTOCOL
#define N FIELD_PORT

static const SetInfo sets[N_SETS] = {
	[SET_PUBLISHED] = { "published", { P, N }, { A, N }, false, true, BOTH },
	[SET_PUBLISHED_AT] = { "published_at", { A, P, N }, { A, N }, false, true, BOTH },
	[SET_STRETCH] = { "stretch", { P, N }, { A }, true, true, BOTH },
	[SET_STRETCH_AT] = { "stretch_at", { A, P, N }, { A }, true, true, BOTH },
	[SET_INGRESS_PORTS] = { "ingress_ports", { P, N }, { A, N }, false, true, BOTH },
	[SET_INGRESS_SPREAD] = { "ingress_spread", { P, N }, { FIELD_VERDICT }, false, false, BOTH },
	[SET_INGRESS_SHARES] = { "ingress_shares", { P, N, FIELD_NUMBER }, { A, N }, false, true, BOTH },
	[SET_REACHABLE] = { "reachable", { I, A, P, N }, {}, false, true, BOTH },
	[SET_REACHABLE_STRETCH] = { "reachable_stretch", { I, A, P, N }, {}, true, true, BOTH },
	[SET_INGRESS_REACHABLE] = { "ingress_reachable", { A, P, N }, {}, false, true, BOTH },
	[SET_INGRESS_GATEWAYS] = { "ingress_gateways", { A }, {}, false, true, BOTH },
	[SET_INGRESS_MASQUERADED] = { "ingress_masqueraded", { A, P, N }, {}, false, true, BOTH },
	[SET_LIMITED_OUT] = { "limited_out", { I }, {}, false, true, BOTH },
	[SET_CAPPED] = { "capped", { A }, {}, false, false, BOTH },
	[SET_CEILING] = { "ceiling", { A }, {}, true, true, BOTH },
	[SET_CEILING_BY] = { "ceiling_by", { I }, {}, false, true, BOTH },
	[SET_CEILING_HOST] = { "ceiling_host", { A }, {}, false, true, BOTH },
	[SET_LIMITED_INGRESS] = { "limited_ingress", { A, P, N }, {}, false, true, BOTH },
	[SET_ALLOWED_INGRESS] = { "allowed_ingress", { A, A, P, N }, {}, true, true, BOTH },
	[SET_ALLOWED_INGRESS_BY] = { "allowed_ingress_by", { A, P, N, I }, {}, false, true, BOTH },
	[SET_ALLOWED_INGRESS_HOST] = { "allowed_ingress_host", { A, P, N }, {}, false, true, BOTH },
	[SET_LIMITED] = { "limited", { A }, {}, false, true, BOTH },
	[SET_ALLOWED] = { "allowed", { A, A }, {}, true, true, BOTH },
	[SET_ALLOWED_BY] = { "allowed_by", { A, I }, {}, false, true, BOTH },
	[SET_ALLOWED_HOST] = { "allowed_host", { A }, {}, false, true, BOTH },
	[SET_LIMITED_NETS] = { "limited_nets", { A }, {}, true, true, BOTH },
	[SET_ALLOWED_NETS] = { "allowed_nets", { A, A }, {}, true, true, BOTH },
	[SET_ALLOWED_NETS_BY] = { "allowed_nets_by", { I, A }, {}, true, true, BOTH },
	[SET_ALLOWED_NETS_HOST] = { "allowed_nets_host", { A }, {}, true, true, BOTH },
	[SET_LINKS] = { "links", { A, A, P, N }, {}, false, true, BOTH },
	[SET_NEIGHBOURS] = { "neighbours", { I }, {}, false, true, IPV6 },
	[SET_INSIDE] = { "inside", { I, I }, { FIELD_VERDICT }, false, true, BOTH },
	[SET_LEAVING] = { "leaving", { I }, { FIELD_VERDICT }, false, true, BOTH },
	[SET_ENTERING] = { "entering", { I }, { FIELD_VERDICT }, false, true, BOTH },
	[SET_BRIDGES] = { "bridges", { I }, {}, false, false, BOTH },
	[SET_PASSED_BY] = { "passed_by", { I }, {}, false, true, BOTH },
	[SET_CALLERS] = { "callers", { I }, {}, false, true, BOTH },
	[SET_SOURCES] = { "sources", { A }, {}, true, true, BOTH },
	[SET_SOURCES_AT] = { "sources_at", { A }, { A }, true, true, BOTH },
	[SET_AT_HOME] = { "at_home", { I, A }, {}, true, false, BOTH },
	[SET_LOCAL_OUT] = { "local_out", { I }, {}, false, true, BOTH },
	[SET_FORWARDED] = { "forwarded", { I }, {}, false, true, BOTH },
	[SET_PROTECTED] = { "protected", { I }, {}, false, false, BOTH },
	[SET_PROTECTED_AT] = { "protected_at", { I, A }, {}, false, false, BOTH },
	[SET_ROUTED] = { "routed", { I }, {}, false, false, BOTH },
	[SET_OPEN] = { "open", { I }, {}, false, false, BOTH },
	[SET_GUARDED] = { "guarded", { I }, {}, false, true, IPV4 },
	[SET_LOCALHOST] = { "localhost", { A }, {}, false, false, IPV4 },
	[SET_STRAYS] = { "strays", { A }, {}, false, false, BOTH },
};

const SetInfo *set_info(enum set set)
{
	return &sets[set];
}

bool set_in_family(enum set set, enum family family)
{
	return sets[set].families & 1 << family;
}

enum set set_find(enum family family, const char *name)
{
	for (enum set set = 0; set < N_SETS; set++)
		if (set_in_family(set, family) && g_str_equal(sets[set].name, name))
			return set;
	return N_SETS;
}

guint field_size(enum field field, enum family family)
{
	switch (field) {
	case FIELD_NONE:
		return 0;
	case FIELD_ADDRESS:
		return family == FAMILY_IPV4 ? 4 : 16;
	case FIELD_INTERFACE:
		return IFNAMSIZ;
	default:
		return 4;
	}
}

guint32 field_type(enum field field, enum family family)
{
	switch (field) {
	case FIELD_ADDRESS:
		return family == FAMILY_IPV4 ? 7 : 8;
	case FIELD_INTERFACE:
		return 41;
	case FIELD_PROTOCOL:
		return 12;
	case FIELD_PORT:
		return 13;
	case FIELD_NUMBER:
		return 4;
	default:
		return 0;
	}
}

guint set_key_size(enum set set, enum family family)
{
	guint size = 0;

	for (guint i = 0; i < KEY_FIELDS_MAX; i++)
		size += field_size(sets[set].key[i], family);
	return size;
}

bool set_has_end_elements(enum set set)
{
	return sets[set].interval && sets[set].key[1] == FIELD_NONE;
}

const char *nft_family(enum family family)
{
	return family == FAMILY_IPV4 ? "ip" : "ip6";
}
