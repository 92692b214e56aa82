/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/host-ports.h"

#include "service/netlink/sockets.h"

#include <errno.h>
#include <linux/filter.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* One port on one host address. */
typedef struct Binding {
	gpointer key; /* port_key() */
	Address address;
	int fd; /* -1 where the kernel would not give us a socket */
	bool waits;
	GList waiting; /* in HostPorts.waiting, while it does */
} Binding;

struct HostPorts {
	GHashTable *bindings; /* set of Binding, owned, by key and address */
	GHashTable *single;   /* port_key() → how many of them are not on any address; none: absent */
	bool warned[256];     /* by protocol: no socket to hold a port with */
	bool told_low[256];   /* likewise: none for a port that needs CAP_NET_BIND_SERVICE */
	bool warned_blind;    /* and the kernel does not say who has the port */
	GQueue waiting;       /* Binding: to be tried again, whose turn it is first */
	gint64 wait, due;     /* until then */
};

static guint hash_binding(gconstpointer data)
{
	const Binding *binding = data;

	return port_hash(binding->key, &binding->address);
}

static gboolean is_same_binding(gconstpointer a, gconstpointer b)
{
	const Binding *one = a, *other = b;

	return one->key == other->key && port_address_equal(&one->address, &other->address);
}

static void binding_free(gpointer data)
{
	Binding *binding = data;

	if (binding->fd >= 0)
		close(binding->fd);
	g_free(binding);
}

HostPorts *host_ports_new(void)
{
	HostPorts *ports = g_new0(HostPorts, 1);

	ports->bindings = g_hash_table_new_full(hash_binding, is_same_binding, binding_free, NULL);
	ports->single = g_hash_table_new(NULL, NULL);
	return ports;
}

void host_ports_free(HostPorts *ports)
{
	if (!ports)
		return;
	g_hash_table_unref(ports->bindings);
	g_hash_table_unref(ports->single);
	g_free(ports);
}

/* --- sockets --- */

static struct sock_filter drop_all_code[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
static const struct sock_fprog drop_all = { G_N_ELEMENTS(drop_all_code), drop_all_code };

/* beside: what is left of others' connections, which are no obstacle to one that says so. */
static int bind_socket(const PortRange *range, guint16 port, bool beside)
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
	if (r >= 0 && beside)
		r = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (r >= 0)
		r = bind(fd, &address.any, v6 ? sizeof address.in6 : sizeof address.in);
	/* Nobody else comes beside it. */
	if (r >= 0 && beside)
		r = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 0 }, sizeof(int));
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
static bool is_bound_on_host(HostPorts *ports, const PortRange *range, guint16 port, guint *next_bound)
{
	g_autoptr(GError) error = NULL;
	guint end = (guint)range->first + range->count;

	if (port > *next_bound && !sockets_find_bound(range->protocol, range->family, &range->address, port, end - port,
						      NOBODYS, next_bound, &error)) {
		*next_bound = end;
		if (!ports->warned_blind)
			g_warning("Cannot tell whether a program on the host has %s port %u, publishing it all the "
				  "same: %s",
				  protocol_to_string(range->protocol), port, error->message);
		ports->warned_blind = true;
	}
	return port == *next_bound;
}

/* --- ports --- */

static const Address any = {};

static Binding *find_binding_on(HostPorts *ports, gpointer key, const Address *address)
{
	return g_hash_table_lookup(ports->bindings, &(Binding){ .key = key, .address = *address });
}

static Binding *find_binding(HostPorts *ports, const PortRange *range, guint16 port)
{
	return find_binding_on(ports, port_key(range, port), &range->address);
}

/* Held by us, on an address that overlaps. */
static bool is_held_beside(HostPorts *ports, const PortRange *range, guint16 port)
{
	gpointer key = port_key(range, port);

	return find_binding_on(ports, key, &range->address) || find_binding_on(ports, key, &any) ||
	       (port_address_equal(&range->address, &any) && g_hash_table_contains(ports->single, key));
}

/* That the unit is without CAP_NET_BIND_SERVICE is as it is to be. */
static void tell_once(HostPorts *ports, const PortRange *range, guint16 port, int r)
{
	bool expected = r == -EACCES && port < IPPORT_RESERVED;
	bool *told = expected ? ports->told_low : ports->warned;

	if (!told[range->protocol])
		g_log(G_LOG_DOMAIN, expected ? G_LOG_LEVEL_INFO : G_LOG_LEVEL_WARNING,
		      "Cannot keep %s port %u from programs on the host, publishing it all the same: %s",
		      protocol_to_string(range->protocol), port, g_strerror(-r));
	told[range->protocol] = true;
}

