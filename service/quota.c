/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/quota.h"

/* Of what has no setting, for each uid. */
#define LABELS_MAX_BYTES_PER_UID (1 << 20)
#define LINK_PORTS_MAX_PER_UID (1 << 14)

static const struct {
	const char *what, *limit, *limit_per_uid; /* names of settings; NULL: there is none */
	gsize max, max_per_uid;                   /* offsets of guint in Config; without settings the limit itself */
} quotas[N_QUOTAS] = {
	[QUOTA_NETWORKS] = { "networks", "MaxNetworks", "MaxNetworksPerUID", offsetof(Config, max_networks),
			     offsetof(Config, max_networks_per_uid) },
	[QUOTA_ENDPOINTS] = { "endpoints", "MaxEndpoints", "MaxEndpointsPerUID", offsetof(Config, max_endpoints),
			      offsetof(Config, max_endpoints_per_uid) },
	[QUOTA_PORTS] = { "published ports", "MaxPorts", "MaxPortsPerUID", offsetof(Config, max_ports),
			  offsetof(Config, max_ports_per_uid) },
	[QUOTA_INGRESSES] = { "ingresses", "MaxIngresses", "MaxIngressesPerUID", offsetof(Config, max_ingresses),
			      offsetof(Config, max_ingresses_per_uid) },
	[QUOTA_SOURCES] = { "sources in AllowFrom", "MaxSources", "MaxSourcesPerUID", offsetof(Config, max_sources),
			    offsetof(Config, max_sources_per_uid) },
	[QUOTA_LABELS] = { "bytes of labels", .max_per_uid = LABELS_MAX_BYTES_PER_UID },
	[QUOTA_LINK_PORTS] = { "ports of links", .max_per_uid = LINK_PORTS_MAX_PER_UID },
};

static guint limit(const Config *config, gsize offset)
{
	return *(const guint *)((const char *)config + offset);
}

static bool check_constant(const Model *model, enum quota quota, uid_t uid, guint by, GError **error)
{
	guint max = quotas[quota].max_per_uid, own = model_usage(model, uid).counts[quota];

	return uid == 0 || (by <= max && own <= max - by) ||
	       netfilter_fail(error, QUOTA_EXCEEDED,
			      "%u more %s than the %u of uid %u would be more than the %u allowed", by,
			      quotas[quota].what, own, uid, max);
}

bool quota_check(const Model *model, const Config *config, enum quota quota, uid_t uid, guint by, GError **error)
{
	guint total = model->total.counts[quota], own = model_usage(model, uid).counts[quota], max, max_per_uid;

	if (!quotas[quota].limit)
		return check_constant(model, quota, uid, by, error);
	max = limit(config, quotas[quota].max);
	max_per_uid = limit(config, quotas[quota].max_per_uid);
	if (by > max || total > max - by)
		return netfilter_fail(error, QUOTA_EXCEEDED, "%u more %s would be more than %s=%u", by,
				      quotas[quota].what, quotas[quota].limit, max);
	if (uid != 0 && (by > max_per_uid || own > max_per_uid - by))
		return netfilter_fail(error, QUOTA_EXCEEDED, "%u more %s of uid %u would be more than %s=%u", by,
				      quotas[quota].what, uid, quotas[quota].limit_per_uid, max_per_uid);
	return true;
}
