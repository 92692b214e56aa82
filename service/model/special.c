/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/special.h"

/* Of the registries of special addresses (RFC 6890) those that no packet between two hosts has. */
static const struct {
	Prefix prefix;
	const char *text;
} specials[] = {
	{ { { AF_INET, { 0 } }, 8 }, "0.0.0.0/8, which is this network" },
	{ { { AF_INET, { 127 } }, 8 }, "127.0.0.0/8, which is loopback" },
	{ { { AF_INET, { 169, 254 } }, 16 }, "169.254.0.0/16, which is link-local" },
	{ { { AF_INET, { 224 } }, 4 }, "224.0.0.0/4, which is multicast" },
	{ { { AF_INET, { 240 } }, 4 }, "240.0.0.0/4, which is reserved" },
	{ { { AF_INET6, { 0 } }, 8 }, "::/8, which is loopback, IPv4 in IPv6 and reserved" },
	{ { { AF_INET6, { 0xfe } }, 9 }, "fe00::/9, which is reserved" },
	{ { { AF_INET6, { 0xfe, 0x80 } }, 10 }, "fe80::/10, which is link-local" },
	{ { { AF_INET6, { 0xff } }, 8 }, "ff00::/8, which is multicast" },
};

static const Prefix privates[] = {
	{ { AF_INET, { 10 } }, 8 },
	{ { AF_INET, { 172, 16 } }, 12 },
	{ { AF_INET, { 192, 168 } }, 16 },
	{ { AF_INET, { 192, 0, 2 } }, 24 },
	{ { AF_INET, { 198, 18 } }, 15 },
	{ { AF_INET, { 198, 51, 100 } }, 24 },
	{ { AF_INET, { 203, 0, 113 } }, 24 },
	{ { AF_INET6, { 0xfc } }, 7 },
	{ { AF_INET6, { 0x20, 0x01, 0x0d, 0xb8 } }, 32 },
};

bool prefix_is_private(const Prefix *prefix)
{
	for (gsize i = 0; i < G_N_ELEMENTS(privates); i++)
		if (prefix->length >= privates[i].length && prefix_contains(&privates[i], &prefix->address))
			return true;
	return false;
}

const char *prefix_find_special(const Prefix *prefix)
{
	for (gsize i = 0; i < G_N_ELEMENTS(specials); i++)
		if (prefix_overlaps(prefix, &specials[i].prefix))
			return specials[i].text;
	return NULL;
}

const char *address_find_special(const Address *address)
{
	if (address->family == AF_UNSPEC)
		return NULL;
	return prefix_find_special(&(Prefix){ *address, family_bits(address_family(address)) });
}

bool address_is_publishable(const Address *address)
{
	if (address_is_any(address) || address_is_loopback(address))
		return true;
	return !address_find_special(address) || (address->family == AF_INET && address_is_link_local(address));
}
