/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/signals.h"

#include <string.h>

#define WEB "/network/web"
#define APP WEB "/endpoint/app"
#define DB WEB "/endpoint/db"
#define FRONT "/ingress/front"
#define NETWORK " org.example.NetFilter.Network"
#define ENDPOINT " org.example.NetFilter.Endpoint"
#define INGRESS " org.example.NetFilter.Ingress"

static void expect(Signals *signals, const char *expected)
{
	g_autofree char *text = signals_take(signals);

	g_assert_cmpstr(text, ==, expected);
}

static void networks(Rig *rig)
{
	Signals *signals = signals_new(rig);

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'web', {'Subnets': <['172.18.0.0/16']>}");
	expect(signals, "InterfacesAdded " WEB NETWORK);
	done(rig, WEB, "Network", "Update", "a{sv}", "{'Masquerade': <false>, 'HostBinding': <'192.0.2.1'>}");
	expect(signals, "PropertiesChanged " WEB " Masquerade=false\n"
			"PropertiesChanged " WEB " HostBinding='192.0.2.1'");
	/* What stays as it is is not announced. */
	done(rig, WEB, "Network", "Update", "a{sv}", "{'Masquerade': <false>, 'HostBinding': <'192.0.2.1'>}");
	expect(signals, "");
	done(rig, WEB, "Network", "Update", "a{sv}", "{'Masquerade': <true>, 'SourceAddress': <['192.0.2.1']>}");
	expect(signals, "PropertiesChanged " WEB " Masquerade=true\n"
			"PropertiesChanged " WEB " SourceAddress=['192.0.2.1']");
	refused(rig, STANDARD("InvalidArgs"), "", WEB, "Network", "Update", "a{sv}",
		"{'Masquerade': <true>, 'HostBinding': <'x'>}");
	refused(rig, STANDARD("InvalidArgs"), "", "", "Manager", "CreateNetwork", "sa{sv}", "'x', {}");
	done(rig, "", "Manager", "PreviewNetwork", "sa{sv}", "'x', {'Subnets': <['172.19.0.0/16']>}");
	expect(signals, "");
	done(rig, WEB, "Network", "Delete", "", "");
	expect(signals, "InterfacesRemoved " WEB NETWORK);
	signals_free(signals);
}

static void endpoints(Rig *rig)
{
	Signals *signals = signals_new(rig);

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'web', {'Subnets': <['172.18.0.0/16']>}");
	expect(signals, "InterfacesAdded " WEB NETWORK);
	done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}", "'app', {'Addresses': <['172.18.0.2']>}");
	expect(signals, "InterfacesAdded " APP ENDPOINT "\n"
			"PropertiesChanged " WEB " Endpoints invalidated");
	done(rig, APP, "Endpoint", "Publish", "a(ssqqq)", "[('tcp', '', 8080, 80, 1), ('tcp', '', 8081, 81, 1)]");
	expect(signals, "PropertiesChanged " APP " Ports=[('tcp', '', 8080, 80, 1), ('tcp', '', 8081, 81, 1)]");
	done(rig, APP, "Endpoint", "Unpublish", "a(ssqqq)", "[('tcp', '', 8080, 80, 1)]");
	expect(signals, "PropertiesChanged " APP " Ports=[('tcp', '', 8081, 81, 1)]");
	done(rig, APP, "Endpoint", "Publish", "a(ssqqq)", "[]");
	expect(signals, "");
	done(rig, APP, "Endpoint", "Delete", "", "");
	expect(signals, "InterfacesRemoved " APP ENDPOINT "\nPropertiesChanged " WEB " Endpoints invalidated");

	/* Those of a network go with it, before it. */
	done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}", "'app', {'Addresses': <['172.18.0.2']>}");
	g_free(signals_take(signals));
	done(rig, WEB, "Network", "Delete", "", "");
	expect(signals, "InterfacesRemoved " APP ENDPOINT "\nInterfacesRemoved " WEB NETWORK);
	signals_free(signals);
}

