/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/scenario/explain-round.h"

#include "tests/support/sctp.h"

#include <string.h>

guint below(Round *round, guint n)
{
	return g_rand_int_range(round->random, 0, n);
}

bool one_in(Round *round, guint n)
{
	return below(round, n) == 0;
}

const char *random_protocol(Round *round)
{
	static const char *const protocols[] = { "tcp", "tcp", "tcp", "udp", "udp", "sctp" };

	return protocols[below(round, G_N_ELEMENTS(protocols) - !sctp_possible())];
}

void say(Round *round, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_string_append_vprintf(round->log, format, arguments);
	va_end(arguments);
	g_string_append_c(round->log, '\n');
}

/* --- the world --- */

static Party *add_party(Round *round, int netns, guint network, const char *name)
{
	Party *party = &round->parties[round->n_parties++];

	party->netns = netns;
	party->network = network;
	g_strlcpy(party->name, name, sizeof party->name);
	return party;
}

const char *const host_addresses[N_HOST_ADDRESSES][2] = { { "192.0.2.1", "2001:db8:1::1" },
							  { "192.0.2.3", "2001:db8:2::1" },
							  { "198.51.100.1", "2001:db8:1::1" },
							  { "127.0.0.1", "::1" } };

/* UDP is answered from the address that was asked. */
static void add_machines(Round *round)
{
	static const char *const neighbours[][2] = { { "192.0.2.2", "2001:db8:1::2" },
						     { "198.51.100.2", "2001:db8:2::2" } };
	World *world = round->world;

	add_party(round, world->host, N_NETWORKS, "host");
	listener_open(world->host, "host", "tcp", NULL, PROGRAM_PORT);
	for (guint i = 0; i < G_N_ELEMENTS(host_addresses); i++) {
		listener_open(world->host, "host", "udp", host_addresses[i][0], PROGRAM_PORT);
		if (i != 2)
			listener_open(world->host, "host", "udp", host_addresses[i][1], PROGRAM_PORT);
	}
	for (guint i = 0; i < 2; i++) {
		int netns = i == 0 ? world->outside : world->elsewhere;
		Party *party = add_party(round, netns, N_NETWORKS, i == 0 ? "outside" : "elsewhere");

		for (guint family = 0; family < 2; family++)
			g_strlcpy(party->addresses[family], neighbours[i][family], sizeof party->addresses[family]);
		listener_open(netns, party->name, "tcp", NULL, PROGRAM_PORT);
		listener_open(netns, party->name, "udp", NULL, PROGRAM_PORT);
		listener_open(netns, party->name, "sctp", NULL, PROGRAM_PORT);
	}
	/* A peer that was sent a redirect is told of no route the later. */
	netns_sysctl(world->host, "net/ipv4/conf/all/send_redirects", "0");
	netns_sysctl(world->host, "net/ipv4/conf/default/send_redirects", "0");
	netns_sysctl(world->host, "net/ipv4/icmp_ratelimit", "0");
	netns_sysctl(world->host, "net/ipv4/icmp_msgs_per_sec", "100000");
	netns_sysctl(world->host, "net/ipv4/icmp_msgs_burst", "100000");
	netns_sysctl(world->host, "net/ipv6/icmp/ratelimit", "0");
}

static const char *random_source(Round *round)
{
	static const char *const sources[] = {
		"192.0.2.0/24",  "192.0.2.2",  "198.51.100.0/24", "2001:db8:1::/64", "2001:db8::/32",
		"172.30.0.0/16", "172.31.0.2", "fd00:30::/64",    "fd00:31::3",      "lo",
		"outside",       "br-n0",      "br-n1",           "0.0.0.0/32"
	};

	return sources[below(round, G_N_ELEMENTS(sources))];
}

static void allow_from(Round *round, const char *path, const char *interface)
{
	const char *a = random_source(round), *b = random_source(round), *c = random_source(round);
	guint n = below(round, 4);

	call(round->world->bus, path, interface, "Update", "a{sv}", 1, "AllowFrom", "as", n, a, b, c);
	say(round, "%s AllowFrom %u: %s %s %s", path, n, a, b, c);
}

static void lend_bridge(Round *round, guint i)
{
	int host = round->world->host;

	netns_run(host, "ip link add br-n%u type bridge", i);
	netns_run(host, "ip addr add 172.%u.0.1/16 dev br-n%u", 30 + i, i);
	netns_run(host, "ip addr add fd00:%u::1/64 dev br-n%u nodad", 30 + i, i);
	netns_run(host, "ip link set br-n%u up", i);
	say(round, "br-n%u is adopted", i);
}

