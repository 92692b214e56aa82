/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/rules/others.h"

/** All tables but the one of our prefix. */
extern const Others nftables_others;
