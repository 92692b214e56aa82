/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cni/environment.h"
#include "service/cni/json.h"
#include "service/cni/previous.h"

/**
 * The configuration of one plugin, as a runtime gives it. Alone it attaches the container itself, to a network that it
 * makes (it says subnets) or that is there (it says network); otherwise it stands in a chain.
 */
typedef struct CniConfig {
	JsonNode *root; /* which the others point into */
	const char *version;
	const char *name;    /* of the network, to the runtime */
	const char *network; /* to the service */
	bool alone, makes_network;
	GVariant *network_settings, *endpoint_settings; /* a{sv}, as the service takes them, as far as it is said */
	JsonObject *dns;                                /* NULL: none */
	JsonNode *previous_result;                      /* NULL: none */
	bool has_previous;
	Previous previous;      /* of ADD in a chain and of CHECK */
	GPtrArray *attachments; /* of GC: the names of the endpoints that stay; NULL: not said */
} CniConfig;

/** The versions of the protocol that are spoken, the newest last; NULL-terminated. */
extern const char *const cni_versions[];

/** Whether a version that is spoken is that or newer. */
bool cni_version_is(const char *version, const char *least);

/**
 * What is on standard input, for a command; ifname of ADD and CHECK. DEL and GC take no offence at what they do not
 * need. CNI_ERROR_DECODE, CNI_ERROR_VERSION, CNI_ERROR_UNSUPPORTED, CNI_ERROR_CONFIG.
 */
CniConfig *cni_config_parse(const char *text, gsize size, enum cni_command command, const char *ifname, GError **error);
void cni_config_free(CniConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CniConfig, cni_config_free)

/** The version that a text asks for, whatever else is wrong with it; static. NULL: none that is spoken. */
const char *cni_config_version(const char *text, gsize size);
