/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/reads.h"

/** Explain; to be put in with the Bus. */
extern const ReadKind explain_read;
