/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/interfaces.h"

#include "service/netlink/bridge.h"
#include "service/netlink/ip-address.h"

#include <string.h>

typedef struct Interface {
	InterfaceFacts facts;
	guint8 wanted; /* set of 1 << enum interface_switch, as of the last plan */
	int present;   /* the ifindex of what has the name now; 0: nothing has */
} Interface;

/* What is to be done to one interface. */
typedef struct Plan {
	Interface *interface;
	Interface before;
	bool known;             /* else it is there for this plan only, so far */
	bool optional;          /* what fails is said in the log, and the rest goes on */
	const Network *creates; /* the network whose bridge is to be created; NULL: none */
	guint8 on, off;         /* sets of 1 << enum interface_switch */
} Plan;

typedef struct Leftover {
	InterfaceFacts facts;
	bool down;
} Leftover;

struct Interfaces {
	Netlink *netlink;
	GHashTable *by_name; /* name → Interface, owned: those that serve an object, or did until the last commit */
	GArray *leftovers;   /* Leftover */
	GArray *plans;       /* Plan */
};

Interfaces *interfaces_new(Netlink *netlink)
{
	Interfaces *interfaces = g_new0(Interfaces, 1);

	interfaces->netlink = netlink;
	interfaces->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	interfaces->leftovers = g_array_new(FALSE, FALSE, sizeof(Leftover));
	interfaces->plans = g_array_new(FALSE, FALSE, sizeof(Plan));
	return interfaces;
}

void interfaces_free(Interfaces *interfaces)
{
	if (!interfaces)
		return;
	g_hash_table_unref(interfaces->by_name);
	g_array_unref(interfaces->leftovers);
	g_array_unref(interfaces->plans);
	g_free(interfaces);
}

static void warn(GError *error)
{
	g_warning("%s", error->message);
	g_error_free(error);
}

static void mac_from_number(guint64 number, guint8 ret[static 6])
{
	for (guint i = 0; i < 6; i++)
		ret[i] = number >> (8 * (5 - i));
}

static Interface *add_interface(Interfaces *interfaces, const InterfaceFacts *facts)
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

static bool find_leftover(const Interfaces *interfaces, const char *name, guint *ret_index)
{
	for (guint i = 0; i < interfaces->leftovers->len; i++)
		if (strcmp(g_array_index(interfaces->leftovers, Leftover, i).facts.name, name) == 0) {
			*ret_index = i;
			return true;
		}
	return false;
}

bool interfaces_is_leftover(const Interfaces *interfaces, const char *name, int ifindex)
{
	guint index;

	return find_leftover(interfaces, name, &index) &&
	       g_array_index(interfaces->leftovers, Leftover, index).facts.ifindex == ifindex;
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
	for (guint i = 0; i < interfaces->leftovers->len; i++)
		g_array_append_val(list, g_array_index(interfaces->leftovers, Leftover, i).facts.ifindex);
	return list;
}

/* --- switches --- */

static const char *const switch_names[N_INTERFACE_SWITCHES] = {
	[SWITCH_LOCALNET] = "route_localnet",         [SWITCH_FORWARDING_IPV4] = "IPv4 forwarding",
	[SWITCH_FORWARDING_IPV6] = "IPv6 forwarding", [SWITCH_NF_CALL_IPV4] = "nf_call_iptables",
	[SWITCH_NF_CALL_IPV6] = "nf_call_ip6tables",
};

static bool switch_get(Interfaces *interfaces, int ifindex, enum interface_switch which, bool *ret, GError **error)
{
	guint value = 0;
	bool ok = false;

	switch (which) {
	case SWITCH_LOCALNET:
		ok = link_get_switch(interfaces->netlink, ifindex, LINK_ROUTE_LOCALNET, &value, error);
		break;
	case SWITCH_FORWARDING_IPV4:
		ok = link_get_switch(interfaces->netlink, ifindex, LINK_FORWARDING, &value, error);
		break;
	case SWITCH_FORWARDING_IPV6:
		ok = link_get_switch6(interfaces->netlink, ifindex, LINK6_FORWARDING, &value, error);
		break;
	case SWITCH_NF_CALL_IPV4:
		return bridge_get_nf_call(interfaces->netlink, ifindex, FAMILY_IPV4, ret, error);
	case SWITCH_NF_CALL_IPV6:
		return bridge_get_nf_call(interfaces->netlink, ifindex, FAMILY_IPV6, ret, error);
	case N_INTERFACE_SWITCHES:
		break;
	}
	*ret = value != 0;
	return ok;
}

