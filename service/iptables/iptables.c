/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/iptables.h"

#include "service/iptables/commit.h"
#include "service/iptables/inspect.h"
#include "service/iptables/layout.h"
#include "service/iptables/lock.h"
#include "service/iptables/others.h"
#include "service/iptables/private.h"
#include "service/iptables/text.h"
#include "service/iptables/trace.h"

#include <string.h>
#include <unistd.h>

G_STATIC_ASSERT(BACKEND_PREFIX_MAX + sizeof "-ISOLATION-STAGE-2" - 1 == CHAIN_NAME_MAX);

static Backend *iptables_new(const char *prefix)
{
	Iptables *iptables = g_new0(Iptables, 1);

	g_assert(strlen(prefix) <= BACKEND_PREFIX_MAX);
	iptables->backend.kind = &iptables_backend;
	iptables->prefix = g_strdup(prefix);
	iptables->lock = -1;
	iptables->diff = diff_new();
	iptables->told = g_hash_table_new(NULL, NULL);
	user_chain_init(&iptables->user, prefix);
	for (enum family family = 0; family < N_FAMILIES; family++)
		iptables->sockets[family] = -1;
	for (enum chain chain = 0; chain < N_CHAINS; chain++) {
		char name[CHAIN_NAME_MAX + 1];
		g_strlcpy(iptables->names[chain], chain_name(chain, prefix, name), sizeof iptables->names[chain]);
	}
	return &iptables->backend;
}

static int iptables_lock(Backend *backend)
{
	Iptables *iptables = (Iptables *)backend;
	int fd;

	if (iptables->lock >= 0)
		return 0;
	fd = xtables_lock();
	if (fd < 0)
		return fd;
	iptables->lock = fd;
	return 0;
}

static void iptables_unlock(Backend *backend)
{
	Iptables *iptables = (Iptables *)backend;

	if (iptables->lock < 0)
		return;
	close(iptables->lock);
	iptables->lock = -1;
}

static void iptables_free(Backend *backend)
{
	Iptables *iptables = (Iptables *)backend;

	if (!iptables)
		return;
	iptables_unlock(backend);
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (iptables->sockets[family] >= 0)
			close(iptables->sockets[family]);
	diff_free(iptables->diff);
	g_hash_table_unref(iptables->told);
	g_free(iptables->prefix);
	g_free(iptables);
}

/* Where it is ours: nobody else's is a change. */
static bool policy_changed(const Iptables *iptables, enum family family)
{
	return iptables->drops[family] && iptables->sockets[family] >= 0 &&
	       table_forward_drops(iptables->sockets[family], family) == 0;
}

static void iptables_find_changed(Backend *backend, GPtrArray *tables)
{
	const Iptables *iptables = (const Iptables *)backend;

	for (enum family family = 0; family < N_FAMILIES; family++) {
		for (enum table table = 0; table < N_TABLES; table++) {
			TableSize size;

			if (!iptables->looked[family][table])
				continue;
			size = table_size_read(iptables->sockets[family], family, table);
			if (size.known && !table_size_equal(&size, &iptables->sizes[family][table]))
				g_ptr_array_add(tables, (char *)table_name(table));
		}
		if (policy_changed(iptables, family))
			g_ptr_array_add(tables, (char *)table_name(TABLE_FILTER));
	}
}

static bool iptables_describe(const Backend *backend, const Rule *rule, RuleText *ret)
{
	const Iptables *iptables = (const Iptables *)backend;
	enum chain chain = layout_of(rule)->chain;
	GString *text;

	if (!layout_has_rule(rule))
		return false;
	text = g_string_new(NULL);
	rule_append_text(rule, iptables->prefix, text);
	*ret = (RuleText){ table_name(chain_info(chain)->table), iptables->names[chain], g_string_free(text, FALSE) };
	return true;
}

static char *iptables_text(const Backend *backend, const Ruleset *ruleset, enum family family)
{
	return ruleset_to_text(ruleset, family, ((const Iptables *)backend)->prefix);
}

static const char *const features[] = { "ranges", "links", "ingress", NULL };

const BackendKind iptables_backend = {
	.name = "iptables",
	.features = features,
	.lock_name = "xtables lock",
	.user_chain_tool = "iptables-legacy",
	.new = iptables_new,
	.free = iptables_free,
	.probe = iptables_probe,
	.lock = iptables_lock,
	.unlock = iptables_unlock,
	.commit = iptables_commit,
	.find_changed = iptables_find_changed,
	.counters = iptables_counters,
	.describe = iptables_describe,
	.trace = iptables_trace,
	.text = iptables_text,
	.forward_policy = iptables_forward_policy,
	.find_foreign = iptables_find_foreign,
	.others = &iptables_others,
};
