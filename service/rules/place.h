/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/rules/rule.h"

/** What a rule is for. The renderers name a place, and each backend knows what it has there: a position in a chain, an
 * element of a set, or nothing. Where several places share a list, they stand in it in the order they are named in. */
enum place {
	PLACE_LOOPBACK_GUARD,  /* what an interface brings to or from 127.0.0.0/8 is dropped, before all translation */
	PLACE_INTERNAL,        /* DROP of what enters or leaves an internal network, whatever its addresses */
	PLACE_DIRECT,          /* what is for a bridge and was not translated is dropped, or goes through these: */
	PLACE_DIRECT_PORT,     /* what is for a published port of a routed endpoint returns */
	PLACE_DIRECT_NETWORK,  /* DROP of what else is for a bridge */
	PLACE_DIRECT_ENDPOINT, /* DROP of what is for an endpoint */
	PLACE_DIRECT_END,      /* the rest returns */
	PLACE_STRAY_SEGMENT,   /* TCP of no connection does not leave a bridge: its addresses were not translated */
	PLACE_STRAY_RESET,     /* … nor does this host answer it with a reset */
	PLACE_BRIDGE,          /* a network's bridge, in and out, and what of it is masqueraded at home; no rule */
	PLACE_PORTS_PASSED_BY, /* bridges from where an address of this host leads to no published port; no rule */
	PLACE_FORWARD_POSED,   /* what enters an interface with an address of this host is not this host's */
	PLACE_FORWARD_LIMITS,  /* what enters an interface goes through the lists of who may, before all else */
	PLACE_FORWARD_INGRESS, /* forwarded packets go through the accepts of ingresses */
	PLACE_FORWARD_ISOLATION,          /* … and through the isolation of networks */
	PLACE_FORWARD_NETWORK,            /* what leaves and enters a bridge, and communication on it */
	PLACE_FORWARD_OPEN,               /* accept of what is for an open network */
	PLACE_FORWARD_CONTAINERS,         /* accept on a bridge of what is for a published port */
	PLACE_COMMUNICATION_OFF,          /* DROP of communication on a bridge */
	PLACE_COMMUNICATION_OFF_INTERNAL, /* … of an internal network */
	PLACE_OUTPUT_LIMITS,              /* what this host itself sends to a destination goes through them too */
	PLACE_LIMITS_EXIST,               /* no rule: what the next four stand in exists, even empty */
	PLACE_LIMIT_CEILING,              /* the administrator's list comes first */
	PLACE_LIMIT_INGRESS,              /* lists: who is in one returns, and the rest may be dropped */
	PLACE_LIMIT_ENDPOINT,
	PLACE_LIMIT_NETWORK,
	PLACE_CEILING,     /* the administrator's */
	PLACE_CEILING_END, /* who is not in it may be dropped */
	PLACE_DENIALS_EXIST,
	PLACE_DENY_PORT,            /* DROP of what is for a limited port and nobody let through */
	PLACE_ACCEPT_EXISTS,        /* no rule: what PLACE_ACCEPT_PORT stands in exists, even empty */
	PLACE_ACCEPT_PORT,          /* accept of a published or a linked port */
	PLACE_INGRESS_INTERNAL,     /* DROP of what leaves or enters an internal network, before accepts */
	PLACE_INGRESS_SIBLINGS,     /* what communication on a bridge would be is passed by */
	PLACE_INGRESS_ACCEPT,       /* accept of an ingress's port */
	PLACE_INGRESS_GATEWAY,      /* … to one of its gateways, in dnat_address; no rule */
	PLACE_INGRESS_ERRORS,       /* accept of what routers say of connections to a gateway */
	PLACE_INGRESS_ACCEPT_END,   /* the rest returns */
	PLACE_ISOLATION_INTERNAL,   /* DROP of what leaves or enters an internal network */
	PLACE_ISOLATION_CONTAINERS, /* what is for a published port is past isolation */
	PLACE_ISOLATION_PORT,       /* … and what is for one of a routed endpoint */
	PLACE_ISOLATION_ANSWERS,    /* … and its answers, and errors about these */
	PLACE_ISOLATION,            /* what keeps other networks apart */
	PLACE_ISOLATION_END,
	PLACE_ISOLATION_ENTER, /* DROP of what entered another bridge before: the linear form */
	PLACE_ISOLATION_ENTER_END,
	PLACE_PREROUTING_INGRESS,    /* packets to this host go through the DNAT of ingresses */
	PLACE_PREROUTING_PORTS,      /* … and of published ports */
	PLACE_PREROUTING_CONTAINERS, /* … and what a bridge sends through PLACE_DNAT_CONTAINERS */
	PLACE_OUTPUT_INGRESS,        /* the same for packets of this host to itself */
	PLACE_OUTPUT_PORTS,
	PLACE_OUTPUT_LOCALHOST,       /* … to 127.0.0.0/8 */
	PLACE_MASQUERADE_NETWORK,     /* masquerade or SNAT of a subnet; masquerade of this host on a bridge */
	PLACE_MASQUERADE_INGRESS,     /* masquerade of what goes to a gateway */
	PLACE_MASQUERADE_CONTAINERS,  /* masquerade of endpoints that reach a published port on their own bridge */
	PLACE_MASQUERADE_SELF,        /* masquerade of an endpoint that reaches its own published port */
	PLACE_DNAT_EXISTS,            /* no rule: what PLACE_DNAT_PORT stands in exists, even empty */
	PLACE_DNAT_RETURN,            /* what comes in by a bridge is passed by */
	PLACE_DNAT_PORT,              /* DNAT of a published port */
	PLACE_DNAT_CONTAINERS_EXISTS, /* no rule: what PLACE_DNAT_CONTAINERS stands in exists, even empty */
	PLACE_DNAT_CONTAINERS,        /* DNAT of a published port for what comes in by a bridge */
	PLACE_INGRESS_DNAT_RETURN,    /* what is for ::1 is passed by */
	PLACE_INGRESS_DNAT,           /* DNAT of an ingress's port */
	PLACE_INGRESS_DNAT_END,
	N_PLACES
};
/** Whether a place holds one rule that all who ask for it share, so that their age does not matter. */
bool place_is_shared(enum place place);
GArray *rendering_new(void); /* an empty GArray of RuleItem, for renderers to write to */
/** Appends a blank rule at a place to a rendering and returns it to be filled in, before the next is added. sequence is
 * the age of what asks for it, index its position among the rules of one asker; both are ignored at a shared place. */
Rule *place_add(GArray *items, enum place place, enum family family, guint64 sequence, guint32 index);
