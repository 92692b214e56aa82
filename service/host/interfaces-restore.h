/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/host/interfaces.h"

/*
 * From the previous instance: what it knew of an interface; a bridge that waits to be deleted; what it may have done
 * besides; what a version said that knew names only; and a bridge that it may have created, if it has this address,
 * which is to be deleted.
 */
void interfaces_restore(Interfaces *interfaces, const InterfaceFacts *facts);
void interfaces_restore_leftover(Interfaces *interfaces, const InterfaceFacts *facts);
void interfaces_restore_doubtful(Interfaces *interfaces, const InterfaceFacts *facts);
void interfaces_restore_by_name(Interfaces *interfaces, const char *name, bool created, guint8 switched);
void interfaces_disown(Interfaces *interfaces, const char *name, guint64 mac);
