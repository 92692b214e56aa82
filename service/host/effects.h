/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/**
 * What was done to the host since the last commit, and how to take it back: only what was done, and on the object it
 * was done to.
 */
typedef struct Effects Effects;

/** object tells what it was done to (an ifindex, a family), value what was there before. Logs its own failure. */
typedef void (*EffectRevert)(void *self, int object, guint value);

Effects *effects_new(void);
void effects_free(Effects *effects); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Effects, effects_free)

/** Notes an effect that has just been had. */
void effects_add(Effects *effects, EffectRevert revert, void *self, int object, guint value);

/** Takes all of them back, the last first; or keeps them. Either way they are forgotten. */
void effects_revert(Effects *effects);
void effects_keep(Effects *effects);