static bool has_left_alone(const PortRange *range, guint16 port)
{
	bool left;

	return range->protocol == IPPROTO_TCP && sockets_are_left(range->family, &range->address, port, &left, NULL) &&
	       left;
}

/*
 * A socket, -1 where the rules have to do without, or another negative errno: the port cannot be had. *ret_waits: not
 * yet, as what is left of programs that did not say so themselves keeps it from everybody, for a minute.
 */
static int take(HostPorts *ports, const PortRange *range, guint16 port, enum port_wish wish, guint *next_bound,
		bool *ret_waits)
{
	int fd = bind_socket(range, port, false);

	*ret_waits = false;
	if (fd == -EADDRINUSE && wish == PORT_NAMED && has_left_alone(range, port)) {
		fd = bind_socket(range, port, true);
		*ret_waits = fd == -EADDRINUSE;
		if (*ret_waits)
			return -1;
	}
	if (fd == -EACCES && is_bound_on_host(ports, range, port, next_bound))
		return -EADDRINUSE;
	if (!is_missing_socket(fd))
		return fd;
	tell_once(ports, range, port, fd);
	return -1;
}

static void count_single(HostPorts *ports, const Binding *binding, int by)
{
	gpointer key = binding->key;
	guint n = GPOINTER_TO_UINT(g_hash_table_lookup(ports->single, key)) + by;

	if (port_address_equal(&binding->address, &any))
		return;
	if (n > 0)
		g_hash_table_insert(ports->single, key, GUINT_TO_POINTER(n));
	else
		g_hash_table_remove(ports->single, key);
}

#define MIN_WAIT G_USEC_PER_SEC
#define MAX_WAIT (60 * G_USEC_PER_SEC)

/* The newest is tried soon, and does not put the others off. */
static void wait_for(HostPorts *ports, Binding *binding)
{
	gint64 soon = g_get_monotonic_time() + MIN_WAIT;

	ports->wait = MIN_WAIT;
	ports->due = ports->waiting.length > 0 ? MIN(ports->due, soon) : soon;
	binding->waits = true;
	binding->waiting.data = binding;
	g_queue_push_tail_link(&ports->waiting, &binding->waiting);
}

static Binding *add_binding(HostPorts *ports, const PortRange *range, guint16 port, int fd, bool waits)
{
	Binding *binding = g_new(Binding, 1);

	*binding = (Binding){ .key = port_key(range, port), .address = range->address, .fd = fd };
	g_hash_table_add(ports->bindings, binding);
	count_single(ports, binding, 1);
	if (waits)
		wait_for(ports, binding);
	return binding;
}

static void drop_binding(HostPorts *ports, Binding *binding)
{
	if (binding->waits)
		g_queue_unlink(&ports->waiting, &binding->waiting);
	count_single(ports, binding, -1);
	g_hash_table_remove(ports->bindings, binding);
}

/* One line a range: the first of them. */
static void tell_waiting(const PortRange *range, guint16 first, guint n)
{
	char text[PORT_RANGE_STRLEN];

	port_range_format(range, first, text);
	if (n == 1)
		g_message("%s cannot be kept from programs on the host before what is left of one's connections has "
			  "gone, publishing it all the same",
			  text);
	else if (n > 1)
		g_message("%s cannot be kept from programs on the host before what is left of one's connections has "
			  "gone, publishing it all the same, and %u other ports likewise",
			  text, n - 1);
}

static bool fail_in_use(const PortRange *range, guint16 port, const char *whose, GError **error)
{
	char text[PORT_RANGE_STRLEN];

	return netfilter_fail(error, PORT_IN_USE, "%s is in use by %s program on the host",
			      port_range_format(range, port, text), whose);
}

/* What is taken is added to the list. */
static bool claim_port(HostPorts *ports, const PortRange *range, guint16 port, enum port_wish wish, guint *next_bound,
		       GPtrArray *taken, GError **error)
{
	char text[PORT_RANGE_STRLEN];
	bool waits;
	int fd;

	if (find_binding(ports, range, port))
		return true;
	fd = take(ports, range, port, wish, next_bound, &waits);
	if (fd < -1) {
		port_range_format(range, port, text);
		/* It is free once what is made now is committed. */
		if (is_held_beside(ports, range, port))
			return netfilter_fail(error, PENDING, "%s is being unpublished", text);
		if (fd == -EADDRINUSE)
			return fail_in_use(range, port, "a", error);
		return netfilter_fail(error, FAILED, "%s cannot be reserved: %s", text, g_strerror(-fd));
	}
	g_ptr_array_add(taken, add_binding(ports, range, port, fd, waits));
	return true;
}

