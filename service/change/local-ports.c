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

/* Of one protocol, how many ports of the range a uid would have, each once whatever its address. */
static guint64 count_share(const Model *model, uid_t uid, const GArray *mappings, guint8 protocol, guint min, guint max)
{
	guint8 asked[(G_MAXUINT16 + 1) / 8] = {};
	guint64 n = port_shares_count(model->port_shares, uid, protocol, min, max);

	for (guint i = 0; i < mappings->len; i++) {
		const PortMapping *mapping = &g_array_index(mappings, PortMapping, i);
		guint end = (guint)mapping->host_port + mapping->count;

		if (mapping->protocol != protocol)
			continue;
		if (mapping->host_port == 0)
			n += mapping->count;
		else
			for (guint port = MAX(mapping->host_port, min); port < end && port <= max; port++) {
				guint8 bit = 1 << port % 8;

				n += !(asked[port / 8] & bit) &&
				     !port_shares_has(model->port_shares, uid, protocol, port);
				asked[port / 8] |= bit;
			}
	}
	return n;
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
