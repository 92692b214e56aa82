/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bus/unit-files.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- files --- */

static char *read_file(const char *path)
{
	char *text = NULL;

	g_file_get_contents(path, &text, NULL, NULL);
	return text;
}

void is_file(const char *path, bool there)
{
	if ((g_access(path, F_OK) == 0) == there)
		return;
	g_test_message("%s is %sthere", path, there ? "not " : "");
	g_test_fail();
}

void put_all(const Rig *rig G_GNUC_UNUSED)
{
	put_file(ETC "/web.network", WEB);
	put_file(RUN "/front.ingress", FRONT);
	put_file(VENDOR "/lab.network",
		 "# what a package brings\n[Network]\nSubnet=172.19.0.0/24\nGateway=172.19.0.254\n"
		 "Internal=yes\nUser=1000\n[Endpoint its]\nAddress=172.19.0.2\n"
		 "[Endpoint roots]\nAddress=172.19.0.3\nUser=0\n");
}

/* --- the service --- */

void log_to_file(const Rig *rig G_GNUC_UNUSED)
{
	g_assert_nonnull(freopen(LOG, "a", stderr));
}

void logged(const char *part)
{
	g_autofree char *text = read_file(LOG);

	if (text && strstr(text, part))
		return;
	g_test_message("the log does not say \"%s\":\n%s", part, text);
	g_test_fail();
}

void reload(Rig *rig)
{
	done(rig, "", "Manager", "Reload", "", "");
}

/* What a boot finds of the kernel's: nothing. */
#define FORGET                                                                                 \
	"sh -c 'exec 2>/dev/null;"                                                             \
	"for t in iptables-legacy ip6tables-legacy; do for i in filter nat mangle raw; do"     \
	"  $t -t $i -F; $t -t $i -X; done; done; nft flush ruleset;"                           \
	"for b in $(ip -br link show type bridge | cut -d\" \" -f1); do ip link del $b; done;" \
	"rm -rf /run/netfilterd'"

void reboot(Rig *rig)
{
	service_stop(rig->service);
	netns_run(rig->host, FORGET);
	rig->service = service_start(rig->starter, rig->configuration);
}

bool is_there(const Rig *rig, const char *path)
{
	g_autoptr(GVariant) reply =
		ask_with_fds(rig->bus, path, "org.freedesktop.DBus.Properties", "GetAll", "s", "''", NULL, NULL);

	return reply;
}
