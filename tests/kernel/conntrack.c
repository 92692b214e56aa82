/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/conntrack.h"
#include "service/netlink/sysctl.h"
#include "tests/support/connections.h"
#include "tests/support/netns.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* conntrack(8) fills the kernel's table and says what is left of it. */

/* The host's own. */
static const char *const own[] = { "192.0.2.1/24", "192.0.2.2/24", "192.0.2.3/24", "2001:db8::1/64" };

typedef struct Fixture {
	int before, netns;
} Fixture;

static void set_up(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	f->before = netns_current();
	f->netns = netns_new();
	netns_enter(f->netns);
	netns_run(f->netns, "ip link set lo up");
	for (guint i = 0; i < G_N_ELEMENTS(own); i++)
		netns_run(f->netns, "ip addr add %s dev lo%s", own[i], strchr(own[i], ':') ? " nodad" : "");
	netns_run(f->netns,
		  "timeout 10 sh -c 'until ip -6 route get 2001:db8::1 | grep -q local; do sleep 0.02; done'");
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
	/* Through the host to elsewhere. */
	"-p udp -s 192.0.2.9 -d 198.51.100.7 --sport 999 --dport 5300",
	"-p udp -s 2001:db8::9 -d 2001:db8:5::7 --sport 999 --dport 5301",
	"-p udp -s 192.0.2.9 -d 198.51.100.8 --dst-nat 198.51.100.9 --sport 999 --dport 5300",
};

/* Those that are not there. */
static void fill(Fixture *f)
{
	g_autoptr(GString) script = g_string_new(NULL);

	for (guint i = 0; i < G_N_ELEMENTS(entries); i++)
		g_string_append_printf(script, "conntrack -I -t 600 -m %u %s || true\n", i + 1, entries[i]);
	g_assert_true(g_file_set_contents("/run/fill", script->str, -1, NULL));
	netns_run(f->netns, "sh /run/fill");
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

/* Takes the filter. */
static guint flush(ConntrackFilter **filter)
{
	g_autoptr(GError) error = NULL;
	ConntrackFlush *flush = conntrack_flush_start(g_steal_pointer(filter), &error);
	guint deleted = 0;

	g_assert_no_error(error);
	g_assert_true(conntrack_flush_finish(flush, &deleted, &error));
	g_assert_no_error(error);
	return deleted;
}

static guint count_entries(Fixture *f)
{
	g_autofree char *text = netns_output(f->netns, "conntrack -C");

	return atoi(text);
}

/* In a table that holds nothing else, which is read whole, and in one that others fill. */
static void test_match(Fixture *f, gconstpointer data)
{
	static const struct {
		const char *what[4];
		guint deleted;
		const char *left;
	} cases[] = {
		{ { NULL }, 0, " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16" },
		{ { "172.18.0.2" }, 5, " 2 3 7 9 10 11 12 13 14 15 16" },
		{ { "192.0.2.1" }, 3, " 1 2 4 5 6 9 10 11 12 13 14 15 16" },
		{ { "192.0.2.2" }, 0, " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16" },
		{ { "172.18.0.9", "fd00::9" }, 0, " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16" },
		{ { "fd00:18::2" }, 2, " 1 2 3 4 5 6 7 8 9 12 13 14 15 16" },
		{ { "172.18.0.2", "fd00:18::2", "172.18.0.3" }, 8, " 3 7 9 12 13 14 15 16" },
		{ { "192.0.2.1 5300 1" }, 1, " 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16" },
		{ { "192.0.2.1 5300 2" }, 2, " 2 4 5 6 7 8 9 10 11 12 13 14 15 16" },
		{ { "ipv4 5300 1" }, 2, " 3 4 5 6 7 8 9 10 11 12 13 14 15 16" },
		{ { "0.0.0.0 5300 1" }, 2, " 3 4 5 6 7 8 9 10 11 12 13 14 15 16" },
		{ { "ipv6 5301 1" }, 1, " 1 2 3 4 5 6 7 8 9 10 11 13 14 15 16" },
		{ { "ipv4 5300 1", "ipv6 5300 1" }, 3, " 3 4 5 6 7 8 9 11 12 13 14 15 16" },
		{ { "2001:db8::1 5300 1", "192.0.2.2 5300 1" }, 2, " 1 3 4 5 6 7 8 9 11 12 13 14 15 16" },
		{ { "198.51.100.8 5300 1" }, 1, " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15" },
		{ { "ipv4 5299 1", "ipv4 5302 100", "ipv4 53 0" }, 0, " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16" },
		{ { "ipv4 65000 65535" }, 1, " 1 2 3 4 5 6 7 8 9 10 11 12 14 15 16" },
		{ { "ipv4 5300 3000" }, 3, " 4 5 6 7 8 9 10 11 12 13 14 15 16" },
		{ { "172.18.0.2", "192.0.2.1 5301 1" }, 6, " 2 7 9 10 11 12 13 14 15 16" },
	};
	const guint foreign = GPOINTER_TO_UINT(data);

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(ConntrackFilter) filter = conntrack_filter_new();
		g_autofree char *remains = NULL;

		g_test_message("%s", cases[i].what[0]);
		netns_run(f->netns, "conntrack -F");
		fill(f);
		connections_fill(foreign, family_to_af(i % 2), 2);
		for (const char *const *what = cases[i].what; *what; what++)
			add(filter, *what);
		g_assert_cmpint(conntrack_filter_is_empty(filter), ==, !cases[i].what[0]);
		g_assert_cmpuint(flush(&filter), ==, cases[i].deleted);
		g_assert_cmpuint(count_entries(f), ==, foreign + G_N_ELEMENTS(entries) - cases[i].deleted);
		remains = left(f);
		g_assert_cmpstr(remains, ==, cases[i].left);
	}
}

