/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/change/change-port.h"

#include "service/change/local-ports.h"
#include "service/change/request.h"
#include "service/journal/encode.h"

/* --- requests --- */

static bool network_has_nat(const Network *network)
{
	return network->modes[FAMILY_IPV4] == MODE_NAT || network->modes[FAMILY_IPV6] == MODE_NAT;
}

/* Where nothing is translated, there is no address of the host to publish on. */
Address endpoint_host_address(const Endpoint *endpoint, const Config *config)
{
	const Address *own = &endpoint->network->options.host_binding;

	if (own->family != AF_UNSPEC)
		return *own;
	return network_has_nat(endpoint->network) ? config->host_binding : (Address){};
}

/* A port that is not translated anywhere has the endpoint's number, and no address of the host. */
static bool check_untranslated(const Endpoint *endpoint, PortMapping *mapping, GError **error)
{
	const Network *network = endpoint->network;
	const Address *host = &mapping->host_address;
	char text[PORT_MAPPING_STRLEN];
	const char *mode =
		gateway_mode_to_string(network->modes[host->family == AF_UNSPEC ? FAMILY_IPV4 : address_family(host)]);

	if (host->family != AF_UNSPEC && !address_is_any(host))
		return netfilter_fail(error, INVALID_ARGS,
				      "%s: network \"%s\" is %s, its ports have no host address; none is allowed",
				      port_mapping_format(mapping, text), cut(network->name), mode);
	if (mapping->host_port != 0 && mapping->host_port != mapping->endpoint_port)
		return netfilter_fail(error, INVALID_ARGS,
				      "%s: network \"%s\" is %s, its host ports are 0 or the endpoint's",
				      port_mapping_format(mapping, text), cut(network->name), mode);
	mapping->host_port = mapping->endpoint_port;
	return true;
}

static bool check_modes(const Endpoint *endpoint, PortMapping *mapping, GError **error)
{
	char text[PORT_MAPPING_STRLEN];
	bool opens = false, translates = false;

	for (enum family family = 0; family < N_FAMILIES; family++) {
		opens |= port_mapping_in_family(endpoint, mapping, family);
		translates |= port_mapping_translates(endpoint, mapping, family);
	}
	if (!opens)
		return netfilter_fail(error, INVALID_ARGS,
				      "%s: endpoint \"%s\" has no address in the host address's family",
				      port_mapping_format(mapping, text), cut(endpoint->name));
	return translates || check_untranslated(endpoint, mapping, error);
}

/* What is published where the request names no host port is chosen after all that it does name. */
static bool reserve(Transaction *transaction, const Endpoint *endpoint, PortMapping *mapping, GError **error)
{
	PortRange ranges[N_FAMILIES];
	guint n;

	if (!check_modes(endpoint, mapping, error))
		return false;
	n = endpoint_port_ranges(endpoint, mapping, ranges);
	if (n == 0)
		return true;
	if (mapping->host_port != 0)
		return request_ports(transaction, ranges, n, endpoint->lifetime.uid, endpoint->reserves, error);
	if (!request_any_ports(transaction, ranges, n, endpoint->lifetime.uid, endpoint->reserves, error))
		return false;
	mapping->host_port = ranges[0].first;
	return true;
}

static bool publish_one(Transaction *transaction, Endpoint *endpoint, PortMapping *mapping, GError **error)
{
	guint16 cursor = port_table_cursor(transaction->model->ports, mapping->protocol);

	if (mapping->host_address.family == AF_UNSPEC)
		mapping->host_address = endpoint_host_address(endpoint, transaction->config);
	if (!reserve(transaction, endpoint, mapping, error))
		return false;
	mapping->sequence = transaction_next_sequence(transaction);
	transaction_make(transaction, &(Change){
					      .kind = &port_published,
					      .object = endpoint,
					      .part = g_memdup2(mapping, sizeof *mapping),
					      .index = endpoint->ports->len,
					      .number = cursor,
				      });
	return true;
}

static bool check_amount(const Transaction *transaction, const Publication *publication, GError **error)
{
	const Network *network = publication->endpoint->network;
	const Config *config = transaction->config;
	guint64 ports = 0;

	if (network_is_internal(network))
		return netfilter_fail(error, NETWORK_INTERNAL, "network \"%s\" is %s, it publishes no ports",
				      cut(network->name), network->internal ? "internal" : "isolated");
	for (guint i = 0; i < publication->mappings->len; i++)
		ports += g_array_index(publication->mappings, PortMapping, i).count;
	return ports <= config->max_ports_per_call ||
	       netfilter_fail(error, QUOTA_EXCEEDED,
			      "%" G_GUINT64_FORMAT " ports at once are more than MaxPortsPerCall=%u", ports,
			      config->max_ports_per_call);
}

