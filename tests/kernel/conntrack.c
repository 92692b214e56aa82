/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/conntrack.h"
#include "tests/support/netns.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* conntrack(8) fills the kernel's table and says what is left of it. */

typedef struct Fixture {
	int before, netns;
} Fixture;

static void set_up(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	f->before = netns_current();
	f->netns = netns_new();
	netns_enter(f->netns);
}

static void tear_down(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	netns_enter(f->before);
	close(f->netns);
	close(f->before);
}

/* The entries; the mark of each is its place here, from one. */
static const char *const entries[] = {
	"-p udp -s 192.0.2.9 -d 192.0.2.1 --dst-nat 172.18.0.2 --sport 999 --dport 5300", /* published */
	"-p udp -s 192.0.2.9 -d 192.0.2.2 --dst-nat 172.18.0.3 --sport 999 --dport 5300", /* other address */
	"-p udp -s 192.0.2.9 -d 192.0.2.1 --sport 999 --dport 5301",
	"-p udp -s 172.18.0.2 -d 192.0.2.9 --src-nat 192.0.2.1 --sport 5300 --dport 53", /* masqueraded */
	"-p udp -s 172.18.0.4 -d 172.18.0.2 --sport 999 --dport 5300",
	"-p tcp -s 192.0.2.9 -d 192.0.2.1 --dst-nat 172.18.0.2 --sport 999 --dport 5300 --state ESTABLISHED",
	"-p tcp -s 192.0.2.9 -d 192.0.2.1 --sport 998 --dport 5300 --state ESTABLISHED",
	"-p icmp -s 172.18.0.2 -d 192.0.2.1 --icmp-type 8 --icmp-code 0 --icmp-id 7",
	"-p udp -s 172.18.0.20 -d 192.0.2.9 --sport 999 --dport 53",
	"-p udp -s 2001:db8::9 -d 2001:db8::1 --dst-nat fd00:18::2 --sport 999 --dport 5300",
	"-p tcp -s fd00:18::2 -d 2001:db8::9 --sport 999 --dport 80 --state ESTABLISHED",
	"-p udp -s 2001:db8::9 -d 2001:db8::1 --sport 999 --dport 5301",
	"-p udp -s 192.0.2.9 -d 192.0.2.3 --dst-nat 172.18.0.5 --sport 999 --dport 65535",
};

static void fill(Fixture *f)
{
	for (guint i = 0; i < G_N_ELEMENTS(entries); i++)
		netns_run(f->netns, "conntrack -I -t 600 -m %u %s", i + 1, entries[i]);
}

/* A space and the mark for each entry that is left, ascending. */
static char *left(Fixture *f)
{
	g_autofree char *ipv4 = netns_output(f->netns, "conntrack -L -f ipv4");
	g_autofree char *ipv6 = netns_output(f->netns, "conntrack -L -f ipv6");
	g_autofree char *all = g_strconcat(ipv4, ipv6, NULL);
	GString *ret = g_string_new(NULL);

	for (guint i = 0; i < G_N_ELEMENTS(entries); i++) {
		g_autofree char *mark = g_strdup_printf(" mark=%u ", i + 1);

		if (strstr(all, mark))
			g_string_append_printf(ret, " %u", i + 1);
	}
	return g_string_free(ret, FALSE);
}

/* "172.18.0.2" is an address; "192.0.2.1 5300 2" two ports of one, "ipv4 5300 1" of any. */
static void add(ConntrackFilter *filter, const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	Address address = {};
	enum family family;

	if (!family_from_string(words[0], &family)) {
		g_assert_true(address_parse(words[0], &address));
		family = address_family(&address);
	}
	if (words[1])
		conntrack_filter_add_udp_ports(filter, family, &address, atoi(words[1]), atoi(words[2]));
	else
		conntrack_filter_add_address(filter, &address);
}

static guint flush(const ConntrackFilter *filter)
{
	g_autoptr(GError) error = NULL;
	guint deleted = 0;

	g_assert_true(conntrack_flush(filter, &deleted, &error));
	g_assert_no_error(error);
	return deleted;
}

