/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/support/rig.h"
#include "tests/support/text.h"

/* Unit files of a service's own, and what is asked of it about them. */

#define UNITS "/run/netfilterd-units"
#define ETC UNITS "/etc/netfilterd"
#define RUN UNITS "/run/netfilterd.d"
#define STATE UNITS "/var/lib/netfilterd"
#define VENDOR UNITS "/usr/lib/netfilterd"
#define LOG "/run/netfilterd.log"

#define WEB                                           \
	"[Network]\n"                                 \
	"Subnet=172.18.0.0/16\n"                      \
	"Subnet=fd00:18::/64\n"                       \
	"Bridge=br-web\n"                             \
	"InterContainerCommunication=no\n"            \
	"\n"                                          \
	"[Endpoint app]\n"                            \
	"Address=172.18.0.2\n"                        \
	"Publish=8080:80\n"                           \
	"Publish=192.0.2.1:5000-5002:5000-5002/udp\n" \
	"Link=db:5432/tcp\n"                          \
	"\n"                                          \
	"[Endpoint db]\n"                             \
	"Address=172.18.0.3\n"                        \
	"Address=fd00:18::3\n"
#define FRONT                  \
	"[Ingress]\n"          \
	"Gateway=172.18.0.9\n" \
	"Publish=443\n"        \
	"Publish=53/udp\n"

/* A file is there, or is not. */
void is_file(const char *path, bool there);

/* Before a service is started: what it says goes to LOG, where a part of it is looked for. */
void log_to_file(const Rig *rig);
void logged(const char *part);

/* A network, an ingress, and a network that a package brings. */
void put_all(const Rig *rig);

void reload(Rig *rig);
void reboot(Rig *rig);
bool is_there(const Rig *rig, const char *path);
