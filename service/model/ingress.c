/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/ingress.h"

Ingress *ingress_new(const char *name)
{
	Ingress *ingress = g_new0(Ingress, 1);

	ingress->name = g_strdup(name);
	ingress->by_age.data = ingress;
	ingress->ports = g_ptr_array_new_with_free_func(g_free);
	return ingress;
}

void ingress_free(Ingress *ingress)
{
	if (!ingress)
		return;
	g_ptr_array_unref(ingress->ports);
	allow_from_unref(ingress->allow_from);
	g_strfreev(ingress->labels);
	lifetime_clear(&ingress->lifetime);
	g_free(ingress->name);
	g_free(ingress);
}

IngressPort *ingress_find_port(const Ingress *ingress, const LinkPort *port, guint *ret_index)
{
	for (guint i = 0; i < ingress->ports->len; i++) {
		IngressPort *candidate = ingress->ports->pdata[i];

		if (candidate->protocol == port->protocol && candidate->port == port->port) {
			*ret_index = i;
			return candidate;
		}
	}
	return NULL;
}

PortRange ingress_port_range(const Ingress *ingress, guint8 protocol, guint16 port)
{
	return (PortRange){
		.protocol = protocol,
		.family = address_family(&ingress->gateway),
		.first = port,
		.count = 1,
	};
}
