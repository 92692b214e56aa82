/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * client [--fd N]... PATH INTERFACE MEMBER TYPES ARGUMENTS [-- PATH ...]
 *
 * A client of the service that stays: makes the calls over one connection, prints each reply as GVariant text
 * or the error, then "ready", and keeps the connection until it is killed. Paths are below
 * /org/example/NetFilter, interfaces below org.example.NetFilter; arguments are GVariant text. "handle 0" is
 * the first of the descriptors given with --fd.
 */

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SERVICE "org.example.NetFilter"
#define ROOT "/org/example/NetFilter"

enum { PATH, INTERFACE, MEMBER, TYPES, ARGUMENTS, N_FIELDS };

static GVariant *parse(const char *types, const char *arguments)
{
	g_autofree char *type = g_strdup_printf("(%s)", types);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	GVariant *value;

	text = g_strdup_printf(g_variant_type_n_items((const GVariantType *)type) == 1 ? "(%s,)" : "(%s)", arguments);
	value = g_variant_parse((const GVariantType *)type, text, NULL, NULL, &error);
	if (!value)
		g_error("%s as %s: %s", text, type, error->message);
	return value;
}

static void make_call(GDBusConnection *bus, char **fields, GUnixFDList *fds)
{
	g_autofree char *path = g_strconcat(ROOT, fields[PATH], NULL);
	g_autofree char *interface = g_strconcat(SERVICE ".", fields[INTERFACE], NULL);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = g_dbus_connection_call_with_unix_fd_list_sync(
		bus, SERVICE, path, interface, fields[MEMBER], parse(fields[TYPES], fields[ARGUMENTS]), NULL,
		G_DBUS_CALL_FLAGS_NONE, -1, fds, NULL, NULL, &error);

	if (error) {
		g_autofree char *name = g_dbus_error_get_remote_error(error);

		g_dbus_error_strip_remote_error(error);
		printf("%s: %s\n", name, error->message);
		return;
	}
	text = g_variant_print(reply, FALSE);
	puts(text);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
	g_autoptr(GDBusConnection) bus = NULL;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (argv++; argc > 2 && strcmp(*argv, "--fd") == 0; argv += 2)
		if (g_unix_fd_list_append(fds, atoi(argv[1]), &error) < 0)
			g_error("descriptor %s: %s", argv[1], error->message);
	bus = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, &error);
	if (!bus)
		g_error("no bus: %s", error->message);
	for (; *argv; argv += N_FIELDS + (argv[N_FIELDS] != NULL)) {
		if (g_strv_length(argv) < N_FIELDS)
			g_error("a call is PATH INTERFACE MEMBER TYPES ARGUMENTS");
		make_call(bus, argv, fds);
	}
	puts("ready");
	pause();
	return 0;
}
