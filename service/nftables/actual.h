/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/nftables/element.h"

/** What the kernel has. Functions return 0 or a negative errno, -EINTR where it changed meanwhile. */

/** The number of the namespace's ruleset, which every commit of anybody raises. */
int actual_generation(struct mnl_socket *socket, guint32 *ret) G_GNUC_WARN_UNUSED_RESULT;

typedef struct ActualTable {
	bool exists;
	guint32 flags; /* NFT_TABLE_F_* */
	guint32 owner; /* port id of the socket that it belongs to; 0: nobody's */
	bool drop;     /* policy of forwarding */
	bool intact;   /* chains, rules and sets are those of the skeleton */
} ActualTable;

/** The table and whether it is the skeleton. */
int actual_table(struct mnl_socket *socket, enum family family, const char *table,
		 ActualTable *ret) G_GNUC_WARN_UNUSED_RESULT;

typedef struct ActualCounter {
	guint64 packets, bytes;
} ActualCounter;

/** Tells each element of a set; NULL stands for one of a form that we do not make. */
typedef void (*actual_func)(const Element *element, const ActualCounter *counter, void *userdata);
int actual_elements(struct mnl_socket *socket, enum family family, const char *table, enum set set, actual_func tell,
		    void *userdata) G_GNUC_WARN_UNUSED_RESULT;

/** The counter of one element, -ENOENT if it is not there. */
int actual_element(struct mnl_socket *socket, const char *table, const Element *element,
		   ActualCounter *ret) G_GNUC_WARN_UNUSED_RESULT;
