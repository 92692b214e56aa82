/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/benchmark/measurements.h"

#include "tests/support/netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOST_ADDRESS "192.0.2.1"

/*
 * A caller beyond a veth, this host, and behind its bridge a server: how long a connection to the last of n
 * published ports takes to be set up.
 */

static int open_tcp(const char *address, guint16 port, struct sockaddr_in *ret)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*ret = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
	inet_pton(AF_INET, address, &ret->sin_addr);
	if (fd < 0)
		g_error("socket: %s", g_strerror(errno));
	return fd;
}

static void serve(void)
{
	struct sockaddr_in any;
	int fd = open_tcp("0.0.0.0", 80, &any), client;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (bind(fd, (struct sockaddr *)&any, sizeof any) < 0 || listen(fd, 1024) < 0)
		_exit(1);
	while ((client = accept(fd, NULL, NULL)) >= 0)
		close(client);
	_exit(1);
}

/* Ends with a reset, so that neither side remembers it. */
static double connect_once(const char *address, guint16 port)
{
	struct linger linger = { 1, 0 };
	struct sockaddr_in to;
	int fd = open_tcp(address, port, &to);
	double start = now_ms(), end;

	if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		g_error("%s:%u: %s", address, port, g_strerror(errno));
	end = now_ms();
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	close(fd);
	return end - start;
}

/* The first ones find everything cold, and count for nothing. */
static void add_connections(GArray *samples, guint n, const char *address, guint16 port)
{
	for (guint i = 0; i < n + 10; i++) {
		double ms = connect_once(address, port);

		if (i >= 10)
			samples_add(samples, ms);
	}
}

static void connect_series(const char *measurement, const char *variant, guint n, const char *address, guint16 port)
{
	GArray *samples = samples_new();

	add_connections(samples, quick ? 200 : 2000, address, port);
	report(measurement, variant, n, samples);
}

/* The three hosts; the caller is where we end up, the server has its child. */
static void build_wires(int host, const char *bridge, const char *server_address)
{
	int caller = netns_new(), server = netns_new();
	pid_t pid = fork();

	if (pid == 0) {
		netns_enter(server);
		serve();
	}
	netns_run(host, "ip link add wan type veth peer name wan netns /proc/%d/fd/%d", getpid(), caller);
	netns_run(host, "ip link add lan type veth peer name lan netns /proc/%d/fd/%d", getpid(), server);
	netns_run(host, "ip address add " HOST_ADDRESS "/24 dev wan");
	netns_run(host, "ip link set wan up");
	netns_run(host, "ip link set lan master %s up", bridge);
	netns_run(caller, "ip address add 192.0.2.2/24 dev wan");
	netns_run(caller, "ip link set wan up");
	netns_run(caller, "ip route add default via " HOST_ADDRESS);
	netns_run(server, "ip address add %s/8 dev lan", server_address);
	netns_run(server, "ip link set lan up");
	netns_run(server, "ip route add default via 10.0.0.1");
	netns_sysctl(host, "net/ipv4/ip_forward", "1");
	netns_enter(caller);
	g_usleep(300 * G_TIME_SPAN_MILLISECOND);
}

/* With n ports, the last of which is the spare endpoint's, whose address the server is to have. */
static Service publish(guint n, char **ret_bridge)
{
	Service service = service_new(n - 1);

	call(service.bus, message_new(service.bus, SPARE, SERVICE ".Endpoint", "Publish", "a(ssqqq)", 1, "tcp", "",
				      SPARE_PORT, 80, 1));
	if (sd_bus_get_property_string(service.bus, SERVICE, WEB, SERVICE ".Network", "Bridge", NULL, ret_bridge) < 0)
		g_error("Bridge cannot be read");
	return service;
}

static void measure_service(gconstpointer data)
{
	guint n = *(const guint *)data;
	int host = netns_current();
	char *bridge = NULL;

	publish(n, &bridge);
	build_wires(host, bridge, "10.64.0.2");
	connect_series("connect", variant("last of n ports, netfilterd"), n, HOST_ADDRESS, SPARE_PORT);
}

/* --- who may: a list of many prefixes --- */

#define ALLOWED 1000u

