/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/rules/rule.h"

/** Takes out of two renderings (GArray of RuleItem) what is in both, in the same place: it neither joins nor leaves. */
void rendering_cancel(GArray *joins, GArray *leaves);
