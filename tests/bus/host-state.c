/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/caught-log.h"
#include "tests/support/container.h"
#include "tests/support/signals.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/*
 * What somebody else changes about the host is put right: when the kernel tells of it, by Reconcile(), by a restart. A
 * row is one such change; it is told by the signal Drifted, and by a line of the log.
 */

enum { WAIT_MS = 30000 };

typedef struct Row {
	const char *damage;
	const char *object;   /* as Drifted names it */
	const char *sentence; /* of the log */
	bool untold;          /* the kernel does not tell of it */
	bool rules;           /* of them: what differs when the service comes is no drift */
	bool attached;        /* with an endpoint that the service attached */
} Row;

#define BRIDGE(what, from, to) what " of bridge br0 was " from ", and is " to " again"
#define ROUTE(address) BRIDGE("a route of address " address, "missing", "there")
#define OFF_ON(what) BRIDGE(what, "off", "on")

/* Unless it is told not to, ip looks again, and takes what was put back meanwhile as well. */
#define FLUSH(which) "sh -c 'ip -loops 1 " which " 2>&1 || true'"

static const Row rows[] = {
	{ FLUSH("address flush dev br0"), "bridge br0", BRIDGE("address 172.18.0.1/16", "missing", "there") },
	{ "ip address del 172.18.0.1/16 dev br0", "bridge br0", BRIDGE("address 172.18.0.1/16", "missing", "there") },
	{ "ip address del fd00:18::1/64 dev br0", "bridge br0", BRIDGE("address fd00:18::1/64", "missing", "there") },
	{ FLUSH("-6 address flush dev br0 scope link"), "bridge br0", BRIDGE("/64", "missing", "there") },
	{ "ip route del 172.18.0.0/16 dev br0", "bridge br0", ROUTE("172.18.0.1/16") },
	{ "ip route flush table main", "bridge br0", ROUTE("172.18.0.1/16") },
	{ "ip route flush table local dev br0", "bridge br0", ROUTE("172.18.0.1/16") },
	{ "sh -c 'ip route replace unreachable 172.18.0.0/16; ip route del unreachable 172.18.0.0/16'", "bridge br0",
	  ROUTE("172.18.0.1/16") },
	{ "ip -6 route del fd00:18::/64 dev br0", "bridge br0", ROUTE("fd00:18::1/64") },
	{ "ip -6 route del local fd00:18::1 dev br0 table local", "bridge br0", ROUTE("fd00:18::1/64") },
	{ "ip -6 route flush table main dev br0", "bridge br0", ROUTE("fd00:18::1/64") },
	{ "ip -6 route del fe80::/64 dev br0", "bridge br0", BRIDGE("/64", "missing", "there") },
	{ "ip link set br0 down", "bridge br0", "bridge br0 was down, and is up again" },
	{ "ip link delete br0", "bridge br0", "bridge br0 was gone, and is there again" },
	{ "sysctl -q net.ipv6.conf.br0.disable_ipv6=1", "bridge br0", BRIDGE("disable_ipv6", "1", "0") },
	{ "ip link set br0 address 02:00:00:00:00:77", "bridge br0",
	  "MAC address of bridge br0 was 02:00:00:00:00:77" },
	{ "ip link set br0 alias mine", "bridge br0", BRIDGE("alias", "\"mine\"", "\"netfilterd network web\"") },
	{ "ip link set br0 group default", "bridge br0", BRIDGE("group", "0", "28262") },
	{ "ip link set br0 address 02:00:00:00:00:77 group 5", "bridge br0", BRIDGE("group", "5", "28262") },
	{ "ip link set port-tied type bridge_slave hairpin off", "bridge br0", OFF_ON("hairpin mode of port port-tied"),
	  .attached = true },
	{ "bridge link set dev port-tied hairpin off", "bridge br0", OFF_ON("hairpin mode of port port-tied"),
	  .attached = true },
	{ "ip link set port-tied group 7", "bridge br0", BRIDGE("group of port port-tied", "7", "28262"),
	  .attached = true },
	{ "ip link set br0 mtu 600", "bridge br0", BRIDGE("MTU", "600", "1500") },
	{ "sysctl -q net.ipv4.conf.br0.rp_filter=0", "bridge br0", BRIDGE("rp_filter", "0", "2") },
	{ "sysctl -q net.ipv4.conf.br0.rp_filter=1", "bridge br0", BRIDGE("rp_filter", "1", "2") },
	{ "sysctl -q net.ipv6.conf.br0.accept_ra=2", "bridge br0", BRIDGE("accept_ra", "2", "0"), .untold = true },
	{ "sysctl -q net.ipv4.conf.br0.route_localnet=0", "bridge br0", OFF_ON("route_localnet"), .untold = true },
	{ "sysctl -q net.ipv4.conf.br0.forwarding=0", "bridge br0", OFF_ON("IPv4 forwarding") },
	{ "sysctl -q net.ipv6.conf.br0.forwarding=0", "bridge br0", OFF_ON("IPv6 forwarding") },
	{ "ip link set br0 type bridge nf_call_iptables 0", "bridge br0", OFF_ON("nf_call_iptables") },
	{ "ip link set br0 type bridge nf_call_ip6tables 0", "bridge br0", OFF_ON("nf_call_ip6tables") },
	{ "ip link set port-tied nomaster", "bridge br0", BRIDGE("port port-tied", "gone", "there"), .attached = true },
	{ "ip link set port-tied down", "bridge br0", BRIDGE("port port-tied", "gone", "there"), .attached = true },
	{ "sysctl -q net.ipv4.ip_forward=0", "ip_forward", "ip_forward was off, and is on again" },
	{ "sysctl -q net.ipv6.conf.all.forwarding=0", "IPv6 forwarding", "IPv6 forwarding was off, and is on again" },
	{ "iptables-legacy -P FORWARD ACCEPT", "filter FORWARD", "rules in filter FORWARD; mended", .untold = true,
	  .rules = true },
	{ "ip6tables-legacy -P FORWARD ACCEPT", "filter FORWARD", "rules in filter FORWARD; mended", .untold = true,
	  .rules = true },
};

