/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Permanent networks: what unit files say is there from the start, follows them at a reload, and no more of it changes
 * than what they say otherwise. And what a call makes permanent. */

#include "tests/support/rig.h"
#include "tests/support/text.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNITS "/run/netfilterd-units"
#define ETC UNITS "/etc/netfilterd"
#define RUN UNITS "/run/netfilterd.d"
#define STATE UNITS "/var/lib/netfilterd"
#define VENDOR UNITS "/usr/lib/netfilterd"
#define LOG "/run/netfilterd.log"

#define WEB                                           \
	"[Network]\n"                                 \
	"Subnet=172.18.0.0/16\n"                      \
	"Subnet=fd00:18::/64\n"                       \
	"Bridge=br-web\n"                             \
	"InterContainerCommunication=no\n"            \
	"\n"                                          \
	"[Endpoint app]\n"                            \
	"Address=172.18.0.2\n"                        \
	"Publish=8080:80\n"                           \
	"Publish=192.0.2.1:5000-5002:5000-5002/udp\n" \
	"Link=db:5432/tcp\n"                          \
	"\n"                                          \
	"[Endpoint db]\n"                             \
	"Address=172.18.0.3\n"                        \
	"Address=fd00:18::3\n"
#define FRONT                  \
	"[Ingress]\n"          \
	"Gateway=172.18.0.9\n" \
	"Publish=443\n"        \
	"Publish=53/udp\n"

/* --- files --- */

static char *read_file(const char *path)
{
	char *text = NULL;

	g_file_get_contents(path, &text, NULL, NULL);
	return text;
}

static void is_file(const char *path, bool there)
{
	if ((g_access(path, F_OK) == 0) == there)
		return;
	g_test_message("%s is %sthere", path, there ? "not " : "");
	g_test_fail();
}

/* --- the service --- */

static void log_to_file(const Rig *rig G_GNUC_UNUSED)
{
	g_assert_nonnull(freopen(LOG, "a", stderr));
}

static void logged(const char *part)
{
	g_autofree char *text = read_file(LOG);

	if (text && strstr(text, part))
		return;
	g_test_message("the log does not say \"%s\":\n%s", part, text);
	g_test_fail();
}

static void reload(Rig *rig)
{
	done(rig, "", "Manager", "Reload", "", "");
}

/* What a boot finds of the kernel's: nothing. */
#define FORGET                                                                                 \
	"sh -c 'exec 2>/dev/null;"                                                             \
	"for t in iptables-legacy ip6tables-legacy; do for i in filter nat mangle raw; do"     \
	"  $t -t $i -F; $t -t $i -X; done; done; nft flush ruleset;"                           \
	"for b in $(ip -br link show type bridge | cut -d\" \" -f1); do ip link del $b; done;" \
	"rm -rf /run/netfilterd'"

static void reboot(Rig *rig)
{
	service_stop(rig->service);
	netns_run(rig->host, FORGET);
	rig->service = service_start(rig->starter, rig->configuration);
}

static bool is_there(const Rig *rig, const char *path)
{
	g_autoptr(GVariant) reply =
		ask_with_fds(rig->bus, path, "org.freedesktop.DBus.Properties", "GetAll", "s", "''", NULL, NULL);

	return reply;
}

/* --- tests --- */

static void put_all(const Rig *rig G_GNUC_UNUSED)
{
	put_file(ETC "/web.network", WEB);
	put_file(RUN "/front.ingress", FRONT);
	put_file(VENDOR "/lab.network",
		 "# what a package brings\n[Network]\nSubnet=172.19.0.0/24\nGateway=172.19.0.254\n"
		 "Internal=yes\nUser=1000\n[Endpoint its]\nAddress=172.19.0.2\n"
		 "[Endpoint roots]\nAddress=172.19.0.3\nUser=0\n");
}

static void put_all_and_log(const Rig *rig)
{
	put_all(rig);
	log_to_file(rig);
}

