/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/bridge-ports.h"
#include "service/host/interfaces-private.h"
#include "service/host/interfaces.h"

/* Whether somebody changed them. */

/* One that is made again under its name so soon is somebody else's. */
#define MISSING_USEC (G_USEC_PER_SEC / 4)

/* 0: all. */
static bool touch(Interfaces *interfaces, int ifindex, bool ports)
{
	bool any = false;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, interfaces->by_name);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Interface *interface = value;

		if (ifindex == 0 || interface->present == ifindex)
			interface->touched = any = true;
		interface->ports_touched |= ports;
	}
	return any;
}

bool interfaces_touch(Interfaces *interfaces, int ifindex)
{
	return touch(interfaces, ifindex, ifindex == 0);
}

void interfaces_touch_untold(Interfaces *interfaces)
{
	touch(interfaces, 0, false);
}

void interfaces_touch_port(Interfaces *interfaces, int ifindex)
{
	g_hash_table_add(interfaces->touched_ports, GINT_TO_POINTER(ifindex));
}

static void look_at_port(Interfaces *interfaces, const Endpoint *endpoint)
{
	Interface *interface = g_hash_table_lookup(interfaces->by_name, endpoint->network->bridge);

	if (interface && bridge_port_differs(interfaces->netlink, endpoint, interface->present))
		interface->touched = interface->ports_touched = true;
}

/* The kernel tells a dozen times of each that comes: only one that is not as we made it is worth a look at all. */
static void look_at_ports(Interfaces *interfaces, const Model *model)
{
	GHashTableIter iter;
	gpointer ifindex;

	g_hash_table_iter_init(&iter, interfaces->touched_ports);
	while (g_hash_table_iter_next(&iter, &ifindex, NULL)) {
		const GPtrArray *list = g_hash_table_lookup(model->by_interface, ifindex);

		for (guint i = 0; list && i < list->len; i++)
			look_at_port(interfaces, list->pdata[i]);
	}
	g_hash_table_remove_all(interfaces->touched_ports);
}

static gint64 sooner(gint64 a, gint64 b)
{
	return a == 0 || b < a ? b : a;
}

/* When a plan is due for one that was touched; 0: it is as it should be. */
static gint64 find_due(Interfaces *interfaces, const Model *model, const Config *config, Interface *interface,
		       gint64 now)
{
	const char *name = interface->facts.name;
	Interface trial = *interface;
	Plan plan = { .interface = &trial, .before = *interface, .known = true, .optional = true };
	GError *error = NULL;
	gint64 due = 0;

	if (!interfaces_compare(interfaces, &plan, g_hash_table_lookup(model->bridges, name),
				wanted_switches(model, config, name), &error)) {
		error_warn(error);
		return 0;
	}
	g_clear_pointer(&plan.lost_ports, g_array_unref);
	interface->told = trial.told;
	interface->missing_since = !plan.creates ? 0 : interface->missing_since ?: now;
	if (!plan.creates && trial.facts.ifindex != 0 && trial.facts.ifindex != interface->facts.ifindex)
		return now;
	for (guint fault = 0; fault < N_FAULTS; fault++)
		if (plan.repairs & 1 << fault)
			due = sooner(due, MAX(now, interface->paces ? pace_next(&interface->paces[fault]) : 0));
	return plan.creates ? MAX(due, interface->missing_since + MISSING_USEC) : due;
}

GPtrArray *interfaces_find_faulty(Interfaces *interfaces, const Model *model, const Config *config, gint64 now,
				  gint64 *ret_next)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	GHashTableIter iter;
	gpointer value;

	*ret_next = 0;
	look_at_ports(interfaces, model);
	g_hash_table_iter_init(&iter, interfaces->by_name);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Interface *interface = value;
		gint64 due = interface->touched ? find_due(interfaces, model, config, interface, now) : 0;

		interface->touched = due != 0;
		interface->ports_touched &= interface->touched;
		if (due > now)
			*ret_next = sooner(*ret_next, due);
		else if (due)
			g_ptr_array_add(names, g_strdup(interface->facts.name));
	}
	return names;
}
