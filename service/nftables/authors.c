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
	GHashTable *tables;  /* key_of() → Author */
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

/* The caller's. */
static char *key_of(guint8 family, const char *table)
{
	return g_strdup_printf("%u %s", family, table);
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

static void hear_change(Authors *authors, const struct nlmsghdr *message)
{
	const struct nfgenmsg *payload = mnl_nlmsg_get_payload(message);
	const char *table = attribute_text(find(message, NFTA_TABLE_NAME));

	if (!table)
		return;
	if (g_hash_table_size(authors->pending) >= MAX_TABLES ||
	    (g_hash_table_size(authors->pending) > 0 && authors->port != message->nlmsg_pid))
		authors->lost = true;
	else
		g_hash_table_add(authors->pending, key_of(payload->nfgen_family, table));
	authors->port = message->nlmsg_pid;
}

static void add(Authors *authors, const char *key, const Author *author)
{
	Author *before = g_hash_table_lookup(authors->tables, key);

	if (!before && g_hash_table_size(authors->tables) >= MAX_TABLES)
		authors->lost = true;
	else if (!before)
		g_hash_table_insert(authors->tables, g_strdup(key), g_memdup2(author, sizeof *author));
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
	gpointer key;

	if (name && author.pid != 0 && message->nlmsg_pid == authors->port)
		g_strlcpy(author.name, name, sizeof author.name);
	g_hash_table_iter_init(&iter, authors->pending);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		add(authors, key, &author);
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

char *authors_of(const Authors *authors, guint8 family, const char *table, guint32 generation)
{
	g_autofree char *key = key_of(family, table);
	const Author *author = g_hash_table_lookup(authors->tables, key);

	if (!author || author->name[0] == '\0' || authors->lost || generation != authors->generation)
		return NULL;
	return author->pid ? g_strdup_printf("\"%s\" (pid %u)", cut(author->name), author->pid)
			   : g_strdup_printf("\"%s\"", cut(author->name));
}
