/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <string.h>
#include <unistd.h>

static const Place app_place = { .bridge = "br-web",
				 .address = "172.18.0.2/16",
				 .gateway = "172.18.0.1",
				 .address6 = "fd00:18::2/64",
				 .gateway6 = "fd00:18::1" };

static int web(World *world, gboolean masquerade)
{
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 3, "Subnets", "as", 2, "172.18.0.0/16",
	     "fd00:18::/64", "Bridge", "s", "br-web", "Masquerade", "b", masquerade);
	call(world->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "app", 2, "Addresses", "as", 2,
	     "172.18.0.2", "fd00:18::2", "Ports", "a(ssqqq)", 1, "tcp", "", 8080, 80, 1);
	return world_container(world, &app_place);
}

static void expect_out(int app, const char *answer, const char *answer6)
{
	expect(app, "tcp", "192.0.2.2", 80, answer);
	expect(app, "udp", "192.0.2.2", 53, answer);
	expect(app, "tcp", "2001:db8:1::2", 80, answer6);
	expect(app, "udp", "2001:db8:1::2", 53, answer6);
}

static void masquerade_on(World *world)
{
	int app = web(world, TRUE);

	listener_open(world->outside, "outside", "tcp", NULL, 80);
	listener_open(world->outside, "outside", "udp", NULL, 53);
	expect_out(app, "outside from 192.0.2.1", "outside from 2001:db8:1::1");
}

static void masquerade_off(World *world)
{
	int app = web(world, FALSE);

	listener_open(world->outside, "outside", "tcp", NULL, 80);
	listener_open(world->outside, "outside", "udp", NULL, 53);
	expect_out(app, "outside from 172.18.0.2", "outside from fd00:18::2");

	call(world->bus, "/network/web", "Network", "Update", "a{sv}", 1, "Masquerade", "b", TRUE);
	expect_out(app, "outside from 192.0.2.1", "outside from 2001:db8:1::1");
	call(world->bus, "/network/web", "Network", "Update", "a{sv}", 1, "Masquerade", "b", FALSE);
	expect_out(app, "outside from 172.18.0.2", "outside from fd00:18::2");
}

static void expect_strangers(World *world, const char *answer, const char *answer6)
{
	expect(world->outside, "tcp", "198.51.100.2", 80, answer);
	expect(world->outside, "tcp", "2001:db8:2::2", 80, answer6);
}

static void expect_forwarding(World *world, const char *value)
{
	static const char *const files[] = { "net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding" };

	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *found = netns_output(world->host, "cat /proc/sys/%s", files[i]);

		g_test_message("%s", files[i]);
		g_assert_cmpstr(g_strstrip(found), ==, value);
	}
}

/* The service opens the host for its own traffic and for nobody else's. */
static void was_off(World *world)
{
	int app;

	listener_open(world->elsewhere, "elsewhere", "tcp", NULL, 80);
	app = web(world, TRUE);
	listener_open(app, "app", "tcp", NULL, 80);
	listener_open(app, "unpublished", "tcp", NULL, 22);

	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
	expect(world->outside, "tcp", "2001:db8:1::1", 8080, "app from 2001:db8:1::2");
	expect(app, "tcp", "198.51.100.2", 80, "elsewhere from 198.51.100.1");
	expect(app, "tcp", "2001:db8:2::2", 80, "elsewhere from 2001:db8:2::1");
	expect_strangers(world, "silence", "silence");
	expect(world->outside, "tcp", "172.18.0.2", 22, "silence");
	expect(world->outside, "tcp", "fd00:18::2", 22, "silence");

	call(world->bus, "/network/web", "Network", "Delete", NULL);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "refused");
	expect_strangers(world, "silence", "silence");
	expect_forwarding(world, "0");
}

/* All that the kernel sets when forwarding is switched. */
static char *switches(const World *world)
{
	return netns_output(world->host,
			    "sh -c \"cd /proc/sys/net && grep . ipv4/ip_forward ipv4/conf/*/forwarding "
			    "ipv4/conf/all/accept_redirects ipv6/conf/*/forwarding ipv6/conf/*/accept_ra\"");
}

static void create_network(World *world)
{
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 2, "Subnets", "as", 2, "172.18.0.0/16",
	     "fd00:18::/64", "Bridge", "s", "br-web");
}

