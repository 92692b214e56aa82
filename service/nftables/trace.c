/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/trace.h"

#include "service/model/port.h"
#include "service/nftables/lookup.h"
#include "service/nftables/skeleton.h"

#include <netinet/icmp6.h>
#include <string.h>

/* The chains of a hook, in the order of their priorities: what one translates no later one does. */
#define MAX_CHAINS 3
static const char *const hooks[][MAX_CHAINS] = {
	[TRACE_PREROUTING] = { "guard", "ingress_prerouting", "prerouting" },
	[TRACE_OUTPUT] = { "resets", "ingress_output", "output" },
	[TRACE_SENT] = { "allow_host" },
	[TRACE_FORWARD] = { "allow_forward", CHAIN_FORWARD },
	[TRACE_POSTROUTING] = { "postrouting" },
};

/* What a rule that decides by itself is for; all others are for what their set's element is. */
static const struct {
	const char *chain, *verdict;
	enum place place;
} places[] = {
	{ "guard", "drop", PLACE_LOOPBACK_GUARD },     { "denied", "drop", PLACE_DENY_PORT },
	{ "denied_ingress", "drop", PLACE_DENY_PORT }, { "from_bridge", "accept", PLACE_FORWARD_NETWORK },
	{ "crossing", "drop", PLACE_ISOLATION },       { "closed", "drop", PLACE_COMMUNICATION_OFF },
};

typedef struct Trace {
	const Ruleset *ruleset;
	TracePacket *packet;
	TraceStep *step;
	bool reads_on; /* past what does not match, so that every word is read */
	bool *lost;    /* set where a word is not known */
} Trace;

/* A rule that is being read. */
typedef struct Reader {
	const Trace *trace;
	const char *chain, *text;
	const char *left; /* of it */
	char word[64];    /* the last that was taken */
	Found found;      /* by the last look into a set */
	bool has_found;
} Reader;

/* What becomes of a packet in a chain: a verdict, or it goes on behind the way here. */
static enum rule_target walk(const Trace *trace, const char *chain);

static bool take(Reader *reader, const char *words)
{
	gsize length = strlen(words);

	if (strncmp(reader->left, words, length) != 0 || (reader->left[length] != '\0' && reader->left[length] != ' '))
		return false;
	reader->left += length;
	reader->left += strspn(reader->left, " ");
	return true;
}

/* A rule of words that are not known matches nothing. */
static bool lose(Reader *reader)
{
	*reader->trace->lost = true;
	g_debug("\"%s\" in \"%s\"", reader->left, reader->text);
	reader->left = "";
	return false;
}

static const char *take_word(Reader *reader)
{
	gsize length = MIN(strcspn(reader->left, " "), sizeof reader->word - 1);

	g_strlcpy(reader->word, reader->left, length + 1);
	take(reader, reader->word);
	return reader->word;
}

/* N_SETS: what comes is the name of none. */
static enum set take_set(Reader *reader)
{
	const char *name = take_word(reader);

	return *name == '@' ? set_find(reader->trace->packet->family, name + 1) : N_SETS;
}

static const struct {
	const char *words;
	bool is_source;
} addresses[] = { { "ip saddr", true }, { "ip daddr", false } };

/* One part of a key; false: what comes is none. */
static bool take_part(Reader *reader, Parts *key, guint *n_addresses, guint *n_interfaces)
{
	const TracePacket *packet = reader->trace->packet;

	for (guint i = 0; i < G_N_ELEMENTS(addresses); i++) {
		if (!take(reader, addresses[i].words))
			continue;
		key->address[(*n_addresses)++] =
			addresses[i].is_source ? packet->source.bytes : packet->destination.bytes;
		return true;
	}
	if (take(reader, "iifname"))
		key->interface[(*n_interfaces)++] = packet->in;
	else if (take(reader, "oifname"))
		key->interface[(*n_interfaces)++] = packet->out;
	else if (take(reader, "meta l4proto"))
		key->protocol = packet->protocol;
	else if (take(reader, "th dport"))
		key->port = packet->destination_port;
	else if (take(reader, "th sport"))
		key->port = packet->source_port;
	else if (take(reader, "numgen inc mod"))
		(void)take_word(reader); /* the first has its turn */
	else
		return false;
	return true;
}