/* Who no longer reaches whom: a network's subnets, or two of its endpoints. */
static void test_separated(Fixture *f, gconstpointer data)
{
	static const struct {
		const char *entry;
		const char *
			fate; /* "s": ends with the subnets; "p": with the pair; "t": unless what is translated stays */
	} flows[] = {
		{ "-p tcp -s 172.18.0.2 -d 172.18.0.3 --sport 999 --dport 80 --state ESTABLISHED", "sp" },
		{ "-p tcp -s 172.18.0.3 -d 172.18.0.2 --sport 5432 --dport 999 --state ESTABLISHED", "sp" },
		{ "-p tcp -s 172.18.0.2 -d 172.18.0.3 --sport 998 --dport 5432 --state ESTABLISHED", "" }, /* linked */
		{ "-p udp -s 172.18.0.2 -d 172.18.0.3 --sport 999 --dport 5432", "sp" },
		{ "-p icmp -s 172.18.0.2 -d 172.18.0.3 --icmp-type 8 --icmp-code 0 --icmp-id 7", "sp" },
		{ "-p udp -s 172.18.0.4 -d 172.18.255.2 --sport 999 --dport 53", "s" },
		{ "-p udp -s 172.18.0.2 -d 192.0.2.1 --dst-nat 172.18.0.3 --sport 999 --dport 5300", "spt" },
		{ "-p udp -s 172.18.0.2 -d 172.18.0.1 --sport 999 --dport 53", "" }, /* the host's own */
		{ "-p udp -s 172.18.0.1 -d 172.18.0.3 --sport 999 --dport 53", "" },
		{ "-p udp -s 172.18.0.2 -d 192.0.2.9 --src-nat 192.0.2.1 --sport 999 --dport 53", "" },
		{ "-p udp -s 192.0.2.9 -d 192.0.2.1 --dst-nat 172.18.0.3 --sport 999 --dport 53", "" },
		{ "-p udp -s 172.19.0.2 -d 172.19.0.3 --sport 999 --dport 53", "" },
		{ "-p tcp -s fd00:18::2 -d fd00:18::3 --sport 999 --dport 80 --state ESTABLISHED", "sp" },
		{ "-p tcp -s fd00:18::2 -d fd00:18::3 --sport 999 --dport 5432 --state ESTABLISHED", "" },
		{ "-p udp -s fe80::2 -d fe80::3 --sport 999 --dport 53", "s" },
		{ "-p udp -s fd00:19::2 -d fd00:19::3 --sport 999 --dport 53", "" },
	};
	static const LinkPort linked = { IPPROTO_TCP, 5432 };
	g_autoptr(Network) network = network_new("web");
	g_autoptr(Endpoint) one = endpoint_new(network, "one"), two = endpoint_new(network, "two");
	Link *link = link_new(two);

	netns_run(f->netns, "ip addr add 172.18.0.1/32 dev lo");
	g_assert_true(prefix_parse("172.18.0.0/16", &network->subnets[FAMILY_IPV4]));
	g_assert_true(prefix_parse("fd00:18::/64", &network->subnets[FAMILY_IPV6]));
	g_assert_true(address_parse("172.18.0.2", &one->addresses[FAMILY_IPV4]));
	g_assert_true(address_parse("fd00:18::2", &one->addresses[FAMILY_IPV6]));
	g_assert_true(address_parse("172.18.0.3", &two->addresses[FAMILY_IPV4]));
	g_assert_true(address_parse("fd00:18::3", &two->addresses[FAMILY_IPV6]));
	g_array_append_val(link->ports, linked);
	g_ptr_array_add(one->links, link);
	g_queue_push_tail(&network->endpoints_by_age, one);

	for (guint pair = 0; pair <= 1; pair++)
		for (guint keep = 0; keep <= 1; keep++) {
			g_autoptr(ConntrackFilter) filter = conntrack_filter_new();
			g_autoptr(GArray) separations = separations_new();

			netns_run(f->netns, "conntrack -F");
			connections_fill(GPOINTER_TO_UINT(data), AF_INET, 2);
			for (guint i = 0; i < G_N_ELEMENTS(flows); i++)
				netns_run(f->netns, "conntrack -I -t 600 -m %u %s", i + 1, flows[i].entry);
			if (pair)
				separations_add_link(separations, one, two);
			else
				separations_add_network(separations, network);
			conntrack_filter_add_separations(filter, separations, keep);
			flush(&filter);
			for (guint i = 0; i < G_N_ELEMENTS(flows); i++) {
				g_autofree char *there = netns_output(f->netns, "conntrack -L -m %u -f %s", i + 1,
								      strchr(flows[i].entry, ':') ? "ipv6" : "ipv4");
				bool ends = strchr(flows[i].fate, pair ? 'p' : 's') &&
					    !(keep && strchr(flows[i].fate, 't'));

				g_test_message("%s%s: %s", pair ? "pair" : "subnets", keep ? ", translated stay" : "",
					       flows[i].entry);
				g_assert_cmpint(strstr(there, " mark=") == NULL, ==, ends);
			}
		}
	g_queue_clear(&network->endpoints_by_age);
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
	g_assert_cmpuint(flush(&filter), ==, 1);
	send_to(client, INADDR_LOOPBACK, 5300);
	g_assert_false(arrives(first));
	g_assert_true(arrives(second));
	close(client);
	close(first);
	close(second);
}

