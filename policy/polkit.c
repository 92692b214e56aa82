/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/polkit.h"

#include <errno.h>
#include <stdbool.h>

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"
#define POLKIT_ERROR_PREFIX "org.freedesktop.PolicyKit1.Error."

#define ALLOW_USER_INTERACTION 1u
#define INTERACTIVE_TIMEOUT_USEC (2 * 60 * G_USEC_PER_SEC)

struct PolkitCheck {
	sd_bus *bus;
	sd_bus_slot *slot;
	const char *action;
	bool interactive;
	bool open; /* at polkit, as far as is known */
	guint64 cancellation;
	PolkitVerdict verdict;
	void *userdata;
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PolkitCheck, polkit_check_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)

static void format_cancellation(guint64 cancellation, char buffer[static 21])
{
	g_snprintf(buffer, 21, "%" G_GUINT64_FORMAT, cancellation);
}

static bool refuse_without_answer(const PolkitCheck *check, const sd_bus_error *failure, GError **error)
{
	if (g_str_has_prefix(failure->name, POLKIT_ERROR_PREFIX))
		return netfilter_fail(error, ACCESS_DENIED, "polkit cannot decide about %s: %s", check->action,
				      failure->message);
	if (sd_bus_error_has_name(failure, SD_BUS_ERROR_LIMITS_EXCEEDED))
		return netfilter_fail(error, QUOTA_EXCEEDED, "too many questions to polkit are open to ask about %s",
				      check->action);
	return netfilter_fail(error, ACCESS_DENIED, "polkit does not answer, so %s is denied: %s", check->action,
			      failure->message && *failure->message ? failure->message : failure->name);
}

static int read_verdict(sd_bus_message *reply, bool *ret_authorized, bool *ret_challenge, bool *ret_dismissed)
{
	int authorized, challenge, r;
	const char *key, *value;
	bool dismissed = false;

	r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_STRUCT, "bba{ss}");
	if (r < 0)
		return r;
	r = sd_bus_message_read(reply, "bb", &authorized, &challenge);
	if (r < 0)
		return r;
	r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "{ss}");
	if (r < 0)
		return r;
	while ((r = sd_bus_message_read(reply, "{ss}", &key, &value)) > 0)
		if (g_str_equal(key, "polkit.dismissed"))
			dismissed = *value;
	if (r < 0)
		return r;

	*ret_authorized = authorized;
	*ret_challenge = challenge;
	*ret_dismissed = dismissed;
	return 0;
}

static bool judge(const PolkitCheck *check, sd_bus_message *reply, GError **error)
{
	bool authorized, challenge, dismissed;
	int r;

	r = read_verdict(reply, &authorized, &challenge, &dismissed);
	if (r < 0)
		return netfilter_fail(error, ACCESS_DENIED, "the answer of polkit about %s is not understood: %s",
				      check->action, g_strerror(-r));
	if (authorized)
		return true;
	if (dismissed)
		return netfilter_fail(error, ACCESS_DENIED, "the authentication for %s was dismissed", check->action);
	if (challenge)
		return netfilter_fail(error, INTERACTIVE_REQUIRED, "authentication is required for %s", check->action);
	return netfilter_fail(error, ACCESS_DENIED, "the caller is not authorized for %s", check->action);
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
	PolkitCheck *check = userdata;
	const sd_bus_error *failure = sd_bus_message_get_error(reply);
	g_autoptr(GError) error = NULL;

	(void)unused;
	if (failure) {
		refuse_without_answer(check, failure, &error);
		/* The bus gave up waiting; polkit, or the person it asks, may still be at it. */
		if (!sd_bus_error_has_names(failure, SD_BUS_ERROR_NO_REPLY, SD_BUS_ERROR_TIMEOUT))
			check->open = false;
	} else {
		judge(check, reply, &error);
		check->open = false;
	}
	check->verdict(error, check->userdata);
	return 1;
}

int polkit_check_new(sd_bus_message *call, const char *action, const char *const *details, PolkitVerdict verdict,
		     void *userdata, PolkitCheck **ret)
{
	static guint64 last_cancellation;
	g_autoptr(sd_bus_message) message = NULL;
	g_autoptr(PolkitCheck) check = g_new0(PolkitCheck, 1);
	char cancellation[21];
	int r;

	check->bus = sd_bus_ref(sd_bus_message_get_bus(call));
	check->action = action;
	check->interactive = sd_bus_message_get_allow_interactive_authorization(call) > 0;
	check->cancellation = ++last_cancellation;
	check->verdict = verdict;
	check->userdata = userdata;
	format_cancellation(check->cancellation, cancellation);

	r = sd_bus_message_new_method_call(check->bus, &message, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
					   "CheckAuthorization");
	if (r < 0)
		return r;
	/* The subject is the connection, not its process: a pid may be another program's by the time polkit
	 * looks. */
	r = sd_bus_message_append(message, "(sa{sv})s", "system-bus-name", 1, "name", "s",
				  sd_bus_message_get_sender(call), action);
	if (r < 0)
		return r;
	r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "{ss}");
	if (r < 0)
		return r;
	for (; *details; details += 2) {
		r = sd_bus_message_append(message, "{ss}", details[0], details[1]);
		if (r < 0)
			return r;
	}
	r = sd_bus_message_close_container(message);
	if (r < 0)
		return r;
	r = sd_bus_message_append(message, "us", check->interactive ? ALLOW_USER_INTERACTION : 0, cancellation);
	if (r < 0)
		return r;
	r = sd_bus_call_async(check->bus, &check->slot, message, on_reply, check,
			      check->interactive ? INTERACTIVE_TIMEOUT_USEC : 0);
	if (r < 0)
		return r;

	check->open = true;
	*ret = g_steal_pointer(&check);
	return 0;
}

void polkit_check_cancel(PolkitCheck *check)
{
	g_autoptr(sd_bus_message) message = NULL;
	char cancellation[21];

	if (!check->open)
		return;
	check->open = false;
	format_cancellation(check->cancellation, cancellation);
	/* Nothing to do for a failure here: polkit drops the question itself when it is answered or the bus
	 * is lost. */
	if (sd_bus_message_new_method_call(check->bus, &message, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
					   "CancelCheckAuthorization") < 0 ||
	    sd_bus_message_append(message, "s", cancellation) < 0 ||
	    sd_bus_message_set_expect_reply(message, false) < 0 || sd_bus_message_set_auto_start(message, false) < 0)
		return;
	(void)sd_bus_send(check->bus, message, NULL);
}

void polkit_check_free(PolkitCheck *check)
{
	if (!check)
		return;
	sd_bus_slot_unref(check->slot);
	polkit_check_cancel(check);
	sd_bus_unref(check->bus);
	g_free(check);
}
