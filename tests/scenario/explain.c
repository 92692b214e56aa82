/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/scenario/explain-round.h"
#include "tests/support/sctp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * What Explain says of packets, and what became of them: random ones, over random configurations. A round is a world.
 * $EXPLAIN_ROUNDS are run, and the first has the seed $EXPLAIN_SEED, the next one more: what fails says which it was.
 * The same is tried each time unless another seed is given, so that what fails is the work of a change.
 */

enum { ROUNDS = 10, PACKETS = 200 };

/* Of all rounds. */
static guint n_answered, n_silent;

/* --- packets --- */

typedef struct Asked {
	const Party *from;
	char source[INET6_ADDRSTRLEN], destination[INET6_ADDRSTRLEN];
	char interface[IFNAMSIZ]; /* "": the service is to find it out */
	guint16 port;
	const char *protocol;
	char verdict[16];
	char *steps;
} Asked;

static void choose_party(Round *round, Asked *asked, guint family)
{
	const Party *to = &round->parties[OUTSIDE + below(round, round->n_parties - OUTSIDE)];

	g_strlcpy(asked->destination, to->addresses[family], sizeof asked->destination);
	/* Where they listen, so that a reset is not theirs. */
	asked->port = to->network == N_NETWORKS ? PROGRAM_PORT : FIRST_ENDPOINT_PORT + below(round, N_ENDPOINT_PORTS);
	if (to->network != N_NETWORKS && one_in(round, 6)) {
		asked->port = INGRESS_PORT;
		asked->protocol = sctp_possible() && one_in(round, 3) ? "sctp" : "tcp";
	}
}

static void choose_host(Round *round, Asked *asked, guint family)
{
	guint n_addresses = N_HOST_ADDRESSES - (asked->from->netns == round->world->host ? 0 : 1);
	guint which = below(round, n_addresses + 1), network = below(round, round->n_networks);

	asked->port = g_array_index(round->host_ports, guint16, below(round, round->host_ports->len));
	if (which < n_addresses)
		g_strlcpy(asked->destination, host_addresses[which][family], sizeof asked->destination);
	else if (round->networks[network].has[family] &&
		 !g_str_equal(round->networks[network].modes[family], "isolated"))
		g_snprintf(asked->destination, sizeof asked->destination, family ? "fd00:%u::1" : "172.%u.0.1",
			   30 + network);
}

static bool is_own(const Asked *asked, guint family)
{
	return g_str_equal(asked->destination, asked->from->addresses[family]);
}

/* What the kernel has the sender call itself. */
static bool find_source(Asked *asked)
{
	struct sockaddr_storage address;
	socklen_t length = socket_address(asked->destination, asked->port, &address);
	int fd = socket_there(asked->from->netns, address.ss_family, "udp");
	bool ok = connect(fd, (struct sockaddr *)&address, length) == 0 &&
		  getsockname(fd, (struct sockaddr *)&address, &length) == 0;

	close(fd);
	if (ok)
		inet_ntop(address.ss_family,
			  address.ss_family == AF_INET ? (void *)&((struct sockaddr_in *)&address)->sin_addr
						       : (void *)&((struct sockaddr_in6 *)&address)->sin6_addr,
			  asked->source, sizeof asked->source);
	return ok;
}

/* It is the one that the service would find out. */
static void choose_interface(Asked *asked)
{
	if (asked->from->network == N_NETWORKS)
		g_strlcpy(asked->interface, asked->from->name, sizeof asked->interface);
	else
		g_snprintf(asked->interface, sizeof asked->interface, "br-n%u", asked->from->network);
}

static bool try_choose(Round *round, Asked *asked)
{
	guint family = below(round, 2), kind = below(round, 10);

	*asked = (Asked){ .from = &round->parties[below(round, round->n_parties)], .protocol = random_protocol(round) };
	if (kind < 5) {
		choose_host(round, asked, family);
	} else if (kind < 9) {
		choose_party(round, asked, family);
	} else {
		g_strlcpy(asked->destination, family ? "2001:db8:ffff::9" : "203.0.113.9", sizeof asked->destination);
		asked->port = 80;
	}
	if (asked->from->netns != round->world->host && one_in(round, 2))
		choose_interface(asked);
	return *asked->destination && !is_own(asked, family) && find_source(asked);
}

static void explain(Round *round, Asked *asked)
{
	const char *verdict, *about, *object, *rule, *words;
	GString *steps = g_string_new(NULL);
	sd_bus_message *reply =
		call_reply(round->world->bus, "", "Manager", "Explain", "a{sv}", *asked->interface ? 5 : 4, "Source",
			   "s", asked->source, "Destination", "s", asked->destination, "Protocol", "s", asked->protocol,
			   "Port", "q", asked->port, "InInterface", "s", asked->interface);

	g_assert_cmpint(sd_bus_message_read(reply, "s", &verdict), >=, 0);
	g_strlcpy(asked->verdict, verdict, sizeof asked->verdict);
	g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "(soss)"), >=, 0);
	while (sd_bus_message_read(reply, "(soss)", &about, &object, &rule, &words) > 0)
		g_string_append_printf(steps, "\n  %s %s [%s] %s", about, object, rule, words);
	sd_bus_message_unref(reply);
	asked->steps = g_string_free(steps, FALSE);
}

/* Who finds no neighbour to send by is told so by his own kernel, some seconds later. */
static bool finds_nobody(const Asked *asked)
{
	return strstr(asked->steps, "\n  isolated ") || strstr(asked->steps, "\n  neighbours ") ||
	       (strchr(asked->source, ':') && strstr(asked->steps, "\n  communication "));
}

