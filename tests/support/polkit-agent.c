/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * polkit-agent PID allow|deny|wait
 *
 * A polkit authentication agent for one process, run as root, with a mind made
 * up beforehand in place of a person. Prints "ready", then for each question
 * "asked ACTION MESSAGE", and "cancelled" when polkit takes one back.
 */

#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"

static const char *mind;

/* polkit has the response: now the agent may say that it is done. */
static int on_responded(sd_bus_message *reply, void *userdata, G_GNUC_UNUSED sd_bus_error *error)
{
	sd_bus_message *question = userdata;
	const sd_bus_error *failure = sd_bus_message_get_error(reply);
	int r = failure ? sd_bus_reply_method_error(question, failure) : sd_bus_reply_method_return(question, NULL);

	sd_bus_message_unref(question);
	return r;
}

static int on_begin(sd_bus_message *question, G_GNUC_UNUSED void *userdata, G_GNUC_UNUSED sd_bus_error *error)
{
	const char *action, *message, *icon, *cookie, *kind, *key;
	guint32 uid;
	int r;

	r = sd_bus_message_read(question, "sss", &action, &message, &icon);
	if (r < 0)
		return r;
	printf("asked %s %s\n", action, message);
	if (strcmp(mind, "deny") == 0)
		return sd_bus_reply_method_errorf(question, "org.freedesktop.PolicyKit1.Error.Cancelled", "dismissed");

	r = sd_bus_message_skip(question, "a{ss}");
	if (r < 0)
		return r;
	r = sd_bus_message_read(question, "s", &cookie);
	if (r < 0)
		return r;
	if (strcmp(mind, "wait") == 0)
		return 1;

	/* as the first of those who may */
	r = sd_bus_message_enter_container(question, 'a', "(sa{sv})");
	if (r < 0)
		return r;
	r = sd_bus_message_enter_container(question, 'r', "sa{sv}");
	if (r < 0)
		return r;
	r = sd_bus_message_read(question, "sa{sv}", &kind, 1, &key, "u", &uid);
	if (r < 0)
		return r;
	r = sd_bus_call_method_async(sd_bus_message_get_bus(question), NULL, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
				     "AuthenticationAgentResponse2", on_responded, question, "us(sa{sv})",
				     (guint32)getuid(), cookie, kind, 1, "uid", "u", uid);
	if (r < 0)
		return r;
	sd_bus_message_ref(question);
	return 1;
}

static int on_cancel(sd_bus_message *message, G_GNUC_UNUSED void *userdata, G_GNUC_UNUSED sd_bus_error *error)
{
	puts("cancelled");
	return sd_bus_reply_method_return(message, NULL);
}

static const sd_bus_vtable agent_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("BeginAuthentication", "sssa{ss}sa(sa{sv})", "", on_begin, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("CancelAuthentication", "s", "", on_cancel, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

/* Field 22 of /proc/PID/stat; the second may hold spaces, and ends with the last ')'. */
static guint64 start_time(const char *pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%s/stat", pid);
	g_autofree char *text = NULL;
	g_auto(GStrv) fields = NULL;
	char *end;

	if (!g_file_get_contents(path, &text, NULL, NULL) || !(end = strrchr(text, ')')))
		return 0;
	fields = g_strsplit(end + 2, " ", -1);
	return g_strv_length(fields) > 19 ? g_ascii_strtoull(fields[19], NULL, 10) : 0;
}

int main(int argc, char **argv)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus *bus;
	int r;

	if (argc != 3)
		return 2;
	mind = argv[2];
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (sd_bus_open_system(&bus) < 0 ||
	    sd_bus_add_object_vtable(bus, NULL, "/agent", "org.freedesktop.PolicyKit1.AuthenticationAgent",
				     agent_vtable, NULL) < 0)
		return 1;
	r = sd_bus_call_method(bus, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE, "RegisterAuthenticationAgent", &error,
			       NULL, "(sa{sv})ss", "unix-process", 2, "pid", "u",
			       (guint32)g_ascii_strtoull(argv[1], NULL, 10), "start-time", "t", start_time(argv[1]),
			       "C", "/agent");
	if (r < 0) {
		fprintf(stderr, "%s\n", error.message);
		return 1;
	}
	puts("ready");
	for (;;) {
		r = sd_bus_process(bus, NULL);
		if (r < 0)
			return 0;
		if (r == 0)
			sd_bus_wait(bus, UINT64_MAX);
	}
}
