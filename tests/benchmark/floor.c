/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/benchmark/floor.h"

#include "tests/benchmark/measurements.h"

#include "dbus/heap.h"
#include "service/iptables/chain.h"
#include "service/iptables/entry.h"
#include "service/rules/render.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

/* The rules of a port, in the order of render_port(). */
enum { DNAT, ACCEPT, SELF, N_ENTRIES };
typedef Entry PortEntries[N_ENTRIES];

static const xt_chainlabel docker = "DOCKER", postrouting = "POSTROUTING";

static PortEntries one_more[1];
static guint n_below; /* rules of a chain before one more */

/* The service's own encoder, so that both write the same bytes. */
static void encode(const char *address, guint16 port, Entry *ret)
{
	g_autoptr(Network) network = network_new("web");
	g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(RuleItem));
	PortMapping mapping = { .protocol = IPPROTO_TCP, .host_port = port, .endpoint_port = 80, .count = 1 };
	static const xt_chainlabel names[N_CHAINS] = { "" };
	Endpoint *endpoint = endpoint_new(network, "one");

	g_strlcpy(network->bridge, BRIDGE, sizeof network->bridge);
	address_parse(address, &endpoint->addresses[FAMILY_IPV4]);
	render_port(endpoint, &mapping, &(RenderOptions){ 0 }, items);
	for (guint i = 0; i < N_ENTRIES; i++)
		entry_encode(&g_array_index(items, RuleItem, i).rule, names, &ret[i]);
	endpoint_free(endpoint);
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

void floor_prepare(guint n)
{
	prepare_classic(n);
	encode(ONE_MORE_ADDRESS, SPARE_PORT, one_more[0]);
	n_below = n;
	heap_keep_freed();
}

static void append(PortEntries *ports, guint n)
{
	struct xtc_handle *handle = open_table("filter");
	int ok = 1;

	for (guint i = 0; ok && i < n; i++)
		ok = iptc_append_entry(docker, &ports[i][ACCEPT].ipv4, handle);
	close_table(handle, ok);
	handle = open_table("nat");
	for (guint i = 0; ok && i < n; i++)
		ok = iptc_append_entry(docker, &ports[i][DNAT].ipv4, handle) &&
		     iptc_append_entry(postrouting, &ports[i][SELF].ipv4, handle);
	close_table(handle, ok);
}

void floor_publish(void)
{
	append(one_more, 1);
}

void floor_unpublish(void)
{
	struct xtc_handle *handle = open_table("nat");

	close_table(handle, iptc_delete_num_entry(docker, n_below, handle) &&
				    iptc_delete_num_entry(postrouting, n_below, handle));
	handle = open_table("filter");
	close_table(handle, iptc_delete_num_entry(docker, n_below, handle));
}

double floor_build(guint n)
{
	g_autofree PortEntries *ports = g_new0(PortEntries, n);
	char address[16];
	double start;

	prepare_classic(0);
	for (guint i = 0; i < n; i++)
		encode(endpoint_address(i, address), FIRST_PORT + i, ports[i]);
	start = now_ms();
	append(ports, n);
	return now_ms() - start;
}

double floor_read(guint n)
{
	double start;

	prepare_classic(n);
	start = now_ms();
	iptc_free(open_table("filter"));
	iptc_free(open_table("nat"));
	return now_ms() - start;
}

double floor_bind(guint n)
{
	double start = now_ms();

	for (guint i = 0; i < n; i++) {
		struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(FIRST_PORT + i) };
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);

		if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &(int){ 1 }, sizeof(int)) < 0 ||
		    bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
			g_error("port %u: %s", FIRST_PORT + i, g_strerror(errno));
	}
	return now_ms() - start;
}
