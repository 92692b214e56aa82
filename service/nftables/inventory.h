/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/nftables/element.h"

/** The elements that rules ask for, each once and counted, and whether the kernel has it. */
typedef struct Inventory Inventory;

typedef struct Item {
	guint32 wanted;     /* rules that ask for it */
	bool committed : 1; /* in the kernel, as far as we know */
	bool actual : 1;    /* in the kernel, as was just read */
	bool listed : 1;    /* the user's own */
	Element element;    /* as long as it needs to be: not to be copied as a whole */
} Item;

Inventory *inventory_new(void);
void inventory_free(Inventory *inventory); /* NULL is fine */

/** The item of an element, made if there is none: wanted by nobody and not committed. */
Item *inventory_ensure(Inventory *inventory, const Element *element);
void inventory_remove(Inventory *inventory, Item *item);
void inventory_clear(Inventory *inventory);

/** Tells every item; tell may not add or remove any, but those are removed for which it returns true. */
void inventory_foreach(Inventory *inventory, bool (*tell)(Item *item, void *userdata), void *userdata);