static const char *random_mode(Round *round, bool internal)
{
	static const char *const modes[] = { "nat", "nat", "nat", "routed", "open", "isolated" };

	return internal ? "nat" : modes[below(round, G_N_ELEMENTS(modes))];
}

static void add_network(Round *round, guint i)
{
	g_autofree char *name = g_strdup_printf("n%u", i), *bridge = g_strdup_printf("br-n%u", i);
	g_autofree char *path = g_strdup_printf("/network/n%u", i);
	g_autofree char *subnet4 = g_strdup_printf("172.%u.0.0/16", 30 + i);
	g_autofree char *subnet6 = g_strdup_printf("fd00:%u::/64", 30 + i);
	guint families = 1 + below(round, 3); /* bits */
	bool internal = one_in(round, 6), communication = !one_in(round, 3), masquerade = !one_in(round, 5);
	const char *mode4 = random_mode(round, internal), *mode6 = random_mode(round, internal);

	if (one_in(round, 2))
		families = 3;
	if (families != 3)
		mode6 = mode4;
	if (one_in(round, 5) && !g_str_equal(mode4, "isolated") && !g_str_equal(mode6, "isolated"))
		lend_bridge(round, i);
	round->networks[i].internal = internal;
	round->networks[i].communication = communication;
	round->networks[i].has[0] = families & 1;
	round->networks[i].has[1] = families & 2;
	round->networks[i].modes[0] = mode4;
	round->networks[i].modes[1] = mode6;
	if (families == 3)
		call(round->world->bus, "", "Manager", "CreateNetwork", "sa{sv}", name, 6, "Bridge", "s", bridge,
		     "Internal", "b", internal, "InterContainerCommunication", "b", communication, "Masquerade", "b",
		     masquerade, "GatewayModes", "a{ss}", 2, "ipv4", mode4, "ipv6", mode6, "Subnets", "as", 2, subnet4,
		     subnet6);
	else
		call(round->world->bus, "", "Manager", "CreateNetwork", "sa{sv}", name, 6, "Bridge", "s", bridge,
		     "Internal", "b", internal, "InterContainerCommunication", "b", communication, "Masquerade", "b",
		     masquerade, "GatewayMode", "s", mode4, "Subnets", "as", 1, families & 1 ? subnet4 : subnet6);
	say(round, "network n%u%s%s: ipv4 %s, ipv6 %s%s%s", i, families & 1 ? " ipv4" : "", families & 2 ? " ipv6" : "",
	    mode4, mode6, internal ? ", internal" : "", communication ? "" : ", no communication");
	if (one_in(round, 3))
		allow_from(round, path, "Network");
}

static bool is_closed(const Round *round, guint network, guint family)
{
	return round->networks[network].internal || g_str_equal(round->networks[network].modes[family], "isolated");
}

/* Whether a port may be published in a network, and whether by an address of the host. */
static bool may_publish(const Round *round, guint network, bool *ret_translates)
{
	bool may = false;

	*ret_translates = false;
	for (guint family = 0; family < 2; family++) {
		if (!round->networks[network].has[family] || is_closed(round, network, family))
			continue;
		may = true;
		*ret_translates |= g_str_equal(round->networks[network].modes[family], "nat");
	}
	return may;
}

static void publish(Round *round, const char *path, guint network, const char *protocol)
{
	static const char *const addresses[] = {
		"", "", "", "192.0.2.1", "192.0.2.3", "198.51.100.1", "127.0.0.1", "2001:db8:1::1"
	};
	guint16 port = FIRST_ENDPOINT_PORT + below(round, N_ENDPOINT_PORTS);
	guint16 host_port = FIRST_HOST_PORT + round->host_ports->len;
	const char *address = addresses[below(round, G_N_ELEMENTS(addresses))];
	guint family = strchr(address, ':') != NULL;
	bool translates;

	if (!may_publish(round, network, &translates))
		return;
	/* A host address is of a family whose addresses are translated. */
	if (*address &&
	    (!round->networks[network].has[family] || !g_str_equal(round->networks[network].modes[family], "nat")))
		address = "";
	g_array_append_val(round->host_ports, host_port);
	if (!translates)
		host_port = 0;
	call(round->world->bus, path, "Endpoint", "Publish", "a(ssqqq)", 1, protocol, address, host_port, port, 1);
	say(round, "%s publishes %s %s:%u to %u", path, protocol, address, host_port, port);
}

