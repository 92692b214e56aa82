/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/change/change-ingress.h"

#include "service/journal/encode.h"

#include <string.h>

/* The ingress as it is without the change, or would be with it: the names of its parts are the ingress's own. */
static Ingress other_side(const Change *change)
{
	const GatewaysChange *other = change->part;
	Ingress ingress = *(const Ingress *)change->object;

	ingress.gateways = other->gateways;
	ingress.masquerade = other->masquerade;
	return ingress;
}

static void swap(Model *model, Change *change)
{
	GatewaysChange *other = change->part;

	model_swap_gateways(model, change->object, &other->gateways, &other->masquerade);
}

static void release(Change *change, bool applied G_GNUC_UNUSED)
{
	GatewaysChange *other = change->part;

	g_array_unref(other->gateways);
	g_free(other);
}

static void encode(const Change *change, GByteArray *to)
{
	encode_gateways(to, change->object);
}

static bool decode(Change *change, Record *record, Model *model, GError **error)
{
	GatewaysChange held = { g_array_new(FALSE, FALSE, sizeof(Gateway)) };

	change->object = decode_gateways(record, model, held.gateways, &held.masquerade, error);
	if (change->object)
		change->part = g_memdup2(&held, sizeof held);
	else
		g_array_unref(held.gateways);
	return change->object;
}

static void rules(const Change *change, const Model *model G_GNUC_UNUSED, const RenderOptions *options,
		  RuleDelta *delta)
{
	const Ingress before = other_side(change);

	render_ingress_whole(&before, options, delta->leaves);
	render_ingress_whole(change->object, options, delta->joins);
}

/* Those that lead there now, then those that did. */
static const char *interface_of(const Change *change, guint i)
{
	const Ingress *ingress = change->object, before = other_side(change);
	guint n = 0;

	while (ingress_bridge(ingress, n))
		n++;
	return i < n ? ingress_bridge(ingress, i) : ingress_bridge(&before, i - n);
}

/* What is forwarded to one that went stops; the others keep what they have. */
static void flows(const Change *change, GArray *forwards)
{
	const Ingress *ingress = change->object, before = other_side(change);

	for (guint i = 0; i < before.gateways->len; i++) {
		const Address *gone = &ingress_gateway(&before, i)->address;

		for (guint j = 0; ingress_find_gateway(ingress, gone) < 0 && j < ingress->ports->len; j++) {
			const IngressPort *port = ingress->ports->pdata[j];
			Forward forward = { *gone, port->protocol, port->port };

			g_array_append_val(forwards, forward);
		}
	}
}

static Lifetime *lifetime_of(const Change *change)
{
	return &((Ingress *)change->object)->lifetime;
}

static void announce(const Change *change, const Observer *observer)
{
	const Ingress *ingress = change->object, before = other_side(change);
	const Gateway *now = ingress_first_gateway(ingress), *then = ingress_first_gateway(&before);

	observer->changed(OBJECT_INGRESS, change->object, "Gateways", observer->userdata);
	if (!address_equal(&now->address, &then->address))
		observer->changed(OBJECT_INGRESS, change->object, "Gateway", observer->userdata);
	if (strcmp(now->bridge, then->bridge) != 0)
		observer->changed(OBJECT_INGRESS, change->object, "Bridge", observer->userdata);
	if (ingress->masquerade != before.masquerade)
		observer->changed(OBJECT_INGRESS, change->object, "Masquerade", observer->userdata);
}

const ChangeKind ingress_led = {
	.name = "ingress-led",
	.type = 'T',
	.apply = swap,
	.revert = swap,
	.release = release,
	.encode = encode,
	.decode = decode,
	.rules = rules,
	.host = HOST_INTERFACE,
	.interface = interface_of,
	.flows = flows,
	.of = lifetime_of,
	.announce = announce,
};
