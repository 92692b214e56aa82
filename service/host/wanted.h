/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/config.h"
#include "service/model/facts.h"
#include "service/model/model.h"

/** What of the host should be on for the objects there are: nothing is read but the model and the configuration. */

/** Whether the host is to forward in a family. */
bool wanted_forwarding(const Model *model, const Config *config, enum family family);

/** Whether any object needs an interface. */
bool wanted_interface(const Model *model, const char *interface);

/** Which switches of an interface are to be on: a set of 1 << enum interface_switch. */
guint8 wanted_switches(const Model *model, const Config *config, const char *interface);

/** The bridge that a network is given, besides its switches. */
typedef struct WantedBridge {
	guint8 mac[6];
	Prefix addresses[N_FAMILIES]; /* the gateways'; AF_UNSPEC: none */
	Prefix link_local;            /* wherever the host has IPv6; AF_UNSPEC: none */
	bool with_ipv6;               /* it has to be on */
	bool without_ipv6;            /* … off, or the kernel gives the bridge an address */
	guint rp_filter, accept_ra;
} WantedBridge;

void wanted_bridge(const Network *network, WantedBridge *ret);