static guint times_told(const char *sentence)
{
	g_autofree char *text = read_log();

	return count_parts(text, sentence);
}

static void create(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Bridge': <'br0'>, 'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'Persistent': <true>, "
	     "'InterContainerCommunication': <false>, 'Endpoints': <[('app', {'Addresses': <['172.18.0.2']>, 'Ports': "
	     "<[('tcp', '127.0.0.1', uint16 8080, uint16 80, uint16 1)]>})]>}");
}

static Container container;

static void create_for(Rig *rig, const Row *row)
{
	g_autoptr(GUnixFDList) fds = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply G_GNUC_UNUSED = NULL;
	int socket;

	create(rig);
	if (!row->attached)
		return;
	container_start(&container, 0);
	socket = fcntl(container.socket, F_DUPFD_CLOEXEC, 3);
	fds = g_unix_fd_list_new_from_array(&socket, 1);
	reply = ask_with_fds(
		rig->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}",
		"'tied', {'Addresses': <['172.18.0.3']>, 'NetNS': <handle 0>, 'HostInterface': <'port-tied'>}", fds,
		&error);
	g_assert_no_error(error);
}

static void delete_for(Rig *rig, const Row *row)
{
	done(rig, "/network/web", "Network", "Delete", "", "");
	if (!row->attached)
		return;
	container_close_socket(&container);
	container_kill(&container);
}

/* All that serves the network. The kernel makes the route to an IPv6 address of its own a moment later. */
static char *state(const Rig *rig)
{
	return netns_output(
		rig->host,
		"sh -c \"timeout 0.5 sh -c 'until ip -6 route show table local dev br0 | grep -c ^local | grep -q 2; "
		"do "
		"sleep 0.01; done'; ip -br -4 address show dev br0; ip -br -6 address show dev br0; "
		"(ip -N route show table all dev br0; ip -6 -N route show table all dev br0) | "
		"grep -v '^4 \\|ff00::/8' | sed 's/ metric [0-9]*\\| linkdown//g' | sort -u; "
		"ip -o link show master br0 up | cut -d@ -f1 | cut -d' ' -f2; "
		"ip -d -o link show master br0 | grep -o 'hairpin [^ ]*\\|group [^ ]*'; "
		"ip -d -o link show br0 | grep -o ' mtu [0-9]*\\|nf_call_ip[6tables]* [01]\\|[<,]UP[,>]\\|link/ether "
		"[^ ]*\\|alias .*\\|group [^ ]*'; "
		"cd /proc/sys/net; grep . ipv4/ip_forward ipv6/conf/all/forwarding ipv4/conf/br0/forwarding "
		"ipv6/conf/br0/forwarding ipv6/conf/br0/disable_ipv6 ipv6/conf/br0/accept_ra "
		"ipv4/conf/br0/route_localnet ipv4/conf/br0/rp_filter; iptables-legacy -S FORWARD | head -1; "
		"ip6tables-legacy -S FORWARD | head -1\" 2>&1 || true");
}

