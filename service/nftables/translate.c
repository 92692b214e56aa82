/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/translate.h"

#include <netinet/in.h>
#include <string.h>

typedef struct Translation {
	const Rule *rule;
	element_func tell;
	void *userdata;
} Translation;

static void tell(const Translation *translation, enum set set, const Parts *key)
{
	Element element;

	element_init(&element, translation->rule->family, set, key);
	translation->tell(&element, translation->userdata);
}

static void tell_data(const Translation *translation, enum set set, const Parts *key, const Parts *data)
{
	Element element;

	element_init(&element, translation->rule->family, set, key);
	element_add_data(&element, data);
	translation->tell(&element, translation->userdata);
}

static void tell_interface(const Translation *translation, enum set set, const char *interface)
{
	tell(translation, set, &(Parts){ .interface = { interface } });
}

static void tell_verdict(const Translation *translation, enum set set, const char *interface, enum verdict verdict)
{
	tell_data(translation, set, &(Parts){ .interface = { interface, interface } }, &(Parts){ .verdict = verdict });
}

/* --- networks --- */

/* The last address of a prefix. */
static void find_last(enum family family, const guint8 address[static 16], guint8 length, guint8 last[static 16])
{
	memcpy(last, address, 16);
	for (guint i = length; i < family_bits(family); i++)
		last[i / 8] |= 0x80 >> i % 8;
}

static void find_last_source(const Rule *rule, guint8 last[static 16])
{
	find_last(rule->family, rule->source, rule->source_length, last);
}

static void translate_bridge(const Translation *translation)
{
	const Rule *rule = translation->rule;
	guint8 last[16];
	Element element;

	tell_interface(translation, SET_BRIDGES, rule->in);
	if (rule->source_length == 0)
		return;
	find_last_source(rule, last);
	element_init(&element, rule->family, SET_AT_HOME,
		     &(Parts){ .interface = { rule->in }, .address = { rule->source } });
	element_add_last(&element, &(Parts){ .interface = { rule->in }, .address = { last } });
	translation->tell(&element, translation->userdata);
}

static void translate_forward(const Translation *translation)
{
	const Rule *rule = translation->rule;

	if (rule->target == TARGET_PLACE)
		tell_verdict(translation, SET_ENTERING, rule->out, VERDICT_TO_BRIDGE);
	else if (rule->state != STATE_ANY)
		return;
	else if (rule->flags & RULE_NOT_OUT)
		tell_verdict(translation, SET_LEAVING, rule->in, VERDICT_FROM_BRIDGE);
	else
		tell_verdict(translation, SET_INSIDE, rule->in, VERDICT_ACCEPT);
}

/* That bridges are kept apart follows from what they are; an internal one is left and entered by nothing. */
static void translate_isolation(const Translation *translation)
{
	const Rule *rule = translation->rule;

	if (rule->flags & RULE_NOT_SOURCE)
		tell_verdict(translation, SET_ENTERING, rule->out, VERDICT_DROP);
	else if (rule->flags & RULE_NOT_DESTINATION)
		tell_verdict(translation, SET_LEAVING, rule->in, VERDICT_DROP);
}

static void translate_internal(const Translation *translation)
{
	const Rule *rule = translation->rule;

	if (rule->flags & RULE_NOT_IN)
		tell_verdict(translation, SET_ENTERING, rule->out, VERDICT_DROP);
	else
		tell_verdict(translation, SET_LEAVING, rule->in, VERDICT_DROP);
}

static void translate_masquerade(const Translation *translation)
{
	const Rule *rule = translation->rule;
	guint8 last[16];
	Element element;

	if (rule->addrtype == ADDRTYPE_SOURCE_LOCAL) {
		tell_interface(translation, SET_LOCAL_OUT, rule->out);
		return;
	}
	find_last_source(rule, last);
	element_init(&element, rule->family, rule->target == TARGET_SNAT ? SET_SOURCES_AT : SET_SOURCES,
		     &(Parts){ .address = { rule->source } });
	element_add_last(&element, &(Parts){ .address = { last } });
	if (rule->target == TARGET_SNAT)
		element_add_data(&element, &(Parts){ .address = { rule->dnat_address } });
	translation->tell(&element, translation->userdata);
}

