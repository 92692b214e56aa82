/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/actual.h"

#include "service/nftables/attribute.h"
#include "service/nftables/expression.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* A question, small enough for every one of ours. */
typedef struct Question {
	guint64 buffer[128];
	struct nlmsghdr *header;
} Question;

static void question_init(Question *question, guint8 family, guint16 type, guint16 flags)
{
	struct nfgenmsg *extra;

	/* libmnl leaves what fills up an attribute as it is. */
	memset(question->buffer, 0, sizeof question->buffer);
	question->header = mnl_nlmsg_put_header(question->buffer);
	question->header->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | type;
	question->header->nlmsg_flags = NLM_F_REQUEST | flags;
	extra = mnl_nlmsg_put_extra_header(question->header, sizeof *extra);
	*extra = (struct nfgenmsg){ family, NFNETLINK_V0, 0 };
}

/* Reads what is left of a dump, so that the next can begin. */
static void drain(struct mnl_socket *socket)
{
	guint64 buffer[8192];

	while (recv(mnl_socket_get_fd(socket), buffer, sizeof buffer, MSG_DONTWAIT) > 0)
		continue;
}

static int ask(struct mnl_socket *socket, Question *question, mnl_cb_t read, void *userdata)
{
	static guint32 sequence = 1 << 30;
	guint64 buffer[8192];
	ssize_t n;
	int r = MNL_CB_OK;

	question->header->nlmsg_seq = ++sequence;
	if (mnl_socket_sendto(socket, question->header, question->header->nlmsg_len) < 0)
		return -errno;
	while (r == MNL_CB_OK) {
		n = mnl_socket_recvfrom(socket, buffer, sizeof buffer);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		r = mnl_cb_run(buffer, n, sequence, mnl_socket_get_portid(socket), read, userdata);
		/* An answer that was not read before. */
		if (r < 0 && errno == EPROTO)
			r = MNL_CB_OK;
	}
	if (r == MNL_CB_STOP)
		return 0;
	r = -errno;
	drain(socket);
	return r;
}

/* --- generation --- */

static int read_generation(const struct nlmsghdr *header, void *userdata)
{
	const struct nlattr *attribute;

	mnl_attr_for_each(attribute, header, sizeof(struct nfgenmsg)) if (mnl_attr_get_type(attribute) == NFTA_GEN_ID) *
		(guint32 *)userdata = attribute_number(attribute);
	return MNL_CB_OK;
}

int actual_generation(struct mnl_socket *socket, guint32 *ret)
{
	Question question;

	*ret = 0;
	question_init(&question, AF_UNSPEC, NFT_MSG_GETGEN, NLM_F_ACK);
	return ask(socket, &question, read_generation, ret);
}

/* --- the table and its skeleton --- */

typedef struct Reading {
	enum family family;
	const char *table;
	ActualTable *ret;
	guint n_sets;
	GHashTable *chains; /* name → GString, as skeleton_print_chain() */
	bool foreign;       /* something that the skeleton does not have */
} Reading;

static void read_attributes(const struct nlmsghdr *header, const struct nlattr **attributes, guint16 max)
{
	const struct nlattr *attribute;

	memset(attributes, 0, (max + 1) * sizeof *attributes);
	mnl_attr_for_each(attribute, header, sizeof(struct nfgenmsg)) if (mnl_attr_get_type(attribute) <= max)
		attributes[mnl_attr_get_type(attribute)] = attribute;
}

static bool is_named(const struct nlattr *attribute, const char *name)
{
	return g_strcmp0(attribute_text(attribute), name) == 0;
}

static int read_table(const struct nlmsghdr *header, void *userdata)
{
	const struct nlattr *attributes[NFTA_TABLE_MAX + 1];
	ActualTable *ret = userdata;

	read_attributes(header, attributes, NFTA_TABLE_MAX);
	ret->exists = true;
	ret->flags = attribute_number(attributes[NFTA_TABLE_FLAGS]);
	ret->owner = attribute_number(attributes[NFTA_TABLE_OWNER]);
	return MNL_CB_OK;
}

static void add_base_chain(GString *text, const struct nlattr *const *attributes)
{
	const struct nlattr *part;
	guint32 hook = 0, priority = 0;

	mnl_attr_for_each_nested(part, attributes[NFTA_CHAIN_HOOK])
	{
		if (mnl_attr_get_type(part) == NFTA_HOOK_HOOKNUM)
			hook = attribute_number(part);
		else if (mnl_attr_get_type(part) == NFTA_HOOK_PRIORITY)
			priority = attribute_number(part);
	}
	g_string_append_printf(text, "%s %d %d\n", attribute_text(attributes[NFTA_CHAIN_TYPE]) ?: "?", hook,
			       (gint32)priority);
}