static bool take_key(Reader *reader, Parts *key)
{
	guint n_addresses = 0, n_interfaces = 0;

	*key = (Parts){};
	do {
		if (!take_part(reader, key, &n_addresses, &n_interfaces))
			return false;
	} while (take(reader, "."));
	return true;
}

static bool look(Reader *reader, enum set set, const Parts *key)
{
	Found found;

	if (set == N_SETS)
		return lose(reader);
	if (!lookup(reader->trace->ruleset, reader->trace->packet->family, set, key, &found))
		return false;
	reader->found = found;
	return reader->has_found = true;
}

/* "A & MASK @set": what is left of an address. */
static bool look_masked(Reader *reader, const Parts *key)
{
	guint8 masked[16] = {};
	Address bits;

	if (!address_parse(take_word(reader), &bits))
		return lose(reader);
	for (guint i = 0; i < sizeof masked; i++)
		masked[i] = key->address[0][i] & bits.bytes[i];
	return look(reader, take_set(reader), &(Parts){ .address = { masked } });
}

static bool is_constant(const Parts *key, const char *word, enum family family)
{
	Address address = { .family = family_to_af(family) };
	Source source;

	if (!key->address[0])
		return key->protocol == protocol_from_string(word);
	memcpy(address.bytes, key->address[0], sizeof address.bytes);
	return source_parse(word, &source) && prefix_contains(&source.prefix, &address);
}

/* The first packet of a connection is of no connection, and goes the way that it was begun. */
static bool take_state(Reader *reader, bool *ret_matches)
{
	const TracePacket *packet = reader->trace->packet;
	const struct {
		const char *words;
		bool matches;
	} states[] = {
		{ "ct state established,related", false },
		{ "ct state related", false },
		{ "ct state invalid", false },
		{ "ct direction reply", false },
		{ "ct direction original", true },
		{ "ct status dnat", packet->translated },
		{ "tcp flags rst", false },
		{ "icmpv6 type nd-neighbor-solicit", packet->icmpv6_type == ND_NEIGHBOR_SOLICIT },
		{ "icmpv6 type nd-neighbor-advert", packet->icmpv6_type == ND_NEIGHBOR_ADVERT },
		{ "fib daddr type local", packet->destination_is_local },
		{ "fib saddr type local", packet->source_is_local },
		{ "numgen random mod 2 0", true },
	};

	for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
		if (!take(reader, states[i].words))
			continue;
		*ret_matches = states[i].matches;
		return true;
	}
	return false;
}

static enum rule_target decide(Reader *reader, enum rule_target target, const char *verdict)
{
	TraceStep *step = reader->trace->step;

	trace_step_clear(step);
	*step = (TraceStep){ .place = N_PLACES, .text = g_strdup_printf("%s: %s", reader->chain, reader->text) };
	if (reader->has_found) {
		step->rule = reader->found.rule;
		step->place = step->rule->place;
	}
	for (guint i = 0; i < G_N_ELEMENTS(places); i++)
		if (g_str_equal(places[i].chain, reader->chain) && g_str_equal(places[i].verdict, verdict))
			step->place = places[i].place;
	return target;
}

static enum rule_target follow_map(Reader *reader)
{
	enum verdict verdict = reader->found.element.bytes[reader->found.data];

	switch (verdict) {
	case VERDICT_ACCEPT:
		return decide(reader, TARGET_ACCEPT, "accept");
	case VERDICT_DROP:
		return decide(reader, TARGET_DROP, "drop");
	default:
		return walk(reader->trace, verdict_chain(verdict));
	}
}

static enum rule_target translate_destination(Reader *reader)
{
	TracePacket *packet = reader->trace->packet;
	const guint8 *data = reader->found.element.bytes + reader->found.data;
	guint size = field_size(FIELD_ADDRESS, packet->family);

	packet->destination = (Address){ .family = family_to_af(packet->family) };
	memcpy(packet->destination.bytes, data, size);
	if (set_info(reader->found.element.set)->data[1] == FIELD_PORT)
		packet->destination_port = data[size] << 8 | data[size + 1];
	packet->destination_is_local = false;
	packet->translated = true;
	return decide(reader, TARGET_DNAT, "dnat");
}

