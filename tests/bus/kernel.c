/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/signals.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define WEB "/network/web"
#define APP WEB "/endpoint/app"
#define FRONT "/ingress/front"
#define LOCK "/run/xtables.lock"

static void create_all(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Bridge': <'br0'>, 'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'Endpoints': <["
	     "('app', {'Addresses': <['172.18.0.2', 'fd00:18::2']>,"
	     " 'Ports': <[('tcp', '', uint16 8080, uint16 80, uint16 1)]>})]>}");
	done(rig, "", "Manager", "CreateIngress", "sa{sv}",
	     "'front', {'Gateway': <'172.18.0.9'>, 'Ports': <[('tcp', uint16 443)]>}");
}

/* --- others' chains --- */

static void occupy(const Rig *rig)
{
	netns_run(rig->host, "iptables-legacy -t nat -N DOCKER");
	netns_run(rig->host, "iptables-legacy -t nat -A DOCKER -p tcp --dport 80 -j DNAT --to-destination 10.9.9.9");
}

static void foreign_chain(Rig *rig)
{
	static const struct {
		const char *member, *types, *arguments;
	} changes[] = {
		{ "CreateNetwork", "sa{sv}", "'web', {'Subnets': <['172.18.0.0/16']>}" },
		{ "CreateIngress", "sa{sv}", "'front', {'Gateway': <'192.0.2.9'>}" },
		{ "Reconcile", "", "" },
		{ "Reload", "", "" },
	};
	g_autofree char *rules = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(changes); i++) {
		refused(rig, OURS("ForeignChain"), "nat DOCKER", "", "Manager", changes[i].member, changes[i].types,
			changes[i].arguments);
		refused(rig, OURS("ForeignChain"), "ChainPrefix", "", "Manager", changes[i].member, changes[i].types,
			changes[i].arguments);
	}
	/* Looking is free. */
	property_is(rig, "'DOCKER'", "", "Manager", "ChainPrefix");
	done(rig, "", "Manager", "DumpRules", "s", "'ipv4'");
	refused(rig, OURS("NoSuchNetwork"), "web", "", "Manager", "GetNetwork", "s", "'web'");
	rules = rig_rules(rig);
	g_assert_nonnull(strstr(rules, "10.9.9.9"));
}

static void beside_a_foreign_chain(Rig *rig)
{
	g_autofree char *rules = NULL;

	property_is(rig, "'MINE'", "", "Manager", "ChainPrefix");
	create_all(rig);
	rules = rig_rules(rig);
	g_assert_nonnull(strstr(rules, "-A DOCKER -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.9.9.9\n"));
	g_assert_nonnull(strstr(rules, "-A MINE ! -i br0 -p tcp -m tcp --dport 8080 -j DNAT"));
	g_assert_null(strstr(rules, "-j DOCKER"));
}

/* --- no right to the tables --- */

static void backend_unavailable(Rig *rig)
{
	g_autofree char *service = g_strdup(g_getenv("NETFILTERD"));
	g_autofree char *script =
		g_strdup_printf("#!/bin/sh\nexec setpriv --bounding-set=-net_raw %s \"$@\"\n", service);
	g_autoptr(GError) error = NULL;

	g_file_set_contents_full("/run/netfilterd-without-raw", script, -1, G_FILE_SET_CONTENTS_NONE, 0755, &error);
	g_assert_no_error(error);
	g_setenv("NETFILTERD", "/run/netfilterd-without-raw", TRUE);
	rig_restart(rig);
	refused(rig, OURS("BackendUnavailable"), "CAP_NET_RAW", "", "Manager", "CreateNetwork", "sa{sv}",
		"'web', {'Subnets': <['172.18.0.0/16']>}");
	refused(rig, OURS("BackendUnavailable"), "CAP_NET_RAW", "", "Manager", "Reconcile", "", "");
	property_is(rig, "false", "", "Manager", "Ready");
	property_is(rig, "'iptables'", "", "Manager", "Backend");
	g_setenv("NETFILTERD", service, TRUE);
	rig_restart(rig);
	property_is(rig, "true", "", "Manager", "Ready");
	create_all(rig);
}

