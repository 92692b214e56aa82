/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/lifetime.h"

void lifetime_clear(Lifetime *lifetime)
{
	g_free(lifetime->owner);
	g_free(lifetime->fragment);
	*lifetime = (Lifetime){};
}
