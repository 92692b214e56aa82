/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/batch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

struct Batch {
	GByteArray *bytes;
	GPtrArray *subjects;                             /* of each message but the first */
	GArray *offsets;                                 /* guint32: where each of them begins in bytes */
	guint32 sequence;                                /* of the first */
	guint64 message[(BATCH_MESSAGE_MAX + 8192) / 8]; /* the one that is being made */
};

static struct nlmsghdr *put_header(void *buffer, guint16 type, guint16 flags, guint32 sequence, guint8 family,
				   guint16 resource)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *extra;

	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | flags;
	header->nlmsg_seq = sequence;
	extra = mnl_nlmsg_put_extra_header(header, sizeof *extra);
	*extra = (struct nfgenmsg){ family, NFNETLINK_V0, htons(resource) };
	return header;
}

static void append_message(Batch *batch)
{
	const struct nlmsghdr *header = (const void *)batch->message;

	g_byte_array_append(batch->bytes, (const guint8 *)batch->message, MNL_ALIGN(header->nlmsg_len));
}

Batch *batch_new(guint32 generation)
{
	/* So that an answer to another batch is not taken for one to this. */
	static guint32 next_sequence = 1;
	Batch *batch = g_new0(Batch, 1); /* libmnl leaves what fills up an attribute as it is */
	struct nlmsghdr *header;

	batch->bytes = g_byte_array_new();
	batch->subjects = g_ptr_array_new();
	batch->offsets = g_array_new(FALSE, FALSE, sizeof(guint32));
	batch->sequence = next_sequence;
	next_sequence += 1 << 20;
	header = put_header(batch->message, NFNL_MSG_BATCH_BEGIN, 0, batch->sequence, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	if (generation != 0)
		mnl_attr_put_u32(header, NFNL_BATCH_GENID, htonl(generation));
	append_message(batch);
	return batch;
}

void batch_free(Batch *batch)
{
	if (!batch)
		return;
	g_byte_array_unref(batch->bytes);
	g_ptr_array_unref(batch->subjects);
	g_array_unref(batch->offsets);
	g_free(batch);
}

struct nlmsghdr *batch_message(Batch *batch, enum family family, guint16 type, guint16 flags, const char *subject)
{
	g_ptr_array_add(batch->subjects, (gpointer)subject);
	return put_header(batch->message, NFNL_SUBSYS_NFTABLES << 8 | type, flags,
			  batch->sequence + batch->subjects->len, family_to_af(family), 0);
}

void batch_put(Batch *batch)
{
	guint32 offset = batch->bytes->len;

	g_array_append_val(batch->offsets, offset);
	append_message(batch);
}

bool batch_is_empty(const Batch *batch)
{
	return batch->subjects->len == 0;
}

/* --- the answer --- */

/* The name of the expression that a place in a message belongs to. */
static void find_expression(const struct nlmsghdr *message, guint32 offset, char name[static 16])
{
	const struct nlattr *attribute, *element, *part;

	mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attribute) != NFTA_RULE_EXPRESSIONS)
			continue;
		mnl_attr_for_each_nested(element, attribute)
		{
			guint32 begin = (const char *)element - (const char *)message;

			if (offset < begin || offset >= begin + element->nla_len)
				continue;
			mnl_attr_for_each_nested(part, element) if (mnl_attr_get_type(part) == NFTA_EXPR_NAME)
				g_strlcpy(name, mnl_attr_get_str(part), 16);
		}
	}
}

/* Where in the message the error lies, as the kernel says beside it; 0 if it does not. */
static guint32 error_offset(const struct nlmsghdr *answer)
{
	const struct nlattr *attribute;

	if (!(answer->nlmsg_flags & NLM_F_ACK_TLVS) || !(answer->nlmsg_flags & NLM_F_CAPPED))
		return 0;
	mnl_attr_for_each(attribute, answer,
			  sizeof(struct nlmsgerr)) if (mnl_attr_get_type(attribute) ==
						       NLMSGERR_ATTR_OFFS) return mnl_attr_get_u32(attribute);
	return 0;
}

typedef struct Answer {
	guint32 first;     /* the lowest number of a message that was refused, counted from the batch's; G_MAXUINT32 */
	guint32 offset;    /* in that message */
	int error;         /* its error */
	bool acknowledged; /* the last message was answered */
} Answer;

static void read_answer(const Batch *batch, const struct nlmsghdr *header, Answer *answer)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(header);
	guint32 number;

	if (header->nlmsg_type != NLMSG_ERROR || mnl_nlmsg_get_payload_len(header) < sizeof *error)
		return;
	number = header->nlmsg_seq - batch->sequence;
	if (number > batch->subjects->len)
		return;
	answer->acknowledged |= number == batch->subjects->len;
	if (error->error == 0 || number >= answer->first)
		return;
	answer->first = number;
	answer->error = error->error;
	answer->offset = error_offset(header);
}

/* The kernel has answered by the time that sendto() returns. */
static int read_answers(const Batch *batch, struct mnl_socket *socket, Answer *answer)
{
	guint64 buffer[8192];
	bool lost = false;

	for (;;) {
		ssize_t n = recv(mnl_socket_get_fd(socket), buffer, sizeof buffer, MSG_DONTWAIT);
		int left = n;

		if (n < 0 && errno == ENOBUFS) {
			lost = true;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		for (const struct nlmsghdr *header = (const void *)buffer; mnl_nlmsg_ok(header, left);
		     header = mnl_nlmsg_next(header, &left))
			read_answer(batch, header, answer);
	}
	if (answer->error != 0)
		return answer->error;
	return lost || !answer->acknowledged ? -ENOBUFS : 0;
}

static void describe_failure(const Batch *batch, const Answer *answer, BatchFailure *ret)
{
	const struct nlmsghdr *message;

	*ret = (BatchFailure){};
	if (answer->first == 0 || answer->first == G_MAXUINT32)
		return;
	ret->subject = batch->subjects->pdata[answer->first - 1];
	message = (const void *)(batch->bytes->data + g_array_index(batch->offsets, guint32, answer->first - 1));
	ret->message_type = message->nlmsg_type & 0xff;
	if (ret->message_type == NFT_MSG_NEWRULE && answer->offset != 0)
		find_expression(message, answer->offset, ret->expression);
}

/* The whole batch is one datagram, however long; the kernel counts what it takes to keep it as well. */
static void make_room(struct mnl_socket *socket, guint size)
{
	int fd = mnl_socket_get_fd(socket), have, want = 2 * size + 65536;
	socklen_t length = sizeof have;

	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &have, &length) == 0 && have >= want)
		return;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &want, sizeof want);
}

int batch_send(Batch *batch, struct mnl_socket *socket, bool commit, BatchFailure *ret)
{
	Answer answer = { .first = G_MAXUINT32 };
	guint32 last = g_array_index(batch->offsets, guint32, batch->offsets->len - 1);
	ssize_t n;
	int r;

	((struct nlmsghdr *)(batch->bytes->data + last))->nlmsg_flags |= NLM_F_ACK;
	if (commit) {
		put_header(batch->message, NFNL_MSG_BATCH_END, 0, batch->sequence + batch->subjects->len + 1, AF_UNSPEC,
			   NFNL_SUBSYS_NFTABLES);
		append_message(batch);
	}
	make_room(socket, batch->bytes->len);
	do
		n = mnl_socket_sendto(socket, batch->bytes->data, batch->bytes->len);
	while (n < 0 && errno == EINTR);
	r = n < 0 ? -errno : read_answers(batch, socket, &answer);
	if (ret)
		describe_failure(batch, &answer, ret);
	return r;
}