/* Whether a packet is one that the next words say; they may be the name of a set. */
static bool read_match(Reader *reader)
{
	bool matches;
	Parts key;

	if (take_state(reader, &matches))
		return matches;
	if (!take_key(reader, &key))
		return lose(reader);
	if (take(reader, "&"))
		return look_masked(reader, &key);
	if (take(reader, "vmap") || *reader->left == '@')
		return look(reader, take_set(reader), &key);
	return is_constant(&key, take_word(reader), reader->trace->packet->family);
}

static bool read_map(Reader *reader)
{
	Parts key;

	return take_key(reader, &key) && take(reader, "map") ? look(reader, take_set(reader), &key) : lose(reader);
}

/* Where a packet goes on behind its last match. */
static enum rule_target follow(Reader *reader)
{
	if (!reader->trace->reads_on)
		return reader->has_found ? follow_map(reader) : TARGET_PLACE;
	for (enum verdict verdict = 0; verdict < N_VERDICTS && !*reader->trace->lost; verdict++)
		if (verdict_chain(verdict))
			walk(reader->trace, verdict_chain(verdict));
	return TARGET_PLACE;
}

/* Behind a way of no return a chain is at its end. */
static enum rule_target at_end(enum rule_target target)
{
	return target == TARGET_PLACE ? TARGET_RETURN : target;
}

/* TARGET_PLACE: the next rule has its turn; TARGET_RETURN: the chain is at its end. */
static enum rule_target read_rule(Reader *reader)
{
	while (*reader->left != '\0') {
		if (take(reader, "drop"))
			return decide(reader, TARGET_DROP, "drop");
		if (take(reader, "accept"))
			return decide(reader, TARGET_ACCEPT, "accept");
		if (take(reader, "masquerade"))
			return decide(reader, TARGET_MASQUERADE, "masquerade");
		if (take(reader, "return"))
			return TARGET_RETURN;
		if (take(reader, "jump"))
			return walk(reader->trace, take_word(reader));
		if (take(reader, "goto"))
			return at_end(walk(reader->trace, take_word(reader)));
		if (take(reader, "dnat ip to"))
			return read_map(reader) ? translate_destination(reader) : TARGET_PLACE;
		if (take(reader, "snat ip to"))
			return read_map(reader) ? decide(reader, TARGET_SNAT, "snat") : TARGET_PLACE;
		if (!take(reader, "counter") && !read_match(reader) && !reader->trace->reads_on)
			return TARGET_PLACE;
	}
	return at_end(follow(reader));
}

static enum rule_target walk(const Trace *trace, const char *chain)
{
	const char *text;

	for (guint i = 0; (text = skeleton_rule(trace->packet->family, chain, i)); i++) {
		Reader reader = { .trace = trace, .chain = chain, .text = text, .left = text };
		enum rule_target target = read_rule(&reader);

		if (target != TARGET_PLACE && !trace->reads_on)
			return target == TARGET_RETURN ? TARGET_PLACE : target;
	}
	return TARGET_PLACE;
}

enum rule_target nftables_trace(const Backend *backend G_GNUC_UNUSED, const Ruleset *ruleset, enum trace_hook hook,
				TracePacket *packet, TraceStep *ret)
{
	bool lost = false;
	const Trace trace = { .ruleset = ruleset, .packet = packet, .step = ret, .lost = &lost };
	enum rule_target target = TARGET_PLACE;

	*ret = (TraceStep){};
	for (guint i = 0; i < MAX_CHAINS && hooks[hook][i]; i++) {
		target = walk(&trace, hooks[hook][i]);
		if (target == TARGET_DROP || target == TARGET_DNAT)
			break;
	}
	return target;
}

bool nftables_trace_reads_all(enum family family)
{
	g_autoptr(Ruleset) nothing = ruleset_new();
	TracePacket packet = { .family = family };
	g_auto(TraceStep) step = {};
	bool lost = false;
	const Trace trace = { nothing, &packet, &step, true, &lost };

	for (enum trace_hook hook = 0; hook < G_N_ELEMENTS(hooks); hook++)
		for (guint i = 0; i < MAX_CHAINS && hooks[hook][i]; i++)
			walk(&trace, hooks[hook][i]);
	return !lost;
}
