/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WEB "/network/web"
#define APP WEB "/endpoint/app"
#define DB WEB "/endpoint/db"
#define FRONT "/ingress/front"

static void create_endpoints(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Bridge': <'br0'>, 'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'Endpoints': <["
	     "('app', {'Addresses': <['172.18.0.2', 'fd00:18::2']>}),"
	     "('db', {'Addresses': <['172.18.0.3', 'fd00:18::3']>})]>}");
}

static void publish(Rig *rig, const char *path, const char *ports)
{
	done(rig, path, "Endpoint", "Publish", "a(ssqqq)", ports);
}

static void cannot_publish(Rig *rig, const char *path, const char *ports, const char *names)
{
	refused(rig, OURS("PortInUse"), names, path, "Endpoint", "Publish", "a(ssqqq)", ports);
}

static void unpublish(Rig *rig, const char *path, const char *ports)
{
	done(rig, path, "Endpoint", "Unpublish", "a(ssqqq)", ports);
}

/* A socket of the host's own there; a negative errno when it cannot be had. */
static int host_bind(int type, const char *address, guint16 port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	bool v6 = strchr(address, ':');
	int fd = socket(v6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);
	int r;

	g_assert_cmpint(inet_pton(v6 ? AF_INET6 : AF_INET, address, v6 ? (void *)&in6.sin6_addr : &in.sin_addr), ==, 1);
	if (v6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ 1 }, sizeof(int));
	r = v6 ? bind(fd, (struct sockaddr *)&in6, sizeof in6) : bind(fd, (struct sockaddr *)&in, sizeof in);
	if (r < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

static void is_free(int type, const char *address, guint16 port)
{
	int fd = host_bind(type, address, port);

	g_assert_cmpint(fd, >=, 0);
	close(fd);
}

static void is_taken(int type, const char *address, guint16 port)
{
	int fd = host_bind(type, address, port);

	g_assert_cmpint(fd, ==, -EADDRINUSE);
	if (fd >= 0)
		close(fd);
}

/* --- who is in whose way --- */

static void conflicts(Rig *rig)
{
	static const struct {
		const char *here, *there, *in_the_way; /* NULL: both can stand */
	} pairs[] = {
		{ "('tcp', '', 8080, 80, 1)", "('tcp', '', 8080, 81, 1)", "8080" },
		{ "('tcp', '', 8080, 80, 1)", "('tcp', '192.0.2.1', 8080, 80, 1)", "8080" },
		{ "('tcp', '192.0.2.1', 8080, 80, 1)", "('tcp', '', 8080, 80, 1)", "8080" },
		{ "('tcp', '192.0.2.1', 8080, 80, 1)", "('tcp', '192.0.2.1', 8080, 80, 1)", "192.0.2.1" },
		{ "('tcp', '192.0.2.1', 8080, 80, 1)", "('tcp', '0.0.0.0', 8080, 80, 1)", "8080" },
		{ "('tcp', '', 8080, 80, 1)", "('tcp', '::', 8080, 80, 1)", "8080" },
		{ "('tcp', '::', 8080, 80, 1)", "('tcp', '2001:db8:1::1', 8080, 80, 1)", "8080" },
		{ "('tcp', '', 8080, 80, 10)", "('tcp', '', 8089, 80, 1)", "8089" },
		{ "('tcp', '', 8080, 80, 10)", "('tcp', '', 8075, 80, 10)", "8080" },
		{ "('tcp', '192.0.2.1', 8080, 80, 1)", "('tcp', '192.0.2.2', 8080, 80, 1)", NULL },
		{ "('tcp', '0.0.0.0', 8080, 80, 1)", "('tcp', '::', 8080, 80, 1)", NULL },
		{ "('tcp', '192.0.2.1', 8080, 80, 1)", "('tcp', '2001:db8:1::1', 8080, 80, 1)", NULL },
		{ "('tcp', '192.0.2.1', 8080, 80, 1)", "('tcp', '::', 8080, 80, 1)", NULL },
		{ "('tcp', '', 8080, 80, 1)", "('udp', '', 8080, 80, 1)", NULL },
		{ "('tcp', '', 8080, 80, 1)", "('sctp', '', 8080, 80, 1)", NULL },
		{ "('sctp', '', 8080, 80, 1)", "('sctp', '', 8080, 80, 1)", "8080" },
		{ "('tcp', '', 8080, 80, 10)", "('tcp', '', 8090, 80, 10)", NULL },
	};

	create_endpoints(rig);
	for (guint i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autofree char *here = g_strdup_printf("[%s]", pairs[i].here);
		g_autofree char *there = g_strdup_printf("[%s]", pairs[i].there);

		publish(rig, APP, here);
		if (pairs[i].in_the_way) {
			cannot_publish(rig, DB, there, pairs[i].in_the_way);
			cannot_publish(rig, APP, there, pairs[i].in_the_way);
		} else {
			publish(rig, DB, there);
			unpublish(rig, DB, there);
		}
		unpublish(rig, APP, here);
	}
}

static void all_or_nothing(Rig *rig)
{
	int fd = host_bind(SOCK_STREAM, "192.0.2.1", 9005);

	create_endpoints(rig);
	publish(rig, DB, "[('tcp', '', 8083, 80, 1)]");
	cannot_publish(rig, APP,
		       "[('tcp', '', 8081, 80, 1), ('tcp', '', 0, 80, 5), ('udp', '', 8082, 80, 1),"
		       " ('tcp', '', 8083, 80, 1)]",
		       "8083");
	cannot_publish(rig, APP, "[('tcp', '', 8081, 80, 1), ('tcp', '', 9000, 80, 10)]", "9005");
	is_free(SOCK_STREAM, "0.0.0.0", 8081);
	is_free(SOCK_DGRAM, "0.0.0.0", 8082);
	is_free(SOCK_STREAM, "0.0.0.0", 9000);
	is_free(SOCK_STREAM, "::", 9004);
	close(fd);
	publish(rig, APP, "[('tcp', '', 8081, 80, 1), ('tcp', '', 9000, 80, 10)]");
}

/* --- the host --- */

/* Whether a connection is refused before anybody could have timed out. */
static bool refused_at_once(const char *address, guint16 port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r;

	inet_pton(AF_INET, address, &in.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){ .tv_sec = 1 }, sizeof(struct timeval));
	r = connect(fd, (struct sockaddr *)&in, sizeof in) < 0 ? errno : 0;
	close(fd);
	return r == ECONNREFUSED;
}

