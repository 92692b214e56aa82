/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/address.h"

/**
 * One rule, said in netfilter's words but in no backend's form, and what it is for. A rule is identified by its whole
 * content: two objects that ask for the same rule share it.
 */

/* RULE_RESET, with protocol IPPROTO_TCP: a segment that has RST set */
enum rule_flag { RULE_NOT_SOURCE = 1, RULE_NOT_DESTINATION = 2, RULE_NOT_IN = 4, RULE_NOT_OUT = 8, RULE_RESET = 16 };

enum rule_state {
	STATE_ANY,
	STATE_CONNTRACK, /* RELATED or ESTABLISHED */
	STATE_CLASSIC,   /* the same, by the older match "state" where a backend has two */
	STATE_DNAT,      /* of a connection whose destination was translated */
	STATE_INVALID,   /* INVALID */
	STATE_ORIGINAL,  /* in the original direction */
	STATE_DIRECT,    /* neither RELATED nor ESTABLISHED, nor translated */
	STATE_RELATED,   /* RELATED */
};

enum rule_addrtype { ADDRTYPE_ANY, ADDRTYPE_SOURCE_LOCAL, ADDRTYPE_DESTINATION_LOCAL };

enum rule_target {
	TARGET_PLACE, /* what the place is for, which the backend knows: a way to other rules, or that they exist */
	TARGET_ACCEPT,
	TARGET_DROP,
	TARGET_RETURN,
	TARGET_MASQUERADE,
	TARGET_DNAT,
	TARGET_SNAT,
};

/** Zero means "does not matter" in every match. All padding is explicit: rules compare and hash as memory. */
typedef struct Rule {
	guint8 family;               /* enum family */
	guint8 place;                /* enum place */
	guint8 flags;                /* enum rule_flag */
	guint8 source_length;        /* bits; 0: any source */
	guint8 destination_length;   /* bits; 0: any destination */
	guint8 protocol;             /* IPPROTO_TCP, _UDP, _SCTP, _ICMPV6; 0: any */
	guint8 state;                /* enum rule_state */
	guint8 addrtype;             /* enum rule_addrtype */
	guint8 target;               /* enum rule_target */
	guint8 icmpv6_type;          /* with protocol IPPROTO_ICMPV6; 0: any */
	guint16 source_port[2];      /* first and last, host byte order; 0: any */
	guint16 destination_port[2]; /* likewise */
	guint8 source[16], destination[16];
	char in[IFNAMSIZ], out[IFNAMSIZ];
	guint8 dnat_address[16]; /* for TARGET_DNAT and _SNAT, and the gateway at PLACE_INGRESS_GATEWAY */
	guint16 dnat_port;       /* host byte order; 0: the address changes and the port stays */
	guint16 turn, turns;     /* of so many rules in a row each has a connection in turn, this one from 0; 0: no */
} Rule;

G_STATIC_ASSERT(sizeof(Rule) == 10 + 8 + 32 + 2 * IFNAMSIZ + 16 + 3 * 2);

/** Order within a place: by sequence, then index, ascending. "Newest first" is a negated sequence. */
typedef struct RuleOrder {
	gint64 sequence;
	guint32 index;
} RuleOrder;

/** What the renderers write: a rule and where it stands among others of its place. */
typedef struct RuleItem {
	Rule rule;
	RuleOrder order;
} RuleItem;

bool rule_equal(const Rule *a, const Rule *b);
guint rule_hash(const Rule *rule);
int rule_order_compare(const RuleOrder *a, const RuleOrder *b);
void rule_set_in(Rule *rule, const char *interface);
void rule_set_out(Rule *rule, const char *interface);
void rule_set_source(Rule *rule, const Prefix *prefix);
void rule_set_destination(Rule *rule, const Prefix *prefix);
void rule_set_source_host(Rule *rule, const Address *address);
void rule_set_destination_host(Rule *rule, const Address *address);
