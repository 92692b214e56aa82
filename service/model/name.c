/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/name.h"

#include <string.h>

static bool is_visible(gunichar character)
{
	switch (g_unichar_type(character)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT:
	case G_UNICODE_UNASSIGNED:
	case G_UNICODE_PRIVATE_USE:
	case G_UNICODE_SURROGATE:
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
		return false;
	default:
		return true;
	}
}

bool name_is_printable(const char *text)
{
	if (!g_utf8_validate(text, -1, NULL))
		return false;
	for (const char *c = text; *c; c = g_utf8_next_char(c))
		if (!is_visible(g_utf8_get_char(c)))
			return false;
	return true;
}

bool name_is_valid(const char *what, const char *name, GError **error)
{
	gsize length = strlen(name);

	if (length == 0)
		return netfilter_fail(error, INVALID_ARGS, "the name of the %s is empty", what);
	if (length > NAME_MAX_BYTES)
		return netfilter_fail(error, INVALID_ARGS, "the name of the %s, \"%s\", is longer than %d bytes", what,
				      cut(name), NAME_MAX_BYTES);
	if (!g_utf8_validate(name, length, NULL))
		return netfilter_fail(error, INVALID_ARGS, "the name of the %s, \"%s\", is not UTF-8", what, cut(name));
	if (!name_is_printable(name))
		return netfilter_fail(error, INVALID_ARGS,
				      "the name of the %s, \"%s\", has a character that cannot be printed", what,
				      cut(name));
	return true;
}

#define NAME_CHARACTERS "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-"

bool group_name_is_valid(const char *name, GError **error)
{
	gsize length = strlen(name);

	if (length > 0 && length <= NAME_MAX_BYTES && strspn(name, NAME_CHARACTERS ".:") == length)
		return true;
	return netfilter_fail(error, INVALID_ARGS,
			      "\"%s\" is not the name of a group: 1 to %d letters, digits, \"_\", \"-\", \".\" and "
			      "\":\" are allowed",
			      cut(name), NAME_MAX_BYTES);
}

/* firewalld makes names of chains of the part before a slash. */
#define ZONE_PART_MAX 17
#define ZONE_CHARACTERS NAME_CHARACTERS

bool zone_name_is_valid(const char *name, GError **error)
{
	gsize part = strspn(name, ZONE_CHARACTERS), rest = 0;

	if (*name == '\0')
		return true;
	if (name[part] == '/')
		rest = 1 + strspn(name + part + 1, ZONE_CHARACTERS);
	if (part > 0 && part <= ZONE_PART_MAX && rest != 1 && part + rest <= NAME_MAX_BYTES &&
	    name[part + rest] == '\0')
		return true;
	return netfilter_fail(
		error, INVALID_ARGS,
		"\"%s\" is not the name of a zone of firewalld: at most %d letters, digits, \"_\" and \"-\" "
		"are allowed, or \"\" for none",
		cut(name), ZONE_PART_MAX);
}