/* --- drift --- */

static void drift(Rig *rig)
{
	static const struct {
		const char *damage;
		guint repaired;
		const char *chain;
	} cases[] = {
		{ "iptables-legacy -t nat -D DOCKER 1", 1, "nat DOCKER" },
		{ "iptables-legacy -t nat -A DOCKER -p udp --dport 99 -j DNAT --to-destination 10.9.9.9:9", 1,
		  "nat DOCKER" },
		{ "ip6tables-legacy -I DOCKER ! -i x -o x -d fd00::1 -p tcp --dport 9 -j ACCEPT", 1, "filter DOCKER" },
		{ "iptables-legacy -F DOCKER", 1, "filter DOCKER" },
		{ "ip6tables-legacy -F DOCKER", 1, "filter DOCKER" },
		{ "iptables-legacy -D FORWARD -o br0 -j DOCKER", 1, "filter FORWARD" },
		{ "iptables-legacy -t nat -F POSTROUTING", 0, "nat POSTROUTING" },
		{ "iptables-legacy -A DOCKER-ISOLATION -i x -o y -j DROP", 1, "filter DOCKER-ISOLATION" },
		{ "sh -c 'iptables-legacy -t nat -F && iptables-legacy -t nat -X'", 0, "nat DOCKER" },
	};
	g_autofree char *good = NULL;
	Signals *signals;

	create_all(rig);
	good = rig_rules(rig);
	signals = signals_new(rig);
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *after = NULL, *text = NULL;
		g_autoptr(GVariant) reply = NULL;
		g_autoptr(GArray) commits = NULL;
		guint repaired = 0;

		netns_run(rig->host, "%s", cases[i].damage);
		reply = ask(rig, "", "Manager", "Reconcile", "", "");
		g_variant_get(reply, "(u)", &repaired);
		if (cases[i].repaired)
			g_assert_cmpuint(repaired, ==, cases[i].repaired);
		else
			g_assert_cmpuint(repaired, >, 1);
		after = rig_rules(rig);
		g_assert_cmpstr(after, ==, good);
		text = signals_take(signals);
		if (!g_str_has_prefix(text, "Drifted ") || !strstr(text, cases[i].chain)) {
			g_test_message("%s: \"%s\" does not tell of %s", cases[i].damage, text, cases[i].chain);
			g_test_fail();
		}
		commits = signals_take_commits(signals);
		g_assert_cmpuint(commits->len, ==, 1);
		answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	}
	g_free(signals_take(signals));

	/* What others keep in the builtin chains is theirs, and no drift. */
	netns_run(rig->host, "iptables-legacy -I FORWARD -s 10.9.9.9 -j DROP");
	netns_run(rig->host, "iptables-legacy -A FORWARD -s 10.9.9.8 -j DROP");
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");

	/* A change that comes across it mends it along the way and says so. */
	netns_run(rig->host, "iptables-legacy -t nat -D DOCKER 1");
	done(rig, APP, "Endpoint", "Publish", "a(ssqqq)", "[('tcp', '', 8081, 81, 1)]");
	done(rig, APP, "Endpoint", "Unpublish", "a(ssqqq)", "[('tcp', '', 8081, 81, 1)]");
	netns_run(rig->host, "iptables-legacy -D FORWARD -s 10.9.9.9 -j DROP");
	netns_run(rig->host, "iptables-legacy -D FORWARD -s 10.9.9.8 -j DROP");
	{
		g_autofree char *after = rig_rules(rig), *text = signals_take(signals);

		g_assert_cmpstr(after, ==, good);
		g_assert_nonnull(strstr(text, "Drifted (['nat DOCKER'],)"));
	}
	signals_free(signals);
}

/* --- rules of others in our chains --- */

