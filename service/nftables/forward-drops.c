/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/forward-drops.h"

#include "service/rules/foreign-chain.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>
#include <sys/socket.h>

typedef struct Search {
	struct mnl_socket *socket;
	guint32 sequence;
	const char *own_table;
	const char *idle; /* the name of chains that are looked for, in place of those that drop; NULL */
	GPtrArray *found; /* ForeignChain */
	GPtrArray *open;  /* struct nftnl_chain whose rules are to be read: base chains that accept, or idle ones */
} Search;

static bool is_ip(guint32 family)
{
	return family == NFPROTO_IPV4 || family == NFPROTO_IPV6;
}

/* Whoever has so many has been told enough. */
#define MAX_FOUND 64

static void add_found(Search *search, const struct nftnl_chain *chain)
{
	if (search->found->len < MAX_FOUND)
		g_ptr_array_add(search->found, foreign_chain_new(NULL, nftnl_chain_get_u32(chain, NFTNL_CHAIN_FAMILY),
								 nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE),
								 nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME)));
}

static void free_chain(gpointer chain)
{
	nftnl_chain_free(chain);
}

static bool is_at_forward(const Search *search, const struct nftnl_chain *chain)
{
	guint32 family = nftnl_chain_get_u32(chain, NFTNL_CHAIN_FAMILY);

	return nftnl_chain_is_set(chain, NFTNL_CHAIN_HOOKNUM) &&
	       nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM) == NF_INET_FORWARD &&
	       (is_ip(family) || family == NFPROTO_INET) &&
	       g_strcmp0(nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE), search->own_table) != 0;
}

static bool is_named(const char *name, const struct nftnl_chain *chain)
{
	return is_ip(nftnl_chain_get_u32(chain, NFTNL_CHAIN_FAMILY)) &&
	       g_strcmp0(nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE), "filter") == 0 &&
	       g_strcmp0(nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME), name) == 0;
}

static int on_chain(const struct nlmsghdr *header, void *userdata)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();
	Search *search = userdata;

	if (!chain || nftnl_chain_nlmsg_parse(header, chain) < 0 ||
	    !(search->idle ? is_named(search->idle, chain) : is_at_forward(search, chain))) {
		nftnl_chain_free(chain);
		return MNL_CB_OK;
	}
	if (search->idle || nftnl_chain_get_u32(chain, NFTNL_CHAIN_POLICY) != NF_DROP) {
		g_ptr_array_add(search->open, chain);
		return MNL_CB_OK;
	}
	add_found(search, chain);
	nftnl_chain_free(chain);
	return MNL_CB_OK;
}

/* Whether it stops whatever comes to it. */
static bool stops_all(const struct nftnl_rule *rule)
{
	struct nftnl_expr_iter *iter = nftnl_expr_iter_create(rule);
	const struct nftnl_expr *expression;
	bool stops = false, all = true;

	while (iter && (expression = nftnl_expr_iter_next(iter))) {
		const char *name = nftnl_expr_get_str(expression, NFTNL_EXPR_NAME);

		if (g_str_equal(name, "reject") ||
		    (g_str_equal(name, "immediate") && nftnl_expr_is_set(expression, NFTNL_EXPR_IMM_VERDICT) &&
		     (int)nftnl_expr_get_u32(expression, NFTNL_EXPR_IMM_VERDICT) == NF_DROP))
			stops = true;
		else if (!g_str_equal(name, "counter") && !g_str_equal(name, "log"))
			all = false;
	}
	if (iter)
		nftnl_expr_iter_destroy(iter);
	return stops && all;
}

typedef struct Rules {
	guint32 n;
	bool last_stops;
} Rules;

static int on_rule(const struct nlmsghdr *header, void *userdata)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	Rules *rules = userdata;

	rules->n++;
	if (rule && nftnl_rule_nlmsg_parse(header, rule) >= 0)
		rules->last_stops = stops_all(rule);
	nftnl_rule_free(rule);
	return MNL_CB_OK;
}

