/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/names.h"
#include "service/cli/client.h"
#include "service/cli/holder.h"
#include "service/cli/object.h"
#include "service/cli/pager.h"
#include "service/cli/table.h"
#include "service/cli/verbs.h"
#include "service/model/port.h"
#include "service/netlink/sockets.h"

#include <pwd.h>
#include <string.h>

static const guint8 protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };

/* Ports of the host, and who has them. */
typedef struct Held {
	guint8 protocol; /* IPPROTO_* */
	guint16 first, count;
	Address address;      /* AF_UNSPEC: any, of both families */
	char *object;         /* ours, as people name it; NULL: a program's */
	guint16 to;           /* the first port of the endpoint or the gateway */
	pid_t pid;            /* 0: not known */
	char *program, *user; /* program NULL: not known */
} Held;

typedef struct Collection {
	GArray *held;        /* Held */
	GHashTable *holders; /* as holders_read() */
	pid_t service;       /* 0: not known */
	uid_t service_uid;
	guint8 protocol; /* of the sockets that are visited */
} Collection;

static void held_clear(gpointer data)
{
	Held *held = data;

	g_free(held->object);
	g_free(held->program);
	g_free(held->user);
}

/* --- what is published --- */

static void add_published(GArray *held, const Object *object)
{
	g_autoptr(GVariant) ports = NULL;
	GVariantIter iter;
	const char *protocol, *address;
	Held one;

	ports = property_value(object->properties, "Ports", object->kind == OBJECT_INGRESS ? "a(sq)" : "a(ssqqq)");
	g_variant_iter_init(&iter, ports);
	for (;;) {
		one = (Held){ .count = 1 };
		address = "";
		if (object->kind == OBJECT_INGRESS) {
			if (!g_variant_iter_next(&iter, "(&sq)", &protocol, &one.first))
				return;
			one.to = one.first;
		} else if (!g_variant_iter_next(&iter, "(&s&sqqq)", &protocol, &address, &one.first, &one.to,
						&one.count)) {
			return;
		}
		one.protocol = protocol_from_string(protocol);
		address_parse(address, &one.address);
		one.object = object_text(object->path);
		g_array_append_val(held, one);
	}
}

/* --- what programs have --- */

static bool is_published(const Collection *collection, guint16 port)
{
	for (guint i = 0; i < collection->held->len; i++) {
		const Held *held = &g_array_index(collection->held, Held, i);

		if (held->object && held->protocol == collection->protocol && port >= held->first &&
		    port < (guint)held->first + held->count)
			return true;
	}
	return false;
}

/* The service holds what is published. Whose a socket is cannot be seen by everybody. */
static bool is_services(const Collection *collection, const struct socket_info *socket, const Holder *holder)
{
	if (holder && collection->service)
		return holder->pid == collection->service;
	return socket->uid == collection->service_uid && is_published(collection, socket->port);
}

static char *user_name(uid_t uid)
{
	const struct passwd *user = getpwuid(uid);

	return user ? g_strdup(user->pw_name) : g_strdup_printf("%u", uid);
}

static void on_socket(const struct socket_info *socket, void *userdata)
{
	const Collection *collection = userdata;
	const Holder *holder = g_hash_table_lookup(collection->holders, GUINT_TO_POINTER(socket->inode));
	Held one = {
		.protocol = collection->protocol,
		.first = socket->port,
		.count = 1,
		.address = socket->local,
	};

	if (is_services(collection, socket, holder))
		return;
	/* Takes IPv4 as well. */
	if (address_is_any(&one.address) && one.address.family == AF_INET6 && !socket->v6_only)
		one.address = (Address){};
	one.pid = holder ? holder->pid : 0;
	one.program = holder ? g_strdup(holder->name) : NULL;
	one.user = user_name(socket->uid);
	g_array_append_val(collection->held, one);
}

static bool add_sockets(Collection *collection, GError **error)
{
	for (guint i = 0; i < G_N_ELEMENTS(protocols); i++) {
		collection->protocol = protocols[i];
		/* Most kernels have no sockets of SCTP until somebody wants one. */
		if (!sockets_visit_bound(protocols[i], on_socket, collection,
					 protocols[i] == IPPROTO_SCTP ? NULL : error) &&
		    protocols[i] != IPPROTO_SCTP)
			return false;
	}
	return true;
}

static void look_at_service(Cli *cli, Collection *ret)
{
	sd_bus_creds *creds = NULL;

	if (sd_bus_get_name_creds(cli->bus, BUS_NAME, SD_BUS_CREDS_PID | SD_BUS_CREDS_EUID, &creds) < 0)
		return;
	sd_bus_creds_get_pid(creds, &ret->service);
	sd_bus_creds_get_euid(creds, &ret->service_uid);
	sd_bus_creds_unref(creds);
}

