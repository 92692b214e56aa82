/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include "service/model/address.h"

/** How an endpoint hangs on its bridge, where the service has attached it: by a veth. */
typedef struct Attachment {
	char host_interface[IFNAMSIZ]; /* the end that is a port of the bridge */
	char interface[IFNAMSIZ];      /* the end in the endpoint's namespace */
	guint8 host_mac[6];            /* tells the end on the host from another of its name */
	guint8 mac[6];                 /* of the endpoint */
} Attachment;

#define MAC_STRLEN sizeof "02:42:ac:12:00:02"

/** Reads "02:42:ac:12:00:02", an address of one interface: neither of a group nor all zero. INVALID_ARGS. */
bool mac_parse(const char *text, guint8 ret[static 6], GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Writes the same into a caller's buffer and returns it. */
const char *mac_format(const guint8 mac[static 6], char buffer[static MAC_STRLEN]);

/** What an endpoint has by default: the same whenever it has the same address. AF_UNSPEC: it has none of that family.
 */
void mac_derive(const Address addresses[static N_FAMILIES], guint8 ret[static 6]);

/** One that is nobody's yet, in all probability. */
void mac_choose(guint8 ret[static 6]);
