/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/chains.h"

#define BOTH (1 << FAMILY_IPV4 | 1 << FAMILY_IPV6)
#define IPV4 (1 << FAMILY_IPV4)
#define IPV6 (1 << FAMILY_IPV6)

/* For every number of gateways that share connections. */
#define TEN(each, n) \
	each(n##0) each(n##1) each(n##2) each(n##3) each(n##4) each(n##5) each(n##6) each(n##7) each(n##8) each(n##9)
#define COUNTS(each)                                                                                           \
	each(2) each(3) each(4) each(5) each(6) each(7) each(8) each(9) TEN(each, 1) TEN(each, 2) TEN(each, 3) \
		TEN(each, 4) TEN(each, 5) each(60) each(61) each(62) each(63) each(64)
#define SPREAD(n) "spread_" #n
G_STATIC_ASSERT(GATEWAYS_MAX == 64);

/*
 * The administrator's and others' DNAT at -100 comes after ingresses and before published ports. Isolation is asked
 * before conntrack: what was established while the rules were away ends with them.
 */
static const ChainInfo chains[] = {
	{ "guard", IPV4, "filter", NF_INET_PRE_ROUTING, -300 },
	{ "resets", BOTH, "filter", NF_INET_LOCAL_OUT, -150 },
	{ "ingress_prerouting", BOTH, "nat", NF_INET_PRE_ROUTING, -110 },
	{ "ingress_output", BOTH, "nat", NF_INET_LOCAL_OUT, -110 },
#define SPREAD_CHAIN(n) { SPREAD(n), BOTH },
	/* clang-format off */
	COUNTS(SPREAD_CHAIN)
	/* clang-format on */
	{ "prerouting", BOTH, "nat", NF_INET_PRE_ROUTING, -95 },
	{ "output", BOTH, "nat", NF_INET_LOCAL_OUT, -95 },
	{ "ports", BOTH },
	{ "postrouting", BOTH, "nat", NF_INET_POST_ROUTING, 95 },
	{ "allow_forward", BOTH, "filter", NF_INET_FORWARD, -5 },
	{ "limits", BOTH },
	{ "cap", BOTH },
	{ "limits_ingress", BOTH },
	{ "limits_endpoint", BOTH },
	{ "limits_network", BOTH },
	{ "allow_host", BOTH, "filter", NF_INET_POST_ROUTING, 90 },
	{ "limits_host", BOTH },
	{ "cap_host", BOTH },
	{ "host_ingress", BOTH },
	{ "host_endpoint", BOTH },
	{ "host_network", BOTH },
	{ "denied_all", BOTH },
	{ "denied", BOTH },
	{ "denied_ingress", BOTH },
	{ CHAIN_FORWARD, BOTH, "filter", NF_INET_FORWARD, 0 },
	{ "from_bridge", BOTH },
	{ "to_bridge", BOTH },
	{ "to_endpoint", BOTH },
	{ "crossing", BOTH },
	{ "closed", BOTH },
};

#define INGRESS_PORT "ip daddr . meta l4proto . th dport @ingress_reachable"
#define TO_INGRESS INGRESS_PORT " accept"
#define FROM_INGRESS \
	"ct state established,related ct direction reply ip saddr . meta l4proto . th sport @ingress_reachable accept"
#define PUBLISHED_PORT "oifname . ip daddr . meta l4proto . th dport @reachable"
#define STRETCH_PORT "oifname . ip daddr . meta l4proto . th dport @reachable_stretch"
#define TO_PUBLISHED PUBLISHED_PORT " accept"
#define TO_STRETCH STRETCH_PORT " accept"

#define CAPPED(from, to)                                       \
	{ from, "ip daddr & 0.0.0.0 @capped jump " to, IPV4 }, \
	{                                                      \
		from, "ip daddr & :: @capped jump " to, IPV6   \
	}

#define TO_GATEWAY "ct state related ip daddr @ingress_gateways accept"
#define TO_SPREAD "fib daddr type local meta l4proto . th dport vmap @ingress_spread"
#define TO_SHARE(n) "dnat ip to meta l4proto . th dport . numgen inc mod " #n " map @ingress_shares"

/* In the order in which they stand in their chain. */
static const RuleInfo rules[] = {
	{ "guard", "ip daddr 127.0.0.0/8 iifname @guarded drop", IPV4 },
	{ "guard", "ip saddr 127.0.0.0/8 iifname @guarded drop", IPV4 },

	{ "resets", "ct state invalid tcp flags rst ip daddr & 0.0.0.0 @strays drop", IPV4 },
	{ "resets", "ct state invalid tcp flags rst ip daddr & :: @strays drop", IPV6 },

	/* What is for 127.0.0.0/8 and was not sent by this host has no business here. */
	{ "ingress_prerouting", "ip daddr 127.0.0.0/8 return", IPV4 },
	{ "ingress_prerouting", TO_SPREAD, BOTH },
	{ "ingress_prerouting", "fib daddr type local dnat ip to meta l4proto . th dport map @ingress_ports", BOTH },

	/* A connection from ::1 cannot be answered from another interface: forwarded, it would hang. */
	{ "ingress_output", "ip daddr ::1 return", IPV6 },
	{ "ingress_output", TO_SPREAD, BOTH },
	{ "ingress_output", "fib daddr type local dnat ip to meta l4proto . th dport map @ingress_ports", BOTH },

/*
 * In turn, so that the shares are even. There are two rows of turns, and which one a connection stands in is by chance:
 * ports that are always asked for one after the other would have a gateway each if they shared one.
 */
#define SPREAD_RULES(n) { SPREAD(n), "numgen random mod 2 0 " TO_SHARE(n), BOTH }, { SPREAD(n), TO_SHARE(n), BOTH },
	/* clang-format off */
	COUNTS(SPREAD_RULES)
	/* clang-format on */

	{ "prerouting", "iifname @passed_by return", BOTH },
	{ "prerouting", "ip daddr 127.0.0.0/8 return", IPV4 },
	{ "prerouting", "ip saddr fe80::/10 return", IPV6 },
	{ "prerouting", "fib daddr type local goto ports", BOTH },

	{ "output", "ip daddr & 255.0.0.0 @localhost goto ports", IPV4 },
	{ "output", "ip daddr 127.0.0.0/8 return", IPV4 },
	{ "output", "ip daddr ::1 return", IPV6 },
	{ "output", "fib daddr type local goto ports", BOTH },

	{ "ports", "dnat ip to meta l4proto . th dport map @published", BOTH },
	{ "ports", "dnat ip to ip daddr . meta l4proto . th dport map @published_at", BOTH },
	{ "ports", "dnat ip to meta l4proto . th dport map @stretch", BOTH },
	{ "ports", "dnat ip to ip daddr . meta l4proto . th dport map @stretch_at", BOTH },

	/* The answer to what comes back into its own network must come by this host as well. */
	{ "postrouting", "oifname @local_out fib saddr type local masquerade", BOTH },
	{ "postrouting", "ip daddr . meta l4proto . th dport @ingress_masqueraded masquerade", BOTH },
	{ "postrouting", "ct status dnat oifname . ip saddr @at_home masquerade", BOTH },
	{ "postrouting", "oifname . ip saddr @at_home return", BOTH },
	{ "postrouting", "snat ip to ip saddr map @sources_at", BOTH },
	{ "postrouting", "ip saddr @sources masquerade", BOTH },

	/* Whatever connection it is of: who is not let through any more ends at once. */
	{ "allow_forward", "oifname @limited_out goto limits", BOTH },
	CAPPED("limits", "cap"),
	{ "limits", "ip daddr . meta l4proto . th dport @limited_ingress goto limits_ingress", BOTH },
	{ "limits", "ip daddr @limited goto limits_endpoint", BOTH },
	{ "limits", "ip daddr @limited_nets goto limits_network", BOTH },

	{ "cap", "ip saddr @ceiling return", BOTH },
	{ "cap", "iifname @ceiling_by return", BOTH },
	{ "cap", "goto denied_all", BOTH },

	/*
	 * What differs from element to element comes first in a key of intervals: behind a field that all have in
	 * common, every one of them would be followed into the next field.
	 */
	{ "limits_ingress", "ip saddr . ip daddr . meta l4proto . th dport @allowed_ingress return", BOTH },
	{ "limits_ingress", "ip daddr . meta l4proto . th dport . iifname @allowed_ingress_by return", BOTH },
	{ "limits_ingress", "goto denied_ingress", BOTH },

	{ "limits_endpoint", "ip saddr . ip daddr @allowed return", BOTH },
	{ "limits_endpoint", "ip daddr . iifname @allowed_by return", BOTH },
	{ "limits_endpoint", "goto denied", BOTH },

	{ "limits_network", "ip saddr . ip daddr @allowed_nets return", BOTH },
	{ "limits_network", "iifname . ip daddr @allowed_nets_by return", BOTH },
	{ "limits_network", "goto denied", BOTH },

	/* The same for what this host itself sends; only here is it known where that goes. */
	{ "allow_host", "oifname @limited_out fib saddr type local goto limits_host", BOTH },
	CAPPED("limits_host", "cap_host"),
	{ "limits_host", "ip daddr . meta l4proto . th dport @limited_ingress goto host_ingress", BOTH },
	{ "limits_host", "ip daddr @limited goto host_endpoint", BOTH },
	{ "limits_host", "ip daddr @limited_nets goto host_network", BOTH },

	{ "cap_host", "ip daddr & 0.0.0.0 @ceiling_host return", IPV4 },
	{ "cap_host", "ip daddr & :: @ceiling_host return", IPV6 },
	{ "cap_host", "goto denied_all", BOTH },

	{ "host_ingress", "ip daddr . meta l4proto . th dport @allowed_ingress_host return", BOTH },
	{ "host_ingress", "goto denied_ingress", BOTH },

	{ "host_endpoint", "ip daddr @allowed_host return", BOTH },
	{ "host_endpoint", "goto denied", BOTH },

	{ "host_network", "ip daddr @allowed_nets_host return", BOTH },
	{ "host_network", "goto denied", BOTH },

	{ "denied_all", "jump denied", BOTH },
	{ "denied_all", "goto denied_ingress", BOTH },

	/* Of a long range the endpoint's own connections may begin at any port. */
	{ "denied", PUBLISHED_PORT " counter drop", BOTH },
	{ "denied", STRETCH_PORT " ct direction original counter drop", BOTH },

	{ "denied_ingress", INGRESS_PORT " counter drop", BOTH },

	{ CHAIN_FORWARD, "iifname . oifname vmap @inside", BOTH },
	{ CHAIN_FORWARD, "iifname vmap @leaving", BOTH },
	{ CHAIN_FORWARD, "oifname vmap @entering", BOTH },
	{ CHAIN_FORWARD, TO_INGRESS, BOTH },
	{ CHAIN_FORWARD, FROM_INGRESS, BOTH },
	{ CHAIN_FORWARD, TO_GATEWAY, BOTH },
	{ CHAIN_FORWARD, "iifname @forwarded accept", BOTH },
	{ CHAIN_FORWARD, "oifname @forwarded ct state established,related accept", BOTH },

	{ "from_bridge", "ct state invalid meta l4proto tcp ip daddr & 0.0.0.0 @strays drop", IPV4 },
	{ "from_bridge", "ct state invalid meta l4proto tcp ip daddr & :: @strays drop", IPV6 },
	{ "from_bridge", "oifname @bridges goto crossing", BOTH },
	{ "from_bridge", "accept", BOTH },

	{ "to_bridge", "ct state established,related accept", BOTH },
	{ "to_bridge", "ct status dnat goto to_endpoint", BOTH },
	{ "to_bridge", "oifname @routed jump to_endpoint", BOTH },
	{ "to_bridge", "oifname @open accept", BOTH },
	{ "to_bridge", "oifname @protected counter drop", BOTH },
	{ "to_bridge", "oifname . ip daddr @protected_at counter drop", BOTH },
	{ "to_bridge", "goto to_endpoint", BOTH },

	{ "to_endpoint", TO_PUBLISHED, BOTH },
	{ "to_endpoint", TO_STRETCH, BOTH },
	{ "to_endpoint", TO_INGRESS, BOTH },

	{ "crossing", "ct status dnat " TO_INGRESS, BOTH },
	{ "crossing", FROM_INGRESS, BOTH },
	{ "crossing", TO_GATEWAY, BOTH },
	{ "crossing", "iifname @callers ct status dnat " TO_PUBLISHED, BOTH },
	{ "crossing", "iifname @callers ct status dnat " TO_STRETCH, BOTH },
	{ "crossing", "oifname @callers ct status dnat ct state established,related ct direction reply accept", BOTH },
	{ "crossing", "iifname @callers ct status dnat ct state related accept", BOTH },
	{ "crossing", "oifname @routed " TO_PUBLISHED, BOTH },
	{ "crossing", "oifname @routed " TO_STRETCH, BOTH },
	{ "crossing", "oifname @routed ct state related accept", BOTH },
	{ "crossing", "iifname @routed ct state established,related accept", BOTH },
	{ "crossing", "oifname @protected counter drop", BOTH },
	{ "crossing", "oifname . ip daddr @protected_at counter drop", BOTH },
	{ "crossing", TO_INGRESS, BOTH },
	{ "crossing", "counter drop", BOTH },

	{ "closed", "ct state established,related accept", BOTH },
	{ "closed", "ip saddr . ip daddr . meta l4proto . th dport @links accept", BOTH },
	{ "closed", "icmpv6 type nd-neighbor-solicit iifname @neighbours accept", IPV6 },
	{ "closed", "icmpv6 type nd-neighbor-advert iifname @neighbours accept", IPV6 },
	{ "closed", "iifname @callers ct status dnat " TO_PUBLISHED, BOTH },
	{ "closed", "iifname @callers ct status dnat " TO_STRETCH, BOTH },
	{ "closed", "ct status dnat " TO_INGRESS, BOTH },
	{ "closed", "counter drop", BOTH },
};

const char *verdict_chain(enum verdict verdict)
{
	static const char *const names[N_VERDICTS] = {
		[VERDICT_CLOSED] = "closed",
		[VERDICT_FROM_BRIDGE] = "from_bridge",
		[VERDICT_TO_BRIDGE] = "to_bridge",
#define SPREAD_NAME(n) [VERDICT_SPREAD + n - 2] = SPREAD(n),
		/* clang-format off */
		COUNTS(SPREAD_NAME)
		/* clang-format on */
	};

	return names[verdict];
}

enum verdict verdict_spread(guint gateways)
{
	g_assert(gateways >= 2 && gateways <= GATEWAYS_MAX);
	return VERDICT_SPREAD + gateways - 2;
}

const ChainInfo *table_chain(guint i)
{
	return i < G_N_ELEMENTS(chains) ? &chains[i] : NULL;
}

const RuleInfo *table_rule(guint i)
{
	return i < G_N_ELEMENTS(rules) ? &rules[i] : NULL;
}