/* A table that is as full as it gets. */
#define FULL 240000

static bool fill_table(enum family family)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	if (!sysctl_read("net/netfilter/nf_conntrack_max", &text, &error) || atoi(text) < FULL + 1000) {
		g_test_skip(error ? error->message : "the kernel tracks less than 241000 connections");
		return false;
	}
	connections_fill(FULL, family_to_af(family), 100);
	return true;
}

static gint64 used_usec(void)
{
	struct timespec used;

	g_assert_no_errno(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used));
	return used.tv_sec * G_USEC_PER_SEC + used.tv_nsec / 1000;
}

/*
 * What it costs to be shown every entry is the measure: a machine can be slow, or
 * busy. The processor's time is taken, most of it in the kernel; idle, the whole is some 500 ms.
 */
static void test_full(Fixture *f, gconstpointer data)
{
	static const struct {
		const char *name;
		const char *what[9];
		guint deleted;
		guint most[N_FAMILIES]; /* percent of the whole, when the table is full of a family's entries */
	} cases[] = {
		{ "publish a range", { "ipv4 5300 1000", "ipv6 5300 1000" }, 5, { 100, 100 } },
		{ "publish a port at an address", { "192.0.2.1 5300 1" }, 1, { 40, 40 } },
		{ "publish a port", { "ipv4 5300 1" }, 2, { 40, 40 } },
		{ "publish a port in both families", { "ipv4 5300 1", "ipv6 5300 1" }, 3, { 60, 60 } },
		{ "delete an endpoint", { "172.18.0.2" }, 5, { 60, 60 } },
		{ "delete an endpoint in both families", { "172.18.0.2", "fd00:18::2" }, 7, { 80, 200 } },
		{ "delete eight endpoints",
		  { "172.18.0.2", "172.18.0.3", "172.18.0.4", "172.18.0.7", "172.18.0.8", "172.18.0.9", "172.18.0.10",
		    "172.18.0.11" },
		  6,
		  { 200, 40 } },
	};
	enum family family = GPOINTER_TO_UINT(data);
	gint64 whole = 0;

	if (!fill_table(family))
		return;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(ConntrackFilter) filter = conntrack_filter_new();
		gint64 start, used;

		for (const char *const *what = cases[i].what; *what; what++)
			add(filter, *what);
		fill(f);
		g_assert_cmpuint(count_entries(f), ==, FULL + G_N_ELEMENTS(entries));
		start = used_usec();
		g_assert_cmpuint(flush(&filter), ==, cases[i].deleted);
		used = used_usec() - start;
		if (i == 0)
			whole = used;
		g_test_message("%s: %.1f ms", cases[i].name, used / 1000.0);
		g_assert_cmpint(used, <=, cases[i].most[family] * whole / 100);
		g_assert_cmpuint(count_entries(f), ==, FULL + G_N_ELEMENTS(entries) - cases[i].deleted);
	}
}

