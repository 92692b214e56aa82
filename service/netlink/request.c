/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/request.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* libnl folds errno into fewer codes of its own and drops the kernel's sentence; both are worth keeping. */
static int on_error(struct sockaddr_nl *sender G_GNUC_UNUSED, struct nlmsgerr *answer, void *userdata)
{
	Netlink *netlink = userdata;
	struct nlmsghdr *header = (struct nlmsghdr *)((char *)answer - NLMSG_HDRLEN);
	struct nlattr *attributes[NLMSGERR_ATTR_MAX + 1];
	int length = sizeof(*answer);

	netlink->kernel = answer->error;
	if (!(header->nlmsg_flags & NLM_F_ACK_TLVS))
		return NL_STOP;
	if (!(header->nlmsg_flags & NLM_F_CAPPED))
		length += answer->msg.nlmsg_len - sizeof(answer->msg);
	if (nlmsg_parse(header, length, attributes, NLMSGERR_ATTR_MAX, NULL) >= 0 && attributes[NLMSGERR_ATTR_MSG])
		netlink->message = nla_strdup(attributes[NLMSGERR_ATTR_MSG]);
	return NL_STOP;
}

Netlink *netlink_open(int protocol, GError **error)
{
	g_autoptr(Netlink) netlink = g_new0(Netlink, 1);
	struct nl_cb *callbacks;
	int on = 1;

	netlink->socket = nl_socket_alloc();
	if (!netlink->socket)
		g_error("Out of memory");
	callbacks = nl_socket_get_cb(netlink->socket);
	nl_cb_err(callbacks, NL_CB_CUSTOM, on_error, netlink);
	nl_cb_put(callbacks);

	netlink->library = nl_connect(netlink->socket, protocol);
	if (netlink->library < 0) {
		netlink_failed(netlink, error, "cannot open a netlink socket");
		return NULL;
	}
	/* Only the wording of errors depends on it. */
	(void)setsockopt(nl_socket_get_fd(netlink->socket), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	return g_steal_pointer(&netlink);
}

Netlink *netlink_new(GError **error)
{
	return netlink_open(NETLINK_ROUTE, error);
}

void netlink_free(Netlink *netlink)
{
	if (!netlink)
		return;
	nl_socket_free(netlink->socket);
	g_free(netlink->message);
	g_free(netlink);
}

static void begin(Netlink *netlink)
{
	netlink->kernel = netlink->library = 0;
	g_clear_pointer(&netlink->message, g_free);
}

static int end(Netlink *netlink, int r)
{
	if (r >= 0)
		return 0;
	netlink->library = r;
	if (r == -NLE_DUMP_INTR)
		return -EAGAIN;
	return netlink->kernel < 0 ? netlink->kernel : -EIO;
}

struct answer {
	Netlink *netlink;
	bool complete;
};

static int on_acknowledged(struct nl_msg *message G_GNUC_UNUSED, void *userdata)
{
	((struct answer *)userdata)->complete = true;
	return NL_STOP;
}

/* A dump that fails says so at its end, where libnl does not look. */
static int on_finished(struct nl_msg *message, void *userdata)
{
	const struct nlmsghdr *header = nlmsg_hdr(message);
	struct answer *answer = userdata;
	int status = 0;

	if (nlmsg_datalen(header) >= (int)sizeof(status))
		memcpy(&status, nlmsg_data(header), sizeof(status));
	answer->complete = true;
	if (status >= 0)
		return NL_STOP;
	answer->netlink->kernel = status;
	return -NLE_FAILURE;
}

int netlink_request(Netlink *netlink, NlMsg *request, nl_recvmsg_msg_cb_t reply, void *userdata)
{
	struct nl_cb *shared = nl_socket_get_cb(netlink->socket), *callbacks = nl_cb_clone(shared);
	struct answer answer = { .netlink = netlink };
	int r;

	begin(netlink);
	nl_cb_set(callbacks, NL_CB_ACK, NL_CB_CUSTOM, on_acknowledged, &answer);
	nl_cb_set(callbacks, NL_CB_FINISH, NL_CB_CUSTOM, on_finished, &answer);
	if (reply)
		nl_cb_set(callbacks, NL_CB_VALID, NL_CB_CUSTOM, reply, userdata);
	r = nl_send_auto(netlink->socket, request);
	nlmsg_free(request);
	/* Data and acknowledgement come one by one; nl_wait_for_ack() would wait for the first only. */
	while (r >= 0 && !answer.complete)
		r = nl_recvmsgs(netlink->socket, callbacks);
	nl_cb_put(callbacks);
	nl_cb_put(shared);
	return end(netlink, r);
}

int netlink_request_strict(Netlink *netlink, NlMsg *request, nl_recvmsg_msg_cb_t reply, void *userdata)
{
	int fd = nl_socket_get_fd(netlink->socket), on = 1, off = 0, r;

	(void)setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
	r = netlink_request(netlink, request, reply, userdata);
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &off, sizeof off);
	return r;
}

