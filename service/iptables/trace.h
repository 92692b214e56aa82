/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/rules/backend.h"

/** BackendKind.trace: goes through the chains as the kernel does. */
TraceRules iptables_trace;