static void links(Rig *rig)
{
	Signals *signals;

	if (!g_file_test("/proc/sys/net/bridge", G_FILE_TEST_IS_DIR)) {
		g_test_skip("needs br_netfilter");
		return;
	}
	signals = signals_new(rig);
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Subnets': <['172.18.0.0/16']>, 'Endpoints': <["
	     "('app', {'Addresses': <['172.18.0.2']>})]>}");
	/* What is new comes with its properties as they are: nothing more is said of them. */
	expect(signals, "InterfacesAdded " WEB NETWORK "\nInterfacesAdded " APP ENDPOINT);
	done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}", "'db', {'Addresses': <['172.18.0.3']>}");
	g_free(signals_take(signals));
	done(rig, WEB, "Network", "Update", "a{sv}", "{'InterContainerCommunication': <false>}");
	expect(signals, "PropertiesChanged " WEB " InterContainerCommunication=false");
	done(rig, APP, "Endpoint", "Link", "oa(sq)", "'" ROOT DB "', [('tcp', 5432)]");
	expect(signals, "PropertiesChanged " APP " Links=['" ROOT DB "']");
	done(rig, APP, "Endpoint", "Unlink", "o", "'" ROOT DB "'");
	expect(signals, "PropertiesChanged " APP " Links=[]");
	signals_free(signals);
}

/* What every listener would get anew with every change is signalled as long as it is short. */
static void long_lists(Rig *rig)
{
	enum { MOST = 4096 };
	g_autoptr(GString) ports = g_string_new(NULL);
	g_autofree char *arguments = NULL, *text = NULL;
	Signals *signals = signals_new(rig);

	for (guint i = 0; i < MOST; i++)
		g_string_append_printf(ports, "%s('tcp', '', %u, %u, 1)", i > 0 ? ", " : "", 10000 + i, 10000 + i);
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'web', {'Subnets': <['172.18.0.0/16']>}");
	arguments = g_strdup_printf("'app', {'Addresses': <['172.18.0.2']>, 'Ports': <@a(ssqqq) [%s]>}", ports->str);
	done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}", arguments);
	g_free(signals_take(signals));
	done(rig, APP, "Endpoint", "Publish", "a(ssqqq)", "[('tcp', '', 9000, 80, 1)]");
	expect(signals, "PropertiesChanged " APP " Ports invalidated");
	done(rig, APP, "Endpoint", "Unpublish", "a(ssqqq)", "[('tcp', '', 9000, 80, 1)]");
	text = signals_take(signals);
	g_assert_cmpuint(count_parts(text, "PropertiesChanged " APP " Ports=[('tcp', '', 10000, "), ==, 1);
	g_assert_cmpuint(count_parts(text, "('tcp', "), ==, MOST);
	signals_free(signals);
}

static void ingresses(Rig *rig)
{
	Signals *signals;

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'web', {'Subnets': <['172.18.0.0/16']>}");
	signals = signals_new(rig);
	done(rig, "", "Manager", "CreateIngress", "sa{sv}", "'front', {'Gateway': <'172.18.0.9'>}");
	expect(signals, "InterfacesAdded " FRONT INGRESS);
	done(rig, FRONT, "Ingress", "Publish", "a(sq)", "[('tcp', 80), ('tcp', 443)]");
	expect(signals, "PropertiesChanged " FRONT " Ports=[('tcp', 80), ('tcp', 443)]");
	done(rig, FRONT, "Ingress", "Publish", "a(sq)", "[('tcp', 80)]");
	expect(signals, "");
	done(rig, FRONT, "Ingress", "Unpublish", "a(sq)", "[('tcp', 443)]");
	expect(signals, "PropertiesChanged " FRONT " Ports=[('tcp', 80)]");
	done(rig, FRONT, "Ingress", "Delete", "", "");
	expect(signals, "InterfacesRemoved " FRONT INGRESS);
	signals_free(signals);
}

static int count_rules(const char *rules)
{
	int n = 0;

	for (const char *at = rules; (at = strstr(at, "\n-A ")); at++)
		n++;
	return n;
}

