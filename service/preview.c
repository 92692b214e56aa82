/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/private.h"

/*
 * A preview is the creation itself, taken back before anything is committed:
 * what it would add is what the ruleset then wants and does not hold.
 */

typedef struct Preview {
	guint mark;
	guint64 sequence;
} Preview;

static Preview preview_begin(const Manager *manager)
{
	return (Preview){ .mark = manager_mark(manager), .sequence = manager->sequence };
}

static GArray *collect_additions(const Manager *manager)
{
	GArray *items = rendering_new();

	for (enum family family = 0; family < N_FAMILIES; family++)
		for (enum place place = 0; place < N_PLACES; place++) {
			const GPtrArray *entries = ruleset_place(manager->ruleset, family, place);

			for (guint i = 0; i < entries->len; i++) {
				const RulesetEntry *entry = entries->pdata[i];
				RuleItem item = { entry->rule, entry->order };

				if (entry->references > 0 && !entry->held)
					g_array_append_val(items, item);
			}
		}
	return items;
}

static char *preview_end(Manager *manager, const Preview *preview, bool ok)
{
	g_autoptr(GArray) items = NULL;
	char *text = NULL;

	if (ok) {
		items = collect_additions(manager);
		text = backend_text_of(manager->backend, items);
	}
	manager_rollback(manager, preview->mark);
	ruleset_settle(manager->ruleset);
	host_settle_policies(manager);
	manager->sequence = preview->sequence;
	return text;
}

char *manager_preview_network(Manager *manager, const char *name, const NetworkSettings *settings, GError **error)
{
	Preview preview = preview_begin(manager);

	return preview_end(manager, &preview, network_create(manager, name, settings, error));
}

char *manager_preview_ingress(Manager *manager, const char *name, const IngressSettings *settings, GError **error)
{
	Preview preview = preview_begin(manager);

	return preview_end(manager, &preview, ingress_create(manager, name, settings, error));
}
