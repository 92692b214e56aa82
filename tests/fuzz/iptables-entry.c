/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/entry.h"
#include "service/iptables/layout.h"
#include "tests/fuzz/fuzz.h"

/*
 * An entry as the kernel may have it, any that it takes: one of ours in which some bytes are others. One that is taken
 * for ours has its digest.
 */

typedef struct Extension {
	guint16 size;
	char name[30];
} Extension;

typedef struct Shape {
	gsize head;
	guint16 target, end;
} Shape;

static Shape shape_of(enum family family, const guint8 *bytes)
{
	const struct ip6t_entry *ipv6 = (const void *)bytes;
	const struct ipt_entry *ipv4 = (const void *)bytes;

	return family == FAMILY_IPV4 ? (Shape){ sizeof *ipv4, ipv4->target_offset, ipv4->next_offset }
				     : (Shape){ sizeof *ipv6, ipv6->target_offset, ipv6->next_offset };
}

/* As xt_check_entry_offsets() and xt_check_entry_match() of the kernel. */
static bool kernel_takes(enum family family, const guint8 *bytes, gsize size)
{
	Shape shape = shape_of(family, bytes);
	gsize at = shape.head;
	guint16 extension;

	if (shape.end > size || shape.target < shape.head || shape.end % 8 != 0 ||
	    shape.target + sizeof(struct xt_entry_target) > shape.end)
		return false;
	for (; at < shape.target; at += extension) {
		memcpy(&extension, bytes + at, sizeof extension);
		if (at + sizeof(struct xt_entry_match) > shape.target || at % 8 != 0 ||
		    extension < sizeof(struct xt_entry_match) || at + extension > shape.target)
			return false;
	}
	memcpy(&extension, bytes + at, sizeof extension);
	return at == shape.target && at % 8 == 0 && extension >= sizeof(struct xt_entry_target) &&
	       at + extension <= shape.end;
}

static Rule rule_from(Input *input, enum family family)
{
	static const guint8 protocols[] = { 0, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };
	Rule rule = { .family = family };
	guint8 what = input_byte(input);

	rule.place = what % N_PLACES;
	rule.protocol = protocols[what >> 6];
	rule.target = input_byte(input) % 2 ? TARGET_DNAT : TARGET_ACCEPT;
	what = input_byte(input);
	if (what & 1)
		g_strlcpy(rule.in, "br-web", sizeof rule.in);
	if (what & 2)
		rule.addrtype = ADDRTYPE_SOURCE_LOCAL;
	if (what & 4)
		rule.state = STATE_DNAT;
	if (what & 8 && rule.protocol)
		rule.destination_port[0] = rule.destination_port[1] = 80;
	return rule;
}

/* What the kernel gives back of a verdict: no name, which libiptc finds by the number. */
static void unname_verdict(guint8 *target)
{
	Extension *extension = (void *)target;

	if (extension->size == XT_ALIGN(sizeof(struct xt_standard_target)))
		memset(extension->name, 0, sizeof extension->name);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	static xt_chainlabel names[N_CHAINS];
	Input input = { data, size };
	enum family family = input_byte(&input) % N_FAMILIES;
	Rule rule = rule_from(&input, family);
	Entry ours;
	ActualEntry actual = { .target = input_byte(&input) % 2 ? IPTC_LABEL_ACCEPT : IPTC_LABEL_DROP };
	g_autofree guint8 *bytes = NULL;
	gsize length;

	entry_encode(&rule, names, &ours);
	length = shape_of(family, ours.bytes).end + input_byte(&input) / 8 * 8;
	bytes = g_malloc0(length);
	memcpy(bytes, ours.bytes, shape_of(family, ours.bytes).end);
	unname_verdict(bytes + shape_of(family, ours.bytes).target);
	while (input.size > 0) {
		gsize at = input_word(&input) % length;

		bytes[at] ^= input_byte(&input);
	}
	if (!kernel_takes(family, bytes, length))
		return 0;
	actual.entry = bytes;
	actual.digest = entry_digest(family, bytes, actual.target);
	if (entry_equal(family, &ours, &actual))
		g_assert_cmphex(actual.digest, ==, entry_digest(family, &ours, NULL));
	entry_counters(family, bytes);
	return 0;
}
