/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/sockets.h"
#include "tests/support/netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Real sockets in a namespace of their own, and what is found of them. */

#define PORT 80

typedef struct Fixture {
	int before, netns;
	GArray *sockets;
} Fixture;

static void set_up(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	f->before = netns_current();
	f->netns = netns_new();
	netns_enter(f->netns);
	netns_run(f->netns, "ip address add 192.0.2.1/24 dev lo");
	netns_run(f->netns, "ip address add 2001:db8:1::1/64 dev lo nodad");
	f->sockets = g_array_new(FALSE, FALSE, sizeof(int));
}

static void close_all(Fixture *f)
{
	for (guint i = 0; i < f->sockets->len; i++)
		close(g_array_index(f->sockets, int, i));
	g_array_set_size(f->sockets, 0);
}

static void tear_down(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	close_all(f);
	g_array_unref(f->sockets);
	netns_enter(f->before);
	close(f->netns);
	close(f->before);
}

/* --- sockets --- */

static socklen_t socket_address(const char *text, guint16 port, struct sockaddr_storage *ret)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *in = (struct sockaddr_in *)ret;
	bool v6 = strchr(text, ':');

	memset(ret, 0, sizeof *ret);
	ret->ss_family = v6 ? AF_INET6 : AF_INET;
	in->sin_port = htons(port); /* in6's is in the same place */
	g_assert_cmpint(inet_pton(ret->ss_family, text, v6 ? (void *)&in6->sin6_addr : &in->sin_addr), ==, 1);
	return v6 ? sizeof *in6 : sizeof *in;
}

/* Opened with an option, or 0 and none, and bound. */
static int bind_socket(Fixture *f, int type, const char *address, guint16 port, int level, int option)
{
	struct sockaddr_storage local;
	socklen_t size = socket_address(address, port, &local);
	int fd = socket(local.ss_family, type | SOCK_CLOEXEC, 0);

	g_assert_cmpint(fd, >=, 0);
	g_array_append_val(f->sockets, fd);
	if (local.ss_family == AF_INET6)
		g_assert_no_errno(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ 0 }, sizeof(int)));
	if (option)
		g_assert_no_errno(setsockopt(fd, level, option, &(int){ 1 }, sizeof(int)));
	g_assert_no_errno(bind(fd, (struct sockaddr *)&local, size));
	return fd;
}

static int listen_at(Fixture *f, const char *address, guint16 port)
{
	int fd = bind_socket(f, SOCK_STREAM, address, port, 0, 0);

	g_assert_no_errno(listen(fd, 1));
	return fd;
}

static void connect_to(int fd, const char *address, guint16 port)
{
	struct sockaddr_storage remote;
	socklen_t size = socket_address(address, port, &remote);

	g_assert_no_errno(connect(fd, (struct sockaddr *)&remote, size));
}

static guint find(guint8 protocol, enum family family, const char *text, guint16 first, guint16 count)
{
	g_autoptr(GError) error = NULL;
	Address address = {};
	guint port = 0;

	if (*text)
		g_assert_true(address_parse(text, &address));
	g_assert_true(sockets_find_bound(protocol, family, &address, first, count, NOBODYS, &port, &error));
	g_assert_no_error(error);
	return port;
}

/* By itself and among others: the kernel chooses the sockets, or we do. */
static bool is_found(guint8 protocol, enum family family, const char *address)
{
	bool alone = find(protocol, family, address, PORT, 1) == PORT;
	guint among = find(protocol, family, address, PORT - 1, 3);

	g_assert_cmpuint(among, ==, alone ? PORT : PORT + 2);
	return alone;
}

/* --- who is in whose way --- */