/* --- the table --- */

enum { PORT, COUNT, PROTOCOL, ADDRESS, HOLDER, TO, PID, USER, N_COLUMNS };

static const Column columns[N_COLUMNS] = {
	[PORT] = { "PORT", "HostPort", true },
	[COUNT] = { NULL, "Count" },
	[PROTOCOL] = { "PROTOCOL", "Protocol" },
	[ADDRESS] = { "ADDRESS", "HostAddress" },
	[HOLDER] = { "HOLDER", "Holder" },
	[TO] = { "TO", "Port", true },
	[PID] = { NULL, "PID" },
	[USER] = { NULL, "User" },
};

static int compare(gconstpointer a, gconstpointer b)
{
	const Held *x = a, *y = b;

	if (x->first != y->first)
		return x->first - y->first;
	if (x->protocol != y->protocol)
		return x->protocol - y->protocol;
	return memcmp(&x->address, &y->address, sizeof x->address) ?: g_strcmp0(x->object, y->object);
}

static char *run_text(guint16 first, guint16 count)
{
	return count > 1 ? g_strdup_printf("%u-%u", first, first + count - 1) : g_strdup_printf("%u", first);
}

static char *holder_text(const Held *held)
{
	if (held->object)
		return g_strdup(held->object);
	return held->program ? g_strdup_printf("%s[%d]", held->program, held->pid)
			     : g_strdup_printf("a program of %s", held->user);
}

static void add_row(Table *table, const Held *held)
{
	Row *row = table_add(table, NULL);
	char address[INET6_ADDRSTRLEN];

	address_format(&held->address, address);
	row_set(row, PORT, run_text(held->first, held->count), g_variant_new_uint16(held->first));
	row_set(row, COUNT, NULL, g_variant_new_uint16(held->count));
	row_set(row, PROTOCOL, g_strdup(protocol_to_string(held->protocol)), NULL);
	row_set(row, ADDRESS, g_strdup(*address ? address : "any"), g_variant_new_string(address));
	row_set(row, HOLDER, holder_text(held), g_variant_new_string(held->object ?: held->program ?: ""));
	if (held->object) {
		row_set(row, TO, run_text(held->to, held->count), g_variant_new_uint16(held->to));
	} else {
		row_set(row, USER, g_strdup(held->user), NULL);
		if (held->pid)
			row_set(row, PID, NULL, g_variant_new_uint32(held->pid));
	}
}

/* --- */

static bool read_numbers(char **texts, guint n, GArray *ret)
{
	for (guint i = 0; i < n; i++) {
		guint64 port;

		if (!g_ascii_string_to_unsigned(texts[i], 10, 1, G_MAXUINT16, &port, NULL)) {
			usage_error("\"%s\" is not a port from 1 to 65535", cut(texts[i]));
			return false;
		}
		g_array_append_val(ret, port);
	}
	return true;
}

static bool is_wanted(const Held *held, const GArray *numbers)
{
	for (guint i = 0; i < numbers->len; i++) {
		guint64 port = g_array_index(numbers, guint64, i);

		if (port >= held->first && port < (guint)held->first + held->count)
			return true;
	}
	return numbers->len == 0;
}

static int collect(Cli *cli, Collection *collection)
{
	g_autoptr(GPtrArray) objects = NULL;
	GError *error = NULL;
	int r;

	objects = objects_read(cli, &r);
	if (!objects)
		return r;
	look_at_service(cli, collection);
	for (guint i = 0; i < objects->len; i++)
		add_published(collection->held, objects->pdata[i]);
	return add_sockets(collection, &error) ? 0 : report_error(error);
}

int verb_ports(Cli *cli, char **arguments, guint n)
{
	g_autoptr(GArray) held = g_array_new(FALSE, FALSE, sizeof(Held));
	g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint64));
	g_autoptr(GHashTable) holders = NULL;
	g_autoptr(Table) table = table_new(columns, N_COLUMNS, NULL);
	int r;

	g_array_set_clear_func(held, held_clear);
	if (cli->options.host || cli->options.machine)
		return usage_error("ports looks at the programs of this machine, and is not for another one");
	if (!read_numbers(arguments, n, numbers))
		return EXIT_USAGE;
	holders = holders_read();
	r = collect(cli, &(Collection){ .held = held, .holders = holders });
	if (r != 0)
		return r;
	g_array_sort(held, compare);
	for (guint i = 0; i < held->len; i++)
		if (is_wanted(&g_array_index(held, Held, i), numbers))
			add_row(table, &g_array_index(held, Held, i));
	pager_start(cli);
	table_print(table, cli);
	return 0;
}
