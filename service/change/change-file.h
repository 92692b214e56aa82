/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/transaction.h"

/*
 * Where objects come from: unit files. What a call does to a permanent object is written to its file when the call is
 * committed, as long as that lies in the service's own directory; the others are for those to change who wrote them.
 */

/** An object comes from that file, NULL for none; with one it has no deadline from now on. */
void object_set_fragment(Transaction *transaction, Lifetime *lifetime, const char *fragment);

/**
 * A new object is to be there after a reboot: it has a file in our directory. INVALID_ARGS when a file of that name
 * would be read in its place, or when an endpoint's network has none.
 */
bool object_make_permanent(Transaction *transaction, Lifetime *lifetime, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * An object that is there already is to be there after a reboot, a network with those of its endpoints that can be; or
 * only until then. INVALID_ARGS besides when it is not persistent, and names a file that is not ours.
 */
bool object_set_permanent(Transaction *transaction, Lifetime *lifetime, bool permanent,
			  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * After a call's changes: the files of what they are about are to be written, or removed with it. INVALID_ARGS names
 * the file when something goes that comes from a file which is not ours.
 */
bool files_follow_changes(Transaction *transaction, guint savepoint, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The second and third are no change of the model: object is a Lifetime whose file is to be written as all is then,
 * and part the path of a file to be removed. */
extern const ChangeKind fragment_changed, file_written, file_removed;
