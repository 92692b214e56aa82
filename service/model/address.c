/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const struct {
	sa_family_t af;
	guint8 bits;
	const char *name;
} families[N_FAMILIES] = {
	[FAMILY_IPV4] = { AF_INET, 32, "ipv4" },
	[FAMILY_IPV6] = { AF_INET6, 128, "ipv6" },
};

sa_family_t family_to_af(enum family family)
{
	return families[family].af;
}

const char *family_to_string(enum family family)
{
	return families[family].name;
}

bool family_from_string(const char *text, enum family *ret)
{
	for (enum family family = 0; family < N_FAMILIES; family++) {
		if (strcmp(families[family].name, text) == 0) {
			*ret = family;
			return true;
		}
	}
	return false;
}

enum family address_family(const Address *address)
{
	g_assert(address->family == AF_INET || address->family == AF_INET6);
	return address->family == AF_INET ? FAMILY_IPV4 : FAMILY_IPV6;
}

guint8 family_bits(enum family family)
{
	return families[family].bits;
}

bool address_parse(const char *text, Address *ret)
{
	for (enum family family = 0; family < N_FAMILIES; family++) {
		Address address = { .family = families[family].af };

		if (inet_pton(address.family, text, address.bytes) == 1) {
			*ret = address;
			return true;
		}
	}
	return false;
}

const char *address_format(const Address *address, char buffer[static INET6_ADDRSTRLEN])
{
	if (address->family == AF_UNSPEC)
		buffer[0] = '\0';
	else
		inet_ntop(address->family, address->bytes, buffer, INET6_ADDRSTRLEN);
	return buffer;
}

bool address_equal(const Address *a, const Address *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* Multipliers for the family and four words. Whoever chooses addresses does not choose which of them share a place. */
static const guint64 *hash_keys(void)
{
	static guint64 keys[6];
	static gsize made;

	if (g_once_init_enter(&made)) {
		for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
			keys[i] = (guint64)g_random_int() << 32 | g_random_int();
		g_once_init_leave(&made, 1);
	}
	return keys;
}

guint address_hash(gconstpointer address)
{
	const Address *a = address;
	const guint64 *keys = hash_keys();
	guint64 hash = keys[0] + keys[1] * a->family;

	for (gsize i = 0; i < sizeof a->bytes / sizeof(guint32); i++) {
		guint32 word;

		memcpy(&word, a->bytes + i * sizeof word, sizeof word);
		hash += keys[2 + i] * word;
	}
	return hash >> 32;
}

gboolean address_equal_func(gconstpointer a, gconstpointer b)
{
	return address_equal(a, b);
}

bool address_is_any(const Address *address)
{
	static const guint8 zero[sizeof address->bytes];

	return address->family != AF_UNSPEC && memcmp(address->bytes, zero, sizeof zero) == 0;
}

bool address_is_loopback(const Address *address)
{
	static const Address ipv6 = { .family = AF_INET6, .bytes = { [15] = 1 } };

	return (address->family == AF_INET && address->bytes[0] == 127) || address_equal(address, &ipv6);
}

bool address_is_link_local(const Address *address)
{
	return (address->family == AF_INET && address->bytes[0] == 169 && address->bytes[1] == 254) ||
	       (address->family == AF_INET6 && address->bytes[0] == 0xfe && address->bytes[1] >> 6 == 2);
}

/* The mask of a length, byte by byte. */
static guint8 mask_byte(guint8 length, guint byte)
{
	guint first = 8 * byte;

	if (length <= first)
		return 0;
	return length >= first + 8 ? 0xff : 0xff << (8 - (length - first));
}

static guint address_bytes(const Address *address)
{
	return address->family == AF_UNSPEC ? 0 : family_bits(address_family(address)) / 8;
}

bool prefix_parse(const char *text, Prefix *ret)
{
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN];
	Prefix prefix = {};
	guint64 length;

	if (!slash || (gsize)(slash - text) >= sizeof address)
		return false;
	memcpy(address, text, slash - text);
	address[slash - text] = '\0';
	if (!address_parse(address, &prefix.address))
		return false;
	if (slash[1] == '0' && slash[2] != '\0')
		return false;
	if (!g_ascii_string_to_unsigned(slash + 1, 10, 0, family_bits(address_family(&prefix.address)), &length, NULL))
		return false;
	prefix.length = length;
	*ret = prefix;
	return true;
}

const char *prefix_format(const Prefix *prefix, char buffer[static INET6_ADDRSTRLEN + 4])
{
	address_format(&prefix->address, buffer);
	if (prefix->address.family != AF_UNSPEC)
		sprintf(buffer + strlen(buffer), "/%u", prefix->length);
	return buffer;
}

Prefix prefix_mask(const Prefix *prefix)
{
	Prefix masked = *prefix;

	for (guint i = 0; i < sizeof masked.address.bytes; i++)
		masked.address.bytes[i] &= mask_byte(prefix->length, i);
	return masked;
}

bool prefix_equal(const Prefix *a, const Prefix *b)
{
	return a->length == b->length && address_equal(&a->address, &b->address);
}

bool prefix_contains(const Prefix *prefix, const Address *address)
{
	if (prefix->address.family == AF_UNSPEC || prefix->address.family != address->family)
		return false;
	for (guint i = 0; i < sizeof address->bytes; i++)
		if ((prefix->address.bytes[i] ^ address->bytes[i]) & mask_byte(prefix->length, i))
			return false;
	return true;
}

bool prefix_overlaps(const Prefix *a, const Prefix *b)
{
	return a->length <= b->length ? prefix_contains(a, &b->address) : prefix_contains(b, &a->address);
}

bool prefix_reserves(const Prefix *prefix, const Address *address)
{
	guint bytes = address_bytes(address);
	bool lowest = true, highest = true;

	if (!prefix_contains(prefix, address) || prefix->length + 2 > family_bits(address_family(address)))
		return false;
	for (guint i = 0; i < bytes; i++) {
		guint8 host = ~mask_byte(prefix->length, i);

		lowest = lowest && (address->bytes[i] & host) == 0;
		highest = highest && (address->bytes[i] & host) == host;
	}
	return lowest || (highest && address->family == AF_INET);
}

Address prefix_first_host(const Prefix *prefix)
{
	Address address = prefix_mask(prefix).address;
	guint bytes = address_bytes(&address);

	/* The lowest bit is a host bit, so the addition never carries. */
	if (bytes > 0 && prefix->length + 2u <= 8 * bytes)
		address.bytes[bytes - 1] |= 1;
	return address;
}

Address prefix_next(const Prefix *prefix, const Address *address)
{
	Address next = *address;

	for (guint i = address_bytes(address); i-- > 0 && ++next.bytes[i] == 0;)
		;
	return prefix_contains(prefix, &next) ? next : prefix_mask(prefix).address;
}