struct nl_sock *netlink_subscribe(const int *groups, nl_recvmsg_msg_cb_t notified, void *userdata, const char *what,
				  GError **error)
{
	struct nl_sock *socket = nl_socket_alloc();
	int r;

	if (!socket)
		g_error("Out of memory");
	nl_socket_disable_seq_check(socket);
	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, notified, userdata);
	r = nl_connect(socket, NETLINK_ROUTE);
	if (r >= 0)
		r = nl_socket_set_nonblocking(socket);
	for (; r >= 0 && *groups; groups++)
		r = nl_socket_add_membership(socket, *groups);
	if (r >= 0)
		return socket;
	netfilter_fail(error, FAILED, "cannot watch %s: %s", what, nl_geterror(r));
	nl_socket_free(socket);
	return NULL;
}

bool netlink_hear(struct nl_sock *socket, guint max_messages)
{
	bool lost = false;

	for (guint i = 0; i < max_messages; i++) {
		int r = nl_recvmsgs_default(socket);

		/* libnl's name for ENOBUFS. */
		lost |= r == -NLE_NOMEM;
		if (r < 0 && r != -NLE_NOMEM)
			break;
	}
	return lost;
}

int netlink_dump_interfaces(Netlink *netlink, NlCache **ret)
{
	begin(netlink);
	return end(netlink, rtnl_link_alloc_cache(netlink->socket, AF_UNSPEC, ret));
}

int netlink_dump_addresses(Netlink *netlink, int ifindex, nl_recvmsg_msg_cb_t reply, void *userdata)
{
	struct ifaddrmsg header = { .ifa_family = AF_UNSPEC, .ifa_index = ifindex };
	NlMsg *request = nlmsg_alloc_simple(RTM_GETADDR, NLM_F_DUMP);
	int r;

	if (!request || nlmsg_append(request, &header, sizeof header, NLMSG_ALIGNTO) < 0)
		g_error("Out of memory");
	r = ifindex != 0 ? netlink_request_strict(netlink, request, reply, userdata)
			 : netlink_request(netlink, request, reply, userdata);
	return r == -ENODEV ? 0 : r;
}

static void take_link(struct nl_object *object, void *userdata)
{
	RtnlLink **ret = userdata;

	rtnl_link_put(*ret);
	nl_object_get(object);
	*ret = (RtnlLink *)object;
}

static int on_link(struct nl_msg *reply, void *userdata)
{
	return nl_msg_parse(reply, take_link, userdata) < 0 ? NL_SKIP : NL_OK;
}

int netlink_get_interface(Netlink *netlink, int ifindex, const char *name, RtnlLink **ret)
{
	g_autoptr(RtnlLink) link = NULL;
	NlMsg *request = NULL;
	int r;

	/* rtnl_link_get_kernel() would keep the answer to an error to itself. */
	if (rtnl_link_build_get_request(ifindex, ifindex ? NULL : name, &request) < 0)
		g_error("Out of memory");
	r = netlink_request(netlink, request, on_link, &link);
	if (r < 0)
		return r;
	if (!link) {
		netlink->library = -NLE_OBJ_NOTFOUND;
		return -EIO;
	}
	*ret = g_steal_pointer(&link);
	return 0;
}

static bool failed(const Netlink *netlink, GError **error, const char *text)
{
	const char *reason = netlink->kernel < 0 ? g_strerror(-netlink->kernel) : nl_geterror(netlink->library);

	if (netlink->message)
		return netfilter_fail(error, FAILED, "%s: %s (%s)", text, reason, netlink->message);
	return netfilter_fail(error, FAILED, "%s: %s", text, reason);
}

bool netlink_failed(const Netlink *netlink, GError **error, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	return failed(netlink, error, text);
}

const char *netlink_interface_text(int ifindex, char buffer[static INTERFACE_TEXT_MAX])
{
	char name[IFNAMSIZ];

	if (if_indextoname(ifindex, name))
		g_snprintf(buffer, INTERFACE_TEXT_MAX, "interface \"%s\"", name);
	else
		g_snprintf(buffer, INTERFACE_TEXT_MAX, "interface %d", ifindex);
	return buffer;
}

bool netlink_interface_failed(const Netlink *netlink, int ifindex, GError **error, const char *format, ...)
{
	g_autofree char *text = NULL, *sentence = NULL;
	char interface[INTERFACE_TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	sentence = g_strdup_printf("%s: %s", netlink_interface_text(ifindex, interface), text);
	return failed(netlink, error, sentence);
}
