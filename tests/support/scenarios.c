/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/scene.h"

static Network *add_docker0(Scene *scene, enum network_flag flags)
{
	return scene_add_network(scene, "docker0", "172.17.0.0/16", flags);
}

static Network *add_gwbridge(Scene *scene)
{
	return scene_add_network(scene, "docker_gwbridge", "172.18.0.0/16", NETWORK_NO_COMMUNICATION);
}

static void build_init(Scene *scene)
{
	(void)scene;
}

static void build_default(Scene *scene)
{
	add_docker0(scene, 0);
}

static void build_nomasq(Scene *scene)
{
	add_docker0(scene, NETWORK_NO_MASQUERADE);
}

static void build_noicc(Scene *scene)
{
	add_docker0(scene, NETWORK_NO_COMMUNICATION);
}

static void build_internal(Scene *scene)
{
	add_docker0(scene, 0);
	scene_add_network(scene, "br-int", "172.20.0.0/16", NETWORK_INTERNAL);
}

static void build_ports(Scene *scene)
{
	Network *network = add_docker0(scene, 0);
	Endpoint *web = scene_add_endpoint(scene, network, "172.17.0.2");
	Endpoint *dns = scene_add_endpoint(scene, network, "172.17.0.3");

	scene_publish(scene, web, IPPROTO_TCP, "0.0.0.0", 8080, 80, 1);
	scene_publish(scene, web, IPPROTO_TCP, "127.0.0.1", 8443, 443, 1);
	scene_publish(scene, dns, IPPROTO_UDP, "192.0.2.10", 53, 53, 1);
}

static void build_seed1(Scene *scene)
{
	add_gwbridge(scene);
	add_docker0(scene, 0);
	scene_publish_ingress(scene, scene_add_ingress(scene, "docker_gwbridge", "172.18.0.2"), IPPROTO_TCP, 8088);
}

static void publish_seed(Scene *scene, Network *gwbridge)
{
	Ingress *ingress = scene_add_ingress(scene, "docker_gwbridge", "172.18.0.2");
	Endpoint *five = scene_add_endpoint(scene, gwbridge, "172.18.0.5");
	Endpoint *six = scene_add_endpoint(scene, gwbridge, "172.18.0.6");

	scene_publish_ingress(scene, ingress, IPPROTO_TCP, 4510);
	scene_publish_ingress(scene, ingress, IPPROTO_TCP, 4511);
	scene_publish(scene, five, IPPROTO_TCP, NULL, 4534, 4534, 1);
	scene_publish(scene, five, IPPROTO_TCP, NULL, 4533, 4533, 1);
	scene_publish(scene, five, IPPROTO_TCP, NULL, 4532, 4532, 1);
	scene_publish(scene, six, IPPROTO_TCP, NULL, 4531, 4531, 1);
}

static void build_seed2(Scene *scene)
{
	Network *gwbridge = add_gwbridge(scene);

	add_docker0(scene, 0);
	publish_seed(scene, gwbridge);
}

static void build_swarm(Scene *scene)
{
	add_docker0(scene, 0);
	publish_seed(scene, add_gwbridge(scene));
}

static void build_three(Scene *scene)
{
	add_docker0(scene, 0);
	scene_add_network(scene, "br-a", "172.18.0.0/16", NETWORK_NO_COMMUNICATION);
	scene_add_network(scene, "br-b", "172.19.0.0/16", 0);
}

static void build_hairpin(Scene *scene)
{
	Network *docker0, *br_a;

	scene->options.hairpin = scene->options.localhost_publish = true;
	docker0 = add_docker0(scene, 0);
	br_a = scene_add_network(scene, "br-a", "172.18.0.0/16", 0);
	scene_publish(scene, scene_add_endpoint(scene, docker0, "172.17.0.2"), IPPROTO_TCP, NULL, 8080, 80, 1);
	scene_publish(scene, scene_add_endpoint(scene, br_a, "172.18.0.2"), IPPROTO_UDP, "192.0.2.10", 53, 53, 1);
}

