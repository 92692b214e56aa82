/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include <systemd/sd-bus.h>

/** What the program ends with. */
enum exit_code {
	EXIT_DONE,
	EXIT_FAILED,      /* the service, or the host, refused */
	EXIT_USAGE,       /* the command line was not understood */
	EXIT_DENIED,      /* the caller may not */
	EXIT_NOT_FOUND,   /* there is no such object */
	EXIT_UNREACHABLE, /* no bus, or no service on it */
};

enum json_mode { JSON_OFF, JSON_SHORT, JSON_PRETTY };

/** The command line but for the verb and its arguments. Lists are of char *, borrowed from it, and never NULL. */
typedef struct Options {
	const char *host, *machine; /* NULL: this one */
	enum json_mode json;
	bool legend, pager, quiet, ask_password, help;
	GPtrArray *subnets, *gateways, *addresses, *publish, *allow_from, *labels, *modes, *source_addresses;
	const char *bridge, *host_binding, *zone, *network, *name, *interface, *port_group;
	bool internal, permanent, watch;
	bool communication, masquerade;
	guint64 timeout_usec; /* 0: none */
} Options;

typedef struct Cli {
	Options options;
	sd_bus *bus;      /* NULL until something is called */
	GPid agent;       /* pkttyagent, 0: none */
	GPid pager;       /* what standard output goes to, 0: none */
	bool terminal;    /* standard output is one, itself or through the pager */
	bool colours;     /* may be used on it */
	unsigned columns; /* of the terminal */
} Cli;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)

/** Says on standard error, as one line, why the command line is not understood. Returns EXIT_USAGE. */
int usage_error(const char *format, ...) G_GNUC_PRINTF(1, 2);

/** Says what a GError says and frees it. Returns EXIT_USAGE where arguments are wrong, otherwise EXIT_FAILED. */
int report_error(GError *error);
