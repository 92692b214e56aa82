/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/access.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Ports that the service may not bind, since its unit has two capabilities and CAP_NET_BIND_SERVICE is
 * neither. */

/* A program on the host: listening, or with a datagram socket, there. */
static int host_takes(int type, const char *address, guint16 port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	bool v6 = strchr(address, ':');
	int fd = socket(v6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);

	g_assert_cmpint(inet_pton(v6 ? AF_INET6 : AF_INET, address, v6 ? (void *)&in6.sin6_addr : &in.sin_addr), ==, 1);
	g_assert_no_errno(v6 ? bind(fd, (struct sockaddr *)&in6, sizeof in6)
			     : bind(fd, (struct sockaddr *)&in, sizeof in));
	if (type == SOCK_STREAM)
		g_assert_no_errno(listen(fd, 1));
	return fd;
}

static void publish(World *world, const char *ports)
{
	done(as_root(world), APP, "Endpoint", "Publish", "a(ssqqq)", ports);
}

static void unpublish(World *world, const char *ports)
{
	done(as_root(world), APP, "Endpoint", "Unpublish", "a(ssqqq)", ports);
}

static void cannot_publish(World *world, const char *ports, const char *names)
{
	refused(as_root(world), OURS("PortInUse"), names, APP, "Endpoint", "Publish", "a(ssqqq)", ports);
}

static void rule_is_there(World *world, const char *rule, bool there)
{
	g_autofree char *rules = rig_rules(&world->rig);

	if (!strstr(rules, rule) == there) {
		g_test_message("%s is %s:\n%s", rule, there ? "missing" : "there", rules);
		g_test_fail();
	}
}

static void free_port(World *world)
{
	create_base(world);
	publish(world, "[('tcp', '', 80, 80, 1), ('udp', '', 53, 53, 1), ('tcp', '127.0.0.1', 340, 340, 10)]");
	rule_is_there(world, "-p tcp -m tcp --dport 80 -j DNAT", true);
	rule_is_there(world, "-p udp -m udp --dport 53 -j DNAT", true);
	cannot_publish(world, "[('tcp', '192.0.2.1', 80, 80, 1)]", "published already");
	unpublish(world, "[('tcp', '', 80, 80, 1)]");
	rule_is_there(world, "-p tcp -m tcp --dport 80 -j DNAT", false);
	publish(world, "[('tcp', '192.0.2.1', 80, 80, 1)]");
}

static void taken_port(World *world)
{
	int http = host_takes(SOCK_STREAM, "0.0.0.0", 80), local = host_takes(SOCK_STREAM, "127.0.0.1", 81);
	int both = host_takes(SOCK_STREAM, "::", 143), dns = host_takes(SOCK_DGRAM, "127.0.0.1", 53);

	create_base(world);
	cannot_publish(world, "[('tcp', '', 80, 80, 1)]",
		       "tcp port 80 on any IPv4 address is in use by a program on the host");
	cannot_publish(world, "[('tcp', '192.0.2.1', 80, 80, 1)]", "tcp port 80 on 192.0.2.1 is in use by a program");
	cannot_publish(world, "[('tcp', '', 81, 80, 1)]", "tcp port 81");
	cannot_publish(world, "[('tcp', '', 143, 80, 1)]", "tcp port 143");
	cannot_publish(world, "[('udp', '', 53, 53, 1)]", "udp port 53");
	cannot_publish(world, "[('tcp', '', 1000, 80, 1), ('tcp', '192.0.2.1', 100, 80, 100)]", "tcp port 143");
	refused(as_root(world), OURS("PortInUse"), "tcp port 80", FRONT, "Ingress", "Publish", "a(sq)",
		"[('tcp', uint16 79), ('tcp', uint16 80)]");
	publish(world, "[('tcp', '192.0.2.1', 81, 80, 1), ('udp', '192.0.2.1', 53, 53, 1), ('udp', '', 80, 80, 1),"
		       " ('tcp', '', 53, 53, 1), ('tcp', '', 82, 80, 61), ('tcp', '', 1000, 80, 1)]");
	close(http);
	close(local);
	close(both);
	close(dns);
	publish(world, "[('tcp', '', 80, 80, 1), ('tcp', '', 143, 80, 1)]");
}

/* What was published stays so, though a program has taken the port since. */
static void taken_later(World *world)
{
	Rig *rig;
	int fd;

	done(as_root(world), "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Subnets': <['172.18.0.0/16']>, 'Persistent': <true>, 'Endpoints': <[('app', "
	     "{'Addresses': "
	     "<['172.18.0.2']>, 'Persistent': <true>, 'Ports': <[('tcp', '', uint16 80, uint16 80, uint16 "
	     "1)]>})]>}");
	fd = host_takes(SOCK_STREAM, "0.0.0.0", 80);
	rig = as_root(world);
	rig_restart(rig);
	property_is(rig, "[('tcp', '', 80, 80, 1)]", APP, "Endpoint", "Ports");
	rule_is_there(world, "-p tcp -m tcp --dport 80 -j DNAT", true);
	unpublish(world, "[('tcp', '', 80, 80, 1)]");
	cannot_publish(world, "[('tcp', '', 80, 80, 1)]", "tcp port 80");
	close(fd);
	publish(world, "[('tcp', '', 80, 80, 1)]");
	done(rig, WEB, "Network", "Delete", "", "");
}

static const AccessTest tests[] = {
	{ "/low-ports/free", free_port },
	{ "/low-ports/taken", taken_port },
	{ "/low-ports/taken-later", taken_later },
};

int main(int argc, char **argv)
{
	return access_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
