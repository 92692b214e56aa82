/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/private.h"

static const struct {
	const char *what, *limit, *limit_per_uid;
	gsize max, max_per_uid; /* offsets of guint in Config */
} quotas[N_QUOTAS] = {
	[QUOTA_NETWORKS] = { "networks", "MaxNetworks", "MaxNetworksPerUID", offsetof(Config, max_networks),
			     offsetof(Config, max_networks_per_uid) },
	[QUOTA_ENDPOINTS] = { "endpoints", "MaxEndpoints", "MaxEndpointsPerUID", offsetof(Config, max_endpoints),
			      offsetof(Config, max_endpoints_per_uid) },
	[QUOTA_PORTS] = { "published ports", "MaxPorts", "MaxPortsPerUID", offsetof(Config, max_ports),
			  offsetof(Config, max_ports_per_uid) },
	[QUOTA_INGRESSES] = { "ingresses", "MaxIngresses", "MaxNetworksPerUID", offsetof(Config, max_ingresses),
			      offsetof(Config, max_networks_per_uid) },
};

static Usage *find_usage(Manager *manager, uid_t uid)
{
	Usage *usage = g_hash_table_lookup(manager->usage, GUINT_TO_POINTER(uid));

	if (!usage) {
		usage = g_new0(Usage, 1);
		g_hash_table_insert(manager->usage, GUINT_TO_POINTER(uid), usage);
	}
	return usage;
}

static guint limit(const Manager *manager, gsize offset)
{
	return *(const guint *)((const char *)&manager->config + offset);
}

bool quota_take(Manager *manager, enum quota quota, uid_t uid, guint by, GError **error)
{
	guint *total = &manager->total.counts[quota], *own = &find_usage(manager, uid)->counts[quota];
	guint max = limit(manager, quotas[quota].max), max_per_uid = limit(manager, quotas[quota].max_per_uid);

	if (manager->restoring)
		max = max_per_uid = G_MAXUINT;
	if (by > max || *total > max - by)
		return netfilter_fail(error, QUOTA_EXCEEDED, "%u more %s would be more than %s=%u", by,
				      quotas[quota].what, quotas[quota].limit, max);
	if (uid != 0 && (by > max_per_uid || *own > max_per_uid - by))
		return netfilter_fail(error, QUOTA_EXCEEDED, "%u more %s of uid %u would be more than %s=%u", by,
				      quotas[quota].what, uid, quotas[quota].limit_per_uid, max_per_uid);
	manager_count(manager, total, by);
	manager_count(manager, own, by);
	return true;
}

void quota_give(Manager *manager, enum quota quota, uid_t uid, guint by)
{
	manager_count(manager, &manager->total.counts[quota], -(int)by);
	manager_count(manager, &find_usage(manager, uid)->counts[quota], -(int)by);
}
