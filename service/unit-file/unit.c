/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/unit-file/unit.h"

#include "service/model/bool.h"
#include "service/model/labels.h"
#include "service/model/name.h"
#include "service/model/port-spec.h"
#include "service/model/unit-name.h"
#include "service/netlink/interface.h"
#include "service/sources.h"
#include "service/unit-file/lines.h"

#include <pwd.h>
#include <string.h>

#define ENDPOINT_GROUP "Endpoint "

/* One a family is all that a network or an endpoint has. */
#define MAX_ADDRESSES 16

/* Whose an endpoint is that does not say it: its network's. */
#define NO_USER ((uid_t)-1)

/* The place of a value in a unit file. */
typedef struct Said {
	char *path;
	guint line;
	char *value; /* or the endpoint's name, of a group's head */
} Said;

static void said_free(gpointer data)
{
	Said *said = data;

	g_free(said->path);
	g_free(said->value);
	g_free(said);
}

static void clear_link(gpointer data)
{
	UnitLink *link = data;

	g_free(link->parent);
	g_free(link->child);
}

Unit *unit_new(enum object_kind kind, const char *name, const char *fragment)
{
	Unit *unit = g_new0(Unit, 1);
	LifetimeSettings lifetime = { .persistent = true, .fd = -1 };

	unit->kind = kind;
	unit->name = g_strdup(name);
	unit->fragment = g_strdup(fragment);
	unit->network.communication = unit->network.masquerade = true;
	unit->network.awaits_source_address = true;
	unit->network.lifetime = unit->ingress.lifetime = lifetime;
	unit->network.endpoints = g_ptr_array_new_with_free_func((GDestroyNotify)endpoint_settings_free);
	unit->ingress.ports = g_array_new(FALSE, FALSE, sizeof(LinkPort));
	unit->links = g_array_new(FALSE, FALSE, sizeof(UnitLink));
	g_array_set_clear_func(unit->links, clear_link);
	unit->said = g_ptr_array_new_with_free_func(said_free);
	return unit;
}

void unit_free(Unit *unit)
{
	if (!unit)
		return;
	network_settings_clear(&unit->network);
	ingress_settings_clear(&unit->ingress);
	g_array_unref(unit->links);
	g_ptr_array_unref(unit->said);
	g_free(unit->name);
	g_free(unit->fragment);
	g_free(unit);
}

/* --- values --- */

/* What a value may be read into. */
typedef struct Place {
	Unit *unit;
	EndpointSettings *endpoint; /* NULL: none is spoken of */
	void *field;
} Place;

typedef bool (*ValueRead)(const Place *place, const char *value, GError **error);

static bool read_bool(const Place *place, const char *value, GError **error)
{
	return bool_parse(value, place->field) ||
	       netfilter_fail(error, INVALID_ARGS, "\"%s\" is not " BOOL_WORDS, cut(value));
}

static void replace(const Place *place, const char *value)
{
	g_free(*(char **)place->field);
	*(char **)place->field = g_strdup(value);
}

static bool read_interface(const Place *place, const char *value, GError **error)
{
	if (*value && !interface_name_is_valid(value))
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" is not an interface name", cut(value));
	replace(place, value);
	return true;
}

static bool read_zone(const Place *place, const char *value, GError **error)
{
	if (!zone_name_is_valid(value, error))
		return false;
	replace(place, value);
	return true;
}

static bool read_group(const Place *place, const char *value, GError **error)
{
	if (!group_name_is_valid(value, error))
		return false;
	replace(place, value);
	return true;
}

static bool read_mode(const Place *place, const char *value, GError **error)
{
	if (gateway_mode_from_string(value) == N_MODES)
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" is not nat, routed, open or isolated", cut(value));
	replace(place, value);
	return true;
}

static bool check_address(const char *value, GError **error)
{
	Address address;

	return address_parse(value, &address) ||
	       netfilter_fail(error, INVALID_ARGS, "\"%s\" is not an address", cut(value));
}

