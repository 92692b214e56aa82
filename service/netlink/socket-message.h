/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/address.h"
#include "service/netlink/request.h"

/* What the kernel says of a socket (sock_diag). */
struct socket_info {
	Address local; /* of IPv4 where it is one in IPv6's clothes */
	guint16 port;
	bool v6_only;
	bool is_left; /* of a connection that no program has any more */
};

/** False for what is no socket of IPv4 or IPv6. */
bool socket_message_read(struct nl_msg *message, struct socket_info *ret);