static bool claim_range(HostPorts *ports, const PortRange *range, enum port_wish wish, GPtrArray *taken, GError **error)
{
	guint next_bound = 0, n_waiting = 0, before = taken->len;
	guint16 first_waiting = 0;

	for (guint i = 0; i < range->count; i++)
		if (!claim_port(ports, range, range->first + i, wish, &next_bound, taken, error))
			return false;
	for (guint i = before; i < taken->len; i++) {
		const Binding *binding = taken->pdata[i];

		if (binding->waits && n_waiting++ == 0)
			first_waiting = port_key_range(binding->key, &binding->address).first;
	}
	tell_waiting(range, first_waiting, n_waiting);
	return true;
}

bool host_ports_claim(HostPorts *ports, const PortRange *ranges, guint n, enum port_wish wish, GError **error)
{
	g_autoptr(GPtrArray) taken = g_ptr_array_new();

	for (guint i = 0; i < n; i++) {
		if (claim_range(ports, &ranges[i], wish, taken, error))
			continue;
		while (taken->len > 0)
			drop_binding(ports, g_ptr_array_steal_index_fast(taken, taken->len - 1));
		return false;
	}
	return true;
}

/* 0: nobody has it, or we ourselves; to ask the kernel who does is dearer than to try. */
static int try_port(HostPorts *ports, const PortRange *range, guint16 port)
{
	int fd;

	if (is_held_beside(ports, range, port))
		return 0;
	fd = bind_socket(range, port, false);
	if (fd >= 0)
		close(fd);
	return fd == -EADDRINUSE || fd == -EACCES ? fd : 0;
}

bool host_ports_check(HostPorts *ports, const PortRange *range, enum port_wish wish, uid_t uid, GError **error)
{
	guint end = (guint)range->first + range->count, next_bound = 0;

	for (guint port = range->first; port < end; port++) {
		int r = try_port(ports, range, port);

		if (r == 0)
			continue;
		if (r == -EADDRINUSE && wish == PORT_CHOSEN)
			return fail_in_use(range, port, "a", error);
		if (port > next_bound && !sockets_find_bound(range->protocol, range->family, &range->address, port,
							     end - port, uid, &next_bound, error))
			return false;
		if (port == next_bound)
			return fail_in_use(range, port, "another user's", error);
	}
	return true;
}

void host_ports_restore(HostPorts *ports, const PortRange *range)
{
	guint next_bound = 0, n_waiting = 0;
	guint16 first_waiting = 0;

	for (guint i = 0; i < range->count; i++) {
		guint16 port = range->first + i;
		bool waits;
		int fd;

		if (find_binding(ports, range, port))
			continue;
		fd = take(ports, range, port, PORT_NAMED, &next_bound, &waits);
		if (waits && n_waiting++ == 0)
			first_waiting = port;
		if (fd < -1)
			g_warning("%s port %u was taken by a program on the host, it stays published all the same: %s",
				  protocol_to_string(range->protocol), port, g_strerror(-fd));
		add_binding(ports, range, port, MAX(fd, -1), waits || fd < -1);
	}
	tell_waiting(range, first_waiting, n_waiting);
}

gint64 host_ports_due(const HostPorts *ports)
{
	return ports->waiting.length > 0 ? ports->due : 0;
}

/* As many are tried in some milliseconds. */
#define TRIES_MAX 1024

void host_ports_hold(HostPorts *ports, gint64 now)
{
	guint tries = MIN(ports->waiting.length, TRIES_MAX);

	if (tries == 0 || now < ports->due)
		return;
	while (tries-- > 0) {
		Binding *binding = g_queue_pop_head_link(&ports->waiting)->data;
		const PortRange range = port_key_range(binding->key, &binding->address);
		int fd = bind_socket(&range, range.first, false);
		char text[PORT_RANGE_STRLEN];

		binding->fd = MAX(fd, -1);
		binding->waits = fd < 0;
		if (binding->waits)
			g_queue_push_tail_link(&ports->waiting, &binding->waiting);
		else
			g_info("%s is kept from programs on the host now",
			       port_range_format(&range, range.first, text));
	}
	ports->wait = MIN(2 * ports->wait, MAX_WAIT);
	ports->due = now + ports->wait;
}

void host_ports_release(HostPorts *ports, const PortTable *wanted, const GArray *claims)
{
	for (guint i = 0; i < claims->len; i++) {
		const PortRange *range = &g_array_index(claims, PortRange, i);

		for (guint p = 0; p < range->count; p++) {
			Binding *binding = find_binding(ports, range, range->first + p);

			if (binding && !port_table_reserves(wanted, range, range->first + p))
				drop_binding(ports, binding);
		}
	}
}
