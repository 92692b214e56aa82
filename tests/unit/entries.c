/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Each kind of entry of the journal: what is read is what was written, and a part of it is an error. */

#include "service/change/table.h"
#include "service/journal/facts.h"

#include <string.h>

/* Its fields, each after its type: s a text, u a number, b a truth. */
typedef struct Entry {
	char type;
	const char *fields;
	guint n_optional; /* fields at the end that an earlier version did not have */
} Entry;

/* In this order, each made to what those before it left. */
static const Entry changes[] = {
	{ 'N',
	  "sweb|sbr-web|b1|s172.18.0.0/16|sfd00:18::/64|s172.18.0.1|sfd00:18::1|b0|b0|b1|s192.0.2.1|u1|u1000|s:1.7|b0|"
	  "u0|u0|u2199023255553|u4|sa|s|steam|sred|b0|b1|s172.18.8.0/24|sfd00:18::/64|s|sfd00:18::5|"
	  "strusted|u3|s192.168.0.0/16|sfd00:1::/32|slo|snat|snat|s192.0.2.7|s2001:db8::7",
	  21 },
	{ 'N',
	  "sinner|stheirs0|b0|s172.19.0.0/"
	  "16|s|s172.19.0.1|s|b1|b1|b0|s|u2|u0|s|b1|u3|u18446744073709551615|u0|u0|b1|b0|s172.19.0.0/"
	  "16|s|s172.19.255.254|s|s|u0|sisolated|sopen|s|s",
	  14 },
	{ 'E',
	  "sweb|sapp|s172.18.0.2|sfd00:18::2|u1000|s:1.7|b0|u4|u5|u2|steam|sred|b0|u7|u1|s172.18.0.2|sfd00:18::5|"
	  "sveth0|seth0|s02:00:00:00:00:01|s02:42:ac:12:00:02|u1|swg0|sgroup",
	  15 },
	{ 'E', "sweb|sdb|s172.18.0.3|s|u1000|s:1.7|b0|u0|u0|u0|b1|u0|u0|s172.18.0.2|s|s|s|s|s|u0|s", 12 },
	{ 'P', "sweb|sapp|stcp|s|u8080|u80|u1|u6" },
	{ 'P', "sweb|sapp|sudp|s192.0.2.1|u9000|u100|u3|u7" },
	{ 'L', "sweb|sapp|sdb|u8|u2|stcp|u5432|sudp|u53" },
	{ 'I',
	  "sfront|s172.18.0.9|sbr-web|u9|u0|s|b1|u0|u0|u2|sa|sb|u2|s10.0.0.0/8|swg0|s|b0|b1|u2|s172.18.0.9|sbr-web|"
	  "s192.0.2.9|seth0",
	  14 },
	{ 'T', "sfront|b0|u3|s192.0.2.8|seth1|s172.18.0.9|sbr-web|s192.0.2.9|seth0" },
	{ 'Q', "sfront|stcp|u443|u1|u10" },
	{ 'Q', "sfront|stcp|u443|u2|u10" },
	{ 'U', "sweb|b1|b0|s|u0|s|s", 3 },
	{ 'U', "sweb|b1|b1|s|u1|s10.0.0.0/8|s|s2001:db8::8", 4 },
	{ 'G', "u1|sweb|sapp|u2|s192.0.2.1/32|slo", 3 },
	{ 'G', "u2|sfront|s|u0", 1 },
	{ 'O', "u0|sweb|s|s/var/lib/netfilterd/web.network" },
	{ 'O', "u1|sweb|sapp|s/etc/netfilterd/web.network" },
	{ 'O', "u2|sfront|s|s/run/netfilterd.d/front.ingress" },
	{ 'O', "u2|sfront|s|s" },
	{ 'M', "u0|sweb|s|u2|sa|sb", 3 },
	{ 'M', "u1|sweb|sapp|u0", 1 },
	{ 'M', "u2|sfront|s|u4|sa|s|steam|sred", 5 },
	{ 'q', "sfront|stcp|u443" },
	{ 'i', "sfront" },
	{ 'l', "sweb|sapp|sdb" },
	{ 'p', "sweb|sapp|sudp|s192.0.2.1|u9000|u100|u3|u7" },
	{ 'p', "sweb|sapp|stcp|s|u8080|u80|u1|u6" },
	{ 'e', "sweb|sdb" },
	{ 'e', "sweb|sapp" },
	{ 'n', "sweb" },
};

static const Entry facts[] = {
	{ 'S', "sc6b1e0db0ceee296dc1ce5c76b085ad6|sDOCKER|siptables", 1 },
	{ 'F', "siptables|u1|u0" },
	{ 'W', "b1|u2|b0|b0|u1|b1" },
	{ 'J', "sbr-web|u5|b1|u31|u2199023255553", 1 },
	{ 'V', "u1|u1|u2|slo|u1|u0|swg0|u3|u1|u1|u3" },
	{ 'V', "u0|u3|u0|u0" },
	{ 'Z', "sbr-web|snetfilterd" },
	{ 'Z', "sbr-web|s" },
	/* What version 2 wrote is read alone. */
	{ 'H', "b1|b0|b1|b0|u1|u2|u2|sbr-web|stheirs0" },
	{ 'B', "sbr-web|u5" },
};

/* --- writing --- */

static GBytes *write_fields(const Entry *entry, char **fields, guint n_fields)
{
	GByteArray *bytes = g_byte_array_new();

	record_put_head(bytes, entry->type, n_fields);
	for (guint i = 0; i < n_fields; i++) {
		const char *value = fields[i] + 1;

		if (*fields[i] == 's')
			record_put_text(bytes, value);
		else if (*fields[i] == 'u')
			record_put_uint(bytes, g_ascii_strtoull(value, NULL, 10));
		else
			record_put_bool(bytes, *value == '1');
	}
	return g_byte_array_free_to_bytes(bytes);
}