static void reserved(Rig *rig)
{
	create_endpoints(rig);
	publish(rig, APP, "[('tcp', '', 8080, 80, 2), ('udp', '192.0.2.1', 53, 53, 1)]");
	is_taken(SOCK_STREAM, "0.0.0.0", 8080);
	is_taken(SOCK_STREAM, "192.0.2.1", 8081);
	is_taken(SOCK_STREAM, "127.0.0.1", 8081);
	is_taken(SOCK_STREAM, "::", 8080);
	is_taken(SOCK_STREAM, "::1", 8081);
	is_taken(SOCK_DGRAM, "192.0.2.1", 53);
	is_taken(SOCK_DGRAM, "0.0.0.0", 53);
	is_free(SOCK_DGRAM, "127.0.0.1", 53);
	is_free(SOCK_STREAM, "0.0.0.0", 8079);
	is_free(SOCK_STREAM, "0.0.0.0", 8082);
	is_free(SOCK_DGRAM, "0.0.0.0", 8080);

	/* Past our rules the reserving socket says no. */
	netns_run(rig->host, "iptables-legacy -t nat -I OUTPUT -j ACCEPT");
	g_assert_true(refused_at_once("192.0.2.1", 8080));
	g_assert_true(refused_at_once("127.0.0.1", 8081));

	unpublish(rig, APP, "[('tcp', '', 8080, 80, 2)]");
	is_free(SOCK_STREAM, "0.0.0.0", 8080);
	is_free(SOCK_STREAM, "::", 8081);
	done(rig, APP, "Endpoint", "Delete", "", "");
	is_free(SOCK_DGRAM, "0.0.0.0", 53);
}