static bool switch_set(Interfaces *interfaces, int ifindex, enum interface_switch which, bool on, GError **error)
{
	switch (which) {
	case SWITCH_LOCALNET:
		return link_set_switch(interfaces->netlink, ifindex, LINK_ROUTE_LOCALNET, on, error);
	case SWITCH_FORWARDING_IPV4:
		return link_set_switch(interfaces->netlink, ifindex, LINK_FORWARDING, on, error);
	case SWITCH_FORWARDING_IPV6:
		return link_set_switch6(interfaces->netlink, ifindex, LINK6_FORWARDING, on, error);
	case SWITCH_NF_CALL_IPV4:
		return bridge_set_nf_call(interfaces->netlink, ifindex, FAMILY_IPV4, on, error);
	case SWITCH_NF_CALL_IPV6:
		return bridge_set_nf_call(interfaces->netlink, ifindex, FAMILY_IPV6, on, error);
	case N_INTERFACE_SWITCHES:
		break;
	}
	g_assert_not_reached();
}

static bool is_there(Interfaces *interfaces, int ifindex)
{
	LinkInfo info;

	return ifindex != 0 && link_find_index(interfaces->netlink, ifindex, &info, NULL) && info.ifindex != 0;
}

/* An interface that is gone took its switches along. */
static void switch_back(Interfaces *interfaces, int ifindex, enum interface_switch which, bool on)
{
	GError *error = NULL;

	if (is_there(interfaces, ifindex) && !switch_set(interfaces, ifindex, which, on, &error))
		warn(error);
}

static void revert_switch(void *self, int ifindex, guint value)
{
	switch_back(self, ifindex, value >> 1, value & 1);
}

static void revert_creation(void *self, int ifindex, guint value G_GNUC_UNUSED)
{
	Interfaces *interfaces = self;
	GError *error = NULL;

	if (!bridge_remove(interfaces->netlink, ifindex, &error))
		warn(error);
}

/* --- what is to be done --- */

static bool is_planned(const Interfaces *interfaces, const char *name)
{
	for (guint i = 0; i < interfaces->plans->len; i++)
		if (strcmp(g_array_index(interfaces->plans, Plan, i).interface->facts.name, name) == 0)
			return true;
	return false;
}

/* Those of a set that are off. */
static bool find_off(Interfaces *interfaces, int ifindex, guint8 set, guint8 *ret, GError **error)
{
	bool on;

	*ret = 0;
	for (guint which = 0; which < N_INTERFACE_SWITCHES; which++) {
		if (!(set & 1 << which))
			continue;
		if (!switch_get(interfaces, ifindex, which, &on, error))
			return false;
		if (!on)
			*ret |= 1 << which;
	}
	return true;
}

static bool compare(Interfaces *interfaces, Plan *plan, const Network *network, guint8 wanted, GError **error)
{
	InterfaceFacts *facts = &plan->interface->facts;
	LinkInfo info;

	if (!link_find(interfaces->netlink, facts->name, &info, error))
		return false;
	if (network && network->creates_bridge && interfaces_is_leftover(interfaces, facts->name, info.ifindex))
		info.ifindex = 0;
	/* What another had is not what this one has. */
	if (info.ifindex != facts->ifindex)
		*facts = (InterfaceFacts){ .ifindex = info.ifindex };
	g_strlcpy(facts->name, plan->before.facts.name, sizeof facts->name);

	if (network && network->creates_bridge && facts->ifindex == 0) {
		plan->creates = network;
		plan->on = wanted;
		facts->created = true;
		facts->mac = network->mac;
	} else if (facts->ifindex != 0) {
		plan->off = facts->switched & ~wanted;
		if (!find_off(interfaces, facts->ifindex, wanted, &plan->on, error))
			return false;
	}
	facts->switched = (facts->switched & wanted) | plan->on;
	plan->interface->wanted = wanted;
	plan->interface->present = info.ifindex;
	return true;
}

static int find_present(Interfaces *interfaces, const char *name)
{
	LinkInfo info;

	return link_find(interfaces->netlink, name, &info, NULL) ? info.ifindex : 0;
}

static void drop_plan(Interfaces *interfaces, const Plan *plan)
{
	if (!plan->known) {
		g_hash_table_remove(interfaces->by_name, plan->interface->facts.name);
		return;
	}
	*plan->interface = plan->before;
	plan->interface->present = find_present(interfaces, plan->interface->facts.name);
}

