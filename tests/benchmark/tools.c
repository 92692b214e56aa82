/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/benchmark/measurements.h"

#include "service/iptables/entry.h"
#include "service/rules/render.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#define ONE_MORE_ADDRESS "10.64.0.2"
#define ONE_MORE_PORT "19000" /* SPARE_PORT */
#define BRIDGE "br-web"

const guint port_counts[] = { 0, 100, 1000, 5000, 10000 };

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
	guint n_max;
} Tool;

/* --- iptables --- */

char *classic_rules(guint n)
{
	GString *text = g_string_new("*filter\n:DOCKER - [0:0]\n-A FORWARD -o " BRIDGE " -j DOCKER\n");
	char address[16];

	for (guint i = 0; i < n; i++)
		g_string_append_printf(text, "-A DOCKER -d %s/32 ! -i " BRIDGE " -o " BRIDGE " -p tcp -m tcp --dport 80 -j ACCEPT\n",
				       endpoint_address(i, address));
	g_string_append(text, "COMMIT\n*nat\n:DOCKER - [0:0]\n-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n");
	for (guint i = 0; i < n; i++)
		g_string_append_printf(text,
				       "-A DOCKER ! -i " BRIDGE " -p tcp -m tcp --dport %u -j DNAT --to-destination %s:80\n",
				       FIRST_PORT + i, endpoint_address(i, address));
	for (guint i = 0; i < n; i++)
		g_string_append_printf(text, "-A POSTROUTING -s %s/32 -d %s/32 -p tcp -m tcp --dport 80 -j MASQUERADE\n",
				       endpoint_address(i, address), address);
	g_string_append(text, "COMMIT\n");
	return g_string_free(text, FALSE);
}

static void prepare_classic(guint n)
{
	g_autofree char *text = classic_rules(n);

	write_file("/run/rules", text);
	run_program((const char *const[]){ "iptables-legacy-restore", NULL }, "/run/rules");
}

#define RULE_NAT "-t", "nat"
#define RULE_FILTER "-t", "filter"
#define RULE_DNAT                                                                                                 \
	"DOCKER", "!", "-i", BRIDGE, "-p", "tcp", "-m", "tcp", "--dport", ONE_MORE_PORT, "-j", "DNAT",           \
		"--to-destination", ONE_MORE_ADDRESS ":80"
#define RULE_ACCEPT                                                                                               \
	"DOCKER", "-d", ONE_MORE_ADDRESS "/32", "!", "-i", BRIDGE, "-o", BRIDGE, "-p", "tcp", "-m", "tcp", "--dport", "80", \
		"-j", "ACCEPT"
#define RULE_SELF                                                                                                 \
	"POSTROUTING", "-s", ONE_MORE_ADDRESS "/32", "-d", ONE_MORE_ADDRESS "/32", "-p", "tcp", "-m", "tcp", "--dport",  \
		"80", "-j", "MASQUERADE"
#define IPTABLES(...) ((const char *const[]){ "iptables-legacy", "--wait", __VA_ARGS__, NULL })