static bool becomes(const Rig *rig, const char *good, const char *damage)
{
	g_autofree char *now = NULL;

	for (guint i = 0; i < WAIT_MS / 20; i++) {
		g_free(now);
		now = state(rig);
		if (g_str_equal(now, good))
			return true;
		g_usleep(20 * G_TIME_SPAN_MILLISECOND);
	}
	g_test_message("after %s:\n%s\n--- and not\n%s", damage, now, good);
	g_test_fail();
	return false;
}

/* At most one line for each thing, so that nobody repairs in circles. */
static void is_told(const Row *row, guint before)
{
	for (guint i = 0; i < WAIT_MS / 20 && times_told(row->sentence) == before; i++)
		g_usleep(20 * G_TIME_SPAN_MILLISECOND);
	if (times_told(row->sentence) == before + 1)
		return;
	g_test_message("%s: told %u times: %s", row->damage, times_told(row->sentence) - before, row->sentence);
	g_test_fail();
}

static void signal_names(Signals *signals, const Row *row)
{
	g_autofree char *text = NULL;

	for (guint i = 0; i < WAIT_MS / 20; i++) {
		g_autofree char *more = signals_take(signals);
		g_autofree char *before = text;

		text = g_strconcat(before ?: "", more, NULL);
		if (strstr(text, "Drifted ") && strstr(strstr(text, "Drifted "), row->object))
			return;
		g_usleep(20 * G_TIME_SPAN_MILLISECOND);
	}
	g_test_message("%s: \"%s\" does not tell of %s", row->damage, text, row->object);
	g_test_fail();
}

/* A row at a time: one thing is put right at once five times in a minute. */
static void told(Rig *rig)
{
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		const Row *row = &rows[i];
		g_autofree char *good = NULL;
		Signals *signals;
		guint before = times_told(row->sentence);

		if (row->untold)
			continue;
		create_for(rig, row);
		good = state(rig);
		signals = signals_new(rig);
		netns_run(rig->host, "%s", row->damage);
		if (becomes(rig, good, row->damage)) {
			is_told(row, before);
			signal_names(signals, row);
			answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
		}
		signals_free(signals);
		delete_for(rig, row);
		g_assert_cmpuint(times_told("Somebody keeps changing"), ==, 0);
	}
}

/* Of what the kernel does not tell, where it is looked from time to time: with the rules of iptables. */
static void found(Rig *rig)
{
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		const Row *row = &rows[i];
		g_autofree char *good = NULL;
		guint before = times_told(row->sentence);

		if (!row->untold)
			continue;
		create_for(rig, row);
		good = state(rig);
		netns_run(rig->host, "%s", row->damage);
		if (becomes(rig, good, row->damage)) {
			is_told(row, before);
			answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
		}
		delete_for(rig, row);
	}
}

/* A policy that somebody else set is put right by the next change of the table, whichever chain that is of. */
static void with_the_next_change(Rig *rig)
{
	g_autofree char *good = NULL;

	create(rig);
	good = state(rig);
	netns_run(rig->host, "iptables-legacy -P FORWARD ACCEPT");
	done(rig, "/network/web/endpoint/app", "Endpoint", "Publish", "a(ssqqq)",
	     "[('tcp', '', uint16 8081, uint16 81, uint16 1)]");
	becomes(rig, good, "iptables-legacy -P FORWARD ACCEPT");
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
}

static void reconciled(Rig *rig)
{
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		const Row *row = &rows[i];
		g_autofree char *good = NULL, *after = NULL;
		guint before = times_told(row->sentence);
		guint repaired = 0;

		create_for(rig, row);
		good = state(rig);
		/* What the kernel tells of may have been seen before, and with it the rest of the same thing. */
		for (guint try = 0; try < (row->untold ? 10 : 1) && repaired == 0; try++) {
			netns_run(rig->host, "%s", row->damage);
			g_variant_get(ask(rig, "", "Manager", "Reconcile", "", ""), "(u)", &repaired);
		}
		after = state(rig);
		g_assert_cmpstr(after, ==, good);
		is_told(row, before);
		if (row->untold)
			g_assert_cmpuint(repaired, ==, 1);
		answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
		delete_for(rig, row);
	}
}

