/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/forwarding.h"
#include "service/netlink/request.h"
#include "tests/support/netlink.h"
#include "tests/support/scene.h"

/* Whose accept_ra is switched with IPv6 forwarding, and that many interfaces cost no more questions than few. */

static guint n_requests;

int __real_netlink_request(Netlink *netlink, NlMsg *request, nl_recvmsg_msg_cb_t reply, void *userdata);
int __wrap_netlink_request(Netlink *netlink, NlMsg *request, nl_recvmsg_msg_cb_t reply, void *userdata);
int __wrap_netlink_request(Netlink *netlink, NlMsg *request, nl_recvmsg_msg_cb_t reply, void *userdata)
{
	n_requests++;
	return __real_netlink_request(netlink, request, reply, userdata);
}

typedef struct Host {
	Fixture *fixture;
	Forwarding *forwarding;
	Scene *scene;
	Config config;
	GArray *created, *serving;
} Host;

static void host_init(Host *host, Fixture *f)
{
	*host = (Host){
		.fixture = f,
		.forwarding = forwarding_new(f->netlink),
		.scene = scene_new(FAMILY_IPV6),
		.created = g_array_new(FALSE, FALSE, sizeof(int)),
		.serving = g_array_new(FALSE, FALSE, sizeof(int)),
	};
	config_init(&host->config);
	scene_add_network(host->scene, "br-web", "fd00:18::/64", 0);
}

static void host_clear(Host *host)
{
	forwarding_free(host->forwarding);
	scene_free(host->scene);
	config_clear(&host->config);
	g_array_unref(host->created);
	g_array_unref(host->serving);
}

/* The number of questions that the plan asked. */
static guint commit(Host *host)
{
	g_autoptr(Effects) effects = effects_new();
	g_autoptr(GPtrArray) repairs = g_ptr_array_new_with_free_func(g_free);
	guint before = n_requests, n;

	assert_succeeds(forwarding_plan(host->forwarding, host->scene->model, &host->config, host->serving,
					host->created, &error));
	n = n_requests - before;
	forwarding_close(host->forwarding, effects);
	assert_succeeds(forwarding_open(host->forwarding, effects, &error));
	effects_keep(effects);
	forwarding_keep(host->forwarding, repairs);
	return n;
}

/* The number of questions that a look at an interface (0: at all) asks; whether something is to be done for it. */
static guint look(Host *host, int ifindex, bool due)
{
	guint before = n_requests;

	forwarding_touch_interface(host->forwarding, ifindex);
	g_assert_cmpint(forwarding_find_due(host->forwarding, host->created, 1), ==, due);
	return n_requests - before;
}

static void expect(Host *host, const char *name, guint accept_ra)
{
	guint value = 99;

	g_test_message("%s", name);
	assert_succeeds(
		interface_get_setting6(host->fixture->netlink, ifindex_of(name), INTERFACE6_ACCEPT_RA, &value, &error));
	g_assert_cmpuint(value, ==, accept_ra);
}

static void add_veths(Fixture *f, guint from, guint to)
{
	for (guint i = from; i < to; i++) {
		run(f, "ip link add v%u type veth peer name w%u", i, i);
		run(f, "ip link set v%u master br9", i);
	}
}

/* Half of them ports of a bridge, the other half listeners. */
static void test_questions(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	guint on[2], all[2], plan[2];

	run(f, "ip link add br9 type bridge");
	for (guint i = 0; i < 2; i++) {
		Host host;

		add_veths(f, i == 0 ? 0 : 5, i == 0 ? 5 : 50);
		host_init(&host, f);
		on[i] = commit(&host);
		expect(&host, "v0", 1);
		expect(&host, "w0", 2);
		all[i] = look(&host, 0, false);
		forwarding_touch_interface(host.forwarding, 0);
		plan[i] = commit(&host);
		g_assert_cmpuint(look(&host, ifindex_of("v0"), false), <=, all[i]);
		run(f, "sysctl -q net.ipv6.conf.all.forwarding=0");
		run(f, "sysctl -q net.ipv6.conf.w0.accept_ra=1");
		host_clear(&host);
	}
	g_assert_cmpuint(on[0], ==, on[1]);
	g_assert_cmpuint(all[0], ==, all[1]);
	g_assert_cmpuint(all[0], ==, 1);
	g_assert_cmpuint(plan[0], ==, plan[1]);
}

/* The first two are listeners. */
#define N_LISTENERS 2
static const struct {
	const char *name, *make;
	guint after; /* its accept_ra */
} cases[] = {
	{ "plain", "ip link add plain type veth peer name other && ip link set other master br9", 2 },
	{ "bridge", "ip link add bridge type bridge", 2 },
	{ "port",
	  "ip link add port type veth peer name end && ip link set port master br9 && ip link set end master br9", 1 },
	{ "deaf", "ip link add deaf type bridge && sysctl -q net.ipv6.conf.deaf.accept_ra=0", 0 },
	{ "stubborn", "ip link add stubborn type bridge && sysctl -q net.ipv6.conf.stubborn.accept_ra=2", 2 },
	{ "ours", "ip link add ours type bridge", 1 },
};

static void make(Host *host, guint i)
{
	int ifindex;

	run(host->fixture, "sh -c '%s'", cases[i].make);
	ifindex = ifindex_of(cases[i].name);
	if (g_str_equal(cases[i].name, "ours"))
		g_array_append_val(host->created, ifindex);
}

enum moment { BEFORE, TOLD, UNTOLD };

/* The same whether it was there, came since, or came unheard. */
static void test_who(Fixture *f, gconstpointer data)
{
	enum moment moment = GPOINTER_TO_INT(data);
	Host host;

	run(f, "ip link add br9 type bridge");
	host_init(&host, f);
	for (guint i = 0; moment == BEFORE && i < G_N_ELEMENTS(cases); i++)
		make(&host, i);
	run(f, "ip link add forwards type bridge");
	run(f, "sysctl -q net.ipv6.conf.forwards.forwarding=1");
	commit(&host);
	for (guint i = 0; moment != BEFORE && i < G_N_ELEMENTS(cases); i++) {
		make(&host, i);
		look(&host, moment == TOLD ? ifindex_of(cases[i].name) : 0, i < N_LISTENERS);
		commit(&host);
		g_assert_cmpuint(look(&host, 0, false), ==, 1);
	}
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		expect(&host, cases[i].name, cases[i].after);
	expect(&host, "forwards", 1);
	/* What it was given goes with it. */
	if (moment != BEFORE) {
		int ifindex = ifindex_of("plain");

		run(f, "ip link delete plain");
		g_assert_cmpuint(look(&host, moment == TOLD ? ifindex : 0, true), ==, 1);
		commit(&host);
		g_assert_cmpuint(look(&host, moment == TOLD ? ifindex : 0, false), ==, 1);
	}
	host_clear(&host);
}

int main(int argc, char **argv)
{
	netns_test_init(&argc, &argv);
#define ADD(name, data, function) \
	g_test_add("/listeners/" name, Fixture, GINT_TO_POINTER(data), fixture_set_up, function, fixture_tear_down)
	ADD("questions", 0, test_questions);
	ADD("there-before", BEFORE, test_who);
	ADD("came-since", TOLD, test_who);
	ADD("came-unheard", UNTOLD, test_who);
	return g_test_run();
}