static void are_there(const Rig *rig)
{
	property_is(rig, "['172.18.0.0/16', 'fd00:18::/64']", "/network/web", "Network", "Subnets");
	property_is(rig, "'br-web'", "/network/web", "Network", "Bridge");
	property_is(rig, "false", "/network/web", "Network", "InterContainerCommunication");
	property_is(rig, "true", "/network/web", "Network", "Persistent");
	property_is(rig, "''", "/network/web", "Network", "Owner");
	property_is(rig, "'" ETC "/web.network'", "/network/web", "Network", "FragmentPath");
	property_is(rig, "[('tcp', '', 8080, 80, 1), ('udp', '192.0.2.1', 5000, 5000, 3)]", "/network/web/endpoint/app",
		    "Endpoint", "Ports");
	property_is(rig, "['/org/example/NetFilter/network/web/endpoint/db']", "/network/web/endpoint/app", "Endpoint",
		    "Links");
	property_is(rig, "['172.18.0.3', 'fd00:18::3']", "/network/web/endpoint/db", "Endpoint", "Addresses");
	property_is(rig, "'" ETC "/web.network'", "/network/web/endpoint/db", "Endpoint", "FragmentPath");
	property_is(rig, "true", "/network/lab", "Network", "Internal");
	property_is(rig, "1000", "/network/lab/endpoint/its", "Endpoint", "OwnerUID");
	property_is(rig, "0", "/network/lab/endpoint/roots", "Endpoint", "OwnerUID");
	property_is(rig, "['172.19.0.254']", "/network/lab", "Network", "Gateways");
	property_is(rig, "1000", "/network/lab", "Network", "OwnerUID");
	property_is(rig, "'br-web'", "/ingress/front", "Ingress", "Bridge");
	property_is(rig, "[('tcp', 443), ('udp', 53)]", "/ingress/front", "Ingress", "Ports");
	property_is(rig, "'" RUN "/front.ingress'", "/ingress/front", "Ingress", "FragmentPath");
}

/* Also after what stands in /run has gone. */
static void there_at_start(Rig *rig)
{
	g_autofree char *before = NULL, *after = NULL;

	are_there(rig);
	before = rig_state(rig);
	rig_restart(rig);
	after = rig_state(rig);
	g_assert_cmpstr(after, ==, before);
	are_there(rig);
	reboot(rig);
	are_there(rig);
}

/* --- a reload --- */

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

/* --- what has a file does not end but with it --- */

static void make_permanent(Rig *rig, const char *settings)
{
	g_autofree char *arguments =
		g_strdup_printf("'n', {'Subnets': <['172.20.0.0/24']>, 'LifetimeEndpoints': <true>, %s}", settings);

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", arguments);
}

static void by_creation(Rig *rig)
{
	make_permanent(rig, "'Permanent': <true>");
}

static void by_call(Rig *rig)
{
	make_permanent(rig, "'Persistent': <true>");
	done(rig, "/network/n", "Network", "SetPermanent", "b", "true");
}

static void by_administrator(Rig *rig)
{
	make_permanent(rig, "'Persistent': <true>");
	put_file(ETC "/n.network", "[Network]\nSubnet=172.20.0.0/24\n");
	reload(rig);
}

static void end_by_deletion(Rig *rig)
{
	done(rig, "/network/n", "Network", "CreateEndpoint", "sa{sv}",
	     "'e', {'Addresses': <['172.20.0.2']>, 'Persistent': <true>}");
	done(rig, "/network/n", "Network", "DeleteEndpoint", "s", "'e'");
}

static void end_by_retaining(Rig *rig)
{
	done(rig, "/network/n", "Network", "CreateEndpoint", "sa{sv}",
	     "'e', {'Addresses': <['172.20.0.2']>, 'Persistent': <true>}");
	answers(rig, "(1,)", "/network/n", "Network", "Retain", "as", "['nobody']");
}

static void end_by_time(Rig *rig)
{
	done(rig, "/network/n", "Network", "CreateEndpoint", "sa{sv}",
	     "'e', {'Addresses': <['172.20.0.2']>, 'TimeoutUSec': <uint64 1>}");
}

static void end_by_interface(Rig *rig)
{
	netns_run(rig->host, "ip link add its type veth peer name itself");
	done(rig, "/network/n", "Network", "CreateEndpoint", "sa{sv}",
	     "'e', {'Addresses': <['172.20.0.2']>, 'LifetimeInterface': <'its'>}");
	netns_run(rig->host, "ip link del its");
}

static void end_by_connection(Rig *rig G_GNUC_UNUSED)
{
	GDBusConnection *client = connection_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = ask_with_fds(client, "/network/n", "Network", "CreateEndpoint", "sa{sv}",
						 "'e', {'Addresses': <['172.20.0.2']>}", NULL, &error);

	g_assert_no_error(error);
	g_assert_nonnull(reply);
	connection_close(client);
}