static void restarted(Rig *rig)
{
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		const Row *row = &rows[i];
		g_autofree char *good = NULL, *after = NULL;
		guint before = times_told(row->sentence);

		create_for(rig, row);
		good = state(rig);
		service_kill(rig->service);
		netns_run(rig->host, "%s", row->damage);
		rig->service = service_start(rig->starter, rig->configuration);
		after = state(rig);
		if (g_strcmp0(after, good) != 0) {
			g_test_message("after %s:\n%s\n--- and not\n%s", row->damage, after, good);
			g_test_fail();
		}
		if (!row->rules)
			is_told(row, before);
		answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
		delete_for(rig, row);
	}
}

#define NARROW "bridge \"br0\" has no IPv6, which needs an MTU of 1280: its port \"narrow\" has 600"

static void waits_for(const char *sentence, guint times)
{
	for (guint i = 0; i < WAIT_MS / 20 && times_told(sentence) < times; i++)
		g_usleep(20 * G_TIME_SPAN_MILLISECOND);
	g_assert_cmpuint(times_told(sentence), ==, times);
}

/* One thing that cannot be put right keeps nothing else from it, and is said once. */
static void narrow(Rig *rig)
{
	g_autofree char *good = NULL;

	create(rig);
	netns_run(rig->host, "ip link add narrow type veth peer name other");
	netns_run(rig->host, "ip link set narrow master br0 up");
	netns_run(rig->host, "ip link set narrow mtu 600");
	waits_for(NARROW, 1);
	for (guint i = 1; i <= 3; i++) {
		netns_run(rig->host, "ip address del 172.18.0.1/16 dev br0");
		waits_for(BRIDGE("address 172.18.0.1/16", "missing", "there"), i);
	}
	service_kill(rig->service);
	netns_run(rig->host, "sysctl -q net.ipv4.conf.br0.rp_filter=0");
	rig->service = service_start(rig->starter, rig->configuration);
	waits_for(BRIDGE("rp_filter", "0", "2"), 1);
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	g_assert_cmpuint(times_told(NARROW), ==, 2);

	netns_run(rig->host, "ip link set narrow mtu 1400");
	waits_for(BRIDGE("address fd00:18::1/64", "missing", "there"), 1);
	netns_run(rig->host, "ip link set br0 mtu 600");
	waits_for(BRIDGE("MTU", "600", "1400"), 1);
	done(rig, "", "Manager", "Reconcile", "", "");
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	good = netns_output(rig->host, "ip -6 address show dev br0");
	g_assert_nonnull(strstr(good, "fd00:18::1/64"));
}

static bool has_bridge(const Rig *rig)
{
	g_autofree char *text = netns_output(rig->host, "sh -c \"ip -o link show br0 2>&1 || true\"");

	return strstr(text, "mtu");
}

/* What becomes of a bridge with its network, when this was done while nobody looked. */
static void known_again(Rig *rig)
{
	static const struct {
		const char *damage;
		bool ours;
	} cases[] = {
		{ "ip link set br0 address 02:00:00:00:00:77", true },
		{ "ip link set br0 alias mine group 0", true },
		{ "sh -c 'i=$(ip -o link show br0 | cut -d: -f1); ip link delete br0; ip link add br0 index $i type "
		  "bridge'",
		  false },
		{ "sh -c 'i=$(ip -o link show br0 | cut -d: -f1); ip link delete br0; ip link add br0 index $i group "
		  "28262 "
		  "type bridge'",
		  false },
		{ "sh -c 'i=$(ip -o link show br0 | cut -d: -f1); ip link delete br0; ip link add br0 index $i type "
		  "veth; "
		  "ip link set br0 alias \"netfilterd network web\"'",
		  false },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s", cases[i].damage);
		create(rig);
		service_kill(rig->service);
		netns_run(rig->host, "%s", cases[i].damage);
		rig->service = service_start(rig->starter, rig->configuration);
		done(rig, "/network/web", "Network", "Delete", "", "");
		g_assert_cmpint(has_bridge(rig), ==, !cases[i].ours);
		if (!cases[i].ours)
			netns_run(rig->host, "ip link delete br0");
	}
}

/* Of the service, in ticks of the clock. */
static guint64 processor_time(const Rig *rig)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", rig->service), *text = NULL;
	g_auto(GStrv) fields = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	/* From the state on, which follows the name. */
	fields = g_strsplit(strrchr(text, ')') + 2, " ", -1);
	return g_ascii_strtoull(fields[11], NULL, 10) + g_ascii_strtoull(fields[12], NULL, 10);
}

