/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/settings.h"

#include "dbus/arguments.h"
#include "policy/policy.h"

#include <string.h>

typedef bool (*SettingRead)(Cursor *cursor, void *field, GError **error);

typedef struct Setting {
	const char *key;
	const char *type;
	SettingRead read;
	gsize offset; /* of the field in the structure that is filled */
} Setting;

static const Setting *find_setting(const Setting *settings, const char *key)
{
	for (; settings->key; settings++)
		if (strcmp(settings->key, key) == 0)
			return settings;
	return NULL;
}

static bool refuse_key(const Setting *settings, const char *key, GError **error)
{
	g_autoptr(GString) allowed = g_string_new(NULL);

	for (const Setting *setting = settings; setting->key; setting++)
		g_string_append_printf(allowed, "%s%s", setting == settings ? "" : ", ", setting->key);
	return netfilter_fail(error, INVALID_ARGS, "\"%s\" is not a setting; these are: %s", cut(key), allowed->str);
}

static bool read_setting(Cursor *cursor, const Setting *settings, guint64 *seen, void *target, GError **error)
{
	const char *key, *type;
	const Setting *setting;

	if (!argument_check(cursor_read(cursor, 's', &key), error))
		return false;
	setting = find_setting(settings, key);
	if (!setting)
		return refuse_key(settings, key, error);
	if (*seen & 1ULL << (setting - settings))
		return netfilter_fail(error, INVALID_ARGS, "%s is given twice", key);
	*seen |= 1ULL << (setting - settings);

	if (!argument_check(cursor_peek_type(cursor, NULL, &type), error))
		return false;
	if (!argument_fits(type, setting->type))
		return netfilter_fail(error, INVALID_ARGS, "%s is of type \"%s\", not \"%s\"", key, cut(type),
				      setting->type);
	if (!argument_check(cursor_enter(cursor, 'v', type), error))
		return false;
	if (!setting->read(cursor, (char *)target + setting->offset, error)) {
		if (error && *error && !strstr((*error)->message, setting->key))
			g_prefix_error(error, "%s: ", key);
		return false;
	}
	return argument_check(cursor_exit(cursor), error);
}

/* Reads an a{sv}; *ret_seen has a bit for each row of the table that was given. */
static bool read_settings(Cursor *cursor, const Setting *settings, void *target, guint64 *ret_seen, GError **error)
{
	int r;

	*ret_seen = 0;
	if (!argument_check(cursor_enter(cursor, 'a', "{sv}"), error))
		return false;
	while ((r = cursor_enter(cursor, 'e', "sv")) > 0)
		if (!read_setting(cursor, settings, ret_seen, target, error) ||
		    !argument_check(cursor_exit(cursor), error))
			return false;
	return argument_check(r, error) && argument_check(cursor_exit(cursor), error);
}

static bool read_boolean(Cursor *cursor, void *field, GError **error)
{
	int value;

	if (!argument_check(cursor_read(cursor, 'b', &value), error))
		return false;
	*(bool *)field = value;
	return true;
}

static bool read_choice(Cursor *cursor, void *field, GError **error)
{
	int value;

	if (!argument_check(cursor_read(cursor, 'b', &value), error))
		return false;
	*(enum choice *)field = value ? CHOICE_YES : CHOICE_NO;
	return true;
}

static bool read_string(Cursor *cursor, void *field, GError **error)
{
	const char *value;

	if (!string_read(cursor, 's', &value, error))
		return false;
	*(char **)field = g_strdup(value);
	return true;
}

static bool read_strings(Cursor *cursor, void *field, GError **error)
{
	return strings_read(cursor, field, error);
}

static bool read_routes(Cursor *cursor, void *field, GError **error)
{
	return routes_read(cursor, field, error);
}

static bool read_labels(Cursor *cursor, void *field, GError **error)
{
	return labels_read(cursor, field, error);
}

static bool read_descriptor(Cursor *cursor, void *field, GError **error)
{
	return argument_check(cursor_read(cursor, 'h', field), error);
}

static bool read_namespace(Cursor *cursor, void *field, GError **error)
{
	AttachSettings *attach = field;

	attach->given = true;
	return argument_check(cursor_read(cursor, 'h', &attach->socket), error);
}

/* The least that IPv4 can do with, the most that a veth has. */
#define MTU_MIN 68u
#define MTU_MAX 65535u

