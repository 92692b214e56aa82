/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/nftables/batch.h"
#include "service/nftables/set.h"
#include "service/nftables/skeleton.h"

/**
 * An element of a set or a map: its key, for an interval the last key as well, and its data, one behind the other.
 * Equal elements are equal as memory, as far as size says.
 */
typedef struct Element {
	guint8 family, set;
	guint8 size; /* bytes used */
	guint8 padding;
	guint8 bytes[100];
} Element;

/** The parts of a key or of data, in the order of the set's fields. */
typedef struct Parts {
	const guint8 *address[2]; /* in the order in which they come */
	const char *interface[2];
	guint8 protocol;
	guint16 port;   /* host byte order */
	guint8 verdict; /* enum verdict */
	guint32 number;
} Parts;

/** Begins an element with its key, and adds the last key of an interval, then the data. */
void element_init(Element *element, enum family family, enum set set, const Parts *key);
void element_add_last(Element *element, const Parts *last);
void element_add_data(Element *element, const Parts *data);

/**
 * From an attribute NFTA_LIST_ELEM of the kernel's. false: it is of a form that no element of ours has. An interval of
 * one field is two there, in any order: what is read of it has no last key, or is what *ret_is_end says.
 */
bool element_parse(Element *element, enum family family, enum set set, const struct nlattr *attribute,
		   guint64 *ret_packets, guint64 *ret_bytes, bool *ret_is_end);
/** Adds the last key of an interval: the one before the end, of all if NULL. */
void element_add_end(Element *element, const Element *end);

enum element_form { ELEMENT_WHOLE, ELEMENT_TO_DELETE, ELEMENT_TO_ASK_FOR };

/** The attribute NFTA_LIST_ELEM, or the two of them that an interval of one field takes. */
void element_put(const Element *element, struct nlmsghdr *message, enum element_form form);
#define ELEMENT_ATTRIBUTES_MAX 256 /* bytes at most */

/** Appends it as nft reads it, without braces. */
void element_append_text(const Element *element, GString *text);

guint element_hash(gconstpointer element);
gboolean element_equal(gconstpointer a, gconstpointer b);
/** Bytes of memory that an element uses. */
gsize element_memory(const Element *element);