static int add_container(Round *round, guint network, guint number, Party **ret)
{
	const bool *has = round->networks[network].has;
	g_autofree char *bridge = g_strdup_printf("br-n%u", network),
			*name = g_strdup_printf("n%u/e%u", network, number);
	g_autofree char *own4 = g_strdup_printf("172.%u.0.%u", 30 + network, 2 + number);
	g_autofree char *own6 = g_strdup_printf("fd00:%u::%u", 30 + network, 2 + number);
	g_autofree char *place4 = g_strconcat(own4, "/16", NULL), *place6 = g_strconcat(own6, "/64", NULL);
	g_autofree char *gateway4 = g_strdup_printf("172.%u.0.1", 30 + network);
	g_autofree char *gateway6 = g_strdup_printf("fd00:%u::1", 30 + network);
	const Place place = { bridge, has[0] ? place4 : NULL, gateway4, has[1] ? place6 : NULL, gateway6 };
	int netns = world_container(round->world, &place);
	Party *party = add_party(round, netns, network, name);

	g_strlcpy(party->addresses[0], has[0] ? own4 : "", sizeof party->addresses[0]);
	g_strlcpy(party->addresses[1], has[1] ? own6 : "", sizeof party->addresses[1]);
	for (guint i = 0; i < N_ENDPOINT_PORTS; i++) {
		listener_open(netns, name, "tcp", NULL, FIRST_ENDPOINT_PORT + i);
		listener_open(netns, name, "udp", NULL, FIRST_ENDPOINT_PORT + i);
		listener_open(netns, name, "sctp", NULL, FIRST_ENDPOINT_PORT + i);
	}
	listener_open(netns, name, "tcp", NULL, INGRESS_PORT);
	listener_open(netns, name, "sctp", NULL, INGRESS_PORT);
	*ret = party;
	return netns;
}

static void add_endpoint(Round *round, guint network, guint number)
{
	g_autofree char *name = g_strdup_printf("e%u", number), *parent = g_strdup_printf("/network/n%u", network);
	g_autofree char *path = g_strconcat(parent, "/endpoint/", name, NULL);
	const bool *has = round->networks[network].has;
	Party *party;

	add_container(round, network, number, &party);
	call(round->world->bus, parent, "Network", "CreateEndpoint", "sa{sv}", name, 1, "Addresses", "as",
	     has[0] && has[1] ? 2 : 1, party->addresses[has[0] ? 0 : 1], party->addresses[1]);
	for (guint n = below(round, 4); n > 0; n--)
		publish(round, path, network, random_protocol(round));
	if (one_in(round, 4))
		allow_from(round, path, "Endpoint");
}

/* The first endpoint of a network without communication reaches a port of the second. */
static void link_endpoints(Round *round, guint network)
{
	g_autofree char *parent = g_strdup_printf("/network/n%u/endpoint/e0", network);
	g_autofree char *child = g_strdup_printf("/org/example/NetFilter/network/n%u/endpoint/e1", network);

	if (round->networks[network].communication || one_in(round, 2) ||
	    (is_closed(round, network, 0) && is_closed(round, network, 1)))
		return;
	call(round->world->bus, parent, "Endpoint", "Link", "oa(sq)", child, 1, "tcp", 80);
	say(round, "n%u/e0 is linked to e1, tcp 80", network);
}

static void add_ingress(Round *round)
{
	const Party *party = &round->parties[N_MACHINES + below(round, round->n_parties - N_MACHINES)];
	guint family = *party->addresses[0] && one_in(round, 2) ? 0 : 1;

	if (!*party->addresses[family])
		family = !family;
	if (is_closed(round, party->network, family))
		return;
	call(round->world->bus, "", "Manager", "CreateIngress", "sa{sv}", "front", 2, "Gateway", "s",
	     party->addresses[family], "Ports", "a(sq)", 2, "tcp", INGRESS_PORT, "sctp", INGRESS_PORT);
	say(round, "ingress to %s", party->addresses[family]);
	if (one_in(round, 3))
		allow_from(round, "/ingress/front", "Ingress");
}

static void add_foreign_chain(Round *round)
{
	static const char *const families[] = { "ip", "ip6", "inet" };
	const char *family = families[below(round, G_N_ELEMENTS(families))];

	netns_run(round->world->host, "nft add table %s others", family);
	netns_run(round->world->host,
		  "nft 'add chain %s others pass { type filter hook forward priority 10; policy drop; }'", family);
	say(round, "%s others pass drops", family);
}

/* --- the administrator's own rules --- */

