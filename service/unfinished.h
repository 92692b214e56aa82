/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"

/*
 * What the previous instance was about to delete when it died. It is taken back as any change is of which nobody was
 * told, unless something lived with an interface or a descriptor that has gone since: that cannot be had back, and so
 * the rest of what was deleted with it goes as well.
 */

/**
 * Whether a batch (GArray of Change, made) took things away, and nothing else, that cannot all be had back. descriptors
 * has the tokens (guint64) that the fd store kept.
 */
bool unfinished_is_lost(const Service *service, const GArray *changes, GHashTable *descriptors);

/** Keeps such a batch, which has been taken back: its changes are taken over. */
void unfinished_keep(Service *service, const GArray *changes);

/** Makes its changes again, as part of what is committed next. */
void unfinished_resume(Service *service);
