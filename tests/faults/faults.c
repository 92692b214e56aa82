/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The service dies, or the kernel fails it, at every commit of every kind of change. Whatever was not
 * answered with success must not have happened; what was must have happened whole. NETFILTERD is a build with
 * tests/support/fault.h.
 */

#include "tests/support/rig.h"
#include "tests/support/text.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

/* What a start commits where all is right: with nftables it takes the tables over. */
#define STARTING (uses_nftables() ? 1u : 0u)
#define WEB "/network/web"
#define APP WEB "/endpoint/app"
#define DB WEB "/endpoint/db"
#define FRONT "/ingress/front"

enum { MAX_POINTS = 24 };

static bool uses_nftables(void)
{
	return g_strcmp0(g_getenv("NETFILTERD_BACKEND"), "nftables") == 0;
}

/* One change to what create_base() made, by its owner's connection. */
typedef struct Operation {
	const char *path, *interface, *member, *types, *arguments;
} Operation;

static const Operation create_network = { "", "Manager", "CreateNetwork", "sa{sv}",
					  "'other', {'Subnets': <['172.19.0.0/16', 'fd00:19::/64']>}" };
static const Operation create_isolated = {
	"", "Manager", "CreateNetwork", "sa{sv}",
	"'other', {'Subnets': <['172.19.0.0/16', 'fd00:19::/64']>, 'InterContainerCommunication': <false>,"
	" 'Endpoints': <[('one', {'Addresses': <['172.19.0.2', 'fd00:19::2']>,"
	"  'Ports': <[('tcp', '', uint16 9000, uint16 90, uint16 3), ('udp', '', uint16 9000, uint16 90, "
	"uint16 1)]>})]>}"
};
static const Operation create_endpoint = { WEB, "Network", "CreateEndpoint", "sa{sv}",
					   "'one', {'Addresses': <['172.18.0.4', 'fd00:18::4']>, 'Ports': "
					   "<[('tcp', '', uint16 9000, uint16 90, uint16 1)]>}" };
static const Operation publish = { DB, "Endpoint", "Publish", "a(ssqqq)",
				   "[('tcp', '', uint16 0, uint16 90, uint16 1), ('udp', '192.0.2.1', 53, 53, 1)]" };
static const Operation unpublish = { APP, "Endpoint", "Unpublish", "a(ssqqq)",
				     "[('tcp', '', uint16 8080, uint16 80, uint16 1)]" };
static const Operation link_ports = { DB, "Endpoint", "Link", "oa(sq)",
				      "objectpath '" ROOT APP "', [('tcp', uint16 80), ('udp', uint16 53)]" };
static const Operation unlink_ports = { APP, "Endpoint", "Unlink", "o", "objectpath '" ROOT DB "'" };
static const Operation update = { WEB, "Network", "Update", "a{sv}",
				  "{'InterContainerCommunication': <true>, 'Masquerade': <false>}" };
static const Operation create_ingress = { "", "Manager", "CreateIngress", "sa{sv}",
					  "'back', {'Gateway': <'fd00:18::9'>, 'Ports': <[('tcp', uint16 444)]>}" };
static const Operation publish_ingress = { FRONT, "Ingress", "Publish", "a(sq)", "[('udp', uint16 443)]" };
static const Operation delete_endpoint = { APP, "Endpoint", "Delete", "", "" };
static const Operation delete_network = { WEB, "Network", "Delete", "", "" };
static const Operation delete_ingress = { FRONT, "Ingress", "Delete", "", "" };

