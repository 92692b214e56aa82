/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Networks of unit files, with packets: a reload ends no connection and sets no counter back. */

#include "tests/support/text.h"
#include "tests/support/world.h"

#include <string.h>
#include <unistd.h>

#define ETC "/run/netfilterd-units/etc/netfilterd"
#define APP "app from 192.0.2.2"
#define DB "db from 192.0.2.2"

#define WEB                      \
	"[Network]\n"            \
	"Subnet=172.18.0.0/16\n" \
	"Bridge=br-web\n"        \
	"[Endpoint app]\n"       \
	"Address=172.18.0.2\n"   \
	"Publish=8080:80\n"      \
	"Publish=5353:53/udp\n"

static void reload(World *world)
{
	call(world->bus, "", "Manager", "Reload", "");
}

/* Packets that the rules of the endpoint have seen. */
static guint64 packets(World *world)
{
	sd_bus_message *reply = call_reply(world->bus, "/network/web/endpoint/app", "Endpoint", "GetRules", "");
	const char *family, *table, *chain, *rule;
	guint64 n, bytes, sum = 0;

	g_assert_nonnull(reply);
	g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "(sssstt)"), >, 0);
	while (sd_bus_message_read(reply, "(sssstt)", &family, &table, &chain, &rule, &n, &bytes) > 0)
		sum += n;
	sd_bus_message_unref(reply);
	return sum;
}

static void reload_in_use(World *world)
{
	int container, other, flow;
	guint64 before;

	put_file(ETC "/web.network", WEB);
	reload(world);
	container = world_container(
		world, &(Place){ .bridge = "br-web", .address = "172.18.0.2/16", .gateway = "172.18.0.1" });
	other = world_container(world,
				&(Place){ .bridge = "br-web", .address = "172.18.0.3/16", .gateway = "172.18.0.1" });
	listener_open(container, "app", "tcp", NULL, 80);
	listener_open(container, "app", "udp", NULL, 53);
	listener_open(other, "db", "tcp", NULL, 80);
	expect(world->outside, "udp", "192.0.2.1", 5353, APP);
	flow = flow_open(world->outside, "tcp", "192.0.2.1", 8080);
	expect_flow(flow, APP);
	before = packets(world);
	g_assert_cmpuint(before, >, 0);

	reload(world);
	g_assert_cmpuint(packets(world), >=, before);
	expect_flow(flow, APP);

	/* An endpoint more, a port more, and a bad file beside it. */
	put_file(ETC "/web.network", WEB "Publish=8081:80\n[Endpoint db]\nAddress=172.18.0.3\nPublish=8082:80\n");
	put_file(ETC "/bad.network", "[Network]\nSubnet=172.18.1.0/24\n");
	reload(world);
	g_assert_cmpuint(packets(world), >=, before);
	expect_flow(flow, APP);
	expect(world->outside, "tcp", "192.0.2.1", 8080, APP);
	expect(world->outside, "tcp", "192.0.2.1", 8081, APP);
	expect(world->outside, "tcp", "192.0.2.1", 8082, DB);

	/* Another port now goes there, and the connection that stands stays. */
	put_file(ETC "/web.network", WEB "[Endpoint db]\nAddress=172.18.0.3\nPublish=8081:80\n");
	reload(world);
	expect_flow(flow, APP);
	expect(world->outside, "tcp", "192.0.2.1", 8081, DB);
	expect(world->outside, "tcp", "192.0.2.1", 8082, "refused");

	/* Also over the death of the service. */
	before = packets(world);
	world_restart_service(world);
	g_assert_cmpuint(packets(world), >=, before);
	expect_flow(flow, APP);

	/* What the file does not say any more is closed. */
	put_file(ETC "/web.network", "[Network]\nSubnet=172.18.0.0/16\nBridge=br-web\n");
	reload(world);
	expect_flow(flow, "reset");
	expect(world->outside, "tcp", "192.0.2.1", 8080, "refused");
	close(flow);
}

int main(int argc, char **argv)
{
	static const Scenario scenarios[] = {
		{ "/permanent/reload-in-use", reload_in_use },
	};

	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
