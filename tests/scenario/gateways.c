/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/world.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

/* An ingress over several gateways: each in its container, or on the link to another machine. */

#define INGRESS "/ingress/front"
#define LAN "198.51.100.2" /* elsewhere */

enum { GATEWAYS = 3 };

static const Place places[GATEWAYS] = {
	{ "br-gw", "172.18.0.2/16", "172.18.0.1", "fd00:18::2/64", "fd00:18::1" },
	{ "br-gw", "172.18.0.3/16", "172.18.0.1", "fd00:18::3/64", "fd00:18::1" },
	{ "br-gw", "172.18.0.4/16", "172.18.0.1", "fd00:18::4/64", "fd00:18::1" },
};

static void network(World *world, int gateways[GATEWAYS])
{
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "gw", 3, "Subnets", "as", 2, "172.18.0.0/16",
	     "fd00:18::/64", "Bridge", "s", "br-gw", "Persistent", "b", TRUE);
	for (guint i = 0; i < GATEWAYS; i++)
		gateways[i] = world_container(world, &places[i]);
}

static void ingress(World *world, const char *name, const char *first, const char *second, const char *third)
{
	call(world->bus, "", "Manager", "CreateIngress", "sa{sv}", name, 3, "Gateways", "as", GATEWAYS, first, second,
	     third, "Ports", "a(sq)", 3, "tcp", 4510, "tcp", 4512, "udp", 4511, "Persistent", "b", TRUE);
}

/* Names that tell who answered, and whom he saw. */
static void listen_all(const int gateways[GATEWAYS])
{
	static const char *const names[GATEWAYS] = { "a", "b", "c" };

	for (guint i = 0; i < GATEWAYS; i++) {
		listener_open(gateways[i], names[i], "tcp", NULL, 4510);
		listener_open(gateways[i], names[i], "udp", NULL, 4511);
	}
}

/* --- shares --- */

/* What each had; a socket of each that waits for more. */
typedef struct Shares {
	struct pollfd sockets[GATEWAYS];
	guint counts[GATEWAYS];
} Shares;

