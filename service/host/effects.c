/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/effects.h"

typedef struct Effect {
	EffectRevert revert;
	void *self;
	int object;
	guint value;
} Effect;

struct Effects {
	GArray *had; /* Effect */
};

Effects *effects_new(void)
{
	Effects *effects = g_new(Effects, 1);

	effects->had = g_array_new(FALSE, FALSE, sizeof(Effect));
	return effects;
}

void effects_free(Effects *effects)
{
	if (!effects)
		return;
	g_array_unref(effects->had);
	g_free(effects);
}

void effects_add(Effects *effects, EffectRevert revert, void *self, int object, guint value)
{
	Effect effect = { revert, self, object, value };

	g_array_append_val(effects->had, effect);
}

void effects_revert(Effects *effects)
{
	for (guint i = effects->had->len; i-- > 0;) {
		const Effect *effect = &g_array_index(effects->had, Effect, i);

		effect->revert(effect->self, effect->object, effect->value);
	}
	g_array_set_size(effects->had, 0);
}

void effects_keep(Effects *effects)
{
	g_array_set_size(effects->had, 0);
}
