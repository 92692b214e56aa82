/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What others do to the host: a moment later packets go as before by themselves, and what must not come through does
 * not.
 */

#include "tests/support/container.h"
#include "tests/support/world.h"

#include <string.h>
#include <unistd.h>

#define APP "app from 192.0.2.2"

enum { WAIT_MS = 5000 };

typedef struct Row {
	const char *damage; /* as a shell runs it */
	bool untold;        /* with nftables nobody looks until somebody asks */
	bool legacy;        /* of no use but with iptables */
} Row;

static const Row rows[] = {
	{ "ip address flush dev br-web" },
	{ "ip address del 172.18.0.1/16 dev br-web; ip link set br-other down" },
	{ "ip route del 172.18.0.0/16 dev br-web; ip route flush table local dev br-other" },
	{ "ip -6 route flush table main dev br-web; ip -6 route flush table local dev br-web" },
	{ "ip route replace unreachable 172.18.0.0/16; ip route del unreachable 172.18.0.0/16" },
	{ "ip link set br-web mtu 600; ip route del 172.18.0.0/16 dev br-web" },
	{ "ip link set br-web down; ip address del fd00:19::1/64 dev br-other" },
	{ "ip link set port-app nomaster; ip link set port-sly down" },
	{ "ip link add br-else type bridge; ip link set port-app master br-else" },
	{ "ip link set port-app type bridge_slave hairpin off; ip link set port-sly group default" },
	{ "bridge link set dev port-app hairpin off" },
	{ "sysctl -q net.ipv4.ip_forward=0" },
	{ "sysctl -q net.ipv6.conf.all.forwarding=0" },
	{ "sysctl -q net.ipv4.conf.br-web.forwarding=0 net.ipv6.conf.br-web.disable_ipv6=1 "
	  "net.ipv6.conf.br-other.forwarding=0" },
	{ "sysctl -q net.ipv4.conf.br-web.route_localnet=0", .untold = true },
	/* As a hardened host has it. */
	{ "sysctl -q net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 net.ipv4.conf.all.rp_filter=1 "
	  "net.ipv4.conf.default.rp_filter=1 net.ipv4.conf.br-web.rp_filter=1 net.ipv6.conf.all.accept_ra=0 "
	  "net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.all.accept_redirects=0" },
	{ "ip link set br-shut type bridge nf_call_iptables 0; ip link set br-shut type bridge nf_call_ip6tables 0; "
	  "sysctl -q net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1" },
	{ "sysctl -q net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0" },
	{ "iptables-legacy -F FORWARD; iptables-legacy -t raw -F", .legacy = true },
	{ "iptables-legacy -P FORWARD ACCEPT", .legacy = true },
	{ "ip6tables-legacy -P FORWARD ACCEPT", .legacy = true },
	{ "for t in raw mangle nat filter; do iptables-legacy -t $t -F; iptables-legacy -t $t -X; done; "
	  "iptables-legacy -P FORWARD ACCEPT; ip6tables-legacy -t nat -F; ip6tables-legacy -F",
	  .legacy = true },
	{ "iptables-legacy-restore < /run/before", .legacy = true },
	/* Nothing of ours is what this takes. */
	{ "nft flush ruleset" },
	{ "ip link delete br-web" },
	{ "ip link delete br-shut; ip link delete br-web; ip address flush dev br-other" },
};

typedef struct Stage {
	World *world;
	Container app, sly, one, two;
	int inside, within, other, shut;
} Stage;

static void attach(const Stage *stage, const char *network, const char *name, const char *address, const char *address6,
		   Container *container)
{
	g_autofree char *path = g_strconcat("/network/", network, NULL), *port = g_strconcat("port-", name, NULL);

	container_start(container, 0);
	call(stage->world->bus, path, "Network", "CreateEndpoint", "sa{sv}", name, 3, "Addresses", "as", 2, address,
	     address6, "NetNS", "h", container->socket, "HostInterface", "s", port);
}

static void network(const World *world, const char *name, const char *subnet, const char *subnet6, gboolean open)
{
	g_autofree char *bridge = g_strconcat("br-", name, NULL);

	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", name, 3, "Subnets", "as", 2, subnet, subnet6,
	     "Bridge", "s", bridge, "InterContainerCommunication", "b", open);
}

