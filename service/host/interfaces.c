/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/interfaces.h"

#include "service/host/bridge-ports.h"
#include "service/host/interface-switch.h"
#include "service/host/interfaces-private.h"
#include "service/host/repair.h"
#include "service/netlink/bridge.h"

#include <string.h>

#define NF_CALL (1 << SWITCH_NF_CALL_IPV4 | 1 << SWITCH_NF_CALL_IPV6)

static void interface_free(gpointer data)
{
	Interface *interface = data;

	g_free(interface->paces);
	g_free(interface);
}

static void plan_clear(gpointer data)
{
	g_clear_pointer(&((Plan *)data)->lost_ports, g_array_unref);
}

Interfaces *interfaces_new(Netlink *netlink)
{
	Interfaces *interfaces = g_new0(Interfaces, 1);

	interfaces->netlink = netlink;
	interfaces->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, interface_free);
	interfaces->touched_ports = g_hash_table_new(NULL, NULL);
	interfaces->leftovers = leftovers_new(netlink);
	interfaces->plans = g_array_new(FALSE, FALSE, sizeof(Plan));
	g_array_set_clear_func(interfaces->plans, plan_clear);
	interfaces->down = bridges_down_new(netlink);
	return interfaces;
}

void interfaces_free(Interfaces *interfaces)
{
	if (!interfaces)
		return;
	g_hash_table_unref(interfaces->by_name);
	g_hash_table_unref(interfaces->touched_ports);
	leftovers_free(interfaces->leftovers);
	g_array_unref(interfaces->plans);
	bridges_down_free(interfaces->down);
	g_free(interfaces);
}

Interface *interfaces_add(Interfaces *interfaces, const InterfaceFacts *facts)
{
	Interface *interface = g_new(Interface, 1);

	*interface = (Interface){ .facts = *facts };
	g_hash_table_replace(interfaces->by_name, interface->facts.name, interface);
	return interface;
}

bool interfaces_is_leaving(const Interfaces *interfaces, const char *name)
{
	const Interface *interface = g_hash_table_lookup(interfaces->by_name, name);

	return interface && interface->facts.created;
}

bool interfaces_is_leftover(const Interfaces *interfaces, const char *name, int ifindex)
{
	const InterfaceFacts *facts = leftovers_find(interfaces->leftovers, name);

	return facts && facts->ifindex == ifindex;
}

GArray *interfaces_created(const Interfaces *interfaces)
{
	GArray *list = g_array_new(FALSE, FALSE, sizeof(int));
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, interfaces->by_name);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const InterfaceFacts *facts = &((const Interface *)value)->facts;

		if (facts->created && facts->ifindex != 0)
			g_array_append_val(list, facts->ifindex);
	}
	for (guint i = 0; i < leftovers_count(interfaces->leftovers); i++)
		g_array_append_val(list, leftovers_get(interfaces->leftovers, i)->ifindex);
	return list;
}

bool interfaces_is_created(const Interfaces *interfaces, int ifindex)
{
	g_autoptr(GArray) created = interfaces_created(interfaces);

	for (guint i = 0; i < created->len; i++)
		if (g_array_index(created, int, i) == ifindex)
			return true;
	return false;
}

static void revert_switch(void *self, int ifindex, guint value)
{
	Interfaces *interfaces = self;

	interface_switch_put_back(interfaces->netlink, ifindex, value >> 1, value & 1);
}

GArray *interfaces_serving(const Interfaces *interfaces)
{
	GArray *list = interfaces_created(interfaces);
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, interfaces->by_name);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		g_array_append_val(list, ((const Interface *)value)->present);
	return list;
}

/* --- what is to be done --- */

static bool is_planned(const Interfaces *interfaces, const char *name)
{
	for (guint i = 0; i < interfaces->plans->len; i++)
		if (strcmp(g_array_index(interfaces->plans, Plan, i).interface->facts.name, name) == 0)
			return true;
	return false;
}

/* Somebody gave it another name: it keeps its addresses, which a second one cannot have beside it. */
static bool is_renamed(Interfaces *interfaces, const InterfaceFacts *facts)
{
	InterfaceInfo info;

	return facts->created && interface_find_index(interfaces->netlink, facts->ifindex, &info, NULL) &&
	       own_bridge_is_same(&info, facts->mac);
}

