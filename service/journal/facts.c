/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/journal/facts.h"

#include "service/model/name.h"

#define POLICY_MAX 8

static void get_name(Record *record, char ret[static IFNAMSIZ])
{
	if (g_strlcpy(ret, record_get_text(record), IFNAMSIZ) >= IFNAMSIZ || !*ret)
		record->bad = true;
}

void encode_interface(GByteArray *to, const InterfaceFacts *facts)
{
	record_put_head(to, 'J', 5);
	record_put_text(to, facts->name);
	record_put_uint(to, facts->ifindex);
	record_put_bool(to, facts->created);
	record_put_uint(to, facts->switched);
	record_put_uint(to, facts->mac);
}

bool decode_interface(Record *record, InterfaceFacts *ret, GError **error)
{
	*ret = (InterfaceFacts){};
	get_name(record, ret->name);
	ret->ifindex = record_get_uint(record, G_MAXINT);
	ret->created = record_get_bool(record);
	ret->switched = record_get_uint(record, (1 << N_INTERFACE_SWITCHES) - 1);
	if (record_has_more(record))
		ret->mac = record_get_uint(record, G_MAXUINT64);
	return record_end(record, error);
}

void encode_forwarding(GByteArray *to, const ForwardingFacts *facts)
{
	record_put_head(to, 'W', 3 * N_FAMILIES);
	for (enum family family = 0; family < N_FAMILIES; family++) {
		record_put_bool(to, facts->switched[family]);
		record_put_uint(to, facts->policy[family]);
		record_put_bool(to, facts->bridge_filter[family]);
	}
}

bool decode_forwarding(Record *record, ForwardingFacts *ret, GError **error)
{
	for (enum family family = 0; family < N_FAMILIES; family++) {
		ret->switched[family] = record_get_bool(record);
		ret->policy[family] = record_get_uint(record, POLICY_MAX);
		ret->bridge_filter[family] = record_get_bool(record);
	}
	return record_end(record, error);
}

void encode_forwarding_before(GByteArray *to, enum family family, const ForwardingBefore *before)
{
	guint n_listeners = before->listeners ? before->listeners->len : 0;

	record_put_head(to, 'V', 4 + 3 * before->interfaces->len + n_listeners);
	record_put_uint(to, family);
	record_put_uint(to, before->along);
	record_put_uint(to, before->interfaces->len);
	for (guint i = 0; i < before->interfaces->len; i++) {
		const InterfaceValue *value = &g_array_index(before->interfaces, InterfaceValue, i);

		record_put_text(to, value->name);
		record_put_uint(to, value->ifindex);
		record_put_uint(to, value->value);
	}
	record_put_uint(to, n_listeners);
	for (guint i = 0; i < n_listeners; i++)
		record_put_uint(to, g_array_index(before->listeners, int, i));
}

bool decode_forwarding_before(Record *record, enum family *ret_family, ForwardingBefore *ret, GError **error)
{
	g_auto(ForwardingBefore) before = {
		.interfaces = g_array_new(FALSE, FALSE, sizeof(InterfaceValue)),
		.listeners = g_array_new(FALSE, FALSE, sizeof(int)),
	};

	*ret_family = record_get_uint(record, N_FAMILIES - 1);
	before.along = record_get_uint(record, G_MAXUINT8);
	for (guint n = record_get_uint(record, G_MAXUINT32); n > 0 && !record->bad; n--) {
		InterfaceValue value;

		get_name(record, value.name);
		value.ifindex = record_get_uint(record, G_MAXINT);
		value.value = record_get_uint(record, G_MAXUINT32);
		g_array_append_val(before.interfaces, value);
	}
	for (guint n = record_get_uint(record, G_MAXUINT32); n > 0 && !record->bad; n--) {
		int ifindex = record_get_uint(record, G_MAXINT);

		g_array_append_val(before.listeners, ifindex);
	}
	if (!record_end(record, error))
		return false;
	*ret = before;
	before = (ForwardingBefore){};
	return true;
}

void encode_zone(GByteArray *to, const char *interface, const char *zone)
{
	record_put_head(to, 'Z', 2);
	record_put_text(to, interface);
	record_put_text(to, zone);
}

bool decode_zone(Record *record, char ret_interface[static IFNAMSIZ], const char **ret_zone, GError **error)
{
	get_name(record, ret_interface);
	*ret_zone = record_get_text(record);
	if (!zone_name_is_valid(*ret_zone, NULL))
		record->bad = true;
	return record_end(record, error);
}

bool decode_host(Record *record, ForwardingFacts *ret, GPtrArray **ret_localnets, GError **error)
{
	*ret_localnets = g_ptr_array_new();
	for (enum family family = 0; family < N_FAMILIES; family++)
		ret->switched[family] = record_get_bool(record);
	for (enum family family = 0; family < N_FAMILIES; family++)
		ret->bridge_filter[family] = record_get_bool(record);
	for (enum family family = 0; family < N_FAMILIES; family++)
		ret->policy[family] = record_get_uint(record, POLICY_MAX);
	for (guint n = record_get_uint(record, G_MAXUINT32); n > 0 && !record->bad; n--)
		g_ptr_array_add(*ret_localnets, (char *)record_get_text(record));
	return record_end(record, error);
}

bool decode_bridge(Record *record, InterfaceFacts *ret, GError **error)
{
	*ret = (InterfaceFacts){ .created = true };
	get_name(record, ret->name);
	ret->ifindex = record_get_uint(record, G_MAXINT);
	return record_end(record, error);
}

void encode_service(GByteArray *to, const char *bus_id, const char *chain_prefix, const char *backend)
{
	record_put_head(to, 'S', 3);
	record_put_text(to, bus_id);
	record_put_text(to, chain_prefix);
	record_put_text(to, backend);
}

bool decode_service(Record *record, const char **ret_bus_id, const char **ret_chain_prefix, const char **ret_backend,
		    GError **error)
{
	*ret_bus_id = record_get_text(record);
	*ret_chain_prefix = record_get_text(record);
	/* Version 2 had one backend. */
	*ret_backend = record_has_more(record) ? record_get_text(record) : NULL;
	return record_end(record, error);
}

void encode_handover(GByteArray *to, const char *backend, const guint8 policy_before[N_FAMILIES])
{
	record_put_head(to, 'F', 1 + N_FAMILIES);
	record_put_text(to, backend);
	for (enum family family = 0; family < N_FAMILIES; family++)
		record_put_uint(to, policy_before[family]);
}

bool decode_handover(Record *record, const char **ret_backend, guint8 ret_policy_before[N_FAMILIES], GError **error)
{
	*ret_backend = record_get_text(record);
	for (enum family family = 0; family < N_FAMILIES; family++)
		ret_policy_before[family] = record_get_uint(record, POLICY_MAX);
	return record_end(record, error);
}