static bool add_plan(Interfaces *interfaces, const Model *model, const Config *config, const char *name, bool thorough,
		     bool optional, GError **error)
{
	const Network *network = g_hash_table_lookup(model->bridges, name);
	guint8 wanted = wanted_switches(model, config, name);
	Interface *interface = g_hash_table_lookup(interfaces->by_name, name);
	Plan plan = { .known = interface, .optional = optional };

	if (is_planned(interfaces, name) || (!thorough && interface && interface->wanted == wanted))
		return true;
	if (!interface) {
		InterfaceFacts facts = {};

		if (!wanted_interface(model, name))
			return true;
		g_strlcpy(facts.name, name, sizeof facts.name);
		interface = add_interface(interfaces, &facts);
	}
	plan.interface = interface;
	plan.before = *interface;
	if (!compare(interfaces, &plan, network, wanted, error)) {
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
		g_hash_table_add(names, g_strdup(((const Ingress *)i->data)->bridge));

	g_hash_table_iter_init(&iter, names);
	while (g_hash_table_iter_next(&iter, &name, NULL)) {
		GError *error = NULL;

		if (!add_plan(interfaces, model, config, name, true, true, &error))
			warn(error);
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
	for (guint i = 0; i < interfaces->leftovers->len; i++)
		g_array_append_val(facts, g_array_index(interfaces->leftovers, Leftover, i).facts);
	g_hash_table_iter_init(&iter, interfaces->by_name);
	while (g_hash_table_iter_next(&iter, NULL, &interface))
		g_array_append_val(facts, ((const Interface *)interface)->facts);
	return facts;
}

/* --- doing it --- */

void interfaces_close(Interfaces *interfaces, Effects *effects)
{
	for (guint i = 0; i < interfaces->plans->len; i++) {
		const Plan *plan = &g_array_index(interfaces->plans, Plan, i);
		int ifindex = plan->interface->facts.ifindex;

		for (guint which = 0; which < N_INTERFACE_SWITCHES; which++)
			if (plan->off & 1 << which) {
				switch_back(interfaces, ifindex, which, false);
				effects_add(effects, revert_switch, interfaces, ifindex, which << 1 | true);
			}
	}
}

/*
 * The link-local address that the kernel would make as well, but would hold back for a second or two once the first
 * port brings the carrier; meanwhile it has no source for neighbour discovery, and nothing is forwarded to the bridge.
 */
static Prefix link_local_address(const guint8 mac[static 6])
{
	const guint8 interface_id[8] = { mac[0] ^ 0x02, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5] };
	Prefix address = { .address = { AF_INET6, { 0xfe, 0x80 } }, .length = 64 };

	memcpy(address.address.bytes + 8, interface_id, sizeof interface_id);
	return address;
}

/* Fails where the host has no IPv6, which is no matter to a network that has none. */
static void prepare_ipv6(Interfaces *interfaces, int ifindex, const guint8 mac[static 6], bool needed)
{
	const Prefix address = link_local_address(mac);
	g_autoptr(GError) error = NULL;

	if (needed && !link_set_switch6(interfaces->netlink, ifindex, LINK6_DISABLE, 0, &error))
		g_info("%s", error->message);
	g_clear_error(&error);
	/* Otherwise an endpoint could make itself the default router of a host that does not forward IPv6. */
	if (!link_set_switch6(interfaces->netlink, ifindex, LINK6_ACCEPT_RA, 0, &error))
		g_info("%s", error->message);
	g_clear_error(&error);
	if (!ip_address_add(interfaces->netlink, ifindex, &address, &error))
		g_info("%s", error->message);
}

static bool add_gateways(Interfaces *interfaces, int ifindex, const Network *network, GError **error)
{
	for (enum family family = 0; family < N_FAMILIES; family++) {
		Prefix address = { network->gateways[family], network->subnets[family].length };

		if (network_has_family(network, family) &&
		    !ip_address_add(interfaces->netlink, ifindex, &address, error))
			return false;
	}
	return true;
}

static bool switch_on(Interfaces *interfaces, Effects *effects, const Plan *plan, GError **error)
{
	int ifindex = plan->interface->facts.ifindex;

	for (guint which = 0; which < N_INTERFACE_SWITCHES; which++) {
		if (!(plan->on & 1 << which))
			continue;
		if (!switch_set(interfaces, ifindex, which, true, error)) {
			g_prefix_error(error, "interface %s, %s: ", plan->interface->facts.name, switch_names[which]);
			return false;
		}
		effects_add(effects, revert_switch, interfaces, ifindex, which << 1 | false);
	}
	return true;
}

static bool delete_leftover(Interfaces *interfaces, guint index, GError **error)
{
	int ifindex = g_array_index(interfaces->leftovers, Leftover, index).facts.ifindex;

	g_array_remove_index_fast(interfaces->leftovers, index);
	return bridge_remove(interfaces->netlink, ifindex, error);
}

static bool create(Interfaces *interfaces, Effects *effects, Plan *plan, GError **error)
{
	InterfaceFacts *facts = &plan->interface->facts;
	guint8 mac[6];
	guint leftover;

	if (find_leftover(interfaces, facts->name, &leftover) && !delete_leftover(interfaces, leftover, error))
		return false;
	mac_from_number(plan->creates->mac, mac);
	if (!bridge_add(interfaces->netlink, facts->name, mac, &facts->ifindex, error))
		return false;
	plan->interface->present = facts->ifindex;
	effects_add(effects, revert_creation, interfaces, facts->ifindex, 0);
	prepare_ipv6(interfaces, facts->ifindex, mac, network_has_family(plan->creates, FAMILY_IPV6));
	return add_gateways(interfaces, facts->ifindex, plan->creates, error) &&
	       switch_on(interfaces, effects, plan, error) &&
	       link_set_up(interfaces->netlink, facts->ifindex, true, error);
}

bool interfaces_open(Interfaces *interfaces, Effects *effects, GError **error)
{
	for (guint i = 0; i < interfaces->plans->len; i++) {
		Plan *plan = &g_array_index(interfaces->plans, Plan, i);
		GError *failure = NULL;

		if (plan->creates ? create(interfaces, effects, plan, &failure)
				  : switch_on(interfaces, effects, plan, &failure))
			continue;
		if (!plan->optional) {
			g_propagate_error(error, failure);
			return false;
		}
		warn(failure);
	}
	return true;
}

/* --- afterwards --- */

static void put_aside(Interfaces *interfaces, const InterfaceFacts *facts)
{
	Leftover leftover = { .facts = *facts };

	g_array_append_val(interfaces->leftovers, leftover);
}

/* There are no rules for them any more. */
static void set_leftovers_down(Interfaces *interfaces)
{
	for (guint i = 0; i < interfaces->leftovers->len; i++) {
		Leftover *leftover = &g_array_index(interfaces->leftovers, Leftover, i);
		GError *error = NULL;

		if (!leftover->down && !link_set_up(interfaces->netlink, leftover->facts.ifindex, false, &error))
			warn(error);
		leftover->down = true;
	}
}

static void delete_now(Interfaces *interfaces, int ifindex)
{
	GError *error = NULL;

	if (!bridge_remove(interfaces->netlink, ifindex, &error))
		warn(error);
}

void interfaces_keep(Interfaces *interfaces, const Model *model, guint max_leftovers, GPtrArray *changed)
{
	bool deleted = false;

	for (guint i = 0; i < interfaces->plans->len; i++) {
		const Plan *plan = &g_array_index(interfaces->plans, Plan, i);
		InterfaceFacts *facts = &plan->interface->facts;

		if (plan->creates || plan->on || plan->off)
			g_ptr_array_add(changed, g_strdup_printf("interface %s", facts->name));
		if (g_hash_table_contains(model->bridges, facts->name))
			continue;
		/* Nobody makes and leaves bridges faster than they can be deleted. */
		if (facts->created && (!deleted || interfaces->leftovers->len >= max_leftovers)) {
			delete_now(interfaces, facts->ifindex);
			deleted = true;
		} else if (facts->created) {
			put_aside(interfaces, facts);
		}
		facts->created = false;
		if (!wanted_interface(model, facts->name))
			g_hash_table_remove(interfaces->by_name, facts->name);
	}
	g_array_set_size(interfaces->plans, 0);
	set_leftovers_down(interfaces);
}

void interfaces_cancel(Interfaces *interfaces)
{
	for (guint i = interfaces->plans->len; i-- > 0;)
		drop_plan(interfaces, &g_array_index(interfaces->plans, Plan, i));
	g_array_set_size(interfaces->plans, 0);
}

/* --- which of them are there --- */

bool interfaces_is_present(const Interfaces *interfaces, const char *name)
{
	const Interface *interface = g_hash_table_lookup(interfaces->by_name, name);

	return interface && interface->present != 0;
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

/* What it was may be given out again, but not what was done to it. */
static void set_void(Interface *interface)
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
			set_void(interface);
		if (before != ifindex && strcmp(interface->facts.name, name) != 0)
			continue;
		interface->present = find_present(interfaces, interface->facts.name);
		if (!before != !interface->present)
			g_ptr_array_add(names, g_strdup(interface->facts.name));
	}
	for (guint i = interfaces->leftovers->len; gone && i-- > 0;)
		if (g_array_index(interfaces->leftovers, Leftover, i).facts.ifindex == ifindex)
			g_array_remove_index_fast(interfaces->leftovers, i);
	return names;
}

