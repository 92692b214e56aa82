/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/private.h"

#include "service/iptables/iptables.h"

#include <string.h>

static char **list_features(Backend *backend)
{
	static const char *const always[] = { "lifetime-fd", "timeout", "group-commit" };
	g_autoptr(GPtrArray) features = g_ptr_array_new();

	for (enum family family = 0; family < N_FAMILIES; family++)
		if (backend->kind->probe(backend, family, NULL))
			g_ptr_array_add(features, g_strdup(family_to_string(family)));
	for (const char *const *feature = backend->kind->features; *feature; feature++)
		g_ptr_array_add(features, g_strdup(*feature));
	for (guint i = 0; i < G_N_ELEMENTS(always); i++)
		g_ptr_array_add(features, g_strdup(always[i]));
	g_ptr_array_add(features, NULL);
	return (char **)g_ptr_array_steal(features, NULL);
}

Manager *manager_new(Config *config, const char *config_path, sd_event *event, GError **error)
{
	g_autoptr(Netlink) netlink = netlink_new(error);
	Manager *manager;

	if (!netlink)
		return NULL;
	manager = g_new0(Manager, 1);
	manager->config = *config;
	*config = (Config){};
	manager->config_path = g_strdup(config_path);
	manager->event = sd_event_ref(event);
	manager->networks = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)network_free);
	manager->ingresses = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)ingress_free);
	manager->bridges = g_hash_table_new(g_str_hash, g_str_equal);
	manager->endpoints = g_hash_table_new(address_hash, address_equal_func);
	manager->over = g_hash_table_new(NULL, NULL);
	manager->owners = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
	manager->usage = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	manager->transaction = transaction_new();
	manager->ruleset = ruleset_new();
	manager->rendered = rendering_new();
	manager->backend = iptables_backend.new(manager->config.chain_prefix);
	manager->netlink = g_steal_pointer(&netlink);
	manager->ports = ports_new();
	manager->stale = conntrack_filter_new();
	manager->bridges_leaving = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	manager->bridges_pending = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	manager->host = host_settings_new();
	manager->records = g_byte_array_new();
	manager->features = list_features(manager->backend);
	return manager;
}

void manager_free(Manager *manager)
{
	if (!manager)
		return;
	g_hash_table_unref(manager->owners);
	g_hash_table_unref(manager->over);
	g_hash_table_unref(manager->endpoints);
	g_hash_table_unref(manager->bridges);
	g_hash_table_unref(manager->networks);
	g_hash_table_unref(manager->ingresses);
	g_hash_table_unref(manager->bridges_leaving);
	g_hash_table_unref(manager->bridges_pending);
	g_hash_table_unref(manager->usage);
	transaction_free(manager->transaction);
	ruleset_free(manager->ruleset);
	g_array_unref(manager->rendered);
	manager->backend->kind->free(manager->backend);
	netlink_free(manager->netlink);
	ports_free(manager->ports);
	conntrack_filter_free(manager->stale);
	host_settings_free(manager->host);
	g_byte_array_unref(manager->records);
	state_close(manager->state);
	g_free(manager->bus_id);
	config_clear(&manager->config);
	g_free(manager->config_path);
	g_strfreev(manager->features);
	sd_event_unref(manager->event);
	g_clear_error(&manager->refusal);
	g_free(manager);
}

void manager_set_observer(Manager *manager, const ManagerObserver *observer)
{
	manager->observer = *observer;
}

const Config *service_config(const Manager *manager)
{
	return &manager->config;
}

guint64 service_generation(const Manager *manager)
{
	return manager->generation;
}

const char *service_backend_name(const Manager *manager)
{
	return manager->backend->kind->name;
}

const char *const *service_features(const Manager *manager)
{
	return (const char *const *)manager->features;
}

GHashTable *service_networks(const Manager *manager)
{
	return manager->networks;
}

GHashTable *service_ingresses(const Manager *manager)
{
	return manager->ingresses;
}

bool service_has_pending_bridges(const Manager *manager)
{
	return g_hash_table_size(manager->bridges_pending) > 0;
}

bool service_owns(const Manager *manager, const char *unique_name)
{
	return g_hash_table_contains(manager->owners, unique_name);
}

bool service_is_empty(const Manager *manager)
{
	return g_hash_table_size(manager->networks) == 0 && g_hash_table_size(manager->ingresses) == 0;
}

bool service_is_idle(const Manager *manager)
{
	return service_is_empty(manager) && !service_has_pending_bridges(manager);
}

bool service_is_available(const Manager *manager, GError **error)
{
	if (manager->refusal)
		g_propagate_error(error, g_error_copy(manager->refusal));
	return !manager->refusal;
}

guint64 manager_next_sequence(Manager *manager)
{
	return manager->restoring ? manager->restored_sequence : ++manager->sequence;
}

Network *service_find_network(const Manager *manager, const char *name, GError **error)
{
	Network *network = g_hash_table_lookup(manager->networks, name);

	if (!network)
		netfilter_fail(error, NO_SUCH_NETWORK, "there is no network \"%s\"", name);
	return network;
}

