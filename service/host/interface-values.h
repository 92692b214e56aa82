/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/facts.h"

/** What interfaces had, to be looked up: a view of a list of InterfaceValue, which is to outlive it. */
typedef struct InterfaceValues InterfaceValues;

/** NULL is a list of none. */
InterfaceValues *interface_values_new(const GArray *list);
void interface_values_free(InterfaceValues *values); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InterfaceValues, interface_values_free)

/**
 * What one had, or NULL: it came since. One that was taken away and made again under its name is what its owner calls
 * by that name.
 */
const InterfaceValue *interface_values_find(const InterfaceValues *values, int ifindex, const char *name);
