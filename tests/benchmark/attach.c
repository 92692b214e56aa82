/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/netlink.h"
#include "tests/benchmark/measurements.h"
#include "tests/support/container.h"

#include <stdio.h>
#include <string.h>

/* Containers that come to a network, with a veth, addresses and routes: by our calls, by ip, and by plugins. All of
 * them are interfaces of one namespace, so that nobody has to make thousands. */

static guint n_attached(void)
{
	return quick ? 100 : 1000;
}

/* --- calls --- */

static sd_bus_message *attach_message(const Service *service, const Container *container, guint i)
{
	char name[16], interface[16], address[16];

	snprintf(name, sizeof name, "e%u", i);
	snprintf(interface, sizeof interface, "c%u", i);
	return message_new(service->bus, WEB, SERVICE ".Network", "CreateEndpoint", "sa{sv}", name, 4, "Addresses",
			   "as", 1, endpoint_address(i, address), "NetNS", "h", container->socket, "Interface", "s",
			   interface, "Routes", "a(ss)", 0);
}

static void attach_one_by_one(gconstpointer data G_GNUC_UNUSED)
{
	Service service = service_new(0);
	GArray *samples = samples_new();
	Container container;
	double start = now_ms();

	container_start(&container, 0);
	for (guint i = 0; i < n_attached(); i++) {
		double before = now_ms();

		call(service.bus, attach_message(&service, &container, i));
		samples_add(samples, now_ms() - before);
	}
	report_value("attach", variant("one after the other, all"), n_attached(), "ms", now_ms() - start);
	report("attach", variant("one after the other"), n_attached(), samples);
	container_kill(&container);
}

static void attach_together(gconstpointer data G_GNUC_UNUSED)
{
	Service service = service_new(0);
	Container container;
	double start;

	container_start(&container, 0);
	start = now_ms();
	for (guint i = 0; i < n_attached(); i++)
		send_call(service.bus, attach_message(&service, &container, i));
	wait_for_replies(service.bus);
	report_value("attach", variant("sent together, all"), n_attached(), "ms", now_ms() - start);
	start = now_ms();
	call(service.bus, message_new(service.bus, WEB, SERVICE ".Network", "Retain", "as", 0));
	report_value("attach", variant("detached in one call, all"), n_attached(), "ms", now_ms() - start);
	container_kill(&container);
}

/* --- ip --- */

#define OWN_GROUP G_STRINGIFY(NETLINK_OWN_GROUP)

static void make_bridge(void)
{
	run_program((const char *const[]){ "ip", "link", "add", BRIDGE, "type", "bridge", NULL }, NULL);
	run_program((const char *const[]){ "ip", "addr", "add", "10.0.0.1/8", "dev", BRIDGE, NULL }, NULL);
	run_program((const char *const[]){ "ip", "link", "set", BRIDGE, "up", NULL }, NULL);
}

/* What the service asks of the kernel for as many endpoints. */
static void write_batches(const Container *container)
{
	GString *made = g_string_new(NULL), *inside = g_string_new(NULL), *joined = g_string_new(NULL);
	char address[16];

	for (guint i = 0; i < n_attached(); i++) {
		g_string_append_printf(made,
				       "link add v%u mtu 1500 numtxqueues 1 numrxqueues 1 type veth peer name c%u mtu "
				       "1500 numtxqueues 1 numrxqueues 1 netns %d\n",
				       i, i, container->pid);
		g_string_append_printf(inside,
				       "link set c%u addrgenmode none\nlink set c%u up\naddr add %s/8 dev c%u\n", i, i,
				       endpoint_address(i, address), i);
		g_string_append_printf(joined,
				       "link set v%u addrgenmode none\n"
				       "link set v%u master " BRIDGE " group " OWN_GROUP " up\n"
				       "link set v%u type bridge_slave hairpin on\n",
				       i, i, i);
	}
	write_file("/run/made", made->str);
	write_file("/run/inside", inside->str);
	write_file("/run/joined", joined->str);
	g_string_free(made, TRUE);
	g_string_free(inside, TRUE);
	g_string_free(joined, TRUE);
}

static void attach_by_ip(gconstpointer data G_GNUC_UNUSED)
{
	g_autofree char *netns = NULL;
	Container container;
	double start;

	container_start(&container, 0);
	netns = g_strdup_printf("--net=/proc/%d/ns/net", container.pid);
	make_bridge();
	write_batches(&container);
	start = now_ms();
	run_program((const char *const[]){ "ip", "-batch", "/run/made", NULL }, NULL);
	run_program((const char *const[]){ "nsenter", netns, "ip", "-batch", "/run/inside", NULL }, NULL);
	run_program((const char *const[]){ "ip", "-batch", "/run/joined", NULL }, NULL);
	report_value("attach", "ip -batch, all", n_attached(), "ms", now_ms() - start);
	start = now_ms();
	run_program((const char *const[]){ "ip", "link", "delete", "group", OWN_GROUP, NULL }, NULL);
	report_value("attach", "ip link delete group, all", n_attached(), "ms", now_ms() - start);
	container_kill(&container);
}

