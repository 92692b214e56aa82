/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/user-trace.h"

#include "service/iptables/form.h"
#include "service/iptables/match.h"

#include <string.h>

/* Chains may lead to chains, and be as long as somebody likes. */
enum { DEPTH_MAX = 16, RULES_MAX = 10000, UNREAD_MAX = 16 };

typedef struct Following {
	Snapshot *snapshot;
	const TracePacket *packet;
	TraceStep *step;
	GPtrArray *unread;
	guint left; /* rules that are still looked at */
} Following;

/* Targets behind which the next rule has its turn. */
static const char *const passing[] = { "",     "LOG",      "NFLOG", "MARK",   "CONNMARK", "CLASSIFY",
				       "DSCP", "CHECKSUM", "TRACE", "TCPMSS", "AUDIT",    NULL };

static char *to_text(const Following *following, const char *chain, const ActualEntry *entry)
{
	g_autofree char *rule = form_to_text(following->packet->family, entry);
	g_autofree char *text = g_strdup_printf("filter %s: %s", chain, rule);

	return g_utf8_make_valid(text, -1);
}

static void add_unread(const Following *following, const char *chain, const ActualEntry *entry)
{
	if (following->unread->len < UNREAD_MAX)
		g_ptr_array_add(following->unread, to_text(following, chain, entry));
}

static enum rule_target decide(const Following *following, const char *chain, const ActualEntry *entry)
{
	trace_step_clear(following->step);
	*following->step = (TraceStep){ .place = N_PLACES,
					.text = to_text(following, chain, entry),
					.foreign = true,
					.refuses = g_str_equal(entry->target, "REJECT") };
	return g_str_equal(entry->target, "ACCEPT") ? TARGET_ACCEPT : TARGET_DROP;
}

static bool goes_to(enum family family, const ActualEntry *entry)
{
	return view_of(family, entry->entry).flags & (family == FAMILY_IPV4 ? IPT_F_GOTO : IP6T_F_GOTO);
}

/* TARGET_PLACE: the chain is at its end. */
static enum rule_target follow(Following *following, const char *chain, guint depth)
{
	static const char *const verdicts[] = { "ACCEPT", "DROP", "REJECT", NULL };
	g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(ActualEntry));
	xt_chainlabel label = {};

	g_strlcpy(label, chain, sizeof label);
	snapshot_read_chain(following->snapshot, label, entries);
	for (guint i = 0; i < entries->len && following->left > 0; i++) {
		const ActualEntry *entry = &g_array_index(entries, ActualEntry, i);
		enum match match = match_entry(entry->entry, following->packet);
		bool is_passing = g_strv_contains(passing, entry->target);
		enum rule_target target;

		following->left--;
		if (match == MATCH_NOT || is_passing)
			continue;
		if (match == MATCH_IS && g_strv_contains(verdicts, entry->target))
			return decide(following, chain, entry);
		if (match == MATCH_IS && g_str_equal(entry->target, "RETURN"))
			break;
		g_strlcpy(label, entry->target, sizeof label);
		if (match == MATCH_UNREAD || depth == DEPTH_MAX || !snapshot_has_chain(following->snapshot, label)) {
			add_unread(following, chain, entry);
			continue;
		}
		target = follow(following, label, depth + 1);
		if (target != TARGET_PLACE || goes_to(following->packet->family, entry))
			return target;
	}
	return TARGET_PLACE;
}

enum rule_target user_trace(const UserChain *user, const TracePacket *packet, TraceStep *step, GPtrArray *unread)
{
	g_autoptr(Snapshot) snapshot = user->led[packet->family] ? snapshot_open(packet->family, TABLE_FILTER) : NULL;
	Following following = { snapshot, packet, step, unread, RULES_MAX };

	return snapshot ? follow(&following, user->name, 0) : TARGET_PLACE;
}
