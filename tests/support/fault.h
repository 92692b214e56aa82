/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/**
 * Failures of libiptc (fault.c), of nf_tables and of the kernel's interfaces (fault-host.c) on demand. What is linked
 * with these and --wrap for the functions in there calls them in their place. $NETFILTERD_FAULT is a comma-separated
 * list of
 *
 *     CALL:ERRNO:COUNT[:SKIP]   fail that call COUNT times, after SKIP that went well
 *     CALL:kill:COUNT           die of SIGKILL right after it succeeded for the COUNTth time
 *
 * where CALL is "init", "commit", "probe" (of nf_tables), "bridge", "address", "up", "veth", "inside" or "detach", and
 * ERRNO one of EAGAIN, ENOMEM, ENOBUFS, EPERM, ENOENT, EINVAL, EOPNOTSUPP, ENOPROTOOPT, EPROTONOSUPPORT. Calls are
 * counted from when the variable last changed. A commit to nf_tables that fails with ENOBUFS has been done: the answer
 * is lost.
 */

/** True, with errno set, when the call is to fail. */
bool fault_before(const char *call);

/** The call succeeded. May not return. */
void fault_after(const char *call);
