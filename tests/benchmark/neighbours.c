/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/benchmark/measurements.h"
#include "tests/support/container.h"
#include "tests/support/netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * What others do to the host: how long a caller beyond a veth gets no answer through a published port, and what
 * somebody costs who does it again and again.
 */

#define HOST_ADDRESS "192.0.2.1"
#define PORT 8080

/* An answer takes a tenth of a millisecond. */
enum { ANSWER_MS = 2, ANSWERS_AFTER = 50 };

typedef struct Row {
	const char *name;
	const char *damage; /* as a shell runs it, with the bridge's name in $BRIDGE */
	bool legacy;        /* with iptables alone */
} Row;

static const Row rows[] = {
	{ "addresses of the bridge flushed", "ip address flush dev $BRIDGE" },
	{ "its route taken away", "ip route del 10.0.0.0/8 dev $BRIDGE" },
	{ "it was set down", "ip link set $BRIDGE down" },
	{ "it was deleted", "ip link delete $BRIDGE" },
	{ "its port taken out", "ip link set app nomaster" },
	{ "ip_forward=0", "sysctl -q net.ipv4.ip_forward=0" },
	{ "iptables-legacy -F FORWARD, CheckIntervalSec=10", "iptables-legacy -F FORWARD", .legacy = true },
	{ "iptables-legacy -t nat -F, CheckIntervalSec=10", "iptables-legacy -t nat -F", .legacy = true },
};

typedef struct Stage {
	Service service;
	Container container, sibling; /* which keeps the bridge's carrier */
	int host, caller;
	char *bridge;
} Stage;

static int open_udp(const char *address, guint16 port, struct sockaddr_in *ret)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*ret = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
	inet_pton(AF_INET, address, &ret->sin_addr);
	if (fd < 0)
		g_error("socket: %s", g_strerror(errno));
	return fd;
}

static void echo(void)
{
	struct sockaddr_in any, from;
	socklen_t size = sizeof from;
	int fd = open_udp("0.0.0.0", 80, &any);
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (bind(fd, (struct sockaddr *)&any, sizeof any) < 0)
		_exit(1);
	while (recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&from, &size) >= 0)
		(void)sendto(fd, &byte, 1, 0, (struct sockaddr *)&from, size);
	_exit(1);
}

static void serve(const Stage *stage)
{
	int netns = container_netns(&stage->container);

	if (fork() == 0) {
		netns_enter(netns);
		echo();
	}
	close(netns);
}

/* A flow of its own each time. */
static bool is_answered(void)
{
	struct sockaddr_in to;
	int fd = open_udp(HOST_ADDRESS, PORT, &to);
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	char byte = 0;
	bool answered = connect(fd, (struct sockaddr *)&to, sizeof to) == 0 && send(fd, &byte, 1, 0) == 1 &&
			poll(&wait, 1, ANSWER_MS) == 1 && recv(fd, &byte, 1, MSG_DONTWAIT) == 1;

	close(fd);
	return answered;
}

static void attach(const Stage *stage, const char *name, const char *address, Container *container)
{
	container_start(container, 0);
	call(stage->service.bus,
	     message_new(stage->service.bus, WEB, SERVICE ".Network", "CreateEndpoint", "sa{sv}", name, 3, "Addresses",
			 "as", 1, address, "NetNS", "h", container->socket, "HostInterface", "s", name));
}

static void tear_down(Stage *stage)
{
	container_kill(&stage->container);
	container_kill(&stage->sibling);
}