static int read_chain(const struct nlmsghdr *header, void *userdata)
{
	const struct nlattr *attributes[NFTA_CHAIN_MAX + 1];
	Reading *reading = userdata;
	const char *name;
	GString *text;

	read_attributes(header, attributes, NFTA_CHAIN_MAX);
	name = attribute_text(attributes[NFTA_CHAIN_NAME]);
	if (!is_named(attributes[NFTA_CHAIN_TABLE], reading->table) || !name)
		return MNL_CB_OK;
	text = g_string_new(NULL);
	g_hash_table_insert(reading->chains, g_strdup(name), text);
	if (!attributes[NFTA_CHAIN_HOOK])
		return MNL_CB_OK;
	add_base_chain(text, attributes);
	if (is_named(attributes[NFTA_CHAIN_NAME], CHAIN_FORWARD))
		reading->ret->drop = attribute_number(attributes[NFTA_CHAIN_POLICY]) == NF_DROP;
	else
		reading->foreign |= attribute_number(attributes[NFTA_CHAIN_POLICY]) != NF_ACCEPT;
	return MNL_CB_OK;
}

static int read_rule(const struct nlmsghdr *header, void *userdata)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	Reading *reading = userdata;
	g_autofree char *printed = NULL;
	GString *text;

	g_assert(rule);
	if (nftnl_rule_nlmsg_parse(header, rule) == 0 &&
	    g_strcmp0(nftnl_rule_get_str(rule, NFTNL_RULE_TABLE), reading->table) == 0) {
		text = g_hash_table_lookup(reading->chains, nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN) ?: "");
		printed = expression_print(rule);
		if (text)
			g_string_append_printf(text, "%s\n", printed);
	}
	nftnl_rule_free(rule);
	return MNL_CB_OK;
}

static int read_set(const struct nlmsghdr *header, void *userdata)
{
	const struct nlattr *attributes[NFTA_SET_MAX + 1];
	Reading *reading = userdata;
	const char *name;
	enum set set;

	read_attributes(header, attributes, NFTA_SET_MAX);
	name = attribute_text(attributes[NFTA_SET_NAME]);
	if (!is_named(attributes[NFTA_SET_TABLE], reading->table) || !name)
		return MNL_CB_OK;
	reading->n_sets++;
	set = set_find(reading->family, name);
	reading->foreign |= set == N_SETS || attribute_number(attributes[NFTA_SET_FLAGS]) != skeleton_set_flags(set) ||
			    attribute_number(attributes[NFTA_SET_KEY_LEN]) != set_key_size(set, reading->family);
	return MNL_CB_OK;
}

static bool is_intact(Reading *reading)
{
	GHashTableIter iter;
	gpointer name, text;

	if (reading->foreign || g_hash_table_size(reading->chains) != skeleton_n_chains(reading->family) ||
	    reading->n_sets != skeleton_n_sets(reading->family))
		return false;
	g_hash_table_iter_init(&iter, reading->chains);
	while (g_hash_table_iter_next(&iter, &name, &text)) {
		g_autofree char *wanted = skeleton_print_chain(reading->family, name);

		if (g_strcmp0(wanted, ((const GString *)text)->str) != 0)
			return false;
	}
	return true;
}

static void free_text(gpointer text)
{
	g_string_free(text, TRUE);
}

int actual_table(struct mnl_socket *socket, enum family family, const char *table, ActualTable *ret)
{
	static const struct {
		guint16 type, name;
		mnl_cb_t read;
	} dumps[] = {
		{ NFT_MSG_GETCHAIN, 0, read_chain },
		{ NFT_MSG_GETRULE, NFTA_RULE_TABLE, read_rule },
		{ NFT_MSG_GETSET, NFTA_SET_TABLE, read_set },
	};
	Reading reading = { family, table, ret };
	Question question;
	int r;

	*ret = (ActualTable){};
	question_init(&question, family_to_af(family), NFT_MSG_GETTABLE, NLM_F_ACK);
	mnl_attr_put_strz(question.header, NFTA_TABLE_NAME, table);
	r = ask(socket, &question, read_table, ret);
	/* A family that the kernel does not know has no tables. */
	if (r == -ENOENT || r == -EAFNOSUPPORT)
		return 0;
	if (r < 0)
		return r;

	reading.chains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_text);
	for (guint i = 0; i < G_N_ELEMENTS(dumps) && r == 0; i++) {
		question_init(&question, family_to_af(family), dumps[i].type, NLM_F_DUMP);
		if (dumps[i].name != 0)
			mnl_attr_put_strz(question.header, dumps[i].name, table);
		r = ask(socket, &question, dumps[i].read, &reading);
	}
	ret->intact = r == 0 && is_intact(&reading);
	g_hash_table_unref(reading.chains);
	return r;
}

