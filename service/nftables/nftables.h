/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/rules/backend.h"

/**
 * A table a family, whose rules never change: every object is elements of its sets and maps, and one transaction
 * commits them all. Where the kernel can, the table belongs to this process, so that nobody else changes it.
 */
extern const BackendKind nftables_backend;
