/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/allow-from.h"

#include <stdio.h>
#include <string.h>

bool source_parse(const char *text, Source *ret)
{
	Source source = {};

	if (address_parse(text, &source.prefix.address))
		source.prefix.length = family_bits(address_family(&source.prefix.address));
	else if (!prefix_parse(text, &source.prefix) &&
		 (*text == '\0' || g_strlcpy(source.interface, text, sizeof source.interface) >= IFNAMSIZ))
		return false;
	if (source.prefix.address.family != AF_UNSPEC)
		source.prefix = prefix_mask(&source.prefix);
	*ret = source;
	return true;
}

const char *source_format(const Source *source, char buffer[static SOURCE_STRLEN])
{
	char prefix[INET6_ADDRSTRLEN + 4];

	prefix_format(&source->prefix, prefix);
	snprintf(buffer, SOURCE_STRLEN, "%s%s%s", prefix, *prefix && *source->interface ? "%" : "", source->interface);
	return buffer;
}

static bool source_equal(const Source *a, const Source *b)
{
	return prefix_equal(&a->prefix, &b->prefix) && strcmp(a->interface, b->interface) == 0;
}

bool source_is_host(const Source *source)
{
	return strcmp(source->interface, SOURCE_HOST) == 0;
}

static const Source *source_at(const AllowFrom *list, guint i)
{
	return &g_array_index(list, Source, i);
}

bool allow_from_equal(const AllowFrom *a, const AllowFrom *b)
{
	if (!a || !b || a->len != b->len)
		return a == b;
	for (guint i = 0; i < a->len; i++)
		if (!source_equal(source_at(a, i), source_at(b, i)))
			return false;
	return true;
}

AllowFrom *allow_from_ref(const AllowFrom *list)
{
	return list ? g_array_ref((AllowFrom *)list) : NULL;
}

void allow_from_unref(AllowFrom *list)
{
	if (list)
		g_array_unref(list);
}

bool allow_from_has_host(const AllowFrom *list)
{
	for (guint i = 0; list && i < list->len; i++)
		if (source_is_host(source_at(list, i)))
			return true;
	return false;
}

bool allow_from_has_interfaces(const AllowFrom *list)
{
	for (guint i = 0; list && i < list->len; i++)
		if (*source_at(list, i)->interface && !source_is_host(source_at(list, i)))
			return true;
	return false;
}

/* --- prefixes --- */

/* One that contains another comes before it. */
static int compare_prefixes(gconstpointer a, gconstpointer b)
{
	const Prefix *x = a, *y = b;
	int r = memcmp(x->address.bytes, y->address.bytes, sizeof x->address.bytes);

	return r != 0 ? r : x->length - y->length;
}

GArray *allow_from_prefixes(const AllowFrom *list, enum family family)
{
	GArray *prefixes = g_array_new(FALSE, FALSE, sizeof(Prefix));
	guint n = 0;

	for (guint i = 0; list && i < list->len; i++)
		if (source_at(list, i)->prefix.address.family == family_to_af(family))
			g_array_append_val(prefixes, source_at(list, i)->prefix);
	g_array_sort(prefixes, compare_prefixes);
	for (guint i = 0; i < prefixes->len; i++) {
		const Prefix *prefix = &g_array_index(prefixes, Prefix, i);

		if (n == 0 || !prefix_contains(&g_array_index(prefixes, Prefix, n - 1), &prefix->address))
			g_array_index(prefixes, Prefix, n++) = *prefix;
	}
	g_array_set_size(prefixes, n);
	return prefixes;
}

/* --- what two have in common --- */

/* False: nothing. The host is by no other interface and has no address. */
static bool intersect_sources(const Source *a, const Source *b, Source *ret)
{
	bool a_any = a->prefix.address.family == AF_UNSPEC, b_any = b->prefix.address.family == AF_UNSPEC;

	if (source_is_host(a) != source_is_host(b))
		return false;
	if (*a->interface && *b->interface && strcmp(a->interface, b->interface) != 0)
		return false;
	if (!a_any && !b_any && !prefix_overlaps(&a->prefix, &b->prefix))
		return false;
	*ret = (Source){ .prefix = a_any || (!b_any && b->prefix.length > a->prefix.length) ? b->prefix : a->prefix };
	g_strlcpy(ret->interface, *a->interface ? a->interface : b->interface, sizeof ret->interface);
	return true;
}

AllowFrom *allow_from_intersect(const AllowFrom *a, const AllowFrom *b)
{
	static const Source nobody = { .prefix = { { AF_INET, { 0 } }, 32 } };
	g_autoptr(GHashTable) seen = NULL;
	char text[SOURCE_STRLEN];
	GArray *both;

	if (!a || !b)
		return allow_from_ref(a ?: b);
	seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	both = g_array_new(FALSE, FALSE, sizeof(Source));
	for (guint i = 0; i < a->len; i++)
		for (guint j = 0; j < b->len; j++) {
			Source source;

			if (intersect_sources(source_at(a, i), source_at(b, j), &source) &&
			    g_hash_table_add(seen, g_strdup(source_format(&source, text))))
				g_array_append_val(both, source);
		}
	if (both->len == 0)
		g_array_append_val(both, nobody);
	return both;
}

static guint source_hash(gconstpointer source)
{
	const Source *s = source;

	return address_hash(&s->prefix.address) * 31 + s->prefix.length + g_str_hash(s->interface);
}

static gboolean source_equal_func(gconstpointer a, gconstpointer b)
{
	return source_equal(a, b);
}

bool allow_from_includes(const AllowFrom *list, const AllowFrom *other)
{
	g_autoptr(GHashTable) set = NULL;

	if (!list || !other)
		return !list;
	set = g_hash_table_new(source_hash, source_equal_func);
	for (guint i = 0; i < list->len; i++)
		g_hash_table_add(set, (gpointer)source_at(list, i));
	for (guint i = 0; i < other->len; i++)
		if (!g_hash_table_contains(set, source_at(other, i)))
			return false;
	return true;
}

/* --- one packet --- */

static bool allows(const Source *source, const Address *address, bool is_host, const char *interface)
{
	if (is_host || source_is_host(source))
		return is_host && source_is_host(source);
	if (*source->interface && strcmp(source->interface, interface) != 0)
		return false;
	return source->prefix.address.family == AF_UNSPEC || prefix_contains(&source->prefix, address);
}

bool allow_from_allows(const AllowFrom *list, const Address *source, bool is_host, const char *interface)
{
	for (guint i = 0; list && i < list->len; i++)
		if (allows(source_at(list, i), source, is_host, interface))
			return true;
	return !list;
}

char *allow_from_format(const AllowFrom *list)
{
	GString *text = g_string_new(list ? NULL : "everybody");
	char buffer[SOURCE_STRLEN];

	for (guint i = 0; list && i < list->len; i++)
		g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", source_format(source_at(list, i), buffer));
	return g_string_free(text, FALSE);
}