static int receive(Search *search, mnl_cb_t read, void *userdata)
{
	guint64 buffer[8192];
	int r = MNL_CB_OK;

	while (r == MNL_CB_OK) {
		ssize_t n = mnl_socket_recvfrom(search->socket, buffer, sizeof buffer);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		r = mnl_cb_run(buffer, n, search->sequence, mnl_socket_get_portid(search->socket), read, userdata);
	}
	return r == MNL_CB_STOP ? 0 : -errno;
}

static struct nlmsghdr *begin(Search *search, guint64 *buffer, guint16 type, guint16 family)
{
	return nftnl_nlmsg_build_hdr((char *)buffer, type, family, NLM_F_DUMP, ++search->sequence);
}

/* Reads what is left of an answer, so that the next question can be asked. */
static void drain(const Search *search)
{
	guint64 buffer[8192];

	while (recv(mnl_socket_get_fd(search->socket), buffer, sizeof buffer, MSG_DONTWAIT) > 0)
		continue;
}

static int ask(Search *search, const struct nlmsghdr *header, mnl_cb_t read, void *userdata)
{
	int r;

	if (mnl_socket_sendto(search->socket, header, header->nlmsg_len) < 0)
		return -errno;
	r = receive(search, read, userdata);
	if (r < 0)
		drain(search);
	return r;
}

static int find_chains(Search *search)
{
	guint64 buffer[64] = {};

	return ask(search, begin(search, buffer, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC), on_chain, search);
}

/* The kernel counts as use of a chain its own rules and the jumps to it. */
static bool is_wanted(const Search *search, const struct nftnl_chain *chain, const Rules *rules)
{
	return search->idle ? nftnl_chain_get_u32(chain, NFTNL_CHAIN_USE) <= rules->n : rules->last_stops;
}

static int look_at_rules(Search *search, const struct nftnl_chain *chain)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	guint64 buffer[256] = {};
	Rules rules = {};
	struct nlmsghdr *header;
	int r;

	if (!rule)
		g_error("Out of memory");
	header = begin(search, buffer, NFT_MSG_GETRULE, nftnl_chain_get_u32(chain, NFTNL_CHAIN_FAMILY));
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE));
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME));
	nftnl_rule_nlmsg_build_payload(header, rule);
	nftnl_rule_free(rule);
	r = ask(search, header, on_rule, &rules);
	if (r >= 0 && is_wanted(search, chain, &rules))
		add_found(search, chain);
	return r;
}

/* What was seen first has gone, or something has come. */
static bool is_passing(int r)
{
	return r == -EINTR || r == -ENOENT;
}

static int find(Search *search)
{
	int r = -EINTR;

	/* Somebody else changes it while it is shown. */
	for (guint i = 0; i < 10 && is_passing(r); i++) {
		g_ptr_array_set_size(search->found, 0);
		g_ptr_array_set_size(search->open, 0);
		r = find_chains(search);
		for (guint j = 0; r >= 0 && j < search->open->len; j++)
			r = look_at_rules(search, search->open->pdata[j]);
	}
	return r;
}

static bool search_in(Search *search, GPtrArray *ret, GError **error)
{
	g_autoptr(GPtrArray) found = foreign_chains_new();
	g_autoptr(GPtrArray) open = g_ptr_array_new_with_free_func(free_chain);
	int r;

	search->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	search->found = found;
	search->open = open;
	if (!search->socket || mnl_socket_bind(search->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		r = -errno;
	else
		r = find(search);
	if (search->socket)
		mnl_socket_close(search->socket);
	if (is_passing(r))
		return netfilter_fail(error, BUSY,
				      "cannot look for nftables' chains at the hook forward: others keep "
				      "changing them");
	/* There is no nf_tables. */
	if (r < 0 && r != -EINVAL && r != -EOPNOTSUPP)
		return netfilter_fail(error, FAILED, "cannot look for nftables' chains at the hook forward: %s",
				      g_strerror(-r));
	g_ptr_array_extend_and_steal(ret, g_steal_pointer(&found));
	return true;
}

bool forward_drops_find(const char *own_table, GPtrArray *ret, GError **error)
{
	Search search = { .own_table = own_table };

	return search_in(&search, ret, error);
}

bool forward_idle_chains_find(const char *name, GPtrArray *ret, GError **error)
{
	Search search = { .idle = name };

	return search_in(&search, ret, error);
}