static void in_use_on_host(Rig *rig)
{
	int fd = host_bind(SOCK_STREAM, "127.0.0.1", 8080), fd6 = host_bind(SOCK_DGRAM, "::", 53);

	create_endpoints(rig);
	cannot_publish(rig, APP, "[('tcp', '', 8080, 80, 1)]", "tcp port 8080");
	cannot_publish(rig, APP, "[('tcp', '', 8079, 80, 3)]", "tcp port 8080");
	cannot_publish(rig, APP, "[('udp', '', 53, 53, 1)]", "udp port 53");
	publish(rig, APP, "[('tcp', '192.0.2.1', 8080, 80, 1), ('udp', '0.0.0.0', 53, 53, 1)]");
	close(fd);
	close(fd6);
	publish(rig, APP, "[('udp', '::', 53, 53, 1)]");
}

/* --- groups --- */

#define GROUP(name, address, ports) \
	"'" name "', {'Addresses': <['" address "']>, 'PortGroup': <'g'>, 'Ports': <[" ports "]>}"
#define GROUPED "('tcp', '', uint16 8080, uint16 80, uint16 2)"
#define OTHER "/network/other"

static void create_in(Rig *rig, const char *network, const char *endpoint)
{
	done(rig, network, "Network", "CreateEndpoint", "sa{sv}", endpoint);
}

/* What is not just the same is another's. */
static void group_refused(Rig *rig)
{
	static const char *const in_use[] = {
		"'x', {'Addresses': <['172.18.0.9']>, 'PortGroup': <'h'>, 'Ports': <[" GROUPED "]>}",
		"'x', {'Addresses': <['172.18.0.9']>, 'Ports': <[" GROUPED "]>}",
		GROUP("x", "172.18.0.9", "('tcp', '', uint16 8080, uint16 80, uint16 1)"),
		GROUP("x", "172.18.0.9", "('tcp', '', uint16 8081, uint16 80, uint16 1)"),
		GROUP("x", "172.18.0.9", "('tcp', '', uint16 8079, uint16 80, uint16 2)"),
		GROUP("x", "172.18.0.9", "('tcp', '192.0.2.1', uint16 8080, uint16 80, uint16 2)"),
		GROUP("x", "172.18.0.9", GROUPED ", " GROUPED),
	};
	static const struct {
		const char *value, *names;
	} bad[] = {
		{ "''", "PortGroup: \"\"" },
		{ "'a b'", "PortGroup: \"a b\"" },
		{ "'caf\303\251'", "PortGroup: " },
		{ "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'", "PortGroup: \"aaaa" },
		{ "uint32 1", "PortGroup" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(in_use); i++)
		refused(rig, OURS("PortInUse"), "published already", WEB, "Network", "CreateEndpoint", "sa{sv}",
			in_use[i]);
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *arguments =
			g_strdup_printf("'x', {'Addresses': <['172.18.0.9']>, 'PortGroup': <%s>}", bad[i].value);

		refused(rig, STANDARD("InvalidArgs"), bad[i].names, WEB, "Network", "CreateEndpoint", "sa{sv}",
			arguments);
	}
	refused(rig, OURS("EndpointExists"), "PortGroup", OTHER, "Network", "EnsureEndpoint", "sa{sv}",
		"'b', {'Addresses': <['172.19.0.2']>, 'PortGroup': <'h'>, 'Ports': <[" GROUPED "]>}");
	answers(rig, "('" ROOT OTHER "/endpoint/b', false)", OTHER, "Network", "EnsureEndpoint", "sa{sv}",
		GROUP("b", "172.19.0.2", GROUPED));
}

