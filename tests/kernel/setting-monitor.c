/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/setting-monitor.h"
#include "tests/support/netns.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct Fixture {
	int before, netns;
	GString *told; /* ifindexes, a space before each, "host", and addresses that are gone */
	SettingMonitor *monitor;
} Fixture;

static void on_interface(int ifindex, void *userdata)
{
	g_string_append_printf(((Fixture *)userdata)->told, " %d", ifindex);
}

static void on_host(void *userdata)
{
	g_string_append(((Fixture *)userdata)->told, " host");
}

static void on_address_gone(const Address *address, void *userdata)
{
	char text[INET6_ADDRSTRLEN];

	g_string_append_printf(((Fixture *)userdata)->told, " %s", address_format(address, text));
}

static void set_up(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	g_autoptr(GError) error = NULL;

	f->before = netns_current();
	f->netns = netns_new();
	netns_enter(f->netns);
	f->told = g_string_new(NULL);
	netns_run(f->netns, "ip link add br-a type bridge");
	netns_run(f->netns, "ip link set br-a up");
	f->monitor =
		setting_monitor_new(&(SettingMonitorCallbacks){ on_interface, on_host, on_address_gone }, f, &error);
	g_assert_no_error(error);
}

static void tear_down(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	setting_monitor_free(f->monitor);
	g_string_free(f->told, TRUE);
	netns_enter(f->before);
	close(f->netns);
	close(f->before);
}

static void changes(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const struct {
		const char *command;
		bool interface, host; /* told of */
		const char *gone;     /* NULL: no address */
	} cases[] = {
		{ "true" },
		{ "ip address add 172.18.0.1/16 dev br-a" },
		{ "ip address del 172.18.0.1/16 dev br-a", .interface = true, .gone = " 172.18.0.1" },
		{ "ip address add fd00:18::1/64 dev br-a nodad" },
		{ "ip address del fd00:18::1/64 dev br-a", .interface = true, .gone = " fd00:18::1" },
		{ "ip address add 172.18.0.1 peer 172.18.0.2 dev br-a" },
		{ "ip address del 172.18.0.1 peer 172.18.0.2 dev br-a", .interface = true, .gone = " 172.18.0.1" },
		{ "sysctl -q net.ipv4.conf.br-a.rp_filter=2", .interface = true },
		{ "sysctl -q net.ipv4.conf.br-a.forwarding=1", .interface = true },
		{ "sysctl -q net.ipv6.conf.br-a.forwarding=1", .interface = true },
		{ "sysctl -q net.ipv6.conf.br-a.disable_ipv6=1", .interface = true },
		{ "sysctl -q net.ipv4.ip_forward=1", .host = true },
		{ "sysctl -q net.ipv4.ip_forward=0", .interface = true, .host = true },
		{ "sysctl -q net.ipv6.conf.all.forwarding=1", .host = true },
		{ "sysctl -q net.ipv6.conf.default.forwarding=0" },
	};
	g_autofree char *ifindex = g_strdup_printf(" %u", if_nametoindex("br-a"));

	setting_monitor_dispatch(f->monitor);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_string_truncate(f->told, 0);
		netns_run(f->netns, "%s", cases[i].command);
		setting_monitor_dispatch(f->monitor);
		if ((!cases[i].interface || strstr(f->told->str, ifindex)) &&
		    !cases[i].host == !strstr(f->told->str, " host") &&
		    (!cases[i].gone || strstr(f->told->str, cases[i].gone)))
			continue;
		g_test_message("%s: told%s", cases[i].command, f->told->str);
		g_test_fail();
	}
}

/* Anything may have changed then. */
static void overrun(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	const int least = 1;

	setting_monitor_dispatch(f->monitor);
	g_string_truncate(f->told, 0);
	g_assert_no_errno(setsockopt(setting_monitor_fd(f->monitor), SOL_SOCKET, SO_RCVBUF, &least, sizeof least));
	for (guint i = 0; i < 10; i++)
		netns_run(f->netns, "sysctl -q net.ipv4.conf.br-a.rp_filter=%u", i % 2);
	setting_monitor_dispatch(f->monitor);
	g_assert_true(g_str_has_suffix(f->told->str, " 0 host"));
}

int main(int argc, char **argv)
{
	netns_test_init(&argc, &argv);
	g_test_add("/setting-monitor/changes", Fixture, NULL, set_up, changes, tear_down);
	g_test_add("/setting-monitor/overrun", Fixture, NULL, set_up, overrun, tear_down);
	return g_test_run();
}
