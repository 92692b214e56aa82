/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/host/effects.h"
#include "service/model/endpoint.h"
#include "service/netlink/netlink.h"

/**
 * Puts endpoints on their bridges: a veth, of which one end goes into the namespace that the request names, with
 * address and routes. Namespaces are claimed as the request is made, and given up when it is committed or failed.
 */
typedef struct Attachments Attachments;

/**
 * So many are attached before others have their turn: the kernel takes some milliseconds for each, the more the
 * fuller the bridge is.
 */
#define MAX_ATTACHED 64

/** A way out of the namespace. */
typedef struct AttachmentRoute {
	Prefix destination;
	Address gateway;
	bool optional; /* another to the same destination is as good */
} AttachmentRoute;

Attachments *attachments_new(Netlink *netlink);
void attachments_free(Attachments *attachments); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Attachments, attachments_free)

/**
 * For an endpoint that is to come: the namespace is that of a NETLINK_ROUTE socket, borrowed; mtu 0: the bridge's;
 * routes (GArray of AttachmentRoute) become ours. What namespace_new() meets.
 */
bool attachments_claim(Attachments *attachments, const Endpoint *endpoint, int socket, guint mtu, GArray *routes,
		       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Attaches an endpoint whose namespace was claimed to a bridge that is there. It is an effect from when there is
 * something, also when what comes after it fails: INVALID_ARGS, FAILED.
 */
bool attachments_open(Attachments *attachments, const Endpoint *endpoint, int bridge, Effects *effects,
		      int *ret_ifindex, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** How many are claimed. */
guint attachments_count(const Attachments *attachments);

/** Gives up what was claimed. */
void attachments_release(Attachments *attachments);

/** Detaches endpoints (GPtrArray of Endpoint) that go; what fails is said in the log. */
void attachments_detach(Attachments *attachments, const GPtrArray *endpoints);

/** What the previous instance may have made for an endpoint that did not come to be. */
void attachments_disown(Attachments *attachments, const Endpoint *endpoint);
