/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/address-route.h"
#include "service/netlink/ip-address.h"
#include "tests/support/netlink.h"

static bool is_missing(Fixture *f, int ifindex, const Prefix *address)
{
	g_autoptr(GArray) routes = NULL;

	assert_succeeds(address_route_list(f->netlink, ifindex, &routes, &error));
	return address_route_is_missing(routes, address);
}

/* The kernel makes them for each as it is expected here; what is taken away is missed, and made again. */
static void test_again(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const char *const all[] = { "172.18.0.1/16", "10.9.9.1/32",    "10.9.8.1/31",   "10.9.7.1/30",
					   "fd00:18::1/64", "fd00:19::1/127", "fd00:20::1/128" };
	static const char *const damages[] = {
		"ip route flush table main",
		"ip route flush table local dev br-web",
		"ip -6 route flush table main dev br-web",
		"ip -6 route flush table local dev br-web",
	};
	int ifindex;

	run(f, "ip link add br-web type bridge");
	run(f, "ip link set br-web up");
	ifindex = ifindex_of("br-web");
	for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
		Prefix wanted = prefix(all[i]);
		guint missed = 0;

		g_test_message("%s", all[i]);
		g_assert_true(is_missing(f, ifindex, &wanted));
		assert_succeeds(ip_address_add(f->netlink, ifindex, &wanted, &error));
		for (guint n = 0; n < 500 && is_missing(f, ifindex, &wanted); n++)
			g_usleep(10 * G_TIME_SPAN_MILLISECOND);
		g_assert_false(is_missing(f, ifindex, &wanted));
		g_assert_true(is_missing(f, ifindex_of("lo"), &wanted));
		for (guint n = 0; n < G_N_ELEMENTS(damages); n++) {
			run(f, "%s", damages[n]);
			missed += is_missing(f, ifindex, &wanted);
			assert_succeeds(address_route_add(f->netlink, ifindex, &wanted, &error));
			g_assert_false(is_missing(f, ifindex, &wanted));
		}
		/* One without a subnet has none in the main table. */
		g_assert_cmpuint(missed, ==, g_str_has_suffix(all[i], "/32") ? 1 : 2);
		assert_succeeds(address_route_add(f->netlink, ifindex, &wanted, &error));
	}
}

static void test_replaced(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	Prefix wanted = prefix("172.18.0.1/16");
	int ifindex;

	run(f, "ip link add br-web type bridge");
	run(f, "ip link set br-web up");
	run(f, "ip address add 172.18.0.1/16 dev br-web");
	ifindex = ifindex_of("br-web");
	run(f, "ip route change 172.18.0.0/16 dev br-web src 172.18.0.1 mtu 1400");
	g_assert_false(is_missing(f, ifindex, &wanted));
	run(f, "ip route change 172.18.0.0/16 dev br-web via 172.18.0.9 onlink");
	g_assert_true(is_missing(f, ifindex, &wanted));
	assert_succeeds(address_route_add(f->netlink, ifindex, &wanted, &error));
	g_assert_false(is_missing(f, ifindex, &wanted));
	assert_shows(f, "ip route get 172.18.0.2", "172.18.0.2 dev br-web src 172.18.0.1");
	assert_fails(address_route_add(f->netlink, 4711, &wanted, &error), FAILED,
		     "cannot add the route to 172.18.0.1");
}

int main(int argc, char **argv)
{
	netns_test_init(&argc, &argv);
#define ADD(name, function) \
	g_test_add("/address-route/" name, Fixture, NULL, fixture_set_up, function, fixture_tear_down)
	ADD("again", test_again);
	ADD("replaced", test_replaced);
	return g_test_run();
}