/* Network.Update with so many prefixes, the caller's the last of them, or none. */
static sd_bus_message *allow_message(sd_bus *bus, guint n, guint first)
{
	sd_bus_message *message = message_new(bus, WEB, SERVICE ".Network", "Update", NULL);
	char prefix[32];

	sd_bus_message_open_container(message, 'a', "{sv}");
	sd_bus_message_open_container(message, 'e', "sv");
	sd_bus_message_append(message, "s", "AllowFrom");
	sd_bus_message_open_container(message, 'v', "as");
	sd_bus_message_open_container(message, 'a', "s");
	for (guint i = 1; i < n; i++) {
		guint number = first + i;

		snprintf(prefix, sizeof prefix, "%u.%u.%u.0/24", 100 + number / 65536, number / 256 % 256,
			 number % 256);
		sd_bus_message_append(message, "s", prefix);
	}
	if (n > 0)
		sd_bus_message_append(message, "s", "192.0.2.0/24");
	for (guint i = 0; i < 4; i++)
		sd_bus_message_close_container(message);
	return message;
}

static void measure_change(const Service *service, guint n, const char *what, guint prefixes, guint other, guint step)
{
	GArray *samples = samples_new();

	for (guint i = 0; i < (quick ? 5 : 20); i++) {
		double start;

		call(service->bus, allow_message(service->bus, prefixes, 0));
		start = now_ms();
		call(service->bus, allow_message(service->bus, other, step));
		samples_add(samples, now_ms() - start);
	}
	report("allow from", variant(what), n, samples);
}

/* With a list and without, so that what else the machine does is in both. */
static void measure_by_turns(const Service *service, guint n)
{
	GArray *without = samples_new(), *with = samples_new();

	for (guint turn = 0; turn < (quick ? 20 : 200); turn++) {
		bool limited = turn % 2;

		call(service->bus, allow_message(service->bus, limited ? ALLOWED : 0, 0));
		add_connections(limited ? with : without, 50, HOST_ADDRESS, SPARE_PORT);
	}
	report("allow from", variant("a connection, everybody may"), n, without);
	report("allow from", variant("a connection, 1,000 prefixes"), n, with);
}

static void measure_allowed(gconstpointer data)
{
	guint n = *(const guint *)data;
	int host = netns_current();
	char *bridge = NULL;
	Service service = publish(n, &bridge);

	measure_change(&service, n, "one prefix more", ALLOWED, ALLOWED + 1, 0);
	measure_change(&service, n, "all prefixes others", ALLOWED, ALLOWED, ALLOWED);
	measure_change(&service, n, "no list any more", ALLOWED, 0, 0);
	build_wires(host, bridge, "10.64.0.2");
	measure_by_turns(&service, n);
}

void measure_allow_from(void)
{
	static const guint n = 10000;

	measure_apart(measure_allowed, &n);
}

static void make_bridge(int host)
{
	netns_run(host, "ip link add br-web type bridge");
	netns_run(host, "ip address add 10.0.0.1/8 dev br-web");
	netns_run(host, "ip link set br-web up");
}

static void measure_nft(gconstpointer data)
{
	guint n = *(const guint *)data;
	g_autofree char *script = nft_script(n);
	int host = netns_current();
	char address[16];

	make_bridge(host);
	write_file("/run/script", script);
	run_program((const char *const[]){ "nft", "-f", "/run/script", NULL }, NULL);
	build_wires(host, "br-web", endpoint_address(n - 1, address));
	connect_series("connect", "last of n ports, nft dnat map", n, HOST_ADDRESS, host_port(n - 1).port);
}

static void measure_direct(gconstpointer data G_GNUC_UNUSED)
{
	int host = netns_current();

	make_bridge(host);
	build_wires(host, "br-web", "10.64.0.2");
	connect_series("connect", "routed, without any rule", 0, "10.64.0.2", 80);
}

void measure_connect(void)
{
	/* Chains would be walked: more of them than this take longer than the wait for an answer. */
	static const guint counts[] = { 1, 1000, 10000, 100000 };
	bool nftables = service_has_nftables();

	if (!nftables)
		measure_apart(measure_direct, NULL);
	for (guint i = 0; i < (quick ? 2 : G_N_ELEMENTS(counts) - !nftables); i++) {
		if (nftables)
			measure_apart(measure_nft, &counts[i]);
		measure_apart(measure_service, &counts[i]);
	}
}
