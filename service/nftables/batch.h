/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/address.h"

#include <libmnl/libmnl.h>

/** Messages to nf_tables that the kernel takes whole or not at all. */
typedef struct Batch Batch;

/** generation: of the ruleset that the batch was made for, -ERESTART if it is another by then; 0: whichever it is. */
Batch *batch_new(guint32 generation);
void batch_free(Batch *batch); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Batch, batch_free)

/** How long the attributes of a message may become, in bytes; they hold lengths of 16 bits. */
#define BATCH_MESSAGE_MAX 49152

/**
 * Begins a message of type NFT_MSG_*, to be filled in with mnl_attr_put() and ended with batch_put(). subject is what
 * it is about, for sentences; it outlives the batch.
 */
struct nlmsghdr *batch_message(Batch *batch, enum family family, guint16 type, guint16 flags, const char *subject);
void batch_put(Batch *batch);

bool batch_is_empty(const Batch *batch);

/** What the kernel said to the first message that it refused. */
typedef struct BatchFailure {
	const char *subject;  /* NULL: the batch as a whole */
	char expression[16];  /* the name of the expression that is to blame; "" when none is */
	guint32 message_type; /* NFT_MSG_* */
} BatchFailure;

/**
 * Commits the batch or, without commit, lets the kernel check it and throw it away. 0 or the first error; -ENOBUFS
 * where the answer was lost, so that it may have been committed. ret may be NULL.
 */
int batch_send(Batch *batch, struct mnl_socket *socket, bool commit, BatchFailure *ret) G_GNUC_WARN_UNUSED_RESULT;
