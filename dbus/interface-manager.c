/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/interface.h"

#include "dbus/arguments.h"
#include "dbus/details-sources.h"
#include "dbus/error.h"
#include "dbus/explain-read.h"
#include "dbus/names.h"
#include "dbus/object-reads.h"
#include "dbus/path.h"
#include "dbus/reply.h"
#include "dbus/settings.h"
#include "dbus/size.h"

#include "dbus/version.h"
#include "service/change/change-ingress.h"
#include "service/change/change-network.h"
#include "service/commit.h"
#include "service/foreign-drops.h"
#include "service/preview.h"
#include "service/reload.h"
#include "service/zones.h"

static bool read_network(Call *call, const char **ret_name, NetworkSettings *ret, GError **error)
{
	return string_read(&call->cursor, 's', ret_name, error) &&
	       network_settings_read(&call->cursor, call->uid, ret, error);
}

static bool describe_network(Description *description, const char *name, const NetworkSettings *settings,
			     GError **error)
{
	g_autoptr(Network) network = network_sketch(name, settings, error);

	if (!network)
		return false;
	description_add_network(description, network);
	return true;
}

/* One that is there makes use of nothing anew. */
static bool claim_network(Call *call, Description *description, GError **error)
{
	g_auto(NetworkSettings) settings = {};
	g_autoptr(Network) network = NULL;
	const char *name;
	Claim claim;

	if (!read_network(call, &name, &settings, error))
		return false;
	if (model_find_network(service_model(call->service), name, NULL))
		return true;
	network = network_sketch(name, &settings, error);
	if (!network || !claim_find_network(service_transaction(call->service), network, call->uid, &claim, error))
		return false;
	description_add_claim(description, &claim);
	return true;
}

static bool describe_settings(const Call *call, const NetworkSettings *settings, Description *description,
			      GError **error)
{
	const Config *config = service_config(call->service);

	return description_add_network_settings(description, settings, config->max_endpoints_per_uid, error) &&
	       description_add_network_sources(description, settings, config, error);
}

static bool describe_create_network(Call *call, Description *description, GError **error)
{
	g_auto(NetworkSettings) settings = {};
	const char *name;

	if (!read_network(call, &name, &settings, error))
		return false;
	description_add(description, "network", name);
	return describe_settings(call, &settings, description, error) &&
	       describe_network(description, name, &settings, error);
}

static bool run_create_network(Call *call, GError **error)
{
	g_auto(NetworkSettings) settings = {};
	const Network *network;
	const char *name;

	if (!read_network(call, &name, &settings, error))
		return false;
	network = network_create(service_transaction(call->service), name, &settings, error);
	if (!network || (!network->creates_bridge && !call_may_use_host(call, error)))
		return false;
	return reply_written(path_append(call->reply, OBJECT_NETWORK, network), error);
}

/* The endpoints of one that is there are to come to what may be another's. */
static bool describe_ensure_network(Call *call, Description *description, GError **error)
{
	g_auto(NetworkSettings) settings = {};
	const Network *there;
	const char *name;

	if (!read_network(call, &name, &settings, error))
		return false;
	description_add(description, "network", name);
	if (!describe_settings(call, &settings, description, error))
		return false;
	there = model_find_network(service_model(call->service), name, NULL);
	if (!there)
		return describe_network(description, name, &settings, error);
	if (there->lifetime.uid != call->uid && settings.endpoints && settings.endpoints->len > 0)
		description->actions |= 1 << ACTION_MANAGE_FOREIGN;
	return true;
}

static bool run_ensure_network(Call *call, GError **error)
{
	g_auto(NetworkSettings) settings = {};
	const Network *network;
	const char *name;
	bool created;

	if (!read_network(call, &name, &settings, error))
		return false;
	network = network_ensure(service_transaction(call->service), name, &settings, &created, error);
	if (!network || (created && !network->creates_bridge && !call_may_use_host(call, error)))
		return false;
	return reply_written(path_append(call->reply, OBJECT_NETWORK, network), error) &&
	       reply_written(sd_bus_message_append(call->reply, "b", created), error);
}

static bool describe_create_ingress(Call *call, Description *description, GError **error)
{
	g_auto(IngressSettings) settings = {};
	g_autoptr(Ingress) ingress = NULL;
	const char *name;
	Claim claim;

	if (!string_read(&call->cursor, 's', &name, error) ||
	    !ingress_settings_read(&call->cursor, call->uid, &settings, error))
		return false;
	description_add(description, "ingress", name);
	description_add_ingress_settings(description, &settings);
	if (!description_add_sources(description, settings.allow_from, NULL, service_config(call->service), error))
		return false;
	ingress = ingress_claim(service_transaction(call->service), name, &settings, &claim, error);
	if (!ingress)
		return false;
	description_add_ingress(description, ingress);
	description_add_claim(description, &claim);
	return true;
}

