/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/model.h"

static Network *add_docker0(Model *model, enum network_flag flags)
{
	return model_add_network(model, "docker0", "172.17.0.0/16", flags);
}

static Network *add_gwbridge(Model *model)
{
	return model_add_network(model, "docker_gwbridge", "172.18.0.0/16", NETWORK_NO_COMMUNICATION);
}

static void build_init(Model *model)
{
	(void)model;
}

static void build_default(Model *model)
{
	add_docker0(model, 0);
}

static void build_nomasq(Model *model)
{
	add_docker0(model, NETWORK_NO_MASQUERADE);
}

static void build_noicc(Model *model)
{
	add_docker0(model, NETWORK_NO_COMMUNICATION);
}

static void build_internal(Model *model)
{
	add_docker0(model, 0);
	model_add_network(model, "br-int", "172.20.0.0/16", NETWORK_INTERNAL);
}

static void build_ports(Model *model)
{
	Network *network = add_docker0(model, 0);
	Endpoint *web = model_add_endpoint(model, network, "172.17.0.2");
	Endpoint *dns = model_add_endpoint(model, network, "172.17.0.3");

	model_publish(model, web, IPPROTO_TCP, "0.0.0.0", 8080, 80, 1);
	model_publish(model, web, IPPROTO_TCP, "127.0.0.1", 8443, 443, 1);
	model_publish(model, dns, IPPROTO_UDP, "192.0.2.10", 53, 53, 1);
}

static void build_seed1(Model *model)
{
	add_gwbridge(model);
	add_docker0(model, 0);
	model_publish_ingress(model, model_add_ingress(model, "docker_gwbridge", "172.18.0.2"), IPPROTO_TCP, 8088);
}

static void publish_seed(Model *model, Network *gwbridge)
{
	Ingress *ingress = model_add_ingress(model, "docker_gwbridge", "172.18.0.2");
	Endpoint *five = model_add_endpoint(model, gwbridge, "172.18.0.5");
	Endpoint *six = model_add_endpoint(model, gwbridge, "172.18.0.6");

	model_publish_ingress(model, ingress, IPPROTO_TCP, 4510);
	model_publish_ingress(model, ingress, IPPROTO_TCP, 4511);
	model_publish(model, five, IPPROTO_TCP, NULL, 4534, 4534, 1);
	model_publish(model, five, IPPROTO_TCP, NULL, 4533, 4533, 1);
	model_publish(model, five, IPPROTO_TCP, NULL, 4532, 4532, 1);
	model_publish(model, six, IPPROTO_TCP, NULL, 4531, 4531, 1);
}

static void build_seed2(Model *model)
{
	Network *gwbridge = add_gwbridge(model);

	add_docker0(model, 0);
	publish_seed(model, gwbridge);
}

static void build_swarm(Model *model)
{
	add_docker0(model, 0);
	publish_seed(model, add_gwbridge(model));
}

static void build_three(Model *model)
{
	add_docker0(model, 0);
	model_add_network(model, "br-a", "172.18.0.0/16", NETWORK_NO_COMMUNICATION);
	model_add_network(model, "br-b", "172.19.0.0/16", 0);
}

static void build_hairpin(Model *model)
{
	Network *docker0, *br_a;

	model->options.hairpin = model->options.localhost_publish = true;
	docker0 = add_docker0(model, 0);
	br_a = model_add_network(model, "br-a", "172.18.0.0/16", 0);
	model_publish(model, model_add_endpoint(model, docker0, "172.17.0.2"), IPPROTO_TCP, NULL, 8080, 80, 1);
	model_publish(model, model_add_endpoint(model, br_a, "172.18.0.2"), IPPROTO_UDP, "192.0.2.10", 53, 53, 1);
}

static void build_localhost(Model *model)
{
	Endpoint *web;

	model->options.localhost_publish = true;
	web = model_add_endpoint(model, add_docker0(model, 0), "172.17.0.2");
	model_add_network(model, "br-a", "172.18.0.0/16", 0);
	model_add_network(model, "br-int", "172.20.0.0/16", NETWORK_INTERNAL);
	model_publish(model, web, IPPROTO_TCP, NULL, 8080, 80, 1);
	model_publish(model, web, IPPROTO_TCP, "127.0.0.1", 8443, 443, 1);
}

static void build_links(Model *model)
{
	Network *network = add_docker0(model, NETWORK_NO_COMMUNICATION);
	Endpoint *web = model_add_endpoint(model, network, "172.17.0.2");
	Endpoint *db = model_add_endpoint(model, network, "172.17.0.3");

	model_publish(model, web, IPPROTO_TCP, NULL, 8080, 80, 1);
	model_link(model, web, db, (Ports){ 2, { { IPPROTO_TCP, 5432 }, { IPPROTO_UDP, 53 } } });
	model_publish(model, web, IPPROTO_TCP, NULL, 8443, 443, 1);
}

static void build_ranges(Model *model)
{
	Endpoint *endpoint = model_add_endpoint(model, add_docker0(model, 0), "172.17.0.2");

	model_publish(model, endpoint, IPPROTO_TCP, NULL, 8000, 8000, 10);
	model_publish(model, endpoint, IPPROTO_UDP, NULL, 9000, 80, 10);
	model_publish(model, endpoint, IPPROTO_SCTP, "192.0.2.10", 7000, 7001, 1);
	model_publish(model, endpoint, IPPROTO_SCTP, NULL, 7100, 7200, 2);
	model_publish(model, endpoint, IPPROTO_TCP, NULL, 65535, 65535, 1);
}

