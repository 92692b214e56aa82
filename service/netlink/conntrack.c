/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/conntrack.h"

#include "service/netlink/conntrack-guards.h"
#include "service/netlink/conntrack-message.h"
#include "service/netlink/conntrack-scan.h"
#include "service/netlink/conntrack-separations.h"
#include "service/netlink/route.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct ConntrackFilter {
	GHashTable *addresses; /* set of Address */
	GHashTable *udp_ports; /* set of struct udp_port */
	ConntrackGuards *guards;
	GHashTable *forwards;  /* set of struct forward */
	GHashTable *answering; /* set of Address: of these, and of separated ones */
	ConntrackSeparations *separations;
	bool keep_translated; /* of what is separated */
	bool families[N_FAMILIES];
};

static guint udp_port_hash(gconstpointer key)
{
	const struct udp_port *port = key;

	return address_hash(&port->address) * 31 + port->port;
}

static gboolean udp_port_equal(gconstpointer a, gconstpointer b)
{
	const struct udp_port *x = a, *y = b;

	return x->port == y->port && address_equal(&x->address, &y->address);
}

static guint forward_hash(gconstpointer key)
{
	const struct forward *forward = key;

	return (address_hash(&forward->to) * 31 + forward->protocol) * 31 + forward->port;
}

static gboolean forward_equal(gconstpointer a, gconstpointer b)
{
	const struct forward *x = a, *y = b;

	return x->protocol == y->protocol && x->port == y->port && address_equal(&x->to, &y->to);
}

ConntrackFilter *conntrack_filter_new(void)
{
	ConntrackFilter *filter = g_new0(ConntrackFilter, 1);

	filter->addresses = g_hash_table_new_full(address_hash, address_equal_func, g_free, NULL);
	filter->udp_ports = g_hash_table_new_full(udp_port_hash, udp_port_equal, g_free, NULL);
	filter->guards = conntrack_guards_new();
	filter->forwards = g_hash_table_new_full(forward_hash, forward_equal, g_free, NULL);
	filter->answering = g_hash_table_new_full(address_hash, address_equal_func, g_free, NULL);
	filter->separations = conntrack_separations_new();
	return filter;
}

void conntrack_filter_free(ConntrackFilter *filter)
{
	if (!filter)
		return;
	g_hash_table_unref(filter->addresses);
	g_hash_table_unref(filter->udp_ports);
	conntrack_guards_free(filter->guards);
	g_hash_table_unref(filter->forwards);
	g_hash_table_unref(filter->answering);
	conntrack_separations_free(filter->separations);
	g_free(filter);
}

void conntrack_filter_add_address(ConntrackFilter *filter, const Address *address)
{
	g_hash_table_add(filter->addresses, g_memdup2(address, sizeof(*address)));
	filter->families[address_family(address)] = true;
}

void conntrack_filter_add_udp_ports(ConntrackFilter *filter, enum family family, const Address *host_address,
				    guint16 first, guint16 count)
{
	struct udp_port port = { .address.family = family_to_af(family) };

	if (host_address->family != AF_UNSPEC)
		port.address = *host_address;
	for (guint32 i = 0; i < count && first + i <= G_MAXUINT16; i++) {
		port.port = first + i;
		g_hash_table_add(filter->udp_ports, g_memdup2(&port, sizeof(port)));
		filter->families[address_family(&port.address)] = true;
	}
}

void conntrack_filter_add_forward(ConntrackFilter *filter, const Address *to, guint8 protocol, guint16 port)
{
	const struct forward forward = { *to, protocol, port };

	g_hash_table_add(filter->forwards, g_memdup2(&forward, sizeof(forward)));
	g_hash_table_add(filter->answering, g_memdup2(to, sizeof(*to)));
	filter->families[address_family(to)] = true;
}

void conntrack_filter_add_guards(ConntrackFilter *filter, const GArray *guards, const AllowFrom *ceiling)
{
	conntrack_guards_add(filter->guards, guards, ceiling);
}

