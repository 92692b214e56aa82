/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/host-ports.h"

#include "service/model/endpoint.h"
#include "service/netlink/sockets.h"

#include <errno.h>
#include <linux/filter.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* One port on one host address. It outlives its release until the transaction is done, so that taking the
 * release back cannot fail. */
typedef struct Binding {
	struct Binding *next; /* on the same port, other addresses */
	Address address;
	int fd;           /* -1 where the kernel would not give us a socket */
	guint16 releases; /* not done yet */
	bool live;
} Binding;

struct Ports {
	GHashTable *bindings; /* port_key() → Binding */
	guint16 cursors[256]; /* by protocol: the last port handed out */
	bool warned[256];     /* by protocol: no socket to reserve with */
	bool warned_blind;    /* and the kernel does not say who has the port */
	bool tolerant;
};

enum reserve_result { RESERVED, IN_USE_HERE, IN_USE_ON_HOST, RELEASE_PENDING, BIND_FAILED };

Ports *ports_new(void)
{
	Ports *ports = g_new0(Ports, 1);

	ports->bindings = g_hash_table_new(NULL, NULL);
	return ports;
}

static void binding_free(Binding *binding)
{
	if (binding->fd >= 0)
		close(binding->fd);
	g_free(binding);
}

void ports_free(Ports *ports)
{
	GHashTableIter iter;
	gpointer value;

	if (!ports)
		return;
	g_hash_table_iter_init(&iter, ports->bindings);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		for (Binding *binding = value, *next; binding; binding = next) {
			next = binding->next;
			binding_free(binding);
		}
	g_hash_table_unref(ports->bindings);
	g_free(ports);
}

static gpointer port_key(const PortRange *range, guint16 port)
{
	return GUINT_TO_POINTER((guint)range->protocol << 24 | (guint)range->family << 16 | port);
}

static bool is_any(const Address *address)
{
	return address->family == AF_UNSPEC || address_is_any(address);
}

static bool same_address(const Address *a, const Address *b)
{
	return (is_any(a) && is_any(b)) || address_equal(a, b);
}

static Binding *find_binding(Ports *ports, const PortRange *range, guint16 port)
{
	Binding *binding = g_hash_table_lookup(ports->bindings, port_key(range, port));

	while (binding && !same_address(&binding->address, &range->address))
		binding = binding->next;
	return binding;
}

static void drop_binding(Ports *ports, const PortRange *range, guint16 port, Binding *binding)
{
	Binding *head = g_hash_table_lookup(ports->bindings, port_key(range, port)), **link = &head;

	while (*link != binding)
		link = &(*link)->next;
	*link = binding->next;
	if (head)
		g_hash_table_insert(ports->bindings, port_key(range, port), head);
	else
		g_hash_table_remove(ports->bindings, port_key(range, port));
	binding_free(binding);
}

