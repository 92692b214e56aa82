/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A start on what the version before left: its state (version 2) as it was after a kill, alone and in the middle of a
 * change, and a host that has its rules, bridges and switches. tests/golden/state-2 has what that version wrote, and
 * iptables-save of what it had in the kernel then.
 */

#include "tests/support/rig.h"

#include <string.h>

#define STATE "/run/netfilterd/state"

/* What the goldens call the bus, and the owner of what is not persistent. */
#define THEIR_OWNER ":1.0"
#define BUS_ID_SIZE 32

#define FRAME_HEAD 24
#define DIGEST_SIZE 16

enum { MAX_POINTS = 24 };

typedef struct Upgrade {
	const char *name;       /* of the goldens */
	const char *unfinished; /* a rule of theirs that belongs to the change in the middle of which they died */
} Upgrade;

static const Upgrade whole = { "whole", NULL };
static const Upgrade publishing = { "publishing", "--dport 200:202" };
static const Upgrade updating = { "updating", NULL };

static const char *const paths[] = {
	"/ingress/back",
	"/ingress/front",
	"/network/adopted",
	"/network/adopted/endpoint/one",
	"/network/inner",
	"/network/plain",
	"/network/web",
	"/network/web/endpoint/app",
	"/network/web/endpoint/db",
};

static char *golden(const Upgrade *upgrade, const char *suffix)
{
	g_autofree char *name = g_strconcat(upgrade->name, suffix, NULL);

	return g_test_build_filename(G_TEST_DIST, "golden", "state-2", name, NULL);
}

/* --- their state --- */

static void replace(GByteArray *data, const guint8 *from, gsize from_size, const guint8 *to, gsize to_size)
{
	for (gsize i = 0; i + from_size <= data->len; i++) {
		if (memcmp(data->data + i, from, from_size) != 0)
			continue;
		g_byte_array_remove_range(data, i, from_size);
		g_byte_array_set_size(data, data->len + to_size);
		memmove(data->data + i + to_size, data->data + i, data->len - i - to_size);
		memcpy(data->data + i, to, to_size);
		i += to_size - 1;
	}
}

/* A text as it stands in the state: its size with the NUL, and it. */
static GByteArray *state_text(const char *text)
{
	GByteArray *bytes = g_byte_array_new();
	guint8 size = 0xa0 | (strlen(text) + 1);

	g_byte_array_append(bytes, &size, 1);
	return g_byte_array_append(bytes, (const guint8 *)text, strlen(text) + 1);
}

/* The payload of a frame, on this bus. */
static GByteArray *on_our_bus(const Rig *rig, const guint8 *payload, gsize size)
{
	static const guint8 service[] = { 'S', 0xd9, BUS_ID_SIZE + 1 };
	g_autoptr(GByteArray) theirs = state_text(THEIR_OWNER);
	g_autoptr(GByteArray) ours = state_text(g_dbus_connection_get_unique_name(rig->bus));
	GByteArray *data = g_byte_array_new();
	const char *id = g_dbus_connection_get_guid(rig->bus);

	g_assert_cmpuint(strlen(id), ==, BUS_ID_SIZE);
	g_byte_array_append(data, payload, size);
	replace(data, theirs->data, theirs->len, ours->data, ours->len);
	if (size > sizeof service + BUS_ID_SIZE && memcmp(data->data + 1, service, sizeof service) == 0)
		memcpy(data->data + 1 + sizeof service, id, BUS_ID_SIZE);
	return data;
}

static void append_frame(GByteArray *to, const guint8 *type, const GByteArray *payload)
{
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_MD5);
	guint8 digest[DIGEST_SIZE];
	gsize digest_size = sizeof digest;
	guint32 size = payload->len;

	g_checksum_update(checksum, type, sizeof size);
	g_checksum_update(checksum, payload->data, payload->len);
	g_checksum_get_digest(checksum, digest, &digest_size);
	g_byte_array_append(to, type, sizeof size);
	g_byte_array_append(to, (const guint8 *)&size, sizeof size);
	g_byte_array_append(to, digest, sizeof digest);
	g_byte_array_append(to, payload->data, payload->len);
}