/* What is announced is true: a commit a change, what it says it did, and the number that the property has. */
static void commits(Rig *rig)
{
	static const struct {
		const char *path, *interface, *member, *types, *arguments, *configuration;
	} calls[] = {
		{ "", "Manager", "CreateNetwork", "sa{sv}", "'web', {'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>}" },
		{ WEB, "Network", "CreateEndpoint", "sa{sv}", "'app', {'Addresses': <['172.18.0.2', 'fd00:18::2']>}" },
		{ APP, "Endpoint", "Publish", "a(ssqqq)", "[('tcp', '', 8080, 80, 1)]" },
		{ "", "Manager", "CreateNetwork", "sa{sv}", "'db', {'Subnets': <['172.19.0.0/16']>}" },
		{ WEB, "Network", "Update", "a{sv}", "{'Masquerade': <false>}" },
		{ "", "Manager", "Reload", "", "" },
		{ "", "Manager", "Reload", "", "", "Hairpin=yes" },
		/* The policy of FORWARD and no rule. */
		{ "", "Manager", "Reload", "", "", "Hairpin=yes\nIPForward=no" },
		{ "", "Manager", "Reconcile", "", "" },
		{ APP, "Endpoint", "Unpublish", "a(ssqqq)", "[('tcp', '', 8080, 80, 1)]" },
		{ "/network/db", "Network", "Delete", "", "" },
		{ WEB, "Network", "Delete", "", "" },
	};
	Signals *signals = signals_new(rig);

	for (guint i = 0; i < G_N_ELEMENTS(calls); i++) {
		g_autofree char *before = rig_rules(rig), *old = property(rig, "", "Manager", "Generation");
		g_autofree char *after = NULL, *new = NULL;
		g_autoptr(GArray) commits = NULL;
		const Commit *commit;

		if (calls[i].configuration)
			rig_configure(rig, calls[i].configuration);
		done(rig, calls[i].path, calls[i].interface, calls[i].member, calls[i].types, calls[i].arguments);
		after = rig_rules(rig);
		new = property(rig, "", "Manager", "Generation");
		commits = signals_take_commits(signals);
		if (strcmp(before, after) == 0) {
			g_assert_cmpuint(commits->len, ==, 0);
			g_assert_cmpstr(old, ==, new);
			continue;
		}
		g_assert_cmpuint(commits->len, ==, 1);
		if (commits->len == 0)
			continue;
		commit = &g_array_index(commits, Commit, 0);
		g_assert_cmpuint(commit->generation, ==, g_ascii_strtoull(new, NULL, 10));
		g_assert_cmpuint(commit->generation, >, g_ascii_strtoull(old, NULL, 10));
		g_assert_cmpint((int)commit->added - (int)commit->removed, ==,
				count_rules(after) - count_rules(before));
	}
	signals_free(signals);
}

/* Many changes of one property within a commit are one, with the value that counts; what came and went is
 * none. */
static void coalesced(Rig *rig)
{
	Signals *signals = signals_new(rig);
	Pipeline *pipeline = pipeline_new();
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	guint added = 0, removed = 0;

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'web', {'Subnets': <['172.18.0.0/16']>}");
	done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}", "'app', {'Addresses': <['172.18.0.2']>}");
	g_free(signals_take(signals));
	for (guint i = 0; i < 50; i++) {
		g_autofree char *ports = g_strdup_printf("[('udp', '', %u, 80, 1)]", 3000 + i);

		pipeline_call(pipeline, rig->bus, APP, "Endpoint", "Publish", "a(ssqqq)", ports);
	}
	for (guint i = 0; i < 49; i++) {
		g_autofree char *ports = g_strdup_printf("[('udp', '', %u, 80, 1)]", 3000 + i);

		pipeline_call(pipeline, rig->bus, APP, "Endpoint", "Unpublish", "a(ssqqq)", ports);
	}
	pipeline_run(pipeline);
	text = signals_take(signals);
	lines = g_strsplit(text, "\n", -1);
	g_assert_cmpuint(g_strv_length(lines), <, 20);
	g_assert_cmpstr(lines[g_strv_length(lines) - 1], ==,
			"PropertiesChanged " APP " Ports=[('udp', '', 3049, 80, 1)]");
	pipeline_free(pipeline);

	pipeline = pipeline_new();
	for (guint i = 0; i < 20; i++) {
		pipeline_call(pipeline, rig->bus, WEB, "Network", "CreateEndpoint", "sa{sv}",
			      "'db', {'Addresses': <['172.18.0.3']>}");
		pipeline_call(pipeline, rig->bus, DB, "Endpoint", "Delete", "", "");
	}
	pipeline_run(pipeline);
	pipeline_free(pipeline);
	g_free(text);
	text = signals_take(signals);
	g_strfreev(lines);
	lines = g_strsplit(text, "\n", -1);
	for (guint i = 0; lines[i]; i++) {
		added += g_str_has_prefix(lines[i], "InterfacesAdded " DB);
		removed += g_str_has_prefix(lines[i], "InterfacesRemoved " DB);
		/* Nobody goes who has not come. */
		g_assert_cmpuint(removed, <=, added);
	}
	g_assert_cmpuint(removed, ==, added);
	signals_free(signals);
}

static const BusTest tests[] = {
	{ "/bus/signals/networks", networks },   { "/bus/signals/endpoints", endpoints },
	{ "/bus/signals/links", links },         { "/bus/signals/long-lists", long_lists },
	{ "/bus/signals/ingresses", ingresses }, { "/bus/signals/commits", commits },
	{ "/bus/signals/coalesced", coalesced },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
