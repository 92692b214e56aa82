/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cni/client.h"
#include "service/cni/config.h"

/** One call of the plugin. */
typedef struct Plugin {
	Environment environment;
	enum cni_command command;
	CniConfig *config;
	Client client;
} Plugin;

/** Does it. *ret is what it answers, the caller's; NULL: nothing. */
bool plugin_run(Plugin *plugin, char **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