static void create_base(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Bridge': <'br-web'>, 'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>,"
	     " 'InterContainerCommunication': <false>, 'Endpoints': <["
	     "('app', {'Addresses': <['172.18.0.2', 'fd00:18::2']>,"
	     " 'Ports': <[('tcp', '', uint16 8080, uint16 80, uint16 1), ('tcp', '', uint16 8081, uint16 80, "
	     "uint16 1)]>}),"
	     "('db', {'Addresses': <['172.18.0.3', 'fd00:18::3']>})]>}");
	done(rig, APP, "Endpoint", "Link", "oa(sq)", "objectpath '" ROOT DB "', [('tcp', uint16 5432)]");
	done(rig, "", "Manager", "CreateIngress", "sa{sv}",
	     "'front', {'Gateway': <'172.18.0.9'>, 'Ports': <[('tcp', uint16 443)]>, 'Persistent': <true>}");
}

/*
 * Rules of others, and a chain of theirs. They are there first: beside rules that come later, ours could not
 * be put back where they stood.
 */
static void add_foreign(const Rig *rig)
{
	netns_run(rig->host, "iptables-legacy -N THEIRS");
	netns_run(rig->host, "iptables-legacy -A THEIRS -s 10.1.0.0/16 -j ACCEPT");
	netns_run(rig->host, "iptables-legacy -I FORWARD -j THEIRS");
	netns_run(rig->host, "iptables-legacy -A FORWARD -i theirs0 -j DROP");
	netns_run(rig->host, "iptables-legacy -t nat -A PREROUTING -p tcp --dport 7 -j REDIRECT --to-ports 8");
	netns_run(rig->host, "iptables-legacy -t mangle -A FORWARD -j MARK --set-mark 1");
	netns_run(rig->host, "ip6tables-legacy -A INPUT -s fd01::/16 -j DROP");
}

/* Everything but what differs from process to process. */
static char *world(const Rig *rig)
{
	g_autofree char *rules = rig_rules(rig), *links = rig_links(rig), *objects = rig_objects(rig);
	/* An interface that was made again has another index and hardware address. */
	g_autoptr(GRegex) index = g_regex_new("(?m)^[0-9]+: |inet6 fe80:.*$", 0, 0, NULL);
	g_autofree char *same_links = g_regex_replace(index, links, -1, 0, "", 0, NULL);
	g_autofree char *switches =
		netns_output(rig->host, "sh -c 'cd /proc/sys/net && grep . ipv4/ip_forward ipv?/conf/*/forwarding "
					"ipv4/conf/*/route_localnet ipv4/conf/*/rp_filter ipv6/conf/*/accept_ra'");

	return g_strdup_printf("%s\n%s\n%s\n%s\n", rules, same_links, switches, objects);
}

static void same_world(const char *when, const char *before, const char *after)
{
	if (strcmp(before, after) == 0)
		return;
	g_test_message("%s: all is there but its order differs, unless it says here what it is:", when);
	tell_difference(before, after);
	g_test_fail();
}

/* What the kernel has is what the service wants, and a change is possible. */
static void expect_whole(Rig *rig)
{
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
}

/* NULL when it succeeded, else the error's name. says: what is in its sentence; NULL: it does not matter. */
static char *attempt_saying(Rig *rig, const Operation *operation, const char *says)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = ask_with_fds(rig->bus, operation->path, operation->interface, operation->member,
						 operation->types, operation->arguments, NULL, &error);

	if (!reply && says && !strstr(error->message, says)) {
		g_test_message("\"%s\" does not say \"%s\"", error->message, says);
		g_test_fail();
	}
	return reply ? NULL : g_dbus_error_get_remote_error(error);
}

static char *attempt(Rig *rig, const Operation *operation)
{
	return attempt_saying(rig, operation, NULL);
}

/* --- death --- */

