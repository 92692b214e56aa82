/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/trace.h"

#include "service/iptables/layout.h"
#include "service/iptables/private.h"
#include "service/iptables/user-trace.h"

typedef struct Trace {
	const Backend *backend;
	const Ruleset *ruleset;
	TracePacket *packet;
	TraceStep *step;
} Trace;

/* The builtin chains of a hook, in the order of their tables. */
#define MAX_TABLES 2
static const enum chain hooks[][MAX_TABLES] = {
	[TRACE_PREROUTING] = { CHAIN_RAW_PREROUTING, CHAIN_NAT_PREROUTING },
	[TRACE_OUTPUT] = { CHAIN_MANGLE_OUTPUT, CHAIN_NAT_OUTPUT },
	[TRACE_SENT] = { CHAIN_FILTER_OUTPUT, N_CHAINS },
	[TRACE_FORWARD] = { CHAIN_MANGLE_FORWARD, CHAIN_FILTER_FORWARD },
	[TRACE_POSTROUTING] = { CHAIN_NAT_POSTROUTING, N_CHAINS },
};

static void set_step(const Trace *trace, const Rule *rule)
{
	RuleText text;

	trace_step_clear(trace->step);
	*trace->step = (TraceStep){ .place = rule->place, .rule = rule };
	if (!trace->backend->kind->describe(trace->backend, rule, &text))
		return;
	trace->step->text = g_strdup_printf("%s %s: %s", text.table, text.chain, text.rule);
	g_free(text.rule);
}

/* TARGET_PLACE: it goes on behind the rule that led here. */
static enum rule_target walk(const Trace *trace, enum chain chain)
{
	g_autoptr(GPtrArray) entries = g_ptr_array_new();

	layout_read_chain(trace->ruleset, trace->packet->family, chain, entries);
	for (guint i = 0; i < entries->len; i++) {
		const RulesetEntry *entry = g_ptr_array_index(entries, i);
		const Rule *rule = &entry->rule;
		enum rule_target target = rule->target;

		if (entry->references == 0 || !layout_has_rule(rule) || !trace_matches(rule, trace->packet))
			continue;
		if (target == TARGET_RETURN)
			break;
		if (target == TARGET_PLACE) {
			target = walk(trace, layout_of(rule)->jump);
			if (target == TARGET_PLACE)
				continue;
			return target;
		}
		set_step(trace, rule);
		if (target == TARGET_DNAT)
			trace_translate(trace->packet, rule);
		return target;
	}
	return TARGET_PLACE;
}

/* In FORWARD the administrator's rules are asked before any of ours. */
static enum rule_target walk_table(const Trace *trace, enum chain chain, GPtrArray *unread)
{
	const Iptables *iptables = (const Iptables *)trace->backend;
	enum rule_target target = TARGET_PLACE;

	if (chain == CHAIN_FILTER_FORWARD)
		target = user_trace(&iptables->user, trace->packet, trace->step, unread);
	return target == TARGET_PLACE ? walk(trace, chain) : target;
}

enum rule_target iptables_trace(const Backend *backend, const Ruleset *ruleset, enum trace_hook hook,
				TracePacket *packet, TraceStep *ret)
{
	const Trace trace = { backend, ruleset, packet, ret };
	enum rule_target target = TARGET_PLACE;

	g_autoptr(GPtrArray) unread = g_ptr_array_new_with_free_func(g_free);

	*ret = (TraceStep){};
	for (guint i = 0; i < MAX_TABLES && hooks[hook][i] != N_CHAINS && target != TARGET_DROP; i++)
		target = walk_table(&trace, hooks[hook][i], unread);
	if (unread->len > 0)
		ret->unread = g_steal_pointer(&unread);
	return target;
}
