/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/journal/parts.h"

#include "service/model/labels.h"

void record_put_address(GByteArray *to, const Address *address)
{
	char text[INET6_ADDRSTRLEN];

	record_put_text(to, address_format(address, text));
}

bool record_get_address(Record *record, Address *ret)
{
	const char *text = record_get_text(record);

	*ret = (Address){};
	return !*text || address_parse(text, ret);
}

/* One a family, "" where there is none. */
void record_put_addresses(GByteArray *to, const Address addresses[static N_FAMILIES])
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		record_put_address(to, &addresses[family]);
}

bool record_get_addresses(Record *record, Address ret[static N_FAMILIES])
{
	bool good = true;

	for (enum family family = 0; family < N_FAMILIES; family++)
		good &= record_get_address(record, &ret[family]) &&
			(ret[family].family == AF_UNSPEC || ret[family].family == family_to_af(family));
	return good;
}

void record_put_lifetime(GByteArray *to, const Lifetime *lifetime)
{
	record_put_uint(to, lifetime->uid);
	record_put_text(to, lifetime->owner ?: "");
	record_put_bool(to, lifetime->persistent);
	record_put_uint(to, lifetime->token);
	record_put_uint(to, lifetime->deadline_usec);
}

void record_put_port(GByteArray *to, guint8 protocol, guint16 port)
{
	record_put_text(to, protocol_to_string(protocol));
	record_put_uint(to, port);
}

bool record_get_port(Record *record, LinkPort *ret)
{
	const char *protocol = record_get_text(record);

	return link_port_parse(protocol, record_get_uint(record, G_MAXUINT16), ret, NULL);
}

guint record_count_label_fields(char *const *labels)
{
	return 1 + (labels ? g_strv_length((char **)labels) : 0);
}

void record_put_labels(GByteArray *to, char *const *labels)
{
	record_put_uint(to, record_count_label_fields(labels) - 1);
	for (; labels && *labels; labels++)
		record_put_text(to, *labels);
}

/* What is older has none. */
bool record_get_labels(Record *record, char ***ret)
{
	g_autoptr(GPtrArray) list = NULL;

	if (!record_has_more(record))
		return true;
	list = g_ptr_array_new_with_free_func(g_free);
	for (guint n = record_get_uint(record, 2 * LABELS_MAX); n > 0; n--)
		g_ptr_array_add(list, g_strdup(record_get_text(record)));
	if (list->len % 2 != 0)
		return false;
	g_ptr_array_add(list, NULL);
	*ret = labels_new((char **)g_ptr_array_steal(list, NULL), NULL);
	return *ret;
}

guint record_count_source_fields(const AllowFrom *list)
{
	return 1 + (list ? list->len : 0);
}

void record_put_allow_from(GByteArray *to, const AllowFrom *list)
{
	char text[SOURCE_STRLEN];

	record_put_uint(to, record_count_source_fields(list) - 1);
	for (guint i = 0; list && i < list->len; i++)
		record_put_text(to, source_format(&g_array_index(list, Source, i), text));
}

/* What is older has none: everybody. */
bool record_get_allow_from(Record *record, AllowFrom **ret)
{
	guint n = record_has_more(record) ? record_get_uint(record, ALLOW_FROM_MAX) : 0;
	g_autoptr(GArray) list = NULL;
	Source source;

	if (n == 0)
		return true;
	list = g_array_sized_new(FALSE, FALSE, sizeof(Source), n);
	for (; n > 0; n--) {
		if (!source_parse(record_get_text(record), &source))
			return false;
		g_array_append_val(list, source);
	}
	*ret = g_steal_pointer(&list);
	return true;
}

guint64 record_get_sequence(Record *record, Model *model)
{
	guint64 sequence = record_get_uint(record, G_MAXUINT64);

	model->sequence = MAX(model->sequence, sequence);
	return sequence;
}

void record_get_lifetime(Record *record, Model *model, enum object_kind kind, void *object, Lifetime *ret)
{
	const char *owner;

	*ret = (Lifetime){ .kind = kind, .object = object };
	ret->uid = record_get_uint(record, G_MAXUINT32);
	owner = record_get_text(record);
	ret->persistent = record_get_bool(record);
	ret->token = record_get_sequence(record, model);
	ret->deadline_usec = record_get_uint(record, G_MAXUINT64);
	if (!ret->persistent)
		ret->owner = g_strdup(owner);
	ret->with_owner = !ret->persistent && ret->token == 0;
}

/* The object that an entry of good shape speaks of. */
Network *record_get_network(Record *record, const Model *model)
{
	return g_hash_table_lookup(model->networks, record_get_text(record));
}

void record_put_endpoint(GByteArray *to, const Endpoint *endpoint)
{
	record_put_text(to, endpoint->network->name);
	record_put_text(to, endpoint->name);
}

void *record_found(const Record *record, void *object, GError **error)
{
	if (!record_end(record, error))
		return NULL;
	if (!object)
		netfilter_fail(error, FAILED, "entry '%c' does not fit what is there", record->type);
	return object;
}
