/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Permanent networks: what unit files say is there from the start, and what of them is wrong is said. */

#include "tests/bus/unit-files.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

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
		{ "/units/precedence", precedence },
		{ "/units/drop-ins", drop_ins },
		{ "/units/one-bad-file", one_bad_file, NULL, put_all_and_log },
		{ "/units/no-files", no_files, NULL, put_all_and_log },
		{ "/units/checked", checked, NULL, put_all },
	};

	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
