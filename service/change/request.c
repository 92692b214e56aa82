/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/change/request.h"

#include "service/change/local-ports.h"
#include "service/netlink/sysctl.h"

#include <stdio.h>

bool request_lifetime(Transaction *transaction, Lifetime *lifetime, enum object_kind kind, void *object,
		      const LifetimeSettings *settings, GError **error)
{
	bool persistent = lifetime_settings_persist(settings);

	*lifetime = (Lifetime){
		.kind = kind,
		.object = object,
		.uid = settings->uid,
		.owner = persistent ? NULL : g_strdup(settings->sender),
		.persistent = persistent,
		.with_owner = !persistent && settings->fd < 0,
	};
	if (persistent && settings->fd >= 0)
		return netfilter_fail(error, INVALID_ARGS, "LifetimeFd: a persistent object lives until it is deleted");
	if (settings->permanent && settings->timeout_usec != 0)
		return netfilter_fail(error, INVALID_ARGS, "TimeoutUSec: a permanent object lives until it is deleted");
	if (settings->permanent && settings->interface)
		return netfilter_fail(error, INVALID_ARGS,
				      "LifetimeInterface: a permanent object lives until it is deleted");
	if (!transaction->lifetimes)
		return true;
	lifetime->deadline_usec = lifetimes_deadline(transaction->lifetimes, settings->timeout_usec);
	if (settings->fd < 0)
		return true;
	lifetime->token = transaction_next_sequence(transaction);
	return lifetimes_claim(transaction->lifetimes, &lifetime->token, settings->fd, error);
}

static bool check_ports(const Transaction *transaction, const PortRange *ranges, guint n, enum port_wish wish,
			uid_t uid, GError **error)
{
	if (wish == PORT_NAMED && uid == 0)
		return true;
	for (guint i = 0; i < n; i++)
		if (!host_ports_check(transaction->host_ports, &ranges[i], wish, uid, error))
			return false;
	return true;
}

static bool take_ports(Transaction *transaction, const PortRange *ranges, guint n, enum port_wish wish, uid_t uid,
		       bool reserve, GError **error)
{
	char text[PORT_RANGE_STRLEN];
	guint16 port;

	for (guint i = 0; i < n; i++)
		if (port_table_overlaps(transaction->model->ports, &ranges[i], &port))
			return netfilter_fail(error, PORT_IN_USE, "%s is published already",
					      port_range_format(&ranges[i], port, text));
	if (!transaction->host_ports)
		return true;
	return reserve ? host_ports_claim(transaction->host_ports, ranges, n, wish, error)
		       : check_ports(transaction, ranges, n, wish, uid, error);
}

bool request_ports(Transaction *transaction, const PortRange *ranges, guint n, uid_t uid, bool reserve, GError **error)
{
	return take_ports(transaction, ranges, n, PORT_NAMED, uid, reserve, error);
}

/* The ports that the kernel hands out to nobody: "8080,9148-9151". */
static char *read_reserved_ports(void)
{
	char *text = NULL;

	return sysctl_read("net/ipv4/ip_local_reserved_ports", &text, NULL) ? text : NULL;
}

static bool is_reserved(const char *reserved, guint first, guint count)
{
	guint low, high;
	int length;

	for (const char *at = reserved; at && sscanf(at, "%u%n", &low, &length) == 1; at += *at == ',') {
		at += length;
		high = low;
		if (sscanf(at, "-%u%n", &high, &length) == 1)
			at += length;
		if (low < first + count && first <= high)
			return true;
	}
	return false;
}

/* Whether all of them can be had from this port on; an error is set only where looking further is in vain. */
static bool try_ports(Transaction *transaction, PortRange *ranges, guint n, guint16 first, uid_t uid, bool reserve,
		      GError **error)
{
	g_autoptr(GError) failure = NULL;

	for (guint i = 0; i < n; i++)
		ranges[i].first = first;
	if (take_ports(transaction, ranges, n, PORT_CHOSEN, uid, reserve, &failure))
		return true;
	if (failure->code != NETFILTER_ERROR_PORT_IN_USE && failure->code != NETFILTER_ERROR_PENDING)
		g_propagate_error(error, g_steal_pointer(&failure));
	return false;
}

bool request_any_ports(Transaction *transaction, PortRange *ranges, guint n, uid_t uid, bool reserve, GError **error)
{
	PortTable *table = transaction->model->ports;
	guint count = ranges[0].count, min, max, candidates, first = port_table_cursor(table, ranges[0].protocol) + 1u;
	g_autofree char *reserved = read_reserved_ports();
	g_autoptr(GError) failure = NULL;

	local_ports_read(&min, &max);
	candidates = max - min + 1 >= count ? max - min + 2 - count : 0;
	for (guint tried = 0; tried < candidates; tried++, first++) {
		if (first < min || first + count - 1 > max)
			first = min;
		if (is_reserved(reserved, first, count))
			continue;
		if (try_ports(transaction, ranges, n, first, uid, reserve, &failure)) {
			port_table_set_cursor(table, ranges[0].protocol, first + count - 1);
			return true;
		}
		if (failure) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return false;
		}
	}
	return netfilter_fail(error, PORTS_EXHAUSTED, "no %u consecutive %s ports are free from %u to %u", count,
			      protocol_to_string(ranges[0].protocol), min, max);
}
