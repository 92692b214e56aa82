/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/netlink/request.h"
#include "service/netlink/socket-info.h"

/** False for what is no socket of IPv4 or IPv6. */
bool socket_message_read(struct nl_msg *message, struct socket_info *ret);
