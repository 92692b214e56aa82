/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/authors.h"

#include "service/error.h"
#include "service/nftables/attribute.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

/* Who changes more before anybody looks is not told apart. */
#define MAX_TABLES 64

/* As long as the kernel has it, TASK_COMM_LEN. */
#define NAME_SIZE 16

typedef struct Author {
	char name[NAME_SIZE]; /* any bytes but 0; "": nobody alone */
	guint32 pid;          /* 0: several processes */
} Author;

struct Authors {
	GHashTable *tables;  /* "inet x" → Author */
	GHashTable *pending; /* set of tables that a transaction changed whose end was not told yet */
	guint32 port;        /* of the socket that this one came by */
	guint32 generation;  /* of the last whose end was told */
	bool lost;
};

Authors *authors_new(void)
{
	Authors *authors = g_new0(Authors, 1);

	authors->tables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	authors->pending = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return authors;
}

void authors_free(Authors *authors)
{
	if (!authors)
		return;
	g_hash_table_unref(authors->tables);
	g_hash_table_unref(authors->pending);
	g_free(authors);
}

void authors_lose(Authors *authors)
{
	authors->lost = true;
}

void authors_drop(Authors *authors)
{
	g_hash_table_remove_all(authors->tables);
	if (authors->lost)
		g_hash_table_remove_all(authors->pending);
	authors->lost = false;
}

/* --- what is told --- */

static const struct nlattr *find(const struct nlmsghdr *message, guint16 type)
{
	const struct nlattr *attribute;

	mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attribute) == type)
			return attribute;
	}
	return NULL;
}

static const char *family_name(const struct nlmsghdr *message)
{
	switch (((const struct nfgenmsg *)mnl_nlmsg_get_payload(message))->nfgen_family) {
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	default:
		return "inet";
	}
}

static void hear_change(Authors *authors, const struct nlmsghdr *message)
{
	const char *table = attribute_text(find(message, NFTA_TABLE_NAME));

	if (!table)
		return;
	if (g_hash_table_size(authors->pending) >= MAX_TABLES ||
	    (g_hash_table_size(authors->pending) > 0 && authors->port != message->nlmsg_pid))
		authors->lost = true;
	else
		g_hash_table_add(authors->pending, g_strdup_printf("%s %s", family_name(message), table));
	authors->port = message->nlmsg_pid;
}

static void add(Authors *authors, const char *table, const Author *author)
{
	Author *before = g_hash_table_lookup(authors->tables, table);

	if (!before && g_hash_table_size(authors->tables) >= MAX_TABLES)
		authors->lost = true;
	else if (!before)
		g_hash_table_insert(authors->tables, g_strdup(table), g_memdup2(author, sizeof *author));
	else if (strcmp(before->name, author->name) != 0)
		*before = (Author){};
	else if (before->pid != author->pid)
		before->pid = 0;
}

/* Attributes that an old kernel does not have leave nobody. */
static void hear_end(Authors *authors, const struct nlmsghdr *message)
{
	const char *name = attribute_text(find(message, NFTA_GEN_PROC_NAME));
	Author author = { .pid = attribute_number(find(message, NFTA_GEN_PROC_PID)) };
	GHashTableIter iter;
	gpointer table;

	if (name && author.pid != 0 && message->nlmsg_pid == authors->port)
		g_strlcpy(author.name, name, sizeof author.name);
	g_hash_table_iter_init(&iter, authors->pending);
	while (g_hash_table_iter_next(&iter, &table, NULL))
		add(authors, table, &author);
	g_hash_table_remove_all(authors->pending);
	authors->generation = attribute_number(find(message, NFTA_GEN_ID));
}

void authors_hear(Authors *authors, const struct nlmsghdr *message, bool concerns)
{
	if (message->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(struct nfgenmsg))
		return;
	if ((message->nlmsg_type & 0xff) == NFT_MSG_NEWGEN)
		hear_end(authors, message);
	else if (concerns)
		hear_change(authors, message);
}

/* --- what is asked --- */

static bool begins(const char *name, const char *table)
{
	gsize length = strlen(table);

	return strncmp(name, table, length) == 0 && (name[length] == ' ' || name[length] == '\0');
}

/* A name that may begin with either of two tables is nobody's: they can have spaces in them. */
static const Author *find_author(const Authors *authors, const char *name)
{
	const Author *found = NULL;
	GHashTableIter iter;
	gpointer table, author;

	g_hash_table_iter_init(&iter, authors->tables);
	while (g_hash_table_iter_next(&iter, &table, &author)) {
		if (!begins(name, table))
			continue;
		if (found)
			return NULL;
		found = author;
	}
	return found;
}

char *authors_of(const Authors *authors, const char *name, guint32 generation)
{
	const Author *author = find_author(authors, name);

	if (!author || author->name[0] == '\0' || authors->lost || generation != authors->generation)
		return NULL;
	return author->pid ? g_strdup_printf("\"%s\" (pid %u)", cut(author->name), author->pid)
			   : g_strdup_printf("\"%s\"", cut(author->name));
}