GPtrArray *interfaces_exchanged(const Interfaces *interfaces)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, interfaces->by_name);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const Interface *interface = value;

		if (interface->present != 0 && interface->present != interface->facts.ifindex)
			g_ptr_array_add(names, g_strdup(interface->facts.name));
	}
	return names;
}

/* --- what waits --- */

bool interfaces_delete_one(Interfaces *interfaces)
{
	GError *error = NULL;

	if (interfaces->leftovers->len == 0)
		return false;
	if (!delete_leftover(interfaces, 0, &error))
		warn(error);
	return interfaces->leftovers->len > 0;
}

bool interfaces_has_leftovers(const Interfaces *interfaces)
{
	return interfaces->leftovers->len > 0;
}

/* --- from the previous instance --- */

/* An ifindex can have been given out again while nobody looked. */
static bool is_ours(Interfaces *interfaces, const InterfaceFacts *facts)
{
	LinkInfo info;
	guint8 mac[6];

	mac_from_number(facts->mac, mac);
	return facts->mac == 0 || !link_find_index(interfaces->netlink, facts->ifindex, &info, NULL) ||
	       (info.kind == LINK_BRIDGE && memcmp(info.mac, mac, sizeof mac) == 0);
}

void interfaces_restore(Interfaces *interfaces, const InterfaceFacts *facts)
{
	const Interface *other = g_hash_table_lookup(interfaces->by_name, facts->name);
	Interface *interface;

	if (other && other->facts.created && other->facts.ifindex != 0 && other->facts.ifindex != facts->ifindex)
		put_aside(interfaces, &other->facts);
	interface = add_interface(interfaces, facts);
	if (!is_ours(interfaces, facts))
		set_void(interface);
	interface->present = find_present(interfaces, facts->name);
}