/* Begun in a namespace, done there, whatever the caller does meanwhile. */
static void test_beside(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const char *const what[] = { NULL, "172.18.0.9", "172.18.0.2", "ipv6 5300 1" };
	static const guint expected[] = { 0, 0, 5, 1 };
	guint deleted = 99;

	if (!fill_table(FAMILY_IPV4))
		return;
	fill(f);
	for (guint i = 0; i < G_N_ELEMENTS(what); i++)
		for (guint waited = 0; waited < 2; waited++) {
			g_autoptr(GError) error = NULL;
			ConntrackFilter *filter = conntrack_filter_new();
			ConntrackFlush *flush;

			if (what[i])
				add(filter, what[i]);
			flush = conntrack_flush_start(filter, &error);
			g_assert_no_error(error);
			netns_enter(f->before);
			if (waited) {
				struct pollfd poller = { .fd = conntrack_flush_fd(flush), .events = POLLIN };

				g_assert_cmpint(poll(&poller, 1, 60000), ==, 1);
			}
			g_assert_true(conntrack_flush_finish(flush, &deleted, &error));
			g_assert_no_error(error);
			netns_enter(f->netns);
			g_assert_cmpuint(deleted, ==, waited ? 0 : expected[i]);
		}
	g_assert_cmpuint(count_entries(f), ==, FULL + G_N_ELEMENTS(entries) - 6);
}

