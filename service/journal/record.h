/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"

#include <msgpack.h>

/**
 * What the state is made of. A record is a MessagePack array; its first element says what it is, capitals for what
 * comes and small letters for what goes, and the others are the fields that journal/encode.c and journal/facts.c list.
 * A batch of records is one after the other. Texts carry their NUL, so that they can be read where they lie.
 */

/** Begins a record of so many fields, which are put right after. */
void record_put_head(GByteArray *batch, char type, guint n_fields);
void record_put_uint(GByteArray *batch, guint64 value);
void record_put_bool(GByteArray *batch, bool value);
void record_put_text(GByteArray *batch, const char *text);

/** A record being read. A field that is not what it should be reads as 0, false or "", and record_end() tells. */
typedef struct Record {
	char type;
	const msgpack_object *next, *end;
	bool bad;
} Record;

guint64 record_get_uint(Record *record, guint64 max);
bool record_get_bool(Record *record);
const char *record_get_text(Record *record); /* valid as long as the batch */

/** Whether fields are left that were not read: what another version wrote may have more or fewer. */
bool record_has_more(const Record *record);

/** Whether all fields were read and all were good. FAILED says which kind of record is not. */
bool record_end(const Record *record, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef bool (*RecordFunc)(Record *record, void *userdata, GError **error);

/** Reads a batch to its end; what fails is said in the log and does not keep the others from being read. */
void record_foreach(GBytes *batch, RecordFunc func, void *userdata);