/* It stands where it stood, whatever becomes of ours beside it. */
static void kept(Rig *rig)
{
	static const struct {
		const char *chain, *rule, *command;
	} cases[] = {
		{ "DOCKER", "-s 10.8.8.8/32 -j DROP", "iptables-legacy -I DOCKER -s 10.8.8.8 -j DROP" },
		{ "DOCKER", "-j LOG", "iptables-legacy -A DOCKER -j LOG" },
		{ "DOCKER", "-m limit --limit 5/sec -j RETURN",
		  "iptables-legacy -I DOCKER 2 -m limit --limit 5/s -j RETURN" },
		{ "DOCKER-ISOLATION", "-j ACCEPT", "iptables-legacy -A DOCKER-ISOLATION -j ACCEPT" },
		{ "DOCKER-INGRESS", "-p tcp -m tcp --dport 443 -j DROP",
		  "iptables-legacy -I DOCKER-INGRESS -p tcp --dport 443 -j DROP" },
		{ "DOCKER", "-p udp -j ACCEPT", "iptables-legacy -t nat -I DOCKER -p udp -j ACCEPT" },
		{ "DOCKER-INGRESS", "-p tcp -m tcp --dport 443 -j REDIRECT",
		  "iptables-legacy -t nat -I DOCKER-INGRESS -p tcp --dport 443 -j REDIRECT" },
		{ "DOCKER", "-s fd00:9::9/128 -j DROP", "ip6tables-legacy -I DOCKER -s fd00:9::9 -j DROP" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *good = NULL, *after = NULL, *line = NULL, *left = NULL;

		create_all(rig);
		netns_run(rig->host, "%s", cases[i].command);
		line = g_strdup_printf("-A %s %s", cases[i].chain, cases[i].rule);
		good = rig_rules(rig);
		if (count_parts(good, line) != 1) {
			g_test_message("%s: not among\n%s", line, good);
			g_test_fail();
		}
		answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
		done(rig, APP, "Endpoint", "Publish", "a(ssqqq)", "[('tcp', '', 8081, 81, 1)]");
		done(rig, FRONT, "Ingress", "Publish", "a(sq)", "[('tcp', 444)]");
		done(rig, FRONT, "Ingress", "Unpublish", "a(sq)", "[('tcp', 444)]");
		done(rig, APP, "Endpoint", "Unpublish", "a(ssqqq)", "[('tcp', '', 8081, 81, 1)]");
		rig_restart(rig);
		answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
		after = rig_rules(rig);
		g_assert_cmpstr(after, ==, good);

		/* With nothing of ours beside it, and when something comes again, which does not go past it. */
		done(rig, WEB, "Network", "Delete", "", "");
		done(rig, FRONT, "Ingress", "Delete", "", "");
		left = rig_rules(rig);
		g_assert_cmpuint(count_parts(left, line), ==, 1);
		rig_restart(rig);
		create_all(rig);
		g_free(g_steal_pointer(&after));
		after = rig_rules(rig);
		g_assert_cmpuint(count_parts(after, line), ==, 1);
		done(rig, WEB, "Network", "Delete", "", "");
		done(rig, FRONT, "Ingress", "Delete", "", "");
		netns_run(rig->host, "sh -c 'for i in iptables ip6tables; do $i-legacy -F; $i-legacy -t nat -F; done'");
		done(rig, "", "Manager", "Reconcile", "", "");
	}
}

/* --- the administrator's chain --- */

static char *first_forward_rule(const Rig *rig, const char *family)
{
	return g_strchomp(netns_output(rig->host, "sh -c '%s-legacy -S FORWARD | sed -n 2p'", family));
}

static void user_chain(Rig *rig)
{
	static const char *const families[] = { "iptables", "ip6tables" };

	for (guint i = 0; i < G_N_ELEMENTS(families); i++) {
		const char *family = families[i];
		g_autofree char *before = rig_rules(rig), *without = NULL, *with = NULL, *later = NULL, *after = NULL,
				*first = NULL, *chain = NULL;

		create_all(rig);
		without = rig_rules(rig);
		netns_run(rig->host, "%s-legacy -N DOCKER-USER", family);
		netns_run(rig->host, "%s-legacy -A DOCKER-USER -i blocked -j DROP", family);
		answers(rig, "(1,)", "", "Manager", "Reconcile", "", "");
		answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
		first = first_forward_rule(rig, family);
		g_assert_cmpstr(first, ==, "-A FORWARD -j DOCKER-USER");
		with = rig_rules(rig);
		g_assert_cmpuint(count_parts(with, "-j DOCKER-USER"), ==, 1);

		/* Whatever comes and goes. */
		done(rig, FRONT, "Ingress", "Delete", "", "");
		done(rig, WEB, "Network", "Delete", "", "");
		create_all(rig);
		rig_restart(rig);
		answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
		later = rig_rules(rig);
		g_assert_cmpstr(later, ==, with);

		/* With the last of ours goes the way there; the chain stays as it is. */
		done(rig, FRONT, "Ingress", "Delete", "", "");
		done(rig, WEB, "Network", "Delete", "", "");
		chain = netns_output(rig->host, "%s-legacy -S DOCKER-USER", family);
		g_assert_cmpstr(chain, ==, "-N DOCKER-USER\n-A DOCKER-USER -i blocked -j DROP\n");
		netns_run(rig->host,
			  "sh -c 'i=%s-legacy; $i -D FORWARD -j DOCKER-USER 2>/dev/null; $i -F DOCKER-USER && "
			  "$i -X DOCKER-USER'",
			  family);
		after = rig_rules(rig);
		g_assert_cmpstr(after, ==, before);

		/* Not a byte differs without it. */
		create_all(rig);
		g_free(g_steal_pointer(&after));
		after = rig_rules(rig);
		g_assert_cmpstr(after, ==, without);
		done(rig, FRONT, "Ingress", "Delete", "", "");
		done(rig, WEB, "Network", "Delete", "", "");
	}
}

/* --- the lock --- */

/* As another program would; closing it gives it back. */
static int take_lock(void)
{
	int fd = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	g_assert_no_errno(flock(fd, LOCK_EX));
	return fd;
}

static void lock_waited_for(Rig *rig)
{
	Pipeline *pipeline = pipeline_new();
	GDBusConnection *other = connection_new();
	int lock;

	create_all(rig);
	lock = take_lock();
	pipeline_call(pipeline, rig->bus, APP, "Endpoint", "Publish", "a(ssqqq)", "[('tcp', '', 8081, 81, 1)]");
	pipeline_call(pipeline, other, APP, "Endpoint", "Publish", "a(ssqqq)", "[('tcp', '', 8082, 82, 1)]");
	for (guint i = 0; i < 10; i++)
		property_is(rig, "[('tcp', '', 8080, 80, 1)]", APP, "Endpoint", "Ports");
	done(rig, "", "Manager", "GetNetwork", "s", "'web'");
	done(rig, "", "Manager", "DumpRules", "s", "'ipv4'");
	done(rig, APP, "Endpoint", "GetRules", "", "");
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_null(pipeline_outcome(pipeline, 0));
	g_assert_null(pipeline_outcome(pipeline, 1));
	close(lock);
	pipeline_run(pipeline);
	g_assert_cmpstr(pipeline_outcome(pipeline, 0), ==, "");
	g_assert_cmpstr(pipeline_outcome(pipeline, 1), ==, "");
	connection_close(other);
	pipeline_free(pipeline);
}

static void lock_not_to_be_had(Rig *rig)
{
	g_autofree char *before = NULL, *after = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = NULL;
	g_autofree char *name = NULL;
	gint64 start;
	int lock;

	create_all(rig);
	before = rig_state(rig);
	lock = take_lock();
	start = g_get_monotonic_time();
	reply = ask_with_fds(rig->bus, APP, "Endpoint", "Publish", "a(ssqqq)", "[('tcp', '', 8081, 81, 1)]", NULL,
			     &error);
	g_assert_cmpint(g_get_monotonic_time() - start, >=, 900000);
	g_assert_cmpint(g_get_monotonic_time() - start, <, 5000000);
	g_assert_null(reply);
	name = g_dbus_error_get_remote_error(error);
	g_assert_cmpstr(name, ==, OURS("Busy"));
	g_assert_nonnull(strstr(error->message, "LockTimeoutSec=1"));
	after = rig_state(rig);
	g_assert_cmpstr(before, ==, after);
	close(lock);
	done(rig, APP, "Endpoint", "Publish", "a(ssqqq)", "[('tcp', '', 8081, 81, 1)]");
}

/* Who leaves while its call waits for the lock has asked for nothing. */
static void lock_outlasts_caller(Rig *rig)
{
	GDBusConnection *client = connection_new();
	Pipeline *pipeline = pipeline_new();
	g_autofree char *name = g_strdup(g_dbus_connection_get_unique_name(client));
	g_autofree char *before = rig_state(rig), *after = NULL;
	int lock = take_lock();

	pipeline_call(pipeline, client, "", "Manager", "CreateNetwork", "sa{sv}",
		      "'web', {'Subnets': <['172.18.0.0/16']>, 'Persistent': <true>}");
	g_dbus_connection_flush_sync(client, NULL, NULL);
	connection_close(client);
	pipeline_run(pipeline);
	/* What the bus has said of it before, the service has read before it answers. */
	while (sd_bus_get_name_creds(rig->starter, name, 0, NULL) >= 0)
		g_usleep(G_TIME_SPAN_MILLISECOND);
	gone(rig, WEB);
	close(lock);
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	after = rig_state(rig);
	g_assert_cmpstr(before, ==, after);
	pipeline_free(pipeline);
}

/* --- as text --- */

typedef GHashTable Rules; /* set of "family table rule" */

/* Adds the rules of a text of one family, or of both with "# ipv6" between them, each with its table. */
static void add_rules(Rules *rules, const char *text, Rules *leave_out)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	const char *family = "ipv4", *table = "";

	for (guint i = 0; lines[i]; i++) {
		char *line;

		if (strstr(lines[i], "# ipv6"))
			family = "ipv6";
		if (lines[i][0] == '*')
			table = lines[i] + 1;
		if (!g_str_has_prefix(lines[i], "-A "))
			continue;
		line = g_strdup_printf("%s %s %s", family, table, lines[i]);
		if (leave_out && g_hash_table_contains(leave_out, line))
			g_free(line);
		else
			g_hash_table_add(rules, line);
	}
}