/* What others use of it, one interface for itself, and what is to come. */
static void as_it_was(World *world)
{
	static const struct {
		const char *file, *value, *usual;
	} cases[] = {
		{ "net/ipv4/conf/wg0/forwarding", "1", "0" },     { "net/ipv6/conf/wg0/forwarding", "1", "0" },
		{ "net/ipv4/conf/lo/forwarding", "1", "0" },      { "net/ipv4/conf/default/forwarding", "1", "0" },
		{ "net/ipv6/conf/default/forwarding", "1", "0" }, { "net/ipv4/conf/all/accept_redirects", "0", "1" },
		{ "net/ipv6/conf/wg0/accept_ra", "0", "1" },      { "net/ipv6/conf/wg0/accept_ra", "2", "1" },
	};

	netns_run(world->host, "ip link add wg0 type bridge");
	for (guint i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
		const char *file = cases[i / 2].file;
		g_autofree char *before = NULL, *after = NULL;

		g_test_message("%s=%s%s", file, cases[i / 2].value, i % 2 ? ", restarted" : "");
		netns_sysctl(world->host, file, cases[i / 2].value);
		before = switches(world);
		create_network(world);
		expect_forwarding(world, "1");
		if (i % 2)
			world_restart_service(world);
		call(world->bus, "/network/web", "Network", "Delete", NULL);
		after = switches(world);
		g_assert_cmpstr(after, ==, before);
		netns_sysctl(world->host, file, cases[i / 2].usual);
	}
}

/* What came since may live by it. */
static void newcomer(World *world)
{
	listener_open(world->elsewhere, "elsewhere", "tcp", NULL, 80);
	web(world, TRUE);
	netns_run(world->host, "ip link add vpn0 type bridge");
	call(world->bus, "/network/web", "Network", "Delete", NULL);
	expect_forwarding(world, "1");
	expect_strangers(world, "silence", "silence");
	world_restart_service(world);
	expect_forwarding(world, "1");
	expect_strangers(world, "silence", "silence");

	/* It is the host's own by now. */
	netns_run(world->host, "ip link delete vpn0");
	create_network(world);
	call(world->bus, "/network/web", "Network", "Delete", NULL);
	expect_forwarding(world, "1");
	expect_strangers(world, "silence", "silence");
	/* Also while nobody is there. */
	service_stop(world->service);
	expect_forwarding(world, "1");
	expect_strangers(world, "silence", "silence");
	world->service = service_start(world->bus, world->configuration);
	create_network(world);
	expect_strangers(world, "silence", "silence");
}

/* What keeps the host closed goes along to the other backend, and stops nothing of ours there. */
static void newcomer_of_nftables(World *world)
{
	int app;

	listener_open(world->elsewhere, "elsewhere", "tcp", NULL, 80);
	listener_open(world->outside, "outside", "tcp", NULL, 80);
	create_network(world);
	netns_run(world->host, "ip link add vpn0 type bridge");
	call(world->bus, "/network/web", "Network", "Delete", NULL);
	service_stop(world->service);
	world->service = service_start(world->bus, "Backend=iptables");
	expect_forwarding(world, "1");
	expect_strangers(world, "silence", "silence");
	app = web(world, TRUE);
	expect(app, "tcp", "192.0.2.2", 80, "outside from 192.0.2.1");
	expect(app, "tcp", "2001:db8:1::2", 80, "outside from 2001:db8:1::1");
	expect_strangers(world, "silence", "silence");
}

/* By one interface of the machine that is outside. */
static void advertise(World *world, const char *interface)
{
	struct nd_router_advert advertisement = { .nd_ra_type = ND_ROUTER_ADVERT,
						  .nd_ra_router_lifetime = htons(1800) };
	struct sockaddr_in6 everybody = { .sin6_family = AF_INET6 };
	int hops = 255, fd;

	netns_enter(world->outside);
	inet_pton(AF_INET6, "ff02::1", &everybody.sin6_addr);
	everybody.sin6_scope_id = if_nametoindex(interface);
	fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	g_assert_no_errno(setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops));
	/* Its own address may not be ready, nor the route that comes with it. */
	if (sendto(fd, &advertisement, sizeof advertisement, 0, (struct sockaddr *)&everybody, sizeof everybody) < 0)
		g_assert_true(errno == EADDRNOTAVAIL || errno == ENETUNREACH);
	close(fd);
	netns_enter(world->host);
}

static gboolean has_advertised_route(World *world, const char *interface)
{
	g_autofree char *routes = netns_output(world->host, "ip -6 route show default proto ra dev %s", interface);

	return *routes != '\0';
}

static void takes_advertisements(World *world, const char *interface, const char *by)
{
	for (guint i = 0; i < 100 && !has_advertised_route(world, interface); i++) {
		advertise(world, by);
		g_usleep(50000);
	}
	g_test_message("%s", interface);
	g_assert_true(has_advertised_route(world, interface));
}

static void expect_accept_ra(World *world, const char *interface, const char *expected)
{
	g_autofree char *found = NULL;

	for (guint i = 0; i < 100 && g_strcmp0(found, expected) != 0; i++) {
		g_free(found);
		found = g_strstrip(netns_output(world->host, "cat /proc/sys/net/ipv6/conf/%s/accept_ra", interface));
		g_usleep(i > 0 ? 50000 : 0);
	}
	g_test_message("%s", interface);
	g_assert_cmpstr(found, ==, expected);
}

