/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include "service/model/port-table.h"

/**
 * The host ports that are published, each held by a socket that is bound and
 * never listens: no other program can take it, and a connection that reaches it
 * is refused at once. Where the service may not bind (ports below 1024 without
 * CAP_NET_BIND_SERVICE), a port that a program on the host has is in use all the
 * same, but a free one is not kept from such programs later. What somebody has
 * when it is published all the same is tried again until it is held.
 */
typedef struct HostPorts HostPorts;

HostPorts *host_ports_new(void);
void host_ports_free(HostPorts *ports); /* NULL is fine; closes what is still held */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostPorts, host_ports_free)

/** What is to become of a port that cannot be had at once. */
enum port_wish {
	PORT_NAMED,  /* it alone will do: the kernel is asked whose it is */
	PORT_CHOSEN, /* another will do as well, and to try that is cheaper than to ask */
};

/**
 * Takes the ports of n ranges, all or none; those that are held already are had. PORT_IN_USE names the first that
 * another program has; PENDING says that it is free once what is being given up is released; FAILED what else the
 * kernel says.
 */
bool host_ports_claim(HostPorts *ports, const PortRange *ranges, guint n, enum port_wish wish,
		      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Of ports that whoever asks for them is to hold himself, and nothing holds here: PORT_IN_USE names the first that a
 * program of another user has, of chosen ones any program; FAILED what the kernel says when it is asked who has them.
 */
bool host_ports_check(HostPorts *ports, const PortRange *range, enum port_wish wish, uid_t uid,
		      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Takes what can be had of ports that are published already, and says in the log what cannot. */
void host_ports_restore(HostPorts *ports, const PortRange *range);

/** When host_ports_hold() is due (CLOCK_MONOTONIC, µs): soon, later and later, a minute at most; 0: nothing waits. */
gint64 host_ports_due(const HostPorts *ports);

/** Takes what can be had by now of the ports that wait, if that is due. */
void host_ports_hold(HostPorts *ports, gint64 now);

/** Gives up those of the claims (GArray of PortRange) that nobody wants held any more, or that never came to be. */
void host_ports_release(HostPorts *ports, const PortTable *wanted, const GArray *claims);
