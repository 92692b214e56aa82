/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/explain/words.h"

#include <string.h>

/* A rule that decided, and what it was asked about. */
typedef struct Case {
	const Grounds *grounds;
	const TracePacket *packet;
	const TraceStep *step;
	GPtrArray *steps;
} Case;

const Endpoint *words_endpoint(const Model *model, const Address *address)
{
	return g_hash_table_lookup(model->endpoints, address);
}

const Network *words_network(const Model *model, const char *bridge)
{
	return g_hash_table_lookup(model->bridges, bridge);
}

static const Endpoint *endpoint_of(const Case *this)
{
	return words_endpoint(this->grounds->model, &this->packet->destination);
}

/* The network that a packet enters, or leaves. */
static const Network *network_of(const Case *this, bool left)
{
	return words_network(this->grounds->model, left ? this->packet->in : this->packet->out);
}

static const Ingress *ingress_of(const Case *this)
{
	for (const GList *i = this->grounds->model->ingresses_by_age.head; i; i = i->next) {
		const Ingress *ingress = i->data;

		for (guint n = 0; n < ingress->ports->len; n++) {
			const IngressPort *port = ingress->ports->pdata[n];

			if (port->protocol == this->packet->protocol && port->port == this->packet->destination_port &&
			    ingress_family(ingress) == this->packet->family)
				return ingress;
		}
	}
	return NULL;
}

static void add(const Case *this, const char *about, enum object_kind kind, const void *object, const char *words)
{
	steps_add(this->steps, about, kind, object, this->step->text, "%s", words);
}

/* A gateway of an ingress may be an endpoint that has other ports. */
static bool publishes(const Endpoint *endpoint, const TracePacket *packet)
{
	for (guint i = 0; i < endpoint->ports->len; i++) {
		const PortMapping *mapping = endpoint->ports->pdata[i];

		if (mapping->protocol == packet->protocol && packet->destination_port >= mapping->endpoint_port &&
		    packet->destination_port - mapping->endpoint_port < mapping->count)
			return true;
	}
	return false;
}

static bool is_of_ingress(const Case *this, const Endpoint *endpoint)
{
	return this->step->place == PLACE_INGRESS_DNAT || !endpoint || !publishes(endpoint, this->packet);
}

/* "port tcp 8080 of endpoint web/app", and what it is: the caller frees the words. */
static char *port_words(const Case *this, guint16 port, enum object_kind *ret_kind, const void **ret)
{
	const char *protocol = protocol_to_string(this->packet->protocol);
	const Endpoint *endpoint = endpoint_of(this);
	const Ingress *ingress = is_of_ingress(this, endpoint) ? ingress_of(this) : NULL;
	char text[INET6_ADDRSTRLEN];

	*ret_kind = ingress ? OBJECT_INGRESS : OBJECT_ENDPOINT;
	*ret = ingress ? (const void *)ingress : endpoint;
	if (ingress)
		return g_strdup_printf("port %s %u of ingress %s", protocol, port, cut(ingress->name));
	if (endpoint)
		return g_strdup_printf("port %s %u of endpoint %s/%s", protocol, port, cut(endpoint->network->name),
				       cut(endpoint->name));
	return g_strdup_printf("port %s %u of %s", protocol, port, address_format(&this->packet->destination, text));
}

/* --- who may --- */

/* A long list is cut, so that it can be read. */
#define LIST_MAX 8

static char *list_words(const AllowFrom *list)
{
	g_autoptr(GArray) few = NULL;
	g_autofree char *text = NULL;

	if (list->len <= LIST_MAX)
		return allow_from_format(list);
	few = g_array_new(FALSE, FALSE, sizeof(Source));
	g_array_append_vals(few, list->data, LIST_MAX);
	text = allow_from_format(few);
	return g_strdup_printf("%s and %u more", text, list->len - LIST_MAX);
}

static bool is_in(const Case *this, const AllowFrom *list)
{
	return allow_from_allows(list, &this->packet->source, this->packet->source_is_local, this->packet->in);
}

static const AllowFrom *endpoint_list(const Endpoint *endpoint)
{
	if (!endpoint)
		return NULL;
	return endpoint->allow_from ?: endpoint->network->options.allow_from;
}

static void add_denial(const Case *this)
{
	const AllowFrom *ceiling = this->grounds->ceiling, *list;
	enum object_kind kind;
	const void *object;
	g_autofree char *port = port_words(this, this->packet->original_port, &kind, &object), *allowed = NULL;

	if (ceiling && !is_in(this, ceiling)) {
		allowed = list_words(ceiling);
		steps_add(this->steps, "allow-from", kind, object, this->step->text,
			  "%s; the configuration allows from %s alone; source is not in it", port, allowed);
		return;
	}
	if (kind == OBJECT_INGRESS)
		list = ((const Ingress *)object)->allow_from;
	else
		list = endpoint_list(object);
	if (list)
		allowed = list_words(list);
	steps_add(this->steps, "allow-from", kind, object, this->step->text, "%s; allowed from %s; source is not in it",
		  port, allowed ?: "others");
}

/* --- what else --- */

static void add_port(const Case *this)
{
	const Rule *rule = this->step->rule;
	bool linked = rule && !(rule->flags & RULE_NOT_IN);
	enum object_kind kind;
	const void *object;
	g_autofree char *port = port_words(this, this->packet->destination_port, &kind, &object);
	g_autofree char *words = g_strconcat(port, linked ? " is linked to source" : " is published", NULL);

	add(this, linked ? "link" : "port", kind, object, words);
}

