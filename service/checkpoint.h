/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"

/** Whether changes are written down. */
bool service_is_journalled(const Service *service);

/** Appends what is known of the host: of all interfaces, or of those that the plan changes. */
void service_encode_host(const Service *service, bool all, GByteArray *to);

/** Writes the journal anew, as everything is now. FAILED leaves it as it was. */
bool service_checkpoint(Service *service, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Begins a journal that has everything in it as it is now: anew; or, where there is no room for it beside the previous
 * instance's, by going on with that. FAILED leaves it as it was.
 */
bool service_begin_journal(Service *service, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** After a commit that succeeded: what others before it left of themselves in the kernel has gone. */
void service_resolve_journal(Service *service);

/** Whether a commit failed for want of room in the journal, and there is more now: then it may be tried again. */
bool service_make_room(Service *service) G_GNUC_WARN_UNUSED_RESULT;

/** What can wait until the callers have their answers: a checkpoint, if one is due. */
void service_compact(Service *service);
