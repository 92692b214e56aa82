/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The policy against a real polkitd on a real bus, with callers of other users. Runs in tests/support/private-bus. */

#include "policy/action.h"
#include "tests/support/agent.h"
#include "tests/support/caller.h"
#include "tests/support/false-polkit.h"
#include "tests/support/policy-service.h"

#include <pwd.h>
#include <signal.h>
#include <string.h>

#define ALICE 2001
#define BOB 2002
#define RULES "/etc/polkit-1/rules.d/"
#define SECOND G_USEC_PER_SEC

static const Errand reload = { { { "Manager", "Reload" } }, 1 };
static const Errand look_up = { { { "Manager", "GetNetwork" } }, 1 };
static const Errand create = { { { "Manager", "CreateNetwork", 0, { "network", "web" } } }, 1 };

static sd_bus *bus;

static Ask publish(const char *network, const char *protocol, const char *port, guint actions)
{
	return (Ask){ .interface = "Endpoint",
		      .member = "Publish",
		      .actions = actions,
		      .details = { "network", network, "protocol", protocol, "host-port", port } };
}

static guint32 ask_bus(const char *destination, const char *path, const char *interface, const char *member,
		       const char *name)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	guint32 number = 0;

	if (sd_bus_call_method(bus, destination, path, interface, member, &error, &reply, name ? "s" : "", name) < 0 ||
	    sd_bus_message_read(reply, "u", &number) < 0)
		g_error("%s: %s", member, error.message);
	sd_bus_message_unref(reply);
	return number;
}

static guint32 pending(void)
{
	return ask_bus("org.example.NetFilter", "/org/example/NetFilter", "org.example.NetFilter.Manager", "Pending",
		       NULL);
}

/* For a while: on the way to more than the bus allows they pass by what it allows. */
static void wait_pending(guint32 n)
{
	for (guint i = 0, seen = 0; i < 1000 && seen < 10; i++) {
		seen = pending() == n ? seen + 1 : 0;
		g_usleep(SECOND / 100);
	}
	g_assert_cmpuint(pending(), ==, n);
}

static pid_t polkit_pid(void)
{
	return ask_bus("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
		       "GetConnectionUnixProcessID", "org.freedesktop.PolicyKit1");
}

static bool polkit_there(void)
{
	return sd_bus_get_name_creds(bus, "org.freedesktop.PolicyKit1", 0, NULL) >= 0;
}

static void polkit_wait(bool there)
{
	for (guint i = 0; i < 1000 && polkit_there() != there; i++)
		g_usleep(SECOND / 100);
	g_assert_true(polkit_there() == there);
}

static void expect_report(uid_t uid, const Errand *errand, const char *expected)
{
	g_autofree char *report = caller_run(uid, errand);

	g_assert_cmpstr(report, ==, expected);
}

/* An error of that name whose sentence has that in it. */
static void expect_refusal(uid_t uid, const Errand *errand, const char *name, const char *part)
{
	g_autofree char *report = caller_run(uid, errand);

	g_assert_true(g_str_has_prefix(report, name));
	g_assert_nonnull(strstr(report, part));
}

static void test_root(void)
{
	Errand all = { { { "Manager", "CreateNetwork", (1u << N_POLICY_ACTIONS) - 1 } }, 1 };
	g_autofree char *service = g_strdup_printf("yes %u", (guint)getpwnam("netfilter")->pw_uid);

	expect_report(0, &all, "yes 0");
	expect_report(getpwnam("netfilter")->pw_uid, &all, service);
}

static void test_open(void)
{
	expect_report(BOB, &look_up, "yes 2002");
}

static void test_refused(void)
{
	expect_refusal(BOB, &create, "InteractiveAuthorizationRequired:", policy_action_id(ACTION_MANAGE_NETWORKS));
	expect_refusal(BOB, &reload, "AccessDenied:", policy_action_id(ACTION_RELOAD));
}

static void test_bad_action(void)
{
	Errand unknown = { { { "Manager", "CreateNetwork", 1u << (N_POLICY_ACTIONS + 1) } }, 1 };
	Errand odd = { { { "Manager", "CreateNetwork", 0, { "network" } } }, 1 };

	expect_refusal(0, &unknown, "InvalidArgs:", "");
	expect_refusal(BOB, &odd, "InvalidArgs:", "");
	expect_report(BOB, &look_up, "yes 2002");
}

