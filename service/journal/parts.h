/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/journal/record.h"
#include "service/model/model.h"

/**
 * What entries of several kinds have, each written and read in one place. What reads returns false for what cannot be;
 * FAILED then comes with the entry as a whole.
 */

/** "" where there is none. Of several, one a family. */
void record_put_address(GByteArray *to, const Address *address);
bool record_get_address(Record *record, Address *ret);
void record_put_addresses(GByteArray *to, const Address addresses[static N_FAMILIES]);
bool record_get_addresses(Record *record, Address ret[static N_FAMILIES]);

void record_put_port(GByteArray *to, guint8 protocol, guint16 port);
bool record_get_port(Record *record, LinkPort *ret);

/** Ages ascend: the model goes on from the highest that was read. */
guint64 record_get_sequence(Record *record, Model *model);

#define LIFETIME_FIELDS 5

void record_put_lifetime(GByteArray *to, const Lifetime *lifetime);
void record_get_lifetime(Record *record, Model *model, enum object_kind kind, void *object, Lifetime *ret);

/** Of as many fields as they need; *ret is the caller's, NULL for none. */
guint record_count_label_fields(char *const *labels);
void record_put_labels(GByteArray *to, char *const *labels);
bool record_get_labels(Record *record, char ***ret);

guint record_count_source_fields(const AllowFrom *list);
void record_put_allow_from(GByteArray *to, const AllowFrom *list);
bool record_get_allow_from(Record *record, AllowFrom **ret);

/** The network that an entry names; NULL: there is none. The name of an endpoint, behind its network's. */
Network *record_get_network(Record *record, const Model *model);
void record_put_endpoint(GByteArray *to, const Endpoint *endpoint);

/** The object that an entry is about, once it is read to its end; NULL with FAILED: it does not fit what is there. */
void *record_found(const Record *record, void *object, GError **error) G_GNUC_WARN_UNUSED_RESULT;
