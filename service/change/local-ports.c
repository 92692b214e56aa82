/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/change/local-ports.h"

#include "service/netlink/sysctl.h"

#include <stdio.h>

void local_ports_read(guint *ret_min, guint *ret_max)
{
	g_autofree char *text = NULL;

	if (!sysctl_read("net/ipv4/ip_local_port_range", &text, NULL) || sscanf(text, "%u %u", ret_min, ret_max) != 2 ||
	    *ret_min < 1 || *ret_max > G_MAXUINT16 || *ret_min > *ret_max) {
		*ret_min = 32768;
		*ret_max = 60999;
	}
}

/* Of one protocol, which ports of the range a uid has, each once whatever its address. */
typedef struct Share {
	guint8 protocol;
	guint min, max;
	guint8 had[(G_MAXUINT16 + 1) / 8];
	guint n;
} Share;

static void add(Share *share, guint8 protocol, guint first, guint count)
{
	if (protocol != share->protocol)
		return;
	for (guint port = MAX(first, share->min); port < first + count && port <= share->max; port++) {
		guint8 bit = 1 << port % 8;

		share->n += !(share->had[port / 8] & bit);
		share->had[port / 8] |= bit;
	}
}

static void add_objects(Share *share, const Model *model, uid_t uid)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, model->endpoints);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const Endpoint *endpoint = value;

		for (guint i = 0; endpoint->lifetime.uid == uid && i < endpoint->ports->len; i++) {
			const PortMapping *mapping = endpoint->ports->pdata[i];

			add(share, mapping->protocol, mapping->host_port, mapping->count);
		}
	}
	for (const GList *i = model->ingresses_by_age.head; i; i = i->next) {
		const Ingress *ingress = i->data;

		for (guint j = 0; ingress->lifetime.uid == uid && j < ingress->ports->len; j++) {
			const IngressPort *port = ingress->ports->pdata[j];

			add(share, port->protocol, port->port, 1);
		}
	}
}

static guint count_share(const Model *model, uid_t uid, const GArray *mappings, guint8 protocol, guint min, guint max)
{
	Share share = { .protocol = protocol, .min = min, .max = max };
	guint64 chosen = 0;

	add_objects(&share, model, uid);
	for (guint i = 0; i < mappings->len; i++) {
		const PortMapping *mapping = &g_array_index(mappings, PortMapping, i);

		if (mapping->host_port != 0)
			add(&share, mapping->protocol, mapping->host_port, mapping->count);
		else if (mapping->protocol == protocol)
			chosen += mapping->count;
	}
	return MIN(share.n + chosen, G_MAXUINT);
}

bool local_ports_check(const Transaction *transaction, uid_t uid, const GArray *mappings, GError **error)
{
	static const guint8 protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };
	guint64 all = model_usage(transaction->model, uid).counts[QUOTA_PORTS];
	guint min, max, half;

	if (uid == 0)
		return true;
	local_ports_read(&min, &max);
	half = (max - min + 1) / 2;
	for (guint i = 0; i < mappings->len; i++)
		all += g_array_index(mappings, PortMapping, i).count;
	/* Who has not so many at all need not be looked at. */
	for (gsize i = 0; all > half && i < G_N_ELEMENTS(protocols); i++)
		if (count_share(transaction->model, uid, mappings, protocols[i], min, max) > half)
			return netfilter_fail(error, QUOTA_EXCEEDED,
					      "uid %u would have more than half of the %s ports from %u to %u", uid,
					      protocol_to_string(protocols[i]), min, max);
	return true;
}