static bool read_mtu(Cursor *cursor, void *field, GError **error)
{
	guint64 mtu;
	char type;

	if (!argument_check(cursor_peek_type(cursor, &type, NULL), error) ||
	    !integer_read(cursor, type, MTU_MAX, &mtu, error))
		return false;
	if (mtu < MTU_MIN)
		return netfilter_fail(error, INVALID_ARGS,
				      "%" G_GUINT64_FORMAT " is given, and %u to %u bytes are allowed", mtu, MTU_MIN,
				      MTU_MAX);
	*(guint32 *)field = mtu;
	return true;
}

static bool read_timeout(Cursor *cursor, void *field, GError **error)
{
	guint64 *timeout = field;
	char type;

	if (!argument_check(cursor_peek_type(cursor, &type, NULL), error) ||
	    !integer_read(cursor, type, G_MAXUINT64, timeout, error))
		return false;
	if (*timeout == 0)
		return netfilter_fail(error, INVALID_ARGS, "0 is given, and at least 1 is allowed");
	return true;
}

static bool read_mappings(Cursor *cursor, void *field, GError **error)
{
	*(GArray **)field = port_mappings_read(cursor, error);
	return *(GArray **)field;
}

static bool read_ports(Cursor *cursor, void *field, GError **error)
{
	*(GArray **)field = ports_read(cursor, error);
	return *(GArray **)field;
}

static LifetimeSettings lifetime_of_sender(Cursor *cursor, uid_t uid)
{
	return (LifetimeSettings){ .uid = uid, .sender = sd_bus_message_get_sender(cursor->message), .fd = -1 };
}

#define COMMON_SETTINGS(type)                                                             \
	{ "Labels", "a{ss}", read_labels, offsetof(type, labels) },                       \
		{ "Persistent", "b", read_boolean, offsetof(type, lifetime.persistent) }, \
		{ "Permanent", "b", read_boolean, offsetof(type, lifetime.permanent) },   \
		{ "LifetimeFd", "h", read_descriptor, offsetof(type, lifetime.fd) },      \
	{                                                                                 \
		"TimeoutUSec", "t", read_timeout, offsetof(type, lifetime.timeout_usec)   \
	}

static const Setting endpoint_table[] = {
	{ "Addresses", "as", read_strings, offsetof(EndpointSettings, addresses) },
	{ "Allocate", "as", read_strings, offsetof(EndpointSettings, allocate) },
	{ "Ports", "a(ssqqq)", read_mappings, offsetof(EndpointSettings, ports) },
	{ "AllowFrom", "as", read_strings, offsetof(EndpointSettings, allow_from) },
	{ "Reserve", "b", read_choice, offsetof(EndpointSettings, reserve) },
	{ "PortGroup", "s", read_string, offsetof(EndpointSettings, port_group) },
	{ "NetNS", "h", read_namespace, offsetof(EndpointSettings, attach) },
	{ "Interface", "s", read_string, offsetof(EndpointSettings, attach.interface) },
	{ "HostInterface", "s", read_string, offsetof(EndpointSettings, attach.host_interface) },
	{ "MACAddress", "s", read_string, offsetof(EndpointSettings, attach.mac) },
	{ "MTU", "u", read_mtu, offsetof(EndpointSettings, attach.mtu) },
	{ "Routes", "a(ss)", read_routes, offsetof(EndpointSettings, attach.routes) },
	{ "LifetimeInterface", "s", read_string, offsetof(EndpointSettings, lifetime.interface) },
	COMMON_SETTINGS(EndpointSettings),
	{},
};

/* Whether the field, or any part of it, was given. */
static bool is_given(guint64 seen, gsize offset, gsize size)
{
	for (guint i = 0; endpoint_table[i].key; i++)
		if (seen & 1ULL << i && endpoint_table[i].offset - offset < size)
			return true;
	return false;
}

#define IS_GIVEN(seen, field) \
	is_given(seen, offsetof(EndpointSettings, field), sizeof(((EndpointSettings *)NULL)->field))

static EndpointSettings *read_endpoint(Cursor *cursor, uid_t uid, guint64 *ret_seen, GError **error)
{
	g_autoptr(EndpointSettings) settings = g_new0(EndpointSettings, 1);
	const char *name;

	settings->lifetime = lifetime_of_sender(cursor, uid);
	if (!string_read(cursor, 's', &name, error))
		return NULL;
	settings->name = g_strdup(name);
	if (!read_settings(cursor, endpoint_table, settings, ret_seen, error))
		return NULL;
	return g_steal_pointer(&settings);
}

