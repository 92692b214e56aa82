/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/route.h"
#include "tests/support/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

static void test_lookup(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const struct {
		const char *address, *interface, *reason;
	} cases[] = {
		{ "172.18.0.2", "br-web", NULL },
		{ "fd00:18::2", "br-web", NULL },
		{ "192.0.2.1", "br-gw", NULL },
		{ "2001:db8::1", "br-gw", NULL },
		{ "172.18.0.1", NULL, "loopback" },
		{ "fd00:18::1", NULL, "loopback" },
		{ "127.0.0.1", NULL, "loopback" },
		{ "::1", NULL, "loopback" },
		{ "203.0.113.1", NULL, "no route to 203.0.113.1: Network is unreachable" },
		{ "fd00:99::1", NULL, "no route to fd00:99::1: Network is unreachable" },
		{ "198.51.100.1", NULL, "no route to 198.51.100.1: No route to host" },
		{ "198.51.101.1", NULL, "no route to 198.51.101.1" },
		{ "172.18.255.255", NULL, "no unicast route to 172.18.255.255" },
		{ "224.0.0.1", NULL, "224.0.0.1" },
	};

	for (guint i = 0; i < 2; i++) {
		run(f, "ip link add %s type bridge", i ? "br-gw" : "br-web");
		run(f, "ip link set %s up", i ? "br-gw" : "br-web");
	}
	run(f, "ip addr add 172.18.0.1/16 dev br-web");
	run(f, "ip addr add fd00:18::1/64 dev br-web nodad");
	run(f, "ip addr add 172.30.0.1/24 dev br-gw");
	run(f, "ip addr add fd00:30::1/64 dev br-gw nodad");
	/* The kernel makes the route to an IPv6 address of its own a moment later. */
	run(f, "timeout 10 sh -c 'until ip -6 route get fd00:18::1 | grep -q local; do sleep 0.02; done'");
	run(f, "ip route add 192.0.2.0/24 via 172.30.0.2");
	run(f, "ip route add 2001:db8::/32 via fd00:30::2");
	run(f, "ip route add unreachable 198.51.100.0/24");
	run(f, "ip route add blackhole 198.51.101.0/24");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const Address wanted = address(cases[i].address);
		char found[IFNAMSIZ] = "untouched";
		int ifindex = -1;

		g_test_message("%s", cases[i].address);
		if (cases[i].interface)
			assert_succeeds(route_lookup(f->netlink, &wanted, &ifindex, found, &error));
		else
			assert_fails(route_lookup(f->netlink, &wanted, &ifindex, found, &error), INVALID_ARGS,
				     cases[i].reason);
		g_assert_cmpstr(found, ==, cases[i].interface ?: "untouched");
		g_assert_cmpint(ifindex, ==, cases[i].interface ? ifindex_of(cases[i].interface) : -1);
	}
}

