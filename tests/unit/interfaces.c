/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Is everything in the published interfaces described, and do they and the table name the same errors? */

#include "dbus/error.h"
#include "dbus/names.h"

#include <string.h>

static const char *const interfaces[] = { "Manager", "Network", "Endpoint", "Ingress" };

typedef struct Reader {
	char *comment;      /* the last one, until the element after it */
	char *member;       /* "interface.member" it describes; the interface's own name before the first */
	char *described;    /* the comment of that member */
	GHashTable *types;  /* of the present member: "In0", "Out1", "" for a property → what is asked of Qt */
	GHashTable *needed; /* of those, what Qt does not know by itself */
	guint in, out;      /* arguments until now */
	GHashTable *errors; /* every name after "Errors" */
	guint members;
} Reader;

static const char *attribute(const char **names, const char **values, const char *name)
{
	for (gsize i = 0; names[i]; i++)
		if (strcmp(names[i], name) == 0)
			return values[i];
	return NULL;
}

static void complain(const Reader *reader, const char *what)
{
	g_test_message("%s: %s", reader->member, what);
	g_test_fail();
}

/* "NAME: something", or for a method, a signal and an interface the name alone and more below it. */
static bool begins_with_name(const char *comment, const char *name, bool and_text)
{
	g_autofree char *start = g_strconcat(name, ":", NULL);

	return g_str_has_prefix(comment, start) && (!and_text || strlen(comment) > strlen(start) + 1);
}

static void begin(Reader *reader, const char *interface, const char *member, bool is_property)
{
	g_free(reader->member);
	g_free(reader->described);
	reader->member = member ? g_strconcat(interface, ".", member, NULL) : g_strdup(interface);
	reader->described = g_steal_pointer(&reader->comment) ?: g_strdup("");
	reader->in = reader->out = 0;
	g_hash_table_remove_all(reader->types);
	g_hash_table_remove_all(reader->needed);
	reader->members++;
	if (!begins_with_name(reader->described, member ?: interface, is_property))
		complain(reader, "is not described by the comment before it");
}

static void need_type(Reader *reader, const char *type, char *place)
{
	if (strpbrk(type, "({"))
		g_hash_table_add(reader->needed, place);
	else
		g_free(place);
}

static void read_argument(Reader *reader, const char *name, const char *type, const char *direction)
{
	g_autofree char *mention = g_strconcat("@", name, ": ", NULL);

	if (!strstr(reader->described, mention))
		complain(reader, mention);
	if (g_strcmp0(direction, "in") == 0)
		need_type(reader, type, g_strdup_printf("In%u", reader->in++));
	else
		need_type(reader, type, g_strdup_printf("Out%u", reader->out++));
}

static void read_annotation(Reader *reader, const char *name, const char *value)
{
	static const char prefix[] = "org.qtproject.QtDBus.QtTypeName";

	if (!g_str_has_prefix(name, prefix))
		return;
	name += strlen(prefix);
	g_hash_table_insert(reader->types, g_strdup(*name == '.' ? name + 1 : name), g_strdup(value));
}

/* The names in a paragraph that begins with "Errors", save what is said of them in parentheses. */
static guint read_errors(Reader *reader)
{
	guint n = 0;

	for (const char *text = reader->described; (text = strstr(text, "\nErrors"));) {
		const char *end = strstr(++text, "\n\n");
		g_autofree char *paragraph = g_strndup(text, end ? (gsize)(end - text) : strlen(text));
		const char *list = strchr(paragraph, ':');
		guint depth = 0;

		if (!list || paragraph[strlen(paragraph) - 1] != '.')
			complain(reader, "has a list of errors that is none");
		for (const char *c = list ?: ""; *c; c++) {
			gsize length;

			depth += *c == '(' ? 1 : *c == ')' ? -1 : 0;
			if (depth > 0 || !g_ascii_isupper(*c) || g_ascii_isalpha(c[-1]) || c[-1] == '.')
				continue;
			length = strspn(c, G_CSET_A_2_Z G_CSET_a_2_z);
			g_hash_table_add(reader->errors, g_strndup(c, length));
			c += length - 1;
			n++;
		}
		if (strstr(paragraph, "those of every change"))
			n++;
	}
	return n;
}

static void check_types(Reader *reader)
{
	GHashTableIter iter;
	gpointer place;

	g_hash_table_iter_init(&iter, reader->needed);
	while (g_hash_table_iter_next(&iter, &place, NULL))
		if (!g_hash_table_remove(reader->types, place))
			complain(reader, "lacks a QtTypeName");
	if (g_hash_table_size(reader->types) > 0)
		complain(reader, "has a QtTypeName too many");
}

