/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/nftables.h"

#include "service/nftables/hearing.h"
#include "service/nftables/others.h"
#include "service/nftables/private.h"
#include "service/nftables/skeleton.h"
#include "service/nftables/trace.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

static Backend *nftables_new(const char *prefix)
{
	Nftables *nftables = g_new0(Nftables, 1);

	g_assert(strlen(prefix) <= BACKEND_PREFIX_MAX);
	nftables->backend.kind = &nftables_backend;
	nftables->table = skeleton_table(prefix);
	nftables->elements = inventory_new();
	return &nftables->backend;
}

static void nftables_free(Backend *backend)
{
	Nftables *nftables = (Nftables *)backend;

	if (!nftables)
		return;
	if (nftables->socket)
		mnl_socket_close(nftables->socket);
	hearing_free(nftables->hearing);
	inventory_free(nftables->elements);
	g_free(nftables->table);
	g_free(nftables);
}

/* Errors come with where they lie, and without the message that they are about. */
static bool set_options(struct mnl_socket *socket)
{
	static const int options[] = { NETLINK_CAP_ACK, NETLINK_EXT_ACK };
	int on = 1;

	for (guint i = 0; i < G_N_ELEMENTS(options); i++)
		if (mnl_socket_setsockopt(socket, options[i], &on, sizeof on) < 0)
			return false;
	return mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0;
}

bool nftables_open(Nftables *nftables, GError **error)
{
	int size = 1 << 20;

	if (nftables->socket)
		return true;
	nftables->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!nftables->socket && errno == EPROTONOSUPPORT)
		return netfilter_fail(error, BACKEND_UNAVAILABLE, "the kernel has no nf_tables (CONFIG_NF_TABLES)");
	if (!nftables->socket)
		return netfilter_fail(error, FAILED, "socket of nf_tables: %s", g_strerror(errno));
	if (!set_options(nftables->socket)) {
		netfilter_fail(error, FAILED, "socket of nf_tables: %s", g_strerror(errno));
		mnl_socket_close(g_steal_pointer(&nftables->socket));
		return false;
	}
	/* As many errors as messages may come at once. */
	(void)setsockopt(mnl_socket_get_fd(nftables->socket), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
	return true;
}

static int try_flags(const Nftables *nftables, guint32 flags)
{
	g_autoptr(Batch) batch = batch_new(0);
	struct nlmsghdr *message =
		batch_message(batch, FAMILY_IPV4, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, "table");

	mnl_attr_put_strz(message, NFTA_TABLE_NAME, PROBE_TABLE);
	mnl_attr_put_u32(message, NFTA_TABLE_FLAGS, GUINT32_TO_BE(flags));
	batch_put(batch);
	return batch_send(batch, nftables->socket, false, NULL);
}

bool nftables_find_flags(Nftables *nftables, GError **error)
{
	int r;

	if (!nftables_open(nftables, error))
		return false;
	if (nftables->flags_known)
		return true;
	r = try_flags(nftables, TABLE_FLAGS);
	if (r < 0 && r != -EOPNOTSUPP)
		return nftables_fail(error, r, NULL);
	nftables->flags = r == 0 ? TABLE_FLAGS : 0;
	nftables->flags_known = true;
	/* Before there is a table. */
	if (nftables->flags == 0 && !(nftables->hearing = hearing_new()))
		g_warning("Nobody tells of what others do to the rules: %s", g_strerror(errno));
	return true;
}

static int nftables_watch(const Backend *backend)
{
	const Nftables *nftables = (const Nftables *)backend;

	return nftables->hearing ? hearing_fd(nftables->hearing) : -1;
}

static bool nftables_heard(Backend *backend)
{
	Nftables *nftables = (Nftables *)backend;

	return hearing_read(nftables->hearing, nftables->table, mnl_socket_get_portid(nftables->socket));
}

bool nftables_is_others(const Nftables *nftables, const ActualTable *actual)
{
	return actual->exists && actual->owner != 0 && actual->owner != mnl_socket_get_portid(nftables->socket);
}

bool nftables_fail_owned(GError **error, const Nftables *nftables, enum family family)
{
	return netfilter_fail(error, FOREIGN_CHAIN,
			      "table %s %s belongs to another process, which \"nft list table\" names, as another "
			      "netfilterd",
			      nft_family(family), nftables->table);
}

bool nftables_fail(GError **error, int r, const BatchFailure *failure)
{
	const char *subject = failure && failure->subject ? failure->subject : "the rules";

	switch (-r) {
	case ENOMEM:
		return netfilter_fail(error, NO_MEMORY, "no memory for %s in nf_tables", subject);
	case EINTR:
	case ERESTART:
		return netfilter_fail(error, BUSY, "others keep changing the rules of nf_tables");
	case EPERM:
		return netfilter_fail(error, BACKEND_UNAVAILABLE,
				      "nf_tables may not be changed (CAP_NET_ADMIN is needed)");
	case EPROTONOSUPPORT:
	case EINVAL:
		return netfilter_fail(error, BACKEND_UNAVAILABLE,
				      "the kernel has no nf_tables that can do %s (CONFIG_NF_TABLES)", subject);
	default:
		return netfilter_fail(error, FAILED, "nf_tables refused %s: %s", subject, g_strerror(-r));
	}
}

static const char *const features[] = { "ranges", "links", "ingress", "atomic", NULL };

const BackendKind nftables_backend = {
	.name = "nftables",
	.own_policy = true,
	.features = features,
	.new = nftables_new,
	.free = nftables_free,
	.probe = nftables_probe,
	.commit = nftables_commit,
	.counters = nftables_counters,
	.describe = nftables_describe,
	.trace = nftables_trace,
	.text = nftables_text,
	.forward_policy = nftables_forward_policy,
	.find_foreign = nftables_find_foreign,
	.watch = nftables_watch,
	.heard = nftables_heard,
	.others = &nftables_others,
};