static void serves(Rig *rig, const char *address)
{
	static const char *const addresses[] = { "172.18.0.7", "172.19.0.2", "172.19.0.3" };

	for (guint i = 0; i < G_N_ELEMENTS(addresses); i++) {
		g_autofree char *rule = g_strdup_printf("--dport 8080 -j DNAT --to-destination %s:80\n", addresses[i]);
		g_autofree char *rules = rig_rules(rig);

		g_assert_cmpint(strstr(rules, rule) != NULL, ==, g_str_equal(addresses[i], address));
	}
}

/* The oldest serves; whoever goes, and in whatever way, the next is there with the same commit. */
static void group(Rig *rig)
{
	g_autofree char *before = NULL, *after = NULL;

	create_endpoints(rig);
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'other', {'Subnets': <['172.19.0.0/16']>}");
	before = rig_state(rig);
	create_in(rig, WEB, GROUP("a", "172.18.0.7", GROUPED));
	create_in(rig, OTHER, GROUP("b", "172.19.0.2", GROUPED));
	create_in(rig, OTHER, GROUP("c", "172.19.0.3", GROUPED));
	group_refused(rig);
	for (guint restarted = 0; restarted <= 1; restarted++) {
		serves(rig, "172.18.0.7");
		property_is(rig, "'g'", OTHER "/endpoint/b", "Endpoint", "PortGroup");
		property_is(rig, "''", APP, "Endpoint", "PortGroup");
		is_taken(SOCK_STREAM, "0.0.0.0", 8081);
		answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
		rig_restart(rig);
	}
	/* A change that fails leaves the line as it was. */
	refused(rig, STANDARD("InvalidArgs"), "9999", WEB "/endpoint/a", "Endpoint", "Unpublish", "a(ssqqq)",
		"[('tcp', '', 8080, 80, 2), ('tcp', '', 9999, 80, 1)]");
	serves(rig, "172.18.0.7");
	unpublish(rig, WEB "/endpoint/a", "[('tcp', '', 8080, 80, 2)]");
	serves(rig, "172.19.0.2");
	is_taken(SOCK_STREAM, "0.0.0.0", 8080);
	publish(rig, WEB "/endpoint/a", "[('tcp', '', 8080, 80, 2)]");
	serves(rig, "172.19.0.2");
	done(rig, OTHER "/endpoint/b", "Endpoint", "Delete", "", "");
	serves(rig, "172.19.0.3");
	rig_restart(rig);
	serves(rig, "172.19.0.3");
	done(rig, OTHER "/endpoint/c", "Endpoint", "Delete", "", "");
	serves(rig, "172.18.0.7");
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	done(rig, WEB "/endpoint/a", "Endpoint", "Delete", "", "");
	is_free(SOCK_STREAM, "0.0.0.0", 8080);
	after = rig_state(rig);
	g_assert_cmpstr(before, ==, after);
}

/* --- allocation --- */

