/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/unfinished.h"

#include "service/change/change-file.h"
#include "service/netlink/interface.h"
#include "service/service.h"

static bool has_gone(const Service *service, const Lifetime *lifetime, GHashTable *descriptors)
{
	const Endpoint *endpoint = lifetime->kind == OBJECT_ENDPOINT ? lifetime->object : NULL;
	InterfaceInfo info;

	if (lifetime->token != 0 && !g_hash_table_contains(descriptors, &lifetime->token))
		return true;
	return endpoint && endpoint->ifindex != 0 &&
	       interface_find_index(service->netlink, endpoint->ifindex, &info, NULL) && info.ifindex == 0;
}

bool unfinished_is_lost(const Service *service, const GArray *changes, GHashTable *descriptors)
{
	bool lost = false;

	for (guint i = 0; i < changes->len; i++) {
		const Change *change = &g_array_index(changes, Change, i);

		/* What comes needs what only the call brought. */
		if (change->kind->adds > 0)
			return false;
		lost = lost || (change->kind->ends && has_gone(service, change->kind->of(change), descriptors));
	}
	return lost;
}

static void release(gpointer data)
{
	Change *change = data;

	if (change->kind->release)
		change->kind->release(change, false);
}

void unfinished_keep(Service *service, const GArray *changes)
{
	service->recovery.unfinished = g_array_copy((GArray *)changes);
	g_array_set_clear_func(service->recovery.unfinished, release);
}

void unfinished_resume(Service *service)
{
	g_autoptr(GArray) changes = g_steal_pointer(&service->recovery.unfinished);
	guint savepoint = transaction_savepoint(&service->transaction);
	g_autoptr(GError) error = NULL;

	if (!changes)
		return;
	g_array_set_clear_func(changes, NULL);
	for (guint i = 0; i < changes->len; i++)
		transaction_make(&service->transaction, &g_array_index(changes, Change, i));
	if (files_follow_changes(&service->transaction, savepoint, &error)) {
		g_message("What was being deleted when the previous instance ended is deleted now: not all of it could "
			  "be kept");
		return;
	}
	/* A file that says so makes it go, or not, in its turn. */
	g_info("What was being deleted when the previous instance ended is kept: %s", error->message);
	transaction_roll_back(&service->transaction, savepoint);
}
