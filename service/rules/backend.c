/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/rules/backend.h"

void backend_commit_clear(BackendCommit *commit)
{
	g_clear_pointer(&commit->drifted, g_ptr_array_unref);
	g_free(commit->author);
	*commit = (BackendCommit){};
}

char *backend_text_of(const Backend *backend, const GArray *items)
{
	g_autoptr(Ruleset) ruleset = ruleset_new();
	GString *text = g_string_new(NULL);

	ruleset_add_all(ruleset, items);
	for (enum family family = 0; family < N_FAMILIES; family++) {
		g_autofree char *part = backend->kind->text(backend, ruleset, family);

		if (part[0] != '\0')
			g_string_append_printf(text, "# %s\n%s", family_to_string(family), part);
	}
	return g_string_free(text, FALSE);
}
