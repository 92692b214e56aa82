/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/neighbour.h"
#include "tests/support/netlink.h"

#include <net/if.h>
#include <string.h>

static void test_flush(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const char *const states[] = { "reachable", "stale", "delay", "failed", "noarp", "permanent" };
	static const char *const addresses[] = { "172.18.0.2", "fd00:18::2", "fe80::2" };
	int ifindex, other;

	run(f, "ip link add br-web type bridge");
	run(f, "ip link set br-web up");
	run(f, "ip link add br-b type bridge");
	run(f, "ip link set br-b up");
	ifindex = if_nametoindex("br-web");
	other = if_nametoindex("br-b");
	for (guint i = 0; i < G_N_ELEMENTS(states); i++)
		for (guint j = 0; j < G_N_ELEMENTS(addresses); j++) {
			const Address wanted = address(addresses[j]);
			g_autofree char *show = g_strdup_printf("ip neigh show nud all dev br-web to %s", addresses[j]);

			g_test_message("%s %s", addresses[j], states[i]);
			for (guint k = 0; k < 2; k++)
				run(f, "ip neigh replace %s lladdr 02:00:00:00:00:01 dev %s nud %s", addresses[j],
				    k ? "br-b" : "br-web", states[i]);
			run(f, "ip neigh replace 172.18.0.20 lladdr 02:00:00:00:00:02 dev br-web nud permanent");
			assert_shows(f, show, addresses[j]);
			for (guint round = 0; round < 2; round++) {
				assert_succeeds(flush_neighbour(f, ifindex, &wanted, &error));
				/* Somebody wrote it for good. */
				if (g_str_equal(states[i], "permanent") || g_str_equal(states[i], "noarp"))
					assert_shows(f, show, addresses[j]);
				else
					assert_hides(f, show, addresses[j]);
			}
			assert_shows(f, "ip neigh show nud all dev br-b", addresses[j]);
			assert_shows(f, "ip neigh show nud all dev br-web", "172.18.0.20");
			assert_succeeds(flush_neighbour(f, other, &wanted, &error));
		}
	run(f, "ip link delete br-b");
	assert_succeeds(flush_neighbour(f, other, &(const Address){ AF_INET, { 172, 18, 0, 2 } }, &error));
}

int main(int argc, char **argv)
{
	netns_test_init(&argc, &argv);
	g_test_add("/neighbour/flush", Fixture, NULL, fixture_set_up, test_flush, fixture_tear_down);
	return g_test_run();
}