static void test_overlaps(Fixture *f, gconstpointer data)
{
	static const struct {
		const char *socket;
		bool v6_only;
		const char *in_the_way; /* of which of these, "4" being any of IPv4 */
	} cases[] = {
		{ "0.0.0.0", false, "4 192.0.2.1 127.0.0.1" },
		{ "192.0.2.1", false, "4 192.0.2.1" },
		{ "127.0.0.1", false, "4 127.0.0.1" },
		{ "::", true, "6 2001:db8:1::1 ::1" },
		{ "::", false, "4 6 192.0.2.1 127.0.0.1 2001:db8:1::1 ::1" },
		{ "2001:db8:1::1", false, "6 2001:db8:1::1" },
		{ "::1", true, "6 ::1" },
		{ "::ffff:0.0.0.0", false, "4 192.0.2.1 127.0.0.1" },
		{ "::ffff:192.0.2.1", false, "4 192.0.2.1" },
	};
	static const char *const all[] = {
		"4", "6", "0.0.0.0", "::", "192.0.2.1", "127.0.0.1", "2001:db8:1::1", "::1"
	};
	bool udp = GPOINTER_TO_UINT(data) == IPPROTO_UDP;

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GStrv) in_the_way = g_strsplit(cases[i].in_the_way, " ", -1);
		int fd = bind_socket(f, udp ? SOCK_DGRAM : SOCK_STREAM, cases[i].socket, PORT, IPPROTO_IPV6,
				     cases[i].v6_only ? IPV6_V6ONLY : 0);

		if (!udp)
			g_assert_no_errno(listen(fd, 1));
		for (guint j = 0; j < G_N_ELEMENTS(all); j++) {
			enum family family = strpbrk(all[j], "6:") && !strchr(all[j], '.') ? FAMILY_IPV6 : FAMILY_IPV4;
			const char *any = family == FAMILY_IPV6 ? "6" : "4";
			bool is_any = g_str_equal(all[j], "0.0.0.0") || g_str_equal(all[j], "::");
			bool expected = g_strv_contains((const char *const *)in_the_way, is_any ? any : all[j]);

			g_test_message("%s%s for %s", cases[i].socket, cases[i].v6_only ? " (IPv6 only)" : "", all[j]);
			g_assert_cmpint(is_found(udp ? IPPROTO_UDP : IPPROTO_TCP, family, all[j][1] ? all[j] : ""), ==,
					expected);
			g_assert_false(is_found(udp ? IPPROTO_TCP : IPPROTO_UDP, family, all[j][1] ? all[j] : ""));
		}
		close_all(f);
	}
}

/* --- what a socket does there --- */

static void test_tcp_states(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	guint major = 0, minor = 0;
	struct utsname system;
	int client;

	listen_at(f, "192.0.2.1", 8080);
	g_assert_false(is_found(IPPROTO_TCP, FAMILY_IPV4, ""));
	client = bind_socket(f, SOCK_STREAM, "192.0.2.1", PORT, 0, 0);
	uname(&system);
	sscanf(system.release, "%u.%u", &major, &minor);
	if (major > 6 || (major == 6 && minor >= 8))
		g_assert_true(is_found(IPPROTO_TCP, FAMILY_IPV4, ""));
	/* Whoever calls from there does not serve there. */
	connect_to(client, "192.0.2.1", 8080);
	g_assert_false(is_found(IPPROTO_TCP, FAMILY_IPV4, ""));
}

static void test_udp_states(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	int client = bind_socket(f, SOCK_DGRAM, "192.0.2.1", PORT, 0, 0);

	g_assert_true(is_found(IPPROTO_UDP, FAMILY_IPV4, ""));
	connect_to(client, "192.0.2.1", 8080);
	g_assert_false(is_found(IPPROTO_UDP, FAMILY_IPV4, ""));
}

static bool is_heard(guint8 protocol, const char *text, guint16 port)
{
	g_autoptr(GError) error = NULL;
	Address address;
	bool found;

	g_assert_true(address_parse(text, &address));
	g_assert_true(sockets_find_listener(protocol, &address, port, &found, &error));
	return found;
}

/* What is bound and does not listen answers no connection; every datagram finds what is bound. */
static void test_listeners(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	int client = bind_socket(f, SOCK_DGRAM, "::", PORT, 0, 0);
	int server = bind_socket(f, SOCK_STREAM, "192.0.2.1", PORT, 0, 0);

	g_assert_false(is_heard(IPPROTO_TCP, "192.0.2.1", PORT));
	g_assert_no_errno(listen(server, 1));
	g_assert_true(is_heard(IPPROTO_TCP, "192.0.2.1", PORT));
	g_assert_false(is_heard(IPPROTO_TCP, "127.0.0.1", PORT));
	g_assert_false(is_heard(IPPROTO_TCP, "192.0.2.1", PORT + 1));
	g_assert_false(is_heard(IPPROTO_TCP, "2001:db8:1::1", PORT));

	g_assert_true(is_heard(IPPROTO_UDP, "127.0.0.1", PORT));
	g_assert_true(is_heard(IPPROTO_UDP, "2001:db8:1::1", PORT));
	g_assert_false(is_heard(IPPROTO_UDP, "192.0.2.1", PORT - 1));
	connect_to(client, "::1", 8080);
	g_assert_false(is_heard(IPPROTO_UDP, "127.0.0.1", PORT));
}