static void write_state(const Rig *rig, const Upgrade *upgrade)
{
	g_autofree char *path = golden(upgrade, ".state");
	g_autoptr(GByteArray) state = g_byte_array_new();
	g_autofree guint8 *text = NULL;
	g_autoptr(GError) error = NULL;
	gsize size, at;

	g_file_get_contents(path, (char **)&text, &size, &error);
	g_assert_no_error(error);
	at = strlen("netfilterd state 2\nThis is private data. Do not parse.\n");
	g_byte_array_append(state, text, at);
	while (at < size) {
		g_autoptr(GByteArray) payload = NULL;
		guint32 length;

		memcpy(&length, text + at + sizeof length, sizeof length);
		payload = on_our_bus(rig, text + at + FRAME_HEAD, length);
		append_frame(state, text + at, payload);
		at += FRAME_HEAD + length;
	}
	netns_run(rig->host, "mkdir -p -m 0700 /run/netfilterd");
	g_file_set_contents(STATE, (const char *)state->data, state->len, &error);
	g_assert_no_error(error);
}

/* --- their host --- */

static void add_bridge(const Rig *rig, const char *name, const char *const *addresses)
{
	g_autofree char *accept_ra = g_strdup_printf("net/ipv6/conf/%s/accept_ra", name);

	netns_run(rig->host, "ip link add %s type bridge", name);
	netns_sysctl(rig->host, accept_ra, "0");
	for (; *addresses; addresses++)
		netns_run(rig->host, "ip address add %s dev %s%s", *addresses, name,
			  strchr(*addresses, ':') ? " nodad" : "");
	netns_run(rig->host, "ip link set %s up", name);
}

/* What was there before the version before came, and is to be there in the end. */
static void add_foreign(const Rig *rig)
{
	netns_run(rig->host, "ip link add theirs0 address 02:00:00:00:00:01 type bridge");
	netns_run(rig->host, "ip address add 10.9.0.1/24 dev theirs0");
	netns_run(rig->host, "ip link set theirs0 up");
	netns_run(rig->host, "iptables-legacy -N THEIRS");
	netns_run(rig->host, "iptables-legacy -A FORWARD -j THEIRS");
	netns_run(rig->host, "ip6tables-legacy -A INPUT -s fd01::/16 -j DROP");
}

/* Each rule has passed packets. */
static void load_rules(const Rig *rig, const Upgrade *upgrade)
{
	g_autofree char *rules4 = golden(upgrade, ".rules4"), *rules6 = golden(upgrade, ".rules6");

	netns_run(rig->host, "sh -c \"sed 's/^-A/[7:700] -A/' %s | iptables-legacy-restore -c\"", rules4);
	netns_run(rig->host, "sh -c \"sed 's/^-A/[7:700] -A/' %s | ip6tables-legacy-restore -c\"", rules6);
}

static void prepare(const Rig *rig, const Upgrade *upgrade)
{
	static const char *const switches[] = {
		"net/ipv4/ip_forward",
		"net/ipv6/conf/all/forwarding",
		"net/bridge/bridge-nf-call-iptables",
		"net/bridge/bridge-nf-call-ip6tables",
		"net/ipv4/conf/br-web/route_localnet",
		"net/ipv4/conf/br-plain/route_localnet",
		"net/ipv4/conf/theirs0/route_localnet",
	};

	add_bridge(rig, "br-web", (const char *const[]){ "172.18.0.1/16", "fd00:18::1/64", NULL });
	add_bridge(rig, "br-inner", (const char *const[]){ "172.20.0.1/16", "fd00:20::1/64", NULL });
	add_bridge(rig, "br-plain", (const char *const[]){ "172.21.0.1/16", NULL });
	for (gsize i = 0; i < G_N_ELEMENTS(switches); i++)
		g_assert_true(netns_sysctl(rig->host, switches[i], "1"));
	load_rules(rig, upgrade);
	write_state(rig, upgrade);
}

/* --- what is there --- */

static char *switches_of(const Rig *rig)
{
	return netns_output(rig->host, "sh -c 'cd /proc/sys/net && grep . ipv4/ip_forward ipv?/conf/*/forwarding "
				       "ipv4/conf/*/route_localnet ipv4/conf/*/rp_filter ipv6/conf/*/accept_ra "
				       "bridge/bridge-nf-call-ip*tables; ip -o link | sed \"s/^[0-9]*: //; s/ .*//\"'");
}

/* Rules and switches of the host that are none of ours. */
static char *host_of(const Rig *rig)
{
	g_autofree char *rules = rig_rules(rig), *switches = switches_of(rig);

	return g_strdup_printf("%s\n%s", rules, switches);
}

/* The lines of iptables-save of a family and table, in which a line can stand twice. */
static char *rules_of(const Rig *rig, const char *command)
{
	return netns_output(rig->host, "sh -c \"%s | grep -v '^#'\"", command);
}

