/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/rules/cancel.h"

static guint item_hash(gconstpointer item)
{
	return rule_hash(&((const RuleItem *)item)->rule);
}

static gboolean item_equal(gconstpointer a, gconstpointer b)
{
	const RuleItem *x = a, *y = b;

	return rule_equal(&x->rule, &y->rule) && rule_order_compare(&x->order, &y->order) == 0;
}

static void drop_unless(GArray *items, const bool *kept)
{
	guint n = 0;

	for (guint i = 0; i < items->len; i++)
		if (kept[i])
			g_array_index(items, RuleItem, n++) = g_array_index(items, RuleItem, i);
	g_array_set_size(items, n);
}

void rendering_cancel(GArray *joins, GArray *leaves)
{
	g_autoptr(GHashTable) leaving = g_hash_table_new(item_hash, item_equal); /* RuleItem → its index and 1 */
	g_autofree bool *joins_kept = g_new(bool, joins->len + 1), *leaves_kept = g_new(bool, leaves->len + 1);

	for (guint i = 0; i < leaves->len; i++) {
		leaves_kept[i] = true;
		g_hash_table_insert(leaving, &g_array_index(leaves, RuleItem, i), GUINT_TO_POINTER(i + 1));
	}
	for (guint i = 0; i < joins->len; i++) {
		const RuleItem *item = &g_array_index(joins, RuleItem, i);
		guint index = GPOINTER_TO_UINT(g_hash_table_lookup(leaving, item));

		joins_kept[i] = index == 0;
		if (index == 0)
			continue;
		/* Once: what is there twice leaves twice. */
		leaves_kept[index - 1] = false;
		g_hash_table_remove(leaving, item);
	}
	drop_unless(joins, joins_kept);
	drop_unless(leaves, leaves_kept);
}