static struct sock_filter drop_all_code[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
static const struct sock_fprog drop_all = { G_N_ELEMENTS(drop_all_code), drop_all_code };

static int bind_socket(const PortRange *range, guint16 port)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} address = { .any.sa_family = family_to_af(range->family) };
	bool v6 = range->family == FAMILY_IPV6;
	int fd, r;

	fd = socket(address.any.sa_family,
		    (range->protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    range->protocol);
	if (fd < 0)
		return -errno;

	/* The host address may come later than the rule, and [::]:PORT leaves 0.0.0.0:PORT alone. */
	r = setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_FREEBIND : IP_FREEBIND, &(int){ 1 }, sizeof(int));
	if (r >= 0 && v6)
		r = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ 1 }, sizeof(int));
	if (v6) {
		address.in6.sin6_port = htons(port);
		memcpy(&address.in6.sin6_addr, range->address.bytes, sizeof address.in6.sin6_addr);
	} else {
		address.in.sin_port = htons(port);
		memcpy(&address.in.sin_addr, range->address.bytes, sizeof address.in.sin_addr);
	}
	if (r >= 0)
		r = bind(fd, &address.any, v6 ? sizeof address.in6 : sizeof address.in);
	/* A datagram socket that nobody reads would fill its buffer with what bypasses our rules. */
	if (r >= 0 && range->protocol == IPPROTO_UDP)
		r = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &drop_all, sizeof drop_all);
	if (r < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

/* No socket of that protocol, or not for us: the rules work all the same, only the port is not kept from others. */
static bool is_missing_socket(int r)
{
	return r == -EPROTONOSUPPORT || r == -ESOCKTNOSUPPORT || r == -EAFNOSUPPORT || r == -EACCES;
}

/* For a port that we may not bind. One question a range: *next_bound is the next that somebody has, once known. */
static bool is_bound_on_host(Ports *ports, const PortRange *range, guint16 port, guint *next_bound)
{
	g_autoptr(GError) error = NULL;
	guint end = (guint)range->first + range->count;

	if (port > *next_bound && !sockets_find_bound(range->protocol, range->family, &range->address, port, end - port,
						      next_bound, &error)) {
		*next_bound = end;
		if (!ports->warned_blind)
			g_warning("Cannot tell whether a program on the host has %s port %u, publishing it all the "
				  "same: %s",
				  protocol_to_string(range->protocol), port, error->message);
		ports->warned_blind = true;
	}
	return port == *next_bound;
}

static enum reserve_result reserve_port(Ports *ports, const PortRange *range, guint16 port, guint *next_bound,
					int *ret_errno)
{
	Binding *head = g_hash_table_lookup(ports->bindings, port_key(range, port)), *binding;
	int fd;

	for (binding = head; binding; binding = binding->next) {
		if (!is_any(&binding->address) && !is_any(&range->address) &&
		    !address_equal(&binding->address, &range->address))
			continue;
		if (binding->live)
			return IN_USE_HERE;
		if (!same_address(&binding->address, &range->address))
			return RELEASE_PENDING;
		binding->live = true;
		return RESERVED;
	}

	fd = bind_socket(range, port);
	if (fd == -EACCES && is_bound_on_host(ports, range, port, next_bound))
		fd = -EADDRINUSE;
	if (is_missing_socket(fd)) {
		if (!ports->warned[range->protocol])
			g_warning("Cannot keep %s port %u from programs on the host, publishing it all the same: %s",
				  protocol_to_string(range->protocol), port, g_strerror(-fd));
		ports->warned[range->protocol] = true;
		fd = -1;
	} else if (fd == -EADDRINUSE && ports->tolerant) {
		g_warning("%s port %u was taken by a program on the host, it stays published all the same",
			  protocol_to_string(range->protocol), port);
		fd = -1;
	} else if (fd < 0) {
		*ret_errno = -fd;
		return fd == -EADDRINUSE ? IN_USE_ON_HOST : BIND_FAILED;
	}

	binding = g_new(Binding, 1);
	*binding = (Binding){ .next = head, .address = range->address, .fd = fd, .live = true };
	g_hash_table_insert(ports->bindings, port_key(range, port), binding);
	return RESERVED;
}

static void unreserve_port(Ports *ports, const PortRange *range, guint16 port)
{
	Binding *binding = find_binding(ports, range, port);

	binding->live = false;
	if (binding->releases == 0)
		drop_binding(ports, range, port, binding);
}

static void undo_reserve(void *context, void *object)
{
	PortRange *range = object;

	for (guint i = range->count; i-- > 0;)
		unreserve_port(context, range, range->first + i);
	g_free(range);
}

static void undo_release(void *context, void *object)
{
	PortRange *range = object;

	for (guint i = 0; i < range->count; i++) {
		Binding *binding = find_binding(context, range, range->first + i);

		binding->releases--;
		binding->live = true;
	}
	g_free(range);
}

static void done_release(void *context, void *object)
{
	PortRange *range = object;

	for (guint i = 0; i < range->count; i++) {
		Binding *binding = find_binding(context, range, range->first + i);

		binding->releases--;
		if (!binding->live && binding->releases == 0)
			drop_binding(context, range, range->first + i, binding);
	}
	g_free(range);
}

static void done_reserve(void *context G_GNUC_UNUSED, void *object)
{
	g_free(object);
}

static enum reserve_result reserve_range(Ports *ports, Transaction *transaction, const PortRange *range,
					 guint16 *ret_port, int *ret_errno)
{
	guint next_bound = 0;

	for (guint i = 0; i < range->count; i++) {
		enum reserve_result result = reserve_port(ports, range, range->first + i, &next_bound, ret_errno);

		if (result == RESERVED)
			continue;
		*ret_port = range->first + i;
		while (i-- > 0)
			unreserve_port(ports, range, range->first + i);
		return result;
	}
	transaction_push(transaction, undo_reserve, NULL, done_reserve, ports, g_memdup2(range, sizeof *range));
	return RESERVED;
}

static const char *range_format(const PortRange *range, guint16 port, char buffer[static 80])
{
	char address[INET6_ADDRSTRLEN];

	snprintf(buffer, 80, "%s port %u on %s", protocol_to_string(range->protocol), port,
		 is_any(&range->address) ? (range->family == FAMILY_IPV6 ? "any IPv6 address" : "any IPv4 address")
					 : address_format(&range->address, address));
	return buffer;
}

bool ports_reserve(Ports *ports, Transaction *transaction, const PortRange *range, GError **error)
{
	char text[80];
	guint16 port;
	int e = 0;

	switch (reserve_range(ports, transaction, range, &port, &e)) {
	case RESERVED:
		return true;
	case IN_USE_HERE:
		g_set_error(error, NETFILTER_ERROR, NETFILTER_ERROR_PORT_IN_USE, "%s is published already",
			    range_format(range, port, text));
		return false;
	case RELEASE_PENDING:
		g_set_error(error, NETFILTER_ERROR, NETFILTER_ERROR_PENDING, "%s is being unpublished",
			    range_format(range, port, text));
		return false;
	case IN_USE_ON_HOST:
		g_set_error(error, NETFILTER_ERROR, NETFILTER_ERROR_PORT_IN_USE,
			    "%s is in use by a program on the host", range_format(range, port, text));
		return false;
	case BIND_FAILED:
		g_set_error(error, NETFILTER_ERROR, NETFILTER_ERROR_FAILED, "%s cannot be reserved: %s",
			    range_format(range, port, text), g_strerror(e));
		return false;
	}
	g_assert_not_reached();
}

void ports_release(Ports *ports, Transaction *transaction, const PortRange *range)
{
	for (guint i = 0; i < range->count; i++) {
		Binding *binding = find_binding(ports, range, range->first + i);

		binding->live = false;
		binding->releases++;
	}
	transaction_push(transaction, undo_release, NULL, done_release, ports, g_memdup2(range, sizeof *range));
}

static void read_local_port_range(guint *ret_min, guint *ret_max)
{
	g_autofree char *text = NULL;

	if (!g_file_get_contents("/proc/sys/net/ipv4/ip_local_port_range", &text, NULL, NULL) ||
	    sscanf(text, "%u %u", ret_min, ret_max) != 2 || *ret_min < 1 || *ret_max > 65535 || *ret_min > *ret_max) {
		*ret_min = 32768; /* the kernel's default */
		*ret_max = 60999;
	}
}

/* What was not handed out after all is the next to be. */
static void undo_allocate(void *context, void *object)
{
	Ports *ports = context;
	guint before = GPOINTER_TO_UINT(object);

	ports->cursors[before >> 16] = before & G_MAXUINT16;
}

bool ports_allocate(Ports *ports, Transaction *transaction, PortRange *ranges, guint n, GError **error)
{
	guint8 protocol = ranges[0].protocol;
	guint count = ranges[0].count, mark = transaction_mark(transaction), min, max, candidates;
	guint16 port;
	int e = 0;

	read_local_port_range(&min, &max);
	candidates = max - min + 1 >= count ? max - min + 2 - count : 0;

	for (guint tried = 0, first = ports->cursors[protocol] + 1u; tried < candidates; tried++, first++) {
		enum reserve_result result = RESERVED;

		if (first < min || first + count - 1 > max)
			first = min;
		for (guint i = 0; i < n && result == RESERVED; i++) {
			ranges[i].first = first;
			result = reserve_range(ports, transaction, &ranges[i], &port, &e);
		}
		if (result == RESERVED) {
			transaction_push(transaction, undo_allocate, NULL, NULL, ports,
					 GUINT_TO_POINTER((guint)protocol << 16 | ports->cursors[protocol]));
			ports->cursors[protocol] = first + count - 1;
			return true;
		}
		transaction_rollback(transaction, mark);
		if (result == BIND_FAILED) {
			char text[80];

			g_set_error(error, NETFILTER_ERROR, NETFILTER_ERROR_FAILED, "%s cannot be reserved: %s",
				    range_format(&ranges[0], port, text), g_strerror(e));
			return false;
		}
	}
	g_set_error(error, NETFILTER_ERROR, NETFILTER_ERROR_PORTS_EXHAUSTED,
		    "no %u consecutive %s port(s) are free from %u to %u", count, protocol_to_string(protocol), min,
		    max);
	return false;
}

void ports_set_tolerant(Ports *ports, bool tolerant)
{
	ports->tolerant = tolerant;
}

guint16 ports_cursor(const Ports *ports, guint8 protocol)
{
	return ports->cursors[protocol];
}

void ports_set_cursor(Ports *ports, guint8 protocol, guint16 last)
{
	ports->cursors[protocol] = last;
}
