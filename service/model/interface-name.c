/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/interface-name.h"

#include "service/model/name.h"

#include <glib.h>
#include <net/if.h>
#include <string.h>

bool interface_name_is_valid(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length >= IFNAMSIZ || g_str_equal(name, ".") || g_str_equal(name, ".."))
		return false;
	/* Below /proc/sys/net these stand for every interface. */
	if (g_str_equal(name, "all") || g_str_equal(name, "default"))
		return false;
	/* To xtables, "br+" is every name that begins with "br". */
	if (name[length - 1] == '+')
		return false;
	for (const char *c = name; *c; c++)
		/*
		 * 0xa0 is a space to the kernel, whatever the locale; '%' would have it make a name up;
		 * iptables-restore takes quotes and backslashes for its own, and iptables-save writes them as they are.
		 */
		if (strchr("/:%\"'\\", *c) || g_ascii_isspace(*c) || g_ascii_iscntrl(*c) || (guchar)*c == 0xa0)
			return false;
	return name_is_printable(name);
}