/* Of an endpoint's mappings those that are meant; the others' places stay as they are. */
static bool publish_some(Transaction *transaction, const Publication *publication, bool any, GArray *published,
			 GError **error)
{
	g_autoptr(GArray) meant = g_array_new(FALSE, FALSE, sizeof(PortMapping));
	uid_t uid = publication->endpoint->lifetime.uid;
	guint64 ports = 0;

	for (guint i = 0; i < publication->mappings->len; i++) {
		const PortMapping *mapping = &g_array_index(publication->mappings, PortMapping, i);

		if ((mapping->host_port == 0) != any)
			continue;
		g_array_append_val(meant, *mapping);
		ports += mapping->count;
	}
	if (meant->len == 0)
		return true;
	if (!quota_check(transaction->model, transaction->config, QUOTA_PORTS, uid, ports, error) ||
	    !local_ports_check(transaction, uid, meant, error))
		return false;
	for (guint i = 0; i < publication->mappings->len; i++) {
		PortMapping mapping = g_array_index(publication->mappings, PortMapping, i);

		if ((mapping.host_port == 0) != any)
			continue;
		if (!publish_one(transaction, publication->endpoint, &mapping, error))
			return false;
		if (published)
			g_array_index(published, PortMapping, i) = mapping;
	}
	return true;
}

bool endpoint_publish(Transaction *transaction, Endpoint *endpoint, const GArray *mappings, GArray *published,
		      GError **error)
{
	const Publication publication = { endpoint, (GArray *)mappings };
	g_autoptr(GArray) became = g_array_copy((GArray *)mappings);

	if (!check_amount(transaction, &publication, error) ||
	    !publish_some(transaction, &publication, false, became, error) ||
	    !publish_some(transaction, &publication, true, became, error))
		return false;
	if (published)
		g_array_append_vals(published, became->data, became->len);
	return true;
}

static void clear_publication(gpointer publication)
{
	g_array_unref(((Publication *)publication)->mappings);
}

GArray *publications_new(void)
{
	GArray *publications = g_array_new(FALSE, FALSE, sizeof(Publication));

	g_array_set_clear_func(publications, clear_publication);
	return publications;
}

void publications_add(GArray *publications, Endpoint *endpoint, GArray *mappings)
{
	Publication publication = { endpoint, mappings };

	if (!mappings || mappings->len == 0)
		return;
	g_array_ref(mappings);
	g_array_append_val(publications, publication);
}

bool endpoints_publish(Transaction *transaction, const GArray *publications, GError **error)
{
	for (guint i = 0; i < publications->len; i++)
		if (!check_amount(transaction, &g_array_index(publications, Publication, i), error))
			return false;
	/* Those that name their port first: what is chosen is none of them. */
	for (guint any = 0; any <= 1; any++)
		for (guint i = 0; i < publications->len; i++)
			if (!publish_some(transaction, &g_array_index(publications, Publication, i), any, NULL, error))
				return false;
	return true;
}

static bool unpublish_one(Transaction *transaction, Endpoint *endpoint, const PortMapping *requested, GError **error)
{
	char text[PORT_MAPPING_STRLEN];
	PortMapping mapping = *requested;
	guint index;

	if (mapping.host_address.family == AF_UNSPEC && !endpoint_find_mapping(endpoint, &mapping, &index))
		mapping.host_address = endpoint_host_address(endpoint, transaction->config);
	if (!endpoint_find_mapping(endpoint, &mapping, &index))
		return netfilter_fail(error, INVALID_ARGS, "endpoint \"%s\" does not publish %s", cut(endpoint->name),
				      port_mapping_format(requested, text));
	transaction_make(transaction, &(Change){ .kind = &port_unpublished, .object = endpoint, .index = index });
	return true;
}

bool endpoint_unpublish(Transaction *transaction, Endpoint *endpoint, const GArray *mappings, GError **error)
{
	for (guint i = 0; i < mappings->len; i++)
		if (!unpublish_one(transaction, endpoint, &g_array_index(mappings, PortMapping, i), error))
			return false;
	return true;
}

/* --- changes --- */

static void insert(Model *model, Change *change)
{
	model_insert_mapping(model, change->object, change->part, change->index);
}

static void take_out(Model *model, Change *change)
{
	change->part = model_remove_mapping(model, change->object, change->index);
}

