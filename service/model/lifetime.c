/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/lifetime.h"

const char *lifetime_owner(const Lifetime *lifetime)
{
	return lifetime->with_owner ? lifetime->owner : "";
}

void lifetime_clear(Lifetime *lifetime)
{
	g_free(lifetime->owner);
	g_free(lifetime->fragment);
	*lifetime = (Lifetime){};
}