static void create(Stage *stage)
{
	static const Place other = { .bridge = "br-other", .address = "172.19.0.2/16", .gateway = "172.19.0.1" };
	World *world = stage->world;
	int two;

	network(world, "web", "172.18.0.0/16", "fd00:18::/64", TRUE);
	network(world, "other", "172.19.0.0/16", "fd00:19::/64", TRUE);
	network(world, "shut", "172.20.0.0/16", "fd00:20::/64", FALSE);
	attach(stage, "web", "app", "172.18.0.2", "fd00:18::2", &stage->app);
	attach(stage, "web", "sly", "172.18.0.3", "fd00:18::3", &stage->sly);
	attach(stage, "shut", "one", "172.20.0.2", "fd00:20::2", &stage->one);
	attach(stage, "shut", "two", "172.20.0.3", "fd00:20::3", &stage->two);
	call(world->bus, "/network/web/endpoint/app", "Endpoint", "Publish", "a(ssqqq)", 1, "tcp", "", 8080, 80, 1);
	stage->inside = container_netns(&stage->app);
	stage->within = container_netns(&stage->sly);
	stage->shut = container_netns(&stage->one);
	stage->other = world_container(world, &other);
	two = container_netns(&stage->two);

	/* It takes 127.0.0.1 for an address beyond its gateway. */
	netns_sysctl(stage->within, "net/ipv4/conf/all/route_localnet", "1");
	netns_run(stage->within, "ip route add 127.0.0.1 dev eth0 via 172.18.0.1 src 172.18.0.3");
	listener_open(world->host, "host", "udp", "127.0.0.1", 631);
	listener_open(world->outside, "outside", "tcp", NULL, 80);
	listener_open(stage->inside, "app", "tcp", NULL, 80);
	listener_open(stage->inside, "app", "udp", NULL, 53);
	listener_open(two, "two", "udp", NULL, 53);
	close(two);
}

static void end(Stage *stage)
{
	Container *containers[] = { &stage->app, &stage->sly, &stage->one, &stage->two };

	listeners_close();
	close(stage->inside);
	close(stage->within);
	close(stage->shut);
	for (guint i = 0; i < G_N_ELEMENTS(containers); i++) {
		container_close_socket(containers[i]);
		container_kill(containers[i]);
	}
}

/* All that serves them, what is made again as what it was. */
#define STATE "/run/state"
static const char state_script[] =
	"bridges() { for b in br-web br-other br-shut; do ip -d -o link show $b | grep -o 'nf_call_ip[6tables]* .'; "
	"done; }\n"
	"settings() { cd /proc/sys/net; grep . ipv[46]/conf/br-[wos]*/forwarding ipv4/conf/br-[wos]*/route_localnet "
	"ipv4/conf/br-[wos]*/rp_filter ipv4/ip_forward ipv6/conf/all/forwarding; }\n"
	"routes() { for b in br-web br-other; do ip route show table all dev $b; ip -6 route show table all dev $b; "
	"done | "
	"grep -v '^anycast\\|^multicast' | sed 's/ metric [0-9]*//' | sort -u; }\n"
	"ports() { for p in app sly one two; do ip -d -o link show port-$p | grep -o 'hairpin [^ ]*\\|group [^ ]*'; "
	"done; }\n"
	"(ip -br address; bridge link | cut -d' ' -f2-; settings) | grep -v br-else | sort\n"
	"bridges; ports; routes\n"
	"if [ $1 = nftables ]; then for f in ip ip6; do nft -s list table $f netfilterd; done\n"
	"else for c in iptables ip6tables; do $c-legacy-save; done | sed '/^#/d; s/ .[0-9:]*.$//'; fi\n";

static char *state(const Stage *stage)
{
	return netns_output(stage->world->host, "sh " STATE " %s", world_has_nftables() ? "nftables" : "iptables");
}