static void on_start(GMarkupParseContext *context, const char *element, const char **names, const char **values,
		     gpointer userdata, GError **error G_GNUC_UNUSED)
{
	Reader *reader = userdata;
	const char *name = attribute(names, values, "name");
	const GSList *stack = g_markup_parse_context_get_element_stack(context);
	g_autofree char *interface = NULL;

	if (strcmp(element, "interface") == 0) {
		begin(reader, name, NULL, false);
		read_errors(reader);
		return;
	}
	if (!stack->next || !reader->member)
		return;
	interface =
		g_strndup(reader->member, strlen(BUS_NAME ".") + strcspn(reader->member + strlen(BUS_NAME "."), "."));
	if (strcmp(element, "arg") == 0) {
		read_argument(reader, name, attribute(names, values, "type"), attribute(names, values, "direction"));
	} else if (strcmp(element, "annotation") == 0) {
		read_annotation(reader, name, attribute(names, values, "value"));
	} else if (strcmp(element, "property") == 0) {
		begin(reader, interface, name, true);
		need_type(reader, attribute(names, values, "type"), g_strdup(""));
	} else {
		begin(reader, interface, name, false);
		if (strcmp(element, "method") == 0 && read_errors(reader) == 0)
			complain(reader, "names no error");
	}
}

static void on_end(GMarkupParseContext *context G_GNUC_UNUSED, const char *element, gpointer userdata,
		   GError **error G_GNUC_UNUSED)
{
	static const char *const members[] = { "method", "signal", "property", NULL };

	if (g_strv_contains(members, element))
		check_types(userdata);
}

/* Comments and the like. Its lines are stripped of their indentation. */
static void on_passthrough(GMarkupParseContext *context G_GNUC_UNUSED, const char *text, gsize length,
			   gpointer userdata, GError **error G_GNUC_UNUSED)
{
	Reader *reader = userdata;
	g_autofree char *whole = g_strndup(text, length), *inside = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_str_has_prefix(whole, "<!--"))
		return;
	inside = g_strndup(whole + strlen("<!--"), length - strlen("<!---->"));
	lines = g_strsplit(inside, "\n", -1);
	for (guint i = 0; lines[i]; i++)
		g_strstrip(lines[i]);
	g_free(reader->comment);
	reader->comment = g_strstrip(g_strjoinv("\n", lines));
}

static Reader reader_new(void)
{
	return (Reader){
		.types = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
		.needed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.errors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
	};
}

static void reader_clear(Reader *reader)
{
	g_free(reader->comment);
	g_free(reader->member);
	g_free(reader->described);
	g_hash_table_unref(reader->types);
	g_hash_table_unref(reader->needed);
	g_hash_table_unref(reader->errors);
}

static void read_interface(Reader *reader, const char *name)
{
	static const GMarkupParser parser = {
		.start_element = on_start,
		.end_element = on_end,
		.passthrough = on_passthrough,
	};
	g_autofree char *base = g_strconcat(BUS_NAME ".", name, ".xml", NULL), *text = NULL;
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "dbus", base, NULL);
	g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(&parser, 0, reader, NULL);
	g_autoptr(GError) error = NULL;
	gsize length;

	if (!g_file_get_contents(path, &text, &length, &error) ||
	    !g_markup_parse_context_parse(context, text, length, &error) ||
	    !g_markup_parse_context_end_parse(context, &error))
		g_error("%s: %s", path, error->message);
}

static void test_described(void)
{
	Reader reader = reader_new();

	for (gsize i = 0; i < G_N_ELEMENTS(interfaces); i++)
		read_interface(&reader, interfaces[i]);
	g_assert_cmpuint(reader.members, >, 60);
	reader_clear(&reader);
}

static void test_errors(void)
{
	Reader reader = reader_new();
	g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter iter;
	gpointer name;

	for (gsize i = 0; i < G_N_ELEMENTS(interfaces); i++)
		read_interface(&reader, interfaces[i]);
	for (guint code = 0; code < N_NETFILTER_ERRORS; code++) {
		const char *full = error_name(&(GError){ .domain = NETFILTER_ERROR, .code = code });

		if (!full) {
			g_test_message("the error %u has no name on the bus", code);
			g_test_fail();
			continue;
		}
		g_assert_true(g_str_has_prefix(full, ERROR_PREFIX) ||
			      g_str_has_prefix(full, "org.freedesktop.DBus.Error."));
		name = strrchr(full, '.') + 1;
		g_hash_table_add(known, g_strdup(name));
		if (g_hash_table_contains(reader.errors, name))
			continue;
		g_test_message("%s is named by no method", full);
		g_test_fail();
	}
	g_hash_table_iter_init(&iter, reader.errors);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		if (!g_hash_table_contains(known, name)) {
			g_test_message("%s is no error of ours", (char *)name);
			g_test_fail();
		}
	reader_clear(&reader);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/interfaces/described", test_described);
	g_test_add_func("/interfaces/errors", test_errors);
	return g_test_run();
}
