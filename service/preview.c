/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/preview.h"

#include "service/change/change-ingress.h"
#include "service/change/change-network.h"
#include "service/service.h"

static Transaction begin(Service *service)
{
	Transaction transaction = {
		.model = service->model,
		.config = &service->config,
		.collected = rendering_new(),
		.netlink = service->netlink,
		.interfaces = service->interfaces,
		.ipv6 = service->transaction.ipv6,
	};

	transaction_init(&transaction);
	return transaction;
}

/* What is wanted already would not be added. */
static GArray *find_additions(Service *service, const GArray *items)
{
	GArray *additions = rendering_new();

	for (guint i = 0; i < items->len; i++) {
		const RuleItem *item = &g_array_index(items, RuleItem, i);
		const RulesetEntry *entry = ruleset_find(firewall_ruleset(service->firewall), &item->rule);

		if (!entry || entry->references == 0)
			g_array_append_val(additions, *item);
	}
	return additions;
}

static char *end(Service *service, Transaction *transaction, guint64 sequence, bool ok)
{
	g_autoptr(GArray) collected = transaction->collected, additions = NULL;
	char *text = NULL;

	if (ok) {
		additions = find_additions(service, collected);
		text = backend_text_of(firewall_backend(service->firewall), additions);
	}
	transaction_roll_back(transaction, 0);
	transaction_clear(transaction);
	service->model->sequence = sequence;
	return text;
}

char *service_preview_network(Service *service, const char *name, const NetworkSettings *settings, bool privileged,
			      GError **error)
{
	guint n = settings->endpoints ? settings->endpoints->len : 0;
	guint64 sequence = service->model->sequence;
	Transaction transaction;

	if (!privileged && n > MAX_PREVIEW_ENDPOINTS) {
		netfilter_fail(error, LIMITS_EXCEEDED, "Endpoints: %u are given, and a preview may have at most %u", n,
			       MAX_PREVIEW_ENDPOINTS);
		return NULL;
	}
	transaction = begin(service);
	return end(service, &transaction, sequence, network_create(&transaction, name, settings, error));
}

char *service_preview_ingress(Service *service, const char *name, const IngressSettings *settings, GError **error)
{
	guint64 sequence = service->model->sequence;
	Transaction transaction = begin(service);

	return end(service, &transaction, sequence, ingress_create(&transaction, name, settings, error));
}
