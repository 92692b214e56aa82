/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/foreign-drops.h"

#include "service/service.h"

/* A firewalld that runs lets pass what comes from its zones, or it is said why a network is in none. */
static bool heeds_zones(const Service *service, const char *drop)
{
	if (!service->firewalld_runs || !g_str_has_prefix(drop, "inet firewalld "))
		return false;
	for (const GList *i = service->model->networks_by_age.head; i; i = i->next)
		if (*((const Network *)i->data)->zone == '\0')
			return false;
	return true;
}

static void keep_forward_drops(Service *service, GPtrArray *drops)
{
	g_ptr_array_set_free_func(drops, NULL);
	for (guint i = drops->len; i-- > 0;)
		if (heeds_zones(service, drops->pdata[i]))
			g_free(g_ptr_array_remove_index(drops, i));
	g_ptr_array_add(drops, NULL);
	g_strfreev(service->foreign_drops);
	service->foreign_drops = (char **)g_ptr_array_steal(drops, NULL);
}

const char *const *service_foreign_drops(const Service *service)
{
	return (const char *const *)service->foreign_drops;
}

void service_warn_of_foreign_drops(Service *service)
{
	g_autoptr(GPtrArray) drops = NULL;
	GError *error = NULL;

	if (!firewall_find_forward_drops(service->firewall, &drops, &error)) {
		error_warn(error);
		return;
	}
	keep_forward_drops(service, drops);
	for (char **drop = service->foreign_drops; *drop; drop++)
		g_warning("Chain %s stops what is forwarded to endpoints and from them, whatever the rules "
			  "of this service accept",
			  cut(*drop));
}