EndpointSettings *endpoint_settings_read(Cursor *cursor, uid_t uid, GError **error)
{
	guint64 seen;

	return read_endpoint(cursor, uid, &seen, error);
}

static bool check_attached(uid_t uid, guint n, GError **error)
{
	return n <= MAX_ATTACHED || policy_is_privileged(uid) ||
	       netfilter_fail(error, LIMITS_EXCEEDED, "NetNS: a call attaches at most %u endpoints, not %u",
			      MAX_ATTACHED, n);
}

/* given (GArray of guint64) gets for each of the list which settings it has, as read_settings() says it. */
static GPtrArray *read_endpoint_list(Cursor *cursor, uid_t uid, GArray *given, GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)endpoint_settings_free);
	guint attached = 0;
	guint64 seen;
	int r;

	if (!argument_check(cursor_enter(cursor, 'a', "(sa{sv})"), error))
		return NULL;
	while ((r = cursor_enter(cursor, 'r', "sa{sv}")) > 0) {
		EndpointSettings *settings = read_endpoint(cursor, uid, &seen, error);

		if (!settings)
			return NULL;
		g_ptr_array_add(list, settings);
		g_array_append_val(given, seen);
		attached += settings->attach.given;
		if (!argument_check(cursor_exit(cursor), error))
			return NULL;
	}
	if (!argument_check(r, error) || !argument_check(cursor_exit(cursor), error) ||
	    !check_attached(uid, attached, error))
		return NULL;
	return g_steal_pointer(&list);
}

GPtrArray *endpoint_list_read(Cursor *cursor, uid_t uid, GError **error)
{
	g_autoptr(GArray) given = g_array_new(FALSE, FALSE, sizeof(guint64));

	return read_endpoint_list(cursor, uid, given, error);
}

/* Settings come in any order: what the endpoints inherit is known once all are read. */
typedef struct NetworkReading {
	NetworkSettings settings; /* first: the table's offsets are its */
	GArray *given;            /* guint64, of each endpoint */
} NetworkReading;

static bool read_endpoints(Cursor *cursor, void *field, GError **error)
{
	NetworkReading *reading = field;

	reading->settings.endpoints = read_endpoint_list(cursor, reading->settings.lifetime.uid, reading->given, error);
	return reading->settings.endpoints;
}

/* What an endpoint does not say the network says for it. */
static void inherit(const NetworkReading *reading)
{
	for (guint i = 0; i < reading->given->len; i++) {
		EndpointSettings *endpoint = reading->settings.endpoints->pdata[i];
		guint64 given = g_array_index(reading->given, guint64, i);

		/* One that is attached goes with its interface. */
		if (!IS_GIVEN(given, lifetime) && !endpoint->attach.given)
			endpoint->lifetime = reading->settings.lifetime;
		if (!IS_GIVEN(given, labels))
			endpoint->labels = g_strdupv(reading->settings.labels);
	}
}

static const Setting network_table[] = {
	{ "Bridge", "s", read_string, offsetof(NetworkSettings, bridge) },
	{ "Subnets", "as", read_strings, offsetof(NetworkSettings, subnets) },
	{ "Gateways", "as", read_strings, offsetof(NetworkSettings, gateways) },
	{ "AddressRange", "as", read_strings, offsetof(NetworkSettings, address_range) },
	{ "Internal", "b", read_boolean, offsetof(NetworkSettings, internal) },
	{ "InterContainerCommunication", "b", read_boolean, offsetof(NetworkSettings, communication) },
	{ "GatewayMode", "s", read_string, offsetof(NetworkSettings, gateway_mode) },
	{ "GatewayModes", "a{ss}", read_labels, offsetof(NetworkSettings, gateway_modes) },
	{ "Masquerade", "b", read_boolean, offsetof(NetworkSettings, masquerade) },
	{ "HostBinding", "s", read_string, offsetof(NetworkSettings, host_binding) },
	{ "SourceAddress", "as", read_strings, offsetof(NetworkSettings, source_address) },
	{ "AllowFrom", "as", read_strings, offsetof(NetworkSettings, allow_from) },
	{ "Endpoints", "a(sa{sv})", read_endpoints, 0 },
	{ "Reserve", "b", read_choice, offsetof(NetworkSettings, reserve) },
	{ "Zone", "s", read_string, offsetof(NetworkSettings, zone) },
	{ "LifetimeEndpoints", "b", read_boolean, offsetof(NetworkSettings, lifetime_endpoints) },
	COMMON_SETTINGS(NetworkSettings),
	{},
};