/* Whether it is there; that it is not is no error. */
static void check_classic(const char *const *argv)
{
	g_spawn_sync(NULL, (char **)argv, NULL,
		     G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL, NULL, NULL,
		     NULL);
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
	write_file("/run/one-more",
		   "*filter\n"
		   "-A DOCKER -d " ONE_MORE_ADDRESS "/32 ! -i " BRIDGE " -o " BRIDGE " -p tcp -m tcp --dport 80 -j ACCEPT\n"
		   "COMMIT\n"
		   "*nat\n"
		   "-A DOCKER ! -i " BRIDGE " -p tcp -m tcp --dport " ONE_MORE_PORT " -j DNAT --to-destination " ONE_MORE_ADDRESS
		   ":80\n"
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
	GString *text = g_string_new("table ip bench {\n\tmap ports {\n\t\ttype inet_service : ipv4_addr . inet_service\n");
	char address[16];

	if (n > 0)
		g_string_append(text, "\t\telements = {\n");
	for (guint i = 0; i < n; i++)
		g_string_append_printf(text, "%u : %s . 80,\n", FIRST_PORT + i, endpoint_address(i, address));
	if (n > 0)
		g_string_append(text, "\t\t}\n");
	g_string_append(text, "\t}\n\tchain prerouting {\n\t\ttype nat hook prerouting priority dstnat;\n"
			      "\t\tdnat ip to tcp dport map @ports\n\t}\n}\n");
	return g_string_free(text, FALSE);
}

static void prepare_nft(guint n)
{
	g_autofree char *text = nft_script(n);

	write_file("/run/script", text);
	run_program((const char *const[]){ "nft", "-f", "/run/script", NULL }, NULL);
	write_file("/run/one-more", "add element ip bench ports { " ONE_MORE_PORT " : " ONE_MORE_ADDRESS " . 80 }\n");
	write_file("/run/one-less", "delete element ip bench ports { " ONE_MORE_PORT " }\n");
}

static void publish_nft(void)
{
	run_program((const char *const[]){ "nft", "-f", "/run/one-more", NULL }, NULL);
}

static void unpublish_nft(void)
{
	run_program((const char *const[]){ "nft", "-f", "/run/one-less", NULL }, NULL);
}

/* --- libiptc in this process: the floor --- */

static Entry floor_dnat, floor_accept, floor_self;

static const xt_chainlabel docker = "DOCKER", postrouting = "POSTROUTING";

/* The service's own encoder, so that both write the same bytes. */
static void encode_floor(void)
{
	g_autoptr(Network) network = network_new("web");
	g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(RuleItem));
	PortMapping mapping = { .protocol = IPPROTO_TCP, .host_port = SPARE_PORT, .endpoint_port = 80, .count = 1 };
	static const xt_chainlabel names[N_CHAINS] = { "" };
	Endpoint *endpoint = endpoint_new(network, "more");

	g_strlcpy(network->bridge, BRIDGE, sizeof network->bridge);
	address_parse(ONE_MORE_ADDRESS, &endpoint->addresses[FAMILY_IPV4]);
	render_port(endpoint, &mapping, &(RenderOptions){ 0 }, items);
	entry_encode(&g_array_index(items, RuleItem, 0).rule, names, &floor_dnat);
	entry_encode(&g_array_index(items, RuleItem, 1).rule, names, &floor_accept);
	entry_encode(&g_array_index(items, RuleItem, 2).rule, names, &floor_self);
	endpoint_free(endpoint);
}

static guint n_below; /* rules of a chain before one more */

static void prepare_floor(guint n)
{
	prepare_classic(n);
	encode_floor();
	n_below = n;
	/* What memory costs is not what is asked here. */
	mallopt(M_TRIM_THRESHOLD, G_MAXINT);
}

static struct xtc_handle *open_table(const char *table)
{
	struct xtc_handle *handle = iptc_init(table);

	if (!handle)
		g_error("%s: %s", table, iptc_strerror(errno));
	return handle;
}

static void close_table(struct xtc_handle *handle, int ok)
{
	if (!ok || !iptc_commit(handle))
		g_error("libiptc: %s", iptc_strerror(errno));
	iptc_free(handle);
}

static void publish_floor(void)
{
	struct xtc_handle *handle = open_table("filter");

	close_table(handle, iptc_append_entry(docker, &floor_accept.ipv4, handle));
	handle = open_table("nat");
	close_table(handle, iptc_append_entry(docker, &floor_dnat.ipv4, handle) &&
				    iptc_append_entry(postrouting, &floor_self.ipv4, handle));
}

static void unpublish_floor(void)
{
	struct xtc_handle *handle = open_table("nat");

	close_table(handle, iptc_delete_num_entry(docker, n_below, handle) &&
				    iptc_delete_num_entry(postrouting, n_below, handle));
	handle = open_table("filter");
	close_table(handle, iptc_delete_num_entry(docker, n_below, handle));
}

/* --- the service --- */

static Service service;

static void prepare_service(guint n)
{
	service = service_new(n);
}

static void publish_service(void)
{
	call(service.bus, publish_message(service.bus, SPARE, "Publish", SPARE_PORT, 1));
}

static void unpublish_service(void)
{
	call(service.bus, publish_message(service.bus, SPARE, "Unpublish", SPARE_PORT, 1));
}

