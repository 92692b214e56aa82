/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/reload.h"

#include "service/change/change-service.h"
#include "service/commit.h"
#include "service/service.h"
#include "service/start.h"
#include "service/units.h"

#include <string.h>

void service_misconfigured(Service *service, GError *why)
{
	g_critical("%s", why->message);
	service->misconfigured = true;
	service->recovery.keeps_chains = true;
	/* To callers it is no fault of their arguments. */
	netfilter_fail(&service->refusal, FAILED, "%s", why->message);
	g_error_free(why);
}

static const char *backend_of(const Service *service)
{
	return firewall_backend(service->firewall)->kind->name;
}

static bool is_backend(const Service *service, const Config *config)
{
	return g_str_equal(config->backend, backend_of(service)) || g_str_equal(config->backend, BACKEND_AUTO);
}

static bool choose_chains(Service *service, Config *fresh, GError **error)
{
	const char *prefix = firewall_prefix(service->firewall);
	bool same_prefix = g_str_equal(fresh->chain_prefix, prefix);
	bool same_backend = is_backend(service, fresh);

	if (service->recovery.has_previous && same_prefix && same_backend)
		return true;
	if (!service->recovery.has_previous) {
		/* The lock goes with what held it. */
		service_choose_chains(service, fresh);
		return service_lock(service) >= 0 ||
		       netfilter_fail(error, BUSY, "another program holds the %s", service_lock_name(service));
	}
	if (!same_prefix)
		g_warning(CHAIN_PREFIX_LATER, fresh->chain_prefix, prefix);
	if (!same_backend)
		g_warning("Backend=%s takes effect when the service is restarted; until then it is %s", fresh->backend,
			  backend_of(service));
	g_free(fresh->chain_prefix);
	fresh->chain_prefix = g_strdup(prefix);
	return true;
}

/* Nothing was committed yet by the configuration that goes: the start commits what this one wants, as soon as it can.
 */
static bool configure(Service *service, Config *fresh, GError **error)
{
	if (!choose_chains(service, fresh, error))
		return false;
	service_configure(&service->transaction, &service->config, fresh);
	transaction_finish(&service->transaction);
	service->misconfigured = false;
	g_clear_error(&service->refusal);
	return true;
}

bool service_reload(Service *service, GError **error)
{
	Config fresh;

	if (!config_load(service->config_path, false, &fresh, error))
		return false;
	if (service->misconfigured) {
		if (!configure(service, &fresh, error)) {
			config_clear(&fresh);
			return false;
		}
		service_start(service);
		return service_is_available(service, error);
	}
	if (strcmp(fresh.chain_prefix, service->config.chain_prefix) != 0) {
		netfilter_fail(error, INVALID_ARGS,
			       "%s: ChainPrefix=\"%s\" cannot be changed from \"%s\" while the service runs",
			       service->config_path, cut(fresh.chain_prefix), cut(service->config.chain_prefix));
		config_clear(&fresh);
		return false;
	}
	if (!is_backend(service, &fresh)) {
		netfilter_fail(error, INVALID_ARGS,
			       "%s: Backend=\"%s\" cannot be changed from \"%s\" while the service runs; restart it",
			       service->config_path, fresh.backend, backend_of(service));
		config_clear(&fresh);
		return false;
	}
	service_configure(&service->transaction, &service->config, &fresh);
	if (!service_commit(service, error))
		return false;
	service_load_units(service);
	return true;
}
