/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/change.h"
#include "service/journal/record.h"
#include "service/model/guard.h"
#include "service/model/model.h"
#include "service/model/separation.h"
#include "service/observer.h"

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

	/** Who no longer reaches whom on a bridge: adds to a GArray of Separation. */
	void (*separations)(const Change *change, const Model *model, GArray *separations);

	/** What is forwarded no longer: adds to a GArray of Forward. */
	void (*flows)(const Change *change, GArray *forwards);

	/** An endpoint that came or went: another machine has its addresses by now. */
	const Endpoint *(*neighbour)(const Change *change);

	/** The object that it is about, whose unit file says so from then on; NULL: about none. */
	Lifetime *(*of)(const Change *change);
	bool begins, ends; /* that object's lifetime */
	bool stays;        /* … which has no deadline any more */

	/** An endpoint that it puts into a container, or takes out of one; NULL: none. */
	Endpoint *(*attaches)(const Change *change);
	Endpoint *(*detaches)(const Change *change);

	/** The bridge that it makes, which a previous instance may have left behind unfinished. */
	const Network *(*bridge)(const Change *change);

	/** A list of who may reach something that came with it, which the administrator's may cut. */
	const AllowFrom *(*sources)(const Change *change);

	/** The path of a unit file, and the object that is written there; NULL: the file goes. */
	const char *(*file)(const Change *change, const Model *model, const Lifetime **ret_of);

	void (*announce)(const Change *change, const Observer *observer);
};