/* A host that has its way out from a router keeps it, though hosts that forward do not listen to routers. */
static void advertised(World *world)
{
	takes_advertisements(world, "outside", "eth0");
	expect_accept_ra(world, "outside", "1");
	create_network(world);
	g_assert_true(has_advertised_route(world, "outside"));
	expect_accept_ra(world, "outside", "2");
	world_restart_service(world);
	call(world->bus, "/network/web", "Network", "Delete", NULL);
	g_assert_true(has_advertised_route(world, "outside"));
	expect_accept_ra(world, "outside", "1");
}

/* And goes on listening for one. */
static void advertised_later(World *world)
{
	create_network(world);
	takes_advertisements(world, "outside", "eth0");
	call(world->bus, "/network/web", "Network", "Delete", NULL);
	g_assert_true(has_advertised_route(world, "outside"));
	expect_accept_ra(world, "outside", "1");
}

/* What each interface has before, while the host forwards by us, and afterwards. */
static void listening(World *world)
{
	static const struct {
		const char *name, *forwarding, *before, *meanwhile;
	} cases[] = {
		{ "takes", "0", "1", "2" },    { "takes-none", "0", "0", "0" }, { "by-all-means", "0", "2", "2" },
		{ "forwards", "1", "1", "1" }, { "adopted", "0", "1", "2" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *forwarding = g_strdup_printf("net/ipv6/conf/%s/forwarding", cases[i].name);
		g_autofree char *accept_ra = g_strdup_printf("net/ipv6/conf/%s/accept_ra", cases[i].name);

		netns_run(world->host, "ip link add %s type bridge", cases[i].name);
		netns_sysctl(world->host, forwarding, cases[i].forwarding);
		netns_sysctl(world->host, accept_ra, cases[i].before);
	}
	netns_run(world->host, "ip address add fd00:18::1/64 dev adopted nodad");
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 2, "Subnets", "as", 1, "fd00:18::/64",
	     "Bridge", "s", "adopted");
	for (guint restarted = 0; restarted < 2; restarted++) {
		for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
			expect_accept_ra(world, cases[i].name, cases[i].meanwhile);
		world_restart_service(world);
	}
	call(world->bus, "/network/web", "Network", "Delete", NULL);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		expect_accept_ra(world, cases[i].name, cases[i].before);
}

static void add_later(World *world)
{
	netns_run(world->host, "ip link add later type veth peer name eth1 netns /proc/%d/fd/%d", getpid(),
		  world->outside);
	netns_run(world->host, "ip link set later up");
	netns_run(world->outside, "ip link set eth1 up");
}

/* One that comes meanwhile, also while nobody is there to see it. */
static void listening_later(World *world)
{
	create_network(world);
	expect_accept_ra(world, "br-web", "0");
	add_later(world);
	takes_advertisements(world, "later", "eth1");
	netns_run(world->host, "ip link delete later");
	service_stop(world->service);
	add_later(world);
	world->service = service_start(world->bus, world->configuration);
	expect_accept_ra(world, "later", "2");
	world_restart_service(world);
	netns_run(world->host, "ip link delete later");
	add_later(world);
	takes_advertisements(world, "later", "eth1");
	netns_run(world->host, "ip link delete later");
	call(world->bus, "/network/web", "Network", "Delete", NULL);
	expect_accept_ra(world, "outside", "1");
	expect_forwarding(world, "0");
}

/* Where all that come forward, they take none by themselves. */
static void later_ones_forward(World *world)
{
	netns_sysctl(world->host, "net/ipv6/conf/default/forwarding", "1");
	create_network(world);
	add_later(world);
	netns_run(world->host, "ip link add another type bridge");
	netns_sysctl(world->host, "net/ipv6/conf/outside/accept_ra", "1");
	netns_run(world->host, "ip link set outside alias touched");
	expect_accept_ra(world, "outside", "2");
	expect_accept_ra(world, "later", "1");
	expect_accept_ra(world, "another", "1");
}

/* An administrator of a router may want no new interface to forward. */
static void by_default_off(World *world)
{
	int app;

	netns_sysctl(world->host, "net/ipv4/conf/default/forwarding", "0");
	netns_sysctl(world->host, "net/ipv6/conf/default/forwarding", "0");
	app = web(world, TRUE);
	listener_open(app, "app", "tcp", NULL, 80);
	listener_open(world->outside, "outside", "tcp", NULL, 80);
	listener_open(world->outside, "outside", "udp", NULL, 53);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
	expect(world->outside, "tcp", "2001:db8:1::1", 8080, "app from 2001:db8:1::2");
	expect_out(app, "outside from 192.0.2.1", "outside from 2001:db8:1::1");
}

