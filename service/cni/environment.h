/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cni/error.h"

enum cni_command { CNI_ADD, CNI_CHECK, CNI_DEL, CNI_GC, CNI_STATUS, CNI_VERSION, N_CNI_COMMANDS };

/** What a runtime says in the environment; NULL what it does not. Borrowed. */
typedef struct Environment {
	const char *command, *container_id, *netns, *ifname, *args;
} Environment;

/** What the process was given. */
Environment environment_get(void);

/** CNI_COMMAND, and that all it needs is there and well formed. CNI_ERROR_ENVIRONMENT names the variable. */
bool environment_check(const Environment *environment, enum cni_command *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * The name of the endpoint that an attachment is: "CONTAINER-INTERFACE"; of a container whose identifier is long, the
 * beginning of that and a checksum. The caller's.
 */
char *attachment_name(const char *container_id, const char *ifname);

/** What CNI_ARGS says of a key, the last time if more than once; NULL: nothing, or nothing between "=" and ";". The
 * caller's. */
char *environment_arg(const Environment *environment, const char *key);

/** The labels of the endpoint, a{ss}: CNI_NETWORK, CNI_CONTAINERID, CNI_IFNAME, and all K8S_POD_* of CNI_ARGS;
 * floating. */
GVariant *environment_labels(const Environment *environment, const char *network);
