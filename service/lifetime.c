/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/lifetime.h"

void lifetime_init(Lifetime *lifetime, enum object_kind kind, void *object, const LifetimeSettings *settings)
{
	*lifetime = (Lifetime){
		.kind = kind,
		.object = object,
		.uid = settings->uid,
		.owner = settings->persistent ? NULL : g_strdup(settings->sender),
		.persistent = settings->persistent,
	};
}

void lifetime_clear(Lifetime *lifetime)
{
	g_free(lifetime->owner);
	*lifetime = (Lifetime){};
}
