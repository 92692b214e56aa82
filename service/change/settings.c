/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/change/settings.h"

void endpoint_settings_free(EndpointSettings *settings)
{
	if (!settings)
		return;
	g_free(settings->port_group);
	g_free(settings->name);
	g_strfreev(settings->addresses);
	g_strfreev(settings->allocate);
	g_clear_pointer(&settings->ports, g_array_unref);
	g_strfreev(settings->allow_from);
	g_strfreev(settings->labels);
	g_free(settings->attach.interface);
	g_free(settings->attach.host_interface);
	g_free(settings->attach.mac);
	g_strfreev(settings->attach.routes);
	g_free(settings->lifetime.interface);
	g_free(settings);
}

void network_settings_clear(NetworkSettings *settings)
{
	g_clear_pointer(&settings->bridge, g_free);
	g_clear_pointer(&settings->subnets, g_strfreev);
	g_clear_pointer(&settings->gateways, g_strfreev);
	g_clear_pointer(&settings->address_range, g_strfreev);
	g_clear_pointer(&settings->gateway_mode, g_free);
	g_clear_pointer(&settings->gateway_modes, g_strfreev);
	g_clear_pointer(&settings->host_binding, g_free);
	g_clear_pointer(&settings->source_address, g_strfreev);
	g_clear_pointer(&settings->zone, g_free);
	g_clear_pointer(&settings->endpoints, g_ptr_array_unref);
	g_clear_pointer(&settings->allow_from, g_strfreev);
	g_clear_pointer(&settings->labels, g_strfreev);
}

void ingress_settings_clear(IngressSettings *settings)
{
	g_clear_pointer(&settings->gateway, g_free);
	g_clear_pointer(&settings->gateways, g_strfreev);
	g_clear_pointer(&settings->bridge, g_free);
	g_clear_pointer(&settings->ports, g_array_unref);
	g_clear_pointer(&settings->allow_from, g_strfreev);
	g_clear_pointer(&settings->labels, g_strfreev);
}