/* We end up where the caller is. */
static void set_up(Stage *stage)
{
	*stage = (Stage){ .service = service_new(0), .host = netns_current(), .caller = netns_new() };
	attach(stage, "app", "10.0.0.9", &stage->container);
	attach(stage, "sibling", "10.0.0.10", &stage->sibling);
	call(stage->service.bus, message_new(stage->service.bus, WEB "/endpoint/app", SERVICE ".Endpoint", "Publish",
					     "a(ssqqq)", 1, "udp", "", PORT, 80, 1));
	if (sd_bus_get_property_string(stage->service.bus, SERVICE, WEB, SERVICE ".Network", "Bridge", NULL,
				       &stage->bridge) < 0)
		g_error("Bridge cannot be read");
	serve(stage);
	netns_run(stage->host, "ip link add wan type veth peer name wan netns /proc/%d/fd/%d", getpid(), stage->caller);
	netns_run(stage->host, "ip address add " HOST_ADDRESS "/24 dev wan");
	netns_run(stage->host, "ip link set wan up");
	netns_enter(stage->caller);
	netns_run(stage->caller, "ip address add 192.0.2.2/24 dev wan");
	netns_run(stage->caller, "ip link set wan up");
	for (guint i = 0; i < 5000 && !is_answered(); i++)
		g_usleep(G_TIME_SPAN_MILLISECOND);
	if (!is_answered())
		g_error("the published port does not answer");
}

static void damage(const Stage *stage, const char *command)
{
	netns_run(stage->host, "env BRIDGE=%s sh -c '%s'", stage->bridge, command);
}

static bool has_ended(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) == pid;
}

/* The longest time from one answer to the next, in ms. */
static double longest_silence(const Stage *stage, const Row *row)
{
	double last = now_ms(), longest = 0;
	pid_t pid = fork();
	guint answers_after = 0;
	bool ended = false;

	if (pid == 0) {
		damage(stage, row->damage);
		_exit(0);
	}
	while (answers_after < ANSWERS_AFTER) {
		ended = ended || has_ended(pid);
		if (!is_answered()) {
			answers_after = 0;
			continue;
		}
		longest = MAX(longest, now_ms() - last);
		last = now_ms();
		answers_after += ended;
	}
	return longest;
}

/* Not more often than what is put right at once. */
static void measure_silence(gconstpointer data)
{
	const Row *row = data;
	GArray *samples = samples_new();
	Stage stage;

	set_up(&stage);
	for (guint i = 0; i < (quick ? 2 : 3); i++) {
		samples_add(samples, longest_silence(&stage, row));
		g_usleep(200 * G_TIME_SPAN_MILLISECOND);
	}
	report("neighbours", variant(row->name), 0, samples);
	tear_down(&stage);
}

/* --- somebody insists --- */

static void measure_insisting(gconstpointer data)
{
	const Row *row = data;
	Stage stage;
	double used, begin;

	set_up(&stage);
	used = service_used_ms(&stage.service);
	begin = now_ms();
	for (guint i = 1; i <= (quick ? 50 : 600); i++) {
		gint64 rest;

		damage(&stage, row->damage);
		rest = (begin + i * 100 - now_ms()) * G_TIME_SPAN_MILLISECOND;
		g_usleep(MAX(rest, 0));
	}
	used = service_used_ms(&stage.service) - used;
	report_value("insisting", variant(row->name), 0, "% CPU", 100 * used / (now_ms() - begin));
	tear_down(&stage);
}

static void measure_rows(void (*measure)(gconstpointer row), const Row *of, gsize n)
{
	for (gsize i = 0; i < n; i++)
		if (!of[i].legacy || !service_has_nftables())
			measure_apart(measure, &of[i]);
}

void measure_neighbours(void)
{
	measure_rows(measure_silence, rows, G_N_ELEMENTS(rows));
}

void measure_insistence(void)
{
	static const Row of[] = {
		{ "ip address flush", "ip address flush dev $BRIDGE" },
		{ "ip link set down", "ip link set $BRIDGE down" },
		{ "iptables-legacy -F FORWARD", "iptables-legacy -F FORWARD", .legacy = true },
		{ "nft flush ruleset", "nft flush ruleset" },
	};

	measure_rows(measure_insisting, of, G_N_ELEMENTS(of));
}