static char *describe_rules(Rules *rules)
{
	g_autoptr(GList) list = g_list_sort(g_hash_table_get_keys(rules), (GCompareFunc)strcmp);
	GString *text = g_string_new(NULL);

	for (GList *i = list; i; i = i->next)
		g_string_append_printf(text, "%s\n", (const char *)i->data);
	return g_string_free(text, FALSE);
}

static Rules *rules_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void compare_preview(Rig *rig, const char *preview, const char *create, const char *arguments)
{
	g_autofree char *kernel_before = rig_rules(rig), *kernel_after = NULL, *promised = NULL, *held = NULL;
	g_autofree char *before = rig_state(rig), *between = NULL;
	g_autoptr(GHashTable) old = rules_new(), said = rules_new(), made = rules_new();
	g_autoptr(GVariant) reply = ask(rig, "", "Manager", preview, "sa{sv}", arguments);
	const char *text;

	between = rig_state(rig);
	g_assert_cmpstr(before, ==, between);
	done(rig, "", "Manager", create, "sa{sv}", arguments);
	kernel_after = rig_rules(rig);
	g_variant_get(reply, "(&s)", &text);
	add_rules(old, kernel_before, NULL);
	add_rules(said, text, NULL);
	add_rules(made, kernel_after, old);
	promised = describe_rules(said);
	held = describe_rules(made);
	g_assert_cmpstr(promised, ==, held);
	g_assert_cmpuint(g_hash_table_size(said), >, 0);
}

