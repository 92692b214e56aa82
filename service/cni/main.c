/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * netfilter: a plugin of the Container Network Interface (cni.dev). A container runtime runs it with CNI_COMMAND in its
 * environment and a configuration on standard input; it answers in JSON.
 */

#include "service/cni/plugin.h"
#include "service/cni/result.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* One byte more than is taken. */
static bool read_input(GString *input, GError **error)
{
	char buffer[4096];
	ssize_t n;

	do {
		n = read(STDIN_FILENO, buffer, sizeof buffer);
		if (n > 0)
			g_string_append_len(input, buffer, n);
	} while ((n > 0 && input->len <= JSON_MAX_BYTES) || (n < 0 && errno == EINTR));
	return n >= 0 || cni_fail(error, IO, "cannot read the configuration: %s", g_strerror(errno));
}

/* Whatever the version is asked with, it is answered, and nobody else is. */
static bool run(Plugin *plugin, const GString *input, char **ret, GError **error)
{
	if (plugin->command == CNI_VERSION) {
		*ret = result_of_version(cni_config_version(input->str, input->len));
		return true;
	}
	plugin->config = cni_config_parse(input->str, input->len, plugin->command, plugin->environment.ifname, error);
	return plugin->config && plugin_run(plugin, ret, error);
}

int main(void)
{
	Plugin plugin = { .environment = environment_get() };
	g_autoptr(GString) input = g_string_new(NULL);
	g_autofree char *answer = NULL;
	g_autoptr(GError) error = NULL;
	bool done;

	done = environment_check(&plugin.environment, &plugin.command, &error) && read_input(input, &error) &&
	       run(&plugin, input, &answer, &error);
	if (!done)
		answer = result_of_error(cni_config_version(input->str, input->len), error, plugin.client.error_name);
	if (answer && (puts(answer) < 0 || fflush(stdout) != 0))
		done = false;
	cni_config_free(plugin.config);
	client_close(&plugin.client);
	return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