static void killed(Rig *rig, const Operation *operation)
{
	g_autofree char *before = NULL, *after = NULL, *restored = NULL;
	guint k;

	create_base(rig);
	before = world(rig);
	for (k = 1; k <= MAX_POINTS; k++) {
		g_autofree char *fault = g_strdup_printf("commit:kill:%u", k + STARTING), *error = NULL, *found = NULL;

		service_kill(rig->service);
		rig_start_failing(rig, fault);
		error = attempt(rig, operation);
		if (!error)
			break;
		g_assert_cmpstr(error, ==, STANDARD("NoReply"));
		g_assert_cmpint(waitpid(rig->service, NULL, 0), ==, rig->service);
		rig_start_failing(rig, NULL);
		expect_whole(rig);
		found = world(rig);
		same_world(fault, before, found);
	}
	g_test_message("%u points of death", k - 1);
	g_assert_cmpuint(k, >, 1);
	g_assert_cmpuint(k, <=, MAX_POINTS);

	after = world(rig);
	rig_restart(rig);
	expect_whole(rig);
	restored = world(rig);
	same_world("killed after the answer", after, restored);
}

/* The start that is to take it back dies at that point too. Whether either did. */
static bool kill_start(Rig *rig, const Operation *operation, guint first, guint second, const char *before, bool *died)
{
	g_autofree char *fault = g_strdup_printf("commit:kill:%u", first + STARTING), *error = NULL, *found = NULL;
	g_autofree char *when = g_strdup_printf("%s, and the start at %u", fault, second);

	service_kill(rig->service);
	rig_start_failing(rig, fault);
	error = attempt(rig, operation);
	if (!error)
		return false;
	g_assert_cmpint(waitpid(rig->service, NULL, 0), ==, rig->service);
	*died = rig_start_dying(rig, second);
	if (*died)
		rig_start_failing(rig, NULL);
	expect_whole(rig);
	found = world(rig);
	same_world(when, before, found);
	return true;
}

static void killed_twice(Rig *rig, const Operation *operation)
{
	g_autofree char *before = NULL;
	guint first = 1, n_deaths = 0;

	create_base(rig);
	before = world(rig);
	for (guint second = 1; first <= MAX_POINTS;) {
		bool died;

		if (!kill_start(rig, operation, first, second, before, &died))
			break;
		n_deaths += died;
		first += !died;
		second = died ? second + 1 : 1;
	}
	g_test_message("%u deaths of the start", n_deaths);
	g_assert_cmpuint(first, <=, MAX_POINTS);
	g_assert_cmpuint(n_deaths, >, 0);
}

/* --- failure --- */

static bool is_race(const char *fault)
{
	return strstr(fault, "EAGAIN") || strstr(fault, "EINVAL");
}

typedef struct Failure {
	const char *fault;
	const char *error; /* NULL: it does not matter */
	const char *says;
} Failure;

/* One batch is everything: it is tried as it is, then as a whole comparison comes to, up to twenty times beside others.
 * The first commit is the start's. */
static const Failure nftables_failures[] = {
	{ "commit:EPERM:2:1", OURS("BackendUnavailable"), "CAP_NET_ADMIN" },
	{ "commit:EINVAL:2:1", OURS("BackendUnavailable"), "CONFIG_NF_TABLES" },
	{ "commit:ENOMEM:2:1", STANDARD("NoMemory"), "no memory" },
	{ "commit:ENOENT:2:1", STANDARD("Failed"), "nf_tables refused" },
	{ "commit:EAGAIN:21:1", OURS("Busy"), "others keep changing" },
	/* Nor can it be compared again. */
	{ "commit:EPERM:4:1", OURS("BackendUnavailable"), "CAP_NET_ADMIN" },
	{ "commit:EAGAIN:45:1", OURS("Busy"), "others keep changing" },
};

static void failed_in_nftables(Rig *rig, const Operation *operation)
{
	/* What the kernel says is the same for all of them. */
	gsize n = operation == &create_isolated ? G_N_ELEMENTS(nftables_failures) : 1;
	g_autofree char *before = NULL;

	create_base(rig);
	before = world(rig);
	for (gsize i = 0; i < n; i++) {
		const Failure *failure = &nftables_failures[i];
		g_autofree char *error = NULL, *found = NULL;
		guint descriptors;

		service_kill(rig->service);
		rig_start_failing(rig, failure->fault);
		expect_whole(rig);
		descriptors = rig_descriptors(rig);
		error = attempt_saying(rig, operation, failure->says);
		g_assert_cmpstr(error, ==, failure->error);
		g_assert_cmpuint(rig_descriptors(rig), ==, descriptors);
		found = world(rig);
		same_world(failure->fault, before, found);
		expect_whole(rig);
	}
}

