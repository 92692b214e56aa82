/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/change/change-service.h"

#include "service/change/change-allow-from.h"

/* --- the chains that stand from the start --- */

static void start(Model *model, Change *change G_GNUC_UNUSED)
{
	model->started = true;
}

static void stop(Model *model, Change *change G_GNUC_UNUSED)
{
	model->started = false;
}

static void rules_started(const Change *change G_GNUC_UNUSED, const Model *model G_GNUC_UNUSED,
			  const RenderOptions *options G_GNUC_UNUSED, RuleDelta *delta)
{
	render_base(FAMILY_IPV4, delta->joins);
}

static void rules_stopped(const Change *change G_GNUC_UNUSED, const Model *model G_GNUC_UNUSED,
			  const RenderOptions *options G_GNUC_UNUSED, RuleDelta *delta)
{
	render_base(FAMILY_IPV4, delta->leaves);
}

const ChangeKind service_started = {
	.name = "service-started",
	.apply = start,
	.revert = stop,
	.rules = rules_started,
	.host = HOST_EVERYTHING,
};

const ChangeKind service_stopped = {
	.name = "service-stopped",
	.apply = stop,
	.revert = start,
	.rules = rules_stopped,
};

/* The model is as the previous instance left it, and so may be the host. */
const ChangeKind service_resumed = {
	.name = "service-resumed",
	.host = HOST_EVERYTHING,
};

void service_ask_for_chains(Transaction *transaction, bool wanted)
{
	const ChangeKind *kind = !wanted                       ? &service_stopped
				 : transaction->model->started ? &service_resumed
							       : &service_started;

	transaction_make(transaction, &(Change){ .kind = kind });
}

/* --- the host --- */

static const char *interface_of(const Change *change, guint i)
{
	return i == 0 ? change->part : NULL;
}

static void release_name(Change *change, bool applied G_GNUC_UNUSED)
{
	g_free(change->part);
}

const ChangeKind host_touched = {
	.name = "host-touched",
	.release = release_name,
	.host = HOST_INTERFACE,
	.interface = interface_of,
};

void service_look_at(Transaction *transaction, const char *interface)
{
	transaction_make(transaction, &(Change){ .kind = &host_touched, .part = g_strdup(interface) });
}

/* --- the configuration --- */

static void swap_configurations(Model *model G_GNUC_UNUSED, Change *change)
{
	Config *present = change->object, *other = change->part, held = *present;

	*present = *other;
	*other = held;
}

static void release(Change *change, bool applied G_GNUC_UNUSED)
{
	config_clear(change->part);
	g_free(change->part);
}

static void rules_configured(const Change *change, const Model *model, const RenderOptions *options, RuleDelta *delta)
{
	RenderOptions before = render_options(change->part, options->ipv6);

	if (before.hairpin == options->hairpin && before.localhost_publish == options->localhost_publish &&
	    before.container_publish == options->container_publish && before.drop_invalid == options->drop_invalid &&
	    before.isolation_pairwise_max == options->isolation_pairwise_max &&
	    before.protect_endpoints == options->protect_endpoints &&
	    allow_from_equal(before.ceiling, options->ceiling))
		return;
	render_model(model, &before, delta->leaves);
	render_model(model, options, delta->joins);
}

static void guards_configured(const Change *change, const Model *model, GArray *guards)
{
	const Config *present = change->object, *before = change->part;

	if (!allow_from_includes(present->allow_from, before->allow_from))
		guard_all(model, guards);
}

const ChangeKind service_configured = {
	.name = "service-configured",
	.apply = swap_configurations,
	.revert = swap_configurations,
	.release = release,
	.rules = rules_configured,
	.host = HOST_EVERYTHING,
	.guards = guards_configured,
};

void service_configure(Transaction *transaction, Config *present, Config *fresh)
{
	transaction_make(transaction, &(Change){
					      .kind = &service_configured,
					      .object = present,
					      .part = g_memdup2(fresh, sizeof *fresh),
				      });
	*fresh = (Config){};
}
