/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/sources.h"

#include "service/model/interface-name.h"

#include <string.h>

/* What looks like an address written short is no interface, though one could be called so. */
static bool is_name(const char *name)
{
	return interface_name_is_valid(name) && strspn(name, "0123456789.") < strlen(name);
}

static bool read_source(const char *text, Source *ret, GError **error)
{
	if (!source_parse(text, ret) || (*ret->interface && !is_name(ret->interface)))
		return netfilter_fail(error, INVALID_ARGS,
				      "AllowFrom: \"%s\" is neither a prefix (like 192.168.0.0/16) nor an interface",
				      cut(text));
	if (ret->prefix.length > 0 && address_is_loopback(&ret->prefix.address))
		return netfilter_fail(error, INVALID_ARGS,
				      "AllowFrom: \"%s\" is the host itself, which \"lo\" stands for", cut(text));
	return true;
}

static bool add_source(AllowFrom *list, GHashTable *seen, const char *text, guint *interfaces, GError **error)
{
	char canonical[SOURCE_STRLEN];
	Source source;

	if (!read_source(text, &source, error))
		return false;
	if (!g_hash_table_add(seen, g_strdup(source_format(&source, canonical))))
		return true;
	*interfaces += *source.interface != '\0';
	if (*interfaces > ALLOW_FROM_INTERFACES_MAX)
		return netfilter_fail(error, QUOTA_EXCEEDED,
				      "AllowFrom: \"%s\" is one interface more than the %u allowed", cut(text),
				      ALLOW_FROM_INTERFACES_MAX);
	g_array_append_val(list, source);
	return true;
}

bool sources_read(char *const *texts, guint max, AllowFrom **ret, GError **error)
{
	g_autoptr(GHashTable) seen = NULL;
	g_autoptr(GArray) list = NULL;
	guint interfaces = 0, n = texts ? g_strv_length((char **)texts) : 0;

	*ret = NULL;
	if (n == 0)
		return true;
	if (n > max)
		return netfilter_fail(error, QUOTA_EXCEEDED, "AllowFrom: %u sources are more than the %u allowed", n,
				      max);
	seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	list = g_array_new(FALSE, FALSE, sizeof(Source));
	for (guint i = 0; i < n; i++)
		if (!add_source(list, seen, texts[i], &interfaces, error))
			return false;
	*ret = g_steal_pointer(&list);
	return true;
}
