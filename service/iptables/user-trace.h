/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/iptables/user-chain.h"
#include "service/rules/trace.h"

/**
 * What the administrator's chain makes of a packet that is forwarded, as it stands in the kernel: TARGET_ACCEPT,
 * TARGET_DROP, or TARGET_PLACE: it goes on, as where the chain cannot be read. *step says which rule decided. Adds to
 * unread (char *) rules that may be about the packet but say what is not read; they are taken to be about others.
 */
enum rule_target user_trace(const UserChain *user, const TracePacket *packet, TraceStep *step, GPtrArray *unread);
