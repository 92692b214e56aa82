/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/false-polkit.h"

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define PATIENCE_USEC (20 * G_USEC_PER_SEC)

static sd_bus_slot *slot;
static GQueue heard = G_QUEUE_INIT; /* char *, owned */

static int on_message(sd_bus_message *message, G_GNUC_UNUSED void *userdata, G_GNUC_UNUSED sd_bus_error *error)
{
	const char *kind, *action, *id;
	guint32 flags;
	int r;

	if (sd_bus_message_is_method_call(message, NULL, "CancelCheckAuthorization")) {
		r = sd_bus_message_read(message, "s", &id);
		if (r < 0)
			return r;
		g_queue_push_tail(&heard, g_strdup_printf("cancel %s", id));
		return 1;
	}
	r = sd_bus_message_enter_container(message, 'r', "sa{sv}");
	if (r >= 0)
		r = sd_bus_message_read(message, "s", &kind);
	if (r >= 0)
		r = sd_bus_message_skip(message, "a{sv}");
	if (r >= 0)
		r = sd_bus_message_exit_container(message);
	if (r >= 0)
		r = sd_bus_message_read(message, "s", &action);
	if (r >= 0)
		r = sd_bus_message_skip(message, "a{ss}");
	if (r >= 0)
		r = sd_bus_message_read(message, "us", &flags, &id);
	if (r < 0)
		return r;
	g_queue_push_tail(&heard, g_strdup_printf("check %s %s %u %s", kind, action, flags, id));
	return 1;
}

void false_polkit_start(sd_bus *bus)
{
	if (sd_bus_add_object(bus, &slot, POLKIT_PATH, on_message, NULL) < 0 ||
	    sd_bus_request_name(bus, POLKIT_NAME, 0) < 0)
		g_error("Cannot take the place of polkit");
}

char *false_polkit_hear(sd_bus *bus)
{
	gint64 end = g_get_monotonic_time() + PATIENCE_USEC;

	while (g_queue_is_empty(&heard) && g_get_monotonic_time() < end) {
		int r = sd_bus_process(bus, NULL);

		if (r < 0)
			break;
		if (r == 0)
			sd_bus_wait(bus, G_USEC_PER_SEC);
	}
	if (g_queue_is_empty(&heard))
		return g_strdup("");
	g_test_message("polkit hears: %s", (char *)g_queue_peek_head(&heard));
	return g_queue_pop_head(&heard);
}

void false_polkit_stop(sd_bus *bus)
{
	sd_bus_release_name(bus, POLKIT_NAME);
	slot = sd_bus_slot_unref(slot);
	g_queue_clear_full(&heard, g_free);
}
