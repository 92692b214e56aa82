/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/reload.h"

#include "service/change/change-service.h"
#include "service/service.h"

#include <string.h>

bool service_reload(Service *service, GError **error)
{
	Config fresh;

	if (!config_load(service->config_path, false, &fresh, error))
		return false;
	if (strcmp(fresh.chain_prefix, service->config.chain_prefix) != 0) {
		netfilter_fail(error, INVALID_ARGS,
			       "%s: ChainPrefix=\"%s\" cannot be changed from \"%s\" while the service runs",
			       service->config_path, cut(fresh.chain_prefix), cut(service->config.chain_prefix));
		config_clear(&fresh);
		return false;
	}
	service_configure(&service->transaction, &service->config, &fresh);
	return true;
}