static void failed(Rig *rig, const Operation *operation)
{
	static const char *const faults[] = {
		"commit:EPERM:1",
		"commit:EPERM:1:1",
		"commit:EPERM:1:2",
		"commit:EPERM:1:3",
		"commit:ENOMEM:1",
		/* More often than it tries, and once more: then it cannot be put back either, but by the next
		   change. */
		"commit:ENOMEM:1:1",
		"commit:EINVAL:11",
		"commit:EAGAIN:11",
		"commit:EAGAIN:21:1",
	};
	g_autofree char *before = NULL;
	guint n_failed = 0;

	if (uses_nftables()) {
		failed_in_nftables(rig, operation);
		return;
	}
	create_base(rig);
	before = world(rig);
	for (gsize i = 0; i < G_N_ELEMENTS(faults); i++) {
		g_autofree char *error = NULL, *found = NULL;
		guint descriptors;

		service_kill(rig->service);
		rig_start_failing(rig, faults[i]);
		expect_whole(rig);
		descriptors = rig_descriptors(rig);
		error = attempt(rig, operation);
		if (!error)
			break; /* it needs fewer commits than that */
		n_failed++;
		if (is_race(faults[i]))
			g_assert_cmpstr(error, ==, OURS("Busy"));
		g_assert_cmpuint(rig_descriptors(rig), ==, descriptors);
		if (is_race(faults[i]))
			done(rig, "", "Manager", "Reconcile", "", "");
		expect_whole(rig);
		found = world(rig);
		same_world(faults[i], before, found);
	}
	g_assert_cmpuint(n_failed, >, 0);
}

/* The kernel takes every change, and it is never heard: what was meant is there all the same. */
static void unheard(Rig *rig)
{
	static const Operation *const operations[] = {
		&create_network,  &publish,      &unpublish,       &link_ports,     &update,         &create_ingress,
		&publish_ingress, &unlink_ports, &delete_endpoint, &delete_ingress, &delete_network,
	};

	service_kill(rig->service);
	rig_start_failing(rig, "commit:ENOBUFS:1000:1");
	for (guint i = 0; i < G_N_ELEMENTS(operations); i++) {
		g_autofree char *error = attempt(rig, operations[i]);

		g_assert_cmpstr(error, ==, NULL);
		expect_whole(rig);
	}
}

/* Another writer comes between a few times, or takes the place of the answer, and the change gets through. */
static void contended(Rig *rig)
{
	g_autofree char *error = NULL;

	create_base(rig);
	service_kill(rig->service);
	rig_start_failing(rig, uses_nftables() ? "commit:EAGAIN:20:1" : "commit:EAGAIN:3,commit:EINVAL:3:3");
	error = attempt(rig, &create_endpoint);
	g_assert_cmpstr(error, ==, NULL);
	expect_whole(rig);
	if (uses_nftables())
		unheard(rig);
}

/* The start itself cannot take the tables over, or does not hear that it has them. */
static void not_taken_over(Rig *rig)
{
	static const char *const faults[] = { "commit:EPERM:2", "commit:ENOMEM:2", "commit:EINVAL:2",
					      "commit:EAGAIN:41", "commit:ENOBUFS:2" };
	g_autofree char *before = NULL;

	create_base(rig);
	before = world(rig);
	for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
		g_autofree char *error = NULL, *found = NULL;

		service_kill(rig->service);
		rig_start_failing(rig, faults[i]);
		error = attempt(rig, &create_endpoint);
		g_test_message("%s: %s", faults[i], error ? error : "done");
		if (!error)
			done(rig, WEB "/endpoint/one", "Endpoint", "Delete", "", "");
		service_kill(rig->service);
		rig_start_failing(rig, NULL);
		expect_whole(rig);
		found = world(rig);
		same_world(faults[i], before, found);
	}
}

