/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/table-size.h"

#include <errno.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <sys/socket.h>

int table_size_socket(enum family family)
{
	int fd = socket(family == FAMILY_IPV4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	return fd < 0 ? -errno : fd;
}

static TableSize read_ipv4(int socket, const char *table)
{
	struct ipt_getinfo info = {};
	socklen_t length = sizeof info;

	g_strlcpy(info.name, table, sizeof info.name);
	if (getsockopt(socket, IPPROTO_IP, IPT_SO_GET_INFO, &info, &length) < 0)
		return (TableSize){};
	return (TableSize){ true, info.num_entries, info.size };
}

static TableSize read_ipv6(int socket, const char *table)
{
	struct ip6t_getinfo info = {};
	socklen_t length = sizeof info;

	g_strlcpy(info.name, table, sizeof info.name);
	if (getsockopt(socket, IPPROTO_IPV6, IP6T_SO_GET_INFO, &info, &length) < 0)
		return (TableSize){};
	return (TableSize){ true, info.num_entries, info.size };
}

TableSize table_size_read(int socket, enum family family, enum table table)
{
	return family == FAMILY_IPV4 ? read_ipv4(socket, table_name(table)) : read_ipv6(socket, table_name(table));
}