/* Two interfaces, lan and vpn, and what lies on them; a claim and what of it is found. */
static void test_overlap(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const char *const setup[] = {
		"link add lan type bridge",
		"link add vpn type bridge",
		"link add ours type bridge",
		"link set lan up",
		"link set vpn up",
		"link set ours up",
		"addr add 192.168.7.9/24 dev lan",
		"addr add 192.168.8.9/24 dev lan noprefixroute",
		"addr add 10.8.0.1 peer 10.9.0.1/24 dev vpn",
		"addr add fd00:7::9/64 dev lan nodad",
		"route add default via 192.168.7.1",
		"route add 0.0.0.0/1 dev vpn",
		"route add 128.0.0.0/1 dev vpn",
		"-6 route add default via fd00:7::1",
		"-6 route add 8000::/1 dev vpn",
		"route add 172.20.0.0/16 via 192.168.7.2",
		"route add 172.21.0.0/16 dev vpn table 100",
		"route add 172.21.0.0/16 dev vpn table 100000 metric 7",
		"route add blackhole 172.22.0.0/16",
		"route add unreachable 172.23.0.0/16",
		"route add throw 172.24.0.0/16 table 100",
		"route add local 172.25.0.0/16 dev lo",
		"route add prohibit 172.26.0.5",
		"-6 route add fd00:20::/48 dev vpn table 100",
		"-6 route add blackhole fd00:21::/48",
		"-6 route add local fd00:22::/64 dev lo",
		/* Ours, and what is reached by it. */
		"addr add 172.18.0.1/16 dev ours",
		"addr add fd00:18::1/64 dev ours nodad",
		"route add 172.19.0.0/16 via 172.18.0.2",
		"route add 172.27.0.0/16 nexthop via 172.18.0.2 nexthop via 172.18.0.3",
		"route add 172.28.0.0/16 nexthop via 172.18.0.2 nexthop via 192.168.7.2",
	};
	static const struct {
		const char *claim;
		const char *found; /* NULL: nothing */
		const char *interface;
		guint table; /* 0: an address */
	} cases[] = {
		{ "10.1.0.0/16" },
		{ "200.1.0.0/16" },
		{ "fd00:1::/64" },
		{ "2001:db8::/64" },
		{ "192.168.7.0/24", "192.168.7.9/24", "lan" },
		{ "192.168.0.0/16", "192.168.7.9/24", "lan" },
		{ "192.168.7.128/25", "192.168.7.9/24", "lan" },
		{ "192.168.7.9/32", "192.168.7.9/24", "lan" },
		{ "192.168.8.0/25", "192.168.8.9/24", "lan" },
		{ "192.168.9.0/24" },
		{ "10.8.0.0/24", "10.8.0.1/32", "vpn" },
		{ "10.8.0.128/25" },
		{ "10.9.0.128/25", "10.9.0.0/24", "vpn", RT_TABLE_MAIN },
		{ "127.0.0.0/8", "127.0.0.1/8", "lo" },
		{ "fd00:7::/80", "fd00:7::9/64", "lan" },
		{ "fd00::/16", "fd00:7::9/64", "lan" },
		{ "172.20.5.0/24", "172.20.0.0/16", "lan", RT_TABLE_MAIN },
		{ "172.21.5.0/24", "172.21.0.0/16", "vpn", 100 },
		{ "172.22.5.0/24", "172.22.0.0/16", NULL, RT_TABLE_MAIN },
		{ "172.23.5.0/24", "172.23.0.0/16", NULL, RT_TABLE_MAIN },
		{ "172.24.5.0/24" },
		{ "172.25.5.0/24", "172.25.0.0/16", "lo", RT_TABLE_LOCAL },
		{ "172.26.0.0/24", "172.26.0.5/32", NULL, RT_TABLE_MAIN },
		{ "172.26.1.0/24" },
		{ "fd00:20:0:5::/64", "fd00:20::/48", "vpn", 100 },
		{ "fd00:21:0:5::/64", "fd00:21::/48", "lo", RT_TABLE_MAIN },
		{ "fd00:22::/80", "fd00:22::/64", "lo", RT_TABLE_LOCAL },
		{ "172.18.0.0/16" },
		{ "172.18.5.0/24" },
		{ "172.19.5.0/24" },
		{ "fd00:18::/64" },
		{ "172.27.5.0/24" },
		{ "172.28.5.0/24", "172.28.0.0/16", NULL, RT_TABLE_MAIN },
	};
	int ours[2] = {}; /* a bridge that is gone, and one that is there */

	for (guint i = 0; i < G_N_ELEMENTS(setup); i++)
		run(f, "ip %s", setup[i]);
	ours[1] = ifindex_of("ours");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const Prefix claim = prefix(cases[i].claim);
		char text[INET6_ADDRSTRLEN + 4];
		Overlap overlap = {};
		bool found = true;

		g_test_message("%s", cases[i].claim);
		assert_succeeds(route_find_overlap(f->netlink, &claim, ours, 2, &overlap, &found, &error));
		g_assert_cmpint(found, ==, cases[i].found != NULL);
		g_assert_cmpstr(prefix_format(&overlap.prefix, text), ==, cases[i].found ?: "");
		g_assert_cmpint(overlap.ifindex, ==, cases[i].interface ? ifindex_of(cases[i].interface) : 0);
		g_assert_cmpuint(overlap.table, ==, cases[i].table);
	}
	/* Nobody's. */
	for (guint i = 0; i < 2; i++) {
		const Prefix claim = prefix(i ? "fd00:18::/64" : "172.18.0.0/16");
		Overlap overlap = {};
		bool found = false;

		assert_succeeds(route_find_overlap(f->netlink, &claim, NULL, 0, &overlap, &found, &error));
		g_assert_true(found);
		g_assert_cmpint(overlap.ifindex, ==, ours[1]);
	}
}

/* A router has as many as this, and they come and go. */
static void test_overlap_many(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	g_autoptr(GString) batch = g_string_new("link add vpn type bridge\nlink set vpn up\n");
	const Prefix claim = prefix("192.168.7.0/24"), last = prefix("10.195.79.0/24");
	Overlap overlap = {};
	bool found = true;
	gint64 start;

	for (guint i = 0; i < 50000; i++)
		g_string_append_printf(batch, "route add 10.%u.%u.0/24 dev vpn\n", i / 256, i % 256);
	g_assert_true(g_file_set_contents("/run/routes", batch->str, -1, NULL));
	run(f, "ip -batch /run/routes");
	start = g_get_monotonic_time();
	assert_succeeds(route_find_overlap(f->netlink, &claim, NULL, 0, &overlap, &found, &error));
	g_assert_false(found);
	g_test_message("50000 routes in %.1f ms", (g_get_monotonic_time() - start) / 1000.0);
	assert_succeeds(route_find_overlap(f->netlink, &last, NULL, 0, &overlap, &found, &error));
	g_assert_true(found);
}

