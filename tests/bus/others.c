/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/rig.h"

#include <string.h>
#include <unistd.h>

/*
 * What others made, before us or meanwhile, is theirs: neither the deletion of our network nor a creation that fails
 * changes it. A row says what an administrator has before, what he does while our network is there, and what must be
 * so when it has gone.
 */

typedef struct Row {
	const char *name;
	const char *before;    /* command; NULL: none */
	const char *settings;  /* of the network, besides its subnets */
	const char *meanwhile; /* command; NULL: none */
	const char *look;      /* command whose output is compared */
	const char *expected;  /* NULL: as it was before our network; else what the output has in it */
} Row;

#define ADOPTED "'Bridge': <'theirs'>, "
#define THEIRS                                                        \
	"ip link add theirs type bridge && ip link set theirs up && " \
	"ip addr add 172.18.0.1/16 dev theirs && ip addr add fd00:18::1/64 dev theirs nodad"
#define QUIET ADOPTED "'InterContainerCommunication': <false>, "
#define PUBLISHING                                                                                                     \
	ADOPTED "'Endpoints': <[('app', {'Addresses': <['172.18.0.2']>, 'Ports': <[('tcp', '127.0.0.1', uint16 8080, " \
		"uint16 80, uint16 1)]>})]>, "
#define NF_CALL "ip -d link show theirs | grep -o \"nf_call_ip[6tables]* [01]\""
#define FORWARDING "sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding"
#define LOCALNET "sysctl net.ipv4.conf.theirs.route_localnet"
#define POLICY "iptables-legacy -S FORWARD && ip6tables-legacy -S FORWARD"

static const Row rows[] = {
	{ "a bridge that was there", THEIRS, ADOPTED, NULL, "ip -o link show theirs && ip -o addr show dev theirs",
	  NULL },
	{ "an address on it", THEIRS, ADOPTED, "ip addr add 10.8.8.8/24 dev theirs", "ip -o addr show dev theirs",
	  "10.8.8.8/24" },
	{ "an address taken from it", THEIRS, ADOPTED, "ip addr del 172.18.0.1/16 dev theirs",
	  "ip -o -4 addr show dev theirs | wc -l", "0" },
	{ "it was set down", THEIRS, ADOPTED, "ip link set theirs down", "ip -o link show theirs", "state DOWN" },
	{ "its master and ports", THEIRS, ADOPTED, "ip link set uplink master theirs", "ip -o link show uplink",
	  "master theirs" },
	{ "a bridge made again under the name", NULL, "", "ip link del br-web && ip link add br-web type bridge",
	  "ip -o link show br-web", "br-web" },
	{ "a bridge renamed", NULL, "", "ip link set br-web down && ip link set br-web name kept",
	  "ip -o link show br-web 2>&1 || true", "does not exist" },
	{ "an interface of another kind under the name", NULL, "",
	  "ip link del br-web && ip link add br-web type veth peer name kept", "ip -d -o link show br-web", "veth" },
	{ "forwarding that was on", "sysctl -q net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1", "", NULL,
	  FORWARDING, NULL },
	{ "forwarding that was off", NULL, "", NULL, FORWARDING, NULL },
	{ "forwarding switched off meanwhile", NULL, "", "sysctl -q net.ipv4.ip_forward=0", FORWARDING, NULL },
	{ "a policy that was DROP", "iptables-legacy -P FORWARD DROP", "", NULL, POLICY, NULL },
	{ "a policy set to ACCEPT meanwhile", NULL, "", "iptables-legacy -P FORWARD ACCEPT", POLICY, NULL },
	{ "nf_call that was on", THEIRS " && ip link set theirs type bridge nf_call_iptables 1", QUIET, NULL, NF_CALL,
	  NULL },
	{ "nf_call that was off", THEIRS, QUIET, NULL, NF_CALL, NULL },
	{ "nf_call switched off meanwhile", THEIRS, QUIET, "ip link set theirs type bridge nf_call_iptables 0", NF_CALL,
	  NULL },
	{ "route_localnet that was on", THEIRS " && sysctl -q net.ipv4.conf.theirs.route_localnet=1", PUBLISHING, NULL,
	  LOCALNET, NULL },
	{ "route_localnet that was off", THEIRS, PUBLISHING, NULL, LOCALNET, NULL },
	{ "route_localnet switched off meanwhile", THEIRS, PUBLISHING,
	  "sysctl -q net.ipv4.conf.theirs.route_localnet=0", LOCALNET, NULL },
	{ "a rule among ours", NULL, "", "iptables-legacy -I FORWARD 3 -s 10.8.8.8 -j DROP",
	  "iptables-legacy -S FORWARD", "10.8.8.8" },
	{ "a chain of theirs", NULL, "", "iptables-legacy -N DOCKER-OTHERS", "iptables-legacy -S DOCKER-OTHERS",
	  "-N DOCKER-OTHERS" },
	{ "a route", NULL, "", "ip route add 198.51.100.0/24 via 192.0.2.77", "ip route", "198.51.100.0/24" },
	{ "their own tracked connection", NULL, "",
	  "conntrack -I -p udp -s 192.0.2.1 -d 192.0.2.77 --sport 8080 --dport 8080 -t 600 -u SEEN_REPLY",
	  "conntrack -L -p udp 2>/dev/null", "192.0.2.77" },
};

