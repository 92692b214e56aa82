/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/fuzz.h"

/* Runs a target over every file of the folder that is named, in place of libFuzzer. */

static int compare(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *list(const char *folder)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	GDir *dir = g_dir_open(folder, 0, &error);
	const char *name;

	if (!dir)
		g_error("%s", error->message);
	while ((name = g_dir_read_name(dir)))
		g_ptr_array_add(names, g_strdup(name));
	g_dir_close(dir);
	g_ptr_array_sort(names, compare);
	return names;
}

int main(int argc, char **argv)
{
	g_autoptr(GPtrArray) names = NULL;

	if (argc != 2)
		g_error("a folder of seeds is needed");
	LLVMFuzzerInitialize(&argc, &argv);
	names = list(argv[1]);
	g_print("1..%u\n", names->len);
	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];
		g_autofree char *path = g_build_filename(argv[1], name, NULL), *data = NULL;
		g_autoptr(GError) error = NULL;
		gsize size;

		if (!g_file_get_contents(path, &data, &size, &error))
			g_error("%s", error->message);
		LLVMFuzzerTestOneInput((const guint8 *)data, size);
		g_print("ok %u %s\n", i + 1, name);
	}
	return names->len > 0 ? 0 : 1;
}
