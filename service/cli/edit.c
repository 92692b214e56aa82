/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/names.h"
#include "dbus/path.h"
#include "service/cli/boot.h"
#include "service/cli/client.h"
#include "service/cli/object.h"
#include "service/cli/program.h"
#include "service/cli/verbs.h"
#include "service/model/unit-name.h"
#include "service/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A unit file on its way: copied where nobody reads it, edited, checked, and put in its place. */
typedef struct Edit {
	char *fragment;  /* what the object comes from; NULL: nothing yet */
	char *target;    /* the file that is to say it */
	char *directory; /* with the copy, which is called as the target is */
	char *copy;
} Edit;

static void edit_clear(Edit *edit)
{
	g_free(edit->fragment);
	g_free(edit->target);
	g_free(edit->directory);
	g_free(edit->copy);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Edit, edit_clear)

static int failed(const char *what, const char *path, int error)
{
	fprintf(stderr, "cannot %s %s: %s\n", what, path, g_strerror(error));
	return EXIT_FAILED;
}

/* --- which file --- */

/* NULL: it is not there, or comes from no file. */
static char *read_fragment(Cli *cli, const Object *object, bool *ret_there)
{
	g_autoptr(GVariant) reply = NULL, properties = NULL;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	const char *path;

	*ret_there = client_try(cli, object->path, STANDARD("Properties"), "GetAll",
				g_variant_new("(s)", interface_of(object->kind)), &reply, &error);
	sd_bus_error_free(&error);
	if (!*ret_there)
		return NULL;
	properties = g_variant_get_child_value(reply, 0);
	path = property_string(properties, "FragmentPath", "");
	return *path ? g_strdup(path) : NULL;
}

/* What packages bring, and what goes with the next boot, is not edited but overridden. */
static char *choose_target(const Object *object, const char *fragment)
{
	g_auto(GStrv) directories = unit_directories_below("");
	g_autofree char *directory = fragment ? g_path_get_dirname(fragment) : NULL,
			*name = unit_file_name(object->kind, object->name);

	if (directory && (strcmp(directory, directories[UNIT_DIRECTORY_ETC]) == 0 ||
			  strcmp(directory, directories[UNIT_DIRECTORY_STATE]) == 0))
		return g_strdup(fragment);
	return g_build_filename(directories[UNIT_DIRECTORY_ETC], name, NULL);
}

static int find_file(Cli *cli, const char *text, Edit *edit)
{
	g_auto(Object) object = {};
	GError *error = NULL;
	bool there;
	int r;

	if (!object_parse(text, &object, &error))
		return report_error(error);
	if (object.kind == OBJECT_ENDPOINT)
		return usage_error("\"%s\" is an endpoint, and stands in the file of its network", cut(text));
	r = client_connect(cli);
	if (r != 0)
		return r;
	edit->fragment = read_fragment(cli, &object, &there);
	if (there && !edit->fragment) {
		fprintf(stderr, "\"%s\" is not permanent, so there is no file to edit\n", cut(text));
		return EXIT_FAILED;
	}
	edit->target = choose_target(&object, edit->fragment);
	/* One that is there and wrong makes no object. */
	if (!edit->fragment && g_file_test(edit->target, G_FILE_TEST_EXISTS))
		edit->fragment = g_strdup(edit->target);
	return 0;
}

/* --- the copy --- */

static char *first_text(const Edit *edit)
{
	return g_str_has_suffix(edit->target, ".network")
		       ? g_strdup("# netfilterd.network(5)\n[Network]\nSubnet=\n")
		       : g_strdup("# netfilterd.network(5)\n[Ingress]\nGateway=\nPublish=\n");
}

static int make_copy(Edit *edit, char **ret_text)
{
	g_autofree char *name = g_path_get_basename(edit->target), *text = NULL;
	g_autoptr(GError) error = NULL;

	edit->directory = g_dir_make_tmp("netfilterctl-XXXXXX", &error);
	if (edit->directory) {
		edit->copy = g_build_filename(edit->directory, name, NULL);
		if (edit->fragment)
			g_file_get_contents(edit->fragment, &text, NULL, &error);
		else
			text = first_text(edit);
	}
	if (!text || !g_file_set_contents(edit->copy, text, -1, &error))
		return report_error(g_steal_pointer(&error));
	*ret_text = g_steal_pointer(&text);
	return 0;
}

