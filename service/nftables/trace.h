/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/rules/backend.h"

/** BackendKind.trace: goes through the chains as the kernel does. */
TraceRules nftables_trace;

/**
 * Whether it knows all words of the rules that packets of a family come to. For tests alone: the words are the
 * skeleton's, and one that is not known here is a rule that is passed over in silence.
 */
bool nftables_trace_reads_all(enum family family);