/* The tables cannot even be read, at start or later: nothing is changed, and it is said. */
static void unreadable(Rig *rig)
{
	g_autofree char *before = NULL;
	guint n_failed = 0;

	create_base(rig);
	before = world(rig);
	for (guint skip = 0; skip < 16; skip++) {
		g_autofree char *fault = g_strdup_printf("init:%s:1:%u", skip % 2 ? "ENOMEM" : "EPERM", skip);
		g_autofree char *error = NULL, *found = NULL;

		service_kill(rig->service);
		rig_start_failing(rig, fault);
		error = attempt(rig, &create_endpoint);
		n_failed += error != NULL;
		if (!error)
			done(rig, WEB "/endpoint/one", "Endpoint", "Delete", "", "");
		service_kill(rig->service);
		rig_start_failing(rig, NULL);
		expect_whole(rig);
		found = world(rig);
		same_world(fault, before, found);
	}
	g_assert_cmpuint(n_failed, >, 0);
}

/* The rules are in the kernel when the host refuses its part, and isolation has taken another form for it: they go
 * again. And with each death right after. */
static void host_refuses(Rig *rig)
{
	/* The first address is the bridge's link-local one. A bridge that a death leaves behind is set down first. */
	static const char *const faults[] = {
		"bridge:EPERM:1", "address:ENOMEM:1:1", "address:ENOMEM:1:2", "up:EPERM:1",     "up:kill:1",
		"bridge:kill:1",  "address:kill:1",     "address:kill:2",     "address:kill:3",
	};
	g_autofree char *before = NULL;

	rig_configure(rig, "IsolationPairwiseMax=1");
	rig_restart(rig);
	create_base(rig);
	before = world(rig);
	for (gsize i = 0; i < G_N_ELEMENTS(faults); i++) {
		bool dies = strstr(faults[i], "kill");
		g_autofree char *error = NULL, *found = NULL;

		service_kill(rig->service);
		rig_start_failing(rig, faults[i]);
		/* Together with what is left of the start it would be tried again alone, and the fault be over. */
		expect_whole(rig);
		error = attempt(rig, &create_network);
		g_assert_cmpstr(error, ==, dies ? STANDARD("NoReply") : STANDARD("Failed"));
		if (dies && error) {
			g_assert_cmpint(waitpid(rig->service, NULL, 0), ==, rig->service);
			rig_start_failing(rig, NULL);
		}
		expect_whole(rig);
		found = world(rig);
		same_world(faults[i], before, found);
	}
}

/* A bridge that somebody deleted, and the service dies while it makes it again: at once, or when it starts. It is the
 * network's all the same, and goes with it. */
static void bridge_remade(Rig *rig)
{
	static const char *const faults[] = {
		"bridge:kill:1", "address:kill:1", "address:kill:2", "address:kill:3", "up:kill:1",
	};
	g_autofree char *before = NULL, *links = NULL;

	create_base(rig);
	before = world(rig);
	for (gsize i = 0; i < 2 * G_N_ELEMENTS(faults); i++) {
		const char *fault = faults[i / 2];
		bool runs = i % 2 == 0;
		g_autofree char *found = NULL;

		service_kill(rig->service);
		if (runs)
			rig_start_failing(rig, fault);
		netns_run(rig->host, "ip link delete br-web");
		if (runs)
			g_assert_cmpint(waitpid(rig->service, NULL, 0), ==, rig->service);
		else
			g_assert_true(rig_start_dying_of(rig, fault));
		rig_start_failing(rig, NULL);
		expect_whole(rig);
		found = world(rig);
		same_world(fault, before, found);
	}
	done(rig, WEB, "Network", "Delete", "", "");
	links = rig_links(rig);
	g_assert_null(strstr(links, "br-web"));
}