/* An engine holds its ports itself; what is another object's is not to be had all the same. */
static void not_reserved(Rig *rig)
{
	int fd = host_bind(SOCK_STREAM, "0.0.0.0", 8080);

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'engine', {'Subnets': <['172.25.0.0/16']>, 'Reserve': <false>, 'Endpoints': <["
	     "('a', {'Addresses': <['172.25.0.2']>, 'Ports': <[('tcp', '', uint16 8080, uint16 80, uint16 1), "
	     "('udp', '', uint16 9090, uint16 80, uint16 3)]>}), "
	     "('b', @a{sv} {'Addresses': <['172.25.0.3']>, 'Reserve': <true>, "
	     "'Ports': <[('tcp', '', uint16 8081, uint16 80, uint16 1)]>})]>}");
	create_endpoints(rig);
	for (guint restarted = 0; restarted <= 1; restarted++) {
		is_free(SOCK_DGRAM, "0.0.0.0", 9091);
		is_taken(SOCK_STREAM, "0.0.0.0", 8081);
		cannot_publish(rig, APP, "[('tcp', '', 8080, 80, 1)]", "published already");
		cannot_publish(rig, APP, "[('udp', '192.0.2.1', 9092, 80, 1)]", "published already");
		refused(rig, OURS("PortInUse"), "published already", "/network/engine", "Network", "CreateEndpoint",
			"sa{sv}",
			"'c', {'Addresses': <['172.25.0.4']>, 'Ports': <[('udp', '', uint16 9092, uint16 80, uint16 "
			"1)]>}");
		rig_restart(rig);
	}
	done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}",
	     "'d', {'Addresses': <['172.18.0.77']>, 'Reserve': <false>, 'Ports': <[('udp', '', uint16 9095, uint16 80, "
	     "uint16 1)]>}");
	is_free(SOCK_DGRAM, "0.0.0.0", 9095);
	done(rig, "/network/engine", "Network", "Delete", "", "");
	is_free(SOCK_STREAM, "0.0.0.0", 8081);
	close(fd);
}

#define ENGINE "/network/engine"
#define HELD "'Addresses': <['172.25.0.2']>, 'Ports': <[('tcp', '', uint16 8080, uint16 80, uint16 1)]>"
#define HELD_BESIDE                                                                  \
	"'b', {'Addresses': <['172.25.0.3']>, 'PortGroup': <'g'>, 'Reserve': <%s>, " \
	"'Ports': <[('tcp', '', uint16 8080, uint16 80, uint16 1)]>}"

static void take_turns(Rig *rig, const char *of, const char *member, const char *then)
{
	Pipeline *pipeline = pipeline_new();

	rig_pause(rig);
	pipeline_call(pipeline, rig->bus, of, "Endpoint", member, "", "");
	pipeline_call(pipeline, rig->bus, ENGINE, "Network", "CreateEndpoint", "sa{sv}", then);
	rig_resume(rig);
	pipeline_run(pipeline);
	for (guint i = 0; i < 2; i++)
		g_assert_cmpstr(pipeline_outcome(pipeline, i), ==, "");
	pipeline_free(pipeline);
}

/* Whoever is to hold a port himself finds it free, though it is published from the one to the next without a break. */
static void given_up(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'engine', {'Subnets': <['172.25.0.0/16']>, 'Persistent': <true>}");
	create_in(rig, ENGINE, "'a', {" HELD "}");
	is_taken(SOCK_STREAM, "0.0.0.0", 8080);
	take_turns(rig, ENGINE "/endpoint/a", "Delete", "'a', {'Reserve': <false>, " HELD "}");
	is_free(SOCK_STREAM, "0.0.0.0", 8080);
	take_turns(rig, ENGINE "/endpoint/a", "Delete", "'a', {'Reserve': <true>, " HELD "}");
	is_taken(SOCK_STREAM, "0.0.0.0", 8080);
	done(rig, ENGINE "/endpoint/a", "Endpoint", "Delete", "", "");
}

/* The port of a group is held as long as one of it wants that, the oldest or not. */
static void group_gives_up(Rig *rig)
{
	static const struct {
		const char *a, *b, *goes;
		bool taken;
	} cases[] = {
		{ "true", "false", "a", false },  { "false", "true", "b", false }, { "true", "false", "b", true },
		{ "false", "true", "a", true },   { "true", "true", "a", true },   { "true", "true", "b", true },
		{ "false", "false", "a", false },
	};

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'engine', {'Subnets': <['172.25.0.0/16']>, 'Persistent': <true>}");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *a =
			g_strdup_printf("'a', {'PortGroup': <'g'>, 'Reserve': <%s>, " HELD "}", cases[i].a);
		g_autofree char *b = g_strdup_printf(HELD_BESIDE, cases[i].b);
		g_autofree char *gone = g_strconcat(ENGINE "/endpoint/", cases[i].goes, NULL);
		bool first = g_str_equal(cases[i].goes, "a");

		create_in(rig, ENGINE, a);
		create_in(rig, ENGINE, b);
		done(rig, gone, "Endpoint", "Delete", "", "");
		(cases[i].taken ? is_taken : is_free)(SOCK_STREAM, "0.0.0.0", 8080);
		done(rig, first ? ENGINE "/endpoint/b" : ENGINE "/endpoint/a", "Endpoint", "Delete", "", "");
		is_free(SOCK_STREAM, "0.0.0.0", 8080);
	}
}