static void test_local(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const char *const wanted[] = { "127.0.0.0/8", "172.18.0.1/32", "10.5.0.0/16", "fd00:18::1/128",
					      "::1/128" };
	g_autoptr(GString) found = g_string_new(" ");
	g_autoptr(GArray) list = NULL;

	run(f, "ip link add br-web type bridge");
	run(f, "ip link set br-web up");
	run(f, "ip addr add 172.18.0.1/16 dev br-web");
	run(f, "ip addr add fd00:18::1/64 dev br-web nodad");
	run(f, "ip route add local 10.5.0.0/16 dev lo table 100");
	run(f, "timeout 10 sh -c 'until ip -6 route get fd00:18::1 | grep -q local; do sleep 0.02; done'");
	assert_succeeds(route_list_local(f->netlink, &list, &error));
	for (guint i = 0; i < list->len; i++) {
		char text[INET6_ADDRSTRLEN + 4];

		g_string_append_printf(found, "%s ", prefix_format(&g_array_index(list, Prefix, i), text));
	}
	for (guint i = 0; i < G_N_ELEMENTS(wanted); i++) {
		g_autofree char *word = g_strdup_printf(" %s ", wanted[i]);

		g_test_message("%s in%s", wanted[i], found->str);
		g_assert_nonnull(strstr(found->str, word));
	}
	g_assert_null(strstr(found->str, "172.18.0.0/16"));
	g_assert_null(strstr(found->str, "172.18.255.255"));
}

/* From where a packet comes and by what decides as well. */
static void test_ask(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const struct {
		const char *from, *interface, *to;
		int error;
		guint8 type;
		const char *by, *own;
		bool forwards, filters;
	} cases[] = {
		{ "", "", "172.18.0.2", 0, RTN_UNICAST, "br-web", "172.18.0.1" },
		{ "", "", "172.18.0.1", 0, RTN_LOCAL, "lo", "172.18.0.1" },
		{ "", "", "fd00:18::2", 0, RTN_UNICAST, "br-web", "fd00:18::1" },
		{ "", "", "172.18.255.255", 0, RTN_BROADCAST, "br-web", "172.18.0.1" },
		{ "", "", "203.0.113.1", -ENETUNREACH },
		{ "192.0.2.2", "lan", "172.18.0.1", 0, RTN_LOCAL, "lo", "" },
		{ "192.0.2.2", "lan", "172.18.0.2", -EHOSTUNREACH },
		{ "192.0.2.2", "lan", "172.18.0.2", 0, RTN_UNICAST, "br-web", "", true },
		{ "2001:db8::2", "lan", "fd00:18::2", 0, RTN_UNICAST, "br-web", "", true },
		{ "172.18.0.9", "lan", "172.18.0.2", 0, RTN_UNICAST, "br-web", "", true },
		{ "172.18.0.9", "lan", "172.18.0.2", -EXDEV, 0, "", "", true, true },
		{ "192.0.2.1", "lan", "172.18.0.2", -EINVAL, 0, "", "", true },
	};

	for (guint i = 0; i < 2; i++) {
		run(f, "ip link add %s type bridge", i ? "lan" : "br-web");
		run(f, "ip link set %s up", i ? "lan" : "br-web");
	}
	run(f, "ip addr add 172.18.0.1/16 dev br-web");
	run(f, "ip addr add fd00:18::1/64 dev br-web nodad");
	run(f, "ip addr add 192.0.2.1/24 dev lan");
	run(f, "ip addr add 2001:db8::1/64 dev lan nodad");
	run(f, "timeout 10 sh -c 'until ip -6 route get fd00:18::1 | grep -q local; do sleep 0.02; done'");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const Address from = *cases[i].from ? address(cases[i].from) : (Address){};
		const Address to = address(cases[i].to);
		RouteAnswer answer;
		char own[INET6_ADDRSTRLEN];
		int r;

		run(f, "sysctl -qw net.ipv4.ip_forward=%u net.ipv6.conf.all.forwarding=%u", cases[i].forwards,
		    cases[i].forwards);
		run(f, "sysctl -qw net.ipv4.conf.all.rp_filter=%u net.ipv4.conf.lan.rp_filter=%u", cases[i].filters,
		    cases[i].filters);
		r = route_ask(f->netlink, &from, &to, *cases[i].interface ? ifindex_of(cases[i].interface) : 0,
			      &answer);
		g_test_message("%s by %s to %s: %d", cases[i].from, cases[i].interface, cases[i].to, r);
		/* Newer kernels tell what rp_filter stops from martians no more. */
		if (cases[i].error != -EXDEV || r != -EINVAL)
			g_assert_cmpint(r, ==, cases[i].error);
		if (r < 0)
			continue;
		g_assert_cmpuint(answer.type, ==, cases[i].type);
		g_assert_cmpint(answer.ifindex, ==, ifindex_of(cases[i].by));
		g_assert_cmpstr(address_format(&answer.own, own), ==, cases[i].own);
	}
}

int main(int argc, char **argv)
{
	netns_test_init(&argc, &argv);
#define ADD(name, function) g_test_add("/route/" name, Fixture, NULL, fixture_set_up, function, fixture_tear_down)
	ADD("lookup", test_lookup);
	ADD("overlap", test_overlap);
	ADD("overlap-many", test_overlap_many);
	ADD("local", test_local);
	ADD("ask", test_ask);
	return g_test_run();
}
