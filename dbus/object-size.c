/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/object-size.h"

#include "dbus/interface.h"
#include "dbus/names.h"
#include "dbus/path.h"

#include <string.h>

/* An element of an array, with what aligns it at most. */
#define STRING_SIZE(length) (3 + 4 + (length) + 1)
#define STRUCT_SIZE 7

static gsize string_size(const char *string)
{
	return STRING_SIZE(strlen(string));
}

/* The value of a property; where it begins is in frame_size(). */
static gsize text_size(const char *text)
{
	return text ? strlen(text) + 1 : 1;
}

/* As sd_bus_path_encode() has it. */
static gsize encoded_length(const char *name)
{
	gsize length = 0;

	for (const char *c = name; *c; c++)
		length += g_ascii_isalpha(*c) || (c > name && g_ascii_isdigit(*c)) ? 1 : 3;
	return length;
}

static gsize endpoint_path_size(const Network *network, const char *name)
{
	return STRING_SIZE(strlen(NETWORK_PATH "//endpoint/") + encoded_length(network->name) + encoded_length(name));
}

gsize object_path_size(enum object_kind kind, const void *object)
{
	const Endpoint *endpoint = object;

	switch (kind) {
	case OBJECT_NETWORK:
		return STRING_SIZE(strlen(NETWORK_PATH "/") + encoded_length(((const Network *)object)->name));
	case OBJECT_ENDPOINT:
		return endpoint_path_size(endpoint->network, endpoint->name);
	case OBJECT_INGRESS:
		return STRING_SIZE(strlen(INGRESS_PATH "/") + encoded_length(((const Ingress *)object)->name));
	}
	g_assert_not_reached();
}

static gsize address_size(const Address *address)
{
	switch (address->family) {
	case AF_INET:
		return STRING_SIZE(strlen("255.255.255.255/32"));
	case AF_INET6:
		return STRING_SIZE(INET6_ADDRSTRLEN + strlen("/128"));
	default:
		return STRING_SIZE(0);
	}
}

static gsize labels_size(char *const *labels)
{
	gsize size = 0;

	for (; labels && *labels; labels += 2)
		size += STRUCT_SIZE + string_size(labels[0]) + string_size(labels[1]);
	return size;
}

static gsize sources_size(const AllowFrom *list)
{
	gsize size = 0;

	for (guint i = 0; list && i < list->len; i++) {
		const Source *source = &g_array_index(list, Source, i);

		size += address_size(&source->prefix.address) + strlen("%") + strlen(source->interface);
	}
	return size;
}

static gsize network_size(const Network *network)
{
	gsize size = text_size(network->name) + text_size(network->bridge) + text_size(network->zone) +
		     address_size(&network->options.host_binding);

	for (enum family family = 0; family < N_FAMILIES; family++)
		size += address_size(&network->subnets[family].address) + address_size(&network->gateways[family]) +
			STRUCT_SIZE + 2 * STRING_SIZE(strlen("isolated"));
	for (const GList *i = network->endpoints_by_age.head; i; i = i->next)
		size += endpoint_path_size(network, ((const Endpoint *)i->data)->name);
	return size;
}

static gsize endpoint_size(const Endpoint *endpoint)
{
	const Attachment *attachment = endpoint->attachment;
	gsize size = text_size(endpoint->name) + object_path_size(OBJECT_NETWORK, endpoint->network) +
		     text_size(endpoint->port_group) + text_size(attachment ? attachment->host_interface : NULL) +
		     text_size(attachment ? attachment->interface : NULL) + (attachment ? MAC_STRLEN : 1);

	for (enum family family = 0; family < N_FAMILIES; family++)
		size += address_size(&endpoint->addresses[family]);
	for (guint i = 0; i < endpoint->ports->len; i++)
		size += STRUCT_SIZE + STRING_SIZE(strlen("sctp")) + 1 + 3 * sizeof(guint16) +
			address_size(&((const PortMapping *)endpoint->ports->pdata[i])->host_address);
	for (guint i = 0; i < endpoint->links->len; i++)
		size += object_path_size(OBJECT_ENDPOINT, ((const Link *)endpoint->links->pdata[i])->child);
	return size;
}

static gsize ingress_size(const Ingress *ingress)
{
	/* The first gateway and its bridge stand there once more. */
	gsize size = text_size(ingress->name) + IFNAMSIZ +
		     (1 + ingress->gateways->len) * address_size(&ingress_first_gateway(ingress)->address);

	return size + ingress->ports->len * (STRUCT_SIZE + STRING_SIZE(strlen("sctp")) + 1 + sizeof(guint16));
}

static gsize align(gsize size, gsize to)
{
	return (size + to - 1) / to * to;
}

/* A property's name and type, and of its value what does not depend on what it is; it begins aligned to eight bytes. */
static gsize property_size(const char *name, const char *type)
{
	gsize size = align(4 + strlen(name) + 1 + 1 + strlen(type) + 1, 4) + 4;

	if (strchr("bu", *type))
		return align(size, 8);
	if (g_str_has_prefix(type, "a(") || g_str_has_prefix(type, "a{"))
		size = align(size, 8);
	return size + 7;
}

static gsize frame_size(enum object_kind kind)
{
	/* Its entry and that of its interface, each with the length of what is in it. */
	gsize size = 7 + 3 + 4 + 4 + align(4 + strlen(interface_of(kind)) + 1, 4) + 4 + 4;

	for (const sd_bus_vtable *row = object_vtable(kind); row->type != _SD_BUS_VTABLE_END; row++)
		if (row->type == _SD_BUS_VTABLE_PROPERTY && !(row->flags & SD_BUS_VTABLE_PROPERTY_EXPLICIT))
			size += property_size(row->x.property.member, row->x.property.signature);
	return size;
}

gsize object_size(enum object_kind kind, const void *object)
{
	const Lifetime *lifetime = object_lifetime(kind, (void *)object);
	gsize size = frame_size(kind) + object_path_size(kind, object) + labels_size(object_labels(kind, object)) +
		     sources_size(object_allow_from(lifetime)) + text_size(lifetime_owner(lifetime)) +
		     text_size(lifetime->fragment);

	switch (kind) {
	case OBJECT_NETWORK:
		return size + network_size(object);
	case OBJECT_ENDPOINT:
		return size + endpoint_size(object);
	case OBJECT_INGRESS:
		return size + ingress_size(object);
	}
	g_assert_not_reached();
}