void interfaces_restore_leftover(Interfaces *interfaces, const InterfaceFacts *facts)
{
	if (is_ours(interfaces, facts) && !interfaces_is_leftover(interfaces, facts->name, facts->ifindex))
		put_aside(interfaces, facts);
}

void interfaces_restore_doubtful(Interfaces *interfaces, const InterfaceFacts *facts)
{
	Interface *known = g_hash_table_lookup(interfaces->by_name, facts->name);

	if (known && known->facts.ifindex == facts->ifindex)
		known->facts.switched |= facts->switched;
	else if (!known && facts->ifindex != 0)
		add_interface(interfaces, facts)->present = find_present(interfaces, facts->name);
}

void interfaces_restore_by_name(Interfaces *interfaces, const char *name, bool created, guint8 switched)
{
	InterfaceFacts facts = { .created = created, .switched = switched };
	Interface *known = g_hash_table_lookup(interfaces->by_name, name);
	LinkInfo info;

	if (known) {
		known->facts.created |= created;
		known->facts.switched |= switched;
		return;
	}
	if (!link_find(interfaces->netlink, name, &info, NULL) || info.ifindex == 0)
		return;
	facts.ifindex = info.ifindex;
	g_strlcpy(facts.name, name, sizeof facts.name);
	add_interface(interfaces, &facts)->present = info.ifindex;
}

void interfaces_disown(Interfaces *interfaces, const char *name, guint64 mac)
{
	const Interface *known = g_hash_table_lookup(interfaces->by_name, name);
	InterfaceFacts facts = { .created = true, .mac = mac };
	guint8 bytes[6];
	LinkInfo info;

	mac_from_number(mac, bytes);
	if (!link_find(interfaces->netlink, name, &info, NULL) || info.kind != LINK_BRIDGE ||
	    memcmp(info.mac, bytes, sizeof bytes) != 0 || (known && known->facts.ifindex == info.ifindex) ||
	    interfaces_is_leftover(interfaces, name, info.ifindex))
		return;
	facts.ifindex = info.ifindex;
	g_strlcpy(facts.name, name, sizeof facts.name);
	put_aside(interfaces, &facts);
}
