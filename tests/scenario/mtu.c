/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/world.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Behind outside there is a link with a smaller MTU, and behind that another machine, whose own interface is as large
 * as everybody's. Only the errors that the router before the small link sends tell of it, to whatever address the
 * packet had by then.
 *
 *   host ── outside ══ 1300 ══ router ── far 203.0.113.2, 2001:db8:3::2
 */

#define FAR "203.0.113.2"
#define FAR6 "2001:db8:3::2"

typedef struct Path {
	int router, far;
} Path;

static void let_forward(int netns)
{
	g_assert_true(netns_sysctl(netns, "net/ipv4/ip_forward", "1"));
	g_assert_true(netns_sysctl(netns, "net/ipv6/conf/all/forwarding", "1"));
}

static void link_both(int a, const char *name, int b, const char *peer)
{
	netns_run(a, "ip link add %s type veth peer name %s netns /proc/%d/fd/%d", name, peer, getpid(), b);
}

static Path path_new(World *world)
{
	Path path = { netns_new(), netns_new() };

	link_both(world->outside, "small", path.router, "small");
	link_both(path.router, "large", path.far, "large");
	netns_run(world->outside, "ip link set small mtu 1300 up");
	netns_run(path.router, "ip link set small mtu 1300 up");
	netns_run(path.router, "ip link set large up");
	netns_run(path.far, "ip link set large up");

	netns_run(world->outside, "ip addr add 198.18.0.1/24 dev small");
	netns_run(path.router, "ip addr add 198.18.0.2/24 dev small");
	netns_run(path.router, "ip addr add 203.0.113.1/24 dev large");
	netns_run(path.far, "ip addr add " FAR "/24 dev large");
	netns_run(world->outside, "ip addr add 2001:db8:18::1/64 dev small nodad");
	netns_run(path.router, "ip addr add 2001:db8:18::2/64 dev small nodad");
	netns_run(path.router, "ip addr add 2001:db8:3::1/64 dev large nodad");
	netns_run(path.far, "ip addr add " FAR6 "/64 dev large nodad");
	netns_wait_for_addresses(path.far, "large");
	netns_wait_for_addresses(path.router, "small");
	netns_wait_for_addresses(path.router, "large");
	netns_wait_for_addresses(world->outside, "small");

	let_forward(world->outside);
	let_forward(path.router);
	netns_run(world->host, "ip route add 203.0.113.0/24 via 192.0.2.2");
	netns_run(world->host, "ip route add 2001:db8:3::/64 via 2001:db8:1::2");
	netns_run(world->outside, "ip route add 203.0.113.0/24 via 198.18.0.2");
	netns_run(world->outside, "ip route add 2001:db8:3::/64 via 2001:db8:18::2");
	netns_run(path.router, "ip route add default via 198.18.0.1");
	netns_run(path.router, "ip route add default via 2001:db8:18::1");
	netns_run(path.far, "ip route add default via 203.0.113.1");
	netns_run(path.far, "ip route add default via 2001:db8:3::1");
	return path;
}

static void path_free(Path *path)
{
	close(path->router);
	close(path->far);
}

/* --- a transfer --- */

static bool wait_for(int fd, short events, gint64 deadline)
{
	struct pollfd poller = { .fd = fd, .events = events };
	gint64 left = (deadline - g_get_monotonic_time()) / 1000;

	return left > 0 && poll(&poller, 1, left) == 1;
}

/* As many bytes as make large segments. */
#define AMOUNT 300000
#define LIMIT_USEC (20 * G_USEC_PER_SEC)

static bool transfer(int from, int to)
{
	gint64 deadline = g_get_monotonic_time() + LIMIT_USEC;
	gsize sent = 0, received = 0;
	char bytes[16384] = {};

	while (received < AMOUNT && g_get_monotonic_time() < deadline) {
		struct pollfd pollers[] = { { .fd = to, .events = POLLIN },
					    { .fd = from, .events = sent < AMOUNT ? POLLOUT : 0 } };
		gssize n;

		if (poll(pollers, G_N_ELEMENTS(pollers), 1000) < 0)
			return false;
		n = sent < AMOUNT ? send(from, bytes, MIN(sizeof(bytes), AMOUNT - sent), MSG_NOSIGNAL) : 0;
		if (n < 0 && errno != EAGAIN)
			return false;
		sent += MAX(n, 0);
		n = recv(to, bytes, sizeof(bytes), 0);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			return false;
		received += MAX(n, 0);
	}
	g_test_message("%" G_GSIZE_FORMAT " bytes sent, %" G_GSIZE_FORMAT " received", sent, received);
	return received >= AMOUNT;
}

/* From whoever listens to whoever connects, or the other way. */
static void passes(int server, guint16 port, int client, const char *text, guint16 host_port, bool from_server)
{
	gint64 deadline = g_get_monotonic_time() + LIMIT_USEC;
	struct sockaddr_storage own, there;
	socklen_t length = socket_address(text, host_port, &there);
	int listener = socket_there(server, there.ss_family, "tcp"), asker, fd;

	g_test_message("%s port %u, %s", text, host_port, from_server ? "down" : "up");
	socket_address(there.ss_family == AF_INET ? "0.0.0.0" : "::", port, &own);
	g_assert_no_errno(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)));
	g_assert_no_errno(bind(listener, (struct sockaddr *)&own, length));
	g_assert_no_errno(listen(listener, 1));
	asker = flow_open(client, "tcp", text, host_port);
	g_assert_true(wait_for(listener, POLLIN, deadline));
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	g_assert_cmpint(fd, >=, 0);
	g_assert_true(wait_for(asker, POLLOUT, deadline));
	g_assert_true(from_server ? transfer(fd, asker) : transfer(asker, fd));
	close(fd);
	close(asker);
	close(listener);
}

