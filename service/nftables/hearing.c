/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/hearing.h"

#include "service/nftables/actual.h"
#include "service/nftables/attribute.h"
#include "service/nftables/authors.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* Changes of some ten thousand elements, ours too; when more are told than that everything is compared. */
#define BUFFER_SIZE (2 << 20)

/* The first attribute of what is told is the table's name, whatever it is about. */
G_STATIC_ASSERT((int)NFTA_TABLE_NAME == (int)NFTA_CHAIN_TABLE && (int)NFTA_TABLE_NAME == (int)NFTA_RULE_TABLE &&
		(int)NFTA_TABLE_NAME == (int)NFTA_SET_TABLE && (int)NFTA_TABLE_NAME == (int)NFTA_SET_ELEM_LIST_TABLE);

struct Hearing {
	struct mnl_socket *socket;
	Authors *authors;
};

static struct mnl_socket *open_socket(void)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int group = NFNLGRP_NFTABLES, size = BUFFER_SIZE;

	if (!socket)
		return NULL;
	(void)setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    mnl_socket_setsockopt(socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0)
		return socket;
	mnl_socket_close(socket);
	return NULL;
}

Hearing *hearing_new(void)
{
	struct mnl_socket *socket = open_socket();
	Hearing *hearing;

	if (!socket)
		return NULL;
	hearing = g_new(Hearing, 1);
	*hearing = (Hearing){ socket, authors_new() };
	return hearing;
}

void hearing_free(Hearing *hearing)
{
	if (!hearing)
		return;
	mnl_socket_close(hearing->socket);
	authors_free(hearing->authors);
	g_free(hearing);
}

int hearing_fd(const Hearing *hearing)
{
	return mnl_socket_get_fd(hearing->socket);
}

/* Whether it is of nf_tables and whole; the name of the table that it is about, NULL: of none. */
static const char *find_table(const struct nlmsghdr *message)
{
	const struct nlattr *attribute;

	if (message->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || (message->nlmsg_type & 0xff) == NFT_MSG_NEWGEN ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(struct nfgenmsg))
		return NULL;
	mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attribute) == NFTA_TABLE_NAME)
			return attribute_text(attribute);
	}
	return NULL;
}

static guint8 family_of(const struct nlmsghdr *message)
{
	return ((const struct nfgenmsg *)mnl_nlmsg_get_payload(message))->nfgen_family;
}

bool hearing_concerns(const struct nlmsghdr *message, const char *table, guint32 own_port)
{
	const char *name = find_table(message);

	return name && message->nlmsg_pid != own_port && g_str_equal(name, table) &&
	       (family_of(message) == NFPROTO_IPV4 || family_of(message) == NFPROTO_IPV6);
}

bool hearing_concerns_others(const struct nlmsghdr *message, const char *own_table)
{
	const char *name = find_table(message);

	if (!name || g_str_equal(name, own_table) ||
	    (family_of(message) != NFPROTO_IPV4 && family_of(message) != NFPROTO_IPV6 &&
	     family_of(message) != NFPROTO_INET))
		return false;
	switch (message->nlmsg_type & 0xff) {
	case NFT_MSG_NEWCHAIN:
	case NFT_MSG_DELCHAIN:
	case NFT_MSG_NEWRULE:
	case NFT_MSG_DELRULE:
	case NFT_MSG_DELTABLE:
		return true;
	}
	return false;
}

typedef bool (*concerns_func)(const struct nlmsghdr *message, const char *table, guint32 own_port);

static bool read_message(Hearing *hearing, const struct nlmsghdr *message, bool concerns)
{
	authors_hear(hearing->authors, message, concerns);
	return concerns;
}

static bool read_all(Hearing *hearing, concerns_func concerns, const char *table, guint32 own_port)
{
	guint64 buffer[8192];
	bool concerned = false;

	for (;;) {
		ssize_t n = recv(hearing_fd(hearing), buffer, sizeof buffer, MSG_DONTWAIT);
		int left = n;

		if (n < 0 && errno == ENOBUFS) {
			authors_lose(hearing->authors);
			concerned = true;
		} else if (n < 0 && errno != EINTR) {
			return concerned;
		}
		for (const struct nlmsghdr *message = (const void *)buffer; n > 0 && mnl_nlmsg_ok(message, left);
		     message = mnl_nlmsg_next(message, &left))
			concerned |= read_message(hearing, message, concerns(message, table, own_port));
	}
}

bool hearing_read(Hearing *hearing, const char *table, guint32 own_port)
{
	return read_all(hearing, hearing_concerns, table, own_port);
}

static bool concerns_others(const struct nlmsghdr *message, const char *table, guint32 own_port G_GNUC_UNUSED)
{
	return hearing_concerns_others(message, table);
}

bool hearing_read_others(Hearing *hearing, const char *own_table)
{
	return read_all(hearing, concerns_others, own_table, 0);
}

char *hearing_author(const Hearing *hearing, guint8 family, const char *table, guint32 generation)
{
	return authors_of(hearing->authors, family, table, generation);
}

void hearing_drop_authors(Hearing *hearing)
{
	authors_drop(hearing->authors);
}

bool hearing_current_generation(guint32 *ret)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	bool ok = socket && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0 && actual_generation(socket, ret) == 0;

	if (socket)
		mnl_socket_close(socket);
	return ok;
}