static void add_separated(ConntrackFilter *filter, const Prefix *prefix)
{
	enum family family = address_family(&prefix->address);

	filter->families[family] = true;
	if (prefix->length == family_bits(family))
		g_hash_table_add(filter->answering, g_memdup2(&prefix->address, sizeof(prefix->address)));
}

void conntrack_filter_add_separations(ConntrackFilter *filter, const GArray *separations, bool keep_translated)
{
	filter->keep_translated = keep_translated;
	for (guint i = 0; i < separations->len; i++) {
		const Separation *separation = &g_array_index(separations, Separation, i);

		conntrack_separations_add(filter->separations, separation);
		add_separated(filter, &separation->a);
		add_separated(filter, &separation->b);
	}
}

static bool has_guards(const ConntrackFilter *filter)
{
	return !conntrack_guards_is_empty(filter->guards, FAMILY_IPV4) ||
	       !conntrack_guards_is_empty(filter->guards, FAMILY_IPV6);
}

bool conntrack_filter_is_empty(const ConntrackFilter *filter)
{
	return g_hash_table_size(filter->addresses) == 0 && g_hash_table_size(filter->udp_ports) == 0 &&
	       g_hash_table_size(filter->forwards) == 0 && !has_guards(filter) &&
	       conntrack_separations_is_empty(filter->separations);
}

/* --- the work --- */

struct ConntrackFlush {
	ConntrackFilter *filter;
	Netlink *reader, *deleter, *routes; /* made where it was started: in that network namespace */
	GHashTable *own;                    /* set of Address: the host's */
	GArray *own_prefixes;               /* of those that are more than one address */
	GByteArray *batch;                  /* of messages that delete */
	guint batched, deleted;
	guint32 entries; /* that the kernel had */
	GError *error;   /* the first */
	GThread *thread;
	int fd; /* an eventfd */
};

static bool is_own(const ConntrackFlush *flush, const Address *address)
{
	if (g_hash_table_contains(flush->own, address))
		return true;
	for (guint i = 0; i < flush->own_prefixes->len; i++)
		if (prefix_contains(&g_array_index(flush->own_prefixes, Prefix, i), address))
			return true;
	return false;
}

static bool is_forwarded(const ConntrackFilter *filter, const struct conntrack_entry *entry)
{
	const struct forward forward = { entry->reply_source, entry->protocol, entry->destination_port };

	return g_hash_table_contains(filter->forwards, &forward) &&
	       !address_equal(&entry->original_destination, &entry->reply_source);
}

static bool is_separated(const ConntrackFlush *flush, const struct conntrack_entry *entry)
{
	const ConntrackFilter *filter = flush->filter;
	const Address *from = &entry->original_source, *to = &entry->reply_source;

	if (filter->keep_translated && !address_equal(&entry->original_destination, to))
		return false;
	return conntrack_separations_deny(filter->separations, from, to, entry->protocol, entry->reply_source_port,
					  is_own(flush, from) || is_own(flush, to));
}

static bool is_meant(const ConntrackFlush *flush, const struct conntrack_entry *entry)
{
	const ConntrackFilter *filter = flush->filter;
	struct udp_port port = { entry->original_destination, entry->destination_port };

	if (g_hash_table_contains(filter->addresses, &entry->original_source) ||
	    g_hash_table_contains(filter->addresses, &entry->reply_source) || is_forwarded(filter, entry) ||
	    is_separated(flush, entry))
		return true;
	if (conntrack_guards_denies(filter->guards, &entry->reply_source, entry->protocol, entry->reply_source_port,
				    &entry->original_source, is_own(flush, &entry->original_source), flush->routes))
		return true;
	if (entry->protocol != IPPROTO_UDP)
		return false;
	if (g_hash_table_contains(filter->udp_ports, &port))
		return true;
	port.address = (Address){ .family = entry->family };
	return g_hash_table_contains(filter->udp_ports, &port) && is_own(flush, &entry->original_destination);
}

static void fail(ConntrackFlush *flush, GError *error)
{
	if (flush->error)
		g_error_free(error);
	else
		flush->error = error;
}