static void translate_localhost(const Translation *translation)
{
	static const guint8 loopback[16] = { 127 };

	if (translation->rule->family == FAMILY_IPV4 && !(translation->rule->flags & RULE_NOT_DESTINATION))
		tell(translation, SET_LOCALHOST, &(Parts){ .address = { loopback } });
}

static void translate_direct(const Translation *translation)
{
	const Rule *rule = translation->rule;

	if (rule->target == TARGET_DROP)
		tell_interface(translation, SET_PROTECTED, rule->out);
}

static void translate_direct_endpoint(const Translation *translation)
{
	const Rule *rule = translation->rule;

	tell(translation, SET_PROTECTED_AT, &(Parts){ .interface = { rule->out }, .address = { rule->destination } });
}

static void translate_strays(const Translation *translation)
{
	tell(translation, SET_STRAYS, &(Parts){ .address = { translation->rule->destination } });
}

/* --- who may reach ports --- */

/* The sets of one kind of list. */
typedef struct ListSets {
	enum set limited, allowed, by, host;
} ListSets;

/* From the first to the last of what a rule is about, and of where it comes from. */
static void tell_range(const Translation *translation, enum set set, bool with_source)
{
	const Rule *rule = translation->rule;
	guint8 last_source[16], last_destination[16];
	Parts key = { .protocol = rule->protocol, .port = rule->destination_port[0] }, last = key;
	guint n = 0;
	Element element;

	find_last(rule->family, rule->source, rule->source_length, last_source);
	find_last(rule->family, rule->destination, rule->destination_length, last_destination);
	key.interface[0] = last.interface[0] = rule->in;
	if (with_source) {
		key.address[n] = rule->source;
		last.address[n++] = last_source;
	}
	if (rule->place != PLACE_CEILING) {
		key.address[n] = rule->destination;
		last.address[n] = last_destination;
	}
	element_init(&element, rule->family, set, &key);
	if (set_info(set)->interval)
		element_add_last(&element, &last);
	translation->tell(&element, translation->userdata);
}

static void translate_list(const Translation *translation, const ListSets *sets)
{
	const Rule *rule = translation->rule;

	if (rule->addrtype != ADDRTYPE_ANY) {
		if (rule->target == TARGET_RETURN)
			tell_range(translation, sets->host, false);
	} else if (rule->target == TARGET_PLACE) {
		tell_range(translation, sets->limited, false);
	} else {
		tell_range(translation, rule->in[0] ? sets->by : sets->allowed, !rule->in[0]);
	}
}

static void tell_flag(const Translation *translation, enum set set)
{
	static const guint8 any[16];

	tell(translation, set, &(Parts){ .address = { any } });
}

static void translate_ceiling(const Translation *translation)
{
	const Rule *rule = translation->rule;

	if (rule->addrtype != ADDRTYPE_ANY) {
		if (rule->target == TARGET_RETURN)
			tell_flag(translation, SET_CEILING_HOST);
	} else if (rule->target == TARGET_RETURN) {
		tell_range(translation, rule->in[0] ? SET_CEILING_BY : SET_CEILING, !rule->in[0]);
	}
}

/* --- ports --- */

static void translate_dnat(const Translation *translation)
{
	const Rule *rule = translation->rule;
	bool anywhere = rule->destination_length == 0;
	guint first = rule->destination_port[0], last = rule->destination_port[1];
	Parts key = { .address = { rule->destination }, .protocol = rule->protocol };
	Parts data = { .address = { rule->dnat_address } };

	if (rule->dnat_port == 0 && last - first >= SHORT_RANGE_MAX) {
		Element element;

		key.port = first;
		element_init(&element, rule->family, anywhere ? SET_STRETCH : SET_STRETCH_AT, &key);
		key.port = last;
		element_add_last(&element, &key);
		element_add_data(&element, &data);
		translation->tell(&element, translation->userdata);
		return;
	}
	for (guint port = first; port <= last; port++) {
		key.port = port;
		data.port = rule->dnat_port == 0 ? port : rule->dnat_port + (port - first);
		tell_data(translation, anywhere ? SET_PUBLISHED : SET_PUBLISHED_AT, &key, &data);
	}
}

