/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/rules/render.h"
#include "service/rules/ruleset.h"

/** A model built by hand, and its rules. What goes wrong here ends the test program. */
typedef struct Model {
	RenderOptions options;
	bool linear; /* isolation */
	guint64 sequence;
	GPtrArray *networks;   /* Network, owned, oldest first */
	GPtrArray *ingresses;  /* Ingress, owned */
	GPtrArray *renderings; /* GArray of RuleItem, owned: what was added to the ruleset, in order */
	Ruleset *ruleset;
} Model;

Model *model_new(enum family family);
void model_free(Model *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Model, model_free)

enum network_flag {
	NETWORK_INTERNAL = 1 << 0,
	NETWORK_NO_COMMUNICATION = 1 << 1,
	NETWORK_NO_MASQUERADE = 1 << 2,
};

/** Subnets and addresses may be NULL. A list of both families is "172.17.0.0/16 fd00:17::/64". */
Network *model_add_network(Model *model, const char *bridge, const char *subnets, enum network_flag flags);
Endpoint *model_add_endpoint(Model *model, Network *network, const char *addresses);
void model_publish(Model *model, Endpoint *endpoint, guint8 protocol, const char *host_address, guint16 host_port,
		   guint16 endpoint_port, guint16 count);

typedef struct Ports {
	guint n;
	LinkPort ports[4];
} Ports;
void model_link(Model *model, Endpoint *parent, Endpoint *child, Ports ports);
Ingress *model_add_ingress(Model *model, const char *bridge, const char *gateway);
void model_publish_ingress(Model *model, Ingress *ingress, guint8 protocol, guint16 port);

/** Takes one rendering out of the ruleset, or puts it back. */
void model_withdraw(Model *model, guint rendering);
void model_restore(Model *model, guint rendering);

/** The scenarios that tests/golden/ holds, each for one family. */
typedef struct Scenario {
	const char *name; /* golden/NAME.save */
	enum family family;
	void (*build)(Model *model);
	bool both; /* has rules in the other family too */
} Scenario;
extern const Scenario scenarios[];
extern const gsize n_scenarios;

Model *scenario_build(const Scenario *scenario);
