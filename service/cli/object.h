/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cli/cli.h"
#include "service/model/lifetime.h"

/*
 * Objects as people name them: "web" a network, "web/app" an endpoint, "ingress:front" an ingress, "network:web" a
 * network as well. An object path says it in the odd case of a name with a slash or a colon in it.
 */

typedef struct Object {
	enum object_kind kind;
	char *name, *endpoint; /* endpoint: NULL where it is none */
	char *path;            /* free(), it is libsystemd's */
	GVariant *properties;  /* a{sv}; NULL where only the name is known */
} Object;

void object_clear(Object *object);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Object, object_clear)

/** Reads a name; a bare one is a network's. INVALID_ARGS quotes it. */
bool object_parse(const char *text, Object *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The same of an argument that must be of that kind. 0 or an exit code, after it was said why. */
int object_of_kind(const char *text, enum object_kind kind, Object *ret);

/** Whether there is such an object. 0 or an exit code, after it was said why. */
int object_check(Cli *cli, const Object *object);

/** The families of a network's subnets, "ipv4" first; g_free() the list. 0 or an exit code, after it was said why. */
int object_families(Cli *cli, const char *network, const char ***ret);

/** Finds out what a name is of: a bare one is an ingress's, too; it is there. 0 or an exit code, after it was said why.
 */
int object_find(Cli *cli, const char *text, Object *ret);

/** As people name it, from a path; the caller frees. */
char *object_text(const char *path);

/** The path of the network that an endpoint is in; the caller frees. */
char *object_network_path(const Object *endpoint);

/** "network", "endpoint", "ingress", and their interfaces without the service's name; static. */
const char *object_kind_text(enum object_kind kind);
const char *object_interface(enum object_kind kind);

/**
 * All objects (Object, with properties): networks in the order of their names, each followed by its endpoints, then
 * ingresses. NULL, and *ret_code, after it was said why.
 */
GPtrArray *objects_read(Cli *cli, int *ret_code);

/** Properties, of any kind of value: the string or its default, and whether it is true. NULL properties are empty. */
const char *property_string(GVariant *properties, const char *name, const char *otherwise);
bool property_true(GVariant *properties, const char *name);

/** A property of that type, or an empty one. The caller unrefs. */
GVariant *property_value(GVariant *properties, const char *name, const char *type);