static void prepare_crowded_service(guint n)
{
	sd_bus_message *message;
	int r;

	service = service_new(0);
	message = message_new(service.bus, SPARE, SERVICE ".Endpoint", "Publish", NULL);
	r = sd_bus_message_open_container(message, 'a', "(ssqqq)");
	for (guint i = 0; r >= 0 && i < n; i++)
		r = sd_bus_message_append(message, "(ssqqq)", "tcp", "", FIRST_PORT + i, 1 + i, 1);
	if (r < 0 || sd_bus_message_close_container(message) < 0)
		g_error("Publish cannot be written");
	call(service.bus, message);
}

static void ping_service(void)
{
	call(service.bus, ping_message(service.bus));
}

/* --- firewalld --- */

static sd_bus *firewalld_bus;

static void call_firewalld(const char *member, const char *types, ...)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *message = NULL;
	va_list args;

	va_start(args, types);
	if (sd_bus_message_new_method_call(firewalld_bus, &message, "org.fedoraproject.FirewallD1",
					   "/org/fedoraproject/FirewallD1", "org.fedoraproject.FirewallD1.zone", member) < 0 ||
	    sd_bus_message_appendv(message, types, args) < 0 ||
	    sd_bus_call(firewalld_bus, message, 600 * G_USEC_PER_SEC, &error, NULL) < 0)
		g_error("%s: %s", member, error.message);
	va_end(args);
	sd_bus_message_unref(message);
}

static void prepare_firewalld(guint n)
{
	static const char *const argv[] = { "firewalld", "--nofork", "--nopid", "--system-config", "/run/firewalld", NULL };
	GString *zone = g_string_new("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<zone>\n<short>Public</short>\n");
	char address[16];

	for (guint i = 0; i < n; i++)
		g_string_append_printf(zone, "<forward-port port=\"%u\" protocol=\"tcp\" to-port=\"80\" to-addr=\"%s\"/>\n",
				       FIRST_PORT + i, endpoint_address(i, address));
	g_string_append(zone, "</zone>\n");
	g_mkdir_with_parents("/run/firewalld/zones", 0755);
	write_file("/run/firewalld/zones/public.xml", zone->str);
	write_file("/run/firewalld/firewalld.conf", "DefaultZone=public\nFirewallBackend=nftables\nCleanupOnExit=no\n");
	g_string_free(zone, TRUE);

	bus_start();
	firewalld_bus = bus_connect();
	spawn(argv);
	for (guint i = 0; sd_bus_get_name_creds(firewalld_bus, "org.fedoraproject.FirewallD1", 0, NULL) < 0; i++) {
		if (i == 3000)
			g_error("firewalld does not start");
		g_usleep(100 * G_TIME_SPAN_MILLISECOND);
	}
}

static void publish_firewalld(void)
{
	call_firewalld("addForwardPort", "sssssi", "public", ONE_MORE_PORT, "tcp", "80", ONE_MORE_ADDRESS, 0);
}

static void unpublish_firewalld(void)
{
	call_firewalld("removeForwardPort", "sssss", "public", ONE_MORE_PORT, "tcp", "80", ONE_MORE_ADDRESS);
}

/* --- */

static const Tool tools[] = {
	{ "iptables, six processes", prepare_classic, publish_classic, unpublish_classic },
	{ "iptables-restore --noflush", prepare_restore, publish_restore, unpublish_classic },
	{ "firewalld over D-Bus", prepare_firewalld, publish_firewalld, unpublish_firewalld, "firewalld", 1000 },
	{ "nft -f, dnat map", prepare_nft, publish_nft, unpublish_nft },
	{ "netfilterd", prepare_service, publish_service, unpublish_service },
	{ "netfilterd, all on one endpoint", prepare_crowded_service, publish_service, unpublish_service },
	{ "libiptc in process (floor)", prepare_floor, publish_floor, unpublish_floor },
	{ "empty D-Bus call", prepare_service, ping_service, NULL },
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
			if (tool->n_max == 0 || port_counts[i] <= tool->n_max)
				measure_apart(measure_tool, &(Job){ tool, port_counts[i] });
		}
}
