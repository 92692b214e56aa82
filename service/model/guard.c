/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/guard.h"

#include <string.h>

static void clear(gpointer guard)
{
	allow_from_unref(((Guard *)guard)->list);
}

GArray *guards_new(void)
{
	GArray *guards = g_array_new(FALSE, FALSE, sizeof(Guard));

	g_array_set_clear_func(guards, clear);
	return guards;
}

void guards_add(GArray *guards, const Guard *guard)
{
	Guard copy = *guard;

	allow_from_ref(copy.list);
	g_array_append_val(guards, copy);
}

static int compare_place(const Guard *a, const Guard *b)
{
	int r = a->address.family - b->address.family;

	if (r == 0)
		r = memcmp(a->address.bytes, b->address.bytes, sizeof a->address.bytes);
	return r != 0 ? r : a->protocol - b->protocol;
}

static int compare(gconstpointer a, gconstpointer b)
{
	const Guard *x = a, *y = b;
	int r = compare_place(x, y);

	return r != 0 ? r : x->first - y->first;
}

static guint end_of(const Guard *guard)
{
	return (guint)guard->first + guard->count;
}

void guards_sort(GArray *guards)
{
	Guard *all = (Guard *)guards->data;
	guint n = 0;

	g_array_sort(guards, compare);
	for (guint i = 0; i < guards->len; i++) {
		Guard *last = n > 0 ? &all[n - 1] : NULL, guard = all[i];

		if (last && compare_place(last, &guard) == 0 && guard.first <= end_of(last) &&
		    last->list == guard.list) {
			last->count = MAX(end_of(last), end_of(&guard)) - last->first;
			continue;
		}
		/* The array owns whatever stands in it. */
		all[i] = all[n];
		all[n++] = guard;
	}
	g_array_set_size(guards, n);
}

const Guard *guards_find(const GArray *guards, const Address *address, guint8 protocol, guint16 port)
{
	const Guard key = { .address = *address, .protocol = protocol, .first = port };
	guint low = 0, high = guards->len;
	const Guard *found;

	while (low < high) {
		guint middle = low + (high - low) / 2;

		if (compare(&g_array_index(guards, Guard, middle), &key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NULL;
	found = &g_array_index(guards, Guard, low - 1);
	return compare_place(found, &key) == 0 && port < end_of(found) ? found : NULL;
}