/* That something cannot be read, so that nobody sees whether it is as it should be: once, until it can. Takes it. */
static void say_failure(Interface *interface, GError *failure)
{
	guint hash = failure ? g_str_hash(failure->message) | 1 : 0;
	bool said = interface->told == hash;

	interface->told = hash;
	if (failure && !said)
		error_warn(failure);
	else
		g_clear_error(&failure);
}

static void keep_first(GError **failure, GError **next)
{
	if (*failure)
		g_clear_error(next);
	else
		*failure = g_steal_pointer(next);
}

/* What one thing fails with is in nobody's way but its own, unless somebody asks for that now. */
static bool compare_present(Interfaces *interfaces, Plan *plan, const InterfaceInfo *info, guint8 wanted,
			    GError **error)
{
	const InterfaceFacts *facts = &plan->interface->facts;
	guint8 before = plan->before.wanted | plan->before.facts.switched, unread;
	GError *failure = NULL, *next = NULL;

	plan->off = facts->switched & ~wanted;
	if (plan->creates_bridge && facts->created &&
	    !own_bridge_compare(interfaces->netlink, plan->network, info, &plan->faults, &next))
		keep_first(&failure, &next);
	if (!interface_switches_find_off(interfaces->netlink, facts->ifindex, wanted, &plan->on, &unread, &next)) {
		if (!plan->optional && unread & ~before) {
			g_clear_error(&failure);
			g_propagate_error(error, next);
			return false;
		}
		keep_first(&failure, &next);
	}
	/* It comes back with the MTU. */
	if (plan->faults.set & 1 << BRIDGE_MTU) {
		plan->on |= unread;
		g_clear_error(&failure);
	}
	if (plan->network && plan->interface->ports_touched &&
	    !bridge_ports_find_lost(interfaces->netlink, plan->network, facts->ifindex, &plan->lost_ports, &next))
		keep_first(&failure, &next);
	say_failure(plan->interface, failure);
	return true;
}

/* A death came between its making and the word of that: nothing else has the address that was drawn for it. */
static guint64 find_own_mac(const Plan *plan, const InterfaceInfo *info)
{
	const InterfaceFacts *before = &plan->before.facts;
	guint64 mac = plan->creates_bridge ? plan->network->mac : before->created ? before->mac : 0;

	return mac != 0 && own_bridge_matches(info, mac) ? mac : 0;
}

/* What was wanted before, and is not so. */
static guint find_repairs(const Plan *plan)
{
	const InterfaceFacts *before = &plan->before.facts;

	if (!plan->known)
		return 0;
	if (plan->creates)
		return 1 << FAULT_MISSING;
	if (before->ifindex != plan->interface->facts.ifindex)
		return 0;
	return (plan->on & (plan->before.wanted | before->switched)) | plan->faults.set << FAULT_BRIDGE |
	       (plan->lost_ports != NULL) << FAULT_PORTS;
}

bool interfaces_compare(Interfaces *interfaces, Plan *plan, const Network *network, guint8 wanted, GError **error)
{
	InterfaceFacts *facts = &plan->interface->facts;
	InterfaceInfo info;

	plan->network = network;
	plan->creates_bridge = network && network->creates_bridge;
	if (!interface_find(interfaces->netlink, facts->name, &info, error))
		return false;
	if (plan->creates_bridge && interfaces_is_leftover(interfaces, facts->name, info.ifindex))
		info.ifindex = 0;
	plan->interface->wanted = wanted;
	plan->interface->present = info.ifindex;
	if (plan->creates_bridge && info.ifindex == 0 && is_renamed(interfaces, facts)) {
		plan->interface->touched = plan->interface->ports_touched = false;
		return true;
	}
	/* The interface of that name is another one now: the facts of the one before are void. */
	if (info.ifindex != facts->ifindex) {
		*facts = (InterfaceFacts){ .ifindex = info.ifindex, .mac = find_own_mac(plan, &info) };
		facts->created = facts->mac != 0;
	}
	g_strlcpy(facts->name, plan->before.facts.name, sizeof facts->name);

	if (plan->creates_bridge && facts->ifindex == 0) {
		plan->creates = network;
		plan->on = wanted;
		facts->created = true;
		facts->mac = network->mac;
	} else if (facts->ifindex != 0 && !compare_present(interfaces, plan, &info, wanted, error)) {
		return false;
	}
	plan->interface->touched = plan->interface->ports_touched = false;
	facts->switched = (facts->switched & wanted) | plan->on;
	plan->down = facts->ifindex != 0 && !info.up;
	plan->repairs = find_repairs(plan);
	return true;
}