static void build_localhost(Scene *scene)
{
	Endpoint *web;

	scene->options.localhost_publish = true;
	web = scene_add_endpoint(scene, add_docker0(scene, 0), "172.17.0.2");
	scene_add_network(scene, "br-a", "172.18.0.0/16", 0);
	scene_add_network(scene, "br-int", "172.20.0.0/16", NETWORK_INTERNAL);
	scene_publish(scene, web, IPPROTO_TCP, NULL, 8080, 80, 1);
	scene_publish(scene, web, IPPROTO_TCP, "127.0.0.1", 8443, 443, 1);
}

static void build_links(Scene *scene)
{
	Network *network = add_docker0(scene, NETWORK_NO_COMMUNICATION);
	Endpoint *web = scene_add_endpoint(scene, network, "172.17.0.2");
	Endpoint *db = scene_add_endpoint(scene, network, "172.17.0.3");

	scene_publish(scene, web, IPPROTO_TCP, NULL, 8080, 80, 1);
	scene_link(scene, web, db, (Ports){ 2, { { IPPROTO_TCP, 5432 }, { IPPROTO_UDP, 53 } } });
	scene_publish(scene, web, IPPROTO_TCP, NULL, 8443, 443, 1);
}

static void build_ranges(Scene *scene)
{
	Endpoint *endpoint = scene_add_endpoint(scene, add_docker0(scene, 0), "172.17.0.2");

	scene_publish(scene, endpoint, IPPROTO_TCP, NULL, 8000, 8000, 10);
	scene_publish(scene, endpoint, IPPROTO_UDP, NULL, 9000, 80, 10);
	scene_publish(scene, endpoint, IPPROTO_SCTP, "192.0.2.10", 7000, 7001, 1);
	scene_publish(scene, endpoint, IPPROTO_SCTP, NULL, 7100, 7200, 2);
	scene_publish(scene, endpoint, IPPROTO_TCP, NULL, 65535, 65535, 1);
}

static void build_shared(Scene *scene)
{
	Endpoint *web = scene_add_endpoint(scene, add_docker0(scene, 0), "172.17.0.2");

	scene_publish(scene, web, IPPROTO_TCP, NULL, 8080, 80, 1);
	scene_publish(scene, web, IPPROTO_TCP, NULL, 8443, 443, 1);
	scene_publish(scene, web, IPPROTO_TCP, NULL, 8081, 80, 1);
}

static void build_after_ingress(Scene *scene)
{
	Ingress *ingress;

	add_gwbridge(scene);
	ingress = scene_add_ingress(scene, "docker_gwbridge", "172.18.0.2");
	scene_publish_ingress(scene, ingress, IPPROTO_TCP, 4510);
	add_docker0(scene, 0);
	scene_publish_ingress(scene, ingress, IPPROTO_UDP, 4511);
}

static void build_linear(Scene *scene)
{
	scene->options.isolation_pairwise_max = 0;
	add_docker0(scene, 0);
	scene_add_network(scene, "br-a", "172.18.0.0/16", 0);
	scene_add_network(scene, "br-int", "172.20.0.0/16", NETWORK_INTERNAL | NETWORK_NO_COMMUNICATION);
	scene_add_network(scene, "br-b", "172.19.0.0/16", 0);
}

/* Dual stack, localhost publishing on: the other family's rules must not show in this one. */
static void build_network6(Scene *scene)
{
	Network *docker0, *br_a;
	Endpoint *web;

	scene->options.localhost_publish = true;
	docker0 = scene_add_network(scene, "docker0", "172.17.0.0/16 fd00:17::/64", 0);
	br_a = scene_add_network(scene, "br-a", "fd00:18::/64", NETWORK_NO_COMMUNICATION);
	scene_add_network(scene, "br-4", "172.21.0.0/16", 0);
	web = scene_add_endpoint(scene, docker0, "172.17.0.2 fd00:17::2");
	scene_publish(scene, web, IPPROTO_TCP, NULL, 8080, 80, 1);
	scene_publish(scene, web, IPPROTO_TCP, "192.0.2.10", 8443, 443, 1);
	scene_publish(scene, web, IPPROTO_UDP, "2001:db8::1", 53, 53, 1);
	scene_publish(scene, web, IPPROTO_TCP, "::", 8000, 8000, 10);
	scene_publish(scene, web, IPPROTO_TCP, NULL, 9000, 80, 10);
	scene_link(scene, scene_add_endpoint(scene, br_a, "fd00:18::2"), scene_add_endpoint(scene, br_a, "fd00:18::3"),
		   (Ports){ 1, { { IPPROTO_TCP, 5432 } } });
}

