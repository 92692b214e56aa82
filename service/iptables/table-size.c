/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/table-size.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <string.h>
#include <sys/socket.h>

int table_size_socket(enum family family)
{
	int fd = socket(family == FAMILY_IPV4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	return fd < 0 ? -errno : fd;
}

/* The same in both families. */
typedef struct Info {
	guint entries, bytes;
	guint forward; /* where the entry stands that is FORWARD's policy */
} Info;

static int read_info_ipv4(int socket, const char *table, Info *ret)
{
	struct ipt_getinfo info = {};
	socklen_t length = sizeof info;

	g_strlcpy(info.name, table, sizeof info.name);
	if (getsockopt(socket, IPPROTO_IP, IPT_SO_GET_INFO, &info, &length) < 0)
		return -errno;
	*ret = (Info){ info.num_entries, info.size, info.underflow[NF_INET_FORWARD] };
	return 0;
}

static int read_info_ipv6(int socket, const char *table, Info *ret)
{
	struct ip6t_getinfo info = {};
	socklen_t length = sizeof info;

	g_strlcpy(info.name, table, sizeof info.name);
	if (getsockopt(socket, IPPROTO_IPV6, IP6T_SO_GET_INFO, &info, &length) < 0)
		return -errno;
	*ret = (Info){ info.num_entries, info.size, info.underflow[NF_INET_FORWARD] };
	return 0;
}

static int read_info(int socket, enum family family, enum table table, Info *ret)
{
	return family == FAMILY_IPV4 ? read_info_ipv4(socket, table_name(table), ret)
				     : read_info_ipv6(socket, table_name(table), ret);
}

TableSize table_size_read(int socket, enum family family, enum table table)
{
	Info info = {};

	return read_info(socket, family, table, &info) < 0 ? (TableSize){}
							   : (TableSize){ true, info.entries, info.bytes };
}

/* --- the policy --- */

G_STATIC_ASSERT(sizeof(struct ipt_get_entries) == sizeof(struct ip6t_get_entries) &&
		offsetof(struct ipt_get_entries, size) == offsetof(struct ip6t_get_entries, size) &&
		offsetof(struct ipt_get_entries, entrytable) == offsetof(struct ip6t_get_entries, entrytable));

/* The kernel hands out a table as a whole. NULL with errno. */
static struct ipt_get_entries *read_entries(int socket, enum family family, enum table table, guint bytes)
{
	socklen_t length = sizeof(struct ipt_get_entries) + bytes;
	g_autofree struct ipt_get_entries *entries = g_try_malloc0(length);
	int r;

	if (!entries) {
		errno = ENOMEM;
		return NULL;
	}
	g_strlcpy(entries->name, table_name(table), sizeof entries->name);
	entries->size = bytes;
	r = family == FAMILY_IPV4 ? getsockopt(socket, IPPROTO_IP, IPT_SO_GET_ENTRIES, entries, &length)
				  : getsockopt(socket, IPPROTO_IPV6, IP6T_SO_GET_ENTRIES, entries, &length);
	return r < 0 ? NULL : g_steal_pointer(&entries);
}

static guint target_offset(enum family family, const char *entry)
{
	return family == FAMILY_IPV4 ? ((const struct ipt_entry *)entry)->target_offset
				     : ((const struct ip6t_entry *)entry)->target_offset;
}

int table_forward_drops(int socket, enum family family)
{
	g_autofree struct ipt_get_entries *entries = NULL;
	struct xt_standard_target target;
	const char *entry;
	Info info = {};
	int r = read_info(socket, family, TABLE_FILTER, &info);

	if (r < 0)
		return r;
	entries = read_entries(socket, family, TABLE_FILTER, info.bytes);
	if (!entries)
		return -errno;
	entry = (const char *)entries->entrytable + info.forward;
	memcpy(&target, entry + target_offset(family, entry), sizeof target);
	return target.verdict == -NF_DROP - 1;
}
