/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/lifetime.h"

/*
 * How the files of permanent networks and ingresses are called, and where they lie: NAME.network and NAME.ingress in
 * one of four directories, of which the first that has a file of that name counts.
 */

enum unit_directory {
	UNIT_DIRECTORY_ETC,    /* the administrator's */
	UNIT_DIRECTORY_RUN,    /* until reboot */
	UNIT_DIRECTORY_STATE,  /* the service's own */
	UNIT_DIRECTORY_VENDOR, /* what packages bring */
	N_UNIT_DIRECTORIES
};

/** The four, "/etc/netfilterd" first, below a root that is "" for the host's; NULL-terminated, the caller's. */
char **unit_directories_below(const char *root);

/**
 * A name as it stands in a file: "/", "\", brackets, a dot in front and a space at either end are "\xNN", so that it
 * can be a file's name, a group's and a part of a value. The caller's.
 */
char *unit_escape(const char *name);

/** The name that unit_escape() makes that text of; NULL when there is none. The caller's. */
char *unit_unescape(const char *text);

/** "web.network"; the caller's. kind is OBJECT_NETWORK or OBJECT_INGRESS. */
char *unit_file_name(enum object_kind kind, const char *name);

/** The object that a file of that name is about, whose name is valid; false: none. *ret_name is the caller's. */
bool unit_file_name_parse(const char *file_name, enum object_kind *ret_kind, char **ret_name);
