/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/change/change-file.h"

#include "service/journal/encode.h"
#include "service/model/unit-name.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* What a fragment-changed holds: the file, and how long the object lives with it. */
typedef struct Origin {
	char *fragment;
	guint64 deadline_usec;
} Origin;

/* Takes the name over. What a file says is there until the file goes. */
static Origin *origin_new(const Lifetime *lifetime, char *fragment)
{
	Origin *origin = g_new(Origin, 1);

	*origin = (Origin){ fragment, fragment ? 0 : lifetime->deadline_usec };
	return origin;
}

/* --- requests --- */

void object_set_fragment(Transaction *transaction, Lifetime *lifetime, const char *fragment)
{
	if (g_strcmp0(lifetime->fragment, fragment) == 0)
		return;
	transaction_make(transaction, &(Change){
					      .kind = &fragment_changed,
					      .object = lifetime,
					      .part = origin_new(lifetime, g_strdup(fragment)),
				      });
}

static bool is_ours(const Transaction *transaction, const char *fragment)
{
	const char *directory =
		transaction->unit_directories ? transaction->unit_directories[UNIT_DIRECTORY_STATE] : NULL;

	return directory && g_str_has_prefix(fragment, directory) && fragment[strlen(directory)] == '/';
}

static const char *name_of(const Lifetime *lifetime)
{
	switch (lifetime->kind) {
	case OBJECT_NETWORK:
		return ((const Network *)lifetime->object)->name;
	case OBJECT_ENDPOINT:
		return ((const Endpoint *)lifetime->object)->name;
	case OBJECT_INGRESS:
		return ((const Ingress *)lifetime->object)->name;
	}
	g_assert_not_reached();
}

