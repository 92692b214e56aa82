/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/transaction.h"

/** An object has these labels (labels.h), NULL for none, in place of those it had. */
void object_set_labels(Transaction *transaction, Lifetime *lifetime, char *const *labels);

extern const ChangeKind labels_changed;
