/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/settings.h"
#include "service/change/transaction.h"

/*
 * SourceAddress: the address of the host that what leaves a network gets, in place of the one that masquerade finds.
 */

/** One a family, or AF_UNSPEC; texts: NULL or empty for none. INVALID_ARGS. */
bool source_address_parse(const Network *network, char *const *texts, Address ret[static N_FAMILIES],
			  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether what a network is, and options that it is to have, leave them anything to do. INVALID_ARGS. */
bool source_address_check_options(const Network *network, const NetworkOptions *options,
				  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Whether the host has those that the network does not have already; says so in the log where settings say that they
 * may come. INVALID_ARGS; FAILED when the host cannot be asked.
 */
bool request_source_address(const Transaction *transaction, const Network *network, const NetworkSettings *settings,
			    const Address wanted[static N_FAMILIES], GError **error) G_GNUC_WARN_UNUSED_RESULT;

bool source_address_equal(const Address a[static N_FAMILIES], const Address b[static N_FAMILIES]);
