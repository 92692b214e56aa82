/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/** What is counted, for everybody together and for each uid. */
enum quota {
	QUOTA_NETWORKS,
	QUOTA_ENDPOINTS,
	QUOTA_PORTS,
	QUOTA_INGRESSES,
	QUOTA_SOURCES,
	QUOTA_LABELS,     /* bytes, of keys and values */
	QUOTA_LINK_PORTS, /* of the parent's uid */
	N_QUOTAS
};

typedef struct Usage {
	guint counts[N_QUOTAS];
} Usage;
