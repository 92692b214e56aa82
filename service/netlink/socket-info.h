/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/address.h"
#include <sys/types.h>

/* What the kernel says of a socket (sock_diag). */
struct socket_info {
	Address local; /* of IPv4 where it is one in IPv6's clothes */
	guint16 port;
	bool v6_only;
	guint32 inode; /* 0: of a connection that no program has any more */
	uid_t uid;     /* whose program made it */
};