static void translate_reachable(const Translation *translation)
{
	const Rule *rule = translation->rule;
	guint first = rule->destination_port[0], last = rule->destination_port[1];
	Parts key = { .interface = { rule->out }, .address = { rule->destination }, .protocol = rule->protocol };
	bool is_long = last - first >= SHORT_RANGE_MAX;
	Element element;

	for (guint port = first; port <= last;) {
		key.port = port;
		if (!is_long || port % REACHABLE_BLOCK != 0 || last - port < REACHABLE_BLOCK - 1) {
			tell(translation, SET_REACHABLE, &key);
			port++;
			continue;
		}
		element_init(&element, rule->family, SET_REACHABLE_STRETCH, &key);
		key.port = port + REACHABLE_BLOCK - 1;
		element_add_last(&element, &key);
		translation->tell(&element, translation->userdata);
		port += REACHABLE_BLOCK;
	}
}

/* Published ports are reached from other interfaces, linked ones from within the bridge; their answers are
 * conntrack's to know. */
static void translate_accept(const Translation *translation)
{
	const Rule *rule = translation->rule;
	Parts key = { .address = { rule->source, rule->destination }, .protocol = rule->protocol };

	if (rule->protocol == IPPROTO_ICMPV6) {
		tell_interface(translation, SET_NEIGHBOURS, rule->in);
	} else if (rule->flags & RULE_NOT_IN) {
		translate_reachable(translation);
	} else if (rule->destination_port[0] != 0) {
		for (guint port = rule->destination_port[0]; port <= rule->destination_port[1]; port++) {
			key.port = port;
			tell(translation, SET_LINKS, &key);
		}
	}
}

static void translate_ingress_gateway(const Translation *translation)
{
	const Rule *rule = translation->rule;

	tell(translation, SET_INGRESS_REACHABLE,
	     &(Parts){ .address = { rule->dnat_address },
		       .protocol = rule->protocol,
		       .port = rule->destination_port[0] });
}

static void translate_ingress_dnat(const Translation *translation)
{
	const Rule *rule = translation->rule;

	const Parts key = { .protocol = rule->protocol, .port = rule->destination_port[0], .number = rule->turn };
	const Parts data = { .address = { rule->dnat_address }, .port = rule->dnat_port };

	tell_data(translation, rule->turns > 0 ? SET_INGRESS_SHARES : SET_INGRESS_PORTS, &key, &data);
	if (rule->turns > 0)
		tell_data(translation, SET_INGRESS_SPREAD, &key, &(Parts){ .verdict = verdict_spread(rule->turns) });
}

static void translate_ingress_errors(const Translation *translation)
{
	tell(translation, SET_INGRESS_GATEWAYS, &(Parts){ .address = { translation->rule->destination } });
}

static void translate_ingress_masquerade(const Translation *translation)
{
	const Rule *rule = translation->rule;

	tell(translation, SET_INGRESS_MASQUERADED,
	     &(Parts){
		     .address = { rule->destination }, .protocol = rule->protocol, .port = rule->destination_port[0] });
}

static const ListSets ingress_sets = { SET_LIMITED_INGRESS, SET_ALLOWED_INGRESS, SET_ALLOWED_INGRESS_BY,
				       SET_ALLOWED_INGRESS_HOST };
static const ListSets endpoint_sets = { SET_LIMITED, SET_ALLOWED, SET_ALLOWED_BY, SET_ALLOWED_HOST };
static const ListSets network_sets = { SET_LIMITED_NETS, SET_ALLOWED_NETS, SET_ALLOWED_NETS_BY, SET_ALLOWED_NETS_HOST };