int interfaces_find_present(Interfaces *interfaces, const char *name)
{
	InterfaceInfo info;

	return interface_find(interfaces->netlink, name, &info, NULL) ? info.ifindex : 0;
}

static void drop_plan(Interfaces *interfaces, const Plan *plan)
{
	if (!plan->known) {
		g_hash_table_remove(interfaces->by_name, plan->interface->facts.name);
		return;
	}
	*plan->interface = plan->before;
	plan->interface->present = interfaces_find_present(interfaces, plan->interface->facts.name);
}

static bool add_plan(Interfaces *interfaces, const Model *model, const Config *config, const char *name, bool thorough,
		     bool optional, GError **error)
{
	const Network *network = g_hash_table_lookup(model->bridges, name);
	guint8 wanted = wanted_switches(model, config, name);
	Interface *interface = g_hash_table_lookup(interfaces->by_name, name);
	Plan plan = { .known = interface, .optional = optional };

	if (is_planned(interfaces, name) ||
	    (!thorough && interface && !interface->touched && interface->wanted == wanted))
		return true;
	if (!interface) {
		InterfaceFacts facts = {};

		if (!wanted_interface(model, name))
			return true;
		g_strlcpy(facts.name, name, sizeof facts.name);
		interface = interfaces_add(interfaces, &facts);
	}
	interface->ports_touched |= thorough;
	plan.interface = interface;
	plan.before = *interface;
	if (!interfaces_compare(interfaces, &plan, network, wanted, error)) {
		drop_plan(interfaces, &plan);
		return false;
	}
	g_array_append_val(interfaces->plans, plan);
	return true;
}

bool interfaces_plan(Interfaces *interfaces, const Model *model, const Config *config, const char *name, bool thorough,
		     GError **error)
{
	return add_plan(interfaces, model, config, name, thorough, false, error);
}

void interfaces_plan_all(Interfaces *interfaces, const Model *model, const Config *config)
{
	g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter iter;
	gpointer name;

	g_hash_table_iter_init(&iter, interfaces->by_name);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		g_hash_table_add(names, g_strdup(name));
	for (const GList *i = model->networks_by_age.head; i; i = i->next)
		g_hash_table_add(names, g_strdup(((const Network *)i->data)->bridge));
	for (const GList *i = model->ingresses_by_age.head; i; i = i->next)
		for (guint n = 0; (name = (gpointer)ingress_bridge(i->data, n)); n++)
			g_hash_table_add(names, g_strdup(name));

	g_hash_table_iter_init(&iter, names);
	while (g_hash_table_iter_next(&iter, &name, NULL)) {
		GError *error = NULL;

		if (!add_plan(interfaces, model, config, name, true, true, &error))
			error_warn(error);
	}
}

bool interfaces_changes(const Interfaces *interfaces)
{
	for (guint i = 0; i < interfaces->plans->len; i++) {
		const Plan *plan = &g_array_index(interfaces->plans, Plan, i);
		const InterfaceFacts *before = &plan->before.facts, *after = &plan->interface->facts;

		if (plan->creates || before->ifindex != after->ifindex || before->created != after->created ||
		    before->switched != after->switched)
			return true;
	}
	return false;
}

GArray *interfaces_facts(const Interfaces *interfaces, bool all)
{
	GArray *facts = g_array_new(FALSE, FALSE, sizeof(InterfaceFacts));
	GHashTableIter iter;
	gpointer interface;

	if (!all) {
		for (guint i = 0; i < interfaces->plans->len; i++)
			g_array_append_val(facts, g_array_index(interfaces->plans, Plan, i).interface->facts);
		return facts;
	}
	for (guint i = 0; i < leftovers_count(interfaces->leftovers); i++)
		g_array_append_vals(facts, leftovers_get(interfaces->leftovers, i), 1);
	g_hash_table_iter_init(&iter, interfaces->by_name);
	while (g_hash_table_iter_next(&iter, NULL, &interface))
		g_array_append_val(facts, ((const Interface *)interface)->facts);
	return facts;
}

/* --- doing it --- */