/* --- elements --- */

typedef struct Half {
	Element element;
	ActualCounter counter;
	bool is_end;
} Half;

typedef struct ElementReading {
	enum family family;
	enum set set;
	actual_func tell;
	void *userdata;
	GArray *halves; /* Half; NULL where an element is whole */
} ElementReading;

static void read_one(const ElementReading *reading, const struct nlattr *attribute)
{
	Half half = {};
	bool ours = element_parse(&half.element, reading->family, reading->set, attribute, &half.counter.packets,
				  &half.counter.bytes, &half.is_end);

	if (ours && reading->halves)
		g_array_append_val(reading->halves, half);
	else
		reading->tell(ours ? &half.element : NULL, &half.counter, reading->userdata);
}

static int read_elements(const struct nlmsghdr *header, void *userdata)
{
	const struct nlattr *attributes[NFTA_SET_ELEM_LIST_MAX + 1], *attribute;

	read_attributes(header, attributes, NFTA_SET_ELEM_LIST_MAX);
	if (attributes[NFTA_SET_ELEM_LIST_ELEMENTS])
		mnl_attr_for_each_nested(attribute, attributes[NFTA_SET_ELEM_LIST_ELEMENTS])
			read_one(userdata, attribute);
	return MNL_CB_OK;
}

/* By key; where one interval ends and another begins the end is first. */
static int compare_halves(gconstpointer a, gconstpointer b)
{
	const Half *x = a, *y = b;
	int r = memcmp(x->element.bytes, y->element.bytes, set_key_size(x->element.set, x->element.family));

	return r != 0 ? r : y->is_end - x->is_end;
}

static void join_halves(const ElementReading *reading)
{
	g_array_sort(reading->halves, compare_halves);
	for (guint i = 0; i < reading->halves->len; i++) {
		Half *half = &g_array_index(reading->halves, Half, i), *next = half + 1;
		bool ends = i + 1 < reading->halves->len && next->is_end;

		if (half->is_end) {
			reading->tell(NULL, &half->counter, reading->userdata);
			continue;
		}
		element_add_end(&half->element, ends ? &next->element : NULL);
		reading->tell(&half->element, &half->counter, reading->userdata);
		i += ends;
	}
}

static void ask_for_set(Question *question, enum family family, const char *table, enum set set, guint16 flags)
{
	question_init(question, family_to_af(family), NFT_MSG_GETSETELEM, flags);
	mnl_attr_put_strz(question->header, NFTA_SET_ELEM_LIST_TABLE, table);
	mnl_attr_put_strz(question->header, NFTA_SET_ELEM_LIST_SET, set_info(set)->name);
}

int actual_elements(struct mnl_socket *socket, enum family family, const char *table, enum set set, actual_func tell,
		    void *userdata)
{
	g_autoptr(GArray) halves = set_has_end_elements(set) ? g_array_new(FALSE, FALSE, sizeof(Half)) : NULL;
	ElementReading reading = { family, set, tell, userdata, halves };
	Question question;
	int r;

	ask_for_set(&question, family, table, set, NLM_F_DUMP);
	r = ask(socket, &question, read_elements, &reading);
	if (r == 0 && halves)
		join_halves(&reading);
	return r;
}

static void take_counter(const Element *element G_GNUC_UNUSED, const ActualCounter *counter, void *userdata)
{
	*(ActualCounter *)userdata = *counter;
}

int actual_element(struct mnl_socket *socket, const char *table, const Element *element, ActualCounter *ret)
{
	ElementReading reading = { element->family, element->set, take_counter, ret };
	Question question;
	struct nlattr *list;

	*ret = (ActualCounter){};
	ask_for_set(&question, element->family, table, element->set, NLM_F_ACK);
	list = mnl_attr_nest_start(question.header, NFTA_SET_ELEM_LIST_ELEMENTS);
	element_put(element, question.header, ELEMENT_TO_ASK_FOR);
	mnl_attr_nest_end(question.header, list);
	return ask(socket, &question, read_elements, &reading);
}
