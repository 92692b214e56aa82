/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/iptables/entry.h"

/** An entry of either family, said alike; borrowed from it. */
typedef struct View {
	const guint8 *source, *source_mask, *destination, *destination_mask;
	gsize address_size;
	const char *in, *out;
	const guint8 *in_mask, *out_mask;
	guint16 protocol;
	guint8 inverse, flags;
	const guint8 *bytes;
	guint16 matches, target;
} View;

/** That of struct ipt_entry or struct ip6t_entry. */
View view_of(enum family family, const void *entry);
