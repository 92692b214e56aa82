/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/benchmark/floor.h"

#include "tests/benchmark/measurements.h"

#include "dbus/heap.h"
#include "service/nftables/actual.h"
#include "service/nftables/translate.h"
#include "service/rules/render.h"

#include <dlfcn.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <string.h>

#define TABLE "bench"

static struct mnl_socket *kernel;

/* The elements of a port, in the order in which the service adds them. */
enum { PUBLISHED, REACHABLE, N_ELEMENTS };
typedef Element PortElements[N_ELEMENTS];

static PortElements one_more[1];

/* The service's own encoder, so that both write the same bytes. */
static void encode(const char *address, HostPort port, PortElements ret)
{
	g_autoptr(Network) network = network_new("web");
	g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(RuleItem));
	PortMapping mapping = { .protocol = strcmp(port.protocol, "tcp") == 0 ? IPPROTO_TCP : IPPROTO_UDP,
				.host_port = port.port,
				.endpoint_port = 80,
				.count = 1 };
	Endpoint *endpoint = endpoint_new(network, "one");

	g_strlcpy(network->bridge, BRIDGE, sizeof network->bridge);
	address_parse(address, &endpoint->addresses[FAMILY_IPV4]);
	render_port(endpoint, &mapping, &(RenderOptions){ 0 }, items);
	for (guint i = 0; i < items->len; i++) {
		g_autoptr(GArray) elements = translate_to_array(&g_array_index(items, RuleItem, i).rule);

		for (guint j = 0; j < elements->len; j++) {
			const Element *element = &g_array_index(elements, Element, j);

			ret[element->set == SET_PUBLISHED ? PUBLISHED : REACHABLE] = *element;
		}
	}
	endpoint_free(endpoint);
}

static PortElements *encode_all(guint n)
{
	PortElements *ports = g_new0(PortElements, n);
	char address[16];

	for (guint i = 0; i < n; i++)
		encode(endpoint_address(i, address), host_port(i), ports[i]);
	return ports;
}

static void put_elements(Batch *batch, guint16 type, guint which, PortElements *ports, guint n)
{
	struct nlmsghdr *message = NULL;
	struct nlattr *list = NULL;

	for (guint i = 0; i < n; i++) {
		const Element *element = &ports[i][which];
		const char *name = set_info(element->set)->name;

		if (!message) {
			message = batch_message(batch, FAMILY_IPV4, type, type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0,
						name);
			mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, TABLE);
			mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, name);
			list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
		}
		element_put(element, message, type == NFT_MSG_NEWSETELEM ? ELEMENT_WHOLE : ELEMENT_TO_DELETE);
		if (message->nlmsg_len < BATCH_MESSAGE_MAX - ELEMENT_ATTRIBUTES_MAX && i + 1 < n)
			continue;
		mnl_attr_nest_end(message, list);
		batch_put(batch);
		message = NULL;
	}
}

static void send_batch(Batch *batch)
{
	int r = batch_is_empty(batch) ? 0 : batch_send(batch, kernel, true, NULL);

	if (r < 0)
		g_error("nf_tables: %s", g_strerror(-r));
}

static void change(guint16 type, PortElements *ports, guint n)
{
	g_autoptr(Batch) batch = batch_new(0);

	for (guint i = 0; i < N_ELEMENTS; i++)
		put_elements(batch, type, i, ports, n);
	send_batch(batch);
}

static void make_table(void)
{
	g_autoptr(Batch) batch = batch_new(0);

	kernel = mnl_socket_open(NETLINK_NETFILTER);
	if (!kernel || mnl_socket_bind(kernel, 0, MNL_SOCKET_AUTOPID) < 0)
		g_error("the kernel has no nf_tables");
	skeleton_put(batch, FAMILY_IPV4, TABLE, 0, false);
	send_batch(batch);
}

void floor_netlink_prepare(guint n)
{
	g_autofree PortElements *ports = encode_all(n);

	make_table();
	change(NFT_MSG_NEWSETELEM, ports, n);
	encode(ONE_MORE_ADDRESS, (HostPort){ "tcp", SPARE_PORT }, one_more[0]);
	heap_keep_freed();
}

void floor_netlink_publish(void)
{
	change(NFT_MSG_NEWSETELEM, one_more, 1);
}

void floor_netlink_unpublish(void)
{
	change(NFT_MSG_DELSETELEM, one_more, 1);
}

double floor_netlink_build(guint n)
{
	g_autofree PortElements *ports = encode_all(n);
	double start;

	make_table();
	start = now_ms();
	change(NFT_MSG_NEWSETELEM, ports, n);
	return now_ms() - start;
}

static void count_element(const Element *element G_GNUC_UNUSED, const ActualCounter *counter G_GNUC_UNUSED,
			  void *userdata)
{
	++*(guint *)userdata;
}

double floor_netlink_read(guint n)
{
	g_autofree PortElements *ports = encode_all(n);
	static const enum set sets[] = { SET_PUBLISHED, SET_REACHABLE };
	double start;
	guint found = 0;

	make_table();
	change(NFT_MSG_NEWSETELEM, ports, n);
	start = now_ms();
	for (guint i = 0; i < G_N_ELEMENTS(sets); i++)
		actual_elements(kernel, FAMILY_IPV4, TABLE, sets[i], count_element, &found);
	if (found != 2 * n)
		g_error("%u elements are there, not %u", found, 2 * n);
	return now_ms() - start;
}

/* --- libnftables --- */

/* Not linked: nothing else needs its headers. */
static struct {
	void *(*ctx_new)(guint32 flags);
	int (*run_cmd_from_buffer)(void *ctx, const char *buffer);
	void *ctx;
} nft;

static void open_libnftables(void)
{
	void *library = dlopen(LIBNFTABLES, RTLD_NOW);

	if (!library)
		g_error("%s", dlerror());
	nft.ctx_new = (void *(*)(guint32))dlsym(library, "nft_ctx_new");
	nft.run_cmd_from_buffer = (int (*)(void *, const char *))dlsym(library, "nft_run_cmd_from_buffer");
	if (!nft.ctx_new || !nft.run_cmd_from_buffer || !(nft.ctx = nft.ctx_new(0)))
		g_error("libnftables cannot be used");
}

static void run_text(const char *text)
{
	if (nft.run_cmd_from_buffer(nft.ctx, text) != 0)
		g_error("libnftables refuses %s", text);
}

static char *text_of(const char *verb, PortElements *ports, guint n)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < N_ELEMENTS; i++) {
		g_string_append_printf(text, "%s element ip " TABLE " %s {", verb, set_info(ports[0][i].set)->name);
		for (guint j = 0; j < n; j++) {
			g_string_append(text, j > 0 ? ", " : " ");
			element_append_text(&ports[j][i], text);
		}
		g_string_append(text, " }\n");
	}
	return g_string_free(text, FALSE);
}

void floor_libnftables_prepare(guint n)
{
	floor_netlink_prepare(n);
	open_libnftables();
}

void floor_libnftables_publish(void)
{
	g_autofree char *text = text_of("add", one_more, 1);

	run_text(text);
}

void floor_libnftables_unpublish(void)
{
	floor_netlink_unpublish();
}

double floor_libnftables_build(guint n)
{
	g_autofree PortElements *ports = encode_all(n);
	g_autofree char *text = text_of("add", ports, n);
	double start;

	make_table();
	open_libnftables();
	start = now_ms();
	run_text(text);
	return now_ms() - start;
}
