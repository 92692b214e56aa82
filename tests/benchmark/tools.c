/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/benchmark/measurements.h"

#include "tests/benchmark/firewalld.h"
#include "tests/benchmark/floor.h"

const guint port_counts[] = { 0, 100, 1000, 5000, 10000, 100000 };

guint n_port_counts(void)
{
	return quick ? 3 : G_N_ELEMENTS(port_counts);
}

typedef struct Tool {
	const char *name;
	void (*prepare)(guint n);
	void (*publish)(void);
	void (*unpublish)(void); /* not measured */
	const char *program;     /* NULL: always there */
	guint n_max;             /* 0: N_MAX */
} Tool;

/* Above that it would take minutes what grows with the number of ports; what does not is measured on. */
#define N_MAX 10000

/* --- iptables --- */

char *classic_rules(guint n)
{
	GString *text = g_string_new("*filter\n:DOCKER - [0:0]\n-A FORWARD -o " BRIDGE " -j DOCKER\n");
	char address[16];

	for (guint i = 0; i < n; i++)
		g_string_append_printf(
			text, "-A DOCKER -d %s/32 ! -i " BRIDGE " -o " BRIDGE " -p tcp -m tcp --dport 80 -j ACCEPT\n",
			endpoint_address(i, address));
	g_string_append(text, "COMMIT\n*nat\n:DOCKER - [0:0]\n-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n");
	for (guint i = 0; i < n; i++)
		g_string_append_printf(
			text, "-A DOCKER ! -i " BRIDGE " -p tcp -m tcp --dport %u -j DNAT --to-destination %s:80\n",
			FIRST_PORT + i, endpoint_address(i, address));
	for (guint i = 0; i < n; i++)
		g_string_append_printf(text,
				       "-A POSTROUTING -s %s/32 -d %s/32 -p tcp -m tcp --dport 80 -j MASQUERADE\n",
				       endpoint_address(i, address), address);
	g_string_append(text, "COMMIT\n");
	return g_string_free(text, FALSE);
}

void prepare_classic(guint n)
{
	g_autofree char *text = classic_rules(n);

	write_file("/run/rules", text);
	run_program((const char *const[]){ "iptables-legacy-restore", NULL }, "/run/rules");
}

#define RULE_NAT "-t", "nat"
#define RULE_FILTER "-t", "filter"
#define RULE_DNAT                                                                                      \
	"DOCKER", "!", "-i", BRIDGE, "-p", "tcp", "-m", "tcp", "--dport", ONE_MORE_PORT, "-j", "DNAT", \
		"--to-destination", ONE_MORE_ADDRESS ":80"
#define RULE_ACCEPT                                                                                                   \
	"DOCKER", "-d", ONE_MORE_ADDRESS "/32", "!", "-i", BRIDGE, "-o", BRIDGE, "-p", "tcp", "-m", "tcp", "--dport", \
		"80", "-j", "ACCEPT"
#define RULE_SELF                                                                                            \
	"POSTROUTING", "-s", ONE_MORE_ADDRESS "/32", "-d", ONE_MORE_ADDRESS "/32", "-p", "tcp", "-m", "tcp", \
		"--dport", "80", "-j", "MASQUERADE"
#define IPTABLES(...) ((const char *const[]){ "iptables-legacy", "--wait", __VA_ARGS__, NULL })

/* Whether it is there; that it is not is no error. */
static void check_classic(const char *const *argv)
{
	g_spawn_sync(NULL, (char **)argv, NULL,
		     G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
		     NULL, NULL, NULL);
}

static void publish_classic(void)
{
	check_classic(IPTABLES(RULE_NAT, "-C", RULE_DNAT));
	run_program(IPTABLES(RULE_NAT, "-A", RULE_DNAT), NULL);
	check_classic(IPTABLES(RULE_FILTER, "-C", RULE_ACCEPT));
	run_program(IPTABLES(RULE_FILTER, "-A", RULE_ACCEPT), NULL);
	check_classic(IPTABLES(RULE_NAT, "-C", RULE_SELF));
	run_program(IPTABLES(RULE_NAT, "-A", RULE_SELF), NULL);
}

static void unpublish_classic(void)
{
	run_program(IPTABLES(RULE_NAT, "-D", RULE_DNAT), NULL);
	run_program(IPTABLES(RULE_FILTER, "-D", RULE_ACCEPT), NULL);
	run_program(IPTABLES(RULE_NAT, "-D", RULE_SELF), NULL);
}

static void prepare_restore(guint n)
{
	prepare_classic(n);
	write_file("/run/one-more", "*filter\n"
				    "-A DOCKER -d " ONE_MORE_ADDRESS "/32 ! -i " BRIDGE " -o " BRIDGE
				    " -p tcp -m tcp --dport 80 -j ACCEPT\n"
				    "COMMIT\n"
				    "*nat\n"
				    "-A DOCKER ! -i " BRIDGE " -p tcp -m tcp --dport " ONE_MORE_PORT
				    " -j DNAT --to-destination " ONE_MORE_ADDRESS ":80\n"
				    "-A POSTROUTING -s " ONE_MORE_ADDRESS "/32 -d " ONE_MORE_ADDRESS
				    "/32 -p tcp -m tcp --dport 80 -j MASQUERADE\n"
				    "COMMIT\n");
}

static void publish_restore(void)
{
	run_program((const char *const[]){ "iptables-legacy-restore", "--wait", "--noflush", NULL }, "/run/one-more");
}

/* --- nft --- */

