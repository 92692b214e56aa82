/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/sctp.h"
#include "tests/support/world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * What Explain says of packets, and what became of them: random ones, over random configurations. A round is a world.
 * $EXPLAIN_ROUNDS are run, and the first has the seed $EXPLAIN_SEED, the next one more: what fails says which it was.
 * The same is tried each time unless another seed is given, so that what fails is the work of a change.
 */

enum { ROUNDS = 10, PACKETS = 200, N_NETWORKS = 3, ENDPOINTS = 2, MAX_PARTIES = 3 + N_NETWORKS * ENDPOINTS };

/* Somebody who sends and answers. */
typedef struct Party {
	char name[32];
	int netns;
	char addresses[2][INET6_ADDRSTRLEN]; /* by family; "": none */
	guint network;                       /* N_NETWORKS: none */
} Party;

typedef struct Round {
	World *world;
	GRand *random;
	guint32 seed;
	GString *log;
	struct {
		bool internal, communication, has[2];
		const char *modes[2];
	} networks[N_NETWORKS];
	guint n_networks;
	Party parties[MAX_PARTIES];
	guint n_parties;
	GArray *host_ports; /* guint16: published */
} Round;

/* Of all rounds. */
static guint n_answered, n_silent;
static bool has_sctp; /* that is asked by raw packets */

enum { HOST, OUTSIDE, ELSEWHERE, N_MACHINES };

static const guint16 endpoint_ports[] = { 80, 81, 82 };
enum { PROGRAM_PORT = 7000, NOBODYS_PORT = 6999, INGRESS_PORT = 9000, FIRST_HOST_PORT = 8000 };

static guint below(Round *round, guint n)
{
	return g_rand_int_range(round->random, 0, n);
}

static bool one_in(Round *round, guint n)
{
	return below(round, n) == 0;
}

static const char *random_protocol(Round *round)
{
	static const char *const protocols[] = { "tcp", "tcp", "tcp", "udp", "udp", "sctp" };

	return protocols[below(round, G_N_ELEMENTS(protocols) - !has_sctp)];
}