static bool read_address(const Place *place, const char *value, GError **error)
{
	if (*value && !check_address(value, error))
		return false;
	replace(place, value);
	return true;
}

/* "" empties the list. */
static bool append(const Place *place, const char *value, GError **error)
{
	char ***list = place->field;
	guint n = *list ? g_strv_length(*list) : 0;

	if (*value == '\0') {
		g_clear_pointer(list, g_strfreev);
		return true;
	}
	if (n == MAX_ADDRESSES)
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" is one too many; at most %d are allowed", cut(value),
				      MAX_ADDRESSES);
	*list = g_renew(char *, *list, n + 2);
	(*list)[n] = g_strdup(value);
	(*list)[n + 1] = NULL;
	return true;
}

static bool read_addresses(const Place *place, const char *value, GError **error)
{
	return (*value == '\0' || check_address(value, error)) && append(place, value, error);
}

static bool read_prefixes(const Place *place, const char *value, GError **error)
{
	Prefix prefix;

	if (*value && !prefix_parse(value, &prefix))
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" is not a subnet (like 172.18.0.0/16)", cut(value));
	return append(place, value, error);
}

/* Several on a line as well, as "lo" is often with others. */
static bool read_sources(const Place *place, const char *value, GError **error)
{
	g_auto(GStrv) words = g_strsplit_set(value, " \t", -1);
	char ***list = place->field;

	if (*value == '\0') {
		g_clear_pointer(list, g_strfreev);
		return true;
	}
	for (char **word = words; *word; word++) {
		char *one[] = { *word, NULL };
		guint n = *list ? g_strv_length(*list) : 0;
		AllowFrom *checked;

		if (**word == '\0')
			continue;
		if (!sources_read(one, 1, &checked, error))
			return false;
		allow_from_unref(checked);
		if (n == ALLOW_FROM_MAX)
			return netfilter_fail(error, INVALID_ARGS, "\"%s\" is one too many; at most %d are allowed",
					      cut(*word), ALLOW_FROM_MAX);
		*list = g_renew(char *, *list, n + 2);
		(*list)[n] = g_strdup(*word);
		(*list)[n + 1] = NULL;
	}
	return true;
}

static bool read_mapping(const Place *place, const char *value, GError **error)
{
	GArray *ports = place->endpoint->ports;
	PortMapping mapping;

	if (*value == '\0') {
		g_array_set_size(ports, 0);
		return true;
	}
	if (!port_spec_parse(value, &mapping, error))
		return false;
	g_array_append_val(ports, mapping);
	return true;
}

static bool read_port(const Place *place, const char *value, GError **error)
{
	GArray *ports = place->unit->ingress.ports;
	LinkPort port;

	if (*value == '\0') {
		g_array_set_size(ports, 0);
		return true;
	}
	if (!link_port_spec_parse(value, &port, error))
		return false;
	g_array_append_val(ports, port);
	return true;
}

static void remove_links(GArray *links, const char *parent)
{
	for (guint i = links->len; i-- > 0;)
		if (strcmp(g_array_index(links, UnitLink, i).parent, parent) == 0)
			g_array_remove_index(links, i);
}

static bool read_link(const Place *place, const char *value, GError **error)
{
	const char *colon = strrchr(value, ':');
	g_autofree char *escaped = NULL, *child = NULL;
	UnitLink link;

	if (*value == '\0') {
		remove_links(place->unit->links, place->endpoint->name);
		return true;
	}
	if (!colon)
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" is not ENDPOINT:PORT[/PROTOCOL]", cut(value));
	escaped = g_strndup(value, colon - value);
	child = unit_unescape(escaped);
	if (!child)
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" is not how an endpoint's name is written",
				      cut(escaped));
	if (!name_is_valid("endpoint", child, error) || !link_port_spec_parse(colon + 1, &link.port, error))
		return false;
	link.parent = g_strdup(place->endpoint->name);
	link.child = g_steal_pointer(&child);
	g_array_append_val(place->unit->links, link);
	return true;
}

