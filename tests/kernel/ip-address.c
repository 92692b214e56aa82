/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/ip-address.h"
#include "service/netlink/interface.h"
#include "tests/support/netlink.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool has(Fixture *f, int ifindex, int of, const Prefix *wanted)
{
	g_autoptr(GArray) found = NULL;
	bool ret = false;

	assert_succeeds(ip_address_list(f->netlink, of, &found, &error));
	for (guint i = 0; i < found->len; i++) {
		const IpAddress *address = &g_array_index(found, IpAddress, i);

		if (address->ifindex == ifindex && address_equal(&address->prefix.address, &wanted->address) &&
		    address->prefix.length == wanted->length)
			ret = true;
	}
	return ret;
}

static void test_add(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const char *const all[] = { "172.18.0.1/16", "fd00:18::1/64",   "10.9.9.1/32",
					   "172.18.0.1/24", "fd00:99::1/128",  "172.18.0.7/16",
					   "10.0.0.0/31",   "fd00:18:1::/127", "169.254.7.1/16" };
	int ifindex;

	run(f, "ip link add br-web type bridge");
	ifindex = ifindex_of("br-web");
	for (guint round = 0; round < 2; round++)
		for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
			Prefix wanted = prefix(all[i]);

			g_test_message("%s", all[i]);
			assert_succeeds(ip_address_add(f->netlink, ifindex, &wanted, &error));
			assert_shows(f, "ip -o addr show br-web", all[i]);
			g_assert_true(has(f, ifindex, ifindex, &wanted));
			g_assert_true(has(f, ifindex, 0, &wanted));
			g_assert_false(has(f, ifindex, ifindex_of("lo"), &wanted));
		}
	assert_hides(f, "ip -6 addr show br-web", "tentative");
}

static bool is_pending(Fixture *f, int ifindex, const Prefix *address)
{
	bool ret;

	assert_succeeds(ip_address_is_pending(f->netlink, ifindex, &address->address, &ret, &error));
	return ret;
}

/* As one that the kernel's work queue has not come to is one that is not there. */
static void test_pending(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const char *const all[] = { "fd00:18::1/64", "fd00:19::1:2/127", "fd00:20::12:3456/128",
					   "fd00:21::ff:ffff/64", "fe80::1:1/64" };
	int ifindex, another;

	run(f, "ip link add br-web up type bridge");
	run(f, "ip link add br-other up type bridge");
	ifindex = ifindex_of("br-web");
	another = ifindex_of("br-other");
	for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
		Prefix address = prefix(all[i]);

		g_test_message("%s", all[i]);
		g_assert_true(is_pending(f, ifindex, &address));
		assert_succeeds(ip_address_add(f->netlink, ifindex, &address, &error));
		while (is_pending(f, ifindex, &address))
			g_usleep(G_TIME_SPAN_MILLISECOND);
		g_assert_true(is_pending(f, another, &address));
		g_assert_true(is_pending(f, 4711, &address));
	}
}

static void test_refused(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const char *const not_taken[] = { "0.0.0.0/8", "::/64", "::1/128", "ff02::1/64" };
	Prefix wanted = prefix("fd00:18::1/64");
	g_autoptr(GArray) none = NULL;
	int ifindex;

	run(f, "ip link add br-web type bridge");
	ifindex = ifindex_of("br-web");
	for (guint i = 0; i < G_N_ELEMENTS(not_taken); i++) {
		Prefix bad = prefix(not_taken[i]);

		g_test_message("%s", not_taken[i]);
		assert_fails(ip_address_add(f->netlink, ifindex, &bad, &error), INVALID_ARGS, not_taken[i]);
	}
	assert_hides(f, "ip addr show br-web", "inet");
	assert_succeeds(ip_address_add(f->netlink, ifindex, &wanted, &error));
	wanted.length = 80;
	assert_fails(ip_address_add(f->netlink, ifindex, &wanted, &error), FAILED,
		     "\"br-web\": cannot add address fd00:18::1: it has it with prefix length 64, not 80");
	assert_fails(ip_address_add(f->netlink, 4711, &wanted, &error), FAILED, "interface 4711: cannot add address");
	assert_succeeds(ip_address_list(f->netlink, 4711, &none, &error));
	g_assert_cmpuint(none->len, ==, 0);

	g_assert_true(netns_sysctl(f->netns, "net/ipv6/conf/br-web/disable_ipv6", "1"));
	wanted = prefix("fd00:20::1/64");
	assert_fails(ip_address_add(f->netlink, ifindex, &wanted, &error), FAILED, "switched off (disable_ipv6)");
	wanted = prefix("172.20.0.1/16");
	assert_succeeds(ip_address_add(f->netlink, ifindex, &wanted, &error));
	assert_succeeds(interface_set_setting6(f->netlink, ifindex, INTERFACE6_DISABLE, 0, &error));
	wanted = prefix("fd00:20::1/64");
	assert_succeeds(ip_address_add(f->netlink, ifindex, &wanted, &error));
}

int main(int argc, char **argv)
{
	netns_test_init(&argc, &argv);
#define ADD(name, function) g_test_add("/ip-address/" name, Fixture, NULL, fixture_set_up, function, fixture_tear_down)
	ADD("add", test_add);
	ADD("pending", test_pending);
	ADD("refused", test_refused);
	return g_test_run();
}
