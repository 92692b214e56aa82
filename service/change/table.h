/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/kind.h"

/** The kind of change that an entry of the journal is about, by its type; NULL for one that is none. */
const ChangeKind *change_kind_of(char type);
