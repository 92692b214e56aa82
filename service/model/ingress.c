/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/ingress.h"

#include <string.h>

Ingress *ingress_new(const char *name)
{
	Ingress *ingress = g_new0(Ingress, 1);

	ingress->name = g_strdup(name);
	ingress->by_age.data = ingress;
	ingress->gateways = g_array_new(FALSE, FALSE, sizeof(Gateway));
	ingress->ports = g_ptr_array_new_with_free_func(g_free);
	return ingress;
}

void ingress_free(Ingress *ingress)
{
	if (!ingress)
		return;
	g_array_unref(ingress->gateways);
	g_ptr_array_unref(ingress->ports);
	allow_from_unref(ingress->allow_from);
	g_strfreev(ingress->labels);
	lifetime_clear(&ingress->lifetime);
	g_free(ingress->name);
	g_free(ingress);
}

const Gateway *ingress_gateway(const Ingress *ingress, guint i)
{
	return &g_array_index(ingress->gateways, Gateway, i);
}

const Gateway *ingress_first_gateway(const Ingress *ingress)
{
	return ingress_gateway(ingress, 0);
}

enum family ingress_family(const Ingress *ingress)
{
	return address_family(&ingress_first_gateway(ingress)->address);
}

guint ingress_count_ways(const Ingress *ingress)
{
	return ingress->ports->len * ingress->gateways->len;
}

int ingress_find_gateway(const Ingress *ingress, const Address *address)
{
	for (guint i = 0; i < ingress->gateways->len; i++)
		if (address_equal(&ingress_gateway(ingress, i)->address, address))
			return i;
	return -1;
}

/* Whether one before the i-th is reached by the same interface. */
static bool is_repeated(const Ingress *ingress, guint i)
{
	for (guint j = 0; j < i; j++)
		if (strcmp(ingress_gateway(ingress, j)->bridge, ingress_gateway(ingress, i)->bridge) == 0)
			return true;
	return false;
}

const char *ingress_bridge(const Ingress *ingress, guint n)
{
	for (guint i = 0; i < ingress->gateways->len; i++)
		if (!is_repeated(ingress, i) && n-- == 0)
			return ingress_gateway(ingress, i)->bridge;
	return NULL;
}

bool ingress_has_bridge(const Ingress *ingress, const char *interface)
{
	for (guint i = 0; i < ingress->gateways->len; i++)
		if (strcmp(ingress_gateway(ingress, i)->bridge, interface) == 0)
			return true;
	return false;
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
		.family = ingress_family(ingress),
		.first = port,
		.count = 1,
	};
}