static bool run_create_ingress(Call *call, GError **error)
{
	g_auto(IngressSettings) settings = {};
	const Ingress *ingress;
	const char *name;

	if (!string_read(&call->cursor, 's', &name, error) ||
	    !ingress_settings_read(&call->cursor, call->uid, &settings, error))
		return false;
	ingress = ingress_create(service_transaction(call->service), name, &settings, error);
	return ingress && reply_written(path_append(call->reply, OBJECT_INGRESS, ingress), error);
}

static bool run_reconcile(Call *call, GError **error)
{
	guint repaired;

	if (!service_reconcile(call->service, &repaired, error))
		return false;
	service_look_at_zones(call->service);
	return reply_written(sd_bus_message_append(call->reply, "u", repaired), error);
}

static bool run_reload(Call *call, GError **error)
{
	return service_reload(call->service, error);
}

static const Method methods[] = {
	{ "CreateNetwork", describe_create_network, run_create_network, .claim = claim_network },
	{ "EnsureNetwork", describe_ensure_network, run_ensure_network, .claim = claim_network },
	{ "CreateIngress", describe_create_ingress, run_create_ingress },
	{ "Reconcile", NULL, run_reconcile, QUEUE_ALONE },
	{ "Reload", NULL, run_reload, QUEUE_ALONE, .mends = true },
	{},
};

static int on_change(sd_bus_message *message, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	const Bus *bus = userdata;

	return calls_start(bus->calls, message, methods);
}

static int on_get_network(sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
	const Bus *bus = userdata;
	g_autoptr(GError) error = NULL;
	const Network *network;
	const char *name;
	int r;

	r = sd_bus_message_read(message, "s", &name);
	if (r < 0)
		return r;
	network = model_find_network(service_model(bus->service), name, &error);
	return network ? path_reply(message, OBJECT_NETWORK, network) : error_set(ret_error, error);
}

static int on_get_ingress(sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
	const Bus *bus = userdata;
	g_autoptr(GError) error = NULL;
	const Ingress *ingress;
	const char *name;
	int r;

	r = sd_bus_message_read(message, "s", &name);
	if (r < 0)
		return r;
	ingress = model_find_ingress(service_model(bus->service), name, &error);
	return ingress ? path_reply(message, OBJECT_INGRESS, ingress) : error_set(ret_error, error);
}

/* The first step of a preview: to look at its size may take as long as what follows. */
static int step_size(Read *read, sd_bus_error *ret_error)
{
	g_autoptr(GError) error = NULL;

	if (!size_check(read->call, read_is_privileged(read), &error))
		return error_set(ret_error, error);
	read->state = read->userdata;
	return 1;
}

#define SMALLER "with fewer endpoints, ports and sources it is smaller"

static int step_preview_network(Read *read, sd_bus_error *ret_error)
{
	const Bus *bus = read->userdata;
	g_auto(NetworkSettings) settings = {};
	Cursor cursor = cursor_new(read->call);
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	const char *name;

	if (!read->state)
		return step_size(read, ret_error);
	if (string_read(&cursor, 's', &name, &error) && network_settings_read(&cursor, read->uid, &settings, &error))
		text = service_preview_network(bus->service, name, &settings, read_is_privileged(read), &error);
	heap_give_back(bus->heap);
	if (!text)
		return error_set(ret_error, error);
	return MIN(text_reply(read->call, text, SMALLER, ret_error), 0);
}

static int on_preview_network(sd_bus_message *message, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	static const ReadKind kind = { step_preview_network };
	const Bus *bus = userdata;

	return reads_add(bus->reads, message, &kind, userdata);
}

static int step_preview_ingress(Read *read, sd_bus_error *ret_error)
{
	const Bus *bus = read->userdata;
	g_auto(IngressSettings) settings = {};
	Cursor cursor = cursor_new(read->call);
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	const char *name;

	if (!read->state)
		return step_size(read, ret_error);
	if (string_read(&cursor, 's', &name, &error) && ingress_settings_read(&cursor, read->uid, &settings, &error))
		text = service_preview_ingress(bus->service, name, &settings, &error);
	heap_give_back(bus->heap);
	if (!text)
		return error_set(ret_error, error);
	return MIN(text_reply(read->call, text, SMALLER, ret_error), 0);
}