/* All the clients of a port: what was shown is deleted while more is shown. */
static void test_own_many(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	g_autoptr(ConntrackFilter) filter = conntrack_filter_new();

	connections_fill(20000, AF_INET, 1);
	connections_fill(20000, AF_INET6, 1);
	for (guint i = 0; i < 256; i++) {
		g_autofree char *text = g_strdup_printf("198.18.100.%u 5300 1", i);

		add(filter, text);
	}
	g_assert_cmpuint(flush(&filter), ==, 20000);
	g_assert_cmpuint(count_entries(f), ==, 20000);
	netns_run(f->netns, "ip route add local 198.18.0.0/16 dev lo");
	connections_fill(20000, AF_INET, 1);
	filter = conntrack_filter_new();
	conntrack_filter_add_udp_ports(filter, FAMILY_IPV4, &(const Address){}, 5300, 1);
	g_assert_cmpuint(flush(&filter), ==, 20000);
	g_assert_cmpuint(count_entries(f), ==, 20000);
}

/* Who may not. */
static int flush_as_nobody(void)
{
	g_autoptr(ConntrackFilter) filter = conntrack_filter_new();
	g_autoptr(GError) error = NULL;
	ConntrackFlush *flush;

	add(filter, "172.18.0.2");
	if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
		return 1;
	flush = conntrack_flush_start(g_steal_pointer(&filter), &error);
	if (flush && conntrack_flush_finish(flush, NULL, &error))
		return 1;
	printf("# %s\n", error->message);
	return g_error_matches(error, NETFILTER_ERROR, NETFILTER_ERROR_FAILED) &&
			       strstr(error->message, "Operation not permitted")
		       ? 0
		       : 1;
}

static void test_refused(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	int status = -1;
	pid_t child;

	fill(f);
	fflush(NULL);
	child = fork();
	if (child == 0)
		exit(flush_as_nobody());
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_cmpint(status, ==, 0);
	g_assert_cmpuint(count_entries(f), ==, G_N_ELEMENTS(entries));
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
	g_assert_cmpuint(flush(&filter), ==, 4000);
	g_test_message("4000 of 8000 in %" G_GINT64_FORMAT " ms", (g_get_monotonic_time() - start) / 1000);
	g_free(count);
	count = netns_output(f->netns, "conntrack -C");
	g_assert_cmpint(atoi(count), >=, 4000);
	g_assert_cmpint(atoi(count), <, 4100);
	close(client);
}

int main(int argc, char **argv)
{
	netns_test_init(&argc, &argv);
	g_test_add("/conntrack/match/alone", Fixture, GUINT_TO_POINTER(0), set_up, test_match, tear_down);
	g_test_add("/conntrack/match/among-others", Fixture, GUINT_TO_POINTER(20000), set_up, test_match, tear_down);
	g_test_add("/conntrack/separated/alone", Fixture, GUINT_TO_POINTER(0), set_up, test_separated, tear_down);
	g_test_add("/conntrack/separated/among-others", Fixture, GUINT_TO_POINTER(20000), set_up, test_separated,
		   tear_down);
	g_test_add("/conntrack/full/ipv4", Fixture, GUINT_TO_POINTER(FAMILY_IPV4), set_up, test_full, tear_down);
	g_test_add("/conntrack/full/ipv6", Fixture, GUINT_TO_POINTER(FAMILY_IPV6), set_up, test_full, tear_down);
	g_test_add("/conntrack/beside", Fixture, NULL, set_up, test_beside, tear_down);
	g_test_add("/conntrack/own-many", Fixture, NULL, set_up, test_own_many, tear_down);
	g_test_add("/conntrack/refused", Fixture, NULL, set_up, test_refused, tear_down);
	g_test_add("/conntrack/flow", Fixture, NULL, set_up, test_flow, tear_down);
	g_test_add("/conntrack/many", Fixture, NULL, set_up, test_many, tear_down);
	return g_test_run();
}