static bool becomes(const Stage *stage, const char *good, const Row *row)
{
	gint64 begin = g_get_monotonic_time();
	g_autofree char *now = NULL;

	do {
		g_free(now);
		now = state(stage);
		if (g_str_equal(now, good))
			return true;
		g_usleep(10 * G_TIME_SPAN_MILLISECOND);
	} while (g_get_monotonic_time() - begin < WAIT_MS * G_TIME_SPAN_MILLISECOND);
	g_test_message("after \"%s\":\n%s\n--- and not\n%s", row->damage, now, good);
	return false;
}

/* Whether each finds its way, or none; what does not is told. */
static bool work(const Stage *stage, const char *when)
{
	const World *world = stage->world;
	Probe probes[] = {
		{ world->outside, "tcp", "192.0.2.1", 8080, APP, NULL },
		{ world->outside, "tcp", "2001:db8:1::1", 8080, "app from 2001:db8:1::2", NULL },
		{ world->host, "tcp", "127.0.0.1", 8080, "app from 172.18.0.1", NULL },
		{ stage->inside, "tcp", "192.0.2.2", 80, "outside from 192.0.2.1", NULL },
		{ stage->inside, "tcp", "2001:db8:1::2", 80, "outside from 2001:db8:1::1", NULL },
		{ stage->within, "tcp", "172.18.0.2", 80, "app from 172.18.0.3", NULL },
		{ stage->other, "tcp", "192.0.2.2", 80, "outside from 192.0.2.1", NULL },
		/* A port that is not published, the other network, a network without communication, and the guard. */
		{ world->outside, "udp", "172.18.0.2", 53, "silence", NULL },
		{ stage->other, "udp", "172.18.0.2", 53, "silence", NULL },
		{ stage->shut, "udp", "172.20.0.3", 53, "silence", NULL },
		{ stage->shut, "udp", "fd00:20::3", 53, "silence", NULL },
		{ stage->within, "udp", "127.0.0.1", 631, "silence", NULL },
	};
	bool ok = true;

	probe_all(probes, G_N_ELEMENTS(probes));
	for (guint i = 0; i < G_N_ELEMENTS(probes); i++) {
		g_autofree char *result = probes[i].result;

		if (g_str_equal(probes[i].expected, result))
			continue;
		g_test_message("after \"%s\": %s:%u is \"%s\", not \"%s\"", when, probes[i].address, probes[i].port,
			       result, probes[i].expected);
		ok = false;
	}
	return ok;
}

static void heals(const Stage *stage, const char *good, const Row *row)
{
	gint64 begin = g_get_monotonic_time();

	netns_run(stage->world->host, "sh -c '%s'", row->damage);
	if (row->untold && world_has_nftables())
		call(stage->world->bus, "", "Manager", "Reconcile", NULL);
	if (!becomes(stage, good, row)) {
		g_test_fail();
		return;
	}
	g_test_message("\"%s\": as before %.0f ms later, with the command and the look", row->damage,
		       (g_get_monotonic_time() - begin) / 1e3);
	if (!work(stage, row->damage))
		g_test_fail();
}

static void reaches(int netns, const char *address, guint16 port, const char *who)
{
	const char *answer = probe(netns, "udp", address, port, who);

	if (g_str_has_prefix(answer, who))
		return;
	g_test_message("%s:%u is \"%s\"", address, port, answer);
	g_test_fail();
}

/* That they can fail: what is closed is open without what closes it, while nobody puts it right. */
static void open_up(const Stage *stage)
{
	const World *world = stage->world;

	service_kill(world->service);
	if (world_has_nftables())
		netns_run(world->host, "sh -c 'nft delete table ip netfilterd; nft delete table ip6 netfilterd'");
	else
		netns_run(world->host,
			  "sh -c 'for t in raw mangle filter; do iptables-legacy -t $t -F; done; iptables-legacy "
			  "-P FORWARD ACCEPT; ip6tables-legacy -F; ip6tables-legacy -P FORWARD ACCEPT'");
	/* What it could not find a moment ago it does not look for at once. */
	netns_run(stage->shut, "ip neigh flush dev eth0 nud all");
	reaches(world->outside, "172.18.0.2", 53, "app from ");
	reaches(stage->other, "172.18.0.2", 53, "app from ");
	reaches(stage->shut, "172.20.0.3", 53, "two from ");
	reaches(stage->shut, "fd00:20::3", 53, "two from ");
	reaches(stage->within, "127.0.0.1", 631, "host from ");
}

