/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/address.h"
#include "service/netlink/request.h"

/* What the kernel says of the addresses and settings of interfaces. */

/**
 * Whose address (RTM_DELADDR) or settings (RTM_NEWNETCONF) another is, or NETCONFA_IFINDEX_ALL; *ret_gone is the
 * address, AF_UNSPEC where it is settings. False for any other message, also for an address that came, which takes
 * nothing away.
 */
bool setting_message_read(struct nl_msg *message, int *ret_ifindex, Address *ret_gone);