static int on_preview_ingress(sd_bus_message *message, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	static const ReadKind kind = { step_preview_ingress };
	const Bus *bus = userdata;

	return reads_add(bus->reads, message, &kind, userdata);
}

static int on_find_objects(sd_bus_message *message, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	const Bus *bus = userdata;

	return reads_add(bus->reads, message, &find_objects_read, userdata);
}

static int on_explain(sd_bus_message *message, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	const Bus *bus = userdata;

	return reads_add(bus->reads, message, &explain_read, userdata);
}

static int on_dump_rules(sd_bus_message *message, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	const Bus *bus = userdata;

	return reads_add(bus->reads, message, &dump_rules_read, bus->rule_reads);
}

static int append_foreign_drops(sd_bus_message *reply, const Service *service)
{
	g_auto(GStrv) drops = service_foreign_drops(service);

	return sd_bus_message_append_strv(reply, drops);
}

#define GETTER(name, ...)                                                                         \
	static int name(sd_bus *connection G_GNUC_UNUSED, const char *path G_GNUC_UNUSED,         \
			const char *interface G_GNUC_UNUSED, const char *property G_GNUC_UNUSED,  \
			sd_bus_message *reply, void *userdata, sd_bus_error *error G_GNUC_UNUSED) \
	{                                                                                         \
		const Bus *bus = userdata;                                                        \
		(void)bus;                                                                        \
		return __VA_ARGS__;                                                               \
	}

GETTER(get_version, sd_bus_message_append(reply, "s", VERSION))
GETTER(get_backend, sd_bus_message_append(reply, "s", service_backend_name(bus->service)))
GETTER(get_chain_prefix, sd_bus_message_append(reply, "s", service_config(bus->service)->chain_prefix))
GETTER(get_features, sd_bus_message_append_strv(reply, (char **)service_features(bus->service)))
GETTER(get_foreign_drops, append_foreign_drops(reply, bus->service))
GETTER(get_hairpin, sd_bus_message_append(reply, "b", service_config(bus->service)->hairpin))
GETTER(get_ready, sd_bus_message_append(reply, "b", service_is_available(bus->service, NULL)))
GETTER(get_generation, sd_bus_message_append(reply, "t", service_generation(bus->service)))

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("CreateNetwork", SD_BUS_ARGS("s", name, "a{sv}", settings), SD_BUS_RESULT("o", network),
				on_change, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("EnsureNetwork", SD_BUS_ARGS("s", name, "a{sv}", settings),
				SD_BUS_RESULT("o", network, "b", created), on_change, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("CreateIngress", SD_BUS_ARGS("s", name, "a{sv}", settings), SD_BUS_RESULT("o", ingress),
				on_change, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetNetwork", SD_BUS_ARGS("s", name), SD_BUS_RESULT("o", network), on_get_network,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetIngress", SD_BUS_ARGS("s", name), SD_BUS_RESULT("o", ingress), on_get_ingress,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("FindObjects", SD_BUS_ARGS("a{ss}", labels), SD_BUS_RESULT("ao", objects),
				on_find_objects, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("PreviewNetwork", SD_BUS_ARGS("s", name, "a{sv}", settings), SD_BUS_RESULT("s", rules),
				on_preview_network, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("PreviewIngress", SD_BUS_ARGS("s", name, "a{sv}", settings), SD_BUS_RESULT("s", rules),
				on_preview_ingress, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("DumpRules", SD_BUS_ARGS("s", family), SD_BUS_RESULT("s", rules), on_dump_rules,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Explain", SD_BUS_ARGS("a{sv}", packet), SD_BUS_RESULT("s", verdict, "a(soss)", steps),
				on_explain, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Reconcile", SD_BUS_NO_ARGS, SD_BUS_RESULT("u", repaired), on_change,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, on_change, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_SIGNAL_WITH_ARGS("RulesCommitted", SD_BUS_ARGS("t", generation, "u", added, "u", removed), 0),
	SD_BUS_SIGNAL_WITH_ARGS("Drifted", SD_BUS_ARGS("as", chains), 0),
	SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Backend", "s", get_backend, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("ChainPrefix", "s", get_chain_prefix, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Features", "as", get_features, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Hairpin", "b", get_hairpin, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Ready", "b", get_ready, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("ForeignDrops", "as", get_foreign_drops, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Generation", "t", get_generation, 0, 0),
	SD_BUS_VTABLE_END,
};

int manager_interface_add(const Bus *bus)
{
	return sd_bus_add_object_vtable(bus->connection, NULL, ROOT_PATH, MANAGER_INTERFACE, vtable, (void *)bus);
}
