/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/rules/trace.h"

#include <string.h>

void trace_step_clear(TraceStep *step)
{
	g_clear_pointer(&step->text, g_free);
	g_clear_pointer(&step->unread, g_ptr_array_unref);
}

static bool is_in(const Address *address, enum family family, const guint8 *bytes, guint8 length, bool not )
{
	Prefix prefix = { { family_to_af(family) }, length };

	memcpy(prefix.address.bytes, bytes, sizeof prefix.address.bytes);
	return length == 0 || prefix_contains(&prefix, address) != not ;
}

static bool is_by(const char *name, const char *interface, bool not )
{
	return !*name || g_str_equal(name, interface) != not ;
}

static bool is_of_ports(const guint16 range[static 2], guint16 port)
{
	return range[0] == 0 || (port >= range[0] && port <= range[1]);
}

/* The first packet of a connection is of no connection, and goes the way that it was begun. */
static bool is_in_state(enum rule_state state, const TracePacket *packet)
{
	switch (state) {
	case STATE_ANY:
	case STATE_ORIGINAL:
		return true;
	case STATE_DNAT:
		return packet->translated;
	case STATE_DIRECT:
		return !packet->translated;
	default:
		return false;
	}
}

static bool is_of_type(enum rule_addrtype type, const TracePacket *packet)
{
	switch (type) {
	case ADDRTYPE_SOURCE_LOCAL:
		return packet->source_is_local;
	case ADDRTYPE_DESTINATION_LOCAL:
		return packet->destination_is_local;
	default:
		return true;
	}
}

bool trace_matches(const Rule *rule, const TracePacket *packet)
{
	return rule->family == packet->family && (rule->protocol == 0 || rule->protocol == packet->protocol) &&
	       (rule->icmpv6_type == 0 || rule->icmpv6_type == packet->icmpv6_type) && !(rule->flags & RULE_RESET) &&
	       is_of_ports(rule->destination_port, packet->destination_port) &&
	       is_of_ports(rule->source_port, packet->source_port) &&
	       is_by(rule->in, packet->in, rule->flags & RULE_NOT_IN) &&
	       is_by(rule->out, packet->out, rule->flags & RULE_NOT_OUT) &&
	       is_in(&packet->source, packet->family, rule->source, rule->source_length,
		     rule->flags & RULE_NOT_SOURCE) &&
	       is_in(&packet->destination, packet->family, rule->destination, rule->destination_length,
		     rule->flags & RULE_NOT_DESTINATION) &&
	       is_in_state(rule->state, packet) && is_of_type(rule->addrtype, packet);
}

void trace_translate(TracePacket *packet, const Rule *rule)
{
	packet->destination = (Address){ .family = family_to_af(packet->family) };
	memcpy(packet->destination.bytes, rule->dnat_address, sizeof rule->dnat_address);
	if (rule->dnat_port != 0)
		packet->destination_port = rule->dnat_port;
	packet->destination_is_local = false;
	packet->translated = true;
}
