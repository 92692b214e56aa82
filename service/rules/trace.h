/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/rules/ruleset.h"

/** What rules make of a packet that nobody sends: the first of a connection, as they see it. */

enum trace_hook {
	TRACE_PREROUTING,  /* it came by an interface */
	TRACE_OUTPUT,      /* this host sends it, to where is not final */
	TRACE_SENT,        /* … and that is: what is left for rules to say */
	TRACE_FORWARD,     /* it leaves by another interface, or by the same */
	TRACE_POSTROUTING, /* it leaves */
};

typedef struct TracePacket {
	enum family family;
	guint8 protocol;
	Address source, destination;
	guint16 source_port, destination_port; /* 0 where the protocol has none */
	Address original;                      /* the destination it was sent to; AF_UNSPEC: not known */
	guint16 original_port;
	guint8 icmpv6_type;
	char in[IFNAMSIZ], out[IFNAMSIZ];           /* "" where there is none, or none yet */
	bool source_is_local, destination_is_local; /* addresses of this host */
	bool translated;                            /* its destination is not the one it was sent to */
} TracePacket;

/** Which rule decided. */
typedef struct TraceStep {
	enum place place;  /* what it is for */
	const Rule *rule;  /* borrowed from the ruleset; NULL where it is of no object */
	char *text;        /* in the backend's words; NULL where nothing decided */
	bool foreign;      /* it is not ours, but the administrator's */
	bool refuses;      /* … and tells who sent the packet */
	GPtrArray *unread; /* char *: rules of the administrator's that were not followed; NULL: none */
} TraceStep;

void trace_step_clear(TraceStep *step);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TraceStep, trace_step_clear)

/** Whether a rule is about a packet, by all that it says but for the turn of those that share connections. */
bool trace_matches(const Rule *rule, const TracePacket *packet);

/** Gives a packet the destination that a rule, TARGET_DNAT, translates it to. */
void trace_translate(TracePacket *packet, const Rule *rule);

struct Backend;

/** What is wanted, and the administrator's chain where one is led to, makes of a packet at a hook: TARGET_DROP,
 * _ACCEPT, _DNAT, which changes it, _MASQUERADE or _SNAT, or _PLACE, nothing; and which rule says so. Clear *ret. */
typedef enum rule_target TraceRules(const struct Backend *backend, const Ruleset *ruleset, enum trace_hook hook,
				    TracePacket *packet, TraceStep *ret);
