/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/netlink.h"

#include "service/netlink/neighbour.h"

#include <string.h>
#include <unistd.h>

void fixture_set_up(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	g_autoptr(GError) error = NULL;

	f->before = netns_current();
	f->netns = netns_new();
	netns_enter(f->netns);
	g_assert_true(netns_sysctl(f->netns, "net/ipv6/conf/default/accept_dad", "1"));
	f->netlink = netlink_new(&error);
	g_assert_no_error(error);
}

void fixture_tear_down(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	netlink_free(f->netlink);
	netns_enter(f->before);
	close(f->netns);
	close(f->before);
}

void assert_output(Fixture *f, const char *command, const char *wanted, bool contained)
{
	g_autofree char *output = netns_output(f->netns, "%s", command);

	if (!strstr(output, wanted) == contained) {
		g_test_message("%s printed: %s", command, output);
		g_test_message("%s: %s", contained ? "expected" : "not expected", wanted);
		g_test_fail();
	}
}

Address address(const char *text)
{
	Address ret = {};

	g_assert_true(address_parse(text, &ret));
	return ret;
}

Prefix prefix(const char *text)
{
	Prefix ret = {};

	g_assert_true(prefix_parse(text, &ret));
	return ret;
}

int ifindex_of(const char *name)
{
	return if_nametoindex(name);
}

bool flush_neighbour(Fixture *f, int ifindex, const Address *address, GError **error)
{
	g_autoptr(GArray) neighbours = g_array_new(FALSE, FALSE, sizeof(Neighbour));
	const Neighbour neighbour = { ifindex, *address };

	g_array_append_val(neighbours, neighbour);
	return neighbours_flush(f->netlink, neighbours, error);
}