/* What is promised is what is then done. */
static void preview(Rig *rig)
{
	compare_preview(rig, "PreviewNetwork", "CreateNetwork",
			"'web', {'Bridge': <'br0'>, 'Subnets': <['172.18.0.0/16']>, 'Endpoints': <["
			"('app', {'Addresses': <['172.18.0.2']>, 'Ports': <[('tcp', '', uint16 0, uint16 80, "
			"uint16 1),"
			" ('udp', '192.0.2.1', uint16 53, uint16 53, uint16 9)]>})]>}");
	compare_preview(rig, "PreviewNetwork", "CreateNetwork", "'two', {'Subnets': <['172.19.0.0/16']>}");
	compare_preview(rig, "PreviewNetwork", "CreateNetwork",
			"'inner', {'Internal': <true>, 'Subnets': <['172.20.0.0/16']>}");
	/* Here a fourth would make the isolation take its other form. */
	compare_preview(rig, "PreviewNetwork", "CreateNetwork", "'three', {'Subnets': <['172.21.0.0/16']>}");
	compare_preview(rig, "PreviewIngress", "CreateIngress",
			"'front', {'Gateway': <'172.18.0.9'>, 'Ports': <[('tcp', uint16 443)]>}");
	compare_preview(rig, "PreviewIngress", "CreateIngress",
			"'back', {'Gateway': <'172.19.0.9'>, 'Ports': <[('tcp', uint16 444)]>}");
}