static void allocates(Rig *rig, const char *request, const char *result)
{
	answers(rig, result, APP, "Endpoint", "Publish", "a(ssqqq)", request);
}

static void allocation(Rig *rig)
{
	int fd;

	netns_sysctl(rig->host, "net/ipv4/ip_local_port_range", "40000 40009");
	create_endpoints(rig);
	fd = host_bind(SOCK_STREAM, "0.0.0.0", 40002);
	publish(rig, DB, "[('tcp', '192.0.2.1', 40004, 80, 1)]");
	allocates(rig, "[('tcp', '', 0, 80, 1)]", "([('tcp', '', 40000, 80, 1)],)");
	allocates(rig, "[('tcp', '', 0, 80, 1)]", "([('tcp', '', 40001, 80, 1)],)");
	/* 40002 is the host's, 40004 is published on one address. */
	allocates(rig, "[('tcp', '', 0, 80, 1), ('tcp', '', 0, 81, 1)]",
		  "([('tcp', '', 40003, 80, 1), ('tcp', '', 40005, 81, 1)],)");
	/* Each protocol goes its own way. */
	allocates(rig, "[('udp', '', 0, 80, 3)]", "([('udp', '', 40000, 80, 3)],)");
	/* What was given back is not given out before the rest. */
	unpublish(rig, APP, "[('tcp', '', 40000, 80, 1)]");
	allocates(rig, "[('tcp', '', 0, 80, 3)]", "([('tcp', '', 40006, 80, 3)],)");
	allocates(rig, "[('tcp', '', 0, 80, 1)]", "([('tcp', '', 40009, 80, 1)],)");
	allocates(rig, "[('tcp', '', 0, 80, 1)]", "([('tcp', '', 40000, 80, 1)],)");
	refused(rig, OURS("PortsExhausted"), "40000 to 40009", APP, "Endpoint", "Publish", "a(ssqqq)",
		"[('tcp', '', 0, 80, 1)]");
	refused(rig, OURS("PortsExhausted"), "40000 to 40009", APP, "Endpoint", "Publish", "a(ssqqq)",
		"[('udp', '', 0, 80, 1), ('udp', '', 0, 80, 11)]");
	close(fd);
	allocates(rig, "[('tcp', '', 0, 80, 1)]", "([('tcp', '', 40002, 80, 1)],)");
	property_is(rig,
		    "[('tcp', '', 40001, 80, 1), ('tcp', '', 40003, 80, 1), ('tcp', '', 40005, 81, 1),"
		    " ('udp', '', 40000, 80, 3), ('tcp', '', 40006, 80, 3), ('tcp', '', 40009, 80, 1),"
		    " ('tcp', '', 40000, 80, 1), ('tcp', '', 40002, 80, 1)]",
		    APP, "Endpoint", "Ports");
}

/* A failed call does not move on what is handed out next. */
static void allocation_undone(Rig *rig)
{
	netns_sysctl(rig->host, "net/ipv4/ip_local_port_range", "40000 40009");
	create_endpoints(rig);
	publish(rig, DB, "[('tcp', '', 80, 80, 1)]");
	cannot_publish(rig, APP, "[('tcp', '', 0, 80, 4), ('tcp', '', 80, 80, 1)]", "port 80");
	allocates(rig, "[('tcp', '', 0, 80, 1)]", "([('tcp', '', 40000, 80, 1)],)");
}

