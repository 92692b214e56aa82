/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/arguments.h"

#include "service/model/labels.h"

#include <errno.h>
#include <string.h>

/* What a message can hold was checked when it came in; only memory can fail now, or there is too much of it. */
bool argument_check(int r, GError **error)
{
	if (r >= 0)
		return true;
	if (r == -ENOMEM)
		return netfilter_fail(error, NO_MEMORY, "out of memory");
	if (r == -EMSGSIZE)
		return netfilter_fail(error, LIMITS_EXCEEDED, "the arguments take more than %u bytes", MAX_CALL_SIZE);
	return netfilter_fail(error, INVALID_ARGS, "the arguments cannot be read: %s", g_strerror(-r));
}

static bool is_integer(char type)
{
	return strchr("ynqiuxt", type) != NULL;
}

/* Whoever does not say of what type a number is may be taken at any, as many a language's binding guesses one. */
bool argument_fits(const char *type, const char *expected)
{
	for (; *type && *expected; type++, expected++)
		if (*type != *expected && !(is_integer(*type) && is_integer(*expected)))
			return false;
	return *type == *expected;
}

bool integer_read(Cursor *cursor, char type, guint64 max, guint64 *ret, GError **error)
{
	union {
		uint8_t y;
		int16_t n;
		uint16_t q;
		int32_t i;
		uint32_t u;
		int64_t x;
		uint64_t t;
	} value;
	gint64 number = 0;

	if (!argument_check(cursor_read(cursor, type, &value), error))
		return false;
	switch (type) {
	case 'y':
		number = value.y;
		break;
	case 'n':
		number = value.n;
		break;
	case 'q':
		number = value.q;
		break;
	case 'i':
		number = value.i;
		break;
	case 'u':
		number = value.u;
		break;
	case 'x':
		number = value.x;
		break;
	case 't':
		if (value.t > max)
			return netfilter_fail(error, INVALID_ARGS,
					      "%" G_GUINT64_FORMAT " is given, and at most %" G_GUINT64_FORMAT
					      " is allowed",
					      value.t, max);
		*ret = value.t;
		return true;
	}
	if (number < 0 || (guint64)number > max)
		return netfilter_fail(error, INVALID_ARGS,
				      "%" G_GINT64_FORMAT " is given, and 0 to %" G_GUINT64_FORMAT " are allowed",
				      number, max);
	*ret = number;
	return true;
}

bool port_read(Cursor *cursor, char type, guint16 *ret, GError **error)
{
	guint64 number = 0;

	if (!integer_read(cursor, type, G_MAXUINT16, &number, error))
		return false;
	*ret = number;
	return true;
}

bool string_read(Cursor *cursor, char type, const char **ret, GError **error)
{
	return argument_check(cursor_read(cursor, type, ret), error);
}

bool strings_read(Cursor *cursor, char ***ret, GError **error)
{
	g_autoptr(GPtrArray) strings = g_ptr_array_new_with_free_func(g_free);
	const char *value;
	int r;

	if (!argument_check(cursor_enter(cursor, 'a', "s"), error))
		return false;
	while ((r = cursor_read(cursor, 's', &value)) > 0)
		g_ptr_array_add(strings, g_strdup(value));
	if (!argument_check(r, error) || !argument_check(cursor_exit(cursor), error))
		return false;
	g_ptr_array_add(strings, NULL);
	*ret = (char **)g_ptr_array_steal(strings, NULL);
	return true;
}

GHashTable *names_read(Cursor *cursor, GError **error)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	const char *name;
	int r;

	if (!argument_check(cursor_enter(cursor, 'a', "s"), error))
		return NULL;
	while ((r = cursor_read(cursor, 's', &name)) > 0)
		g_hash_table_add(names, (char *)name);
	if (!argument_check(r, error) || !argument_check(cursor_exit(cursor), error))
		return NULL;
	return g_steal_pointer(&names);
}