/* What an administrator asks of a packet; "" for nothing. */
static char *random_match(Round *round, guint family)
{
	static const char *const sources[][6] = {
		{ "192.0.2.0/24", "192.0.2.2", "198.51.100.0/24", "172.30.0.0/16", "172.31.0.2", "172.16.0.0/12" },
		{ "2001:db8:1::/64", "2001:db8:1::2", "2001:db8:2::/64", "fd00:30::/64", "fd00:31::2", "fd00::/8" },
	};
	static const char *const interfaces[] = { "outside", "elsewhere", "br-n0", "br-n1", "br-+" };
	const char *inverted = one_in(round, 4) ? "! " : "";

	switch (below(round, 10)) {
	case 0:
		return g_strdup_printf("%s-i %s", inverted, interfaces[below(round, G_N_ELEMENTS(interfaces))]);
	case 1:
		return g_strdup_printf("%s-o %s", inverted, interfaces[below(round, G_N_ELEMENTS(interfaces))]);
	case 2:
		return g_strdup_printf("%s-d %s", inverted, sources[family][3 + below(round, 3)]);
	case 3:
		return g_strdup_printf("-p tcp %s--dport %u", inverted,
				       FIRST_ENDPOINT_PORT + below(round, N_ENDPOINT_PORTS));
	case 4:
		return g_strdup_printf("-p udp -m multiport %s--dports 80,81:82", inverted);
	case 5:
		return g_strdup_printf("-m conntrack %s--ctstate DNAT", inverted);
	case 6:
		return g_strdup_printf("-p tcp -m conntrack %s--ctorigdstport %u", inverted,
				       FIRST_HOST_PORT + below(round, 4));
	case 7:
		return g_strdup_printf("%s-p %s", inverted, random_protocol(round));
	default:
		return g_strdup_printf("%s-s %s", inverted, sources[family][below(round, G_N_ELEMENTS(*sources))]);
	}
}

static void add_user_rule(Round *round, guint family)
{
	static const char *const targets[] = { "DROP", "DROP", "REJECT", "RETURN", "ACCEPT", "OWN" };
	const char *chain = one_in(round, 4) ? "OWN" : "DOCKER-USER";
	const char *target = targets[below(round, G_N_ELEMENTS(targets) - (*chain == 'O'))];
	const char *tool = family ? "ip6tables-legacy" : "iptables-legacy";
	g_autofree char *match = random_match(round, family),
			*other = one_in(round, 3) ? random_match(round, family) : NULL;
	/* Of which Explain() can only say that it is there. */
	const char *unread = one_in(round, 8) ? "-m mark --mark 7" : "";

	if (other && other[strspn(other, "! -")] == match[strspn(match, "! -")])
		g_clear_pointer(&other, g_free);
	netns_run(round->world->host, "%s -A %s %s %s %s -j %s", tool, chain, match, other ?: "", unread, target);
	say(round, "%s -A %s %s %s %s -j %s", tool, chain, match, other ?: "", unread, target);
}

/* Answers pass: a verdict is of who begins. */
static void add_user_chains(Round *round)
{
	static const char *const tools[] = { "iptables-legacy", "ip6tables-legacy" };

	for (guint family = 0; family < G_N_ELEMENTS(tools); family++) {
		netns_run(round->world->host, "%s -N DOCKER-USER", tools[family]);
		netns_run(round->world->host, "%s -N OWN", tools[family]);
		netns_run(round->world->host,
			  "%s -A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment answers "
			  "-j ACCEPT",
			  tools[family]);
		for (guint n = 1 + below(round, 5); n > 0; n--)
			add_user_rule(round, family);
	}
}

void round_build(Round *round)
{
	guint16 fixed[] = { INGRESS_PORT, PROGRAM_PORT, NOBODYS_PORT };
	g_autofree char *rp_filter = g_strdup_printf("%u", below(round, 3));

	netns_sysctl(round->world->host, "net/ipv4/conf/all/rp_filter", rp_filter);
	add_machines(round);
	if (!world_has_nftables() && one_in(round, 3))
		add_user_chains(round);
	round->n_networks = 1 + below(round, N_NETWORKS);
	for (guint i = 0; i < round->n_networks; i++)
		add_network(round, i);
	for (guint i = 0; i < round->n_networks; i++) {
		for (guint e = 0; e < ENDPOINTS; e++)
			add_endpoint(round, i, e);
		link_endpoints(round, i);
	}
	if (one_in(round, 3))
		add_ingress(round);
	if (one_in(round, 8))
		add_foreign_chain(round);
	g_array_append_vals(round->host_ports, fixed, G_N_ELEMENTS(fixed));
	for (guint16 port = FIRST_ENDPOINT_PORT; port < FIRST_ENDPOINT_PORT + N_ENDPOINT_PORTS; port++)
		g_array_append_val(round->host_ports, port);
}
