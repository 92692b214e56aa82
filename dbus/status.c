/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/status.h"

#include "service/foreign-drops.h"

#include <systemd/sd-daemon.h>

static void append_count(GString *text, guint n, const char *one, const char *many)
{
	g_string_append_printf(text, "%u %s, ", n, n == 1 ? one : many);
}

static char *status_text(const Service *service)
{
	g_auto(GStrv) drops = service_foreign_drops(service);
	const Model *model = service_model(service);
	g_autoptr(GError) refusal = NULL;
	guint n_endpoints = 0;
	GString *text;

	if (!service_is_available(service, &refusal))
		return g_strdup(refusal->message);
	for (const GList *i = model->networks_by_age.head; i; i = i->next)
		n_endpoints += ((const Network *)i->data)->endpoints_by_age.length;
	text = g_string_new(NULL);
	append_count(text, model->networks_by_age.length, "network", "networks");
	append_count(text, n_endpoints, "endpoint", "endpoints");
	if (model->ingresses_by_age.length > 0)
		append_count(text, model->ingresses_by_age.length, "ingress", "ingresses");
	g_string_append(text, service_backend_name(service));
	for (char **drop = drops; *drop; drop++)
		g_string_append_printf(text, "; stopped by chain %s", cut(*drop));
	return g_string_free(text, FALSE);
}

void status_tell(char **told, const Service *service)
{
	g_autofree char *text = status_text(service);

	if (g_strcmp0(text, *told) == 0)
		return;
	sd_notifyf(false, "STATUS=%s", text);
	g_free(*told);
	*told = g_steal_pointer(&text);
}
