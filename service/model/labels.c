/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/labels.h"

#include "service/model/name.h"

#include <stdlib.h>
#include <string.h>

/* At an end it would not survive a file. */
static bool is_padded(const char *text)
{
	return *text && (g_ascii_isspace(text[0]) || g_ascii_isspace(text[strlen(text) - 1]));
}

static bool check_label(const char *key, const char *value, GError **error)
{
	if (!*key || strlen(key) > LABEL_KEY_MAX_BYTES || strchr(key, '=') || is_padded(key) || !name_is_printable(key))
		return netfilter_fail(error, INVALID_ARGS,
				      "Labels: \"%s\" is not a key: 1 to %d bytes that can be printed, without \"=\" "
				      "and a space at either end",
				      cut(key), LABEL_KEY_MAX_BYTES);
	if (strlen(value) > LABEL_VALUE_MAX_BYTES || is_padded(value) || !name_is_printable(value))
		return netfilter_fail(error, INVALID_ARGS,
				      "Labels: the value of \"%s\", \"%s\", is not of at most %d bytes that can be "
				      "printed, without a space at either end",
				      cut(key), cut(value), LABEL_VALUE_MAX_BYTES);
	return true;
}

guint labels_size(char *const *labels)
{
	gsize bytes = 0;

	for (; labels && *labels; labels++)
		bytes += strlen(*labels);
	return MIN(bytes, G_MAXUINT);
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool check(char *const *labels, GError **error)
{
	guint n = g_strv_length((char **)labels) / 2, bytes = labels_size(labels);

	if (n > LABELS_MAX)
		return netfilter_fail(error, INVALID_ARGS, "Labels: %u are given, and at most %d are allowed", n,
				      LABELS_MAX);
	for (char *const *label = labels; *label; label += 2) {
		if (!check_label(label[0], label[1], error))
			return false;
		if (label > labels && strcmp(label[-2], label[0]) == 0)
			return netfilter_fail(error, INVALID_ARGS, "Labels: \"%s\" is given twice", cut(label[0]));
	}
	if (bytes > LABELS_MAX_BYTES)
		return netfilter_fail(error, INVALID_ARGS,
				      "Labels: they take %u bytes together, and at most %d are allowed", bytes,
				      LABELS_MAX_BYTES);
	return true;
}

char **labels_new(char **list, GError **error)
{
	g_auto(GStrv) labels = list;

	/* A label is a pair of pointers. */
	qsort(labels, g_strv_length(labels) / 2, 2 * sizeof *labels, compare_keys);
	return check(labels, error) ? g_steal_pointer(&labels) : NULL;
}

bool labels_match(char *const *labels, char *const *wanted)
{
	for (; wanted && *wanted; wanted += 2) {
		while (labels && *labels && strcmp(labels[0], wanted[0]) < 0)
			labels += 2;
		if (!labels || !*labels || strcmp(labels[0], wanted[0]) != 0 || strcmp(labels[1], wanted[1]) != 0)
			return false;
	}
	return true;
}

bool labels_equal(char *const *a, char *const *b)
{
	static char *const none[] = { NULL };

	return g_strv_equal((const char *const *)(a ?: none), (const char *const *)(b ?: none));
}

char *labels_format(char *const *labels)
{
	GString *text = g_string_new(NULL);

	for (; labels && *labels; labels += 2)
		g_string_append_printf(text, "%s%s=%s", text->len > 0 ? "\n" : "", labels[0], labels[1]);
	return g_string_free(text, FALSE);
}