enum { ROUNDS = 100 };

/* One who undoes it ten times a second wins nothing, and costs little: it is put right ever more seldom. */
static void insisting(Rig *rig)
{
	gint64 begin = g_get_monotonic_time();
	guint64 before;
	double share;

	create(rig);
	before = processor_time(rig);
	for (guint i = 0; i < ROUNDS; i++) {
		netns_run(rig->host, "sysctl -q net.ipv4.conf.br0.rp_filter=0");
		g_usleep(100 * G_TIME_SPAN_MILLISECOND);
	}
	share = (double)(processor_time(rig) - before) / sysconf(_SC_CLK_TCK) /
		((g_get_monotonic_time() - begin) / (double)G_USEC_PER_SEC);
	g_test_message("%.2f %% of a processor", 100 * share);
	g_assert_cmpuint(times_told("Somebody keeps changing what objects need: rp_filter of bridge br0"), ==, 1);
	g_assert_cmpuint(times_told(BRIDGE("rp_filter", "0", "2")), >=, 5);
	g_assert_cmpuint(times_told(BRIDGE("rp_filter", "0", "2")), <=, 12);
	/* Whoever asks has it at once, and what else is changed does not wait. */
	netns_run(rig->host, "ip address del 172.18.0.1/16 dev br0");
	for (guint i = 0; i < WAIT_MS / 20 && times_told(BRIDGE("address 172.18.0.1/16", "missing", "there")) == 0; i++)
		g_usleep(20 * G_TIME_SPAN_MILLISECOND);
	g_assert_cmpuint(times_told(BRIDGE("address 172.18.0.1/16", "missing", "there")), ==, 1);
	netns_run(rig->host, "sysctl -q net.ipv4.conf.br0.rp_filter=0");
	done(rig, "", "Manager", "Reconcile", "", "");
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
}

static void flush_for(const Rig *rig, guint rounds, const char *until)
{
	for (guint i = 0; i < rounds && (!until || times_told(until) == 0); i++) {
		netns_run(rig->host, "iptables-legacy -w -F DOCKER");
		g_usleep(100 * G_TIME_SPAN_MILLISECOND);
	}
}

/* So too of rules, a table by itself. */
static void insisting_on_rules(Rig *rig)
{
	static const char keeps[] = "Somebody keeps changing our rules in filter DOCKER, which";
	static const char mended[] = "changed our rules in filter DOCKER; mended";
	guint before;

	create(rig);
	flush_for(rig, 6 * ROUNDS, keeps);
	before = times_told(mended);
	g_assert_cmpuint(before, ==, 5);
	flush_for(rig, ROUNDS, NULL);
	g_assert_cmpuint(times_told(mended), >, before);
	g_assert_cmpuint(times_told(mended), <=, before + 5);
	g_assert_cmpuint(times_told("Somebody keeps changing"), ==, 1);
	/* What is in another table does not wait. */
	netns_run(rig->host, "iptables-legacy -w -t nat -F POSTROUTING");
	for (guint i = 0; i < WAIT_MS / 20 && times_told("rules in nat POSTROUTING") == 0; i++)
		g_usleep(20 * G_TIME_SPAN_MILLISECOND);
	g_assert_cmpuint(times_told("rules in nat POSTROUTING"), ==, 1);
	/* Whoever asks has it at once. */
	netns_run(rig->host, "iptables-legacy -w -F DOCKER");
	done(rig, "", "Manager", "Reconcile", "", "");
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
}

static const BusTest tests[] = {
	{ "/bus/host-state/insisting-on-rules", insisting_on_rules, "CheckIntervalSec=1", catch_log },
	{ "/bus/host-state/insisting", insisting, .before = catch_log },
	{ "/bus/host-state/narrow", narrow, .before = catch_log },
	{ "/bus/host-state/known-again", known_again, .before = catch_log },
	{ "/bus/host-state/told", told, .before = catch_log },
	{ "/bus/host-state/found", found, "CheckIntervalSec=1", catch_log },
	{ "/bus/host-state/with-the-next-change", with_the_next_change, "CheckIntervalSec=0", catch_log },
	{ "/bus/host-state/reconciled", reconciled, "CheckIntervalSec=0", catch_log },
	{ "/bus/host-state/restarted", restarted, .before = catch_log },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
