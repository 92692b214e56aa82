/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * published
 *
 * Prints what endpoints publish, and then, until it is interrupted, what changes: for a DNS server or a proxy that is
 * to follow them. Looking needs no permission. GDBus keeps a copy of all objects up to date by the service's signals,
 * and starts the service if it does not run.
 *
 *     cc published.c $(pkg-config --cflags --libs gio-2.0) -o published
 */

#include <gio/gio.h>
#include <stdlib.h>

#define SERVICE "org.example.NetFilter"
#define ENDPOINT SERVICE ".Endpoint"

/* "/…/network/web/endpoint/app: 8080:80/tcp" */
static void print_ports(const char *path, GVariant *ports)
{
	GString *line = g_string_new(NULL);
	guint16 host_port, port, count;
	const char *protocol, *host;
	GVariantIter iter;

	g_variant_iter_init(&iter, ports);
	while (g_variant_iter_next(&iter, "(&s&sqqq)", &protocol, &host, &host_port, &port, &count))
		g_string_append_printf(line, " %s%s%u:%u/%s", host, *host ? ":" : "", host_port, port, protocol);
	g_print("%s:%s\n", path, line->len > 0 ? line->str : " nothing");
	g_string_free(line, TRUE);
}

static void on_added(GDBusObjectManager *manager, GDBusObject *object, gpointer userdata)
{
	g_autoptr(GDBusInterface) endpoint = g_dbus_object_get_interface(object, ENDPOINT);
	g_autoptr(GVariant) ports = NULL;

	(void)manager;
	(void)userdata;
	if (endpoint)
		ports = g_dbus_proxy_get_cached_property(G_DBUS_PROXY(endpoint), "Ports");
	if (ports)
		print_ports(g_dbus_object_get_object_path(object), ports);
}

static void on_removed(GDBusObjectManager *manager, GDBusObject *object, gpointer userdata)
{
	g_autoptr(GDBusInterface) endpoint = g_dbus_object_get_interface(object, ENDPOINT);

	(void)manager;
	(void)userdata;
	if (endpoint)
		g_print("%s is gone\n", g_dbus_object_get_object_path(object));
}

static void on_changed(GDBusObjectManagerClient *manager, GDBusObjectProxy *object, GDBusProxy *interface,
		       GVariant *changed, const char *const *invalidated, gpointer userdata)
{
	g_autoptr(GVariant) ports = NULL;

	(void)manager;
	(void)invalidated;
	(void)userdata;
	if (g_str_equal(g_dbus_proxy_get_interface_name(interface), ENDPOINT))
		ports = g_variant_lookup_value(changed, "Ports", G_VARIANT_TYPE("a(ssqqq)"));
	if (ports)
		print_ports(g_dbus_object_get_object_path(G_DBUS_OBJECT(object)), ports);
}

int main(void)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_autoptr(GError) error = NULL;
	GDBusObjectManager *manager;
	GList *objects;

	manager = g_dbus_object_manager_client_new_for_bus_sync(
		G_BUS_TYPE_SYSTEM, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_NONE, SERVICE, "/org/example/NetFilter", NULL,
		NULL, NULL, NULL, &error);
	if (!manager) {
		g_printerr("published: %s\n", error->message);
		return EXIT_FAILURE;
	}
	g_signal_connect(manager, "object-added", G_CALLBACK(on_added), NULL);
	g_signal_connect(manager, "object-removed", G_CALLBACK(on_removed), NULL);
	g_signal_connect(manager, "interface-proxy-properties-changed", G_CALLBACK(on_changed), NULL);
	objects = g_dbus_object_manager_get_objects(manager);
	for (GList *item = objects; item; item = item->next)
		on_added(manager, item->data, NULL);
	g_list_free_full(objects, g_object_unref);
	g_main_loop_run(loop);
}
