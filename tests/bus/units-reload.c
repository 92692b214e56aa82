/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What unit files say otherwise is so after a reload, and no more of what is there changes. */

#include "tests/bus/unit-files.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

static char *generation(const Rig *rig)
{
	return property(rig, "", "Manager", "Generation");
}

static void equal_is_untouched(Rig *rig)
{
	g_autofree char *before = NULL, *after = NULL, *first = NULL, *second = NULL;

	/* The same in other words. */
	put_file(ETC "/web.network", "# comment\n; another\n\n" WEB "X-Mine=anything\n[X-Other]\nKey=value\n");
	before = rig_state(rig);
	first = generation(rig);
	reload(rig);
	after = rig_state(rig);
	second = generation(rig);
	g_assert_cmpstr(after, ==, before);
	g_assert_cmpstr(second, ==, first);
}

/* From one text to the next the bridge stays the bridge, and what is said is so. */
static void changed_in_place(Rig *rig)
{
	static const struct {
		const char *network, *app, *db; /* lines beyond the least; NULL: no such endpoint */
		const char *app_ports, *app_links;
	} steps[] = {
		{ "", "", NULL, "[]", "[]" },
		{ "", "Publish=8080:80\n", NULL, "[('tcp', '', 8080, 80, 1)]", "[]" },
		{ "", "Publish=8080:80\nPublish=8081:80\n", "", "[('tcp', '', 8080, 80, 1), ('tcp', '', 8081, 80, 1)]",
		  "[]" },
		{ "", "Publish=8081:80\n", "Publish=8080:80\n", "[('tcp', '', 8081, 80, 1)]", "[]" },
		{ "", "Publish=8080:80\n", "Publish=8081:80\n", "[('tcp', '', 8080, 80, 1)]", "[]" },
		{ "Masquerade=no\nHostBinding=192.0.2.1\n", "Publish=8080:80\n", "",
		  "[('tcp', '192.0.2.1', 8080, 80, 1)]", "[]" },
		{ "InterContainerCommunication=no\n", "Link=db:5432\n", "", "[]",
		  "['/org/example/NetFilter/network/n/endpoint/db']" },
		{ "InterContainerCommunication=no\n", "Link=db:5433\nLink=db:53/udp\n", "", "[]",
		  "['/org/example/NetFilter/network/n/endpoint/db']" },
		{ "InterContainerCommunication=no\nLabel=a=b\n", "Label=team=red\n", "", "[]", "[]" },
		{ "InterContainerCommunication=no\nLabel=a=c=d\n", "", "Label=x=\n", "[]", "[]" },
		{ "", "", NULL, "[]", "[]" },
	};
	guint index = 0;

	for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_autofree char *text =
			g_strdup_printf("[Network]\nSubnet=172.20.0.0/24\n%s[Endpoint app]\nAddress=172.20.0.2\n%s%s%s",
					steps[i].network, steps[i].app,
					steps[i].db ? "[Endpoint db]\nAddress=172.20.0.3\n" : "", steps[i].db ?: "");
		guint now;

		g_test_message("step %u", i);
		put_file(ETC "/n.network", text);
		reload(rig);
		now = if_nametoindex("br-n");
		g_assert_cmpuint(now, !=, 0);
		g_assert_cmpuint(index ?: now, ==, now);
		index = now;
		property_is(rig, steps[i].app_ports, "/network/n/endpoint/app", "Endpoint", "Ports");
		property_is(rig, steps[i].app_links, "/network/n/endpoint/app", "Endpoint", "Links");
		(steps[i].db ? exists : gone)(rig, "/network/n/endpoint/db");
		property_is(rig, strstr(steps[i].network, "Masquerade") ? "false" : "true", "/network/n", "Network",
			    "Masquerade");
		/* As if it had never been otherwise. */
		answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	}
}

static bool is_held(guint16 port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool held = bind(fd, (struct sockaddr *)&address, sizeof address) < 0 && errno == EADDRINUSE;

	close(fd);
	return held;
}

/* A program that is to hold the port itself finds it free as soon as the file says so, and no sooner. */
static void reserve_changes(Rig *rig)
{
	static const struct {
		const char *network, *endpoint;
		bool held;
	} steps[] = {
		{ "", "", true },
		{ "", "Reserve=no\n", false },
		{ "", "Reserve=yes\n", true },
		{ "Reserve=no\n", "Reserve=yes\n", true },
		{ "Reserve=no\n", "", false },
		{ "", "", true },
	};

	for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_autofree char *text = g_strdup_printf("[Network]\nSubnet=172.20.0.0/24\n%s[Endpoint app]\n"
							"Address=172.20.0.2\nPublish=8080:80\n%s",
							steps[i].network, steps[i].endpoint);

		g_test_message("step %u", i);
		put_file(ETC "/n.network", text);
		reload(rig);
		property_is(rig, "[('tcp', '', 8080, 80, 1)]", "/network/n/endpoint/app", "Endpoint", "Ports");
		g_assert_cmpint(is_held(8080), ==, steps[i].held);
	}
}