static bool read_choice(const Place *place, const char *value, GError **error)
{
	bool yes = false;

	if (!read_bool(&(Place){ .field = &yes }, value, error))
		return false;
	*(enum choice *)place->field = yes ? CHOICE_YES : CHOICE_NO;
	return true;
}

/* "key=value"; a key has one value, the last. How many of what size is looked at when all are there. */
static bool read_label(const Place *place, const char *value, GError **error)
{
	char ***list = place->field;
	g_autofree char *key = g_strndup(value, strcspn(value, "="));
	guint n = *list ? g_strv_length(*list) : 0;

	if (*value == '\0') {
		g_clear_pointer(list, g_strfreev);
		return true;
	}
	if (!strchr(value, '='))
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" is not KEY=VALUE", cut(value));
	for (guint i = 0; i < n; i += 2) {
		if (strcmp((*list)[i], key) != 0)
			continue;
		g_free((*list)[i + 1]);
		(*list)[i + 1] = g_strdup(value + strlen(key) + 1);
		return true;
	}
	if (n == 2 * LABELS_MAX)
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" is one too many; at most %d are allowed", cut(value),
				      LABELS_MAX);
	*list = g_renew(char *, *list, n + 3);
	(*list)[n] = g_strdup(key);
	(*list)[n + 1] = g_strdup(value + strlen(key) + 1);
	(*list)[n + 2] = NULL;
	return true;
}

static bool read_user(const Place *place, const char *value, GError **error)
{
	const struct passwd *user;
	guint64 uid;

	if (g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT32 - 1, &uid, NULL)) {
		*(uid_t *)place->field = uid;
		return true;
	}
	user = getpwnam(value);
	if (!user)
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" is no user of this host", cut(value));
	*(uid_t *)place->field = user->pw_uid;
	return true;
}

/* --- keys --- */

typedef struct Key {
	const char *name;
	ValueRead read;
	gsize offset; /* of the field in the settings */
} Key;

static const Key network_keys[] = {
	{ "Subnet", read_prefixes, offsetof(NetworkSettings, subnets) },
	{ "Gateway", read_addresses, offsetof(NetworkSettings, gateways) },
	{ "Bridge", read_interface, offsetof(NetworkSettings, bridge) },
	{ "Internal", read_bool, offsetof(NetworkSettings, internal) },
	{ "GatewayMode", read_mode, offsetof(NetworkSettings, gateway_mode) },
	{ "GatewayModes", read_label, offsetof(NetworkSettings, gateway_modes) },
	{ "InterContainerCommunication", read_bool, offsetof(NetworkSettings, communication) },
	{ "Masquerade", read_bool, offsetof(NetworkSettings, masquerade) },
	{ "HostBinding", read_address, offsetof(NetworkSettings, host_binding) },
	{ "SourceAddress", read_addresses, offsetof(NetworkSettings, source_address) },
	{ "AllowFrom", read_sources, offsetof(NetworkSettings, allow_from) },
	{ "AddressRange", read_prefixes, offsetof(NetworkSettings, address_range) },
	{ "Reserve", read_choice, offsetof(NetworkSettings, reserve) },
	{ "Zone", read_zone, offsetof(NetworkSettings, zone) },
	{ "Label", read_label, offsetof(NetworkSettings, labels) },
	{ "User", read_user, offsetof(NetworkSettings, lifetime.uid) },
	{},
};

static const Key endpoint_keys[] = {
	{ "Address", read_addresses, offsetof(EndpointSettings, addresses) },
	{ "Publish", read_mapping, 0 },
	{ "Link", read_link, 0 },
	{ "AllowFrom", read_sources, offsetof(EndpointSettings, allow_from) },
	{ "Reserve", read_choice, offsetof(EndpointSettings, reserve) },
	{ "PortGroup", read_group, offsetof(EndpointSettings, port_group) },
	{ "Label", read_label, offsetof(EndpointSettings, labels) },
	{ "User", read_user, offsetof(EndpointSettings, lifetime.uid) },
	{},
};

