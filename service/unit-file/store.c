/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/unit-file/store.h"

#include "service/unit-file/format.h"
#include "service/write.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct File {
	char *path, *beside; /* what lies beside is hidden from those who look for units */
	const Lifetime *of;  /* whose file it is; NULL: it is to go */
	enum { FILE_ASKED_FOR, FILE_STAGED, FILE_PUBLISHED } state;
	bool had_before; /* once published, the one before lies beside */
} File;

struct UnitStore {
	GPtrArray *files;    /* File, one a path */
	GHashTable *by_path; /* path → File, borrowed */
};

static void file_free(gpointer data)
{
	File *file = data;

	g_free(file->path);
	g_free(file->beside);
	g_free(file);
}

UnitStore *unit_store_new(void)
{
	UnitStore *store = g_new(UnitStore, 1);

	store->files = g_ptr_array_new_with_free_func(file_free);
	store->by_path = g_hash_table_new(g_str_hash, g_str_equal);
	return store;
}

void unit_store_free(UnitStore *store)
{
	if (!store)
		return;
	g_hash_table_unref(store->by_path);
	g_ptr_array_unref(store->files);
	g_free(store);
}

#define BESIDE ".new"

void unit_store_clean(const char *directory)
{
	g_autoptr(GDir) names = g_dir_open(directory, 0, NULL);
	const char *name;

	while (names && (name = g_dir_read_name(names))) {
		g_autofree char *path = NULL;

		if (!g_str_has_prefix(name, ".") || !g_str_has_suffix(name, BESIDE))
			continue;
		path = g_build_filename(directory, name, NULL);
		unlink(path);
	}
}

/* --- what is asked for --- */

static void ask_for(UnitStore *store, const char *path, const Lifetime *of)
{
	g_autofree char *directory = g_path_get_dirname(path), *name = g_path_get_basename(path);
	File *file = g_hash_table_lookup(store->by_path, path);

	if (!file) {
		file = g_new0(File, 1);
		file->path = g_strdup(path);
		file->beside = g_strdup_printf("%s/.%s" BESIDE, directory, name);
		g_ptr_array_add(store->files, file);
		g_hash_table_insert(store->by_path, file->path, file);
	}
	file->of = of;
}

static void collect(UnitStore *store, const Transaction *transaction)
{
	for (guint i = 0; i < transaction->changes->len; i++) {
		const Change *change = &g_array_index(transaction->changes, Change, i);
		const Lifetime *of;
		const char *path = change->kind->file ? change->kind->file(change, transaction->model, &of) : NULL;

		if (path)
			ask_for(store, path, of);
	}
}

/* --- files --- */

static bool fail(const char *path, const char *what, int code, GError **error)
{
	return netfilter_fail(error, FAILED, "%s cannot be %s: %s", path, what, g_strerror(code));
}

static char *format(const Lifetime *lifetime)
{
	return lifetime->kind == OBJECT_INGRESS ? unit_format_ingress(lifetime->object)
						: unit_format_network(lifetime->object);
}

static bool stage(File *file, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(file->path), *text = NULL;
	int fd, code;
	bool ok;

	if (!file->of)
		return true;
	if (g_mkdir_with_parents(directory, 0755) < 0)
		return fail(directory, "made", errno, error);
	fd = open(file->beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return fail(file->path, "written", errno, error);
	file->state = FILE_STAGED;
	text = format(file->of);
	ok = fchmod(fd, 0644) == 0 && write_all(fd, text, strlen(text)) && fsync(fd) == 0;
	code = errno;
	close(fd);
	return ok || fail(file->path, "written", code, error);
}

bool unit_store_stage(UnitStore *store, const Transaction *transaction, GError **error)
{
	collect(store, transaction);
	for (guint i = 0; i < store->files->len; i++)
		if (!stage(store->files->pdata[i], error))
			return false;
	return true;
}

/* The name outlives a crash as its content does. Negative errno. */
static int sync_directory(const char *path)
{
	g_autofree char *directory = g_path_get_dirname(path);
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = fsync(fd) == 0 ? 0 : -errno;
	close(fd);
	return r;
}

static int exchange(File *file)
{
	if (!file->of) {
		file->had_before = true;
		return rename(file->path, file->beside) == 0 || errno == ENOENT ? 0 : -errno;
	}
	file->had_before = renameat2(AT_FDCWD, file->beside, AT_FDCWD, file->path, RENAME_EXCHANGE) == 0;
	if (file->had_before)
		return 0;
	return renameat2(AT_FDCWD, file->beside, AT_FDCWD, file->path, RENAME_NOREPLACE) == 0 ? 0 : -errno;
}

bool unit_store_publish(UnitStore *store, GError **error)
{
	for (guint i = 0; i < store->files->len; i++) {
		File *file = store->files->pdata[i];
		int r = exchange(file);

		if (r < 0)
			return fail(file->path, file->of ? "written" : "removed", -r, error);
		file->state = FILE_PUBLISHED;
		r = sync_directory(file->path);
		if (r < 0)
			return fail(file->path, file->of ? "written" : "removed", -r, error);
	}
	return true;
}

static void revert(const File *file)
{
	bool ok = true;

	if (file->state == FILE_STAGED)
		ok = unlink(file->beside) == 0;
	else if (file->state == FILE_PUBLISHED && !file->had_before)
		ok = unlink(file->path) == 0;
	else if (file->state == FILE_PUBLISHED)
		ok = rename(file->beside, file->path) == 0 || errno == ENOENT;
	if (!ok)
		g_warning("%s cannot be put back: %s", file->path, g_strerror(errno));
}

void unit_store_revert(UnitStore *store)
{
	for (guint i = store->files->len; i-- > 0;)
		revert(store->files->pdata[i]);
	g_hash_table_remove_all(store->by_path);
	g_ptr_array_set_size(store->files, 0);
}

void unit_store_keep(UnitStore *store)
{
	for (guint i = 0; i < store->files->len; i++)
		unlink(((File *)store->files->pdata[i])->beside);
	g_hash_table_remove_all(store->by_path);
	g_ptr_array_set_size(store->files, 0);
}
