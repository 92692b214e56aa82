/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/leftovers.h"

#include "service/netlink/bridge.h"
#include "service/netlink/interface.h"

#include <string.h>

typedef struct Leftover {
	InterfaceFacts facts;
	bool down;
} Leftover;

struct Leftovers {
	Netlink *netlink;
	GArray *list; /* Leftover */
};

Leftovers *leftovers_new(Netlink *netlink)
{
	Leftovers *leftovers = g_new0(Leftovers, 1);

	leftovers->netlink = netlink;
	leftovers->list = g_array_new(FALSE, FALSE, sizeof(Leftover));
	return leftovers;
}

void leftovers_free(Leftovers *leftovers)
{
	if (!leftovers)
		return;
	g_array_unref(leftovers->list);
	g_free(leftovers);
}

static Leftover *get(const Leftovers *leftovers, guint index)
{
	return &g_array_index(leftovers->list, Leftover, index);
}

guint leftovers_count(const Leftovers *leftovers)
{
	return leftovers->list->len;
}

const InterfaceFacts *leftovers_get(const Leftovers *leftovers, guint index)
{
	return &get(leftovers, index)->facts;
}

static bool find(const Leftovers *leftovers, const char *name, guint *ret_index)
{
	for (guint i = 0; i < leftovers->list->len; i++)
		if (strcmp(get(leftovers, i)->facts.name, name) == 0) {
			*ret_index = i;
			return true;
		}
	return false;
}

const InterfaceFacts *leftovers_find(const Leftovers *leftovers, const char *name)
{
	guint index;

	return find(leftovers, name, &index) ? leftovers_get(leftovers, index) : NULL;
}

void leftovers_add(Leftovers *leftovers, const InterfaceFacts *facts)
{
	Leftover leftover = { .facts = *facts };

	g_array_append_val(leftovers->list, leftover);
}

void leftovers_set_down(Leftovers *leftovers)
{
	for (guint i = 0; i < leftovers->list->len; i++) {
		Leftover *leftover = get(leftovers, i);
		GError *error = NULL;

		if (!leftover->down && !interface_set_up(leftovers->netlink, leftover->facts.ifindex, false, &error))
			error_warn(error);
		leftover->down = true;
	}
}

static bool delete_index(Leftovers *leftovers, guint index, GError **error)
{
	int ifindex = get(leftovers, index)->facts.ifindex;

	g_array_remove_index_fast(leftovers->list, index);
	return bridge_remove(leftovers->netlink, ifindex, error);
}

bool leftovers_delete(Leftovers *leftovers, const char *name, GError **error)
{
	guint index;

	return !find(leftovers, name, &index) || delete_index(leftovers, index, error);
}

bool leftovers_delete_one(Leftovers *leftovers)
{
	GError *error = NULL;

	if (leftovers->list->len == 0)
		return false;
	if (!delete_index(leftovers, 0, &error))
		error_warn(error);
	return leftovers->list->len > 0;
}

void leftovers_drop(Leftovers *leftovers, int ifindex)
{
	for (guint i = leftovers->list->len; i-- > 0;)
		if (get(leftovers, i)->facts.ifindex == ifindex)
			g_array_remove_index_fast(leftovers->list, i);
}