/* A rule that was theirs and is ours too was left where it is, with its counters; but isolation has another order. */
static void nothing_moved(const Rig *rig, const Upgrade *upgrade, const char *family)
{
	g_autofree char *suffix = g_strconcat(".rules", family, NULL), *path = golden(upgrade, suffix);
	g_autofree char *rules = rules_of(rig, *family == '4' ? "iptables-legacy-save -c" : "ip6tables-legacy-save -c");
	g_autofree char *old = NULL;
	g_auto(GStrv) old_lines = NULL, lines = g_strsplit(rules, "\n", -1);
	guint n_kept = 0, n_new = 0;

	g_assert_true(g_file_get_contents(path, &old, NULL, NULL));
	old_lines = g_strsplit(old, "\n", -1);
	for (char **line = lines; *line; line++) {
		const char *rule = strchr(*line, ']');

		if (**line != '[')
			continue;
		if (!g_str_has_prefix(*line, "[0:0]")) {
			n_kept++;
			continue;
		}
		n_new++;
		if (g_strv_contains((const char *const *)old_lines, rule + 2) &&
		    !g_str_has_prefix(rule + 2, "-A DOCKER-ISOLATION ")) {
			g_test_message("%s was taken out and put in again", rule + 2);
			g_test_fail();
		}
	}
	g_test_message("IPv%s: %u rules stayed, %u came", family, n_kept, n_new);
	g_assert_cmpuint(n_kept, >, 20);
}

/* What is closed both before and after is closed at every moment in between. */
static void closed(const Rig *rig, const Upgrade *upgrade)
{
	g_autofree char *rules = rig_rules(rig), *switches = switches_of(rig), *path = golden(upgrade, ".rules4");
	g_autofree char *old = NULL;
	g_auto(GStrv) lines = NULL;

	g_assert_true(g_file_get_contents(path, &old, NULL, NULL));
	lines = g_strsplit(old, "\n", -1);
	for (char **line = lines; *line; line++) {
		if (!g_str_has_suffix(*line, "-j DROP") || strstr(rules, *line))
			continue;
		/* The guard of the host's loopback addresses goes with the way to them. */
		if (strstr(*line, "-d 127.0.0.0/8 -i br-plain") &&
		    strstr(switches, "ipv4/conf/br-plain/route_localnet:0"))
			continue;
		g_test_message("is not closed any more: %s", *line);
		g_test_fail();
	}
	g_assert_cmpuint(count_parts(rules, ":FORWARD DROP"), ==, 2);
	g_assert_nonnull(strstr(switches, "ipv4/ip_forward:1"));
}

/* --- */

static void objects_are_there(Rig *rig)
{
	g_autofree char *objects = rig_objects(rig);
	g_autofree char *owner = g_strdup_printf("'Owner': <'%s'>", g_dbus_connection_get_unique_name(rig->bus));

	for (gsize i = 0; i < G_N_ELEMENTS(paths); i++)
		exists(rig, paths[i]);
	g_assert_cmpuint(count_parts(objects, "'Served': <true>"), ==, 6);
	g_assert_cmpuint(count_parts(objects, "'Persistent': <true>"), ==, 4);
	g_assert_cmpuint(count_parts(objects, owner), ==, 5);
	property_is(rig, "[('tcp', '', 8080, 80, 1), ('tcp', '192.0.2.1', 8100, 8100, 4), ('udp', '', 9100, 100, 3)]",
		    "/network/web/endpoint/app", "Endpoint", "Ports");
	property_is(rig, "[('tcp', '', 32768, 5432, 1)]", "/network/web/endpoint/db", "Endpoint", "Ports");
	property_is(rig, "['172.18.0.1', 'fd00:18::1']", "/network/web", "Network", "Gateways");
	property_is(rig, "false", "/network/web", "Network", "InterContainerCommunication");
	property_is(rig, "true", "/network/inner", "Network", "Internal");
	property_is(rig, "false", "/network/plain", "Network", "Masquerade");
	property_is(rig, "[('tcp', 443), ('udp', 443)]", "/ingress/front", "Ingress", "Ports");
	refused(rig, OURS("PortInUse"), "9101", "/network/adopted/endpoint/one", "Endpoint", "Publish", "a(ssqqq)",
		"[('udp', '', uint16 9101, uint16 101, uint16 1)]");
}

