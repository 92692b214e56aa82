/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/change/change-labels.h"

#include "service/journal/encode.h"
#include "service/model/labels.h"

static char *const *labels_of(const Lifetime *lifetime)
{
	return object_labels(lifetime->kind, lifetime->object);
}

void object_set_labels(Transaction *transaction, Lifetime *lifetime, char *const *labels)
{
	if (labels_equal(labels_of(lifetime), labels))
		return;
	transaction_make(transaction, &(Change){
					      .kind = &labels_changed,
					      .object = lifetime,
					      .part = g_strdupv((char **)labels),
				      });
}

static void swap(Model *model, Change *change)
{
	change->part = model_set_labels(model, change->object, change->part);
}

static void release(Change *change, bool applied G_GNUC_UNUSED)
{
	g_strfreev(change->part);
}

static void encode(const Change *change, GByteArray *to)
{
	encode_labels(to, change->object, labels_of(change->object));
}

static bool decode(Change *change, Record *record, Model *model, GError **error)
{
	char **labels = NULL;

	change->object = decode_labels(record, model, &labels, error);
	change->part = labels;
	return change->object;
}

static Lifetime *lifetime_of(const Change *change)
{
	return change->object;
}

static void announce(const Change *change, const Observer *observer)
{
	const Lifetime *lifetime = change->object;

	observer->changed(lifetime->kind, lifetime->object, "Labels", observer->userdata);
}

const ChangeKind labels_changed = {
	.name = "labels-changed",
	.type = 'M',
	.apply = swap,
	.revert = swap,
	.release = release,
	.encode = encode,
	.decode = decode,
	.of = lifetime_of,
	.announce = announce,
};