void measure_attach(void)
{
	measure_apart(attach_one_by_one, NULL);
	measure_apart(attach_together, NULL);
	if (!service_has_nftables())
		measure_apart(attach_by_ip, NULL);
}

/* --- plugins --- */

#define VERSION_AND_NAME "\"cniVersion\": \"1.0.0\", \"name\": \"bench\""
#define PUBLISHED \
	", \"runtimeConfig\": {\"portMappings\": [{\"hostPort\": %u, \"containerPort\": 80, \"protocol\": \"tcp\"}]}"

/* A plugin and what it is told but for the port; %s is what the plugin before it answered. */
typedef struct Plugin {
	const char *program, *configuration;
} Plugin;

typedef struct Chain {
	const char *variant;
	Plugin plugins[4]; /* up to the first without a configuration */
	bool ours;
} Chain;

static const Chain chains[] = {
	{ "netfilter",
	  { { NULL, VERSION_AND_NAME ", \"type\": \"netfilter\", \"subnets\": [\"10.0.0.0/8\"]" } },
	  true },
	{ "bridge, portmap, firewall",
	  { { "bridge",
	      VERSION_AND_NAME ", \"type\": \"bridge\", \"bridge\": \"cni0\", \"isGateway\": true, \"ipMasq\": "
			       "true, \"ipam\": {\"type\": \"host-local\", \"dataDir\": \"/run/cni\", \"subnet\": "
			       "\"10.0.0.0/8\"}" },
	    { "portmap",
	      VERSION_AND_NAME ", \"type\": \"portmap\", \"capabilities\": {\"portMappings\": true}, \"snat\": true" },
	    { "firewall", VERSION_AND_NAME ", \"type\": \"firewall\", \"backend\": \"iptables\"" } },
	  false },
};

static const char *plugins_folder(void)
{
	const char *folder = g_getenv("CNI_PLUGINS");

	return folder ? folder : "/usr/lib/cni";
}

static char *plugin_path(const Plugin *plugin)
{
	if (!plugin->program)
		return g_strdup(g_getenv("NETFILTER"));
	return g_build_filename(plugins_folder(), plugin->program, NULL);
}

/* What it answers. */
static char *run_plugin(const Plugin *plugin, guint i, const char *before)
{
	g_autofree char *program = plugin_path(plugin), *answer = NULL,
			*port = g_strdup_printf(PUBLISHED, FIRST_PORT + i);
	g_autofree char *text = g_strconcat("{", plugin->configuration, port, before ? ", \"prevResult\": " : "",
					    before ? before : "", "}", NULL);

	write_file("/run/cni.json", text);
	run_program((const char *const[]){ "sh", "-c", "exec \"$0\" </run/cni.json >/run/cni.answer", program, NULL },
		    NULL);
	if (!g_file_get_contents("/run/cni.answer", &answer, NULL, NULL))
		g_error("%s answers nothing", program);
	return g_steal_pointer(&answer);
}

static double add(const Chain *chain, guint i)
{
	g_autofree char *id = g_strdup_printf("container%u", i), *interface = g_strdup_printf("c%u", i), *answer = NULL;
	double start = now_ms();

	g_setenv("CNI_CONTAINERID", id, TRUE);
	g_setenv("CNI_IFNAME", interface, TRUE);
	for (const Plugin *plugin = chain->plugins; plugin->configuration; plugin++) {
		char *next = run_plugin(plugin, i, answer);

		g_free(answer);
		answer = next;
	}
	return now_ms() - start;
}

typedef struct Addition {
	const Chain *chain;
	guint n;
} Addition;

static void measure_addition(gconstpointer data)
{
	const Addition *addition = data;
	g_autofree char *netns = NULL;
	GArray *samples = samples_new();
	Container container;

	container_start(&container, 0);
	netns = g_strdup_printf("/proc/%d/ns/net", container.pid);
	g_setenv("CNI_COMMAND", "ADD", TRUE);
	g_setenv("CNI_NETNS", netns, TRUE);
	g_setenv("CNI_PATH", plugins_folder(), TRUE);
	if (addition->chain->ours) {
		bus_start();
		service_start(bus_connect(), NULL);
	}
	for (guint i = 0; i < addition->n; i++)
		add(addition->chain, i);
	for (guint i = 0; i < 20; i++)
		samples_add(samples, add(addition->chain, addition->n + i));
	report("plugins", addition->chain->ours ? variant(addition->chain->variant) : addition->chain->variant,
	       addition->n, samples);
	container_kill(&container);
}

void measure_plugins(void)
{
	static const guint counts[] = { 0, 300 };

	for (guint i = 0; i < G_N_ELEMENTS(chains); i++) {
		g_autofree char *program = plugin_path(&chains[i].plugins[0]);

		if (!chains[i].ours && service_has_nftables())
			continue;
		if (!program || !g_file_test(program, G_FILE_TEST_IS_EXECUTABLE)) {
			progress("%s: there is no %s", chains[i].variant, program ? program : "$NETFILTER");
			continue;
		}
		for (guint j = 0; j < (quick ? 1 : G_N_ELEMENTS(counts)); j++)
			measure_apart(measure_addition, &(Addition){ &chains[i], counts[j] });
	}
}
