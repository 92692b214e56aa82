/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/journal/record.h"

#include <string.h>

static int append(void *data, const char *bytes, size_t size)
{
	g_byte_array_append(data, (const guint8 *)bytes, size);
	return 0;
}

static msgpack_packer packer(GByteArray *batch)
{
	return (msgpack_packer){ .data = batch, .callback = append };
}

void record_put_head(GByteArray *batch, char type, guint n_fields)
{
	msgpack_packer to = packer(batch);

	msgpack_pack_array(&to, 1 + n_fields);
	msgpack_pack_uint8(&to, type);
}

void record_put_uint(GByteArray *batch, guint64 value)
{
	msgpack_packer to = packer(batch);

	msgpack_pack_uint64(&to, value);
}

void record_put_bool(GByteArray *batch, bool value)
{
	msgpack_packer to = packer(batch);

	if (value)
		msgpack_pack_true(&to);
	else
		msgpack_pack_false(&to);
}

void record_put_text(GByteArray *batch, const char *text)
{
	msgpack_packer to = packer(batch);

	msgpack_pack_str_with_body(&to, text, strlen(text) + 1);
}

static const msgpack_object *next_field(Record *record, msgpack_object_type type)
{
	if (record->next == record->end || record->next->type != type) {
		record->bad = true;
		return NULL;
	}
	return record->next++;
}

guint64 record_get_uint(Record *record, guint64 max)
{
	const msgpack_object *field = next_field(record, MSGPACK_OBJECT_POSITIVE_INTEGER);

	if (!field)
		return 0;
	record->bad |= field->via.u64 > max;
	return record->bad ? 0 : field->via.u64;
}

bool record_get_bool(Record *record)
{
	const msgpack_object *field = next_field(record, MSGPACK_OBJECT_BOOLEAN);

	return field && field->via.boolean;
}

const char *record_get_text(Record *record)
{
	const msgpack_object *field = next_field(record, MSGPACK_OBJECT_STR);
	const msgpack_object_str *text = field ? &field->via.str : NULL;

	if (!text)
		return "";
	if (text->size == 0 || text->ptr[text->size - 1] != '\0' || strlen(text->ptr) != text->size - 1) {
		record->bad = true;
		return "";
	}
	return text->ptr;
}

bool record_has_more(const Record *record)
{
	return record->next != record->end;
}

bool record_end(const Record *record, GError **error)
{
	if (record->bad || record->next != record->end)
		return netfilter_fail(error, FAILED, "a record '%c' of another shape", record->type);
	return true;
}

static bool read_one(const msgpack_object *object, RecordFunc func, void *userdata, GError **error)
{
	const msgpack_object_array *array = &object->via.array;
	Record record;

	if (object->type != MSGPACK_OBJECT_ARRAY || array->size == 0)
		return netfilter_fail(error, FAILED, "not a record");
	record = (Record){ .next = array->ptr, .end = array->ptr + array->size };
	record.type = record_get_uint(&record, G_MAXINT8);
	if (record.bad)
		return netfilter_fail(error, FAILED, "not a record");
	return func(&record, userdata, error);
}

void record_foreach(GBytes *batch, RecordFunc func, void *userdata)
{
	size_t size, offset = 0;
	const char *data = g_bytes_get_data(batch, &size);
	msgpack_unpacked unpacked;

	msgpack_unpacked_init(&unpacked);
	while (offset < size) {
		g_autoptr(GError) error = NULL;

		if (msgpack_unpack_next(&unpacked, data, size, &offset) != MSGPACK_UNPACK_SUCCESS) {
			g_critical("The rest of a batch in the state cannot be read");
			break;
		}
		if (!read_one(&unpacked.data, func, userdata, &error))
			g_critical("Something of the state cannot be restored: %s", error->message);
	}
	msgpack_unpacked_destroy(&unpacked);
}