/* Where the next allocation goes on from is the model's, too. */
static void revert_publication(Model *model, Change *change)
{
	take_out(model, change);
	port_table_set_cursor(model->ports, ((const PortMapping *)change->part)->protocol, change->number);
}

static void release_unless_applied(Change *change, bool applied)
{
	if (!applied)
		g_free(change->part);
}

static void release_if_applied(Change *change, bool applied)
{
	if (applied)
		g_free(change->part);
}

static void encode_published(const Change *change, GByteArray *to)
{
	encode_mapping(to, change->object, change->part, false);
}

static bool decode_published(Change *change, Record *record, Model *model, GError **error)
{
	PortMapping mapping;
	guint index;
	Endpoint *endpoint = decode_mapping(record, model, false, &mapping, &index, error);

	if (!endpoint)
		return false;
	change->object = endpoint;
	change->part = g_memdup2(&mapping, sizeof mapping);
	change->index = endpoint->ports->len;
	return true;
}

static void encode_unpublished(const Change *change, GByteArray *to)
{
	encode_mapping(to, change->object, change->part, true);
}

static bool decode_unpublished(Change *change, Record *record, Model *model, GError **error)
{
	PortMapping mapping;

	change->object = decode_mapping(record, model, true, &mapping, &change->index, error);
	return change->object;
}

static void rules_published(const Change *change, const Model *model G_GNUC_UNUSED, const RenderOptions *options,
			    RuleDelta *delta)
{
	const Endpoint *endpoint = change->object;

	if (endpoint->network->n_localhost == 1 && port_mapping_on_localhost(endpoint, change->part))
		render_localhost(endpoint->network, options, delta->joins);
	render_port(endpoint, change->part, options, delta->joins);
}

static void rules_unpublished(const Change *change, const Model *model, const RenderOptions *options, RuleDelta *delta)
{
	const Endpoint *endpoint = change->object;

	if (endpoint->network->n_localhost == 0 && port_mapping_on_localhost(endpoint, change->part))
		render_localhost(endpoint->network, options, delta->leaves);
	render_port(endpoint, change->part, options, delta->leaves);
	render_next_in_group(model, endpoint, change->part, options, delta->joins);
}

static const char *interface_of_endpoint(const Change *change, guint i)
{
	return i == 0 ? ((const Endpoint *)change->object)->network->bridge : NULL;
}

static void ports_of_mapping(const Change *change, GArray *ranges)
{
	PortRange mapped[N_FAMILIES];
	guint n = endpoint_port_ranges(change->object, change->part, mapped);

	g_array_append_vals(ranges, mapped, n);
}

/* By the endpoint's own address; those by an address of the host end with the host port. */
static void flows_of_unpublished(const Change *change, GArray *forwards)
{
	const Endpoint *endpoint = change->object;
	const PortMapping *mapping = change->part;

	for (enum family family = 0; family < N_FAMILIES; family++)
		for (guint i = 0; i < mapping->count; i++) {
			Forward forward = { endpoint->addresses[family], mapping->protocol, mapping->endpoint_port + i,
					    true };

			if (port_mapping_in_family(endpoint, mapping, family) &&
			    !port_mapping_translates(endpoint, mapping, family))
				g_array_append_val(forwards, forward);
		}
}

static Lifetime *lifetime_of(const Change *change)
{
	return &((Endpoint *)change->object)->lifetime;
}

static void announce_ports(const Change *change, const Observer *observer)
{
	observer->changed(OBJECT_ENDPOINT, change->object, "Ports", observer->userdata);
}

const ChangeKind port_published = {
	.name = "port-published",
	.type = 'P',
	.adds = 1,
	.apply = insert,
	.revert = revert_publication,
	.release = release_unless_applied,
	.encode = encode_published,
	.decode = decode_published,
	.rules = rules_published,
	.host = HOST_SWITCHES,
	.interface = interface_of_endpoint,
	.ports = ports_of_mapping,
	.of = lifetime_of,
	.announce = announce_ports,
};

const ChangeKind port_unpublished = {
	.name = "port-unpublished",
	.type = 'p',
	.adds = -1,
	.apply = take_out,
	.revert = insert,
	.release = release_if_applied,
	.encode = encode_unpublished,
	.decode = decode_unpublished,
	.rules = rules_unpublished,
	.host = HOST_SWITCHES,
	.interface = interface_of_endpoint,
	.ports = ports_of_mapping,
	.flows = flows_of_unpublished,
	.of = lifetime_of,
	.announce = announce_ports,
};