static void stays_without_endpoints(Rig *rig)
{
	static void (*const permanents[])(Rig * rig) = { by_creation, by_call, by_administrator };
	static void (*const ends[])(Rig * rig) = { end_by_deletion, end_by_retaining, end_by_time, end_by_interface,
						   end_by_connection };

	for (guint i = 0; i < G_N_ELEMENTS(permanents); i++) {
		g_autofree char *before = NULL;

		permanents[i](rig);
		before = rig_objects(rig);
		for (guint j = 0; j < G_N_ELEMENTS(ends); j++) {
			g_autofree char *after = NULL;

			g_test_message("permanent %u, end %u", i, j);
			if (j == 2)
				rig_restart(rig);
			ends[j](rig);
			goes(rig, "/network/n/endpoint/e");
			after = rig_objects(rig);
			g_assert_cmpstr(after, ==, before);
			is_file(permanents[i] == by_administrator ? ETC "/n.network" : STATE "/n.network", true);
		}
		if (permanents[i] != by_administrator)
			done(rig, "/network/n", "Network", "SetPermanent", "b", "false");
		g_unlink(ETC "/n.network");
		reload(rig);
		/* With its file gone it ends as it was made to. */
		if (permanents[i] != by_administrator)
			end_by_deletion(rig);
		gone(rig, "/network/n");
	}
}

/* What would go in a moment stays when a file takes it over, across a restart too; what is beside it goes. */
static void stays_beyond_its_time(Rig *rig)
{
#define FOR_A_MOMENT "'Persistent': <true>, 'TimeoutUSec': <uint64 %u>"
	static const char *const adopted[] = { "/network/n", "/network/n/endpoint/e", "/ingress/i" };

	for (guint restarted = 0; restarted <= 1; restarted++) {
		guint usec = 1500000;
		g_autofree char *network =
			g_strdup_printf("'n', {'Subnets': <['172.20.0.0/24']>, " FOR_A_MOMENT
					", 'Endpoints': <[('e', {'Addresses': <['172.20.0.2']>, " FOR_A_MOMENT "})]>}",
					usec, usec);
		g_autofree char *ingress = g_strdup_printf("'i', {'Gateway': <'172.20.0.2'>, " FOR_A_MOMENT "}", usec);
		g_autofree char *last =
			g_strdup_printf("'o', {'Subnets': <['172.21.0.0/24']>, " FOR_A_MOMENT "}", usec);

		done(rig, "", "Manager", "CreateNetwork", "sa{sv}", network);
		done(rig, "", "Manager", "CreateIngress", "sa{sv}", ingress);
		put_file(ETC "/n.network", "[Network]\nSubnet=172.20.0.0/24\n[Endpoint e]\nAddress=172.20.0.2\n");
		put_file(ETC "/i.ingress", "[Ingress]\nGateway=172.20.0.2\n");
		reload(rig);
		for (guint i = 0; i < G_N_ELEMENTS(adopted); i++)
			g_assert_true(is_there(rig, adopted[i]));
		if (restarted)
			rig_restart(rig);
		done(rig, "", "Manager", "CreateNetwork", "sa{sv}", last);
		goes(rig, "/network/o");
		for (guint i = 0; i < G_N_ELEMENTS(adopted); i++)
			exists(rig, adopted[i]);
		g_unlink(ETC "/n.network");
		g_unlink(ETC "/i.ingress");
		reload(rig);
		gone(rig, "/network/n");
		gone(rig, "/ingress/i");
	}
}