void interfaces_close(Interfaces *interfaces, Effects *effects)
{
	bridges_down_clear(interfaces->down);
	for (guint i = 0; i < interfaces->plans->len; i++) {
		const Plan *plan = &g_array_index(interfaces->plans, Plan, i);
		int ifindex = plan->interface->facts.ifindex;
		bool leaves = plan->interface->facts.created && !plan->network;
		guint8 off = leaves ? plan->off & ~NF_CALL : plan->off;

		if (leaves && !plan->down)
			bridges_down_add(interfaces->down, effects, ifindex);
		for (guint which = 0; which < N_INTERFACE_SWITCHES; which++)
			if (off & 1 << which && interface_switch_put_back(interfaces->netlink, ifindex, which, false))
				effects_add(effects, revert_switch, interfaces, ifindex, which << 1 | true);
	}
}

/* A bridge is not up without all of them. What was on before others ask for more is in nobody's way. */
static bool may_go_on(const Plan *plan, guint which)
{
	return !plan->creates && (plan->optional || plan->repairs & 1 << which);
}

static bool switch_on(Interfaces *interfaces, Effects *effects, Plan *plan, GError **error)
{
	int ifindex = plan->interface->facts.ifindex;

	for (guint which = 0; which < N_INTERFACE_SWITCHES; which++) {
		GError *failure = NULL;

		if (!(plan->on & 1 << which))
			continue;
		if (interface_switch_set(interfaces->netlink, ifindex, which, true, &failure)) {
			effects_add(effects, revert_switch, interfaces, ifindex, which << 1 | false);
			continue;
		}
		g_prefix_error(&failure, "interface %s, %s: ", plan->interface->facts.name,
			       interface_switch_name(which));
		if (!may_go_on(plan, which)) {
			g_propagate_error(error, failure);
			return false;
		}
		error_warn(failure);
		plan->on &= ~(1 << which);
	}
	return true;
}

static bool create(Interfaces *interfaces, Effects *effects, Plan *plan, GError **error)
{
	InterfaceFacts *facts = &plan->interface->facts;

	if (!leftovers_delete(interfaces->leftovers, facts->name, error) ||
	    !own_bridge_create(interfaces->netlink, plan->creates, effects, &facts->ifindex, error))
		return false;
	plan->interface->present = facts->ifindex;
	if (!switch_on(interfaces, effects, plan, error))
		return false;
	/* With ports that are up it has a carrier at once; of one that comes later the kernel takes up to a second to
	 * tell it. */
	bridge_ports_mend(interfaces->netlink, plan->network, facts->ifindex);
	return interface_set_up(interfaces->netlink, facts->ifindex, true, error);
}

static bool open_plan(Interfaces *interfaces, Effects *effects, Plan *plan, GError **error)
{
	if (plan->creates)
		return create(interfaces, effects, plan, error);
	if (plan->faults.set)
		own_bridge_mend(interfaces->netlink, plan->network, plan->interface->facts.ifindex, &plan->faults);
	if (plan->lost_ports)
		bridge_ports_mend(interfaces->netlink, plan->network, plan->interface->facts.ifindex);
	return switch_on(interfaces, effects, plan, error);
}

bool interfaces_open(Interfaces *interfaces, Effects *effects, GError **error)
{
	for (guint i = 0; i < interfaces->plans->len; i++) {
		Plan *plan = &g_array_index(interfaces->plans, Plan, i);
		GError *failure = NULL;

		if (open_plan(interfaces, effects, plan, &failure))
			continue;
		plan->failed = true;
		if (!plan->optional) {
			g_propagate_error(error, failure);
			return false;
		}
		error_warn(failure);
	}
	return true;
}

/* --- afterwards --- */

static void delete_now(Interfaces *interfaces, int ifindex)
{
	GError *error = NULL;

	if (!bridge_remove(interfaces->netlink, ifindex, &error))
		error_warn(error);
}