static void shares_open(Shares *shares, const int gateways[GATEWAYS], const char *protocol, const char *any,
			guint16 port)
{
	struct sockaddr_storage own;
	socklen_t length = socket_address(any, port, &own);

	*shares = (Shares){};
	for (guint i = 0; i < GATEWAYS; i++) {
		int fd = socket_there(gateways[i], own.ss_family, protocol);

		g_assert_no_errno(bind(fd, (struct sockaddr *)&own, length));
		if (strcmp(protocol, "tcp") == 0)
			g_assert_no_errno(listen(fd, 64));
		shares->sockets[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
	}
}

static void shares_close(Shares *shares)
{
	for (guint i = 0; i < GATEWAYS; i++)
		close(shares->sockets[i].fd);
}

/* Without what would be left of it: there are only so many ports. */
static void close_at_once(int fd)
{
	static const struct linger now = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

/* Who has what came. */
static void count_one(Shares *shares, bool tcp)
{
	char byte;

	g_assert_cmpint(poll(shares->sockets, GATEWAYS, 10000), ==, 1);
	for (guint i = 0; i < GATEWAYS; i++) {
		if (!shares->sockets[i].revents)
			continue;
		shares->counts[i]++;
		if (tcp)
			close_at_once(accept(shares->sockets[i].fd, NULL, NULL));
		else
			g_assert_cmpint(recv(shares->sockets[i].fd, &byte, 1, 0), ==, 1);
	}
}

static void ask_one(Shares *shares, int netns, const char *protocol, const char *address, guint16 port)
{
	bool tcp = strcmp(protocol, "tcp") == 0;
	int fd = flow_open(netns, protocol, address, port);

	if (!tcp)
		g_assert_cmpint(send(fd, "", 1, 0), ==, 1);
	count_one(shares, tcp);
	close_at_once(fd);
}

/* Each of so many has its part, but for so many percent of it. */
static void expect_even(const Shares *shares, guint of, guint percent)
{
	guint total = 0;

	for (guint i = 0; i < GATEWAYS; i++)
		total += shares->counts[i];
	for (guint i = 0; i < of; i++) {
		guint part = total / of, off = ABS((int)shares->counts[i] - (int)part);

		g_test_message("%u of %u", shares->counts[i], total);
		g_assert_cmpuint(off * 100, <=, part * percent);
	}
}

static const struct {
	const char *protocol, *address, *any;
	guint16 port;
	guint count;
} kinds[] = {
	{ "tcp", "192.0.2.1", "0.0.0.0", 4510, 10000 },
	{ "udp", "192.0.2.1", "0.0.0.0", 4511, 2000 },
	{ "tcp", "2001:db8:1::1", "::", 4510, 2000 },
	{ "udp", "2001:db8:1::1", "::", 4511, 2000 },
};

static void spread(World *world)
{
	int gateways[GATEWAYS];

	network(world, gateways);
	ingress(world, "front", "172.18.0.2", "172.18.0.3", "172.18.0.4");
	ingress(world, "front6", "fd00:18::2", "fd00:18::3", "fd00:18::4");
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		Shares shares;

		shares_open(&shares, gateways, kinds[i].protocol, kinds[i].any, kinds[i].port);
		for (guint n = 0; n < kinds[i].count; n++)
			ask_one(&shares, world->outside, kinds[i].protocol, kinds[i].address, kinds[i].port);
		expect_even(&shares, GATEWAYS, 5);
		shares_close(&shares);
	}
}

/* Two ports that are asked for one after the other, as a page and what is on it, have all gateways each. */
static void one_after_the_other(World *world)
{
	static const guint16 ports[2] = { 4510, 4512 };
	int gateways[GATEWAYS];
	Shares shares[2];

	network(world, gateways);
	ingress(world, "front", "172.18.0.2", "172.18.0.3", "172.18.0.4");
	call(world->bus, INGRESS, "Ingress", "SetGateways", "as", 2, "172.18.0.2", "172.18.0.3");
	for (guint i = 0; i < 2; i++)
		shares_open(&shares[i], gateways, "tcp", "0.0.0.0", ports[i]);
	for (guint n = 0; n < 1000; n++)
		for (guint i = 0; i < 2; i++)
			ask_one(&shares[i], world->outside, "tcp", "192.0.2.1", ports[i]);
	for (guint i = 0; i < 2; i++) {
		expect_even(&shares[i], 2, 30);
		shares_close(&shares[i]);
	}
}

/* --- who comes and goes --- */

enum { FLOWS = 6 };

typedef struct Flow {
	int fd;
	char *answer;
} Flow;

static void flows_open(World *world, Flow flows[FLOWS], const char *protocol, const char *address, guint16 port)
{
	for (guint i = 0; i < FLOWS; i++) {
		flows[i].fd = flow_open(world->outside, protocol, address, port);
		flows[i].answer = g_strdup(flow_ask(flows[i].fd, "a from"));
		g_assert_nonnull(strstr(flows[i].answer, " from "));
	}
}

static void flows_close(Flow flows[FLOWS])
{
	for (guint i = 0; i < FLOWS; i++) {
		close(flows[i].fd);
		g_free(flows[i].answer);
	}
}

static guint count_of(const Flow flows[FLOWS], char who)
{
	guint n = 0;

	for (guint i = 0; i < FLOWS; i++)
		n += flows[i].answer[0] == who;
	return n;
}

/* Those to whom it is said go on as they were. */
static void expect_kept(const Flow flows[FLOWS], const char *whose)
{
	for (guint i = 0; i < FLOWS; i++)
		if (strchr(whose, flows[i].answer[0]))
			expect_flow(flows[i].fd, flows[i].answer);
}

static void established(World *world)
{
	static const char *const gateways_of[2][GATEWAYS] = { { "172.18.0.2", "172.18.0.3", "172.18.0.4" },
							      { "fd00:18::2", "fd00:18::3", "fd00:18::4" } };
	int gateways[GATEWAYS];

	network(world, gateways);
	listen_all(gateways);
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		const char *const *addresses = gateways_of[strchr(kinds[i].address, ':') != NULL];
		bool tcp = strcmp(kinds[i].protocol, "tcp") == 0;
		Flow flows[FLOWS];
		const char *answer;

		ingress(world, "front", addresses[0], addresses[1], addresses[2]);
		call(world->bus, INGRESS, "Ingress", "SetGateways", "as", 2, addresses[0], addresses[1]);
		flows_open(world, flows, kinds[i].protocol, kinds[i].address, kinds[i].port);
		g_assert_cmpuint(count_of(flows, 'a'), >, 0);
		g_assert_cmpuint(count_of(flows, 'b'), >, 0);

		/* One more, in front of the others; then all in another order. */
		call(world->bus, INGRESS, "Ingress", "SetGateways", "as", 3, addresses[2], addresses[0], addresses[1]);
		expect_kept(flows, "ab");
		call(world->bus, INGRESS, "Ingress", "SetGateways", "as", 3, addresses[1], addresses[2], addresses[0]);
		expect_kept(flows, "ab");

		/* One goes, and with it what it had. */
		call(world->bus, INGRESS, "Ingress", "SetGateways", "as", 2, addresses[1], addresses[2]);
		expect_kept(flows, "b");
		for (guint f = 0; f < FLOWS; f++) {
			if (flows[f].answer[0] != 'a')
				continue;
			answer = flow_ask(flows[f].fd, tcp ? "reset" : "b from");
			g_test_message("%s %s: %s", kinds[i].protocol, kinds[i].address, answer);
			g_assert_true(tcp ? !strstr(answer, " from ") : answer[0] == 'b' || answer[0] == 'c');
		}
		/* A single one. */
		call(world->bus, INGRESS, "Ingress", "SetGateways", "as", 1, addresses[1]);
		expect_kept(flows, "b");
		flows_close(flows);
		call(world->bus, INGRESS, "Ingress", "Delete", NULL);
	}
}

