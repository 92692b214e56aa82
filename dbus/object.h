/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/bus.h"

/** What a handler or getter below NETWORK_PATH or INGRESS_PATH gets: the object its path was found to name just now. */
typedef struct Found {
	const Bus *bus;
	enum object_kind kind;
	const Method *methods; /* what its interface changes */
	void *object;          /* NULL only for a method call that waits for the object to be created */
} Found;

/** The object a reading method was sent to; NULL sets UnknownObject. */
void *object_of(const Found *found, sd_bus_message *message, sd_bus_error *ret_error);

/** sd_bus_node_enumerator_t below NETWORK_PATH: the folder of a network's endpoints; userdata is the Bus. */
int object_enumerate_folder(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes, sd_bus_error *error);

/** A property getter: an expression of reply and object that writes the value. */
#define OBJECT_GETTER(type, name, ...)                                                            \
	static int name(sd_bus *bus G_GNUC_UNUSED, const char *path G_GNUC_UNUSED,                \
			const char *interface G_GNUC_UNUSED, const char *property G_GNUC_UNUSED,  \
			sd_bus_message *reply, void *userdata, sd_bus_error *error G_GNUC_UNUSED) \
	{                                                                                         \
		const type *object = ((const Found *)userdata)->object;                           \
		return __VA_ARGS__;                                                               \
	}

/** The properties every object has. */
#define OBJECT_LIFETIME_GETTERS(type)                                                                         \
	OBJECT_GETTER(type, get_owner, sd_bus_message_append(reply, "s", lifetime_owner(&object->lifetime)))  \
	OBJECT_GETTER(type, get_owner_uid, sd_bus_message_append(reply, "u", (uint32_t)object->lifetime.uid)) \
	OBJECT_GETTER(type, get_persistent, sd_bus_message_append(reply, "b", object->lifetime.persistent))   \
	OBJECT_GETTER(type, get_labels, labels_append(reply, object->labels))                                 \
	OBJECT_GETTER(type, get_fragment, sd_bus_message_append(reply, "s", object->lifetime.fragment ?: ""))

#define OBJECT_LIFETIME_PROPERTIES                                                                          \
	SD_BUS_PROPERTY("Owner", "s", get_owner, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),                   \
		SD_BUS_PROPERTY("OwnerUID", "u", get_owner_uid, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),    \
		SD_BUS_PROPERTY("Persistent", "b", get_persistent, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE), \
		SD_BUS_PROPERTY("Labels", "a{ss}", get_labels, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),     \
		SD_BUS_PROPERTY("FragmentPath", "s", get_fragment, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE)

/**
 * Puts the interface of one kind of objects on the bus, below NETWORK_PATH or INGRESS_PATH. What it shows is in the
 * vtable, whose handlers get a Found; what it changes is in methods (as calls_start() takes them), which the vtable
 * gives object_change() for. Both are static. Returns a negative errno when the bus does not take it.
 */
int object_interface_add(const Bus *bus, enum object_kind kind, const char *prefix, const sd_bus_vtable *vtable,
			 const Method *methods);

/** An sd_bus_message_handler_t that starts a call of one of the interface's methods. */
int object_change(sd_bus_message *message, void *userdata, sd_bus_error *error);

/** What the object that a call was sent to has of every object. UNKNOWN_OBJECT. */
Lifetime *call_lifetime(const Call *call, GError **error);

/** The steps of SetPermanent of any object, as calls_start() takes them. */
bool object_describe_set_permanent(Call *call, Description *description, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool object_run_set_permanent(Call *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** An sd_bus_message_handler_t that reads the rules of any object. */
int object_get_rules(sd_bus_message *message, void *userdata, sd_bus_error *error);

/** The rows of a kind's properties and methods; static. */
const sd_bus_vtable *object_vtable(enum object_kind kind);

/** Whether a property is in signals as it is now: a list that is too long is for those who ask. */
bool object_signals_value(enum object_kind kind, const void *object, const sd_bus_vtable *property);

/**
 * Each appends what an object shows, without asking the bus: an a{sv} of all, without long lists if it is a signal; or
 * the variant of a property, which is NULL when there is none. Negative errno.
 */
int object_append_properties(sd_bus_message *reply, const Bus *bus, enum object_kind kind, void *object);
int object_append_property(sd_bus_message *reply, const Bus *bus, enum object_kind kind, void *object,
			   const sd_bus_vtable *property);
const sd_bus_vtable *object_find_property(enum object_kind kind, const char *name);