static void drop_copy(const Edit *edit)
{
	if (edit->copy)
		unlink(edit->copy);
	if (edit->directory)
		rmdir(edit->directory);
}

static bool run(const char *const *argv)
{
	g_autoptr(GError) error = NULL;
	int status;

	if (g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL,
			 NULL, NULL, &status, &error))
		return g_spawn_check_wait_status(status, NULL);
	fprintf(stderr, "%s\n", error->message);
	return false;
}

static bool run_editor(const Edit *edit)
{
	const char *editor = g_getenv("SYSTEMD_EDITOR") ?: g_getenv("VISUAL") ?: g_getenv("EDITOR") ?: "editor";
	g_autofree char *line = g_strdup_printf("%s \"$1\"", editor);

	/* It may have options. */
	return run((const char *const[]){ "sh", "-c", line, "sh", edit->copy, NULL });
}

static bool is_good(const Edit *edit)
{
	return run((const char *const[]){ program_path(), "--check", edit->copy, NULL });
}

/* --- its place --- */

/* Whose it was it stays: the service writes what is its own. */
static bool keep_owner(const Edit *edit, int fd)
{
	struct stat st;

	return stat(edit->target, &st) < 0 || fchown(fd, st.st_uid, st.st_gid) == 0;
}

static int put_in_place(const Edit *edit, const char *text)
{
	g_autofree char *directory = g_path_get_dirname(edit->target), *name = g_path_get_basename(edit->target);
	g_autofree char *temporary = g_strdup_printf("%s/.%s.XXXXXX", directory, name);
	int fd, error = 0;

	if (g_mkdir_with_parents(directory, 0755) < 0)
		return failed("make", directory, errno);
	fd = g_mkstemp_full(temporary, O_WRONLY | O_CLOEXEC, 0644);
	if (fd < 0)
		return failed("write", temporary, errno);
	if (!keep_owner(edit, fd) || !write_all(fd, text, strlen(text)) || fsync(fd) < 0 ||
	    rename(temporary, edit->target) < 0)
		error = errno;
	close(fd);
	if (error == 0)
		return 0;
	unlink(temporary);
	return failed("write", edit->target, error);
}

static int edit_file(Cli *cli, Edit *edit)
{
	g_autofree char *before = NULL, *after = NULL;
	g_autoptr(GError) error = NULL;
	int r = make_copy(edit, &before);

	if (r != 0)
		return r;
	if (!run_editor(edit)) {
		fputs("the editor did not end well, so nothing changes\n", stderr);
		return EXIT_FAILED;
	}
	if (!g_file_get_contents(edit->copy, &after, NULL, &error))
		return report_error(g_steal_pointer(&error));
	if (strcmp(before, after) == 0) {
		if (!cli->options.quiet)
			puts("nothing changed");
		return 0;
	}
	if (!is_good(edit)) {
		fprintf(stderr, "so nothing changes; what was written is kept in %s\n", edit->copy);
		g_clear_pointer(&edit->copy, g_free);
		g_clear_pointer(&edit->directory, g_free);
		return EXIT_FAILED;
	}
	r = put_in_place(edit, after);
	if (r == 0)
		r = client_call(cli, ROOT_PATH, "Manager", "Reload", NULL, NULL);
	if (r == 0 && !edit->fragment)
		boot_hint(cli);
	return r;
}

int verb_edit(Cli *cli, char **arguments, guint n G_GNUC_UNUSED)
{
	g_auto(Edit) edit = {};
	int r;

	if (cli->options.host || cli->options.machine)
		return usage_error("edit is for files of this machine, and not of another one");
	r = find_file(cli, arguments[0], &edit);
	if (r == 0)
		r = edit_file(cli, &edit);
	drop_copy(&edit);
	return r;
}

int verb_check(Cli *cli, char **arguments, guint n)
{
	if (cli->options.host || cli->options.machine)
		return usage_error("check is for files of this machine, and not of another one");
	return program_become("--check", arguments, n);
}
