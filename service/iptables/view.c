/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/view.h"

View view_of(enum family family, const void *entry)
{
	const struct ipt_entry *v4 = entry;
	const struct ip6t_entry *v6 = entry;

	if (family == FAMILY_IPV4)
		return (View){
			.source = (const guint8 *)&v4->ip.src,
			.source_mask = (const guint8 *)&v4->ip.smsk,
			.destination = (const guint8 *)&v4->ip.dst,
			.destination_mask = (const guint8 *)&v4->ip.dmsk,
			.address_size = sizeof v4->ip.src,
			.in = v4->ip.iniface,
			.out = v4->ip.outiface,
			.in_mask = v4->ip.iniface_mask,
			.out_mask = v4->ip.outiface_mask,
			.protocol = v4->ip.proto,
			.inverse = v4->ip.invflags,
			.flags = v4->ip.flags,
			.bytes = entry,
			.matches = sizeof *v4,
			.target = v4->target_offset,
		};
	return (View){
		.source = (const guint8 *)&v6->ipv6.src,
		.source_mask = (const guint8 *)&v6->ipv6.smsk,
		.destination = (const guint8 *)&v6->ipv6.dst,
		.destination_mask = (const guint8 *)&v6->ipv6.dmsk,
		.address_size = sizeof v6->ipv6.src,
		.in = v6->ipv6.iniface,
		.out = v6->ipv6.outiface,
		.in_mask = v6->ipv6.iniface_mask,
		.out_mask = v6->ipv6.outiface_mask,
		.protocol = v6->ipv6.proto,
		.inverse = v6->ipv6.invflags,
		.flags = v6->ipv6.flags & ~IP6T_F_PROTO,
		.bytes = entry,
		.matches = sizeof *v6,
		.target = v6->target_offset,
	};
}