/* Published by the network that does not have its default route, on a host that looks where packets come from. */
static void in_two_networks(World *world)
{
	int app;

	netns_sysctl(world->host, "net/ipv4/conf/all/rp_filter", "1");
	netns_sysctl(world->host, "net/ipv4/conf/default/rp_filter", "1");
	app = web(world, TRUE);
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "db", 2, "Subnets", "as", 1, "172.19.0.0/16",
	     "Bridge", "s", "br-db");
	netns_run(world->host, "ip link add name second type veth peer name eth1 netns /proc/%d/fd/%d", getpid(), app);
	netns_run(world->host, "ip link set second master br-db up");
	netns_run(app, "ip link set eth1 up");
	netns_run(app, "ip address add 172.19.0.2/16 dev eth1");
	netns_run(app, "ip route replace default via 172.19.0.1 dev eth1");
	netns_sysctl(app, "net/ipv4/conf/all/rp_filter", "0");
	netns_sysctl(app, "net/ipv4/conf/eth0/rp_filter", "0");
	netns_sysctl(app, "net/ipv4/conf/eth1/rp_filter", "0");
	listener_open(app, "app", "tcp", NULL, 80);
	listener_open(world->outside, "outside", "tcp", NULL, 80);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
	expect(app, "tcp", "192.0.2.2", 80, "outside from 192.0.2.1");
}

static void policy_is_accept(const World *world)
{
	g_autofree char *rules = world_rules(world, "iptables");

	g_assert_nonnull(strstr(rules, world_has_nftables() ? "hook forward priority filter; policy accept"
							    : ":FORWARD ACCEPT"));
}

/* A host that is a router already stays the one it was. */
static void was_on(World *world)
{
	int app;

	listener_open(world->elsewhere, "elsewhere", "tcp", NULL, 80);
	expect_strangers(world, "elsewhere from 192.0.2.2", "elsewhere from 2001:db8:1::2");
	app = web(world, TRUE);
	listener_open(app, "app", "tcp", NULL, 80);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
	expect_strangers(world, "elsewhere from 192.0.2.2", "elsewhere from 2001:db8:1::2");
	policy_is_accept(world);
}

/* Nor does it become ours by being put right. */
static void was_on_and_switched_off(World *world)
{
	was_on(world);
	for (guint i = 0; i < 2; i++) {
		g_assert_true(netns_sysctl(world->host, i == 0 ? "net/ipv4/ip_forward" : "net/ipv6/conf/all/forwarding",
					   "0"));
		call(world->bus, "", "Manager", "Reconcile", NULL);
		expect_strangers(world, "elsewhere from 192.0.2.2", "elsewhere from 2001:db8:1::2");
		policy_is_accept(world);
	}
	call(world->bus, "/network/web", "Network", "Delete", NULL);
	expect_strangers(world, "elsewhere from 192.0.2.2", "elsewhere from 2001:db8:1::2");
}

static void policy_kept(World *world)
{
	listener_open(world->elsewhere, "elsewhere", "tcp", NULL, 80);
	web(world, TRUE);
	expect_strangers(world, "elsewhere from 192.0.2.2", "elsewhere from 2001:db8:1::2");
}

static void not_wanted(World *world)
{
	g_autofree char *value = NULL;
	int app;

	app = web(world, TRUE);
	listener_open(app, "app", "tcp", NULL, 80);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "silence");
	expect(world->host, "tcp", "192.0.2.1", 8080, "app from 172.18.0.1");
	value = netns_output(world->host, "cat /proc/sys/net/ipv4/ip_forward");
	g_assert_cmpstr(g_strstrip(value), ==, "0");
}

static const Scenario scenarios[] = {
	{ "/forwarding/masquerade-on", masquerade_on },
	{ "/forwarding/masquerade-off", masquerade_off },
	{ "/forwarding/was-off", was_off },
	{ "/forwarding/as-it-was", as_it_was },
	{ "/forwarding/newcomer", newcomer },
	{ "/forwarding/newcomer-of-nftables", newcomer_of_nftables, "Backend=nftables" },
	{ "/forwarding/advertised", advertised },
	{ "/forwarding/advertised-later", advertised_later },
	{ "/forwarding/listening", listening },
	{ "/forwarding/listening-later", listening_later },
	{ "/forwarding/later-ones-forward", later_ones_forward },
	{ "/forwarding/by-default-off", by_default_off, .router = true },
	{ "/forwarding/in-two-networks", in_two_networks },
	{ "/forwarding/was-on", was_on, .router = true },
	{ "/forwarding/was-on-and-switched-off", was_on_and_switched_off, .router = true },
	{ "/forwarding/policy-kept", policy_kept, "ForwardPolicy=keep" },
	{ "/forwarding/not-wanted", not_wanted, "IPForward=no" },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