static void expect_same(const Entry *entry, GBytes *entry_bytes, GByteArray *written)
{
	gsize size;
	const void *data = g_bytes_get_data(entry_bytes, &size);

	g_test_message("%c %s", entry->type, entry->fields);
	g_assert_cmpmem(written->data, written->len, data, size);
}

/* --- reading --- */

typedef struct Reading {
	Model *model;
	Change change;
	GByteArray *written; /* what was read, written again; NULL: nothing was read */
} Reading;

static bool read_change(Record *record, void *userdata, GError **error)
{
	Reading *reading = userdata;
	Change *change = &reading->change;

	*change = (Change){ .kind = change_kind_of(record->type) };
	if (!change->kind->decode(change, record, reading->model, error))
		return false;
	change->kind->apply(reading->model, change);
	reading->written = g_byte_array_new();
	change->kind->encode(change, reading->written);
	return true;
}

static bool read_fact(Record *record, void *userdata, GError **error)
{
	const char *bus_id, *prefix, *backend, *zone;
	char name[IFNAMSIZ];
	g_autoptr(GPtrArray) localnets = NULL;
	guint8 policies[N_FAMILIES];
	ForwardingFacts forwarding = {};
	InterfaceFacts interface = {};
	g_auto(ForwardingBefore) before = {};
	enum family family;
	Reading *reading = userdata;
	GByteArray *written = g_byte_array_new();
	bool ok = false;

	switch (record->type) {
	case 'S':
		ok = decode_service(record, &bus_id, &prefix, &backend, error);
		if (ok)
			encode_service(written, bus_id, prefix, backend ?: "");
		break;
	case 'F':
		ok = decode_handover(record, &backend, policies, error);
		if (ok)
			encode_handover(written, backend, policies);
		break;
	case 'W':
		ok = decode_forwarding(record, &forwarding, error);
		encode_forwarding(written, &forwarding);
		break;
	case 'V':
		ok = decode_forwarding_before(record, &family, &before, error);
		if (ok)
			encode_forwarding_before(written, family, &before);
		break;
	case 'J':
		ok = decode_interface(record, &interface, error);
		encode_interface(written, &interface);
		break;
	case 'Z':
		ok = decode_zone(record, name, &zone, error);
		encode_zone(written, name, zone);
		break;
	case 'H':
		ok = decode_host(record, &forwarding, &localnets, error);
		break;
	case 'B':
		ok = decode_bridge(record, &interface, error);
		break;
	}
	if (ok)
		reading->written = g_steal_pointer(&written);
	g_clear_pointer(&written, g_byte_array_unref);
	return ok;
}

static void fails(GBytes *bytes, RecordFunc read, Reading *reading)
{
	g_test_expect_message(NULL, G_LOG_LEVEL_CRITICAL, "*");
	record_foreach(bytes, read, reading);
	g_test_assert_expected_messages();
	g_assert_null(reading->written);
}

/* Cut after each byte, and with fewer fields: neither is read, and neither harms. */
static void parts_fail(const Entry *entry, char **fields, GBytes *whole, RecordFunc read, Reading *reading)
{
	for (gsize size = 1; size < g_bytes_get_size(whole); size++) {
		g_autoptr(GBytes) cut = g_bytes_new_from_bytes(whole, 0, size);

		fails(cut, read, reading);
	}
	for (guint n = 0; n + entry->n_optional < g_strv_length(fields); n++) {
		g_autoptr(GBytes) fewer = write_fields(entry, fields, n);

		fails(fewer, read, reading);
	}
}

static void check(const Entry *entry, RecordFunc read, Reading *reading)
{
	g_auto(GStrv) fields = g_strsplit(entry->fields, "|", -1);
	g_autoptr(GBytes) whole = write_fields(entry, fields, g_strv_length(fields));

	parts_fail(entry, fields, whole, read, reading);
	record_foreach(whole, read, reading);
	g_assert_nonnull(reading->written);
	if (entry->type != 'H' && entry->type != 'B')
		expect_same(entry, whole, reading->written);
	g_clear_pointer(&reading->written, g_byte_array_unref);
}

static void test_changes(void)
{
	g_autoptr(Model) model = model_new();
	Reading reading = { .model = model };

	for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
		check(&changes[i], read_change, &reading);
		if (reading.change.kind->release)
			reading.change.kind->release(&reading.change, true);
	}
	g_assert_cmpuint(g_hash_table_size(model->networks), ==, 1);
	g_assert_cmpuint(model->sequence, ==, 10);
	g_assert_cmpuint(model->total.counts[QUOTA_PORTS], ==, 0);
}

static void test_facts(void)
{
	Reading reading = {};

	for (gsize i = 0; i < G_N_ELEMENTS(facts); i++)
		check(&facts[i], read_fact, &reading);
}

/* No kind that is written is left out above. */
static void test_all(void)
{
	g_autofree char *types = g_new0(char, G_N_ELEMENTS(changes) + 1);

	for (gsize i = 0; i < G_N_ELEMENTS(changes); i++)
		types[i] = changes[i].type;
	for (char type = 1; type > 0 && type < G_MAXINT8; type++)
		if (change_kind_of(type))
			g_assert_nonnull(strchr(types, type));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/entries/changes", test_changes);
	g_test_add_func("/entries/facts", test_facts);
	g_test_add_func("/entries/all", test_all);
	return g_test_run();
}
