/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/conntrack.h"

#include <errno.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <string.h>

struct ConntrackFilter {
	GHashTable *addresses; /* set of Address */
	GHashTable *udp_ports; /* set of struct udp_port */
	bool families[N_FAMILIES];
};

struct udp_port {
	Address address; /* all zero bytes: any */
	guint16 port;
};

typedef struct nf_conntrack NfConntrack;
typedef struct nfct_handle NfctHandle;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NfctHandle, nfct_close)

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

ConntrackFilter *conntrack_filter_new(void)
{
	ConntrackFilter *filter = g_new0(ConntrackFilter, 1);

	filter->addresses = g_hash_table_new_full(address_hash, address_equal_func, g_free, NULL);
	filter->udp_ports = g_hash_table_new_full(udp_port_hash, udp_port_equal, g_free, NULL);
	return filter;
}

void conntrack_filter_free(ConntrackFilter *filter)
{
	if (!filter)
		return;
	g_hash_table_unref(filter->addresses);
	g_hash_table_unref(filter->udp_ports);
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

bool conntrack_filter_is_empty(const ConntrackFilter *filter)
{
	return g_hash_table_size(filter->addresses) == 0 && g_hash_table_size(filter->udp_ports) == 0;
}

/* The attributes that hold an entry's addresses, once a family. */
static const enum nf_conntrack_attr ends[N_FAMILIES][4] = {
	[FAMILY_IPV4] = { ATTR_ORIG_IPV4_DST, ATTR_ORIG_IPV4_SRC, ATTR_REPL_IPV4_SRC, ATTR_REPL_IPV4_DST },
	[FAMILY_IPV6] = { ATTR_ORIG_IPV6_DST, ATTR_ORIG_IPV6_SRC, ATTR_REPL_IPV6_SRC, ATTR_REPL_IPV6_DST },
};
#define ORIGINAL_DESTINATION 0

static bool get_end(const NfConntrack *entry, enum family family, guint end, Address *ret)
{
	const void *bytes = nfct_get_attr(entry, ends[family][end]);

	if (!bytes)
		return false;
	*ret = (Address){ .family = family_to_af(family) };
	memcpy(ret->bytes, bytes, family_bits(family) / 8);
	return true;
}

static bool filter_matches(const ConntrackFilter *filter, enum family family, const NfConntrack *entry)
{
	struct udp_port port = {};
	Address address;

	if (g_hash_table_size(filter->addresses) > 0)
		for (guint end = 0; end < G_N_ELEMENTS(ends[family]); end++)
			if (get_end(entry, family, end, &address) && g_hash_table_contains(filter->addresses, &address))
				return true;

	if (g_hash_table_size(filter->udp_ports) == 0 || nfct_get_attr_u8(entry, ATTR_L4PROTO) != IPPROTO_UDP ||
	    !get_end(entry, family, ORIGINAL_DESTINATION, &port.address))
		return false;
	port.port = g_ntohs(nfct_get_attr_u16(entry, ATTR_PORT_DST));
	if (g_hash_table_contains(filter->udp_ports, &port))
		return true;
	memset(port.address.bytes, 0, sizeof(port.address.bytes));
	return g_hash_table_contains(filter->udp_ports, &port);
}

struct dump {
	const ConntrackFilter *filter;
	enum family family;
	GPtrArray *doomed;
};

static int on_entry(enum nf_conntrack_msg_type type G_GNUC_UNUSED, NfConntrack *entry, void *userdata)
{
	struct dump *dump = userdata;

	if (!filter_matches(dump->filter, dump->family, entry))
		return NFCT_CB_CONTINUE;
	g_ptr_array_add(dump->doomed, entry);
	return NFCT_CB_STOLEN;
}

static void destroy_entry(gpointer entry)
{
	nfct_destroy(entry);
}

static bool failed(GError **error, const char *what, enum family family)
{
	g_set_error(error, NETFILTER_ERROR, NETFILTER_ERROR_FAILED, "Cannot %s %s connection tracking entries: %s",
		    what, family_to_string(family), g_strerror(errno));
	return false;
}

/* Deletes after the dump: the socket is busy until then. */
static bool flush_family(NfctHandle *handle, const ConntrackFilter *filter, enum family family, guint *deleted,
			 GError **error)
{
	g_autoptr(GPtrArray) doomed = g_ptr_array_new_with_free_func(destroy_entry);
	struct dump dump = { filter, family, doomed };
	guint32 af = family_to_af(family);
	int r;

	nfct_callback_register(handle, NFCT_T_ALL, on_entry, &dump);
	r = nfct_query(handle, NFCT_Q_DUMP, &af);
	nfct_callback_unregister(handle);
	if (r < 0)
		return failed(error, "list", family);
	for (guint i = 0; i < doomed->len; i++) {
		if (nfct_query(handle, NFCT_Q_DESTROY, doomed->pdata[i]) >= 0)
			(*deleted)++;
		/* It timed out, or was dumped twice because the table was resized. */
		else if (errno != ENOENT)
			return failed(error, "delete", family);
	}
	return true;
}

bool conntrack_flush(const ConntrackFilter *filter, guint *ret_deleted, GError **error)
{
	g_autoptr(NfctHandle) handle = NULL;
	guint deleted = 0;

	if (!conntrack_filter_is_empty(filter)) {
		handle = nfct_open(CONNTRACK, 0);
		if (!handle) {
			g_set_error(error, NETFILTER_ERROR, NETFILTER_ERROR_FAILED,
				    "Cannot open a connection tracking socket: %s", g_strerror(errno));
			return false;
		}
	}
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (filter->families[family] && !flush_family(handle, filter, family, &deleted, error))
			return false;
	if (ret_deleted)
		*ret_deleted = deleted;
	return true;
}
