/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/journal/record.h"
#include "service/model/facts.h"

/** Entries about what was done to the host, and about the service itself, as those of the model in journal/encode.h. */

void encode_interface(GByteArray *to, const InterfaceFacts *facts);
bool decode_interface(Record *record, InterfaceFacts *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void encode_forwarding(GByteArray *to, const ForwardingFacts *facts);
bool decode_forwarding(Record *record, ForwardingFacts *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The arrays that are read are the caller's. */
void encode_forwarding_before(GByteArray *to, enum family family, const ForwardingBefore *before);
bool decode_forwarding_before(Record *record, enum family *ret_family, ForwardingBefore *ret,
			      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** A zone of firewalld that we put an interface into; "" when it is in none any more. It is borrowed from the record.
 */
void encode_zone(GByteArray *to, const char *interface, const char *zone);
bool decode_zone(Record *record, char ret_interface[static IFNAMSIZ], const char **ret_zone,
		 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** What version 2 said of the host: *ret_localnets are names of interfaces (char *, borrowed); the array is the
 * caller's. */
bool decode_host(Record *record, ForwardingFacts *ret, GPtrArray **ret_localnets,
		 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** What version 2 said of a bridge that waits to be deleted. */
bool decode_bridge(Record *record, InterfaceFacts *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** What everything else depends on; the texts are borrowed from the record. */
void encode_service(GByteArray *to, const char *bus_id, const char *chain_prefix, const char *backend);
bool decode_service(Record *record, const char **ret_bus_id, const char **ret_chain_prefix, const char **ret_backend,
		    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Where the rules of the previous instance are taken from meanwhile, and what the policies were there before us: enum
 * rule_target. The text is borrowed from the record. */
void encode_handover(GByteArray *to, const char *backend, const guint8 policy_before[N_FAMILIES]);
bool decode_handover(Record *record, const char **ret_backend, guint8 ret_policy_before[N_FAMILIES],
		     GError **error) G_GNUC_WARN_UNUSED_RESULT;