/* The kernel takes its time to find an address of its own fit for use. */
static char *look(const Rig *rig, const char *command)
{
	return netns_output(rig->host, "sh -c '{ %s; } | sed \"s/ tentative//\"'", command);
}

static void do_it(const Rig *rig, const char *command)
{
	if (command)
		netns_run(rig->host, "sh -c '%s'", command);
}

static void compare(const Row *row, const char *how, const char *before, const char *after)
{
	bool same = row->expected ? strstr(after, row->expected) != NULL : g_str_equal(after, before);

	if (same)
		return;
	g_test_message("%s, %s:\n%s\n---\n%s", row->name, how, row->expected ?: before, after);
	g_test_fail();
}

static void undo(const Rig *rig)
{
	netns_run(rig->host, "sh -c 'for i in theirs br-web kept; do ip link del $i 2>/dev/null; done; "
			     "sysctl -q net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0; "
			     "iptables-legacy -P FORWARD ACCEPT; iptables-legacy -D FORWARD -s 10.8.8.8 -j DROP "
			     "2>/dev/null; iptables-legacy -X DOCKER-OTHERS 2>/dev/null; "
			     "ip route del 198.51.100.0/24 2>/dev/null; conntrack -F 2>/dev/null; true'");
}

static void deletions(Rig *rig)
{
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		const Row *row = &rows[i];
		g_autofree char *settings = g_strdup_printf(
			"'web', {%s'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'Persistent': <true>}",
			row->settings);
		g_autofree char *before = NULL, *after = NULL;

		do_it(rig, row->before);
		before = row->expected ? NULL : look(rig, row->look);
		done(rig, "", "Manager", "CreateNetwork", "sa{sv}", settings);
		do_it(rig, row->meanwhile);
		done(rig, "/network/web", "Network", "Delete", "", "");
		after = look(rig, row->look);
		compare(row, "after a deletion", before, after);
		undo(rig);
	}
}

/* The same with a service that is killed in between: it takes up what it did, and no more. */
static void deletions_after_a_death(Rig *rig)
{
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		const Row *row = &rows[i];
		g_autofree char *settings = g_strdup_printf(
			"'web', {%s'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'Persistent': <true>}",
			row->settings);
		g_autofree char *before = NULL, *after = NULL;

		do_it(rig, row->before);
		before = row->expected ? NULL : look(rig, row->look);
		done(rig, "", "Manager", "CreateNetwork", "sa{sv}", settings);
		service_kill(rig->service);
		do_it(rig, row->meanwhile);
		rig->service = service_start(rig->starter, rig->configuration);
		done(rig, "/network/web", "Network", "Delete", "", "");
		after = look(rig, row->look);
		compare(row, "after a death", before, after);
		undo(rig);
	}
}

/* What fails at its last endpoint. */
static void failures(Rig *rig)
{
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		const Row *row = &rows[i];
		g_autofree char *before = NULL, *after = NULL;

		if (row->meanwhile || strstr(row->settings, "Endpoints"))
			continue;
		do_it(rig, row->before);
		before = look(rig, row->look);
		for (guint n = 0; n < 3; n++) {
			g_autofree char *settings = g_strdup_printf(
				"'web', {%s'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'Endpoints': <[('a', "
				"{'Addresses': <['172.18.0.2']>}), ('b', {'Addresses': <['172.18.0.2']>})]>}",
				row->settings);

			refused(rig, OURS("AddressInUse"), "172.18.0.2", "", "Manager", "CreateNetwork", "sa{sv}",
				settings);
		}
		after = look(rig, row->look);
		compare(row, "after a failure", before, after);
		undo(rig);
	}
}

int main(int argc, char **argv)
{
	static const BusTest tests[] = {
		{ "/bus/others/deletions", deletions },
		{ "/bus/others/deletions-after-a-death", deletions_after_a_death },
		{ "/bus/others/failures", failures },
	};

	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