static const Key ingress_keys[] = {
	{ "Gateway", read_addresses, offsetof(IngressSettings, gateways) },
	{ "Bridge", read_interface, offsetof(IngressSettings, bridge) },
	{ "Masquerade", read_choice, offsetof(IngressSettings, masquerade) },
	{ "Publish", read_port, 0 },
	{ "AllowFrom", read_sources, offsetof(IngressSettings, allow_from) },
	{ "Label", read_label, offsetof(IngressSettings, labels) },
	{ "User", read_user, offsetof(IngressSettings, lifetime.uid) },
	{},
};

/* --- lines --- */

typedef struct Reading {
	Unit *unit;
	const char *path;
	/* of the group that is being read; keys NULL: it is passed over */
	const Key *keys;
	void *settings;
	EndpointSettings *endpoint;
	GHashTable *endpoints; /* name → EndpointSettings */
} Reading;

static void note(Reading *reading, guint line, const char *value)
{
	Said *said = g_new(Said, 1);

	*said = (Said){ g_strdup(reading->path), line, g_strdup(value) };
	g_ptr_array_add(reading->unit->said, said);
}

static bool begin_endpoint(Reading *reading, const UnitLine *line, GError **error)
{
	const char *escaped = line->group + strlen(ENDPOINT_GROUP);
	g_autofree char *name = unit_unescape(escaped);
	EndpointSettings *settings;

	if (!name)
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" is not how an endpoint's name is written",
				      cut(escaped));
	if (!name_is_valid("endpoint", name, error))
		return false;
	settings = g_hash_table_lookup(reading->endpoints, name);
	if (!settings) {
		settings = g_new0(EndpointSettings, 1);
		settings->name = g_strdup(name);
		settings->ports = g_array_new(FALSE, FALSE, sizeof(PortMapping));
		settings->lifetime = (LifetimeSettings){ .persistent = true, .fd = -1, .uid = NO_USER };
		g_ptr_array_add(reading->unit->network.endpoints, settings);
		g_hash_table_insert(reading->endpoints, settings->name, settings);
	}
	note(reading, line->number, name);
	reading->keys = endpoint_keys;
	reading->settings = reading->endpoint = settings;
	return true;
}

static bool begin_group(Reading *reading, const UnitLine *line, GError **error)
{
	Unit *unit = reading->unit;

	reading->keys = NULL;
	if (unit->kind == OBJECT_NETWORK && g_str_has_prefix(line->group, ENDPOINT_GROUP))
		return begin_endpoint(reading, line, error);
	if (unit->kind == OBJECT_NETWORK && strcmp(line->group, "Network") == 0) {
		reading->keys = network_keys;
		reading->settings = &unit->network;
	} else if (unit->kind == OBJECT_INGRESS && strcmp(line->group, "Ingress") == 0) {
		reading->keys = ingress_keys;
		reading->settings = &unit->ingress;
	} else if (!g_str_has_prefix(line->group, "X-")) {
		g_warning("%s:%u: [%s] is not a group of this version, and is ignored; %s", reading->path, line->number,
			  cut(line->group),
			  unit->kind == OBJECT_NETWORK ? "[Network] and [Endpoint NAME] are" : "[Ingress] is");
		return true;
	}
	if (reading->keys && unit->head_line == 0)
		unit->head_line = line->number;
	return true;
}

static bool read_line(const UnitLine *line, void *userdata, GError **error)
{
	Reading *reading = userdata;
	const Key *key = reading->keys;
	Place place = { reading->unit, reading->endpoint, NULL };

	if (!line->key)
		return begin_group(reading, line, error);
	if (!key)
		return true;
	while (key->name && strcmp(key->name, line->key) != 0)
		key++;
	if (!key->name) {
		if (!g_str_has_prefix(line->key, "X-"))
			g_warning("%s:%u: \"%s\" is not a key of this version, and is ignored", reading->path,
				  line->number, cut(line->key));
		return true;
	}
	place.field = (char *)reading->settings + key->offset;
	if (!key->read(&place, line->value, error)) {
		g_prefix_error(error, "%s: ", key->name);
		return false;
	}
	note(reading, line->number, line->value);
	return true;
}