/* What a gateway has besides goes on: others' connections, and those of another port. */
static void others_connections(World *world)
{
	int gateways[GATEWAYS], outgoing, published;

	network(world, gateways);
	listen_all(gateways);
	listener_open(world->outside, "outside", "udp", NULL, 9000);
	ingress(world, "front", "172.18.0.2", "172.18.0.3", "172.18.0.4");
	call(world->bus, "/network/gw", "Network", "CreateEndpoint", "sa{sv}", "a", 2, "Addresses", "as", 1,
	     "172.18.0.2", "Ports", "a(ssqqq)", 1, "udp", "", 5300, 4511, 1);
	outgoing = flow_open_from(gateways[0], "udp", 4600, "192.0.2.2", 9000);
	published = flow_open(world->outside, "udp", "192.0.2.1", 5300);
	expect_flow(outgoing, "outside from 192.0.2.1");
	expect_flow(published, "a from 192.0.2.2");
	call(world->bus, INGRESS, "Ingress", "SetGateways", "as", 1, "172.18.0.3");
	expect_flow(outgoing, "outside from 192.0.2.1");
	expect_flow(published, "a from 192.0.2.2");
	close(outgoing);
	close(published);
}

/* --- on the link to another machine, which knows no way back --- */

static void away(World *world)
{
	static const char *const protocols[] = { "tcp", "udp" };

	netns_run(world->elsewhere, "ip route del default");
	listener_open(world->elsewhere, "lan", "tcp", NULL, 4510);
	listener_open(world->elsewhere, "lan", "udp", NULL, 4511);
	for (guint i = 0; i < G_N_ELEMENTS(protocols); i++) {
		guint16 port = 4510 + i;

		call(world->bus, "", "Manager", "CreateIngress", "sa{sv}", "front", 2, "Gateways", "as", 1, LAN,
		     "Ports", "a(sq)", 1, protocols[i], port);
		expect(world->outside, protocols[i], "192.0.2.1", port, "lan from 198.51.100.1");
		expect(world->host, protocols[i], "192.0.2.1", port, "lan from 198.51.100.1");
		call(world->bus, INGRESS, "Ingress", "Delete", NULL);
		call(world->bus, "", "Manager", "CreateIngress", "sa{sv}", "front", 3, "Gateways", "as", 1, LAN,
		     "Masquerade", "b", FALSE, "Ports", "a(sq)", 1, protocols[i], port);
		expect(world->outside, protocols[i], "192.0.2.1", port, "silence");
		call(world->bus, INGRESS, "Ingress", "Delete", NULL);
	}
}

