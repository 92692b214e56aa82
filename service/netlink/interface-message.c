/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/interface-message.h"

#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

static bool parse(struct nl_msg *message, struct nlattr **attributes)
{
	static const struct nla_policy policy[IFLA_MAX + 1] = {
		[IFLA_IFNAME] = { .type = NLA_STRING, .minlen = 1, .maxlen = IFNAMSIZ },
		[IFLA_LINKINFO] = { .type = NLA_NESTED },
		[IFLA_AF_SPEC] = { .type = NLA_NESTED },
	};
	struct nlmsghdr *header = nlmsg_hdr(message);

	return (header->nlmsg_type == RTM_NEWLINK || header->nlmsg_type == RTM_DELLINK) &&
	       nlmsg_parse(header, sizeof(struct ifinfomsg), attributes, IFLA_MAX, (struct nla_policy *)policy) >= 0;
}

bool interface_notice_read(struct nl_msg *message, struct interface_notice *ret)
{
	const struct ifinfomsg *info = nlmsg_data(nlmsg_hdr(message));
	struct nlattr *attributes[IFLA_MAX + 1];

	if (!parse(message, attributes) || !attributes[IFLA_IFNAME])
		return false;
	*ret = (struct interface_notice){
		.ifindex = info->ifi_index,
		.name = nla_get_string(attributes[IFLA_IFNAME]),
		.up = info->ifi_flags & IFF_UP,
		.gone = nlmsg_hdr(message)->nlmsg_type == RTM_DELLINK,
		.of_bridge = info->ifi_family != AF_UNSPEC,
	};
	return true;
}

bool bridge_message_read(struct nl_msg *message, guint8 ret_nf_call[static N_FAMILIES])
{
	static const struct nla_policy info_policy[IFLA_INFO_MAX + 1] = {
		[IFLA_INFO_KIND] = { .type = NLA_STRING },
		[IFLA_INFO_DATA] = { .type = NLA_NESTED },
	};
	static const struct nla_policy data_policy[IFLA_BR_MAX + 1] = {
		[IFLA_BR_NF_CALL_IPTABLES] = { .type = NLA_U8 },
		[IFLA_BR_NF_CALL_IP6TABLES] = { .type = NLA_U8 },
	};
	static const guint16 of_family[N_FAMILIES] = { IFLA_BR_NF_CALL_IPTABLES, IFLA_BR_NF_CALL_IP6TABLES };
	struct nlattr *link[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1], *data[IFLA_BR_MAX + 1];

	if (!parse(message, link) || !link[IFLA_LINKINFO] ||
	    nla_parse_nested(info, IFLA_INFO_MAX, link[IFLA_LINKINFO], (struct nla_policy *)info_policy) < 0 ||
	    !info[IFLA_INFO_KIND] || nla_strcmp(info[IFLA_INFO_KIND], "bridge") != 0 || !info[IFLA_INFO_DATA] ||
	    nla_parse_nested(data, IFLA_BR_MAX, info[IFLA_INFO_DATA], (struct nla_policy *)data_policy) < 0)
		return false;
	for (enum family family = 0; family < N_FAMILIES; family++)
		ret_nf_call[family] = data[of_family[family]] ? nla_get_u8(data[of_family[family]]) : 0;
	return true;
}

bool bridge_port_message_read(struct nl_msg *message, bool *ret_hairpin)
{
	static const struct nla_policy info_policy[IFLA_INFO_MAX + 1] = {
		[IFLA_INFO_SLAVE_KIND] = { .type = NLA_STRING },
		[IFLA_INFO_SLAVE_DATA] = { .type = NLA_NESTED },
	};
	static const struct nla_policy data_policy[IFLA_BRPORT_MAX + 1] = {
		[IFLA_BRPORT_MODE] = { .type = NLA_U8 },
	};
	struct nlattr *link[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1], *data[IFLA_BRPORT_MAX + 1];

	if (!parse(message, link) || !link[IFLA_LINKINFO] ||
	    nla_parse_nested(info, IFLA_INFO_MAX, link[IFLA_LINKINFO], (struct nla_policy *)info_policy) < 0 ||
	    !info[IFLA_INFO_SLAVE_KIND] || nla_strcmp(info[IFLA_INFO_SLAVE_KIND], "bridge") != 0 ||
	    !info[IFLA_INFO_SLAVE_DATA] ||
	    nla_parse_nested(data, IFLA_BRPORT_MAX, info[IFLA_INFO_SLAVE_DATA], (struct nla_policy *)data_policy) < 0 ||
	    !data[IFLA_BRPORT_MODE])
		return false;
	*ret_hairpin = nla_get_u8(data[IFLA_BRPORT_MODE]) != 0;
	return true;
}

bool inet6_message_read(struct nl_msg *message, int *ret_ifindex, gint32 ret[static DEVCONF_MAX])
{
	const struct ifinfomsg *info = nlmsg_data(nlmsg_hdr(message));
	struct nlattr *attributes[IFLA_MAX + 1], *inet6, *values;

	if (!parse(message, attributes) || !attributes[IFLA_AF_SPEC])
		return false;
	inet6 = nla_find(nla_data(attributes[IFLA_AF_SPEC]), nla_len(attributes[IFLA_AF_SPEC]), AF_INET6);
	values = inet6 ? nla_find(nla_data(inet6), nla_len(inet6), IFLA_INET6_CONF) : NULL;
	if (!values)
		return false;
	memset(ret, 0, DEVCONF_MAX * sizeof *ret);
	nla_memcpy(ret, values, DEVCONF_MAX * sizeof *ret);
	*ret_ifindex = info->ifi_index;
	return true;
}

struct nl_msg *no_link_local_message(int ifindex)
{
	const struct ifinfomsg header = { .ifi_index = ifindex };
	struct nl_msg *message = nlmsg_alloc_simple(RTM_SETLINK, 0);
	struct nlattr *families, *inet6;

	if (!message || nlmsg_append(message, (void *)&header, sizeof header, NLMSG_ALIGNTO) < 0)
		g_error("Out of memory");
	families = nla_nest_start(message, IFLA_AF_SPEC);
	inet6 = families ? nla_nest_start(message, AF_INET6) : NULL;
	if (!inet6 || nla_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE) < 0)
		g_error("Out of memory");
	nla_nest_end(message, inet6);
	nla_nest_end(message, families);
	return message;
}