/* Whose an endpoint is, the file says at each reload and at a start. */
static void user_of_endpoint(Rig *rig)
{
	static const struct {
		const char *network, *endpoint, *uid;
		bool restarts;
	} steps[] = {
		{ "", "", "0" },
		{ "", "User=1001\n", "1001" },
		{ "", "User=1002\n", "1002", true },
		{ "User=1003\n", "User=1002\n", "1002" },
		{ "User=1003\n", "", "1003", true },
		{ "", "User=4294967294\n", "4294967294" },
		{ "", "", "0", true },
	};

	for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_autofree char *text = g_strdup_printf(
			"[Network]\nSubnet=172.20.0.0/24\n%s[Endpoint app]\nAddress=172.20.0.2\nPublish=8080:80\n%s",
			steps[i].network, steps[i].endpoint);

		g_test_message("step %u", i);
		put_file(ETC "/n.network", text);
		if (steps[i].restarts)
			rig_restart(rig);
		else
			reload(rig);
		property_is(rig, steps[i].uid, "/network/n/endpoint/app", "Endpoint", "OwnerUID");
		property_is(rig, "[('tcp', '', 8080, 80, 1)]", "/network/n/endpoint/app", "Endpoint", "Ports");
		answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	}
}

/* What is chosen for an endpoint is none of what the file names for another, new or there already. */
static void chosen_after_named(Rig *rig)
{
	static const char *const steps[][2] = {
		{ "Publish=80/udp\n", "Publish=32768:80/udp\n" },
		{ "Publish=80/udp\nPublish=81/udp\n", "Publish=32768:80/udp\nPublish=32770:81/udp\n" },
	};

	netns_sysctl(rig->host, "net/ipv4/ip_local_port_range", "32768 32775");
	rig_restart(rig);
	for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_autofree char *text =
			g_strdup_printf("[Network]\nSubnet=172.20.0.0/24\n[Endpoint a]\nAddress=172.20.0.2\n"
					"%s[Endpoint b]\nAddress=172.20.0.3\n%s",
					steps[i][0], steps[i][1]);

		put_file(ETC "/n.network", text);
		reload(rig);
		property_is(rig,
			    i == 0 ? "[('udp', '', 32769, 80, 1)]"
				   : "[('udp', '', 32769, 80, 1), ('udp', '', 32771, 81, 1)]",
			    "/network/n/endpoint/a", "Endpoint", "Ports");
		property_is(rig,
			    i == 0 ? "[('udp', '', 32768, 80, 1)]"
				   : "[('udp', '', 32768, 80, 1), ('udp', '', 32770, 81, 1)]",
			    "/network/n/endpoint/b", "Endpoint", "Ports");
	}
}

/* What a call made in a file's network is its maker's. */
static void calls_beside_files(Rig *rig)
{
	done(rig, "/network/web", "Network", "CreateEndpoint", "sa{sv}",
	     "'mine', {'Addresses': <['172.18.0.77']>, 'Ports': <[('tcp', '', uint16 9000, uint16 80, uint16 1)]>}");
	done(rig, "/network/web/endpoint/db", "Endpoint", "Publish", "a(ssqqq)",
	     "[('tcp', '', uint16 9001, uint16 80, uint16 1)]");
	reload(rig);
	property_is(rig, "[('tcp', '', 9000, 80, 1)]", "/network/web/endpoint/mine", "Endpoint", "Ports");
	property_is(rig, "''", "/network/web/endpoint/mine", "Endpoint", "FragmentPath");
	property_is(rig, "[]", "/network/web/endpoint/db", "Endpoint", "Ports");
}

static void replaced(Rig *rig)
{
	/* It takes what another gives up, whatever their order. */
	put_file(ETC "/a.network", "[Network]\nSubnet=172.30.0.0/24\nBridge=br-x\n");
	put_file(ETC "/b.network",
		 "[Network]\nSubnet=172.31.0.0/24\n[Endpoint e]\nAddress=172.31.0.2\nPublish=700:70\n");
	reload(rig);
	exists(rig, "/network/b/endpoint/e");
	put_file(ETC "/a.network", "[Network]\nSubnet=172.31.0.0/24\nBridge=br-x\n[Endpoint f]\nAddress=172.31.0.9\n"
				   "Publish=700:71\n");
	put_file(ETC "/b.network",
		 "[Network]\nSubnet=172.32.0.0/24\n[Endpoint e]\nAddress=172.32.0.2\nPublish=701:70\n");
	reload(rig);
	property_is(rig, "['172.31.0.0/24']", "/network/a", "Network", "Subnets");
	property_is(rig, "'br-x'", "/network/a", "Network", "Bridge");
	property_is(rig, "[('tcp', '', 700, 71, 1)]", "/network/a/endpoint/f", "Endpoint", "Ports");
	property_is(rig, "['172.32.0.0/24']", "/network/b", "Network", "Subnets");
	property_is(rig, "[('tcp', '', 701, 70, 1)]", "/network/b/endpoint/e", "Endpoint", "Ports");
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
}

