/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/address.h"

/** Who may reach a published port: packets from a prefix, by an interface, or both; "lo" is the host itself. */
typedef struct Source {
	Prefix prefix;            /* masked; AF_UNSPEC: whatever the address, but for the host's own */
	char interface[IFNAMSIZ]; /* "": whatever the interface */
} Source;

#define SOURCE_HOST "lo"
#define SOURCE_STRLEN (INET6_ADDRSTRLEN + 5 + IFNAMSIZ)

/**
 * A list of them, an immutable GArray of Source that is shared by reference. NULL is everybody, and no list is empty:
 * one that lets nobody through has what no packet comes from, "0.0.0.0/32".
 */
typedef GArray AllowFrom;

/** How many sources a list has at most, how many of them are interfaces, and how many the administrator's has. */
#define ALLOW_FROM_MAX 1024
#define ALLOW_FROM_INTERFACES_MAX 64
#define ALLOW_FROM_CEILING_MAX 64

/** Reads "192.168.0.0/16", "192.168.1.7" or an interface's name, which is not looked at further. */
bool source_parse(const char *text, Source *ret);

/** Writes "192.168.0.0/16", "wg0" or "192.168.0.0/16%wg0", which is from a prefix and by an interface. */
const char *source_format(const Source *source, char buffer[static SOURCE_STRLEN]);

bool source_is_host(const Source *source);

/** Whether both have the same, in the same order; either may be NULL. */
bool allow_from_equal(const AllowFrom *a, const AllowFrom *b);

/** The list once more, and one less who has it; NULL is fine. */
AllowFrom *allow_from_ref(const AllowFrom *list);
void allow_from_unref(AllowFrom *list);

bool allow_from_has_host(const AllowFrom *list);

/** Whether it has an interface other than the host. */
bool allow_from_has_interfaces(const AllowFrom *list);

/** Its prefixes in a family without those that lie in others of them (GArray of Prefix, in order; the caller's). */
GArray *allow_from_prefixes(const AllowFrom *list, enum family family);

/** What both lists let through, sources with prefix and interface included; either may be NULL. The caller's. */
AllowFrom *allow_from_intersect(const AllowFrom *a, const AllowFrom *b);

/** Whether a list lets through whom another does, as far as both name them alike; either may be NULL. */
bool allow_from_includes(const AllowFrom *list, const AllowFrom *other);

/** Whether a packet is let through; interface is the one it came by, "" where that is not known. NULL list: it is. */
bool allow_from_allows(const AllowFrom *list, const Address *source, bool is_host, const char *interface);

/** A list as text, "192.168.0.0/16, lo", or "everybody". The caller's. */
char *allow_from_format(const AllowFrom *list);