static bool make_file(Transaction *transaction, Lifetime *lifetime, GError **error)
{
	g_autofree char *file = unit_file_name(lifetime->kind, name_of(lifetime)), *path = NULL;

	/* Written under another name first. */
	if (strlen(file) > NAME_MAX - strlen("..new"))
		return netfilter_fail(error, INVALID_ARGS,
				      "Permanent: the name \"%s\" takes %zu bytes as a file's, too many",
				      cut(name_of(lifetime)), strlen(file));
	for (enum unit_directory i = 0; i < UNIT_DIRECTORY_STATE; i++) {
		g_autofree char *other = g_build_filename(transaction->unit_directories[i], file, NULL);

		if (faccessat(AT_FDCWD, other, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return netfilter_fail(error, INVALID_ARGS,
					      "Permanent: \"%s\" would be read in place of what is made now", other);
	}
	path = g_build_filename(transaction->unit_directories[UNIT_DIRECTORY_STATE], file, NULL);
	object_set_fragment(transaction, lifetime, path);
	return true;
}

bool object_make_permanent(Transaction *transaction, Lifetime *lifetime, GError **error)
{
	const Network *network;

	if (!transaction->unit_directories)
		return true;
	if (lifetime->kind != OBJECT_ENDPOINT)
		return make_file(transaction, lifetime, error);
	network = ((const Endpoint *)lifetime->object)->network;
	if (!network->lifetime.fragment)
		return netfilter_fail(error, INVALID_ARGS, "Permanent: network \"%s\" is not permanent itself",
				      cut(network->name));
	if (!is_ours(transaction, network->lifetime.fragment))
		return netfilter_fail(error, INVALID_ARGS, "Permanent: network \"%s\" is from \"%s\"; write it there",
				      cut(network->name), network->lifetime.fragment);
	object_set_fragment(transaction, lifetime, network->lifetime.fragment);
	return true;
}

/* The object that has the file. */
static Lifetime *owner_of_file(Lifetime *lifetime)
{
	return lifetime->kind == OBJECT_ENDPOINT ? &((Endpoint *)lifetime->object)->network->lifetime : lifetime;
}

/* Once is enough for all that was changed of it. */
static void write_file(Transaction *transaction, Lifetime *lifetime)
{
	guint n = transaction->changes->len;
	const Change *last = n > 0 ? &g_array_index(transaction->changes, Change, n - 1) : NULL;

	if (!last || last->kind != &file_written || last->object != lifetime)
		transaction_make(transaction, &(Change){ .kind = &file_written, .object = lifetime });
}

static const char *const kinds[] = {
	[OBJECT_NETWORK] = "network", [OBJECT_ENDPOINT] = "endpoint", [OBJECT_INGRESS] = "ingress"
};

static void set_endpoints_permanent(Transaction *transaction, const Network *network, const char *fragment)
{
	for (const GList *i = network->endpoints_by_age.head; i; i = i->next) {
		Lifetime *lifetime = &((Endpoint *)i->data)->lifetime;

		if (lifetime->persistent && lifetime->deadline_usec == 0)
			object_set_fragment(transaction, lifetime, fragment);
	}
}

static bool fail_foreign(const Lifetime *lifetime, GError **error)
{
	return netfilter_fail(error, INVALID_ARGS, "%s \"%s\" is from \"%s\": change or remove that file, and reload",
			      kinds[lifetime->kind], cut(name_of(lifetime)), lifetime->fragment);
}

static bool drop_file(Transaction *transaction, Lifetime *lifetime, GError **error)
{
	if (!is_ours(transaction, lifetime->fragment))
		return fail_foreign(lifetime, error);
	if (lifetime->kind == OBJECT_ENDPOINT)
		write_file(transaction, owner_of_file(lifetime));
	else
		transaction_make(transaction, &(Change){ .kind = &file_removed, .part = g_strdup(lifetime->fragment) });
	if (lifetime->kind == OBJECT_NETWORK)
		set_endpoints_permanent(transaction, lifetime->object, NULL);
	object_set_fragment(transaction, lifetime, NULL);
	return true;
}

bool object_set_permanent(Transaction *transaction, Lifetime *lifetime, bool permanent, GError **error)
{
	if (permanent == (lifetime->fragment != NULL))
		return true;
	if (!permanent)
		return drop_file(transaction, lifetime, error);
	if (!lifetime->persistent || lifetime->deadline_usec != 0)
		return netfilter_fail(error, INVALID_ARGS,
				      "%s \"%s\" is not Persistent without an end, which is allowed",
				      kinds[lifetime->kind], cut(name_of(lifetime)));
	if (!object_make_permanent(transaction, lifetime, error))
		return false;
	if (lifetime->kind == OBJECT_NETWORK)
		set_endpoints_permanent(transaction, lifetime->object, lifetime->fragment);
	return true;
}

static bool follow(Transaction *transaction, const Change *change, GError **error)
{
	Lifetime *lifetime = change->kind->of ? change->kind->of(change) : NULL;
	bool goes = change->kind->ends;

	if (!lifetime || !lifetime->fragment)
		return true;
	if (!is_ours(transaction, lifetime->fragment))
		return !goes || fail_foreign(lifetime, error);
	if (goes && lifetime->kind != OBJECT_ENDPOINT)
		transaction_make(transaction, &(Change){ .kind = &file_removed, .part = g_strdup(lifetime->fragment) });
	else
		write_file(transaction, owner_of_file(lifetime));
	return true;
}

bool files_follow_changes(Transaction *transaction, guint savepoint, GError **error)
{
	guint end = transaction->changes->len;

	for (guint i = savepoint; i < end; i++) {
		Change change = g_array_index(transaction->changes, Change, i);

		if (!follow(transaction, &change, error))
			return false;
	}
	return true;
}

/* --- changes --- */

static void swap_fragments(Model *model G_GNUC_UNUSED, Change *change)
{
	Lifetime *lifetime = change->object;
	Origin *origin = change->part, before = { lifetime->fragment, lifetime->deadline_usec };

	lifetime->fragment = origin->fragment;
	lifetime->deadline_usec = origin->deadline_usec;
	*origin = before;
}

static void release_origin(Change *change, bool applied G_GNUC_UNUSED)
{
	Origin *origin = change->part;

	g_free(origin->fragment);
	g_free(origin);
}

static void release_part(Change *change, bool applied G_GNUC_UNUSED)
{
	g_free(change->part);
}

static void encode(const Change *change, GByteArray *to)
{
	encode_fragment(to, change->object);
}

static bool decode(Change *change, Record *record, Model *model, GError **error)
{
	char *fragment = NULL;

	change->object = decode_fragment(record, model, &fragment, error);
	if (change->object)
		change->part = origin_new(change->object, fragment);
	return change->object;
}

static Lifetime *lifetime_of(const Change *change)
{
	return change->object;
}

static void announce(const Change *change, const Observer *observer)
{
	const Lifetime *lifetime = change->object;

	observer->changed(lifetime->kind, lifetime->object, "FragmentPath", observer->userdata);
}

const ChangeKind fragment_changed = {
	.name = "fragment-changed",
	.type = 'O',
	.apply = swap_fragments,
	.revert = swap_fragments,
	.release = release_origin,
	.encode = encode,
	.decode = decode,
	.of = lifetime_of,
	.stays = true,
	.announce = announce,
};

/* What became of the file of something that went is said by itself. */
static bool is_in_model(const Lifetime *lifetime, const Model *model)
{
	if (lifetime->kind == OBJECT_INGRESS)
		return g_hash_table_lookup(model->ingresses, name_of(lifetime)) == lifetime->object;
	return g_hash_table_lookup(model->networks, name_of(lifetime)) == lifetime->object;
}

static const char *file_of_object(const Change *change, const Model *model, const Lifetime **ret_of)
{
	const Lifetime *lifetime = change->object;

	*ret_of = lifetime;
	return lifetime->fragment && is_in_model(lifetime, model) ? lifetime->fragment : NULL;
}

static const char *file_that_goes(const Change *change, const Model *model G_GNUC_UNUSED, const Lifetime **ret_of)
{
	*ret_of = NULL;
	return change->part;
}

const ChangeKind file_written = {
	.name = "file-written",
	.file = file_of_object,
};

const ChangeKind file_removed = {
	.name = "file-removed",
	.release = release_part,
	.file = file_that_goes,
};
