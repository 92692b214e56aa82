/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/units.h"

#include "service/change/change-ingress.h"
#include "service/change/change-network.h"
#include "service/commit.h"
#include "service/service.h"
#include "service/unit-file/apply.h"
#include "service/unit-file/lookup.h"

/* Brings what is made so far into force. */
typedef bool (*UnitsCommit)(void *userdata, GError **error);

static bool is_gone(const UnitSet *set, enum object_kind kind, const char *name, const Lifetime *lifetime)
{
	return lifetime->fragment && !unit_set_has(set, kind, name);
}

static void remove_gone(Transaction *transaction, const UnitSet *set)
{
	g_autoptr(GPtrArray) networks = g_ptr_array_new(), ingresses = g_ptr_array_new();

	for (const GList *i = transaction->model->networks_by_age.head; i; i = i->next) {
		Network *network = i->data;

		if (is_gone(set, OBJECT_NETWORK, network->name, &network->lifetime))
			g_ptr_array_add(networks, network);
	}
	for (const GList *i = transaction->model->ingresses_by_age.head; i; i = i->next) {
		Ingress *ingress = i->data;

		if (is_gone(set, OBJECT_INGRESS, ingress->name, &ingress->lifetime))
			g_ptr_array_add(ingresses, ingress);
	}
	for (guint i = 0; i < networks->len; i++)
		network_delete(transaction, networks->pdata[i]);
	for (guint i = 0; i < ingresses->len; i++)
		ingress_delete(transaction, ingresses->pdata[i]);
}

/* --- in what order --- */

/* A unit on its way into force. */
typedef struct Way {
	const Unit *unit;
	bool arrived;
	GError *error; /* why it is not there */
} Way;

static void clear_way(gpointer data)
{
	g_clear_error(&((Way *)data)->error);
}

static GArray *begin_ways(const UnitSet *set)
{
	GArray *ways = g_array_new(FALSE, FALSE, sizeof(Way));

	g_array_set_clear_func(ways, clear_way);
	for (guint i = 0; i < set->units->len; i++)
		g_array_append_val(ways, ((Way){ .unit = set->units->pdata[i] }));
	return ways;
}

/* each commits what one of them makes; NULL: that comes later. Whether anything was made. */
static bool go(Transaction *transaction, Way *way, UnitsCommit each, void *userdata)
{
	guint savepoint = transaction_savepoint(transaction);
	enum unit_progress progress;

	g_clear_error(&way->error);
	progress = unit_apply(transaction, way->unit, &way->error);
	way->arrived = progress == UNIT_ARRIVED;
	if (transaction_savepoint(transaction) == savepoint)
		return false;
	if (!each || each(userdata, &way->error))
		return true;
	unit_prefix_error(way->unit, &way->error);
	way->arrived = false;
	return false;
}

/* Whether it may help to go again: one may have waited for what another gave up. */
static bool go_all(Transaction *transaction, GArray *ways, UnitsCommit each, void *userdata)
{
	bool moved = false, waiting = false;

	for (guint i = 0; i < ways->len; i++) {
		Way *way = &g_array_index(ways, Way, i);

		if (!way->arrived)
			moved |= go(transaction, way, each, userdata);
		waiting |= !way->arrived;
	}
	return moved && waiting;
}

/* --- the service's --- */

static bool commit(void *userdata, GError **error)
{
	return service_commit(userdata, error);
}

static void commit_or_warn(Service *service)
{
	GError *error = NULL;

	if (!service_commit(service, &error))
		error_warn(error);
}

/* What the host refuses to all of them it may refuse for one. */
static void go_one_by_one(Service *service, const UnitSet *set, GArray *ways)
{
	for (guint i = 0; i < ways->len; i++)
		g_array_index(ways, Way, i).arrived = false;
	if (!set->incomplete)
		remove_gone(&service->transaction, set);
	commit_or_warn(service);
	while (go_all(&service->transaction, ways, commit, service))
		;
}

static void go_together(Service *service, const UnitSet *set, GArray *ways)
{
	Transaction *transaction = &service->transaction;
	g_autoptr(GError) error = NULL;
	bool again;

	if (!set->incomplete)
		remove_gone(transaction, set);
	do {
		again = go_all(transaction, ways, NULL, NULL);
		if (transaction->changes->len > 0 && !service_commit(service, &error)) {
			go_one_by_one(service, set, ways);
			return;
		}
	} while (again);
}

static void await_interface(Service *service, const Unit *unit)
{
	const char *name = unit->kind == OBJECT_INGRESS ? unit->ingress.bridge : NULL;
	InterfaceInfo info;

	if (name && interface_name_is_valid(name) && interface_find(service->netlink, name, &info, NULL) &&
	    info.ifindex == 0)
		g_hash_table_add(service->awaited, g_strdup(name));
}

void service_load_units(Service *service)
{
	g_autoptr(UnitSet) set = unit_set_load(service->unit_directories);
	g_autoptr(GArray) ways = begin_ways(set);

	for (guint i = 0; i < set->errors->len; i++)
		g_critical("%s; what it said before stays", ((const GError *)set->errors->pdata[i])->message);
	go_together(service, set, ways);
	g_hash_table_remove_all(service->awaited);
	for (guint i = 0; i < ways->len; i++) {
		const Way *way = &g_array_index(ways, Way, i);

		if (!way->error)
			continue;
		g_critical("%s; what it said before stays", way->error->message);
		await_interface(service, way->unit);
	}
}

bool service_awaits_interface(const Service *service, const char *name)
{
	return g_hash_table_contains(service->awaited, name);
}

/* --- without a service --- */

static void load_each(UnitSet *set, char *const *paths)
{
	for (; *paths; paths++) {
		GError *error = NULL;
		Unit *unit = unit_load(*paths, &error);

		if (unit)
			g_ptr_array_add(set->units, unit);
		else if (error)
			g_ptr_array_add(set->errors, error);
	}
}

/* On a host where nothing else is. */
static void try_together(const Config *config, Netlink *netlink, GArray *ways)
{
	g_autoptr(Interfaces) interfaces = interfaces_new(netlink);
	g_autoptr(Model) model = model_new();
	g_autoptr(GArray) collected = rendering_new();
	Transaction transaction = {
		.model = model,
		.config = config,
		.collected = collected,
		.netlink = netlink,
		.interfaces = interfaces,
		.ipv6 = true,
	};

	transaction_init(&transaction);
	while (go_all(&transaction, ways, NULL, NULL))
		;
	transaction_roll_back(&transaction, 0);
	transaction_clear(&transaction);
}

bool units_check(const Config *config, const char *unit_root, char *const *paths, void (*print)(const char *line))
{
	g_auto(GStrv) directories = unit_directories_below(unit_root);
	g_autoptr(UnitSet) set = *paths ? unit_set_new() : unit_set_load(directories);
	g_autoptr(GError) error = NULL;
	g_autoptr(Netlink) netlink = netlink_new(&error);
	g_autoptr(GArray) ways = NULL;
	bool good;

	load_each(set, paths);
	ways = begin_ways(set);
	if (netlink)
		try_together(config, netlink, ways);
	else
		print(error->message);
	good = netlink && set->errors->len == 0;
	for (guint i = 0; i < set->errors->len; i++)
		print(((const GError *)set->errors->pdata[i])->message);
	for (guint i = 0; i < ways->len; i++) {
		const Way *way = &g_array_index(ways, Way, i);

		if (way->error)
			print(way->error->message);
		good &= !way->error;
	}
	return good;
}