static void delete_all(Rig *rig)
{
	done(rig, "/ingress/back", "Ingress", "Delete", "", "");
	done(rig, "/ingress/front", "Ingress", "Delete", "", "");
	done(rig, "/network/web", "Network", "Delete", "", "");
	done(rig, "/network/adopted", "Network", "Delete", "", "");
	done(rig, "/network/inner", "Network", "Delete", "", "");
	done(rig, "/network/plain", "Network", "Delete", "", "");
}

/* Dies at each point on the way, and comes again. */
static guint die_on_the_way(Rig *rig, const Upgrade *upgrade)
{
	guint point = 1;

	while (rig_start_dying(rig, point)) {
		closed(rig, upgrade);
		/* The commits that it had are not had again: where the state is theirs, the way begins anew. */
		load_rules(rig, upgrade);
		write_state(rig, upgrade);
		g_assert_cmpuint(point, <, MAX_POINTS);
		point++;
	}
	service_kill(rig->service);
	return point - 1;
}

static void end(Rig *rig, const char *before)
{
	g_autofree char *after = NULL;

	delete_all(rig);
	service_stop(rig->service);
	after = host_of(rig);
	for (guint i = 0; i < 2000 && strcmp(after, before) != 0; i++) {
		g_usleep(G_TIME_SPAN_MILLISECOND);
		g_free(after);
		after = host_of(rig);
	}
	g_assert_cmpstr(after, ==, before);
	rig->service = service_start(rig->starter, rig->configuration);
}

/* What they are called, and the addresses that they were given by nobody. */
static char *macs_of(const Rig *rig)
{
	return netns_output(rig->host, "sh -c \"ip -br link show type bridge | awk '{ print \\$1, \\$3 }'\"");
}

static void keeps_macs(const Rig *rig, const char *macs)
{
	g_autofree char *now = macs_of(rig);

	g_assert_nonnull(strstr(now, "br-web "));
	g_assert_cmpstr(now, ==, macs);
}

static void upgraded(Rig *rig, const Upgrade *upgrade)
{
	g_autofree char *before = NULL, *rules = NULL, *same_rules = NULL, *macs = NULL;
	guint n_points;

	service_stop(rig->service);
	add_foreign(rig);
	before = host_of(rig);

	prepare(rig, upgrade);
	macs = macs_of(rig);
	rig->service = service_start(rig->starter, rig->configuration);
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	keeps_macs(rig, macs);
	objects_are_there(rig);
	nothing_moved(rig, upgrade, "4");
	nothing_moved(rig, upgrade, "6");
	closed(rig, upgrade);
	rules = rig_rules(rig);
	if (upgrade->unfinished)
		g_assert_null(strstr(rules, upgrade->unfinished));
	end(rig, before);

	service_stop(rig->service);
	prepare(rig, upgrade);
	n_points = die_on_the_way(rig, upgrade);
	g_test_message("%u points of death", n_points);
	g_assert_cmpuint(n_points, >, 2);
	rig->service = service_start(rig->starter, rig->configuration);
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	objects_are_there(rig);
	same_rules = rig_rules(rig);
	g_assert_cmpstr(same_rules, ==, rules);
	end(rig, before);
}

static void from_whole(Rig *rig)
{
	upgraded(rig, &whole);
}

static void from_publishing(Rig *rig)
{
	upgraded(rig, &publishing);
}

/* The version before had one backend. */
static void to_nftables(Rig *rig)
{
	g_autofree char *before = NULL, *rules = NULL, *tables = NULL, *no_tables = NULL;

	service_stop(rig->service);
	add_foreign(rig);
	before = host_of(rig);
	prepare(rig, &whole);
	rig->configuration = "Backend=nftables";
	rig->service = service_start(rig->starter, rig->configuration);
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	objects_are_there(rig);
	rules = rig_rules(rig);
	g_assert_null(strstr(rules, "DOCKER"));
	g_assert_null(strstr(rules, "br-web"));
	g_assert_nonnull(strstr(rules, "-A FORWARD -j THEIRS"));
	tables = netns_output(rig->host, "nft list tables");
	g_assert_nonnull(strstr(tables, "table ip netfilterd\ntable ip6 netfilterd\n"));
	end(rig, before);
	no_tables = netns_output(rig->host, "nft list tables");
	g_assert_null(strstr(no_tables, "ip6 netfilterd"));
}

static void from_updating(Rig *rig)
{
	upgraded(rig, &updating);
}

static const BusTest tests[] = {
	{ .path = "/upgrade/whole", .run = from_whole },
	{ .path = "/upgrade/publishing", .run = from_publishing },
	{ .path = "/upgrade/updating", .run = from_updating },
	{ .path = "/upgrade/other-backend", .run = to_nftables },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