bool network_settings_read(Cursor *cursor, uid_t uid, NetworkSettings *ret, GError **error)
{
	g_autoptr(GArray) given = g_array_new(FALSE, FALSE, sizeof(guint64));
	NetworkReading reading = {
		.settings = {
			.communication = true,
			.masquerade = true,
			.lifetime = lifetime_of_sender(cursor, uid),
		},
		.given = given,
	};
	guint64 seen;
	bool ok = read_settings(cursor, network_table, &reading, &seen, error);

	if (ok)
		inherit(&reading);
	*ret = reading.settings;
	return ok;
}

/* In the order of the bits of enum network_update. */
static const Setting update_table[] = {
	{ "InterContainerCommunication", "b", read_boolean, offsetof(NetworkSettings, communication) },
	{ "Masquerade", "b", read_boolean, offsetof(NetworkSettings, masquerade) },
	{ "HostBinding", "s", read_string, offsetof(NetworkSettings, host_binding) },
	{ "AllowFrom", "as", read_strings, offsetof(NetworkSettings, allow_from) },
	{ "SourceAddress", "as", read_strings, offsetof(NetworkSettings, source_address) },
	{},
};

bool network_update_read(Cursor *cursor, NetworkSettings *ret, guint *ret_mask, GError **error)
{
	guint64 seen;

	*ret = (NetworkSettings){};
	if (!read_settings(cursor, update_table, ret, &seen, error))
		return false;
	*ret_mask = seen;
	return true;
}

static const Setting ingress_table[] = {
	{ "Gateway", "s", read_string, offsetof(IngressSettings, gateway) },
	{ "Gateways", "as", read_strings, offsetof(IngressSettings, gateways) },
	{ "Masquerade", "b", read_choice, offsetof(IngressSettings, masquerade) },
	{ "Bridge", "s", read_string, offsetof(IngressSettings, bridge) },
	{ "Ports", "a(sq)", read_ports, offsetof(IngressSettings, ports) },
	{ "AllowFrom", "as", read_strings, offsetof(IngressSettings, allow_from) },
	COMMON_SETTINGS(IngressSettings),
	{},
};

bool ingress_settings_read(Cursor *cursor, uid_t uid, IngressSettings *ret, GError **error)
{
	guint64 seen;

	*ret = (IngressSettings){ .lifetime = lifetime_of_sender(cursor, uid) };
	return read_settings(cursor, ingress_table, ret, &seen, error);
}

typedef struct AllowFromUpdate {
	char **allow_from;
} AllowFromUpdate;

static const Setting allow_from_table[] = {
	{ "AllowFrom", "as", read_strings, offsetof(AllowFromUpdate, allow_from) },
	{},
};

bool allow_from_update_read(Cursor *cursor, char ***ret, bool *ret_given, GError **error)
{
	AllowFromUpdate update = {};
	guint64 seen;
	bool ok = read_settings(cursor, allow_from_table, &update, &seen, error);

	*ret = update.allow_from;
	*ret_given = ok && seen != 0;
	return ok;
}

static bool read_borrowed(Cursor *cursor, void *field, GError **error)
{
	return string_read(cursor, 's', field, error);
}

static bool read_port_setting(Cursor *cursor, void *field, GError **error)
{
	char type;

	return argument_check(cursor_peek_type(cursor, &type, NULL), error) && port_read(cursor, type, field, error);
}

static const Setting packet_table[] = {
	{ "Source", "s", read_borrowed, offsetof(PacketArguments, source) },
	{ "Destination", "s", read_borrowed, offsetof(PacketArguments, destination) },
	{ "Protocol", "s", read_borrowed, offsetof(PacketArguments, protocol) },
	{ "Port", "q", read_port_setting, offsetof(PacketArguments, port) },
	{ "SourcePort", "q", read_port_setting, offsetof(PacketArguments, source_port) },
	{ "InInterface", "s", read_borrowed, offsetof(PacketArguments, interface) },
	{},
};

bool packet_arguments_read(Cursor *cursor, PacketArguments *ret, GError **error)
{
	guint64 seen;

	*ret = (PacketArguments){};
	return read_settings(cursor, packet_table, ret, &seen, error);
}
