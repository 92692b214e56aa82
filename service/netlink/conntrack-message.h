/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/address.h"
#include "service/netlink/request.h"

/* What the kernel says of an entry in its table of connections, as far as it is asked for. */
struct conntrack_entry {
	sa_family_t family;
	Address original_source, original_destination, reply_source;
	guint8 protocol;
	guint16 destination_port, reply_source_port;
};

/** False for what is no entry of IPv4 or IPv6. */
bool conntrack_entry_read(struct nl_msg *message, struct conntrack_entry *ret);

/** The message that deletes the very entry that a message tells of; the caller's. */
NlMsg *conntrack_delete_request(struct nl_msg *message);

/** How many entries there are, of an answer to IPCTNL_MSG_CT_GET_STATS. False: it does not say. */
bool conntrack_statistics_read(struct nl_msg *message, guint32 *ret_entries);