static void test_match(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const struct {
		const char *what[4];
		guint deleted;
		const char *left;
	} cases[] = {
		{ { NULL }, 0, " 1 2 3 4 5 6 7 8 9 10 11 12 13" },
		{ { "172.18.0.2" }, 5, " 2 3 7 9 10 11 12 13" },
		{ { "192.0.2.1" }, 6, " 2 5 9 10 11 12 13" },
		{ { "192.0.2.2" }, 1, " 1 3 4 5 6 7 8 9 10 11 12 13" },
		{ { "172.18.0.9", "fd00::9" }, 0, " 1 2 3 4 5 6 7 8 9 10 11 12 13" },
		{ { "fd00:18::2" }, 2, " 1 2 3 4 5 6 7 8 9 12 13" },
		{ { "172.18.0.2", "fd00:18::2", "172.18.0.3" }, 8, " 3 7 9 12 13" },
		{ { "192.0.2.1 5300 1" }, 1, " 2 3 4 5 6 7 8 9 10 11 12 13" },
		{ { "192.0.2.1 5300 2" }, 2, " 2 4 5 6 7 8 9 10 11 12 13" },
		{ { "ipv4 5300 1" }, 3, " 3 4 6 7 8 9 10 11 12 13" },
		{ { "0.0.0.0 5300 1" }, 3, " 3 4 6 7 8 9 10 11 12 13" },
		{ { "ipv6 5301 1" }, 1, " 1 2 3 4 5 6 7 8 9 10 11 13" },
		{ { "2001:db8::1 5300 1", "192.0.2.2 5300 1" }, 2, " 1 3 4 5 6 7 8 9 11 12 13" },
		{ { "ipv4 5299 1", "ipv4 5302 100", "ipv4 53 0" }, 0, " 1 2 3 4 5 6 7 8 9 10 11 12 13" },
		{ { "ipv4 65000 65535" }, 1, " 1 2 3 4 5 6 7 8 9 10 11 12" },
		{ { "172.18.0.2", "192.0.2.1 5301 1" }, 6, " 2 7 9 10 11 12 13" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(ConntrackFilter) filter = conntrack_filter_new();
		g_autofree char *remains = NULL;

		g_test_message("%s", cases[i].what[0]);
		netns_run(f->netns, "conntrack -F");
		fill(f);
		for (const char *const *what = cases[i].what; *what; what++)
			add(filter, *what);
		g_assert_cmpint(conntrack_filter_is_empty(filter), ==, !cases[i].what[0]);
		g_assert_cmpuint(flush(filter), ==, cases[i].deleted);
		remains = left(f);
		g_assert_cmpstr(remains, ==, cases[i].left);
		g_assert_cmpuint(flush(filter), ==, 0);
	}
}

static int udp_socket(guint16 port)
{
	struct sockaddr_in local = { .sin_family = AF_INET, .sin_port = g_htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	g_assert_cmpint(bind(fd, (struct sockaddr *)&local, sizeof(local)), ==, 0);
	return fd;
}

static void send_to(int fd, guint32 address, guint16 port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = g_htons(port),
				  .sin_addr.s_addr = g_htonl(address) };

	/* A refusal of an earlier datagram may be reported now. */
	while (sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		g_assert_cmpint(errno, ==, ECONNREFUSED);
}

static bool arrives(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_DONTWAIT) == 1;
}

/* What it is for: a client that keeps sending from one port follows the rule and not the old flow. */
static void test_flow(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	g_autoptr(ConntrackFilter) filter = conntrack_filter_new();
	int client = udp_socket(4000), first = udp_socket(5001), second = udp_socket(5002);
	const char *rule = "iptables-legacy -t nat %s OUTPUT -d 127.0.0.1 -p udp --dport 5300 "
			   "-j DNAT --to-destination 127.0.0.1:%d";
	g_autofree char *add_first = g_strdup_printf(rule, "-A", 5001),
			*remove_first = g_strdup_printf(rule, "-D", 5001);
	g_autofree char *add_second = g_strdup_printf(rule, "-A", 5002);

	netns_run(f->netns, "%s", add_first);
	send_to(client, INADDR_LOOPBACK, 5300);
	g_assert_true(arrives(first));
	netns_run(f->netns, "%s", remove_first);
	netns_run(f->netns, "%s", add_second);
	send_to(client, INADDR_LOOPBACK, 5300);
	g_assert_true(arrives(first));
	g_assert_false(arrives(second));

	add(filter, "127.0.0.1 5300 1");
	g_assert_cmpuint(flush(filter), ==, 1);
	send_to(client, INADDR_LOOPBACK, 5300);
	g_assert_false(arrives(first));
	g_assert_true(arrives(second));
	close(client);
	close(first);
	close(second);
}

static void test_many(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	g_autoptr(ConntrackFilter) filter = conntrack_filter_new();
	g_autofree char *count = NULL;
	int client = udp_socket(4000);
	gint64 start;

	/* Connections are tracked only where a rule asks. */
	netns_run(f->netns, "iptables-legacy -A OUTPUT -m conntrack --ctstate INVALID");
	for (guint i = 0; i < 8000; i++)
		send_to(client, 0x7f010000 + i, 53);
	count = netns_output(f->netns, "conntrack -C");
	g_assert_cmpint(atoi(count), >=, 8000);

	/* Half of them, and thousands that are nobody's. */
	for (guint i = 0; i < 4000; i++) {
		const guint32 addresses[] = { g_htonl(0x7f010000 + 2 * i), g_htonl(0x7f020000 + i) };

		for (guint j = 0; j < G_N_ELEMENTS(addresses); j++) {
			Address address = { .family = AF_INET };

			memcpy(address.bytes, &addresses[j], 4);
			conntrack_filter_add_address(filter, &address);
		}
	}
	add(filter, "ipv4 1024 64000");
	start = g_get_monotonic_time();
	g_assert_cmpuint(flush(filter), ==, 4000);
	g_test_message("4000 of 8000 in %" G_GINT64_FORMAT " ms", (g_get_monotonic_time() - start) / 1000);
	g_assert_cmpuint(flush(filter), ==, 0);
	g_free(count);
	count = netns_output(f->netns, "conntrack -C");
	g_assert_cmpint(atoi(count), >=, 4000);
	g_assert_cmpint(atoi(count), <, 4100);
	close(client);
}

int main(int argc, char **argv)
{
	const char *reason;

	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	if (!netns_isolate(&reason)) {
		printf("1..0 # SKIP %s\n", reason);
		return 0;
	}
	g_test_add("/conntrack/match", Fixture, NULL, set_up, test_match, tear_down);
	g_test_add("/conntrack/flow", Fixture, NULL, set_up, test_flow, tear_down);
	g_test_add("/conntrack/many", Fixture, NULL, set_up, test_many, tear_down);
	return g_test_run();
}