static bool is_so(const Asked *asked, const char *result)
{
	bool answered = strstr(result, " from ") != NULL;
	/* The host is told of what its own rules drop. */
	bool silent = g_str_equal(result, "silence") || g_str_equal(result, g_strerror(EPERM)) ||
		      (g_str_equal(result, "unreachable") && finds_nobody(asked));

	if (g_str_equal(asked->verdict, "accepted") || g_str_equal(asked->verdict, "not ours"))
		return answered;
	return g_str_equal(asked->verdict, "dropped") ? silent : !answered && !silent;
}

static void judge(Round *round, const Asked *asked, const char *result)
{
	bool so = is_so(asked, result);

	n_answered += strstr(result, " from ") != NULL;
	n_silent += g_str_equal(result, "silence");
	if (so && !g_getenv("EXPLAIN_VERBOSE"))
		return;
	if (!so)
		g_test_fail();
	g_test_message("%sEXPLAIN_SEED=%u %s %s %s > %s port %u: \"%s\", and it was %s%s", so ? "" : "WRONG ",
		       round->seed, asked->from->name, asked->protocol, asked->source, asked->destination, asked->port,
		       asked->verdict, result, asked->steps);
}

/* The kernel says to one peer once a second that there is no route, after the first few: whoever was told nothing asks
 * again. */
static void ask_again(const Asked *asked, Probe *probe)
{
	if (!g_str_equal(asked->verdict, "refused") || !g_str_equal(probe->result, "silence"))
		return;
	g_usleep(1100000);
	g_free(probe->result);
	probe_all(probe, 1);
}

static void ask_all(Round *round, guint n)
{
	g_autofree Asked *asked = g_new0(Asked, n);
	g_autofree Probe *probes = g_new0(Probe, n);

	for (guint i = 0; i < n; i++) {
		while (!try_choose(round, &asked[i]))
			;
		explain(round, &asked[i]);
		probes[i] = (Probe){ asked[i].from->netns, asked[i].protocol, asked[i].destination, asked[i].port,
				     g_str_equal(asked[i].verdict, "dropped") ? "silence" : "an answer" };
	}
	probe_all(probes, n);
	for (guint i = 0; i < n; i++) {
		ask_again(&asked[i], &probes[i]);
		judge(round, &asked[i], probes[i].result);
		g_free(probes[i].result);
		g_free(asked[i].steps);
	}
}

/* --- rounds --- */

static guint number_from(const char *variable, guint otherwise)
{
	const char *text = g_getenv(variable);

	return text ? g_ascii_strtoull(text, NULL, 10) : otherwise;
}

/* The service is told before the test begins: all of a round follows from its seed. */
typedef struct Rounds {
	Scenario *scenarios;
	guint32 *seeds;
	guint n;
} Rounds;

static Rounds rounds;

static void run_round(World *world)
{
	guint which = world->scenario - rounds.scenarios;
	Round round = { .world = world,
			.seed = rounds.seeds[which],
			.random = g_rand_new_with_seed(rounds.seeds[which]),
			.log = g_string_new(NULL),
			.host_ports = g_array_new(FALSE, FALSE, sizeof(guint16)) };

	flows_hear_all();
	say(&round, "%s", world->scenario->configuration);
	round_build(&round);
	ask_all(&round, PACKETS);
	g_test_message("%s", round.log->str);
	g_test_message("%u answered, %u not", n_answered, n_silent);
	/* Where all are the same, nothing was tried. */
	if (which == ROUNDS - 1) {
		g_assert_cmpuint(n_answered, >, ROUNDS * PACKETS / 20);
		g_assert_cmpuint(n_silent, >, ROUNDS * PACKETS / 20);
	}
	g_array_unref(round.host_ports);
	g_string_free(round.log, TRUE);
	g_rand_free(round.random);
}

static char *random_configuration(guint32 seed)
{
	static const char *const switches[] = { "Hairpin",          "LocalhostPublish", "ContainerPublish",
						"ProtectEndpoints", "DropInvalid",      "IPForward" };
	static const char *const ceilings[] = { "192.0.2.0/24 lo", "192.0.2.0/24 2001:db8::/32 172.16.0.0/12",
						"lo outside" };
	GRand *random = g_rand_new_with_seed(~seed);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < G_N_ELEMENTS(switches); i++)
		if (g_rand_int_range(random, 0, 3) == 0)
			g_string_append_printf(text, "%s=%s\n", switches[i], g_rand_boolean(random) ? "yes" : "no");
	if (g_rand_int_range(random, 0, 5) == 0)
		g_string_append_printf(text, "AllowFrom=%s\n",
				       ceilings[g_rand_int_range(random, 0, G_N_ELEMENTS(ceilings))]);
	if (g_rand_int_range(random, 0, 3) == 0)
		g_string_append(text, "IsolationPairwiseMax=1\n");
	g_rand_free(random);
	return g_string_free(text, FALSE);
}

int main(int argc, char **argv)
{
	guint32 first = number_from("EXPLAIN_SEED", 1);

	if (!sctp_possible())
		g_printerr("# no sctp: this kernel has its own, which would answer raw packets as well\n");
	rounds.n = number_from("EXPLAIN_ROUNDS", ROUNDS);
	rounds.scenarios = g_new0(Scenario, rounds.n);
	rounds.seeds = g_new(guint32, rounds.n);
	for (guint i = 0; i < rounds.n; i++) {
		rounds.seeds[i] = first + i;
		rounds.scenarios[i] = (Scenario){ .path = g_strdup_printf("/explain/%u", first + i),
						  .run = run_round,
						  .configuration = random_configuration(first + i),
						  .router = (first + i) % 2 };
	}
	return scenarios_main(argc, argv, rounds.scenarios, rounds.n);
}