/* --- sharing --- */

static guint count_rules(Rig *rig, const char *needle)
{
	g_autofree char *rules = rig_rules(rig);
	guint n = 0;

	for (const char *at = rules; (at = strstr(at, needle)); at++)
		n++;
	return n;
}

/* Two host ports on one endpoint port need one rule that lets in, as long as there is either. */
static void shared(Rig *rig)
{
	create_endpoints(rig);
	publish(rig, APP, "[('tcp', '0.0.0.0', 8080, 80, 1), ('tcp', '192.0.2.1', 8081, 80, 1)]");
	g_assert_cmpuint(count_rules(rig, "--to-destination 172.18.0.2:80\n"), ==, 2);
	g_assert_cmpuint(count_rules(rig, "-o br0 -p tcp -m tcp --dport 80 -j ACCEPT"), ==, 1);
	g_assert_cmpuint(count_rules(rig, "--dport 80 -j MASQUERADE"), ==, 1);
	unpublish(rig, APP, "[('tcp', '0.0.0.0', 8080, 80, 1)]");
	g_assert_cmpuint(count_rules(rig, "--to-destination 172.18.0.2:80\n"), ==, 1);
	g_assert_cmpuint(count_rules(rig, "-o br0 -p tcp -m tcp --dport 80 -j ACCEPT"), ==, 1);
	g_assert_cmpuint(count_rules(rig, "--dport 80 -j MASQUERADE"), ==, 1);
	unpublish(rig, APP, "[('tcp', '192.0.2.1', 8081, 80, 1)]");
	g_assert_cmpuint(count_rules(rig, "--dport 80 "), ==, 0);
}

/* A range is one rule of each kind, but for the translation onto other numbers: that is one for each port. */
static void ranges(Rig *rig)
{
	guint before;

	create_endpoints(rig);
	before = count_rules(rig, "\n-A ");
	publish(rig, APP, "[('tcp', '0.0.0.0', 10000, 10000, 10000)]");
	g_assert_cmpuint(count_rules(rig, "\n-A "), ==, before + 3);
	g_assert_cmpuint(count_rules(rig, "--dport 10000:19999 -j DNAT --to-destination 172.18.0.2\n"), ==, 1);
	is_taken(SOCK_STREAM, "0.0.0.0", 10000);
	is_taken(SOCK_STREAM, "0.0.0.0", 19999);
	unpublish(rig, APP, "[('tcp', '0.0.0.0', 10000, 10000, 10000)]");
	g_assert_cmpuint(count_rules(rig, "\n-A "), ==, before);

	publish(rig, APP, "[('tcp', '0.0.0.0', 10000, 20000, 1000)]");
	g_assert_cmpuint(count_rules(rig, "\n-A "), ==, before + 1000 + 2);
	g_assert_cmpuint(count_rules(rig, "--dport 10999 -j DNAT --to-destination 172.18.0.2:20999\n"), ==, 1);
	unpublish(rig, APP, "[('tcp', '0.0.0.0', 10000, 20000, 1000)]");
	g_assert_cmpuint(count_rules(rig, "\n-A "), ==, before);
}

/* --- ingress --- */

