/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/actual.h"
#include "service/nftables/attribute.h"
#include "service/nftables/authors.h"
#include "service/nftables/hearing.h"
#include "tests/fuzz/fuzz.h"

#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/* Any attributes in answers of the kernel's to what is asked of nf_tables. The socket is in this program's hands. */

static Input answers;
static guint32 sequence;

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *socket, const void *request, size_t size);
ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *socket, void *buffer, size_t size);
unsigned int __wrap_mnl_socket_get_portid(const struct mnl_socket *socket);
int __wrap_mnl_socket_get_fd(const struct mnl_socket *socket);
int __wrap_mnl_cb_run(const void *buffer, size_t size, unsigned int sequence, unsigned int portid, mnl_cb_t read,
		      void *userdata);
int __real_mnl_cb_run(const void *buffer, size_t size, unsigned int sequence, unsigned int portid, mnl_cb_t read,
		      void *userdata);
int __wrap_nftnl_rule_nlmsg_parse(const struct nlmsghdr *header, struct nftnl_rule *rule);

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *socket G_GNUC_UNUSED, const void *request, size_t size)
{
	sequence = ((const struct nlmsghdr *)request)->nlmsg_seq;
	return size;
}

unsigned int __wrap_mnl_socket_get_portid(const struct mnl_socket *socket G_GNUC_UNUSED)
{
	return 0;
}

int __wrap_mnl_socket_get_fd(const struct mnl_socket *socket G_GNUC_UNUSED)
{
	return -1;
}

/* Messages up to one of no attributes, which ends the answer. */
ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *socket G_GNUC_UNUSED, void *buffer, size_t size)
{
	gsize used = 0;

	for (;;) {
		Input attributes = input_part(&answers, input_word(&answers));
		struct nlmsghdr *header = (struct nlmsghdr *)((guint8 *)buffer + used);

		if (used + MNL_ALIGN(sizeof *header + attributes.size) + sizeof *header + sizeof(int) > size)
			attributes.size = 0;
		mnl_nlmsg_put_header(header);
		header->nlmsg_seq = sequence;
		if (attributes.size == 0) {
			header->nlmsg_type = NLMSG_DONE;
			memset(mnl_nlmsg_put_extra_header(header, sizeof(int)), 0, sizeof(int));
			used += header->nlmsg_len;
			return used;
		}
		header->nlmsg_type = 0x0a00;
		memset(mnl_nlmsg_put_extra_header(header, MNL_ALIGN(attributes.size)), 0, MNL_ALIGN(attributes.size));
		memcpy(mnl_nlmsg_get_payload(header), attributes.data, attributes.size);
		used += header->nlmsg_len;
	}
}

/* Where nothing follows the answer, so that reading past its end is noticed. */
int __wrap_mnl_cb_run(const void *buffer, size_t size, unsigned int sequence, unsigned int portid, mnl_cb_t read,
		      void *userdata)
{
	g_autofree void *answer = g_memdup2(buffer, size);

	return __real_mnl_cb_run(answer, size, sequence, portid, read, userdata);
}

/* libnftnl reads rules of the kernel's, and ends the program where they are another's: what it would read is left out.
 */
int __wrap_nftnl_rule_nlmsg_parse(const struct nlmsghdr *header, struct nftnl_rule *rule)
{
	const struct nlattr *attribute;

	mnl_attr_for_each(attribute, header, sizeof(struct nfgenmsg))
	{
		const char *text = attribute_text(attribute);

		if (text && mnl_attr_get_type(attribute) == NFTA_RULE_TABLE)
			nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, text);
		else if (text && mnl_attr_get_type(attribute) == NFTA_RULE_CHAIN)
			nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, text);
	}
	return 0;
}

static void tell(const Element *element, const ActualCounter *counter G_GNUC_UNUSED, void *userdata)
{
	if (element)
		element_append_text(element, userdata);
}

/* What the kernel tells without being asked. */
static void hear(Input input)
{
	guint64 buffer[1024];
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	Authors *authors = authors_new();
	gsize size = MIN(input.size, sizeof buffer - sizeof *header);

	header->nlmsg_type = 0x0a00;
	memcpy(mnl_nlmsg_get_payload(header), input.data, size);
	header->nlmsg_len += size;
	hearing_concerns(header, "t", 1);
	hearing_concerns_others(header, "t");
	authors_hear(authors, header, true);
	header->nlmsg_type |= NFT_MSG_NEWGEN;
	authors_hear(authors, header, false);
	g_free(authors_of(authors, NFPROTO_INET, "t", 0));
	authors_free(authors);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	g_autoptr(GString) text = g_string_new(NULL);
	Input input = { data, size };
	guint8 what = input_byte(&input);
	enum family family = what & 1 ? FAMILY_IPV6 : FAMILY_IPV4;
	ActualTable table;
	guint32 generation;

	hear(input);
	answers = input;
	if (what >> 1 < N_SETS && set_in_family(what >> 1, family)) {
		g_assert_cmpint(actual_elements(NULL, family, "t", what >> 1, tell, text), <=, 0);
		return 0;
	}
	g_assert_cmpint(actual_generation(NULL, &generation), <=, 0);
	g_assert_cmpint(actual_table(NULL, family, "t", &table), <=, 0);
	return 0;
}