/* What is dumped is what the kernel holds of ours, in the form that its own tool reads. */
static void dump(Rig *rig)
{
	static const char *const families[][3] = {
		{ "'ipv4'", "iptables-legacy-restore", "iptables-legacy-save" },
		{ "'ipv6'", "ip6tables-legacy-restore", "ip6tables-legacy-save" },
	};

	create_all(rig);
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'two', {'Subnets': <['172.19.0.0/16']>}");
	netns_run(rig->host, "iptables-legacy -A FORWARD -s 10.9.9.9 -j DROP");
	for (guint i = 0; i < G_N_ELEMENTS(families); i++) {
		g_autoptr(GVariant) reply = ask(rig, "", "Manager", "DumpRules", "s", families[i][0]);
		g_autoptr(GHashTable) said = rules_new(), held = rules_new();
		g_autofree char *kernel = netns_output(rig->host, "%s", families[i][2]), *a = NULL, *b = NULL;
		g_autoptr(GError) error = NULL;
		const char *text;

		g_variant_get(reply, "(&s)", &text);
		g_file_set_contents("/run/dump", text, -1, &error);
		g_assert_no_error(error);
		netns_run(rig->host, "sh -c '%s --noflush --test </run/dump'", families[i][1]);
		add_rules(said, text, NULL);
		add_rules(held, kernel, NULL);
		g_hash_table_remove(held, "ipv4 filter -A FORWARD -s 10.9.9.9/32 -j DROP");
		a = describe_rules(said);
		b = describe_rules(held);
		g_assert_cmpstr(a, ==, b);
		g_assert_cmpuint(g_hash_table_size(said), >, 5);
	}
}

/* --- the configuration --- */

