/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/netlink/request.h"
#include "service/model/address.h"

/**
 * The link of this name, else FAILED; INVALID_ARGS for what is no name. The
 * kernel also answers to alternative names, which no packet filter does: such a
 * name is refused.
 */
bool netlink_find_link(Netlink *netlink, const char *name, RtnlLink **ret, GError **error);

/** Whether the link is a bridge, and of this name rather than this alternative name. */
bool netlink_is_bridge(RtnlLink *link, const char *name);

/** INVALID_ARGS for what link_name_is_valid() rejects. */
bool netlink_check_name(const char *name, GError **error);

/** Adds an address to a link. Returns 0 or a negative errno. */
int netlink_add_address(Netlink *netlink, int ifindex, const Prefix *address);
