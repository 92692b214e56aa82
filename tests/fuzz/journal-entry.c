/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/change/table.h"
#include "service/journal/encode.h"
#include "service/journal/facts.h"
#include "tests/fuzz/fuzz.h"

/*
 * Any bytes as entries of the journal, as a start reads them: a batch that happened, then one that is taken back. What
 * is taken back leaves the model as it was, and what is written of a model makes the same model.
 */

typedef struct Reading {
	Model *model;
	GArray *changes; /* Change */
} Reading;

static bool read_facts(Record *record, const Model *model, bool *ret_is_fact, GError **error)
{
	const char *bus_id, *prefix, *backend;
	g_autoptr(GPtrArray) localnets = NULL;
	g_auto(ForwardingBefore) before = {};
	guint8 policies[N_FAMILIES];
	ForwardingFacts forwarding;
	enum family family;
	InterfaceFacts interface;
	int ifindex;

	*ret_is_fact = true;
	switch (record->type) {
	case 'S':
		return decode_service(record, &bus_id, &prefix, &backend, error);
	case 'F':
		return decode_handover(record, &backend, policies, error);
	case 'W':
		return decode_forwarding(record, &forwarding, error);
	case 'V':
		return decode_forwarding_before(record, &family, &before, error);
	case 'J':
		return decode_interface(record, &interface, error);
	case 'H':
		return decode_host(record, &forwarding, &localnets, error);
	case 'B':
		return decode_bridge(record, &interface, error);
	case 'A':
		return decode_attached(record, model, &ifindex, error);
	}
	*ret_is_fact = false;
	return true;
}

static bool read_entry(Record *record, void *userdata, GError **error)
{
	Change change = { .kind = change_kind_of(record->type) };
	Reading *reading = userdata;
	bool is_fact, good = read_facts(record, reading->model, &is_fact, error);

	if (is_fact)
		return good;
	if (!change.kind)
		return netfilter_fail(error, FAILED, "unknown");
	if (!change.kind->decode(&change, record, reading->model, error))
		return false;
	change.kind->apply(reading->model, &change);
	g_array_append_val(reading->changes, change);
	return true;
}

static GArray *read_batch(Model *model, GBytes *batch)
{
	Reading reading = { model, g_array_new(FALSE, FALSE, sizeof(Change)) };

	record_foreach(batch, read_entry, &reading);
	return reading.changes;
}

static void release(Change *change, bool applied)
{
	if (change->kind->release)
		change->kind->release(change, applied);
}

static void commit(Model *model, GBytes *batch)
{
	g_autoptr(GArray) changes = read_batch(model, batch);

	for (guint i = 0; i < changes->len; i++)
		release(&g_array_index(changes, Change, i), true);
}

static void take_back(Model *model, GBytes *batch)
{
	g_autoptr(GArray) changes = read_batch(model, batch);

	for (guint i = changes->len; i-- > 0;) {
		Change *change = &g_array_index(changes, Change, i);

		change->kind->revert(model, change);
		release(change, false);
	}
}

static GBytes *encode(const Model *model)
{
	GByteArray *bytes = g_byte_array_new();

	encode_model(bytes, model);
	return g_byte_array_free_to_bytes(bytes);
}

/* msgpack takes as much memory as an array or a map says it has elements, where that is said in 32 bits. */
static bool may_take_all_memory(const guint8 *data, gsize size)
{
	return memchr(data, 0xdd, size) || memchr(data, 0xdf, size);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	g_autoptr(Model) model = model_new(), again = model_new();
	g_autoptr(GBytes) before = NULL, after = NULL, copy = NULL;
	Input input = { data, size }, first = input_part(&input, input_word(&input));
	g_autoptr(GBytes) committed = g_bytes_new(first.data, first.size), rest = g_bytes_new(input.data, input.size);

	if (may_take_all_memory(data, size))
		return 0;
	commit(model, committed);
	before = encode(model);
	take_back(model, rest);
	after = encode(model);
	g_assert_true(g_bytes_equal(before, after));
	commit(again, before);
	copy = encode(again);
	g_assert_true(g_bytes_equal(before, copy));
	return 0;
}
