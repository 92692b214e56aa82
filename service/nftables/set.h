/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/address.h"

/** The sets and maps of a table, in which every object is elements. In the order in which they are shown. */
enum set {
	SET_PUBLISHED,           /* host port on any address : endpoint and its port */
	SET_PUBLISHED_AT,        /* … on one address */
	SET_STRETCH,             /* long range on any address, onto the same numbers : endpoint */
	SET_STRETCH_AT,          /* … on one address */
	SET_INGRESS_PORTS,       /* host port : gateway and port */
	SET_INGRESS_SPREAD,      /* host port : the chain that chooses among so many gateways */
	SET_INGRESS_SHARES,      /* host port . whose turn it is : gateway and port */
	SET_REACHABLE,           /* an endpoint's published port, from outside its bridge */
	SET_REACHABLE_STRETCH,   /* … REACHABLE_BLOCK of them */
	SET_INGRESS_REACHABLE,   /* a gateway's port */
	SET_INGRESS_GATEWAYS,    /* gateways that are told what routers say */
	SET_INGRESS_MASQUERADED, /* a gateway's port, to which nothing comes but from this host */
	SET_LIMITED_OUT,         /* interfaces behind which somebody may not reach every published port */
	SET_CAPPED,              /* 0.0.0.0 or :: where the administrator's list holds */
	SET_CEILING,             /* it: subnets */
	SET_CEILING_BY,          /* … interfaces */
	SET_CEILING_HOST,        /* … 0.0.0.0 or :: where this host itself is in it */
	SET_LIMITED_INGRESS,     /* a gateway's port that has a list of its own */
	SET_ALLOWED_INGRESS,     /* a subnet that is in it . … */
	SET_ALLOWED_INGRESS_BY,
	SET_ALLOWED_INGRESS_HOST,
	SET_LIMITED,      /* an endpoint that has a list of its own */
	SET_ALLOWED,      /* a subnet that is in it . … */
	SET_ALLOWED_BY,   /* … and an interface */
	SET_ALLOWED_HOST, /* … of those where this host is in it */
	SET_LIMITED_NETS, /* the same of networks */
	SET_ALLOWED_NETS,
	SET_ALLOWED_NETS_BY,
	SET_ALLOWED_NETS_HOST,
	SET_LINKS,        /* parent . child . port */
	SET_NEIGHBOURS,   /* bridges with a link: neighbour discovery passes; IPv6 */
	SET_INSIDE,       /* bridge . bridge : what becomes of packets on it */
	SET_LEAVING,      /* bridge : … from it to elsewhere */
	SET_ENTERING,     /* bridge : … to it from elsewhere */
	SET_BRIDGES,      /* every bridge of ours */
	SET_PASSED_BY,    /* bridges from where published ports are not reached by an address of the host */
	SET_CALLERS,      /* bridges from where they are reached as from outside */
	SET_SOURCES,      /* subnets that are masqueraded */
	SET_SOURCES_AT,   /* … that are given an address : it */
	SET_AT_HOME,      /* bridge . its subnet: what does not leave */
	SET_LOCAL_OUT,    /* interfaces where what this host sends is masqueraded */
	SET_FORWARDED,    /* foreign interfaces that are forwarded whatever the policy */
	SET_PROTECTED,    /* bridges on which no endpoint is reached by its own address */
	SET_PROTECTED_AT, /* bridge . address of an endpoint for which that holds */
	SET_ROUTED,       /* bridges where published ports are reached by the endpoint's own address */
	SET_OPEN,         /* bridges where all is */
	SET_GUARDED,      /* interfaces by which nothing goes to or comes from 127.0.0.0/8; IPv4 */
	SET_LOCALHOST,    /* 127.0.0.0 where ports are published there; IPv4 */
	SET_STRAYS,       /* 0.0.0.0 or :: where TCP of no connection is dropped */
	N_SETS
};

enum field { FIELD_NONE, FIELD_ADDRESS, FIELD_INTERFACE, FIELD_PROTOCOL, FIELD_PORT, FIELD_NUMBER, FIELD_VERDICT };
enum { KEY_FIELDS_MAX = 4, DATA_FIELDS_MAX = 2 };

typedef struct SetInfo {
	const char *name;
	enum field key[KEY_FIELDS_MAX], data[DATA_FIELDS_MAX]; /* FIELD_NONE behind the last */
	bool interval, counted;
	guint8 families; /* 1 << enum family */
} SetInfo;

const SetInfo *set_info(enum set set);
bool set_in_family(enum set set, enum family family);
enum set set_find(enum family family, const char *name); /* by its name; N_SETS: there is none */
/** As nftables counts: bytes in a register and the number of its type; 0 for FIELD_NONE. */
guint field_size(enum field field, enum family family);
guint32 field_type(enum field field, enum family family);
/** Bytes of a whole key. Whether its ends are elements of their own, as for an interval of a single field. */
guint set_key_size(enum set set, enum family family);
bool set_has_end_elements(enum set set);
/** "table ip …": what a family is called. */
const char *nft_family(enum family family);
