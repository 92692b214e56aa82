/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/kind.h"
#include "service/config.h"
#include "service/host/attachments.h"
#include "service/host/host-ports.h"
#include "service/host/interfaces.h"
#include "service/lifetimes.h"
#include "service/netlink/netlink.h"
#include "service/rules/ruleset.h"

/**
 * The changes since the last commit, in order, and what they are made to. Requests check their arguments against the
 * model and the host and make changes; one that fails leaves some behind, and the caller rolls back to the savepoint
 * it took before. A transaction touches the model and the ruleset alone. What of the host can be had by one only, a
 * port or a descriptor, is claimed as the request asks for it; a claim for which there is no object when the
 * transaction ends is given up.
 */
typedef struct Transaction {
	Model *model;
	const Config *config;
	Ruleset *ruleset;  /* NULL: rules that join are collected instead, as in a preview */
	GArray *collected; /* RuleItem */
	Netlink *netlink;  /* to look with */
	const Interfaces *interfaces;
	HostPorts *host_ports;         /* NULL: nothing is claimed, as in a preview */
	Lifetimes *lifetimes;          /* likewise */
	Attachments *attachments;      /* likewise */
	char *const *unit_directories; /* by enum unit_directory; NULL: nothing is made permanent, as in a preview */
	bool ipv6;                     /* the host has rules of IPv6 */
	GArray *changes;               /* Change */
	RuleDelta delta;               /* of the change that is being made or taken back */
	GArray *claims;                /* PortRange: taken or given up since the transaction began */
} Transaction;

/** Sets up a transaction on what the caller has filled in, and frees it; it must be empty then. */
void transaction_init(Transaction *transaction);
void transaction_clear(Transaction *transaction);

/** Makes a change, whose kind and objects the caller has filled in. */
void transaction_make(Transaction *transaction, const Change *change);

/** Where the transaction stands, and how to take back all that was made since. */
guint transaction_savepoint(const Transaction *transaction);
void transaction_roll_back(Transaction *transaction, guint savepoint);

/** They are made for good: frees what has gone, and forgets them. */
void transaction_finish(Transaction *transaction);

/** The age of something new. */
guint64 transaction_next_sequence(Transaction *transaction);

RenderOptions render_options(const Config *config, bool ipv6);
