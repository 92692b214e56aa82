/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/clear.h"

#include "service/change/change-ingress.h"
#include "service/change/change-network.h"
#include "service/change/change-service.h"
#include "service/checkpoint.h"
#include "service/commit.h"
#include "service/restore.h"
#include "service/service.h"
#include "service/start.h"

#include <errno.h>

#define LOCK_RETRY_USEC 10000

/* --- nobody listens --- */

static void on_object(enum object_kind kind G_GNUC_UNUSED, void *object G_GNUC_UNUSED, void *userdata G_GNUC_UNUSED)
{
}

static void on_changed(enum object_kind kind G_GNUC_UNUSED, void *object G_GNUC_UNUSED,
		       const char *property G_GNUC_UNUSED, void *userdata G_GNUC_UNUSED)
{
}

static void on_committed(guint64 generation G_GNUC_UNUSED, guint added G_GNUC_UNUSED, guint removed G_GNUC_UNUSED,
			 const GPtrArray *drifted G_GNUC_UNUSED, const char *author G_GNUC_UNUSED,
			 const GPtrArray *repaired G_GNUC_UNUSED, void *userdata G_GNUC_UNUSED)
{
}

static const Observer nobody = {
	.added = on_object, .removed = on_object, .changed = on_changed, .committed = on_committed
};

/* --- the steps --- */

static bool wait_for_lock(Service *service, GError **error)
{
	guint timeout = service->config.lock_timeout_sec;
	gint64 end = g_get_monotonic_time() + timeout * G_USEC_PER_SEC;
	int r;

	while ((r = service_lock(service)) == -EAGAIN && g_get_monotonic_time() < end)
		g_usleep(LOCK_RETRY_USEC);
	if (r == -EAGAIN)
		return netfilter_fail(error, BUSY, "another program holds the %s for longer than LockTimeoutSec=%u",
				      service_lock_name(service), timeout);
	return r >= 0 ||
	       netfilter_fail(error, FAILED, "the %s cannot be taken: %s", service_lock_name(service), g_strerror(-r));
}

/* What the previous instance had begun may be half done, and what others did since is not put right first. */
static bool delete_objects(Service *service, GError **error)
{
	const Model *model = service->model;
	const GList *i;

	service_ask_for_chains(&service->transaction, true);
	while ((i = model->ingresses_by_age.head))
		ingress_delete(&service->transaction, i->data);
	while ((i = model->networks_by_age.head))
		network_delete(&service->transaction, i->data);
	ruleset_set_all_dirty(firewall_ruleset(service->firewall));
	service->recovery.first_commit = true;
	if (!service_commit(service, error))
		return false;
	service_switch_off_unused(service);
	return true;
}

static bool delete_chains(Service *service, GError **error)
{
	service_stop(service);
	return service_commit(service, error);
}

/* Whoever owned something, on whichever bus, is not asked. */
static bool restore(Service *service, const char *directory, GError **error)
{
	g_autoptr(GHashTable) descriptors = g_hash_table_new(g_int64_hash, g_int64_equal);

	service->recovery.keeps_chains = true;
	return service_restore(service, directory, "", descriptors, error);
}

bool service_clear(Service *service, const char *directory, GError **error)
{
	bool ok;

	/* Not to make one of another owner. */
	if (!g_file_test(directory, G_FILE_TEST_IS_DIR))
		return true;
	service_set_observer(service, &nobody);
	if (!restore(service, directory, error))
		return false;
	if (!service->recovery.has_previous)
		return true;
	if (!firewall_probe(service->firewall, error) || !wait_for_lock(service, error))
		return false;
	ok = service_begin_journal(service, error) && delete_objects(service, error);
	while (ok && service_delete_leftover(service))
		;
	ok = ok && service_end_handover(service, error) && delete_chains(service, error);
	service_unlock(service);
	while (service_flows_fd(service) >= 0)
		service_end_flows(service);
	return ok;
}