Ingress *service_find_ingress(const Manager *manager, const char *name, GError **error)
{
	Ingress *ingress = g_hash_table_lookup(manager->ingresses, name);

	if (!ingress)
		netfilter_fail(error, NO_SUCH_INGRESS, "there is no ingress \"%s\"", name);
	return ingress;
}

Endpoint *network_find_endpoint(const Network *network, const char *name, GError **error)
{
	Endpoint *endpoint = g_hash_table_lookup(network->endpoints, name);

	if (!endpoint)
		netfilter_fail(error, NO_SUCH_ENDPOINT, "network \"%s\" has no endpoint \"%s\"", network->name, name);
	return endpoint;
}

bool name_is_valid(const char *what, const char *name, GError **error)
{
	gsize length = strlen(name);

	if (length == 0)
		return netfilter_fail(error, INVALID_ARGS, "the name of the %s is empty", what);
	if (length > NAME_MAX_BYTES)
		return netfilter_fail(error, INVALID_ARGS, "the name of the %s, \"%.*s…\", is longer than %d bytes",
				      what, 16, name, NAME_MAX_BYTES);
	if (!g_utf8_validate(name, length, NULL))
		return netfilter_fail(error, INVALID_ARGS, "the name of the %s is not UTF-8", what);
	for (const char *c = name; *c; c = g_utf8_next_char(c))
		if (!g_unichar_isprint(g_utf8_get_char(c)))
			return netfilter_fail(error, INVALID_ARGS,
					      "the name of the %s has a character that cannot be printed: \"%s\"", what,
					      name);
	return true;
}

RenderOptions manager_render_options(const Manager *manager)
{
	return (RenderOptions){
		.hairpin = manager->config.hairpin,
		.localhost_publish = manager->config.localhost_publish,
	};
}

/*
 * What was rendered is kept in one array until the transaction is over. An array each would lie between the objects
 * that stay, and leave a hole there for every one of them: libiptc's copies of the tables, ending up in those holes
 * one rule here and one there, would make every later commit several times as slow.
 */
static void keep_items(Manager *manager, TransactionFunc undo, TransactionFunc done, GArray *items)
{
	g_array_append_vals(manager->rendered, items->data, items->len);
	transaction_push(manager->transaction, undo, NULL, done, manager, GUINT_TO_POINTER(items->len));
	g_array_unref(items);
}

static void undo_add_rules(void *context, void *object)
{
	Manager *manager = context;

	for (guint n = GPOINTER_TO_UINT(object); n > 0; n--) {
		ruleset_remove(manager->ruleset,
			       &g_array_index(manager->rendered, RuleItem, manager->rendered->len - 1));
		g_array_set_size(manager->rendered, manager->rendered->len - 1);
	}
}

static void undo_remove_rules(void *context, void *object)
{
	Manager *manager = context;
	guint n = GPOINTER_TO_UINT(object), first = manager->rendered->len - n;

	for (guint i = first; i < first + n; i++)
		ruleset_add(manager->ruleset, &g_array_index(manager->rendered, RuleItem, i));
	g_array_set_size(manager->rendered, first);
}

/* With one step everything is over. */
static void done_rules(void *context, void *object G_GNUC_UNUSED)
{
	Manager *manager = context;

	if (manager->rendered->len == 0)
		return;
	g_array_unref(manager->rendered);
	manager->rendered = rendering_new();
}

void manager_add_rules(Manager *manager, GArray *items)
{
	ruleset_add_all(manager->ruleset, items);
	keep_items(manager, undo_add_rules, done_rules, items);
}

void manager_remove_rules(Manager *manager, GArray *items)
{
	ruleset_remove_all(manager->ruleset, items);
	keep_items(manager, undo_remove_rules, done_rules, items);
}

typedef struct Note {
	enum object_kind kind;
	void *object;
	const char *property; /* NULL: it was added */
} Note;

static void undo_note(void *context G_GNUC_UNUSED, void *object)
{
	g_free(object);
}

static void done_note(void *context, void *object)
{
	Manager *manager = context;
	Note *note = object;

	if (note->property)
		manager->observer.changed(note->kind, note->object, note->property, manager->observer.userdata);
	else
		manager->observer.added(note->kind, note->object, manager->observer.userdata);
	g_free(note);
}

void manager_note_changed(Manager *manager, enum object_kind kind, void *object, const char *property)
{
	Note *note;

	if (manager->restoring)
		return;
	note = g_new(Note, 1);
	*note = (Note){ kind, object, property };
	transaction_push(manager->transaction, undo_note, NULL, done_note, manager, note);
}

void manager_note_added(Manager *manager, enum object_kind kind, void *object)
{
	manager_note_changed(manager, kind, object, NULL);
}

void manager_tell_removed(Manager *manager, enum object_kind kind, void *object)
{
	if (!manager->restoring)
		manager->observer.removed(kind, object, manager->observer.userdata);
}

static void undo_count(void *context, void *object)
{
	*(guint *)context -= GPOINTER_TO_INT(object);
}

void manager_count(Manager *manager, guint *counter, int by)
{
	*counter += by;
	transaction_push(manager->transaction, undo_count, NULL, NULL, counter, GINT_TO_POINTER(by));
}