static void reload(Rig *rig)
{
	g_autofree char *before = NULL, *hairpin = NULL, *linear = NULL, *after = NULL;
	Signals *signals;
	g_autofree char *text = NULL;

	create_all(rig);
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'two', {'Subnets': <['172.19.0.0/16']>}");
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'three', {'Subnets': <['172.21.0.0/16']>}");
	before = rig_rules(rig);
	signals = signals_new(rig);

	rig_configure(rig, "Hairpin=yes");
	done(rig, "", "Manager", "Reload", "", "");
	property_is(rig, "true", "", "Manager", "Hairpin");
	text = signals_take(signals);
	g_assert_cmpstr(text, ==, "PropertiesChanged  Hairpin=true");
	hairpin = rig_rules(rig);
	g_assert_nonnull(
		strstr(hairpin, "-A DOCKER -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80\n"));
	g_assert_null(strstr(hairpin, "! -i br0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80\n"));
	g_assert_null(strstr(hairpin, "-A DOCKER -i br0 -j RETURN"));

	rig_configure(rig, "");
	done(rig, "", "Manager", "Reload", "", "");
	after = rig_rules(rig);
	g_assert_cmpstr(before, ==, after);

	rig_configure(rig, "IsolationPairwiseMax=2");
	done(rig, "", "Manager", "Reload", "", "");
	linear = rig_rules(rig);
	g_assert_null(strstr(linear, "-i br-two -o br0 -j DROP"));
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'four', {'Subnets': <['172.22.0.0/16']>}");
	done(rig, "/network/four", "Network", "Delete", "", "");
	g_free(after);
	after = rig_rules(rig);
	g_assert_cmpstr(linear, ==, after);
	rig_configure(rig, "");
	done(rig, "", "Manager", "Reload", "", "");
	g_free(after);
	after = rig_rules(rig);
	g_assert_cmpstr(before, ==, after);
	signals_free(signals);
}

static void bad_configurations(Rig *rig)
{
	static const char *const bad[][2] = {
		{ "Hairpin=perhaps", "netfilterd.conf:2: Hairpin=\"perhaps\"" },
		{ "Hairpin=yes\nIsolationPairwiseMax=-1", "netfilterd.conf:3: IsolationPairwiseMax" },
		{ "Hairpin=yes\nMaxPorts=many", "netfilterd.conf:3: MaxPorts" },
		{ "Hairpin=yes\nChainPrefix=OTHER", "OTHER" },
		{ "Hairpin=yes\nForwardPolicy=open", "netfilterd.conf:3: ForwardPolicy" },
		{ "Hairpin=yes\nnonsense", "netfilterd.conf:3: " },
		{ "LockTimeoutSec=", "netfilterd.conf:2: LockTimeoutSec" },
	};

	create_all(rig);
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		rig_configure(rig, bad[i][0]);
		refused(rig, STANDARD("InvalidArgs"), bad[i][1], "", "Manager", "Reload", "", "");
		property_is(rig, "false", "", "Manager", "Hairpin");
	}
	/* The host may take less than there is: nothing is taken away for it. */
	rig_configure(rig, "MaxNetworks=0\nMaxEndpoints=0\nMaxPorts=0");
	done(rig, "", "Manager", "Reload", "", "");
	exists(rig, APP);
	refused(rig, OURS("QuotaExceeded"), "MaxNetworks=0", "", "Manager", "CreateNetwork", "sa{sv}",
		"'two', {'Subnets': <['172.19.0.0/16']>}");
	done(rig, WEB, "Network", "Delete", "", "");
}

static const BusTest tests[] = {
	{ "/bus/kernel/foreign-chain", foreign_chain, NULL, occupy },
	{ "/bus/kernel/beside-a-foreign-chain", beside_a_foreign_chain, "ChainPrefix=MINE", occupy },
	{ "/bus/kernel/backend-unavailable", backend_unavailable },
	{ "/bus/kernel/kept", kept },
	{ "/bus/kernel/user-chain", user_chain },
	{ "/bus/kernel/drift", drift },
	{ "/bus/kernel/lock-waited-for", lock_waited_for },
	{ "/bus/kernel/lock-outlasts-caller", lock_outlasts_caller },
	{ "/bus/kernel/lock-not-to-be-had", lock_not_to_be_had, "LockTimeoutSec=1" },
	{ "/bus/kernel/preview", preview, "IsolationPairwiseMax=2" },
	{ "/bus/kernel/dump", dump },
	{ "/bus/kernel/reload", reload },
	{ "/bus/kernel/bad-configurations", bad_configurations },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