static void build_shared(Model *model)
{
	Endpoint *web = model_add_endpoint(model, add_docker0(model, 0), "172.17.0.2");

	model_publish(model, web, IPPROTO_TCP, NULL, 8080, 80, 1);
	model_publish(model, web, IPPROTO_TCP, NULL, 8443, 443, 1);
	model_publish(model, web, IPPROTO_TCP, NULL, 8081, 80, 1);
}

static void build_after_ingress(Model *model)
{
	Ingress *ingress;

	add_gwbridge(model);
	ingress = model_add_ingress(model, "docker_gwbridge", "172.18.0.2");
	model_publish_ingress(model, ingress, IPPROTO_TCP, 4510);
	add_docker0(model, 0);
	model_publish_ingress(model, ingress, IPPROTO_UDP, 4511);
}

static void build_linear(Model *model)
{
	model->linear = true;
	add_docker0(model, 0);
	model_add_network(model, "br-a", "172.18.0.0/16", 0);
	model_add_network(model, "br-int", "172.20.0.0/16", NETWORK_INTERNAL | NETWORK_NO_COMMUNICATION);
	model_add_network(model, "br-b", "172.19.0.0/16", 0);
}

/* Dual stack, localhost publishing on: the other family's rules must not show in this one. */
static void build_network6(Model *model)
{
	Network *docker0, *br_a;
	Endpoint *web;

	model->options.localhost_publish = true;
	docker0 = model_add_network(model, "docker0", "172.17.0.0/16 fd00:17::/64", 0);
	br_a = model_add_network(model, "br-a", "fd00:18::/64", NETWORK_NO_COMMUNICATION);
	model_add_network(model, "br-4", "172.21.0.0/16", 0);
	web = model_add_endpoint(model, docker0, "172.17.0.2 fd00:17::2");
	model_publish(model, web, IPPROTO_TCP, NULL, 8080, 80, 1);
	model_publish(model, web, IPPROTO_TCP, "192.0.2.10", 8443, 443, 1);
	model_publish(model, web, IPPROTO_UDP, "2001:db8::1", 53, 53, 1);
	model_publish(model, web, IPPROTO_TCP, "::", 8000, 8000, 10);
	model_publish(model, web, IPPROTO_TCP, NULL, 9000, 80, 10);
	model_link(model, model_add_endpoint(model, br_a, "fd00:18::2"), model_add_endpoint(model, br_a, "fd00:18::3"),
		   (Ports){ 1, { { IPPROTO_TCP, 5432 } } });
}

static void build_hairpin6(Model *model)
{
	Network *docker0;

	model->options.hairpin = true;
	docker0 = model_add_network(model, "docker0", "fd00:17::/64", 0);
	model_publish(model, model_add_endpoint(model, docker0, "fd00:17::2"), IPPROTO_TCP, NULL, 8080, 80, 1);
}

static void build_internal6(Model *model)
{
	model_add_network(model, "docker0", "fd00:17::/64", 0);
	model_add_network(model, "br-int", "fd00:20::/64", NETWORK_INTERNAL);
}

static void build_ingress6(Model *model)
{
	model_add_network(model, "docker_gwbridge", "fd00:18::/64", 0);
	model_publish_ingress(model, model_add_ingress(model, "docker_gwbridge", "fd00:18::2"), IPPROTO_TCP, 4510);
}

const Scenario scenarios[] = {
	{ "init", FAMILY_IPV4, build_init },         { "default", FAMILY_IPV4, build_default },
	{ "nomasq", FAMILY_IPV4, build_nomasq },     { "noicc", FAMILY_IPV4, build_noicc },
	{ "internal", FAMILY_IPV4, build_internal }, { "ports", FAMILY_IPV4, build_ports },
	{ "seed1", FAMILY_IPV4, build_seed1 },       { "seed2", FAMILY_IPV4, build_seed2 },
	{ "swarm", FAMILY_IPV4, build_swarm },       { "three", FAMILY_IPV4, build_three },
	{ "hairpin", FAMILY_IPV4, build_hairpin },   { "localhost", FAMILY_IPV4, build_localhost },
	{ "links", FAMILY_IPV4, build_links },       { "ranges", FAMILY_IPV4, build_ranges },
	{ "shared", FAMILY_IPV4, build_shared },     { "after-ingress", FAMILY_IPV4, build_after_ingress },
	{ "linear", FAMILY_IPV4, build_linear },     { "network6", FAMILY_IPV6, build_network6, true },
	{ "hairpin6", FAMILY_IPV6, build_hairpin6 }, { "internal6", FAMILY_IPV6, build_internal6 },
	{ "ingress6", FAMILY_IPV6, build_ingress6 },
};
const gsize n_scenarios = G_N_ELEMENTS(scenarios);

Model *scenario_build(const Scenario *scenario)
{
	Model *model = model_new(scenario->family);

	scenario->build(model);
	return model;
}
