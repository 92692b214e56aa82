/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/*
 * The records of the state, as GVariant types. The first byte says what a
 * record is; capitals add, small letters take away.
 */

#define RECORD(type) ((guint8)(type))

#define RECORD_LIFETIME "(usbtt)" /* uid, owner, persistent, token of the descriptor, deadline */

#define RECORD_NAME "(ys)"        /* 'n' network, 'i' ingress */
#define RECORD_NAMES "(yss)"      /* 'e' network, endpoint; 'S' the bus's id, the chains' prefix */
#define RECORD_THREE_NAMES "(ysss)" /* 'l' network, parent, child */
#define RECORD_NETWORK "(yssb@as@asbbb@st@" RECORD_LIFETIME ")" /* 'N' name, bridge, whether created, subnets, gateways,
	internal, communication, masquerade, host binding, sequence, lifetime */
#define RECORD_UPDATE "(ysbb@s)"  /* 'U' network, communication, masquerade, host binding */
#define RECORD_ENDPOINT "(yss@as@" RECORD_LIFETIME ")" /* 'E' network, name, addresses, lifetime */
#define RECORD_MAPPING "(yssy@sqqqt)" /* 'P', 'p' network, endpoint, protocol, host address, host port, endpoint port,
	count, sequence */
#define RECORD_LINK "(ysss@a(yq)t)"   /* 'L' network, parent, child, ports, sequence */
#define RECORD_INGRESS "(ys@sst@" RECORD_LIFETIME ")" /* 'I' name, gateway, bridge, sequence, lifetime */
#define RECORD_INGRESS_PORT "(ysyqut)" /* 'Q' ingress, protocol, port, references, sequence */
#define RECORD_PORT "(ysyq)"           /* 'q' ingress, protocol, port */
#define RECORD_HOST "(y@ab@ay@as)"     /* 'H' switches we switched, FORWARD policies we changed, interfaces whose
	route_localnet we switched */