static void test_example(void)
{
	static const struct {
		uid_t uid;
		const char *network, *protocol, *port, *answer;
	} cases[] = {
		{ ALICE, "web", "tcp", "8080", "yes 2001" },
		{ ALICE, "web", "tcp", "1024", "InteractiveAuthorizationRequired" },
		{ ALICE, "web", "udp", "8080", "InteractiveAuthorizationRequired" },
		{ ALICE, "db", "tcp", "8080", "InteractiveAuthorizationRequired" },
		{ BOB, "web", "tcp", "8080", "InteractiveAuthorizationRequired" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Errand errand = { { publish(cases[i].network, cases[i].protocol, cases[i].port, 0) }, 1 };
		g_autofree char *report = caller_run(cases[i].uid, &errand);

		g_assert_true(g_str_has_prefix(report, cases[i].answer));
	}
}

/* Each action has to be granted, and the one that is not is named. */
static void test_several(void)
{
	Errand persistent = { { publish("web", "tcp", "8080", 1u << ACTION_MAKE_PERSISTENT) }, 1 };
	Errand foreign = { { publish("web", "tcp", "8080", 1u << ACTION_MANAGE_FOREIGN) }, 1 };
	Errand neither = { { publish("web", "tcp", "80", 1u << ACTION_MAKE_PERSISTENT) }, 1 };

	expect_refusal(ALICE, &persistent,
		       "InteractiveAuthorizationRequired:", policy_action_id(ACTION_MAKE_PERSISTENT));
	expect_report(ALICE, &foreign, "yes 2001");
	expect_refusal(ALICE, &neither, "InteractiveAuthorizationRequired:", policy_action_id(ACTION_MANAGE_ENDPOINTS));
}

static void test_agent(void)
{
	static const struct {
		const char *mind;
		bool interactive;
		const char *asked, *answer;
	} cases[] = {
		{ "allow", true,
		  "asked org.example.NetFilter.manage-networks Authentication is required to create network "
		  "web",
		  "yes 2002" },
		{ "deny", true,
		  "asked org.example.NetFilter.manage-networks Authentication is required to create network "
		  "web",
		  "AccessDenied: the authentication for org.example.NetFilter.manage-networks was dismissed" },
		{ "allow", false, "",
		  "InteractiveAuthorizationRequired: authentication is required for "
		  "org.example.NetFilter.manage-networks" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *report = NULL, *asked = NULL;
		Errand errand = create;
		Caller caller;
		Agent agent;

		errand.asks[0].interactive = cases[i].interactive;
		caller_start(&caller, BOB, &errand);
		agent_start(&agent, caller.pid, cases[i].mind);
		caller_go(&caller);
		report = caller_finish(&caller);
		g_assert_cmpstr(report, ==, cases[i].answer);
		asked = agent_end(&agent);
		g_assert_cmpstr(asked, ==, cases[i].asked);
	}
}

static void test_agent_several(void)
{
	Errand errand = { { { "Network", "Delete", 1u << ACTION_MANAGE_FOREIGN, { "network", "web" }, true } }, 1 };
	g_autofree char *report = NULL, *first = NULL, *second = NULL;
	Caller caller;
	Agent agent;

	caller_start(&caller, BOB, &errand);
	agent_start(&agent, caller.pid, "allow");
	caller_go(&caller);
	report = caller_finish(&caller);
	g_assert_cmpstr(report, ==, "yes 2002");
	first = agent_line(&agent);
	second = agent_line(&agent);
	g_assert_cmpstr(first, ==,
			"asked org.example.NetFilter.manage-networks Authentication is required to delete "
			"network web");
	g_assert_cmpstr(second, ==,
			"asked org.example.NetFilter.manage-foreign "
			"Authentication is required to delete network web of another user");
	g_free(agent_end(&agent));
}

/* What a person is asked names ports, bridge, subnet and object. */
static void test_agent_sentences(void)
{
	static const struct {
		Ask ask;
		const char *sentence;
	} cases[] = {
		{ { "Endpoint",
		    "Publish",
		    0,
		    { "network", "web", "endpoint", "app", "ports", "tcp port 8080 on any address" } },
		  "publish tcp port 8080 on any address for endpoint app on network web" },
		{ { "Endpoint",
		    "Unpublish",
		    0,
		    { "network", "web", "endpoint", "app", "ports", "udp ports 53-54 on 192.0.2.1" } },
		  "withdraw udp ports 53-54 on 192.0.2.1 for endpoint app on network web" },
		{ { "Ingress", "Publish", 0, { "ingress", "front", "ports", "tcp port 443 on any address" } },
		  "publish tcp port 443 on any address for ingress front" },
		{ { "Ingress", "Delete", 0, { "ingress", "front" } }, "delete ingress front" },
		{ { "Endpoint", "Delete", 0, { "network", "web", "endpoint", "app" } },
		  "delete endpoint app on network web" },
		{ { "Network",
		    "CreateEndpoint",
		    0,
		    { "network", "web", "endpoint", "app", "ports", "tcp port 80 on any address" } },
		  "create endpoint app on network web publishing tcp port 80 on any address" },
		{ { "Manager",
		    "CreateNetwork",
		    0,
		    { "network", "web", "endpoint", "app", "bridge", "br-web", "subnet", "10.0.0.0/8", "gateway",
		      "10.0.0.1" } },
		  "create network web with subnet 10.0.0.0/8 with gateway 10.0.0.1 by bridge br-web "
		  "with endpoint app" },
		{ { "Manager", "CreateIngress", 0, { "ingress", "front", "gateway", "10.0.0.1", "bridge", "br0" } },
		  "create ingress front with gateway 10.0.0.1 by bridge br0" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *asked = NULL, *report = NULL, *end = NULL;
		Errand errand = { { cases[i].ask }, 1 };
		Caller caller;
		Agent agent;

		g_test_message("%s", cases[i].sentence);
		errand.asks[0].interactive = true;
		caller_start(&caller, BOB, &errand);
		agent_start(&agent, caller.pid, "deny");
		caller_go(&caller);
		report = caller_finish(&caller);
		asked = agent_end(&agent);
		end = g_strconcat(" Authentication is required to ", cases[i].sentence, NULL);
		g_assert_true(g_str_has_suffix(asked, end));
	}
}

static void test_no_agent(void)
{
	Errand errand = create;

	errand.asks[0].interactive = true;
	expect_refusal(BOB, &errand, "InteractiveAuthorizationRequired:", policy_action_id(ACTION_MANAGE_NETWORKS));
}

/* A caller whose question an agent has and does not answer. */
static void start_waiting(Caller *caller, Agent *agent)
{
	g_autofree char *asked = NULL;
	Errand errand = create;

	errand.asks[0].interactive = true;
	caller_start(caller, BOB, &errand);
	agent_start(agent, caller->pid, "wait");
	caller_go(caller);
	asked = agent_line(agent);
	g_assert_true(g_str_has_prefix(asked, "asked"));
	g_assert_cmpuint(pending(), ==, 1);
}

static void test_caller_leaves(void)
{
	g_autofree char *cancelled = NULL;
	Caller caller;
	Agent agent;

	start_waiting(&caller, &agent);
	expect_report(ALICE, &look_up, "yes 2001");
	caller_kill(&caller);
	cancelled = agent_line(&agent);
	g_assert_cmpstr(cancelled, ==, "cancelled");
	wait_pending(0);
	g_free(agent_end(&agent));
}

static void test_service_leaves(void)
{
	pid_t service = policy_service_start(16, 0);
	g_autofree char *cancelled = NULL, *report = NULL;
	Caller caller;
	Agent agent;

	start_waiting(&caller, &agent);
	policy_service_stop(service);
	cancelled = agent_line(&agent);
	g_assert_cmpstr(cancelled, ==, "cancelled");
	report = caller_finish(&caller);
	g_assert_true(g_str_has_prefix(report, "NoReply:"));
	g_free(agent_end(&agent));
}

/* Calls that wait together for who their sender is are answered in their order. */
static void test_order(void)
{
	Errand many = { { { "Manager", "GetNetwork" } }, 100, true };

	expect_report(BOB, &many, "yes=100 denied=0 interactive=0 quota=0 other=0 in order");
}

static void test_mix(void)
{
	Errand both = { { publish("web", "tcp", "8080", 0), publish("web", "tcp", "80", 0) }, 16, true };

	expect_report(ALICE, &both,
		      "yes=8 denied=0 interactive=0 quota=0 other=0 yes=0 denied=0 interactive=8 quota=0 other=0 "
		      "in order");
}

/* While polkit hangs a user has so many questions open and no more, and everybody else is served. */
static void test_hung_quota(void)
{
	Errand many = { { { "Manager", "CreateNetwork" } }, 20, true };
	pid_t polkit = polkit_pid();
	g_autofree char *report = NULL;
	Caller caller;

	kill(polkit, SIGSTOP);
	caller_start(&caller, BOB, &many);
	caller_go(&caller);
	wait_pending(16);
	expect_refusal(BOB, &create, "QuotaExceeded:", "2002");
	expect_report(BOB, &look_up, "yes 2002");
	expect_report(0, &create, "yes 0");
	kill(polkit, SIGCONT);
	report = caller_finish(&caller);
	g_assert_cmpstr(report, ==, "yes=0 denied=0 interactive=16 quota=4 other=0 out of order");
	g_assert_cmpuint(pending(), ==, 0);
	expect_refusal(BOB, &create, "InteractiveAuthorizationRequired:", "");
}

/* Who leaves and comes back has not got rid of what it asked before polkit has. */
static void test_hung_leaves(void)
{
	Errand many = { { { "Manager", "CreateNetwork" } }, 16, true };
	Errand allowed = { { publish("web", "tcp", "8080", 0) }, 1 };
	pid_t polkit = polkit_pid();
	g_autofree char *report = NULL;
	Caller caller;

	kill(polkit, SIGSTOP);
	caller_start(&caller, BOB, &many);
	caller_go(&caller);
	wait_pending(16);
	caller_kill(&caller);
	wait_pending(0);
	expect_refusal(BOB, &create, "QuotaExceeded:", "2002");
	caller_start(&caller, ALICE, &allowed);
	caller_go(&caller);
	wait_pending(1);
	kill(polkit, SIGCONT);
	report = caller_finish(&caller);
	g_assert_cmpstr(report, ==, "yes 2001");
	expect_refusal(BOB, &create, "InteractiveAuthorizationRequired:", "");
}

static void test_hung_timeout(void)
{
	pid_t service = policy_service_start(16, SECOND / 2);
	pid_t polkit = polkit_pid();

	kill(polkit, SIGSTOP);
	expect_refusal(BOB, &create, "AccessDenied:", "polkit does not answer");
	g_assert_cmpuint(pending(), ==, 0);
	kill(polkit, SIGCONT);
	expect_refusal(BOB, &create, "InteractiveAuthorizationRequired:", "");
	policy_service_stop(service);
}

/* The bus has a limit of its own: it refuses some, and the rest are answered. */
static void test_bus_limit(void)
{
	Errand many = { { publish("web", "tcp", "8080", 0) }, 100, true };
	pid_t service = policy_service_start(1000, 0);
	pid_t polkit = polkit_pid();
	g_autofree char *first = NULL, *second = NULL;
	Caller callers[2];

	kill(polkit, SIGSTOP);
	caller_start(&callers[0], ALICE, &many);
	caller_start(&callers[1], ALICE, &many);
	caller_go(&callers[0]);
	wait_pending(100);
	caller_go(&callers[1]);
	wait_pending(128);
	kill(polkit, SIGCONT);
	first = caller_finish(&callers[0]);
	second = caller_finish(&callers[1]);
	g_assert_cmpstr(first, ==, "yes=100 denied=0 interactive=0 quota=0 other=0 in order");
	g_assert_cmpstr(second, ==, "yes=28 denied=0 interactive=0 quota=72 other=0 out of order");
	g_assert_cmpuint(pending(), ==, 0);
	policy_service_stop(service);
}

static void polkit_stop(void)
{
	kill(polkit_pid(), SIGTERM);
	polkit_wait(false);
}

static void polkit_start(void)
{
	char *argv[] = { (char *)g_getenv("POLKITD"), "--no-debug", NULL };
	g_autoptr(GError) error = NULL;

	g_spawn_async(NULL, argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
		      &error);
	g_assert_no_error(error);
	polkit_wait(true);
}

static void test_absent(void)
{
	polkit_stop();
	expect_refusal(BOB, &create, "AccessDenied:", "polkit does not answer");
	expect_report(BOB, &look_up, "yes 2002");
	expect_report(0, &reload, "yes 0");
	polkit_start();
	expect_refusal(BOB, &create, "InteractiveAuthorizationRequired:", "");
}

/* The real one notices by itself that a caller is gone, but not that nobody waits for it any more. */
static void test_cancel(void)
{
	pid_t service = policy_service_start(16, SECOND / 2);
	g_autofree char *asked = NULL, *cancelled = NULL, *again = NULL, *given_up = NULL;
	Errand errand = create;
	Caller caller;

	polkit_stop();
	false_polkit_start(bus);

	errand.asks[0].interactive = true;
	caller_start(&caller, BOB, &errand);
	caller_go(&caller);
	asked = false_polkit_hear(bus);
	g_assert_true(g_str_has_prefix(asked, "check system-bus-name org.example.NetFilter.manage-networks 1 "));
	caller_kill(&caller);
	cancelled = false_polkit_hear(bus);
	g_assert_true(g_str_has_prefix(cancelled, "cancel "));
	g_assert_cmpstr(strrchr(cancelled, ' '), ==, strrchr(asked, ' '));

	errand.asks[0].interactive = false;
	caller_start(&caller, BOB, &errand);
	caller_go(&caller);
	again = false_polkit_hear(bus);
	g_assert_true(g_str_has_prefix(again, "check system-bus-name org.example.NetFilter.manage-networks 0 "));
	g_assert_cmpstr(strrchr(again, ' '), !=, strrchr(asked, ' '));
	given_up = false_polkit_hear(bus);
	g_assert_true(g_str_has_prefix(given_up, "cancel "));
	g_assert_cmpstr(strrchr(given_up, ' '), ==, strrchr(again, ' '));
	g_free(caller_finish(&caller));

	false_polkit_stop(bus);
	policy_service_stop(service);
	polkit_start();
}

static void test_rounds(void)
{
	Errand both = { { publish("web", "tcp", "8080", 0), publish("web", "tcp", "80", 0) }, 10000 };

	expect_report(ALICE, &both,
		      "yes=5000 denied=0 interactive=0 quota=0 other=0 "
		      "yes=0 denied=0 interactive=5000 quota=0 other=0 in order");
	g_assert_cmpuint(pending(), ==, 0);
}

/* The example as it is shipped, and a refusal outright. polkit sees new rules by itself, a little later. */
static void add_rules(void)
{
	static const char *const refusal = "polkit.addRule(function(action, subject) {\n"
					   "	if (action.id == \"org.example.NetFilter.reload\" && "
					   "subject.user == \"bob\")\n"
					   "		return polkit.Result.NO;\n"
					   "});\n";
	const Errand allowed = { { publish("web", "tcp", "8080", 0) }, 1 };
	g_autofree char *example =
		g_test_build_filename(G_TEST_DIST, "..", "policy", "50-netfilter-example.rules", NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	pid_t service = policy_service_start(16, 0);

	if (!g_file_get_contents(example, &text, NULL, &error) ||
	    !g_file_set_contents_full(RULES "50-netfilter-example.rules", text, -1, G_FILE_SET_CONTENTS_NONE, 0644,
				      &error) ||
	    !g_file_set_contents_full(RULES "60-test.rules", refusal, -1, G_FILE_SET_CONTENTS_NONE, 0644, &error))
		g_error("%s", error->message);
	for (guint i = 0; i < 200; i++) {
		g_autofree char *reloaded = caller_run(BOB, &reload), *published = caller_run(ALICE, &allowed);

		if (g_str_has_prefix(reloaded, "AccessDenied") && g_str_has_prefix(published, "yes"))
			break;
		g_usleep(SECOND / 20);
	}
	policy_service_stop(service);
}

static const struct {
	const char *path;
	void (*run)(void);
	bool own_service;
} tests[] = {
	{ "/polkit/root", test_root },
	{ "/polkit/open", test_open },
	{ "/polkit/refused", test_refused },
	{ "/polkit/bad-action", test_bad_action },
	{ "/polkit/example", test_example },
	{ "/polkit/several", test_several },
	{ "/polkit/agent", test_agent },
	{ "/polkit/agent-several", test_agent_several },
	{ "/polkit/agent-sentences", test_agent_sentences },
	{ "/polkit/no-agent", test_no_agent },
	{ "/polkit/caller-leaves", test_caller_leaves },
	{ "/polkit/service-leaves", test_service_leaves, true },
	{ "/polkit/order", test_order },
	{ "/polkit/mix", test_mix },
	{ "/polkit/hung/quota", test_hung_quota },
	{ "/polkit/hung/leaves", test_hung_leaves },
	{ "/polkit/hung/timeout", test_hung_timeout, true },
	{ "/polkit/hung/bus-limit", test_bus_limit, true },
	{ "/polkit/absent", test_absent },
	{ "/polkit/cancel", test_cancel, true },
	{ "/polkit/rounds", test_rounds },
};

static void run(gconstpointer data)
{
	gsize i = GPOINTER_TO_SIZE(data);
	pid_t service;

	if (tests[i].own_service) {
		tests[i].run();
		return;
	}
	service = policy_service_start(16, 0);
	tests[i].run();
	policy_service_stop(service);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add_data_func(tests[i].path, GSIZE_TO_POINTER(i), run);
	if (sd_bus_open_system(&bus) < 0)
		g_error("No bus");
	add_rules();
	return g_test_run();
}
