/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/allow-from.h"
#include "service/error.h"
#include <stdbool.h>

#define BACKEND_AUTO "auto"

/** What netfilterd.conf says; see there for what each key means. */
typedef struct Config {
	const char *backend; /* static; the name of one, or BACKEND_AUTO */
	char *chain_prefix;
	bool hairpin;
	bool localhost_publish;
	bool container_publish;
	bool drop_invalid;
	bool protect_endpoints;
	bool ip_forward;
	bool forward_policy_auto; /* else keep */
	AllowFrom *allow_from;    /* the most that objects let through; NULL: everybody */
	Address host_binding;     /* default host address of ports; AF_UNSPEC: any */
	guint isolation_pairwise_max;
	guint idle_exit_sec; /* 0: never */
	guint lock_timeout_sec;
	guint check_interval_sec; /* 0: never */
	guint max_networks;
	guint max_endpoints;
	guint max_ports;
	guint max_ingresses;
	guint max_sources;
	guint max_ports_per_call;
	guint max_pending_questions_per_uid;
	guint max_networks_per_uid;
	guint max_ingresses_per_uid;
	guint max_sources_per_uid;
	guint max_endpoints_per_uid;
	guint max_ports_per_uid;
} Config;

/** The defaults. Free with config_clear(). */
void config_init(Config *config);

/**
 * Reads a key file over the defaults. A file that does not exist is no failure when it need not be there. INVALID_ARGS
 * names the file, the line and the value that is not understood; *ret is then untouched. What this version does not
 * know is said in the log and ignored. Free with config_clear().
 */
bool config_load(const char *path, bool required, Config *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The same of a text; path is what sentences call it. */
bool config_parse(const char *path, const char *text, Config *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void config_clear(Config *config);
