/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/rules/render.h"
#include "service/rules/ruleset.h"

/** A model built by hand, and its rules. What goes wrong here ends the test program. */
typedef struct Scene {
	RenderOptions options;
	const char *source_addresses; /* of networks that come: "192.0.2.7 2001:db8::7"; NULL: masqueraded */
	Model *model;
	GPtrArray *renderings; /* GArray of RuleItem, owned: what was added to the ruleset, in order */
	Ruleset *ruleset;
} Scene;

Scene *scene_new(enum family family);
void scene_free(Scene *scene);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scene, scene_free)

enum network_flag {
	NETWORK_INTERNAL = 1 << 0,
	NETWORK_NO_COMMUNICATION = 1 << 1,
	NETWORK_NO_MASQUERADE = 1 << 2,
	NETWORK_CREATES_BRIDGE = 1 << 3,
};

/** Subnets and addresses may be NULL. A list of both families is "172.17.0.0/16 fd00:17::/64". */
Network *scene_add_network(Scene *scene, const char *bridge, const char *subnets, enum network_flag flags);
Endpoint *scene_add_endpoint(Scene *scene, Network *network, const char *addresses);
void scene_publish(Scene *scene, Endpoint *endpoint, guint8 protocol, const char *host_address, guint16 host_port,
		   guint16 endpoint_port, guint16 count);

typedef struct Ports {
	guint n;
	LinkPort ports[4];
} Ports;
void scene_link(Scene *scene, Endpoint *parent, Endpoint *child, Ports ports);
/** Gateways are one or, masqueraded, several: "172.18.0.2 172.18.0.3". */
Ingress *scene_add_ingress(Scene *scene, const char *bridge, const char *gateways);
void scene_publish_ingress(Scene *scene, Ingress *ingress, guint8 protocol, guint16 port);

/** Takes one rendering out of the ruleset, or puts it back. */
void scene_withdraw(Scene *scene, guint rendering);
void scene_restore(Scene *scene, guint rendering);

/** The scenarios that tests/golden/ holds, each for one family. */
typedef struct Scenario {
	const char *name; /* golden/NAME.save */
	enum family family;
	void (*build)(Scene *scene);
	bool both; /* has rules in the other family too */
} Scenario;
extern const Scenario scenarios[];
extern const gsize n_scenarios;

Scene *scenario_build(const Scenario *scenario);