bool unit_read(Unit *unit, const char *path, char *text, gsize size, GError **error)
{
	g_autoptr(GHashTable) endpoints = g_hash_table_new(g_str_hash, g_str_equal);
	Reading reading = { .unit = unit, .path = path, .endpoints = endpoints };

	for (guint i = 0; i < unit->network.endpoints->len; i++) {
		EndpointSettings *settings = unit->network.endpoints->pdata[i];

		g_hash_table_insert(endpoints, settings->name, settings);
	}
	return unit_lines_read(path, text, size, read_line, &reading, error);
}

static bool check_links(const Unit *unit, GError **error)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < unit->network.endpoints->len; i++)
		g_hash_table_add(names, ((EndpointSettings *)unit->network.endpoints->pdata[i])->name);
	for (guint i = 0; i < unit->links->len; i++) {
		const UnitLink *link = &g_array_index(unit->links, UnitLink, i);

		if (!g_hash_table_contains(names, link->child))
			return netfilter_fail(error, INVALID_ARGS,
					      "Link: endpoint \"%s\" is linked to \"%s\", which is none of this file",
					      cut(link->parent), cut(link->child));
	}
	return true;
}

static bool check_labels(char ***labels, GError **error)
{
	if (!*labels)
		return true;
	*labels = labels_new(*labels, error);
	return *labels;
}

static bool check(Unit *unit, GError **error)
{
	if (unit->head_line == 0)
		return netfilter_fail(error, INVALID_ARGS, "there is no [%s]",
				      unit->kind == OBJECT_NETWORK ? "Network" : "Ingress");
	if (!check_labels(&unit->network.labels, error) || !check_labels(&unit->ingress.labels, error))
		return false;
	if (unit->kind == OBJECT_INGRESS)
		return unit->ingress.gateways || netfilter_fail(error, INVALID_ARGS, "Gateway: an ingress needs one");
	if (!unit->network.subnets)
		return netfilter_fail(error, INVALID_ARGS, "Subnet: a network needs at least one");
	for (guint i = 0; i < unit->network.endpoints->len; i++) {
		EndpointSettings *settings = unit->network.endpoints->pdata[i];

		if (!check_labels(&settings->labels, error))
			return false;
		if (!settings->addresses)
			return netfilter_fail(error, INVALID_ARGS, "Address: endpoint \"%s\" needs at least one",
					      cut(settings->name));
	}
	return check_links(unit, error);
}

bool unit_finish(Unit *unit, GError **error)
{
	for (guint i = 0; i < unit->network.endpoints->len; i++) {
		LifetimeSettings *lifetime = &((EndpointSettings *)unit->network.endpoints->pdata[i])->lifetime;

		if (lifetime->uid == NO_USER)
			lifetime->uid = unit->network.lifetime.uid;
	}
	if (check(unit, error))
		return true;
	unit_prefix_error(unit, error);
	return false;
}

/* Whether a sentence quotes a value; or, if it is one with a number in it, has it as a word. */
static bool speaks_of(const char *sentence, const char *value)
{
	g_autofree char *quoted = g_strdup_printf("\"%s\"", cut(value));
	gsize length = strlen(value);

	if (strstr(sentence, quoted))
		return true;
	if (!strpbrk(value, "0123456789") || length < 3)
		return false;
	for (const char *at = sentence; (at = strstr(at, value)); at += length)
		if ((at == sentence || at[-1] == ' ') && (at[length] == '\0' || strchr(" ,;:", at[length])))
			return true;
	return false;
}

void unit_prefix_error(const Unit *unit, GError **error)
{
	for (guint i = 0; error && i < unit->said->len; i++) {
		const Said *said = unit->said->pdata[i];

		if (!speaks_of((*error)->message, said->value))
			continue;
		g_prefix_error(error, "%s:%u: ", said->path, said->line);
		return;
	}
	if (unit->head_line > 0)
		g_prefix_error(error, "%s:%u: ", unit->fragment, unit->head_line);
	else
		g_prefix_error(error, "%s:1: ", unit->fragment);
}