static void build_hairpin6(Scene *scene)
{
	Network *docker0;

	scene->options.hairpin = true;
	docker0 = scene_add_network(scene, "docker0", "fd00:17::/64", 0);
	scene_publish(scene, scene_add_endpoint(scene, docker0, "fd00:17::2"), IPPROTO_TCP, NULL, 8080, 80, 1);
}

static void build_internal6(Scene *scene)
{
	scene_add_network(scene, "docker0", "fd00:17::/64", 0);
	scene_add_network(scene, "br-int", "fd00:20::/64", NETWORK_INTERNAL);
}

static void build_ingress6(Scene *scene)
{
	scene_add_network(scene, "docker_gwbridge", "fd00:18::/64", 0);
	scene_publish_ingress(scene, scene_add_ingress(scene, "docker_gwbridge", "fd00:18::2"), IPPROTO_TCP, 4510);
}

static void build_source(Scene *scene)
{
	Network *docker0;

	scene->source_addresses = "192.0.2.7";
	docker0 = add_docker0(scene, 0);
	scene->source_addresses = NULL;
	scene_add_network(scene, "br-a", "172.18.0.0/16", 0);
	scene_publish(scene, scene_add_endpoint(scene, docker0, "172.17.0.2"), IPPROTO_TCP, NULL, 8080, 80, 1);
}

static void build_source6(Scene *scene)
{
	scene->source_addresses = "2001:db8::7";
	build_hairpin6(scene);
}

static void build_gateways(Scene *scene)
{
	Ingress *ingress;

	add_gwbridge(scene);
	ingress = scene_add_ingress(scene, "docker_gwbridge", "172.18.0.2 172.18.0.3 172.18.0.4");
	scene_publish_ingress(scene, ingress, IPPROTO_TCP, 4510);
	scene_publish_ingress(scene, ingress, IPPROTO_UDP, 4511);
}

static void build_gateways6(Scene *scene)
{
	scene_add_network(scene, "docker_gwbridge", "fd00:18::/64", 0);
	scene_publish_ingress(scene, scene_add_ingress(scene, "docker_gwbridge", "fd00:18::2 fd00:18::3 fd00:18::4"),
			      IPPROTO_TCP, 4510);
}

const Scenario scenarios[] = {
	{ "init", FAMILY_IPV4, build_init },           { "default", FAMILY_IPV4, build_default },
	{ "nomasq", FAMILY_IPV4, build_nomasq },       { "noicc", FAMILY_IPV4, build_noicc },
	{ "internal", FAMILY_IPV4, build_internal },   { "ports", FAMILY_IPV4, build_ports },
	{ "seed1", FAMILY_IPV4, build_seed1 },         { "seed2", FAMILY_IPV4, build_seed2 },
	{ "swarm", FAMILY_IPV4, build_swarm },         { "three", FAMILY_IPV4, build_three },
	{ "hairpin", FAMILY_IPV4, build_hairpin },     { "localhost", FAMILY_IPV4, build_localhost },
	{ "links", FAMILY_IPV4, build_links },         { "ranges", FAMILY_IPV4, build_ranges },
	{ "shared", FAMILY_IPV4, build_shared },       { "after-ingress", FAMILY_IPV4, build_after_ingress },
	{ "linear", FAMILY_IPV4, build_linear },       { "network6", FAMILY_IPV6, build_network6, true },
	{ "hairpin6", FAMILY_IPV6, build_hairpin6 },   { "internal6", FAMILY_IPV6, build_internal6, true },
	{ "ingress6", FAMILY_IPV6, build_ingress6 },   { "gateways", FAMILY_IPV4, build_gateways },
	{ "gateways6", FAMILY_IPV6, build_gateways6 }, { "source", FAMILY_IPV4, build_source },
	{ "source6", FAMILY_IPV6, build_source6 },
};
const gsize n_scenarios = G_N_ELEMENTS(scenarios);

Scene *scenario_build(const Scenario *scenario)
{
	Scene *scene = scene_new(scenario->family);

	scenario->build(scene);
	return scene;
}
