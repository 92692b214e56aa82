/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/service.h"

#include "service/backends.h"
#include "service/model/unit-name.h"

#include <string.h>

static void on_expired(void *userdata)
{
	Service *service = userdata;

	if (service->observer.expired)
		service->observer.expired(service->observer.userdata);
}

static void list_features(Service *service)
{
	static const char *const always[] = { "lifetime-fd", "timeout", "group-commit" };
	const char *const *can = firewall_backend(service->firewall)->kind->features;
	g_autoptr(GPtrArray) features = g_ptr_array_new();

	for (enum family family = 0; family < N_FAMILIES; family++)
		if (firewall_has_family(service->firewall, family))
			g_ptr_array_add(features, g_strdup(family_to_string(family)));
	for (; *can; can++)
		g_ptr_array_add(features, g_strdup(*can));
	for (guint i = 0; i < G_N_ELEMENTS(always); i++)
		g_ptr_array_add(features, g_strdup(always[i]));
	g_ptr_array_add(features, NULL);
	service->features = (char **)g_ptr_array_steal(features, NULL);
}

static void set_firewall(Service *service, Firewall *firewall)
{
	firewall_free(service->firewall);
	service->firewall = firewall;
	service->transaction.ruleset = firewall_ruleset(firewall);
	service->transaction.ipv6 = firewall_has_family(firewall, FAMILY_IPV6);
	g_strfreev(service->features);
	list_features(service);
}

/* What cannot be used says so at the start. */
static const BackendKind *find_backend(const Config *config)
{
	const BackendKind *usable;

	if (!g_str_equal(config->backend, BACKEND_AUTO))
		return backends_find(config->backend);
	usable = firewall_find_usable(config->chain_prefix, NULL);
	return usable ? usable : backends[0];
}

void service_choose_chains(Service *service, const Config *config)
{
	set_firewall(service, firewall_new(find_backend(config), config->chain_prefix));
}

void service_keep_chains(Service *service, const BackendKind *backend, const char *prefix)
{
	char *copy = g_strdup(prefix);

	set_firewall(service, firewall_new(backend, prefix));
	g_free(service->config.chain_prefix);
	service->config.chain_prefix = copy;
}

Service *service_new(Config *config, const char *config_path, const char *unit_root, sd_event *event, GError **error)
{
	g_autoptr(Netlink) netlink = netlink_new(error);
	Service *service;

	if (!netlink)
		return NULL;
	service = g_new0(Service, 1);
	service->config = *config;
	*config = (Config){};
	service->config_path = g_strdup(config_path);
	service->event = sd_event_ref(event);
	service->model = model_new();
	service->netlink = g_steal_pointer(&netlink);
	service->interfaces = interfaces_new(service->netlink);
	service->forwarding = forwarding_new(service->netlink);
	service->host_ports = host_ports_new();
	service->attachments = attachments_new(service->netlink);
	service->lifetimes = lifetimes_new(event, on_expired, service);
	service->flows = flows_new();
	service->closed = effects_new();
	service->opened = effects_new();
	service->unit_directories = unit_directories_below(unit_root);
	service->unit_store = unit_store_new();
	service->awaited = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	service->transaction = (Transaction){
		.model = service->model,
		.config = &service->config,
		.netlink = service->netlink,
		.interfaces = service->interfaces,
		.host_ports = service->host_ports,
		.lifetimes = service->lifetimes,
		.unit_directories = service->unit_directories,
		.attachments = service->attachments,
	};
	transaction_init(&service->transaction);
	service_choose_chains(service, &service->config);
	service->zones = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	service->foreign_drops = foreign_chains_new();
	service->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return service;
}

static void announce_presence(Service *service, enum object_kind kind, void *object, const char *name,
			      const char *interface)
{
	const char *const kinds[] = { [OBJECT_NETWORK] = "network", [OBJECT_INGRESS] = "ingress" };

	if (interfaces_ifindex(service->interfaces, interface) != 0)
		g_message("Interface %s of %s \"%s\" is there again", interface, kinds[kind], cut(name));
	else
		g_warning("Interface %s of %s \"%s\" is gone; its rules stay, and serve it when the interface comes "
			  "again",
			  interface, kinds[kind], cut(name));
	service->observer.changed(kind, object, "Served", service->observer.userdata);
}

void service_announce_presence(Service *service, const char *interface)
{
	Network *network = g_hash_table_lookup(service->model->bridges, interface);

	if (network)
		announce_presence(service, OBJECT_NETWORK, network, network->name, interface);
	for (const GList *i = service->model->ingresses_by_age.head; i; i = i->next) {
		Ingress *ingress = i->data;

		if (ingress_has_bridge(ingress, interface))
			announce_presence(service, OBJECT_INGRESS, ingress, ingress->name, interface);
	}
}

void service_free(Service *service)
{
	if (!service)
		return;
	g_clear_pointer(&service->recovery.unfinished, g_array_unref);
	transaction_roll_back(&service->transaction, 0);
	transaction_clear(&service->transaction);
	model_free(service->model);
	firewall_free(service->firewall);
	handover_free(service->handover);
	g_strfreev(service->features);
	interfaces_free(service->interfaces);
	forwarding_free(service->forwarding);
	netlink_free(service->netlink);
	host_ports_free(service->host_ports);
	attachments_free(service->attachments);
	lifetimes_free(service->lifetimes);
	flows_free(service->flows);
	effects_free(service->closed);
	effects_free(service->opened);
	unit_store_free(service->unit_store);
	g_hash_table_unref(service->awaited);
	g_strfreev(service->unit_directories);
	journal_close(service->journal);
	config_clear(&service->config);
	sd_event_unref(service->event);
	g_clear_error(&service->refusal);
	g_free(service->config_path);
	g_free(service->bus_id);
	g_hash_table_unref(service->told);
	g_hash_table_unref(service->zones);
	g_ptr_array_unref(service->foreign_drops);
	g_free(service);
}