static void say(Round *round, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void say(Round *round, const char *format, ...)
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

static const char *const host_addresses[][2] = { { "192.0.2.1", "2001:db8:1::1" },
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
	guint16 port = endpoint_ports[below(round, G_N_ELEMENTS(endpoint_ports))];
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
	for (guint i = 0; i < G_N_ELEMENTS(endpoint_ports); i++) {
		listener_open(netns, name, "tcp", NULL, endpoint_ports[i]);
		listener_open(netns, name, "udp", NULL, endpoint_ports[i]);
		listener_open(netns, name, "sctp", NULL, endpoint_ports[i]);
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
		return g_strdup_printf("-p tcp %s--dport %u", inverted, endpoint_ports[below(round, 3)]);
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

static void build(Round *round)
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
	g_array_append_vals(round->host_ports, endpoint_ports, G_N_ELEMENTS(endpoint_ports));
}

/* --- packets --- */

typedef struct Asked {
	const Party *from;
	char source[INET6_ADDRSTRLEN], destination[INET6_ADDRSTRLEN];
	char interface[IFNAMSIZ]; /* "": the service is to find it out */
	guint16 port;
	const char *protocol;
	char verdict[16];
	char *steps;
} Asked;

static void choose_party(Round *round, Asked *asked, guint family)
{
	const Party *to = &round->parties[OUTSIDE + below(round, round->n_parties - OUTSIDE)];

	g_strlcpy(asked->destination, to->addresses[family], sizeof asked->destination);
	/* Where they listen, so that a reset is not theirs. */
	asked->port =
		to->network == N_NETWORKS ? PROGRAM_PORT : endpoint_ports[below(round, G_N_ELEMENTS(endpoint_ports))];
	if (to->network != N_NETWORKS && one_in(round, 6)) {
		asked->port = INGRESS_PORT;
		asked->protocol = has_sctp && one_in(round, 3) ? "sctp" : "tcp";
	}
}

static void choose_host(Round *round, Asked *asked, guint family)
{
	guint n_addresses = G_N_ELEMENTS(host_addresses) - (asked->from->netns == round->world->host ? 0 : 1);
	guint which = below(round, n_addresses + 1), network = below(round, round->n_networks);

	asked->port = g_array_index(round->host_ports, guint16, below(round, round->host_ports->len));
	if (which < n_addresses)
		g_strlcpy(asked->destination, host_addresses[which][family], sizeof asked->destination);
	else if (round->networks[network].has[family] &&
		 !g_str_equal(round->networks[network].modes[family], "isolated"))
		g_snprintf(asked->destination, sizeof asked->destination, family ? "fd00:%u::1" : "172.%u.0.1",
			   30 + network);
}

static bool is_own(const Asked *asked, guint family)
{
	return g_str_equal(asked->destination, asked->from->addresses[family]);
}

/* What the kernel has the sender call itself. */
static bool find_source(Asked *asked)
{
	struct sockaddr_storage address;
	socklen_t length = socket_address(asked->destination, asked->port, &address);
	int fd = socket_there(asked->from->netns, address.ss_family, "udp");
	bool ok = connect(fd, (struct sockaddr *)&address, length) == 0 &&
		  getsockname(fd, (struct sockaddr *)&address, &length) == 0;

	close(fd);
	if (ok)
		inet_ntop(address.ss_family,
			  address.ss_family == AF_INET ? (void *)&((struct sockaddr_in *)&address)->sin_addr
						       : (void *)&((struct sockaddr_in6 *)&address)->sin6_addr,
			  asked->source, sizeof asked->source);
	return ok;
}

/* It is the one that the service would find out. */
static void choose_interface(Asked *asked)
{
	if (asked->from->network == N_NETWORKS)
		g_strlcpy(asked->interface, asked->from->name, sizeof asked->interface);
	else
		g_snprintf(asked->interface, sizeof asked->interface, "br-n%u", asked->from->network);
}

static bool try_choose(Round *round, Asked *asked)
{
	guint family = below(round, 2), kind = below(round, 10);

	*asked = (Asked){ .from = &round->parties[below(round, round->n_parties)], .protocol = random_protocol(round) };
	if (kind < 5) {
		choose_host(round, asked, family);
	} else if (kind < 9) {
		choose_party(round, asked, family);
	} else {
		g_strlcpy(asked->destination, family ? "2001:db8:ffff::9" : "203.0.113.9", sizeof asked->destination);
		asked->port = 80;
	}
	if (asked->from->netns != round->world->host && one_in(round, 2))
		choose_interface(asked);
	return *asked->destination && !is_own(asked, family) && find_source(asked);
}

static void explain(Round *round, Asked *asked)
{
	const char *verdict, *about, *object, *rule, *words;
	GString *steps = g_string_new(NULL);
	sd_bus_message *reply =
		call_reply(round->world->bus, "", "Manager", "Explain", "a{sv}", *asked->interface ? 5 : 4, "Source",
			   "s", asked->source, "Destination", "s", asked->destination, "Protocol", "s", asked->protocol,
			   "Port", "q", asked->port, "InInterface", "s", asked->interface);

	g_assert_cmpint(sd_bus_message_read(reply, "s", &verdict), >=, 0);
	g_strlcpy(asked->verdict, verdict, sizeof asked->verdict);
	g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "(soss)"), >=, 0);
	while (sd_bus_message_read(reply, "(soss)", &about, &object, &rule, &words) > 0)
		g_string_append_printf(steps, "\n  %s %s [%s] %s", about, object, rule, words);
	sd_bus_message_unref(reply);
	asked->steps = g_string_free(steps, FALSE);
}

static bool is_so(const Asked *asked, const char *result)
{
	bool answered = strstr(result, " from ") != NULL;
	/* The host is told of what its own rules drop. */
	bool silent = g_str_equal(result, "silence") || g_str_equal(result, g_strerror(EPERM));

	if (g_str_equal(asked->verdict, "accepted") || g_str_equal(asked->verdict, "not ours"))
		return answered;
	return g_str_equal(asked->verdict, "dropped") ? silent : !answered && !silent;
}

static void judge(Round *round, const Asked *asked, const char *result)
{
	bool so = is_so(asked, result);

	n_answered += strstr(result, " from ") != NULL;
	n_silent += g_str_equal(result, "silence");
	if (so && !g_getenv("EXPLAIN_VERBOSE"))
		return;
	if (!so)
		g_test_fail();
	g_test_message("%sEXPLAIN_SEED=%u %s %s %s > %s port %u: \"%s\", and it was %s%s", so ? "" : "WRONG ",
		       round->seed, asked->from->name, asked->protocol, asked->source, asked->destination, asked->port,
		       asked->verdict, result, asked->steps);
}

/* The kernel says to one peer once a second that there is no route, after the first few: whoever was told nothing asks
 * again. */
