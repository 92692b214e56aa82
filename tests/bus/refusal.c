/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bus/refusal.h"

void refusal_world(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Bridge': <'br0'>, 'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'Endpoints': <["
	     "('app', {'Addresses': <['172.18.0.2', 'fd00:18::2']>}), ('db', {'Addresses': "
	     "<['172.18.0.3']>}),"
	     "('six', @a{sv} {'Addresses': <['fd00:18::6']>})]>}");
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'inner', {'Internal': <true>, 'Subnets': <['172.20.0.0/16']>,"
	     " 'Endpoints': <[('app', {'Addresses': <['172.20.0.2']>})]>}");
	done(rig, "", "Manager", "CreateIngress", "sa{sv}", "'front', {'Gateway': <'172.18.0.9'>}");
}

void refuse_all(Rig *rig, const char *path, const char *interface, const char *member, const char *types,
		const char *format, const Bad *bad, gsize n)
{
	for (gsize i = 0; i < n; i++) {
		g_auto(GStrv) parts = g_strsplit(format, "%s", 2);
		g_autofree char *arguments = g_strconcat(parts[0], bad[i].arguments, parts[1], NULL);

		refused(rig, bad[i].error ?: INVALID, bad[i].names, path, interface, member, types, arguments);
	}
}
