/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cli/boot.h"

#include <stdio.h>
#include <string.h>

#define AT_BOOT "netfilterd-networks.service"

void boot_hint(Cli *cli)
{
	g_autoptr(sd_bus_message) reply = NULL;
	const char *state;

	if (cli->options.quiet)
		return;
	if (sd_bus_call_method(cli->bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
			       "org.freedesktop.systemd1.Manager", "GetUnitFileState", NULL, &reply, "s",
			       AT_BOOT) < 0 ||
	    sd_bus_message_read(reply, "s", &state) < 0 || strcmp(state, "disabled") != 0)
		return;
	fputs("Hint: after a boot it comes with the first call; \"systemctl enable " AT_BOOT
	      "\" has it there at once\n",
	      stderr);
}