static void damaged(World *world)
{
	Stage stage = { .world = world };
	g_autofree char *good = NULL;

	netns_run(world->host, "sh -c 'iptables-legacy-save > /run/before'");
	g_assert_true(g_file_set_contents(STATE, state_script, -1, NULL));
	create(&stage);
	g_assert_true(work(&stage, "nothing"));
	good = state(&stage);
	for (guint i = 0; i < G_N_ELEMENTS(rows) && !g_test_failed(); i++)
		if (!rows[i].legacy || !world_has_nftables())
			heals(&stage, good, &rows[i]);
	open_up(&stage);
	world->service = service_start(world->bus, world->configuration);
	g_assert_true(work(&stage, "all rules"));
	end(&stage);
}

/* --- the ports of a bridge that comes again --- */

static bool is_port(const World *world, const char *interface, const char *bridge)
{
	g_autofree char *text = netns_output(world->host, "ip -o link show dev %s", interface);
	g_autofree char *master = g_strdup_printf(" master %s ", bridge);

	return strstr(text, master);
}

static bool is_as_made(const World *world, const char *interface)
{
	g_autofree char *text = netns_output(world->host, "ip -d -o link show dev %s", interface);

	return strstr(text, "hairpin on ") && strstr(text, "group 28262 ");
}

/* What was changed while nobody looked, too. */
static void mends_port(World *world, const char *damage)
{
	for (guint restart = 0; restart < 2; restart++) {
		if (restart)
			service_kill(world->service);
		netns_run(world->host, "%s", damage);
		if (restart)
			world->service = service_start(world->bus, world->configuration);
		for (guint i = 0; i < WAIT_MS / 10 && !is_as_made(world, "port-app"); i++)
			g_usleep(10 * G_TIME_SPAN_MILLISECOND);
		g_assert_true(is_as_made(world, "port-app"));
	}
}

/* Those by which the service attached endpoints are in it again; what else was in it is for whoever put it there. */
static void ports(World *world)
{
	static const Place guest = { .bridge = "br-web", .address = "172.18.0.9/16", .gateway = "172.18.0.1" };
	Stage stage = { .world = world };

	create(&stage);
	world_container(world, &guest);
	netns_run(world->host, "ip link add mine type veth peer name mine-too");
	netns_run(world->host, "ip link set mine master br-web up");
	for (guint i = 0; i < 2; i++) {
		/* By what the kernel tells, or by who comes and finds it so. */
		if (i == 1)
			service_kill(world->service);
		netns_run(world->host, "ip link delete br-web");
		if (i == 1)
			world->service = service_start(world->bus, world->configuration);
		expect(world->outside, "tcp", "192.0.2.1", 8080, APP);
		g_assert_true(is_port(world, "port-app", "br-web"));
		g_assert_true(is_port(world, "port-sly", "br-web"));
		g_assert_false(is_port(world, "mine", "br-web"));
		g_assert_false(is_port(world, "port1", "br-web"));
		/* Its own published port, which needs the port's hairpin mode where rules see bridged frames. */
		netns_sysctl(world->host, "net/bridge/bridge-nf-call-iptables", "1");
		expect(stage.inside, "tcp", "192.0.2.1", 8080, "app from 172.18.0.1");
		netns_sysctl(world->host, "net/bridge/bridge-nf-call-iptables", "0");
	}
	mends_port(world, "ip link set port-app type bridge_slave hairpin off");
	mends_port(world, "ip link set port-app group default");
	/* A port that is gone takes its endpoint along, whatever bridge it was in. */
	netns_run(world->host, "ip link set port-app nomaster");
	netns_run(world->host, "ip link delete port-app");
	wait_gone(world->bus, "/network/web/endpoint/app");
	end(&stage);
}

static const Scenario scenarios[] = {
	{ "/damage/damaged", damaged, "CheckIntervalSec=1" },
	{ "/damage/ports", ports },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