static void add_ingress(const Case *this)
{
	const Ingress *ingress = ingress_of(this);
	g_autofree char *words = g_strdup_printf("port %s %u is one of ingress %s, and let through",
						 protocol_to_string(this->packet->protocol),
						 this->packet->destination_port, ingress ? cut(ingress->name) : "?");

	add(this, "ingress", OBJECT_INGRESS, ingress, words);
}

static void add_translation(const Case *this)
{
	enum object_kind kind;
	const void *object;
	g_autofree char *port = port_words(this, this->packet->original_port, &kind, &object);
	guint turns = this->step->rule ? this->step->rule->turns : 0;
	g_autofree char *shared = turns > 0 ? g_strdup_printf(", the first of %u gateways in turn", turns) : NULL;
	char text[INET6_ADDRSTRLEN];

	steps_add(this->steps, "translation", kind, object, this->step->text, "%s; leads to %s port %u%s", port,
		  address_format(&this->packet->destination, text), this->packet->destination_port, shared ?: "");
}

static void add_protection(const Case *this)
{
	const Network *network = network_of(this, false);
	bool routed = network && network->modes[this->packet->family] == MODE_ROUTED;
	enum object_kind kind;
	const void *object;
	g_autofree char *port = port_words(this, this->packet->destination_port, &kind, &object);
	g_autofree char *words = NULL;

	if (routed)
		words = g_strdup_printf("%s is not published, and network %s is routed", port, cut(network->name));
	else
		words = g_strdup_printf("%s; by its own address it is reached from its network and this host alone "
					"(ProtectEndpoints=)",
					port);
	add(this, "protection", kind, object, words);
}

static void add_closed(const Case *this)
{
	const Network *in = network_of(this, true), *out = network_of(this, false), *closed = out;
	g_autofree char *words = NULL;

	if (in && network_is_closed(in, this->packet->family))
		closed = in;
	if (closed)
		words = g_strdup_printf("network %s is %s: nothing is forwarded in or out", cut(closed->name),
					closed->internal ? "internal" : "isolated");
	add(this, "internal", OBJECT_NETWORK, closed, words ?: "it is internal");
}

static void add_isolation(const Case *this)
{
	const Network *in = network_of(this, true), *out = network_of(this, false);
	g_autofree char *words = g_strdup_printf("networks %s and %s are kept apart", in ? cut(in->name) : "?",
						 out ? cut(out->name) : "?");

	add(this, "isolation", OBJECT_NETWORK, out, words);
}

static void add_communication(const Case *this, bool accepted)
{
	const Network *in = network_of(this, true), *out = network_of(this, false);
	const Network *network = in ?: out;
	const char *name = network ? network->name : "?";
	g_autofree char *words = NULL;

	if (!accepted)
		words = g_strdup_printf("endpoints of network %s do not communicate, and no link lets this one pass",
					cut(name));
	else if (in == out)
		words = g_strdup_printf("endpoints of network %s communicate", cut(name));
	else
		words = g_strdup_printf("endpoints of network %s may send to elsewhere", cut(name));
	add(this, "communication", OBJECT_NETWORK, network, words);
}

static void add_open(const Case *this)
{
	const Network *network = network_of(this, false);
	g_autofree char *words = g_strdup_printf("network %s is open", network ? cut(network->name) : "?");

	add(this, "open", OBJECT_NETWORK, network, words);
}

static void add_guard(const Case *this)
{
	const Network *network = network_of(this, true);
	bool reached = address_is_loopback(&this->packet->destination);
	g_autofree char *words =
		g_strdup_printf("127.0.0.0/8 is this host's, and %s by %s",
				reached ? "not to be reached" : "nothing comes from it", this->packet->in);

	add(this, "guard", OBJECT_NETWORK, network, words);
}

void words_of_rule(const Grounds *grounds, const TracePacket *packet, const TraceStep *step, GPtrArray *steps)
{
	const Case this = { grounds, packet, step, steps };

	switch (step->place) {
	case PLACE_LOOPBACK_GUARD:
		add_guard(&this);
		break;
	case PLACE_DENY_PORT:
		add_denial(&this);
		break;
	case PLACE_DIRECT:
	case PLACE_DIRECT_NETWORK:
	case PLACE_DIRECT_ENDPOINT:
		add_protection(&this);
		break;
	case PLACE_DNAT_PORT:
	case PLACE_DNAT_CONTAINERS:
	case PLACE_INGRESS_DNAT:
		add_translation(&this);
		break;
	case PLACE_INTERNAL:
	case PLACE_ISOLATION_INTERNAL:
	case PLACE_INGRESS_INTERNAL:
		add_closed(&this);
		break;
	case PLACE_COMMUNICATION_OFF:
	case PLACE_COMMUNICATION_OFF_INTERNAL:
		add_communication(&this, false);
		break;
	case PLACE_ISOLATION:
	case PLACE_ISOLATION_ENTER:
		add_isolation(&this);
		break;
	case PLACE_FORWARD_NETWORK:
		add_communication(&this, true);
		break;
	case PLACE_INGRESS_ACCEPT:
	case PLACE_INGRESS_GATEWAY:
		add_ingress(&this);
		break;
	case PLACE_FORWARD_OPEN:
		add_open(&this);
		break;
	default:
		add_port(&this);
	}
}