/* Of two strings each, in a structure or a dictionary's entry (type). */
static bool pairs_read(Cursor *cursor, char type, GPtrArray *list, GError **error)
{
	const char *first, *second;
	int r;

	if (!argument_check(cursor_enter(cursor, 'a', type == 'e' ? "{ss}" : "(ss)"), error))
		return false;
	while ((r = cursor_enter(cursor, type, "ss")) > 0) {
		if (!string_read(cursor, 's', &first, error) || !string_read(cursor, 's', &second, error) ||
		    !argument_check(cursor_exit(cursor), error))
			return false;
		g_ptr_array_add(list, g_strdup(first));
		g_ptr_array_add(list, g_strdup(second));
	}
	if (!argument_check(r, error) || !argument_check(cursor_exit(cursor), error))
		return false;
	g_ptr_array_add(list, NULL);
	return true;
}

bool labels_read(Cursor *cursor, char ***ret, GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);

	if (!pairs_read(cursor, 'e', list, error))
		return false;
	*ret = labels_new((char **)g_ptr_array_steal(list, NULL), error);
	return *ret;
}

bool routes_read(Cursor *cursor, char ***ret, GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);

	if (!pairs_read(cursor, 'r', list, error))
		return false;
	*ret = (char **)g_ptr_array_steal(list, NULL);
	return true;
}

/* Enters an array of structures; *ret_types is what one of them is made of, without its parentheses. */
static bool enter_array_of_structures(Cursor *cursor, char **ret_types, GError **error)
{
	const char *contents;

	if (!argument_check(cursor_peek_type(cursor, NULL, &contents), error) ||
	    !argument_check(cursor_enter(cursor, 'a', contents), error))
		return false;
	*ret_types = g_strndup(contents + 1, strlen(contents) - 2);
	return true;
}

/* One (ssqqq), or with other integers. */
static bool read_mapping(Cursor *cursor, const char *types, PortMapping *ret, GError **error)
{
	const char *protocol, *host_address;
	guint16 host_port, endpoint_port, count;

	return string_read(cursor, 's', &protocol, error) && string_read(cursor, 's', &host_address, error) &&
	       port_read(cursor, types[2], &host_port, error) && port_read(cursor, types[3], &endpoint_port, error) &&
	       port_read(cursor, types[4], &count, error) &&
	       port_mapping_parse(protocol, host_address, host_port, endpoint_port, count, ret, error);
}

GArray *port_mappings_read(Cursor *cursor, GError **error)
{
	g_autoptr(GArray) mappings = g_array_new(FALSE, FALSE, sizeof(PortMapping));
	g_autofree char *types = NULL;
	PortMapping mapping;
	int r;

	if (!enter_array_of_structures(cursor, &types, error))
		return NULL;
	while ((r = cursor_enter(cursor, 'r', types)) > 0) {
		if (!read_mapping(cursor, types, &mapping, error) || !argument_check(cursor_exit(cursor), error))
			return NULL;
		g_array_append_val(mappings, mapping);
	}
	if (!argument_check(r, error) || !argument_check(cursor_exit(cursor), error))
		return NULL;
	return g_steal_pointer(&mappings);
}

/* One (sq), or with another integer. */
static bool read_link_port(Cursor *cursor, const char *types, LinkPort *ret, GError **error)
{
	const char *protocol;
	guint16 number;

	return string_read(cursor, 's', &protocol, error) && port_read(cursor, types[1], &number, error) &&
	       link_port_parse(protocol, number, ret, error);
}

GArray *ports_read(Cursor *cursor, GError **error)
{
	g_autoptr(GArray) ports = g_array_new(FALSE, FALSE, sizeof(LinkPort));
	g_autofree char *types = NULL;
	LinkPort port;
	int r;

	if (!enter_array_of_structures(cursor, &types, error))
		return NULL;
	while ((r = cursor_enter(cursor, 'r', types)) > 0) {
		if (!read_link_port(cursor, types, &port, error) || !argument_check(cursor_exit(cursor), error))
			return NULL;
		g_array_append_val(ports, port);
	}
	if (!argument_check(r, error) || !argument_check(cursor_exit(cursor), error))
		return NULL;
	return g_steal_pointer(&ports);
}
