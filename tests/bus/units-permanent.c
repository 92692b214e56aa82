/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What calls make permanent, and what has a unit file and ends with that alone. */

#include "tests/bus/unit-files.h"

#include <glib/gstdio.h>
#include <unistd.h>

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

int main(int argc, char **argv)
{
	static const BusTest tests[] = {
		{ "/units/stays-without-endpoints", stays_without_endpoints },
		{ "/units/stays-beyond-its-time", stays_beyond_its_time },
		{ "/units/time-is-not-permanent", time_is_not_permanent },
		{ "/units/permanent", permanent },
		{ "/units/permanent-refused", permanent_refused, NULL, put_all },
		{ "/units/set-permanent", set_permanent },
		{ "/units/comes-with-its-interface", comes_with_its_interface, NULL, log_to_file },
	};

	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
