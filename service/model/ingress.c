/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/ingress.h"

Ingress *ingress_new(const char *name)
{
	Ingress *ingress = g_new0(Ingress, 1);

	ingress->name = g_strdup(name);
	ingress->ports = g_ptr_array_new_with_free_func(g_free);
	return ingress;
}

void ingress_free(Ingress *ingress)
{
	if (!ingress)
		return;
	g_ptr_array_unref(ingress->ports);
	lifetime_clear(&ingress->lifetime);
	g_free(ingress->name);
	g_free(ingress);
}
