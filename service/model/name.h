/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"

#define NAME_MAX_BYTES 64

/** Whether a text is UTF-8, and each of its characters one that people can see, or a space. */
bool name_is_printable(const char *text);

/**
 * Whether an object ("network", …) may be called that: 1 to NAME_MAX_BYTES bytes of UTF-8, each character one that
 * people can see, or a space. INVALID_ARGS otherwise.
 */
bool name_is_valid(const char *what, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Whether a group of endpoints may be called that: 1 to NAME_MAX_BYTES letters, digits, "_", "-", "." and ":".
 * INVALID_ARGS otherwise.
 */
bool group_name_is_valid(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The zone of firewalld that is installed with the service. */
#define ZONE_DEFAULT "netfilterd"

/**
 * Whether firewalld may have a zone of that name, or it is "": letters, digits, "_" and "-", at most 17, then perhaps a
 * "/" and more of them; NAME_MAX_BYTES in all. INVALID_ARGS otherwise.
 */
bool zone_name_is_valid(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