/* The kernel answers while they are sent, to those that it does not delete alone. */
static void read_refusals(ConntrackFlush *flush)
{
	union {
		struct nlmsghdr header;
		char bytes[8192];
	} buffer;
	int length;

	while ((length = recv(nl_socket_get_fd(flush->deleter->socket), &buffer, sizeof(buffer), MSG_DONTWAIT)) > 0) {
		for (struct nlmsghdr *header = &buffer.header; nlmsg_ok(header, length);
		     header = nlmsg_next(header, &length)) {
			const struct nlmsgerr *refusal = nlmsg_data(header);
			GError *error = NULL;

			if (header->nlmsg_type != NLMSG_ERROR || !nlmsg_valid_hdr(header, sizeof(*refusal)) ||
			    refusal->error == 0)
				continue;
			flush->deleted--;
			/* It timed out, or was shown twice. */
			if (refusal->error == -ENOENT)
				continue;
			netfilter_fail(&error, FAILED, "cannot delete a connection tracking entry: %s",
				       g_strerror(-refusal->error));
			fail(flush, error);
		}
	}
}

static void send_batch(ConntrackFlush *flush)
{
	GError *error = NULL;
	int r;

	if (flush->batched == 0)
		return;
	r = nl_sendto(flush->deleter->socket, flush->batch->data, flush->batch->len);
	if (r < 0) {
		netfilter_fail(&error, FAILED, "cannot delete connection tracking entries: %s", nl_geterror(r));
		fail(flush, error);
	} else {
		flush->deleted += flush->batched;
		read_refusals(flush);
	}
	flush->batched = 0;
	g_byte_array_set_size(flush->batch, 0);
}

/* So many refusals fit into the buffer of a socket. */
#define BATCH_MAX 64

static int on_entry(struct nl_msg *message, void *userdata)
{
	ConntrackFlush *flush = userdata;
	g_autoptr(NlMsg) request = NULL;
	struct conntrack_entry entry;

	if (!conntrack_entry_read(message, &entry) || !is_meant(flush, &entry))
		return NL_OK;
	/* This very entry: another can have its tuple by now. */
	request = conntrack_delete_request(message);
	g_byte_array_append(flush->batch, (guint8 *)nlmsg_hdr(request), NLMSG_ALIGN(nlmsg_hdr(request)->nlmsg_len));
	if (++flush->batched == BATCH_MAX)
		send_batch(flush);
	return NL_OK;
}

static bool find_own(ConntrackFlush *flush, GError **error)
{
	g_autoptr(GArray) prefixes = NULL;

	if (!route_list_local(flush->routes, &prefixes, error))
		return false;
	for (guint i = 0; i < prefixes->len; i++) {
		const Prefix *prefix = &g_array_index(prefixes, Prefix, i);

		if (prefix->length == family_bits(address_family(&prefix->address)))
			g_hash_table_add(flush->own, g_memdup2(&prefix->address, sizeof(prefix->address)));
		else
			g_array_append_val(flush->own_prefixes, *prefix);
	}
	return true;
}

static int on_statistics(struct nl_msg *message, void *userdata)
{
	conntrack_statistics_read(message, userdata);
	return NL_OK;
}

static void scan_family(ConntrackFlush *flush, enum family family)
{
	bool whole = !conntrack_guards_is_empty(flush->filter->guards, family) ||
		     conntrack_separations_has_prefixes(flush->filter->separations, family);
	g_autoptr(GArray) scans = conntrack_plan(flush->filter->addresses, flush->filter->answering,
						 flush->filter->udp_ports, family, whole, flush->entries);

	for (guint i = 0; i < scans->len; i++) {
		const struct conntrack_scan *scan = &g_array_index(scans, struct conntrack_scan, i);
		GError *error = NULL;

		if (netlink_request(flush->reader, conntrack_scan_request(scan), on_entry, flush) < 0) {
			netlink_failed(flush->reader, &error, "cannot list connection tracking entries");
			fail(flush, error);
		}
		send_batch(flush);
	}
}

static bool count_entries(ConntrackFlush *flush, GError **error)
{
	if (netlink_request(flush->reader, conntrack_request(IPCTNL_MSG_CT_GET_STATS, 0, AF_UNSPEC), on_statistics,
			    &flush->entries) < 0)
		return netlink_failed(flush->reader, error, "cannot count the connection tracking entries");
	return true;
}

