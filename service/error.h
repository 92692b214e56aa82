/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/**
 * What a request can fail with. Functions that serve a request report it as a
 * GError of this domain whose message is one sentence that names the offending
 * value; the bus face turns the code into a D-Bus error name and nothing else.
 */
#define NETFILTER_ERROR netfilter_error_quark()
GQuark netfilter_error_quark(void);

enum netfilter_error {
	NETFILTER_ERROR_FAILED,  /* the host refused: netlink, files */
	NETFILTER_ERROR_PENDING, /* cannot be had before what was changed just now is committed: it is tried again
				    then, and is Busy to a caller who gets no second try */
	NETFILTER_ERROR_INVALID_ARGS,
	NETFILTER_ERROR_ACCESS_DENIED,
	NETFILTER_ERROR_INTERACTIVE_REQUIRED,
	NETFILTER_ERROR_UNKNOWN_OBJECT,
	NETFILTER_ERROR_NO_MEMORY,
	NETFILTER_ERROR_LIMITS_EXCEEDED,
	NETFILTER_ERROR_NETWORK_EXISTS,
	NETFILTER_ERROR_NO_SUCH_NETWORK,
	NETFILTER_ERROR_ENDPOINT_EXISTS,
	NETFILTER_ERROR_NO_SUCH_ENDPOINT,
	NETFILTER_ERROR_INGRESS_EXISTS,
	NETFILTER_ERROR_NO_SUCH_INGRESS,
	NETFILTER_ERROR_BRIDGE_IN_USE,
	NETFILTER_ERROR_SUBNET_IN_USE,
	NETFILTER_ERROR_ADDRESS_IN_USE,
	NETFILTER_ERROR_PORT_IN_USE,
	NETFILTER_ERROR_PORTS_EXHAUSTED,
	NETFILTER_ERROR_ADDRESSES_EXHAUSTED,
	NETFILTER_ERROR_NETWORK_INTERNAL,
	NETFILTER_ERROR_NOT_OWNER,
	NETFILTER_ERROR_QUOTA_EXCEEDED,
	NETFILTER_ERROR_BUSY,
	NETFILTER_ERROR_FOREIGN_CHAIN,
	NETFILTER_ERROR_BACKEND_UNAVAILABLE,
	N_NETFILTER_ERRORS
};

/** Reports NETFILTER_ERROR_<code> with a printf-style sentence; the value is false, for return. */
#define netfilter_fail(error, code, ...) netfilter_set_error(error, NETFILTER_ERROR_##code, __VA_ARGS__)
bool netfilter_set_error(GError **error, enum netfilter_error code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/** Says in the log, as a warning, what nobody can be told, and frees it. */
void error_warn(GError *error);

/** How many bytes of a value an error or a line in the log shows. */
#define CUT_MAX 64
#define CUT_SIZE (CUT_MAX + sizeof "…")

/**
 * A value as it is quoted in a sentence: whole, or its first CUT_MAX bytes at most and "…", at the end of a
 * character; what cannot be printed is "?". NULL is "". Lives until the end of the block it is written in.
 */
#define cut(value) cut_into(value, (char[CUT_SIZE]){ 0 })
const char *cut_into(const char *value, char buffer[static CUT_SIZE]);

/** A sentence as it leaves the service, on one line whatever is quoted in it: what cannot be printed is "?". The
 * caller's. */
char *printable(const char *text);
