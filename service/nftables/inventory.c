/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/inventory.h"

#include <string.h>

struct Inventory {
	GHashTable *items; /* a set of Item, owned */
};

static guint item_hash(gconstpointer item)
{
	return element_hash(&((const Item *)item)->element);
}

static gboolean item_equal(gconstpointer a, gconstpointer b)
{
	return element_equal(&((const Item *)a)->element, &((const Item *)b)->element);
}

Inventory *inventory_new(void)
{
	Inventory *inventory = g_new(Inventory, 1);

	inventory->items = g_hash_table_new_full(item_hash, item_equal, g_free, NULL);
	return inventory;
}

void inventory_free(Inventory *inventory)
{
	if (!inventory)
		return;
	g_hash_table_unref(inventory->items);
	g_free(inventory);
}

Item *inventory_ensure(Inventory *inventory, const Element *element)
{
	gsize size = element_memory(element);
	Item key = {}, *item;

	memcpy(&key.element, element, size);
	item = g_hash_table_lookup(inventory->items, &key);
	if (item)
		return item;
	item = g_malloc0(G_STRUCT_OFFSET(Item, element) + size);
	memcpy(&item->element, element, size);
	g_hash_table_add(inventory->items, item);
	return item;
}

void inventory_remove(Inventory *inventory, Item *item)
{
	g_hash_table_remove(inventory->items, item);
}

void inventory_clear(Inventory *inventory)
{
	g_hash_table_remove_all(inventory->items);
}

void inventory_foreach(Inventory *inventory, bool (*tell)(Item *item, void *userdata), void *userdata)
{
	GHashTableIter iter;
	gpointer item;

	g_hash_table_iter_init(&iter, inventory->items);
	while (g_hash_table_iter_next(&iter, &item, NULL))
		if (tell(item, userdata))
			g_hash_table_iter_remove(&iter);
}