char *nft_script(guint n)
{
	GString *text =
		g_string_new("table ip bench {\n\tmap ports {\n\t\ttype inet_proto . inet_service : ipv4_addr . "
			     "inet_service\n");
	char address[16];

	if (n > 0)
		g_string_append(text, "\t\telements = {\n");
	for (guint i = 0; i < n; i++)
		g_string_append_printf(text, "%s . %u : %s . 80,\n", host_port(i).protocol, host_port(i).port,
				       endpoint_address(i, address));
	if (n > 0)
		g_string_append(text, "\t\t}\n");
	g_string_append(text, "\t}\n\tchain prerouting {\n\t\ttype nat hook prerouting priority dstnat;\n"
			      "\t\tdnat ip to meta l4proto . th dport map @ports\n\t}\n}\n");
	return g_string_free(text, FALSE);
}

static void prepare_nft(guint n)
{
	g_autofree char *text = nft_script(n);

	write_file("/run/script", text);
	run_program((const char *const[]){ "nft", "-f", "/run/script", NULL }, NULL);
	write_file("/run/one-more",
		   "add element ip bench ports { tcp . " ONE_MORE_PORT " : " ONE_MORE_ADDRESS " . 80 }\n");
	write_file("/run/one-less", "delete element ip bench ports { tcp . " ONE_MORE_PORT " }\n");
}

static void publish_nft(void)
{
	run_program((const char *const[]){ "nft", "-f", "/run/one-more", NULL }, NULL);
}

static void unpublish_nft(void)
{
	run_program((const char *const[]){ "nft", "-f", "/run/one-less", NULL }, NULL);
}

/* --- the service --- */

static Service service;

static void prepare_service(guint n)
{
	service = service_new(n);
}

static void prepare_nftables(guint n)
{
	service_backend = "nftables";
	service = service_new(n);
}

static void publish_service(void)
{
	call(service.bus, publish_message(service.bus, SPARE, "Publish", SPARE_PORT, 1));
}

static void prepare_one_less(guint n)
{
	prepare_nftables(n);
	publish_service();
}

static void unpublish_alone(void)
{
	call(service.bus, publish_message(service.bus, SPARE, "Unpublish", SPARE_PORT, 1));
}

/* The signals of it are out before the next is measured. */
static void unpublish_service(void)
{
	unpublish_alone();
	call(service.bus, ping_message(service.bus));
}

static void publish_again(void)
{
	publish_service();
	call(service.bus, ping_message(service.bus));
}

static void prepare_one_less_floor(guint n)
{
	floor_netlink_prepare(n);
	floor_netlink_publish();
}

static void prepare_one_endpoint(guint n)
{
	service = service_new(0);
	call(service.bus, ports_message(service.bus, n));
	service_settle(&service);
}

static void ping_service(void)
{
	call(service.bus, ping_message(service.bus));
}

static const Tool tools[] = {
	{ "iptables, six processes", prepare_classic, publish_classic, unpublish_classic },
	{ "iptables-restore --noflush", prepare_restore, publish_restore, unpublish_classic },
	{ "firewalld over D-Bus", firewalld_prepare, firewalld_publish, firewalld_unpublish, "firewalld", 1000 },
	{ "nft -f, dnat map", prepare_nft, publish_nft, unpublish_nft, "nft", 100000 },
	{ "netfilterd", prepare_service, publish_service, unpublish_service },
	{ "netfilterd, nftables", prepare_nftables, publish_service, unpublish_service, NULL, 100000 },
	{ "netfilterd, all on one endpoint", prepare_one_endpoint, publish_service, unpublish_service },
	{ "libiptc in process (floor)", floor_prepare, floor_publish, floor_unpublish },
	{ "netlink in process (floor)", floor_netlink_prepare, floor_netlink_publish, floor_netlink_unpublish, NULL,
	  100000 },
	{ "libnftables in process, text", floor_libnftables_prepare, floor_libnftables_publish,
	  floor_libnftables_unpublish, NULL, 100000 },
	{ "one less: netfilterd, nftables", prepare_one_less, unpublish_alone, publish_again, NULL, 100000 },
	{ "one less: netlink in process (floor)", prepare_one_less_floor, floor_netlink_unpublish,
	  floor_netlink_publish, NULL, 100000 },
	{ "empty D-Bus call", prepare_nftables, ping_service, NULL, NULL, 100000 },
};

typedef struct Job {
	const Tool *tool;
	guint n;
} Job;

static double publish_once(const Tool *tool)
{
	double start = now_ms(), end;

	tool->publish();
	end = now_ms();
	if (tool->unpublish)
		tool->unpublish();
	return end - start;
}

static void measure_tool(gconstpointer data)
{
	const Job *job = data;
	GArray *samples = samples_new();
	guint n;

	job->tool->prepare(job->n);
	publish_once(job->tool); /* whatever is loaded or allocated once */
	n = repetitions(publish_once(job->tool));
	for (guint i = 0; i < n; i++)
		samples_add(samples, publish_once(job->tool));
	report("one more port", job->tool->name, job->n, samples);
}

void measure_one_more_port(void)
{
	for (guint i = 0; i < n_port_counts(); i++)
		for (guint j = 0; j < G_N_ELEMENTS(tools); j++) {
			const Tool *tool = &tools[j];
			g_autofree char *program = tool->program ? g_find_program_in_path(tool->program) : NULL;

			if (tool->program && !program) {
				if (i == 0)
					progress("  %s is not installed", tool->program);
				continue;
			}
			if (port_counts[i] <= (tool->n_max ?: N_MAX))
				measure_apart(measure_tool, &(Job){ tool, port_counts[i] });
		}
}
