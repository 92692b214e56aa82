/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/fault.h"

#include "service/netlink/bridge.h"
#include "service/netlink/ip-address.h"
#include "service/netlink/interface.h"
#include "service/netlink/namespace.h"
#include "service/netlink/veth.h"
#include "service/nftables/batch.h"

#include <errno.h>

/* What the kernel does with an interface, as it fails there: with a sentence that ends in the errno's. */
#define WRAP_INTERFACE(call, name, parameters, arguments)                                         \
	bool __real_##name parameters;                                                            \
	bool __wrap_##name parameters;                                                            \
	bool __wrap_##name parameters                                                             \
	{                                                                                         \
		if (fault_before(call))                                                           \
			return netfilter_fail(error, FAILED, "%s: %s", #name, g_strerror(errno)); \
		if (!__real_##name arguments)                                                     \
			return false;                                                             \
		fault_after(call);                                                                \
		return true;                                                                      \
	}

WRAP_INTERFACE("bridge", bridge_add,
	       (Netlink * netlink, const char *name, const guint8 mac[static 6], int *ret_ifindex, GError **error),
	       (netlink, name, mac, ret_ifindex, error))
WRAP_INTERFACE("address", ip_address_add, (Netlink * netlink, int ifindex, const Prefix *address, GError **error),
	       (netlink, ifindex, address, error))
WRAP_INTERFACE("up", interface_set_up, (Netlink * netlink, int ifindex, bool up, GError **error),
	       (netlink, ifindex, up, error))

WRAP_INTERFACE("veth", veth_add,
	       (Netlink * netlink, const VethWanted *wanted, int *ret_ifindex, int *ret_peer, GError **error),
	       (netlink, wanted, ret_ifindex, ret_peer, error))
WRAP_INTERFACE("detach", veths_remove, (Netlink * netlink, const GArray *ifindexes, GError **error),
	       (netlink, ifindexes, error))
WRAP_INTERFACE("inside", namespace_add_address,
	       (Namespace * namespace, int ifindex, const Prefix *address, GError **error),
	       (namespace, ifindex, address, error))

/* A race is one with another writer, as the kernel says it there. */
int __real_batch_send(Batch *batch, struct mnl_socket *socket, bool commit, BatchFailure *ret);
int __wrap_batch_send(Batch *batch, struct mnl_socket *socket, bool commit, BatchFailure *ret);
int __wrap_batch_send(Batch *batch, struct mnl_socket *socket, bool commit, BatchFailure *ret)
{
	const char *call = commit ? "commit" : "probe";
	int r;

	if (fault_before(call)) {
		int number = errno;

		if (ret)
			*ret = (BatchFailure){};
		if (number == ENOBUFS)
			(void)__real_batch_send(batch, socket, commit, NULL);
		return number == EAGAIN ? -ERESTART : -number;
	}
	r = __real_batch_send(batch, socket, commit, ret);
	if (r == 0)
		fault_after(call);
	return r;
}
