/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include "service/host/effects.h"
#include "service/host/wanted.h"
#include "service/netlink/interface.h"

/**
 * Forwarding of the host, a family each: switched on where objects want it and it is off, and switched back when none
 * does any more, if it was us who switched it on. To be planned, closed and opened as interfaces are.
 *
 * The kernel sets that of all interfaces at once, and more along with it: what each had is written down before, and
 * put back after. Those that took what routers advertise go on taking it, also those that come meanwhile. When an
 * interface is there that came since, whose owner may rely on it, it stays on for good.
 */
typedef struct Forwarding Forwarding;

Forwarding *forwarding_new(Netlink *netlink);
void forwarding_free(Forwarding *forwarding); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Forwarding, forwarding_free)

/**
 * serving are the interfaces of objects, created the bridges of ours (GArray of int: ifindex). FAILED names what of the
 * host cannot be read. To be ended by forwarding_keep() or forwarding_cancel().
 */
bool forwarding_plan(Forwarding *forwarding, const Model *model, const Config *config, const GArray *serving,
		     const GArray *created, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether it is us who switched it on, once the plan is true, which does not mean to put right what others had on; and
 * what there was before (forwarding's). */
bool forwarding_is_ours(const Forwarding *forwarding, enum family family);
const ForwardingBefore *forwarding_before(const Forwarding *forwarding, enum family family);

/** Whether it stays on, and is ours no longer, with the plan. */
bool forwarding_is_left(const Forwarding *forwarding, enum family family);

/** Whether the plan makes anything true that was not. */
bool forwarding_changes(const Forwarding *forwarding);

/** Switches off what is to be off, before the rules change; and on, afterwards. FAILED: the caller reverts the effects.
 */
void forwarding_close(Forwarding *forwarding, Effects *effects);
bool forwarding_open(Forwarding *forwarding, Effects *effects, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** What was wanted before, and was put right, is added to a list of repairs. */
void forwarding_keep(Forwarding *forwarding, GPtrArray *repairs);
void forwarding_cancel(Forwarding *forwarding);

/** Somebody may have switched it off; an interface (0: any) may have come, or be otherwise; and when a plan is due for
 * that (CLOCK_MONOTONIC, µs; 0: nothing is to be done). */
void forwarding_touch(Forwarding *forwarding);
void forwarding_touch_interface(Forwarding *forwarding, int ifindex);
gint64 forwarding_find_due(Forwarding *forwarding, const GArray *created, gint64 now);

/** From the previous instance. Of before the arrays become ours; doubtful: of what may not have happened. */
void forwarding_restore(Forwarding *forwarding, enum family family, bool switched);
void forwarding_restore_before(Forwarding *forwarding, enum family family, ForwardingBefore *before, bool doubtful);