static void start_fails(Rig *rig)
{
	if (uses_nftables())
		not_taken_over(rig);
	else
		unreadable(rig);
}

#define BOTH(name)                        \
	static void kill_##name(Rig *rig) \
	{                                 \
		killed(rig, &name);       \
	}                                 \
	static void fail_##name(Rig *rig) \
	{                                 \
		failed(rig, &name);       \
	}
BOTH(create_network)
BOTH(create_isolated)
BOTH(create_endpoint)
BOTH(publish)
BOTH(unpublish)
BOTH(link_ports)
BOTH(unlink_ports)
BOTH(update)
BOTH(create_ingress)
BOTH(publish_ingress)
BOTH(delete_endpoint)
BOTH(delete_network)
BOTH(delete_ingress)

#define TWICE(name)                             \
	static void kill_twice_##name(Rig *rig) \
	{                                       \
		killed_twice(rig, &name);       \
	}
TWICE(create_isolated)
TWICE(publish)
TWICE(update)
TWICE(create_ingress)
TWICE(delete_network)

static const BusTest tests[] = {
	{ "/kill/create-network", kill_create_network, NULL, add_foreign },
	{ "/kill/create-network-with-endpoints", kill_create_isolated, NULL, add_foreign },
	{ "/kill/create-endpoint", kill_create_endpoint, NULL, add_foreign },
	{ "/kill/publish", kill_publish, NULL, add_foreign },
	{ "/kill/unpublish", kill_unpublish, NULL, add_foreign },
	{ "/kill/link", kill_link_ports, NULL, add_foreign },
	{ "/kill/unlink", kill_unlink_ports, NULL, add_foreign },
	{ "/kill/update", kill_update, NULL, add_foreign },
	{ "/kill/create-ingress", kill_create_ingress, NULL, add_foreign },
	{ "/kill/publish-ingress", kill_publish_ingress, NULL, add_foreign },
	{ "/kill/delete-endpoint", kill_delete_endpoint, NULL, add_foreign },
	{ "/kill/delete-network", kill_delete_network, NULL, add_foreign },
	{ "/kill/delete-ingress", kill_delete_ingress, NULL, add_foreign },
	{ "/kill-twice/create-network-with-endpoints", kill_twice_create_isolated, NULL, add_foreign },
	{ "/kill-twice/publish", kill_twice_publish, NULL, add_foreign },
	{ "/kill-twice/update", kill_twice_update, NULL, add_foreign },
	{ "/kill-twice/create-ingress", kill_twice_create_ingress, NULL, add_foreign },
	{ "/kill-twice/delete-network", kill_twice_delete_network, NULL, add_foreign },
	{ "/kill/bridge-made-again", bridge_remade },
	{ "/fail/create-network", fail_create_network, NULL, add_foreign },
	{ "/fail/create-network-with-endpoints", fail_create_isolated, NULL, add_foreign },
	{ "/fail/create-endpoint", fail_create_endpoint, NULL, add_foreign },
	{ "/fail/publish", fail_publish, NULL, add_foreign },
	{ "/fail/unpublish", fail_unpublish, NULL, add_foreign },
	{ "/fail/link", fail_link_ports, NULL, add_foreign },
	{ "/fail/unlink", fail_unlink_ports, NULL, add_foreign },
	{ "/fail/update", fail_update, NULL, add_foreign },
	{ "/fail/create-ingress", fail_create_ingress, NULL, add_foreign },
	{ "/fail/publish-ingress", fail_publish_ingress, NULL, add_foreign },
	{ "/fail/delete-endpoint", fail_delete_endpoint, NULL, add_foreign },
	{ "/fail/delete-network", fail_delete_network, NULL, add_foreign },
	{ "/fail/delete-ingress", fail_delete_ingress, NULL, add_foreign },
	{ "/fail/contended", contended, NULL, add_foreign },
	{ "/fail/start", start_fails, NULL, add_foreign },
	{ "/fail/host", host_refuses, NULL, add_foreign },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