/* However ready they are to share. */
static void test_options(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const int options[] = { SO_REUSEADDR, SO_REUSEPORT };

	for (guint i = 0; i < G_N_ELEMENTS(options); i++) {
		bind_socket(f, SOCK_DGRAM, "0.0.0.0", PORT, SOL_SOCKET, options[i]);
		g_assert_no_errno(listen(bind_socket(f, SOCK_STREAM, "0.0.0.0", PORT, SOL_SOCKET, options[i]), 1));
		g_assert_true(is_found(IPPROTO_UDP, FAMILY_IPV4, "192.0.2.1"));
		g_assert_true(is_found(IPPROTO_TCP, FAMILY_IPV4, "192.0.2.1"));
		close_all(f);
	}
	int fd = bind_socket(f, SOCK_DGRAM, "0.0.0.0", PORT, 0, 0);
	g_assert_no_errno(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", sizeof "lo"));
	g_assert_true(is_found(IPPROTO_UDP, FAMILY_IPV4, ""));
}

static void test_ranges(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	listen_at(f, "0.0.0.0", 443);
	listen_at(f, "127.0.0.1", 22);
	listen_at(f, "::", 1023);
	listen_at(f, "192.0.2.1", 65535);
	g_assert_cmpuint(find(IPPROTO_TCP, FAMILY_IPV4, "", 1, 1023), ==, 22);
	g_assert_cmpuint(find(IPPROTO_TCP, FAMILY_IPV4, "192.0.2.1", 1, 1023), ==, 443);
	g_assert_cmpuint(find(IPPROTO_TCP, FAMILY_IPV4, "", 443, 2), ==, 443);
	g_assert_cmpuint(find(IPPROTO_TCP, FAMILY_IPV4, "", 444, 579), ==, 1023);
	g_assert_cmpuint(find(IPPROTO_TCP, FAMILY_IPV4, "", 444, 580), ==, 1023);
	g_assert_cmpuint(find(IPPROTO_TCP, FAMILY_IPV6, "", 1, 1023), ==, 1023);
	g_assert_cmpuint(find(IPPROTO_TCP, FAMILY_IPV4, "", 1024, 64512), ==, 65535);
	g_assert_cmpuint(find(IPPROTO_TCP, FAMILY_IPV6, "", 65535, 1), ==, 65536);
	g_assert_cmpuint(find(IPPROTO_UDP, FAMILY_IPV4, "", 1, 65535), ==, 65536);
}

/* More than a message of the kernel's holds. */
static void test_many(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	for (guint16 port = 1; port <= 900; port++)
		bind_socket(f, SOCK_DGRAM, "127.0.0.1", port, 0, 0);
	bind_socket(f, SOCK_DGRAM, "192.0.2.1", 901, 0, 0);
	g_assert_cmpuint(find(IPPROTO_UDP, FAMILY_IPV4, "192.0.2.1", 1, 1023), ==, 901);
	g_assert_cmpuint(find(IPPROTO_UDP, FAMILY_IPV4, "127.0.0.1", 1, 1023), ==, 1);
}

static void test_elsewhere(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	int elsewhere = netns_new();

	netns_enter(elsewhere);
	listen_at(f, "0.0.0.0", PORT);
	g_assert_true(is_found(IPPROTO_TCP, FAMILY_IPV4, ""));
	netns_enter(f->netns);
	g_assert_false(is_found(IPPROTO_TCP, FAMILY_IPV4, ""));
	close(elsewhere);
}

/* A protocol that the kernel has no list of, as SCTP without its module. */
static void test_unknown(Fixture *f G_GNUC_UNUSED, gconstpointer data G_GNUC_UNUSED)
{
	const Address any = {};
	g_autoptr(GError) error = NULL;
	guint port = 7;

	if (sockets_find_bound(IPPROTO_SCTP, FAMILY_IPV4, &any, PORT, 1, NOBODYS, &port, &error)) {
		g_test_skip("this kernel knows SCTP sockets");
		return;
	}
	g_assert_error(error, NETFILTER_ERROR, NETFILTER_ERROR_FAILED);
	g_test_message("%s", error->message);
	g_assert_nonnull(strstr(error->message, g_strerror(ENOENT)));
	g_assert_cmpuint(port, ==, 7);
}

int main(int argc, char **argv)
{
	netns_test_init(&argc, &argv);
#define ADD(name, data, function) g_test_add("/sockets/" name, Fixture, data, set_up, function, tear_down)
	ADD("overlaps/tcp", GUINT_TO_POINTER(IPPROTO_TCP), test_overlaps);
	ADD("overlaps/udp", GUINT_TO_POINTER(IPPROTO_UDP), test_overlaps);
	ADD("states/tcp", NULL, test_tcp_states);
	ADD("states/udp", NULL, test_udp_states);
	ADD("listeners", NULL, test_listeners);
	ADD("options", NULL, test_options);
	ADD("ranges", NULL, test_ranges);
	ADD("many", NULL, test_many);
	ADD("elsewhere", NULL, test_elsewhere);
	ADD("unknown", NULL, test_unknown);
	return g_test_run();
}