/* What has an end of its own is in no file for it. */
static void time_is_not_permanent(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'n', {'Subnets': <['172.20.0.0/24']>, 'Persistent': <true>, 'Endpoints': <[('e', {'Addresses':"
	     " <['172.20.0.2']>, 'Persistent': <true>, 'TimeoutUSec': <uint64 3600000000>})]>}");
	done(rig, "/network/n", "Network", "SetPermanent", "b", "true");
	property_is(rig, "''", "/network/n/endpoint/e", "Endpoint", "FragmentPath");
	reboot(rig);
	exists(rig, "/network/n");
	gone(rig, "/network/n/endpoint/e");
}

/* --- which files --- */

static void precedence(Rig *rig)
{
	static const char *const directories[] = { VENDOR, STATE, RUN, ETC };

	for (guint i = 0; i < G_N_ELEMENTS(directories); i++) {
		g_autofree char *path = g_build_filename(directories[i], "n.network", NULL);
		g_autofree char *text = g_strdup_printf("[Network]\nSubnet=172.20.%u.0/24\n", i);
		g_autofree char *subnets = g_strdup_printf("['172.20.%u.0/24']", i);
		g_autofree char *fragment = g_strdup_printf("'%s'", path);

		put_file(path, text);
		reload(rig);
		property_is(rig, subnets, "/network/n", "Network", "Subnets");
		property_is(rig, fragment, "/network/n", "Network", "FragmentPath");
	}
	/* Masked, by either way. */
	g_unlink(ETC "/n.network");
	g_assert_no_errno(symlink("/dev/null", ETC "/n.network"));
	reload(rig);
	gone(rig, "/network/n");
	g_unlink(ETC "/n.network");
	reload(rig);
	exists(rig, "/network/n");
	put_file(ETC "/n.network", "");
	reload(rig);
	gone(rig, "/network/n");
}

static void drop_ins(Rig *rig)
{
	put_file(VENDOR "/n.network",
		 "[Network]\nSubnet=172.20.0.0/24\n[Endpoint e]\nAddress=172.20.0.2\nPublish=80\n");
	put_file(VENDOR "/n.network.d/50-mask.conf", "[Network]\nMasquerade=no\n");
	put_file(ETC "/n.network.d/10-ports.conf",
		 "[Endpoint e]\nPublish=\nPublish=8080:80\n[Endpoint f]\nAddress=172.20.0.3\n");
	put_file(ETC "/n.network.d/ignored", "nonsense");
	put_file(RUN "/n.network.d/20-subnet.conf", "[Network]\nSubnet=\nSubnet=172.20.0.0/16\n");
	reload(rig);
	property_is(rig, "'" VENDOR "/n.network'", "/network/n", "Network", "FragmentPath");
	property_is(rig, "false", "/network/n", "Network", "Masquerade");
	property_is(rig, "['172.20.0.0/16']", "/network/n", "Network", "Subnets");
	property_is(rig, "[('tcp', '', 8080, 80, 1)]", "/network/n/endpoint/e", "Endpoint", "Ports");
	exists(rig, "/network/n/endpoint/f");
	/* The first directory's of one name. */
	g_assert_no_errno(symlink("/dev/null", ETC "/n.network.d/50-mask.conf"));
	put_file(ETC "/n.network.d/20-subnet.conf", "[Network]\nInternal=no\n");
	reload(rig);
	property_is(rig, "true", "/network/n", "Network", "Masquerade");
	property_is(rig, "['172.20.0.0/24']", "/network/n", "Network", "Subnets");
}

/* --- what is wrong --- */

static void one_bad_file(Rig *rig)
{
	static const struct {
		const char *text, *log; /* with path and line */
	} bad[] = {
		{ "nonsense\n", ":1: \"nonsense\" stands before the first group" },
		{ "[Network]\nSubnet=172.20.0.0/33\n", ":2: Subnet: \"172.20.0.0/33\" is not a subnet" },
		{ "[Network]\n\n# so\nMasquerade=maybe\n",
		  ":4: Masquerade: \"maybe\" is not yes, no, true, false, on, off, 1 or 0" },
		{ "[Network]\nMasquerade=no\n", ":1: Subnet: a network needs at least one" },
		{ "[Endpoint e]\nAddress=172.20.0.2\n", ":1: there is no [Network]" },
		{ "[Network]\nSubnet=172.20.0.0/24\nSubnet=172.20.1.0/24\n",
		  ":3: Subnets: \"172.20.1.0/24\" is a second ipv4 subnet" },
		{ "[Network]\nSubnet=127.0.0.0/24\n", ":2: Subnets: \"127.0.0.0/24\" overlaps" },
		{ "[Network]\nSubnet=172.20.0.0/24\n[Endpoint e]\nAddress=172.21.0.2\n",
		  ":4: Addresses: \"172.21.0.2\" is not a host in a subnet" },
		{ "[Network]\nSubnet=172.20.0.0/24\n[Endpoint e]\n", ":3: Address: endpoint \"e\" needs at least one" },
		{ "[Network]\nSubnet=172.20.0.0/24\n[Endpoint e]\nAddress=172.20.0.2\nPublish=8080:80:\n",
		  ":5: Publish: " },
		{ "[Network]\nSubnet=172.20.0.0/24\n[Endpoint e]\nAddress=172.20.0.2\nLink=f:80\n",
		  "Link: endpoint \"e\"" },
		{ "[Network]\nSubnet=172.20.0.0/24\nUser=nobody-of-that-name\n",
		  ":3: User: \"nobody-of-that-name\" is no user" },
		{ "[Network]\nSubnet=172.18.7.0/24\n", ":2: subnet \"172.18.7.0/24\" overlaps with \"172.18.0.0/16\"" },
		{ "[Network]\nSubnet=172.20.0.0/24\n[Endpoint e]\nAddress=172.20.0.2\nPublish=8080:80\n",
		  "tcp port 8080 on any IPv4 address is published already" },
		{ "[Network]\nSubnet=172.20.0.0/24\nBridge=uplink\n",
		  ":3: interface \"uplink\" exists and is not a bridge" },
		{ "[Network]\nSubnet=172.20.0.0/24\n[Endpoint \\q]\n", ":3: \"\\q\" is not how an endpoint's name" },
		{ "[Network\nSubnet=172.20.0.0/24\n", ":1: \"[Network\" is not the head of a group" },
		{ "[Network]\nSubnet=\xff\n", ":2: \"Subnet=?\" is not UTF-8" },
	};

	/* First without anything before, then over something. */
	for (guint before = 0; before <= 1; before++)
		for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
			g_assert_no_errno(truncate(LOG, 0));
			put_file(ETC "/n.network", bad[i].text);
			reload(rig);
			logged(ETC "/n.network:");
			logged(bad[i].log);
			exists(rig, "/network/web");
			if (before)
				property_is(rig, "['172.22.0.0/24']", "/network/n", "Network", "Subnets");
			else
				gone(rig, "/network/n");
			if (i < G_N_ELEMENTS(bad) - 1)
				continue;
			put_file(ETC "/n.network", "[Network]\nSubnet=172.22.0.0/24\n");
			reload(rig);
			exists(rig, "/network/n");
		}
	put_file(ETC "/n.network", bad[0].text);
	rig_restart(rig);
	exists(rig, "/network/n");
}

/* What is no file is named, and nothing waits for it. */
static void no_files(Rig *rig)
{
	g_autofree char *large = g_strnfill(5 << 20, '#');

	g_assert_no_errno(mkfifo(ETC "/fifo.network", 0600));
	g_assert_no_errno(g_mkdir(ETC "/folder.network", 0700));
	g_assert_no_errno(mknod(ETC "/device.network", S_IFCHR | 0600, makedev(1, 5)));
	g_assert_no_errno(symlink("/nowhere", ETC "/dangling.network"));
	g_assert_no_errno(symlink("loop.network", ETC "/loop.network"));
	g_assert_no_errno(symlink(VENDOR "/real", ETC "/linked.network"));
	put_file(VENDOR "/real", "[Network]\nSubnet=172.20.0.0/24\n");
	put_file(ETC "/large.network", large);
	put_file(ETC "/b\\q.network", "[Network]\nSubnet=172.21.0.0/24\n");
	put_file(ETC "/.hidden.network", "nonsense");
	reload(rig);
	logged("fifo.network:1: this is a FIFO");
	logged("folder.network:1: this is a directory");
	logged("device.network:1: this is a device");
	logged("dangling.network:1: it cannot be read: No such file");
	logged("loop.network:1: it cannot be read: Too many");
	logged("large.network:1: it has 5242880 bytes");
	logged("b\\q.network\" is not NAME.network");
	exists(rig, "/network/linked");
	exists(rig, "/network/web");
}

/* --- what a call makes permanent --- */

static void permanent(Rig *rig)
{
	g_autofree char *before = NULL, *after = NULL;

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'n/ [é]', {'Subnets': <['172.20.0.0/24', 'fd00:20::/64']>, 'Permanent': <true>, 'Bridge': <'br-n'>,"
	     " 'InterContainerCommunication': <false>, 'Masquerade': <false>, 'HostBinding': <'192.0.2.1'>,"
	     " 'AllowFrom': <['192.168.0.0/16', 'fd00:1::/32', 'wg0', 'lo']>,"
	     " 'Labels': <{'a': 'b=c', 'd': ''}>, 'AddressRange': <['172.20.0.128/25']>, 'Reserve': <false>, 'Zone': "
	     "<'trusted'>,"
	     " 'Endpoints': <[('e ', {'Addresses': <['172.20.0.2', 'fd00:20::2']>}),"
	     "                ('f', {'Addresses': <['172.20.0.3']>, 'Reserve': <true>, 'PortGroup': <'g.1'>, "
	     "'Permanent': <true>, 'Labels': "
	     "<{'x': 'y'}>}), ('mine', {'Addresses': <['172.20.0.9']>,"
	     "                 'Persistent': <true>})]>}");
	property_is(rig, "'" STATE "/n\\\\x2f \\\\x5bé\\\\x5d.network'", "/network/n_2f_20_5b_c3_a9_5d", "Network",
		    "FragmentPath");
	property_is(rig, "true", "/network/n_2f_20_5b_c3_a9_5d", "Network", "Persistent");
	done(rig, "/network/n_2f_20_5b_c3_a9_5d/endpoint/e_20", "Endpoint", "Publish", "a(ssqqq)",
	     "[('tcp', '', uint16 0, uint16 80, uint16 3), ('udp', '', uint16 53, uint16 53, uint16 1)]");
	done(rig, "/network/n_2f_20_5b_c3_a9_5d/endpoint/f", "Endpoint", "Link", "oa(sq)",
	     "objectpath '" ROOT "/network/n_2f_20_5b_c3_a9_5d/endpoint/e_20', [('tcp', uint16 80)]");
	done(rig, "/network/n_2f_20_5b_c3_a9_5d", "Network", "Update", "a{sv}",
	     "{'Masquerade': <true>, 'SourceAddress': <['192.0.2.1', '2001:db8:1::1']>}");
	done(rig, "", "Manager", "CreateIngress", "sa{sv}",
	     "'front', {'Gateway': <'172.20.0.2'>, 'Permanent': <true>, 'Ports': <[('tcp', uint16 443)]>}");
	done(rig, "/ingress/front", "Ingress", "Publish", "a(sq)", "[('udp', uint16 443)]");
	done(rig, "/ingress/front", "Ingress", "Update", "a{sv}", "{'AllowFrom': <['10.0.0.0/8', 'lo']>}");
	done(rig, "/network/n_2f_20_5b_c3_a9_5d/endpoint/f", "Endpoint", "Update", "a{sv}",
	     "{'AllowFrom': <['0.0.0.0/0']>}");
	done(rig, "/ingress/front", "Ingress", "SetGateways", "as", "['172.20.0.3', '172.20.0.2', '172.20.0.4']");

	/* All of it is in the files, and a reload finds nothing to do. */
	before = rig_state(rig);
	reload(rig);
	after = rig_state(rig);
	g_assert_cmpstr(after, ==, before);
	done(rig, "/network/n_2f_20_5b_c3_a9_5d/endpoint/mine", "Endpoint", "Delete", "", "");
	g_free(g_steal_pointer(&before));
	g_free(g_steal_pointer(&after));
	before = rig_objects(rig);
	reboot(rig);
	after = rig_objects(rig);
	g_assert_cmpstr(after, ==, before);

	done(rig, "/network/n_2f_20_5b_c3_a9_5d/endpoint/f", "Endpoint", "Delete", "", "");
	done(rig, "/ingress/front", "Ingress", "Delete", "", "");
	is_file(STATE "/front.ingress", false);
	reboot(rig);
	gone(rig, "/ingress/front");
	gone(rig, "/network/n_2f_20_5b_c3_a9_5d/endpoint/f");
	exists(rig, "/network/n_2f_20_5b_c3_a9_5d/endpoint/e_20");
	done(rig, "/network/n_2f_20_5b_c3_a9_5d", "Network", "Delete", "", "");
	is_file(STATE "/n\\x2f \\x5bé\\x5d.network", false);
	rig_restart(rig);
	gone(rig, "/network/n_2f_20_5b_c3_a9_5d");
}

static void permanent_refused(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'n', {'Subnets': <['172.20.0.0/24']>}");
	refused(rig, STANDARD("InvalidArgs"), "network \"n\" is not permanent", "/network/n", "Network",
		"CreateEndpoint", "sa{sv}", "'e', {'Addresses': <['172.20.0.2']>, 'Permanent': <true>}");
	refused(rig, STANDARD("InvalidArgs"), "\"" ETC "/web.network\"", "/network/web", "Network", "CreateEndpoint",
		"sa{sv}", "'e', {'Addresses': <['172.18.0.9']>, 'Permanent': <true>}");
	refused(rig, STANDARD("InvalidArgs"), "TimeoutUSec", "", "Manager", "CreateNetwork", "sa{sv}",
		"'p', {'Subnets': <['172.21.0.0/24']>, 'Permanent': <true>, 'TimeoutUSec': <uint64 5>}");
	/* It would be hidden at the next boot. */
	g_assert_no_errno(symlink("/dev/null", ETC "/p.network"));
	refused(rig, STANDARD("InvalidArgs"), "\"" ETC "/p.network\"", "", "Manager", "CreateNetwork", "sa{sv}",
		"'p', {'Subnets': <['172.21.0.0/24']>, 'Permanent': <true>}");
	/* What the administrator wrote is for him to remove. */
	refused(rig, STANDARD("InvalidArgs"), "\"" ETC "/web.network\"", "/network/web", "Network", "Delete", "", "");
	refused(rig, STANDARD("InvalidArgs"), "\"" ETC "/web.network\"", "/network/web/endpoint/db", "Endpoint",
		"Delete", "", "");
	refused(rig, STANDARD("InvalidArgs"), "\"" RUN "/front.ingress\"", "/ingress/front", "Ingress", "Delete", "",
		"");
	refused(rig, STANDARD("InvalidArgs"), "\"" ETC "/web.network\"", "/network/web", "Network", "SetPermanent", "b",
		"false");
	/* A preview writes nothing. */
	g_variant_unref(ask(rig, "", "Manager", "PreviewNetwork", "sa{sv}",
			    "'q', {'Subnets': <['172.22.0.0/24']>, 'Permanent': <true>}"));
	is_file(STATE "/q.network", false);
}

static void set_permanent(Rig *rig)
{
	g_autofree char *before = NULL, *after = NULL;

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'n', {'Subnets': <['172.20.0.0/24']>, 'Persistent': <true>, 'Endpoints': <[('e', {'Addresses':"
	     " <['172.20.0.2']>, 'Ports': <[('tcp', '', uint16 8080, uint16 80, uint16 1)]>, 'Persistent': <true>}),"
	     " ('f', {'Addresses': <['172.20.0.3']>, 'TimeoutUSec': <uint64 3600000000>})]>}");
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'o', {'Subnets': <['172.21.0.0/24']>}");
	done(rig, "", "Manager", "CreateIngress", "sa{sv}",
	     "'i', {'Gateway': <'172.20.0.2'>, 'Persistent': <true>, 'Ports': <[('tcp', uint16 443)]>}");
	refused(rig, STANDARD("InvalidArgs"), "\"o\" is not Persistent", "/network/o", "Network", "SetPermanent", "b",
		"true");
	refused(rig, STANDARD("InvalidArgs"), "\"n\" is not permanent", "/network/n/endpoint/e", "Endpoint",
		"SetPermanent", "b", "true");
	done(rig, "/network/n", "Network", "SetPermanent", "b", "true");
	done(rig, "/network/n", "Network", "SetPermanent", "b", "true");
	done(rig, "/ingress/i", "Ingress", "SetPermanent", "b", "true");
	property_is(rig, "'" STATE "/n.network'", "/network/n", "Network", "FragmentPath");
	property_is(rig, "'" STATE "/n.network'", "/network/n/endpoint/e", "Endpoint", "FragmentPath");
	property_is(rig, "''", "/network/n/endpoint/f", "Endpoint", "FragmentPath");
	done(rig, "/network/o", "Network", "Delete", "", "");
	done(rig, "/network/n/endpoint/f", "Endpoint", "Delete", "", "");
	before = rig_objects(rig);
	reboot(rig);
	after = rig_objects(rig);
	g_assert_cmpstr(after, ==, before);

	done(rig, "/network/n/endpoint/e", "Endpoint", "SetPermanent", "b", "false");
	done(rig, "/ingress/i", "Ingress", "SetPermanent", "b", "false");
	property_is(rig, "''", "/network/n/endpoint/e", "Endpoint", "FragmentPath");
	is_file(STATE "/i.ingress", false);
	reload(rig);
	exists(rig, "/network/n/endpoint/e");
	exists(rig, "/ingress/i");
	done(rig, "/network/n/endpoint/e", "Endpoint", "SetPermanent", "b", "true");
	done(rig, "/network/n", "Network", "SetPermanent", "b", "false");
	property_is(rig, "''", "/network/n/endpoint/e", "Endpoint", "FragmentPath");
	is_file(STATE "/n.network", false);
	reboot(rig);
	gone(rig, "/network/n");
	gone(rig, "/ingress/i");
}

static void comes_with_its_interface(Rig *rig)
{
	put_file(ETC "/late.ingress", "[Ingress]\nGateway=192.0.2.9\nBridge=late0\nPublish=443\n");
	reload(rig);
	gone(rig, "/ingress/late");
	logged(ETC "/late.ingress:3: Bridge: there is no interface \"late0\"");
	netns_run(rig->host, "ip link add late0 type veth peer name late1");
	for (guint i = 0; i < 1000 && !is_there(rig, "/ingress/late"); i++)
		g_usleep(10 * G_TIME_SPAN_MILLISECOND);
	exists(rig, "/ingress/late");
	netns_run(rig->host, "ip link del late0");
}

/* --- without a service --- */

static int check(const char *arguments, char **ret_out)
{
	g_autofree char *command =
		g_strdup_printf("%s --unit-root " UNITS " --check %s", g_getenv("NETFILTERD"), arguments);
	g_autoptr(GError) error = NULL;
	int status = -1;

	g_free(*ret_out);
	g_spawn_command_line_sync(command, ret_out, NULL, &status, &error);
	g_assert_no_error(error);
	return WEXITSTATUS(status);
}

static void checked(Rig *rig G_GNUC_UNUSED)
{
	g_autofree char *out = NULL;

	g_assert_cmpint(check("", &out), ==, 0);
	g_assert_cmpstr(out, ==, "");
	put_file(ETC "/bad.network", "[Network]\nSubnet=172.20.0.0/24\n[Endpoint e]\nAddress=172.21.0.2\n");
	put_file(ETC "/other.network", "[Network]\nSubnet=172.18.7.0/24\n");
	g_assert_cmpint(check("", &out), ==, 1);
	g_assert_nonnull(strstr(out, ETC "/bad.network:4: Addresses: \"172.21.0.2\""));
	g_assert_nonnull(strstr(out, "overlaps with"));
	g_assert_null(strstr(out, "front"));
	/* By itself nothing is wrong with the other. */
	g_assert_cmpint(check(ETC "/other.network " ETC "/web.network.d/nothing", &out), ==, 1);
	g_assert_cmpint(check(ETC "/other.network", &out), ==, 0);
	g_assert_cmpint(check(ETC "/bad.network", &out), ==, 1);
	g_assert_cmpint(check("/dev/null", &out), ==, 1);
}

int main(int argc, char **argv)
{
	static const BusTest tests[] = {
		{ "/units/there-at-start", there_at_start, NULL, put_all },
		{ "/units/equal-is-untouched", equal_is_untouched, NULL, put_all },
		{ "/units/changed-in-place", changed_in_place },
		{ "/units/reserve-changes", reserve_changes },
		{ "/units/user-of-endpoint", user_of_endpoint },
		{ "/units/chosen-after-named", chosen_after_named },
		{ "/units/calls-beside-files", calls_beside_files, NULL, put_all },
		{ "/units/replaced", replaced },
		{ "/units/goes-with-its-file", goes_with_its_file, NULL, put_all },
		{ "/units/adopts-what-a-call-made", adopts_what_a_call_made, NULL, log_to_file },
		{ "/units/stays-without-endpoints", stays_without_endpoints },
		{ "/units/stays-beyond-its-time", stays_beyond_its_time },
		{ "/units/time-is-not-permanent", time_is_not_permanent },
		{ "/units/adopts-no-other", adopts_no_other, NULL, log_to_file },
		{ "/units/precedence", precedence },
		{ "/units/drop-ins", drop_ins },
		{ "/units/one-bad-file", one_bad_file, NULL, put_all_and_log },
		{ "/units/no-files", no_files, NULL, put_all_and_log },
		{ "/units/permanent", permanent },
		{ "/units/permanent-refused", permanent_refused, NULL, put_all },
		{ "/units/set-permanent", set_permanent },
		{ "/units/comes-with-its-interface", comes_with_its_interface, NULL, log_to_file },
		{ "/units/checked", checked, NULL, put_all },
	};

	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
