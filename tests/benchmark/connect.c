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

static void connect_series(const char *variant, guint n, const char *address, guint16 port)
{
	GArray *samples = samples_new();
	guint rounds = quick ? 200 : 2000;

	for (guint i = 0; i < rounds + 50; i++) {
		double ms = connect_once(address, port);

		if (i >= 50)
			samples_add(samples, ms);
	}
	report("connect", variant, n, samples);
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

static void measure_service(gconstpointer data)
{
	guint n = *(const guint *)data;
	Service service = service_new(n - 1);
	int host = netns_current();
	char *bridge = NULL;

	/* The last port is the spare endpoint's, whose address the server has. */
	call(service.bus, message_new(service.bus, SPARE, SERVICE ".Endpoint", "Publish", "a(ssqqq)", 1, "tcp", "",
				      SPARE_PORT, 80, 1));
	if (sd_bus_get_property_string(service.bus, SERVICE, WEB, SERVICE ".Network", "Bridge", NULL, &bridge) < 0)
		g_error("Bridge cannot be read");
	build_wires(host, bridge, "10.64.0.2");
	connect_series(variant("last of n ports, netfilterd"), n, HOST_ADDRESS, SPARE_PORT);
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
	connect_series("last of n ports, nft dnat map", n, HOST_ADDRESS, host_port(n - 1).port);
}

static void measure_direct(gconstpointer data G_GNUC_UNUSED)
{
	int host = netns_current();

	make_bridge(host);
	build_wires(host, "br-web", "10.64.0.2");
	connect_series("routed, without any rule", 0, "10.64.0.2", 80);
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