/* Both kinds, by an interface each; and one that asks for it though its gateways are at home. */
static void here_and_away(World *world)
{
	int gateways[GATEWAYS];
	guint seen = 0;

	network(world, gateways);
	netns_run(world->elsewhere, "ip route del default");
	listener_open(world->elsewhere, "lan", "tcp", NULL, 4510);
	listener_open(gateways[0], "a", "tcp", NULL, 4510);
	listener_open(gateways[1], "b", "tcp", NULL, 4510);
	call(world->bus, "", "Manager", "CreateIngress", "sa{sv}", "front", 2, "Gateways", "as", 2, "172.18.0.2", LAN,
	     "Ports", "a(sq)", 1, "tcp", 4510);
	for (guint i = 0; i < 8 && seen != 3; i++) {
		const char *answer = probe(world->outside, "tcp", "192.0.2.1", 4510, "lan from 198.51.100.1");

		if (strcmp(answer, "lan from 198.51.100.1") == 0)
			seen |= 1;
		else
			g_assert_cmpstr(answer, ==, "a from 172.18.0.1");
		seen |= answer[0] == 'a' ? 2 : 0;
	}
	g_assert_cmpuint(seen, ==, 3);
	/* It follows from the gateways while nobody says it. */
	call(world->bus, INGRESS, "Ingress", "SetGateways", "as", 1, "172.18.0.3");
	expect(world->outside, "tcp", "192.0.2.1", 4510, "b from 192.0.2.2");
	call(world->bus, INGRESS, "Ingress", "Delete", NULL);
	call(world->bus, "", "Manager", "CreateIngress", "sa{sv}", "front", 3, "Gateway", "s", "172.18.0.3",
	     "Masquerade", "b", TRUE, "Ports", "a(sq)", 1, "tcp", 4510);
	expect(world->outside, "tcp", "192.0.2.1", 4510, "b from 172.18.0.1");
}

/* --- the service --- */

static void restarted(World *world)
{
	g_autofree char *before = NULL, *after = NULL;
	int gateways[GATEWAYS];
	Flow flows[FLOWS];

	network(world, gateways);
	listen_all(gateways);
	ingress(world, "front", "172.18.0.4", "172.18.0.3", "172.18.0.2");
	call(world->bus, INGRESS, "Ingress", "SetGateways", "as", 2, "172.18.0.2", "172.18.0.3");
	flows_open(world, flows, "tcp", "192.0.2.1", 4510);
	before = world_rules(world, "iptables");
	world_restart_service(world);
	world_reconnect(world);
	after = world_rules(world, "iptables");
	g_assert_cmpstr(after, ==, before);
	expect_kept(flows, "ab");
	call(world->bus, INGRESS, "Ingress", "SetGateways", "as", 2, "172.18.0.3", "172.18.0.4");
	expect_kept(flows, "b");
	flows_close(flows);
}

static const Scenario scenarios[] = {
	{ "/gateways/spread", spread },
	{ "/gateways/one-after-the-other", one_after_the_other },
	{ "/gateways/established", established },
	{ "/gateways/others-connections", others_connections },
	{ "/gateways/away", away },
	{ "/gateways/here-and-away", here_and_away },
	{ "/gateways/restarted", restarted },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
