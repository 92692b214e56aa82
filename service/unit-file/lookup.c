/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/unit-file/lookup.h"

#include "service/unit-file/read.h"

#include <errno.h>
#include <string.h>

static gint compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What is not there has nothing in it. False: it cannot be read. */
static bool list_directory(const char *path, GPtrArray *names, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(GDir) directory = g_dir_open(path, 0, &failure);
	const char *name;

	if (!directory)
		return g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT) ||
		       netfilter_fail(error, INVALID_ARGS, "%s", failure->message);
	while ((name = g_dir_read_name(directory)))
		g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, compare_names);
	return true;
}

static GPtrArray *new_names(void)
{
	return g_ptr_array_new_with_free_func(g_free);
}

/* --- one unit --- */

static bool read_into(Unit *unit, const char *path, bool *ret_masked, GError **error)
{
	g_autofree char *text = NULL;
	gsize size;

	if (!unit_file_read(path, &text, &size, error))
		return false;
	*ret_masked = !text;
	return !text || unit_read(unit, path, text, size, error);
}

/* The paths of drop-ins by their names; of those of one name the first directory's. */
static bool add_drop_ins(const char *directory, GTree *paths, GError **error)
{
	g_autoptr(GPtrArray) names = new_names();

	if (!list_directory(directory, names, error))
		return false;
	for (guint i = 0; i < names->len; i++)
		if (g_str_has_suffix(names->pdata[i], ".conf") && !g_tree_lookup(paths, names->pdata[i]))
			g_tree_insert(paths, g_strdup(names->pdata[i]),
				      g_build_filename(directory, names->pdata[i], NULL));
	return true;
}

static int compare_keys(gconstpointer a, gconstpointer b, gpointer userdata G_GNUC_UNUSED)
{
	return strcmp(a, b);
}

static bool read_drop_ins(Unit *unit, const char *file, char *const *directories, guint n, GError **error)
{
	g_autoptr(GTree) paths = g_tree_new_full(compare_keys, NULL, g_free, g_free);

	for (guint i = 0; i < n; i++) {
		g_autofree char *directory = g_strdup_printf("%s/%s.d", directories[i], file);

		if (!add_drop_ins(directory, paths, error))
			return false;
	}
	for (GTreeNode *node = g_tree_node_first(paths); node; node = g_tree_node_next(node)) {
		bool masked;

		if (!read_into(unit, g_tree_node_value(node), &masked, error))
			return false;
	}
	return true;
}

static Unit *load(const char *path, const char *file, char *const *directories, guint n, GError **error)
{
	g_autoptr(Unit) unit = NULL;
	g_autofree char *name = NULL;
	enum object_kind kind;
	bool masked = false;

	if (!unit_file_name_parse(file, &kind, &name)) {
		netfilter_fail(error, INVALID_ARGS, "%s:1: \"%s\" is not NAME.network or NAME.ingress", path,
			       cut(file));
		return NULL;
	}
	unit = unit_new(kind, name, path);
	if (!read_into(unit, path, &masked, error) || masked || !read_drop_ins(unit, file, directories, n, error) ||
	    !unit_finish(unit, error))
		return NULL;
	return g_steal_pointer(&unit);
}

Unit *unit_load(const char *path, GError **error)
{
	g_autofree char *file = g_path_get_basename(path), *directory = g_path_get_dirname(path);

	return load(path, file, &directory, 1, error);
}

/* --- all --- */

static bool is_unit(const char *file)
{
	return *file != '.' && (g_str_has_suffix(file, ".network") || g_str_has_suffix(file, ".ingress"));
}

static void load_directory(UnitSet *set, char *const *directories, guint which, GPtrArray *ingresses)
{
	g_autoptr(GPtrArray) names = new_names();
	GError *error = NULL;

	if (!list_directory(directories[which], names, &error)) {
		set->incomplete = true;
		g_ptr_array_add(set->errors, g_steal_pointer(&error));
	}
	for (guint i = 0; i < names->len; i++) {
		const char *file = names->pdata[i];
		g_autofree char *path = NULL;
		Unit *unit;

		if (!is_unit(file) || g_hash_table_contains(set->files, file))
			continue;
		path = g_build_filename(directories[which], file, NULL);
		unit = load(path, file, directories, N_UNIT_DIRECTORIES, &error);
		/* Masked, it masks what comes behind it, too. */
		g_hash_table_insert(set->files, g_strdup(file), GINT_TO_POINTER(unit || error));
		if (unit)
			g_ptr_array_add(unit->kind == OBJECT_INGRESS ? ingresses : set->units, unit);
		else if (error)
			g_ptr_array_add(set->errors, g_steal_pointer(&error));
	}
}

static gint compare_units(gconstpointer a, gconstpointer b)
{
	const Unit *x = *(Unit *const *)a, *y = *(Unit *const *)b;

	return strcmp(x->name, y->name);
}

UnitSet *unit_set_new(void)
{
	UnitSet *set = g_new0(UnitSet, 1);

	set->units = g_ptr_array_new_with_free_func((GDestroyNotify)unit_free);
	set->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	set->errors = g_ptr_array_new_with_free_func((GDestroyNotify)g_error_free);
	return set;
}

UnitSet *unit_set_load(char *const *directories)
{
	UnitSet *set = unit_set_new();
	g_autoptr(GPtrArray) ingresses = g_ptr_array_new();

	for (guint i = 0; i < N_UNIT_DIRECTORIES; i++)
		load_directory(set, directories, i, ingresses);
	g_ptr_array_sort(set->units, compare_units);
	g_ptr_array_sort(ingresses, compare_units);
	g_ptr_array_extend_and_steal(set->units, g_steal_pointer(&ingresses));
	return set;
}

void unit_set_free(UnitSet *set)
{
	if (!set)
		return;
	g_ptr_array_unref(set->units);
	g_hash_table_unref(set->files);
	g_ptr_array_unref(set->errors);
	g_free(set);
}

bool unit_set_has(const UnitSet *set, enum object_kind kind, const char *name)
{
	g_autofree char *file = unit_file_name(kind, name);

	return g_hash_table_lookup(set->files, file) != NULL;
}
