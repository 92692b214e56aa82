/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cni/environment.h"

#include "service/error.h"
#include "service/model/name.h"

#include <net/if.h>
#include <string.h>

/* What a command cannot do without. */
static const struct {
	const char *name;
	bool container, netns;
} commands[N_CNI_COMMANDS] = {
	[CNI_ADD] = { "ADD", true, true },  [CNI_CHECK] = { "CHECK", true, true },
	[CNI_DEL] = { "DEL", true, false }, [CNI_GC] = { "GC" },
	[CNI_STATUS] = { "STATUS" },        [CNI_VERSION] = { "VERSION" },
};

Environment environment_get(void)
{
	return (Environment){
		.command = g_getenv("CNI_COMMAND"),
		.container_id = g_getenv("CNI_CONTAINERID"),
		.netns = g_getenv("CNI_NETNS"),
		.ifname = g_getenv("CNI_IFNAME"),
		.args = g_getenv("CNI_ARGS"),
	};
}

/* --- what is in it --- */

static bool is_identifier(const char *text)
{
	if (!g_ascii_isalnum(text[0]))
		return false;
	for (; *text; text++)
		if (!g_ascii_isalnum(*text) && !strchr("_.-", *text))
			return false;
	return true;
}

static bool is_interface(const char *text)
{
	if (strlen(text) >= IFNAMSIZ || g_str_equal(text, ".") || g_str_equal(text, ".."))
		return false;
	for (; *text; text++)
		if (*text == '/' || *text == ':' || g_ascii_isspace(*text))
			return false;
	return true;
}

static bool check(const char *name, const char *value, bool (*is_good)(const char *), const char *wanted,
		  GError **error)
{
	if (!value || !*value)
		return cni_fail(error, ENVIRONMENT, "%s is not set", name);
	if (is_good && !is_good(value))
		return cni_fail(error, ENVIRONMENT, "%s: \"%s\" is not %s", name, cut(value), wanted);
	return true;
}

static bool check_args(const char *args, GError **error)
{
	g_auto(GStrv) list = g_strsplit(args ?: "", ";", -1);

	for (guint i = 0; list[i]; i++)
		if (*list[i] && (!strchr(list[i], '=') || *list[i] == '='))
			return cni_fail(error, ENVIRONMENT, "CNI_ARGS: \"%s\" is not KEY=VALUE", cut(list[i]));
	return true;
}

static bool find_command(const char *name, enum cni_command *ret, GError **error)
{
	if (!check("CNI_COMMAND", name, NULL, NULL, error))
		return false;
	for (enum cni_command command = 0; command < N_CNI_COMMANDS; command++)
		if (g_str_equal(commands[command].name, name)) {
			*ret = command;
			return true;
		}
	return cni_fail(error, ENVIRONMENT, "CNI_COMMAND: \"%s\" is not ADD, CHECK, DEL, GC, STATUS or VERSION",
			cut(name));
}

bool environment_check(const Environment *environment, enum cni_command *ret, GError **error)
{
	if (!find_command(environment->command, ret, error))
		return false;
	if (commands[*ret].container &&
	    (!check("CNI_CONTAINERID", environment->container_id, is_identifier,
		    "letters and digits, \".\", \"_\" and \"-\", a letter or digit first", error) ||
	     !check("CNI_IFNAME", environment->ifname, is_interface, "a name of an interface", error) ||
	     !check_args(environment->args, error)))
		return false;
	return !commands[*ret].netns || check("CNI_NETNS", environment->netns, NULL, NULL, error);
}

/* --- what is made of it --- */

enum { BEGINNING_BYTES = 24, CHECKSUM_CHARS = 16 };

char *attachment_name(const char *container_id, const char *ifname)
{
	g_autofree char *name = g_strdup_printf("%s-%s", container_id, ifname), *checksum = NULL;

	if (strlen(name) <= NAME_MAX_BYTES)
		return g_steal_pointer(&name);
	checksum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, container_id, -1);
	return g_strdup_printf("%.*s-%.*s-%s", BEGINNING_BYTES, container_id, CHECKSUM_CHARS, checksum, ifname);
}

/* Whether a later one has the same key, and counts in its place. */
static bool is_said_again(char *const *list, gsize key)
{
	for (char *const *later = list + 1; *later; later++)
		if (strncmp(*later, *list, key + 1) == 0)
			return true;
	return false;
}

char *environment_arg(const Environment *environment, const char *key)
{
	g_auto(GStrv) list = g_strsplit(environment->args ?: "", ";", -1);
	g_autofree char *start = g_strconcat(key, "=", NULL);
	const char *value = "";

	for (char **arg = list; *arg; arg++)
		if (g_str_has_prefix(*arg, start))
			value = *arg + strlen(start);
	return *value ? g_strdup(value) : NULL;
}

/* What cannot be a label is no reason to refuse a pod. */
static void add_pod(GVariantBuilder *labels, const char *args)
{
	g_auto(GStrv) list = g_strsplit(args ?: "", ";", -1);

	for (char **arg = list; *arg; arg++) {
		gsize key = strcspn(*arg, "=");
		bool counts = g_str_has_prefix(*arg, "K8S_POD_") && (*arg)[key] && !is_said_again(arg, key);

		if (!counts || !name_is_printable(*arg))
			continue;
		(*arg)[key] = '\0';
		g_variant_builder_add(labels, "{ss}", *arg, *arg + key + 1);
	}
}

GVariant *environment_labels(const Environment *environment, const char *network)
{
	GVariantBuilder labels;

	g_variant_builder_init(&labels, G_VARIANT_TYPE("a{ss}"));
	g_variant_builder_add(&labels, "{ss}", "CNI_NETWORK", network);
	g_variant_builder_add(&labels, "{ss}", "CNI_CONTAINERID", environment->container_id);
	g_variant_builder_add(&labels, "{ss}", "CNI_IFNAME", environment->ifname);
	add_pod(&labels, environment->args);
	return g_variant_builder_end(&labels);
}
