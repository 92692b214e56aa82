/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/neighbour.h"

#include "service/netlink/request.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

static guint neighbour_hash(gconstpointer key)
{
	const Neighbour *neighbour = key;

	return address_hash(&neighbour->address) * 31 + neighbour->ifindex;
}

static gboolean neighbour_equal(gconstpointer a, gconstpointer b)
{
	const Neighbour *x = a, *y = b;

	return x->ifindex == y->ifindex && address_equal(&x->address, &y->address);
}

/* False for what is none, or was not learnt. */
static bool read_neighbour(struct nl_msg *message, Neighbour *ret)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct nlattr *attributes[NDA_MAX + 1];
	const struct ndmsg *info = nlmsg_data(header);
	int size;

	if (header->nlmsg_type != RTM_NEWNEIGH || nlmsg_parse(header, sizeof *info, attributes, NDA_MAX, NULL) < 0 ||
	    (info->ndm_family != AF_INET && info->ndm_family != AF_INET6) ||
	    info->ndm_state & (NUD_PERMANENT | NUD_NOARP))
		return false;
	*ret = (Neighbour){ info->ndm_ifindex, { .family = info->ndm_family } };
	size = family_bits(address_family(&ret->address)) / 8;
	return attributes[NDA_DST] && nla_memcpy(ret->address.bytes, attributes[NDA_DST], size) == size;
}

static int on_neighbour(struct nl_msg *message, void *userdata)
{
	GArray *known = userdata;
	Neighbour neighbour;

	if (read_neighbour(message, &neighbour))
		g_array_append_val(known, neighbour);
	return NL_OK;
}

static NlMsg *request_new(int type, int flags, const struct ndmsg *info)
{
	NlMsg *request = nlmsg_alloc_simple(type, flags);

	if (!request || nlmsg_append(request, (void *)info, sizeof *info, NLMSG_ALIGNTO) < 0)
		g_error("Out of memory");
	return request;
}

/* Of one interface, or of all (0). A kernel without IPv6 has no such table. */
static int list_known(Netlink *netlink, sa_family_t family, int ifindex, GArray *known)
{
	int r = -EAGAIN;

	for (guint i = 0; i < 10 && r == -EAGAIN; i++) {
		NlMsg *request = request_new(RTM_GETNEIGH, NLM_F_DUMP, &(struct ndmsg){ .ndm_family = family });

		if (ifindex != 0)
			nla_put_u32(request, NDA_IFINDEX, ifindex);
		r = netlink_request(netlink, request, on_neighbour, known);
	}
	return r == -EAFNOSUPPORT || r == -EOPNOTSUPP ? 0 : r;
}

static int flush_one(Netlink *netlink, const Neighbour *neighbour)
{
	const struct ndmsg info = { .ndm_family = neighbour->address.family, .ndm_ifindex = neighbour->ifindex };
	NlMsg *request = request_new(RTM_DELNEIGH, 0, &info);
	int r;

	nla_put(request, NDA_DST, family_bits(address_family(&neighbour->address)) / 8, neighbour->address.bytes);
	r = netlink_request(netlink, request, NULL, NULL);
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

static bool has_family(const GArray *neighbours, enum family family)
{
	for (guint i = 0; i < neighbours->len; i++)
		if (address_family(&g_array_index(neighbours, Neighbour, i).address) == family)
			return true;
	return false;
}

static int common_ifindex(const GArray *neighbours)
{
	int ifindex = g_array_index(neighbours, Neighbour, 0).ifindex;

	for (guint i = 1; i < neighbours->len; i++)
		if (g_array_index(neighbours, Neighbour, i).ifindex != ifindex)
			return 0;
	return ifindex;
}

bool neighbours_flush(Netlink *netlink, const GArray *neighbours, GError **error)
{
	g_autoptr(GArray) known = g_array_new(FALSE, FALSE, sizeof(Neighbour));
	g_autoptr(GHashTable) meant = NULL;
	bool complete = true;
	int ifindex;

	if (neighbours->len == 0)
		return true;
	ifindex = common_ifindex(neighbours);
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (has_family(neighbours, family) && list_known(netlink, family_to_af(family), ifindex, known) < 0)
			return netlink_failed(netlink, error, "cannot list the neighbours");
	if (known->len == 0)
		return true;
	meant = g_hash_table_new(neighbour_hash, neighbour_equal);
	for (guint i = 0; i < neighbours->len; i++)
		g_hash_table_add(meant, &g_array_index(neighbours, Neighbour, i));
	for (guint i = 0; i < known->len; i++) {
		const Neighbour *neighbour = &g_array_index(known, Neighbour, i);
		char text[INET6_ADDRSTRLEN];

		if (!g_hash_table_contains(meant, neighbour) || flush_one(netlink, neighbour) >= 0 || !complete)
			continue;
		complete = false;
		netlink_interface_failed(netlink, neighbour->ifindex, error, "cannot flush its neighbour %s",
					 address_format(&neighbour->address, text));
	}
	return complete;
}
