/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/authors.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

/*
 * Who changed a table, by what the kernel tells. A row's messages are words: "FAMILY/TABLE" is a change,
 * "FAMILY/TABLE!" one that concerns nobody, "PORT=NAME:PID" the end of a transaction, "PORT@" says by which port the
 * next changes come (1 before that), "lost" that more was told, "forget" that they are forgotten. The last end is
 * generation 7.
 */

typedef struct Row {
	const char *told;
	const char *expected; /* of table x of inet; NULL: nobody */
} Row;

static const Row rows[] = {
	{ "", NULL },
	{ "inet/x 1=nft:12", "\"nft\" (pid 12)" },
	{ "inet/x inet/x inet/z 1=nft:12", "\"nft\" (pid 12)" },
	{ "inet/x 1=nft:12 inet/x 1=nft:12", "\"nft\" (pid 12)" },
	/* Of another table, or family. */
	{ "inet/z 1=nft:12", NULL },
	{ "ip/x 1=nft:12", NULL },
	{ "ip6/x 1=nft:12", NULL },
	{ "inet/x! 1=nft:12", NULL },
	{ "inet/xx 1=nft:12", NULL },
	{ "inet/x 1=nft:12 inet/z 1=ufw:13", "\"nft\" (pid 12)" },
	/* Several, of one name or of two. */
	{ "inet/x 1=nft:12 2@ inet/x 2=nft:13", "\"nft\"" },
	{ "inet/x 1=nft:12 2@ inet/x 2=nft:13 3@ inet/x 3=nft:12", "\"nft\"" },
	{ "inet/x 1=nft:12 2@ inet/x 2=ufw:13", NULL },
	{ "inet/x 1=nft:12 2@ inet/x 2=ufw:13 3@ inet/x 3=ufw:13", NULL },
	/* The end was not told yet, is another's, or says nothing. */
	{ "inet/x", NULL },
	{ "inet/x 2=nft:12", NULL },
	{ "inet/x 2@ inet/x 2=nft:12", NULL },
	{ "inet/x 1=nft:0", NULL },
	{ "inet/x 1=:12", NULL },
	{ "inet/x 1=-:12", NULL },
	/* Nobody is sure, until what was not told does not count any more. */
	{ "inet/x 1=nft:12 lost", NULL },
	{ "lost inet/x 1=nft:12", NULL },
	{ "lost forget inet/x 1=nft:12", "\"nft\" (pid 12)" },
	{ "inet/x lost forget 1=nft:12", NULL },
	{ "inet/x 1=nft:12 forget", NULL },
	{ "inet/x 1=nft:12 forget inet/z 1=nft:12", NULL },
	{ "inet/x 1=ufw:12 forget inet/x 1=nft:13", "\"nft\" (pid 13)" },
	{ "inet/x forget 1=nft:12", "\"nft\" (pid 12)" },
	/* Names are any bytes. */
	{ "inet/x 1=a\nb:12", "\"a?b\" (pid 12)" },
	{ "inet/x 1=a\xff:12", "\"a?\" (pid 12)" },
	{ "inet/x 1=0123456789abcdefghij:12", "\"0123456789abcde\" (pid 12)" },
	{ "inet/x_y 1=nft:12", NULL },
	{ "inet/x 1=ufw:11 inet/x_y 1=nft:12", "\"ufw\" (pid 11)" },
};

typedef struct Teller {
	Authors *authors;
	guint32 port;
} Teller;

static struct nlmsghdr *message(void *buffer, guint16 type, guint8 family, guint32 port)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *payload = mnl_nlmsg_put_extra_header(header, sizeof *payload);

	header->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | type;
	header->nlmsg_pid = port;
	payload->nfgen_family = family;
	return header;
}

static guint8 family_of(const char *word)
{
	if (g_str_has_prefix(word, "inet/"))
		return NFPROTO_INET;
	return g_str_has_prefix(word, "ip6/") ? NFPROTO_IPV6 : NFPROTO_IPV4;
}

/* "_" stands for a space. */
static void tell_change(const Teller *teller, const char *word)
{
	g_autofree char *table = g_strdelimit(g_strdup(strchr(word, '/') + 1), "_", ' ');
	bool concerns = !g_str_has_suffix(table, "!");
	guint64 buffer[64] = {};
	struct nlmsghdr *header = message(buffer, NFT_MSG_NEWCHAIN, family_of(word), teller->port);

	mnl_attr_put_strz(header, NFTA_CHAIN_TABLE, g_strdelimit(table, "!", '\0'));
	authors_hear(teller->authors, header, concerns);
}

/* A name "-" is of a kernel that does not say it. */
static void tell_end(const Teller *teller, const char *word)
{
	const char *name = strchr(word, '=') + 1, *pid = strrchr(name, ':');
	g_autofree char *copy = g_strndup(name, pid - name);
	guint64 buffer[64] = {};
	struct nlmsghdr *header = message(buffer, NFT_MSG_NEWGEN, NFPROTO_UNSPEC, atoi(word));

	mnl_attr_put_u32(header, NFTA_GEN_ID, GUINT32_TO_BE(7));
	mnl_attr_put_u32(header, NFTA_GEN_PROC_PID, GUINT32_TO_BE((guint32)atoi(pid + 1)));
	if (strcmp(copy, "-") != 0)
		mnl_attr_put_strz(header, NFTA_GEN_PROC_NAME, copy);
	authors_hear(teller->authors, header, false);
}

static void tell(Teller *teller, const char *word)
{
	if (strcmp(word, "lost") == 0)
		authors_lose(teller->authors);
	else if (strcmp(word, "forget") == 0)
		authors_drop(teller->authors);
	else if (strchr(word, '@'))
		teller->port = atoi(word);
	else if (strchr(word, '='))
		tell_end(teller, word);
	else if (*word)
		tell_change(teller, word);
}

static void told(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		Teller teller = { authors_new(), 1 };
		g_auto(GStrv) words = g_strsplit(rows[i].told, " ", -1);
		g_autofree char *now = NULL, *later = NULL;

		for (char **word = words; *word; word++)
			tell(&teller, *word);
		now = authors_of(teller.authors, NFPROTO_INET, "x", 7);
		later = authors_of(teller.authors, NFPROTO_INET, "x", 8);
		if (g_strcmp0(now, rows[i].expected) != 0 || later) {
			g_test_message("%s: %s, later %s", rows[i].told, now, later);
			g_test_fail();
		}
		authors_free(teller.authors);
	}
}

/* However much is told, it is not kept, and nobody is named. */
static void many(void)
{
	Teller teller = { authors_new(), 1 };

	for (guint i = 0; i < 100; i++) {
		g_autofree char *word = g_strdup_printf("inet/t%u", i), *table = g_strdup_printf("t%u", i);
		g_autofree char *author = NULL;

		tell(&teller, word);
		tell(&teller, "1=nft:12");
		author = authors_of(teller.authors, NFPROTO_INET, table, 7);
		g_assert_cmpstr(author, ==, i < 64 ? "\"nft\" (pid 12)" : NULL);
	}
	authors_free(teller.authors);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/authors/told", told);
	g_test_add_func("/authors/many", many);
	return g_test_run();
}