/* One of them, a fault each. Whether it was put right at all. */
static bool tell_of(const Plan *plan, guint fault, GPtrArray *repairs)
{
	g_autofree char *object =
		g_strdup_printf("%s %s", plan->creates_bridge ? "bridge" : "interface", plan->interface->facts.name);

	if (fault >= FAULT_BRIDGE && fault < FAULT_PORTS) {
		BridgeFaults one = plan->faults;

		one.set &= 1 << (fault - FAULT_BRIDGE);
		own_bridge_tell(plan->network, &one, repairs);
		return one.set;
	}
	if (plan->failed)
		return false;
	if (fault == FAULT_PORTS)
		bridge_ports_tell(plan->lost_ports, object, repairs);
	else if (fault < N_INTERFACE_SWITCHES && !(plan->on & 1 << fault))
		return false;
	else if (fault == FAULT_MISSING)
		repairs_add(repairs, object, NULL, "gone", "there");
	else
		repairs_add(repairs, object, interface_switch_name(fault), "off", "on");
	return true;
}

static void tell(const Plan *plan, gint64 now, GPtrArray *repairs)
{
	Interface *interface = plan->interface;

	for (guint fault = 0; fault < N_FAULTS; fault++) {
		bool told;

		if (!(plan->repairs & 1 << fault))
			continue;
		if (!interface->paces)
			interface->paces = g_new0(Pace, N_FAULTS);
		told = tell_of(plan, fault, repairs);
		if (pace_note(&interface->paces[fault], now) && told)
			repair_warn_of_pace(repairs->pdata[repairs->len - 1]);
	}
}

void interfaces_keep(Interfaces *interfaces, const Model *model, guint max_leftovers, GPtrArray *repairs)
{
	gint64 now = g_get_monotonic_time();
	bool deleted = false;

	for (guint i = 0; i < interfaces->plans->len; i++) {
		const Plan *plan = &g_array_index(interfaces->plans, Plan, i);
		InterfaceFacts *facts = &plan->interface->facts;

		if (!plan->known && plan->down)
			g_warning("Interface %s is down; what it serves is not reached until it is up", facts->name);
		tell(plan, now, repairs);
		if (g_hash_table_contains(model->bridges, facts->name))
			continue;
		/* Nobody makes and leaves bridges faster than they can be deleted. */
		if (facts->created && (!deleted || leftovers_count(interfaces->leftovers) >= max_leftovers)) {
			delete_now(interfaces, facts->ifindex);
			deleted = true;
		} else if (facts->created) {
			leftovers_add(interfaces->leftovers, facts);
		}
		facts->created = false;
		if (!wanted_interface(model, facts->name))
			g_hash_table_remove(interfaces->by_name, facts->name);
	}
	g_array_set_size(interfaces->plans, 0);
	leftovers_set_down(interfaces->leftovers);
}

void interfaces_cancel(Interfaces *interfaces)
{
	for (guint i = interfaces->plans->len; i-- > 0;)
		drop_plan(interfaces, &g_array_index(interfaces->plans, Plan, i));
	g_array_set_size(interfaces->plans, 0);
}

/* --- which of them are there --- */

int interfaces_ifindex(const Interfaces *interfaces, const char *name)
{
	const Interface *interface = g_hash_table_lookup(interfaces->by_name, name);

	return interface ? interface->present : 0;
}

GPtrArray *interfaces_presence_changes(const Interfaces *interfaces)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < interfaces->plans->len; i++) {
		const Plan *plan = &g_array_index(interfaces->plans, Plan, i);

		if (plan->known && !plan->before.present != !plan->interface->present)
			g_ptr_array_add(names, g_strdup(plan->interface->facts.name));
	}
	return names;
}

void interface_set_void(Interface *interface)
{
	InterfaceFacts facts = {};

	g_strlcpy(facts.name, interface->facts.name, sizeof facts.name);
	interface->facts = facts;
}

GPtrArray *interfaces_look(Interfaces *interfaces, int ifindex, const char *name, bool gone)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, interfaces->by_name);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Interface *interface = value;
		int before = interface->present;

		if (gone && interface->facts.ifindex == ifindex)
			interface_set_void(interface);
		if (before != ifindex && strcmp(interface->facts.name, name) != 0)
			continue;
		interface->present = interfaces_find_present(interfaces, interface->facts.name);
		interface->touched = true;
		if (!before != !interface->present)
			g_ptr_array_add(names, g_strdup(interface->facts.name));
	}
	if (gone)
		leftovers_drop(interfaces->leftovers, ifindex);
	return names;
}

/* --- what waits --- */

bool interfaces_delete_one(Interfaces *interfaces)
{
	return leftovers_delete_one(interfaces->leftovers);
}

bool interfaces_has_leftovers(const Interfaces *interfaces)
{
	return leftovers_count(interfaces->leftovers) > 0;
}
