/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/address.h"

/**
 * The name servers that the host asks, by resolv.conf(5) and by systemd-resolved where it stands before them: a GArray
 * of Address, the caller's. What cannot be read has none.
 */
GArray *resolvers_read(void);