void translate(const Rule *rule, element_func tell, void *userdata)
{
	const Translation translation = { rule, tell, userdata };

	switch (rule->place) {
	case PLACE_LOOPBACK_GUARD:
		/* What comes by another interface than lo is not translated here. */
		if (!(rule->flags & RULE_NOT_IN))
			tell_interface(&translation, SET_GUARDED, rule->in);
		break;
	case PLACE_DIRECT:
		translate_direct(&translation);
		break;
	case PLACE_DIRECT_NETWORK:
		tell_interface(&translation, SET_PROTECTED, rule->out);
		break;
	case PLACE_ISOLATION_ANSWERS:
		tell_interface(&translation, SET_ROUTED, rule->in[0] ? rule->in : rule->out);
		break;
	case PLACE_FORWARD_OPEN:
		tell_interface(&translation, SET_OPEN, rule->out);
		break;
	case PLACE_DIRECT_ENDPOINT:
		translate_direct_endpoint(&translation);
		break;
	case PLACE_STRAY_RESET:
		translate_strays(&translation);
		break;
	case PLACE_BRIDGE:
		translate_bridge(&translation);
		break;
	case PLACE_PORTS_PASSED_BY:
		tell_interface(&translation, SET_PASSED_BY, rule->in);
		break;
	case PLACE_FORWARD_NETWORK:
		translate_forward(&translation);
		break;
	case PLACE_COMMUNICATION_OFF:
		tell_verdict(&translation, SET_INSIDE, rule->in, VERDICT_CLOSED);
		break;
	case PLACE_COMMUNICATION_OFF_INTERNAL:
		tell_verdict(&translation, SET_INSIDE, rule->in, VERDICT_DROP);
		break;
	case PLACE_FORWARD_LIMITS:
		tell_interface(&translation, SET_LIMITED_OUT, rule->out);
		break;
	case PLACE_LIMIT_CEILING:
		tell_flag(&translation, SET_CAPPED);
		break;
	case PLACE_CEILING:
		translate_ceiling(&translation);
		break;
	case PLACE_LIMIT_INGRESS:
		translate_list(&translation, &ingress_sets);
		break;
	case PLACE_LIMIT_ENDPOINT:
		translate_list(&translation, &endpoint_sets);
		break;
	case PLACE_LIMIT_NETWORK:
		translate_list(&translation, &network_sets);
		break;
	case PLACE_ACCEPT_PORT:
		translate_accept(&translation);
		break;
	case PLACE_INGRESS_GATEWAY:
		translate_ingress_gateway(&translation);
		break;
	case PLACE_INGRESS_ERRORS:
		translate_ingress_errors(&translation);
		break;
	case PLACE_INTERNAL:
		translate_internal(&translation);
		break;
	case PLACE_ISOLATION_INTERNAL:
		translate_isolation(&translation);
		break;
	case PLACE_OUTPUT_PORTS:
	case PLACE_OUTPUT_LOCALHOST:
		translate_localhost(&translation);
		break;
	case PLACE_MASQUERADE_NETWORK:
		translate_masquerade(&translation);
		break;
	case PLACE_MASQUERADE_INGRESS:
		translate_ingress_masquerade(&translation);
		break;
	case PLACE_MASQUERADE_CONTAINERS:
		tell_interface(&translation, SET_CALLERS, rule->out);
		break;
	case PLACE_DNAT_PORT:
		translate_dnat(&translation);
		break;
	case PLACE_INGRESS_DNAT:
		translate_ingress_dnat(&translation);
		break;
	default:
		/* The skeleton says it, for all. */
		break;
	}
}

static void append_element(const Element *element, void *userdata)
{
	g_array_append_vals(userdata, element, 1);
}

GArray *translate_to_array(const Rule *rule)
{
	GArray *elements = g_array_new(FALSE, FALSE, sizeof(Element));

	translate(rule, append_element, elements);
	return elements;
}
