/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>

/**
 * The two address families, as array indices. Everything that exists once a
 * family (subnets, rules, tables) is an array of N_FAMILIES.
 */
enum family { FAMILY_IPV4, FAMILY_IPV6, N_FAMILIES };

/** An IPv4 or IPv6 address in network byte order; IPv4 uses the first four bytes, the rest is zero. */
typedef struct Address {
	sa_family_t family; /* AF_INET, AF_INET6; AF_UNSPEC: no address */
	guint8 bytes[16];
} Address;

/** A subnet; the address may have host bits set until prefix_mask() clears them. */
typedef struct Prefix {
	Address address; /* AF_UNSPEC: no prefix */
	guint8 length;   /* bits */
} Prefix;

/** AF_INET or AF_INET6. */
sa_family_t family_to_af(enum family family);

/** "ipv4" or "ipv6", static. */
const char *family_to_string(enum family family);

/** True and *ret when text is "ipv4" or "ipv6". */
bool family_from_string(const char *text, enum family *ret);

/** The index of an address that is not AF_UNSPEC. */
enum family address_family(const Address *address);

/** Bits of an address of that family: 32 or 128. */
guint8 family_bits(enum family family);

/** Reads "172.18.0.2" or "fd00::2" (inet_pton(3), no zone). False leaves *ret alone. */
bool address_parse(const char *text, Address *ret);

/** Writes the canonical text (inet_ntop(3)) into a caller's buffer and returns it; "" for AF_UNSPEC. */
const char *address_format(const Address *address, char buffer[static INET6_ADDRSTRLEN]);

bool address_equal(const Address *a, const Address *b);
bool prefix_equal(const Prefix *a, const Prefix *b);
guint address_hash(gconstpointer address); /* for GHashTable, with address_equal_func */
gboolean address_equal_func(gconstpointer a, gconstpointer b);

/** 0.0.0.0 or ::. */
bool address_is_any(const Address *address);
bool address_is_loopback(const Address *address);
bool address_is_link_local(const Address *address);

/** Reads "172.18.0.0/16"; the length is required. Host bits are kept. False leaves *ret alone. */
bool prefix_parse(const char *text, Prefix *ret);

/** Writes "172.18.0.0/16"; "" for no prefix. */
const char *prefix_format(const Prefix *prefix, char buffer[static INET6_ADDRSTRLEN + 4]);

/** The prefix with its host bits cleared. */
Prefix prefix_mask(const Prefix *prefix);

bool prefix_contains(const Prefix *prefix, const Address *address);
bool prefix_overlaps(const Prefix *a, const Prefix *b);

/** The network address itself, or the IPv4 broadcast address: never a host's (a /31, /32, /127 or /128 has neither). */
bool prefix_reserves(const Prefix *prefix, const Address *address);

/** The address after one in a prefix, the first of all after the last; and the first where address is AF_UNSPEC. */
Address prefix_next(const Prefix *prefix, const Address *address);

/** The first host address of a subnet: its network address plus one; that itself in a /31, /32, /127 or /128. */
Address prefix_first_host(const Prefix *prefix);