static void run(ConntrackFlush *flush)
{
	const ConntrackFilter *filter = flush->filter;
	GError *error = NULL;

	if (conntrack_filter_is_empty(filter) || flush->entries == 0)
		return;
	conntrack_guards_sort(filter->guards);
	if ((g_hash_table_size(filter->udp_ports) > 0 || has_guards(filter) ||
	     !conntrack_separations_is_empty(filter->separations)) &&
	    !find_own(flush, &error)) {
		fail(flush, error);
		return;
	}
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (filter->families[family] || !conntrack_guards_is_empty(filter->guards, family))
			scan_family(flush, family);
}

/* --- from the start to the end --- */

static void flush_free(ConntrackFlush *flush)
{
	netlink_free(flush->reader);
	netlink_free(flush->deleter);
	netlink_free(flush->routes);
	g_hash_table_unref(flush->own);
	g_array_unref(flush->own_prefixes);
	g_byte_array_unref(flush->batch);
	if (flush->fd >= 0)
		close(flush->fd);
	g_clear_error(&flush->error);
	conntrack_filter_free(flush->filter);
	g_free(flush);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ConntrackFlush, flush_free)

static ConntrackFlush *flush_new(ConntrackFilter *filter, GError **error)
{
	g_autoptr(ConntrackFlush) flush = g_new0(ConntrackFlush, 1);

	flush->filter = filter;
	flush->own = g_hash_table_new_full(address_hash, address_equal_func, g_free, NULL);
	flush->own_prefixes = g_array_new(FALSE, FALSE, sizeof(Prefix));
	flush->batch = g_byte_array_new();
	flush->fd = -1;
	flush->reader = netlink_open(NETLINK_NETFILTER, error);
	if (!flush->reader)
		return NULL;
	/* What the kernel shows at once at most; libnl otherwise reads everything twice. */
	if (nl_socket_set_msg_buf_size(flush->reader->socket, 32768) < 0)
		g_error("Out of memory");
	flush->deleter = netlink_open(NETLINK_NETFILTER, error);
	if (!flush->deleter)
		return NULL;
	flush->routes = netlink_new(error);
	if (!flush->routes || !count_entries(flush, error))
		return NULL;
	return g_steal_pointer(&flush);
}

static gpointer run_thread(gpointer userdata)
{
	ConntrackFlush *flush = userdata;
	const guint64 one = 1;

	run(flush);
	if (write(flush->fd, &one, sizeof(one)) < 0)
		g_error("eventfd: %s", g_strerror(errno));
	return NULL;
}

/* As many are looked through in less than what a thread may be kept waiting. */
#define FEW_ENTRIES 4096

ConntrackFlush *conntrack_flush_start(ConntrackFilter *filter, GError **error)
{
	g_autoptr(ConntrackFlush) flush = flush_new(filter, error);

	if (!flush)
		return NULL;
	if (flush->entries <= FEW_ENTRIES) {
		run(flush);
		return g_steal_pointer(&flush);
	}
	flush->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (flush->fd < 0) {
		netfilter_fail(error, FAILED, "cannot make an eventfd: %s", g_strerror(errno));
		return NULL;
	}
	flush->thread = g_thread_try_new("conntrack", run_thread, flush, NULL);
	if (!flush->thread) {
		netfilter_fail(error, FAILED, "cannot start a thread that deletes connection tracking entries");
		return NULL;
	}
	return g_steal_pointer(&flush);
}

int conntrack_flush_fd(const ConntrackFlush *flush)
{
	return flush->fd;
}

bool conntrack_flush_finish(ConntrackFlush *flush, guint *ret_deleted, GError **error)
{
	bool complete;

	if (flush->thread)
		g_thread_join(flush->thread);
	if (ret_deleted)
		*ret_deleted = flush->deleted;
	complete = !flush->error;
	if (!complete)
		g_propagate_error(error, g_steal_pointer(&flush->error));
	flush_free(flush);
	return complete;
}