/* --- objects --- */

static int web_with_app(World *world)
{
	static const Place place = { "br-web", "172.18.0.2/16", "172.18.0.1", "fd00:18::2/64", "fd00:18::1" };

	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 2, "Subnets", "as", 2, "172.18.0.0/16",
	     "fd00:18::/64", "Bridge", "s", "br-web");
	call(world->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "app", 1, "Addresses", "as", 2,
	     "172.18.0.2", "fd00:18::2");
	return world_container(world, &place);
}

/* What the kernels learnt from the case before would help the next. */
static void forget(const World *world, const Path *path, int app)
{
	const int all[] = { world->host, world->outside, path->router, path->far, app };

	for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
		netns_run(all[i], "ip route flush cache");
		netns_run(all[i], "ip -6 route flush cache");
	}
}

static void published(World *world)
{
	static const char *const addresses[] = { "192.0.2.1", "2001:db8:1::1" };
	int app = web_with_app(world);
	Path path = path_new(world);

	call(world->bus, "/network/web/endpoint/app", "Endpoint", "Publish", "a(ssqqq)", 1, "tcp", "", 8080, 80, 1);
	for (guint i = 0; i < 2 * G_N_ELEMENTS(addresses); i++) {
		forget(world, &path, app);
		passes(app, 80, path.far, addresses[i / 2], 8080, i % 2);
	}
	path_free(&path);
}

/* Out of the network, whose address is the host's then. */
static void outgoing(World *world)
{
	static const char *const addresses[] = { FAR, FAR6 };
	int app = web_with_app(world);
	Path path = path_new(world);

	for (guint i = 0; i < 2 * G_N_ELEMENTS(addresses); i++) {
		forget(world, &path, app);
		passes(path.far, 9000, app, addresses[i / 2], 9000, i % 2);
	}
	path_free(&path);
}

static void by_ingress(World *world)
{
	int app = web_with_app(world);
	Path path = path_new(world);

	call(world->bus, "", "Manager", "CreateIngress", "sa{sv}", "front", 2, "Gateway", "s", "172.18.0.2", "Ports",
	     "a(sq)", 1, "tcp", 9003);
	call(world->bus, "", "Manager", "CreateIngress", "sa{sv}", "front6", 2, "Gateway", "s", "fd00:18::2", "Ports",
	     "a(sq)", 1, "tcp", 9004);
	/* What is on no bridge of ours has its answers masqueraded, and its own larger packets. */
	call(world->bus, "", "Manager", "CreateIngress", "sa{sv}", "back", 2, "Gateways", "as", 1, "198.51.100.2",
	     "Ports", "a(sq)", 1, "tcp", 9005);
	call(world->bus, "", "Manager", "CreateIngress", "sa{sv}", "back6", 2, "Gateways", "as", 1, "2001:db8:2::2",
	     "Ports", "a(sq)", 1, "tcp", 9006);
	for (guint i = 0; i < 2; i++) {
		forget(world, &path, world->elsewhere);
		passes(world->elsewhere, 9005, path.far, "192.0.2.1", 9005, i);
		passes(world->elsewhere, 9006, path.far, "2001:db8:1::1", 9006, i);
	}
	/* … but for what is told not to. */
	call(world->bus, "/ingress/back", "Ingress", "Delete", NULL);
	call(world->bus, "/ingress/back6", "Ingress", "Delete", NULL);
	call(world->bus, "", "Manager", "CreateIngress", "sa{sv}", "plain", 3, "Gateways", "as", 1, "198.51.100.2",
	     "Masquerade", "b", 0, "Ports", "a(sq)", 1, "tcp", 9007);
	call(world->bus, "", "Manager", "CreateIngress", "sa{sv}", "plain6", 3, "Gateways", "as", 1, "2001:db8:2::2",
	     "Masquerade", "b", 0, "Ports", "a(sq)", 1, "tcp", 9008);
	for (guint i = 0; i < 2; i++) {
		forget(world, &path, world->elsewhere);
		passes(world->elsewhere, 9007, path.far, "192.0.2.1", 9007, i);
		passes(world->elsewhere, 9008, path.far, "2001:db8:1::1", 9008, i);
	}
	for (guint i = 0; i < 2; i++) {
		forget(world, &path, app);
		passes(app, 9003, path.far, "192.0.2.1", 9003, i);
		passes(app, 9004, path.far, "2001:db8:1::1", 9004, i);
	}
	path_free(&path);
}

/* Without communication on the bridge, and with addresses that are not masqueraded. */
static void closed_network(World *world)
{
	static const Place place = { "br-shut", "172.19.0.2/16", "172.19.0.1", NULL, NULL };
	Path path = path_new(world);
	int app;

	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "shut", 4, "Subnets", "as", 1, "172.19.0.0/16",
	     "Bridge", "s", "br-shut", "InterContainerCommunication", "b", 0, "Masquerade", "b", 0);
	call(world->bus, "/network/shut", "Network", "CreateEndpoint", "sa{sv}", "app", 2, "Addresses", "as", 1,
	     "172.19.0.2", "Ports", "a(ssqqq)", 1, "tcp", "", 8081, 80, 1);
	app = world_container(world, &place);
	netns_run(world->outside, "ip route add 172.19.0.0/16 via 192.0.2.1");
	for (guint i = 0; i < 2; i++) {
		forget(world, &path, app);
		passes(app, 80, path.far, "192.0.2.1", 8081, i);
		passes(path.far, 9000, app, FAR, 9000, i);
	}
	path_free(&path);
}

static const Scenario scenarios[] = {
	{ "/mtu/published", published },
	{ "/mtu/outgoing", outgoing },
	{ "/mtu/ingress", by_ingress },
	{ "/mtu/closed-network", closed_network },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