static void ingress(Rig *rig)
{
	g_autofree char *before = NULL, *between = NULL, *after = NULL;

	create_endpoints(rig);
	before = rig_state(rig);
	done(rig, "", "Manager", "CreateIngress", "sa{sv}", "'front', {'Gateway': <'172.18.0.9'>}");
	done(rig, "", "Manager", "CreateIngress", "sa{sv}",
	     "'back', {'Gateway': <'172.18.0.8'>, 'Bridge': <'br0'>, 'Ports': <[('udp', uint16 53)]>}");
	done(rig, FRONT, "Ingress", "Publish", "a(sq)", "[('tcp', 80), ('tcp', 443)]");
	is_taken(SOCK_STREAM, "0.0.0.0", 80);
	is_taken(SOCK_DGRAM, "0.0.0.0", 53);
	cannot_publish(rig, APP, "[('tcp', '', 80, 80, 1)]", "tcp port 80");
	cannot_publish(rig, APP, "[('tcp', '192.0.2.1', 440, 80, 5)]", "tcp port 443");
	publish(rig, APP, "[('tcp', '', 8080, 80, 1)]");
	refused(rig, OURS("PortInUse"), "8080", FRONT, "Ingress", "Publish", "a(sq)", "[('tcp', 81), ('tcp', 8080)]");
	refused(rig, OURS("PortInUse"), "53", FRONT, "Ingress", "Publish", "a(sq)", "[('udp', 53)]");
	refused(rig, OURS("PortInUse"), "8080", "", "Manager", "CreateIngress", "sa{sv}",
		"'third', {'Gateway': <'172.18.0.7'>, 'Ports': <[('tcp', uint16 81), ('tcp', uint16 "
		"8080)]>}");

	/* Counted: what was published twice goes with the second withdrawal. */
	between = rig_state(rig);
	done(rig, FRONT, "Ingress", "Publish", "a(sq)", "[('tcp', 80)]");
	after = rig_state(rig);
	g_assert_cmpstr(between, ==, after);
	done(rig, FRONT, "Ingress", "Unpublish", "a(sq)", "[('tcp', 80)]");
	property_is(rig, "[('tcp', 80), ('tcp', 443)]", FRONT, "Ingress", "Ports");
	is_taken(SOCK_STREAM, "0.0.0.0", 80);
	done(rig, FRONT, "Ingress", "Unpublish", "a(sq)", "[('tcp', 80)]");
	property_is(rig, "[('tcp', 443)]", FRONT, "Ingress", "Ports");
	is_free(SOCK_STREAM, "0.0.0.0", 80);

	/* Once in one list, too; and a list that fails counts nothing. */
	done(rig, FRONT, "Ingress", "Publish", "a(sq)", "[('tcp', 80), ('tcp', 80)]");
	refused(rig, STANDARD("InvalidArgs"), "port 80", FRONT, "Ingress", "Unpublish", "a(sq)",
		"[('tcp', 80), ('tcp', 80), ('tcp', 80)]");
	done(rig, FRONT, "Ingress", "Unpublish", "a(sq)", "[('tcp', 80), ('tcp', 80)]");
	is_free(SOCK_STREAM, "0.0.0.0", 80);

	unpublish(rig, APP, "[('tcp', '', 8080, 80, 1)]");
	done(rig, FRONT, "Ingress", "Delete", "", "");
	done(rig, "/ingress/back", "Ingress", "Delete", "", "");
	is_free(SOCK_STREAM, "0.0.0.0", 443);
	g_free(after);
	after = rig_state(rig);
	g_assert_cmpstr(before, ==, after);
}

static const BusTest tests[] = {
	{ "/bus/ports/not-reserved", not_reserved },
	{ "/bus/ports/given-up", given_up },
	{ "/bus/ports/group-gives-up", group_gives_up },
	{ "/bus/ports/group", group, "ContainerPublish=no" },
	{ "/bus/ports/conflicts", conflicts },
	{ "/bus/ports/all-or-nothing", all_or_nothing },
	{ "/bus/ports/reserved", reserved },
	{ "/bus/ports/in-use-on-host", in_use_on_host },
	{ "/bus/ports/allocation", allocation },
	{ "/bus/ports/allocation-undone", allocation_undone },
	{ "/bus/ports/shared", shared, "ContainerPublish=no" },
	{ "/bus/ports/ranges", ranges, "ContainerPublish=no\nLocalhostPublish=no" },
	{ "/bus/ports/ingress", ingress },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