static void ask_again(const Asked *asked, Probe *probe)
{
	if (!g_str_equal(asked->verdict, "refused") || !g_str_equal(probe->result, "silence"))
		return;
	g_usleep(1100000);
	g_free(probe->result);
	probe_all(probe, 1);
}

static void ask_all(Round *round, guint n)
{
	g_autofree Asked *asked = g_new0(Asked, n);
	g_autofree Probe *probes = g_new0(Probe, n);

	for (guint i = 0; i < n; i++) {
		while (!try_choose(round, &asked[i]))
			;
		explain(round, &asked[i]);
		probes[i] = (Probe){ asked[i].from->netns, asked[i].protocol, asked[i].destination, asked[i].port,
				     g_str_equal(asked[i].verdict, "dropped") ? "silence" : "an answer" };
	}
	probe_all(probes, n);
	for (guint i = 0; i < n; i++) {
		ask_again(&asked[i], &probes[i]);
		judge(round, &asked[i], probes[i].result);
		g_free(probes[i].result);
		g_free(asked[i].steps);
	}
}

/* --- rounds --- */

static guint number_from(const char *variable, guint otherwise)
{
	const char *text = g_getenv(variable);

	return text ? g_ascii_strtoull(text, NULL, 10) : otherwise;
}

/* The service is told before the test begins: all of a round follows from its seed. */
typedef struct Rounds {
	Scenario *scenarios;
	guint32 *seeds;
	guint n;
} Rounds;

static Rounds rounds;

static void run_round(World *world)
{
	guint which = world->scenario - rounds.scenarios;
	Round round = { .world = world,
			.seed = rounds.seeds[which],
			.random = g_rand_new_with_seed(rounds.seeds[which]),
			.log = g_string_new(NULL),
			.host_ports = g_array_new(FALSE, FALSE, sizeof(guint16)) };

	flows_hear_all();
	say(&round, "%s", world->scenario->configuration);
	build(&round);
	ask_all(&round, PACKETS);
	g_test_message("%s", round.log->str);
	g_test_message("%u answered, %u not", n_answered, n_silent);
	/* Where all are the same, nothing was tried. */
	if (which == ROUNDS - 1) {
		g_assert_cmpuint(n_answered, >, ROUNDS * PACKETS / 20);
		g_assert_cmpuint(n_silent, >, ROUNDS * PACKETS / 20);
	}
	g_array_unref(round.host_ports);
	g_string_free(round.log, TRUE);
	g_rand_free(round.random);
}

static char *random_configuration(guint32 seed)
{
	static const char *const switches[] = { "Hairpin",          "LocalhostPublish", "ContainerPublish",
						"ProtectEndpoints", "DropInvalid",      "IPForward" };
	static const char *const ceilings[] = { "192.0.2.0/24 lo", "192.0.2.0/24 2001:db8::/32 172.16.0.0/12",
						"lo outside" };
	GRand *random = g_rand_new_with_seed(~seed);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < G_N_ELEMENTS(switches); i++)
		if (g_rand_int_range(random, 0, 3) == 0)
			g_string_append_printf(text, "%s=%s\n", switches[i], g_rand_boolean(random) ? "yes" : "no");
	if (g_rand_int_range(random, 0, 5) == 0)
		g_string_append_printf(text, "AllowFrom=%s\n",
				       ceilings[g_rand_int_range(random, 0, G_N_ELEMENTS(ceilings))]);
	if (g_rand_int_range(random, 0, 3) == 0)
		g_string_append(text, "IsolationPairwiseMax=1\n");
	g_rand_free(random);
	return g_string_free(text, FALSE);
}

int main(int argc, char **argv)
{
	guint32 first = number_from("EXPLAIN_SEED", 1);

	has_sctp = sctp_possible();
	if (!has_sctp)
		g_printerr("# no sctp: this kernel has its own, which would answer raw packets as well\n");
	rounds.n = number_from("EXPLAIN_ROUNDS", ROUNDS);
	rounds.scenarios = g_new0(Scenario, rounds.n);
	rounds.seeds = g_new(guint32, rounds.n);
	for (guint i = 0; i < rounds.n; i++) {
		rounds.seeds[i] = first + i;
		rounds.scenarios[i] = (Scenario){ .path = g_strdup_printf("/explain/%u", first + i),
						  .run = run_round,
						  .configuration = random_configuration(first + i),
						  .router = (first + i) % 2 };
	}
	return scenarios_main(argc, argv, rounds.scenarios, rounds.n);
}
