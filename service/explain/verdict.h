/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/explain/grounds.h"
#include "service/explain/packet.h"
#include "service/explain/steps.h"

/** What becomes of the first packet of a connection, and, step by step, why; nothing is changed. The caller's. */
enum outcome explain(const Grounds *grounds, const Packet *packet, GPtrArray **ret);
