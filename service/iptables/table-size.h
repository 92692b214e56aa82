/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/iptables/chain.h"
#include "service/model/address.h"

/**
 * How large a table is in the kernel: what changes with nearly everything that somebody does to it, and costs one
 * system call. Not with a policy, nor with a rule in the place of another of its size.
 */
typedef struct TableSize {
	bool known;
	guint entries, bytes;
} TableSize;

/** A socket to ask with, CLOEXEC; negative errno. */
int table_size_socket(enum family family);

/** Not known when it cannot be read. It makes a table that the host does not have yet. */
TableSize table_size_read(int socket, enum family family, enum table table);

/**
 * Whether FORWARD's policy is to drop, which nothing of a table's size tells; negative errno, -EAGAIN when somebody
 * writes. It costs a copy of the table.
 */
int table_forward_drops(int socket, enum family family);

static inline bool table_size_equal(const TableSize *a, const TableSize *b)
{
	return a->known && b->known && a->entries == b->entries && a->bytes == b->bytes;
}
