/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/settings.h"
#include "service/model/endpoint.h"

/** One endpoint may reach a port of another. */
typedef struct UnitLink {
	char *parent, *child;
	LinkPort port;
} UnitLink;

/** What a network's or an ingress' file says, with its drop-ins. */
typedef struct Unit {
	enum object_kind kind; /* OBJECT_NETWORK or OBJECT_INGRESS */
	char *name;
	char *fragment;          /* path of the file */
	NetworkSettings network; /* whichever of the two it is; all endpoints live as long */
	IngressSettings ingress;
	GArray *links;   /* UnitLink */
	GPtrArray *said; /* of what was assigned where: opaque */
	guint head_line; /* of [Network] or [Ingress] */
} Unit;

/** With nothing in it. */
Unit *unit_new(enum object_kind kind, const char *name, const char *fragment);
void unit_free(Unit *unit); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Unit, unit_free)

/**
 * Reads a text over what it says already: a value takes another's place, a list grows, and is empty again after
 * "Key=". INVALID_ARGS names the path, the line and what is wrong; the unit is of no use then. What this version does
 * not know is said in the log and ignored. The text is changed.
 */
bool unit_read(Unit *unit, const char *path, char *text, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** After the last text: whether nothing is missing. INVALID_ARGS names the file. */
bool unit_finish(Unit *unit, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Puts the file, and the line whose value or endpoint it quotes, in front of an error that a request met. */
void unit_prefix_error(const Unit *unit, GError **error);