static void goes_with_its_file(Rig *rig)
{
	g_unlink(RUN "/front.ingress");
	g_unlink(VENDOR "/lab.network");
	reload(rig);
	gone(rig, "/ingress/front");
	gone(rig, "/network/lab");
	exists(rig, "/network/web");
	g_unlink(ETC "/web.network");
	rig_restart(rig);
	gone(rig, "/network/web");
}

static void adopts_what_a_call_made(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'n', {'Subnets': <['172.20.0.0/24']>, 'Persistent': <true>,"
	     " 'Endpoints': <[('e', {'Addresses': <['172.20.0.2']>})]>}");
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'o', {'Subnets': <['172.21.0.0/24']>}");
	put_file(ETC "/n.network", "[Network]\nSubnet=172.20.0.0/24\n[Endpoint e]\nAddress=172.20.0.2\nPublish=80\n");
	put_file(ETC "/o.network", "[Network]\nSubnet=172.21.0.0/24\n");
	reload(rig);
	property_is(rig, "'" ETC "/n.network'", "/network/n", "Network", "FragmentPath");
	property_is(rig, "'" ETC "/n.network'", "/network/n/endpoint/e", "Endpoint", "FragmentPath");
	property_is(rig, "''", "/network/o", "Network", "FragmentPath");
	logged(ETC "/o.network:1: network \"o\" exists, made by a call, and is not persistent");
}

/* And one that is not as the file says stays its maker's, who is told why. */
static void adopts_no_other(Rig *rig)
{
	static const struct {
		const char *made, *file, *log; /* NULL: it is adopted */
	} cases[] = {
		{ "'Persistent': <true>", "", NULL },
		{ "'Persistent': <false>", "", "and is not persistent" },
		{ "'Persistent': <true>", "User=1000\n", "and is another user's" },
		{ "'Persistent': <true>, 'Reserve': <false>", "Reserve=yes\n",
		  "with another Address, Reserve or PortGroup" },
		{ "'Persistent': <true>, 'PortGroup': <'g'>", "", "with another Address, Reserve or PortGroup" },
		{ "'Persistent': <true>", "Address=fd00:20::2\n", "with another Address, Reserve or PortGroup" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *made = g_strdup_printf("'e', {'Addresses': <['172.20.0.2']>, %s}", cases[i].made);
		g_autofree char *file = g_strdup_printf("[Network]\nSubnet=172.20.0.0/24\nSubnet=fd00:20::/64\n"
							"[Endpoint e]\nAddress=172.20.0.2\n%s",
							cases[i].file);
		g_autofree char *log = NULL;

		g_test_message("%s, %s", cases[i].made, cases[i].file);
		fclose(fopen(LOG, "w"));
		done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
		     "'n', {'Subnets': <['172.20.0.0/24', 'fd00:20::/64']>, 'Persistent': <true>}");
		done(rig, "/network/n", "Network", "CreateEndpoint", "sa{sv}", made);
		put_file(ETC "/n.network", file);
		reload(rig);
		property_is(rig, cases[i].log ? "''" : "'" ETC "/n.network'", "/network/n/endpoint/e", "Endpoint",
			    "FragmentPath");
		log = g_strdup_printf(ETC "/n.network:4: endpoint \"e\" exists, made by a call, %s", cases[i].log);
		if (cases[i].log)
			logged(log);
		g_unlink(ETC "/n.network");
		reload(rig);
		if (cases[i].log)
			done(rig, "/network/n", "Network", "Delete", "", "");
		gone(rig, "/network/n");
	}
}

int main(int argc, char **argv)
{
	static const BusTest tests[] = {
		{ "/units/equal-is-untouched", equal_is_untouched, NULL, put_all },
		{ "/units/changed-in-place", changed_in_place },
		{ "/units/reserve-changes", reserve_changes },
		{ "/units/user-of-endpoint", user_of_endpoint },
		{ "/units/chosen-after-named", chosen_after_named },
		{ "/units/calls-beside-files", calls_beside_files, NULL, put_all },
		{ "/units/replaced", replaced },
		{ "/units/goes-with-its-file", goes_with_its_file, NULL, put_all },
		{ "/units/adopts-what-a-call-made", adopts_what_a_call_made, NULL, log_to_file },
		{ "/units/adopts-no-other", adopts_no_other, NULL, log_to_file },
	};

	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
