/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/journal/record.h"
#include "service/model/guard.h"
#include "service/model/model.h"
#include "service/observer.h"
#include "service/rules/render.h"

typedef struct ChangeKind ChangeKind;

/** One change of the model, as a value. It refers to the objects it is about, and owns those that are not in the
 * model: one that is to come, and one that has gone. */
typedef struct Change {
	const ChangeKind *kind;
	void *object;  /* Network, Endpoint or Ingress */
	void *part;    /* PortMapping, Link or IngressPort; or what else the kind needs */
	GList *before; /* who stood behind an object that has gone */
	guint index;   /* where a part stands */
	guint number;  /* the kind's own */
} Change;

/** Rules that join and leave. */
typedef struct RuleDelta {
	GArray *joins, *leaves; /* RuleItem */
} RuleDelta;

/** What of the host may have to serve otherwise after a change. */
enum host_scope {
	HOST_UNTOUCHED,
	HOST_SWITCHES,  /* an interface's switches, if others are wanted than before */
	HOST_INTERFACE, /* an interface, and forwarding */
	HOST_EVERYTHING,
};

/** What a kind of change does at each step of its way; NULL where it does nothing. */
struct ChangeKind {
	const char *name; /* for people who debug */
	char type;        /* of its entry in the journal; 0: it has none */
	int adds;         /* 1: something that was not there; -1: it takes something away */

	/** Makes it, takes it back. Neither can fail: what could was checked by the request. */
	void (*apply)(Model *model, Change *change);
	void (*revert)(Model *model, Change *change);

	/** Frees what the change owns after it was made for good (applied), or taken back. */
	void (*release)(Change *change, bool applied);

	/** Writes it down, and reads that. FAILED when it cannot be made to that model. */
	void (*encode)(const Change *change, GByteArray *to);
	bool (*decode)(Change *change, Record *record, Model *model, GError **error);

	/** Which rules join and leave, while it is made. Reads nothing but the model and the options. */
	void (*rules)(const Change *change, const Model *model, const RenderOptions *options, RuleDelta *delta);

	/** What of the host is concerned, and which interfaces, one by one; NULL: no more. */
	enum host_scope host;
	const char *(*interface)(const Change *change, guint i);

	/** Host ports that are taken or given up: adds to a GArray of PortRange. */
	void (*ports)(const Change *change, GArray *ranges);

	/** An address whose connections end: adds to a GArray of Address. */
	void (*addresses)(const Change *change, GArray *addresses);

	/** Ports that somebody may no longer reach: adds to a GArray of Guard. */
	void (*guards)(const Change *change, const Model *model, GArray *guards);

	/** What is forwarded no longer: adds to a GArray of Forward. */
	void (*flows)(const Change *change, GArray *forwards);

	/** An endpoint that came or went: another machine has its addresses by now. */
	const Endpoint *(*neighbour)(const Change *change);

	/** The lifetime that begins or ends with it, and which of the two. */
	const Lifetime *(*lifetime)(const Change *change, bool *ret_begins);

	void (*announce)(const Change *change, const Observer *observer);
};
