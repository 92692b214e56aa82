/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/**
 * Failures on demand, compiled in with -Dfaults=true and in the tests.
 * $NETFILTERD_FAULT is a comma-separated list of
 *
 *     CALL:ERRNO:COUNT[:SKIP]   fail that call COUNT times, after SKIP that went well
 *     CALL:kill:COUNT           die of SIGKILL right after it succeeded for the COUNTth time
 *
 * where CALL is "init" or "commit" and ERRNO one of EAGAIN, ENOMEM, EPERM, ENOENT, EINVAL.
 * Calls are counted from when the variable last changed.
 */
#ifdef WITH_FAULTS

/** True, with errno set, when the call is to fail. */
bool fault_before(const char *call);

/** May not return. */
void fault_after(const char *call);

#else

static inline bool fault_before(const char *call)
{
	(void)call;
	return false;
}

static inline void fault_after(const char *call)
{
	(void)call;
}

#endif
