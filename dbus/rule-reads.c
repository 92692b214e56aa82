/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/rule-reads.h"

#include "dbus/error.h"
#include "dbus/lookup.h"
#include "dbus/path.h"
#include "dbus/reply.h"
#include "service/rule-lines.h"

#include <string.h>
#include <time.h>

#define COUNTERS_USEC (100 * 1000)
#define CACHE_USEC (5 * G_USEC_PER_SEC)

struct RuleReads {
	Service *service;
	const Announcer *announcer;
	sd_event_source *expiry;
	guint64 generation; /* of all that is kept below */
	char *texts[N_FAMILIES];
	char *path; /* of the object whose lines are kept */
	RuleLines *lines;
	gint64 read_usec; /* when they were */
};

static void drop(RuleReads *reads)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		g_clear_pointer(&reads->texts[family], g_free);
	g_clear_pointer(&reads->path, g_free);
	g_clear_pointer(&reads->lines, rule_lines_unref);
}

static int on_expired(sd_event_source *source G_GNUC_UNUSED, uint64_t usec G_GNUC_UNUSED, void *userdata)
{
	drop(userdata);
	return 0;
}

RuleReads *rule_reads_new(Service *service, const Announcer *announcer, sd_event *event)
{
	RuleReads *reads = g_new0(RuleReads, 1);

	reads->service = service;
	reads->announcer = announcer;
	if (sd_event_add_time(event, &reads->expiry, CLOCK_MONOTONIC, 0, 0, on_expired, reads) < 0 ||
	    sd_event_source_set_enabled(reads->expiry, SD_EVENT_OFF) < 0) {
		rule_reads_free(reads);
		return NULL;
	}
	return reads;
}

void rule_reads_free(RuleReads *reads)
{
	if (!reads)
		return;
	drop(reads);
	sd_event_source_disable_unref(reads->expiry);
	g_free(reads);
}

/* Before anything that is kept is used. */
static void check_generation(RuleReads *reads)
{
	if (reads->generation != announcer_generation(reads->announcer))
		drop(reads);
	reads->generation = announcer_generation(reads->announcer);
	sd_event_source_set_time_relative(reads->expiry, CACHE_USEC);
	sd_event_source_set_enabled(reads->expiry, SD_EVENT_ONESHOT);
}

/* --- GetRules --- */

typedef struct Answer {
	RuleLines *lines;
	guint next;
	gsize bytes; /* of the reply, or some more */
	sd_bus_message *reply;
} Answer;

static void answer_free(gpointer data)
{
	Answer *answer = data;

	rule_lines_unref(answer->lines);
	sd_bus_message_unref(answer->reply);
	g_free(answer);
}

static GArray *rules_of(const Service *service, const char *path, GError **error)
{
	g_autofree char *name = NULL, *endpoint = NULL;
	enum object_kind kind;
	void *object;

	if (!path_decode(path, &kind, &name, &endpoint)) {
		netfilter_fail(error, UNKNOWN_OBJECT, "there is no object \"%s\"", cut(path));
		return NULL;
	}
	object = path_find(service, path, kind, error);
	if (!object)
		return NULL;
	switch (kind) {
	case OBJECT_NETWORK:
		return service_rules_of_network(service, object);
	case OBJECT_ENDPOINT:
		return service_rules_of_endpoint(service, object);
	case OBJECT_INGRESS:
		return service_rules_of_ingress(service, object);
	}
	g_assert_not_reached();
}

/* Those of the object at a path, borrowed. */
static RuleLines *read_lines(RuleReads *reads, const char *path, GError **error)
{
	g_autoptr(GArray) items = NULL;
	RuleLines *lines;

	check_generation(reads);
	if (g_strcmp0(reads->path, path) == 0 && g_get_monotonic_time() - reads->read_usec < COUNTERS_USEC)
		return reads->lines;
	items = rules_of(reads->service, path, error);
	lines = items ? service_rule_lines(reads->service, items, error) : NULL;
	if (!lines)
		return NULL;
	g_clear_pointer(&reads->lines, rule_lines_unref);
	g_free(reads->path);
	reads->path = g_strdup(path);
	reads->lines = lines;
	reads->read_usec = g_get_monotonic_time();
	return lines;
}

static int begin_get_rules(Read *read, sd_bus_error *ret_error)
{
	g_autoptr(GError) error = NULL;
	RuleLines *lines = read_lines(read->userdata, sd_bus_message_get_path(read->call), &error);
	Answer *answer;
	int r;

	if (!lines)
		return error_set(ret_error, error);
	answer = g_new0(Answer, 1);
	answer->lines = rule_lines_ref(lines);
	read->state = answer;
	r = sd_bus_message_new_method_return(read->call, &answer->reply);
	if (r >= 0)
		r = sd_bus_message_open_container(answer->reply, 'a', "(sssstt)");
	return r < 0 ? r : 1;
}

/* Of a line with what aligns it, but for its strings. */
#define LINE_SIZE (7 + 4 * 8 + sizeof "ipv4" + 7 + 2 * sizeof(guint64))

static int append_line(Answer *answer)
{
	RuleLine line;
	int r;

	if (!rule_lines_get(answer->lines, answer->next++, &line))
		return 0;
	r = sd_bus_message_append(answer->reply, "(sssstt)", family_to_string(line.family), line.table, line.chain,
				  line.text, line.packets, line.bytes);
	answer->bytes += LINE_SIZE + strlen(line.table) + strlen(line.chain) + strlen(line.text);
	g_free(line.text);
	return r;
}

static int step_get_rules(Read *read, sd_bus_error *error)
{
	gint64 begin = g_get_monotonic_time();
	Answer *answer = read->state;
	int r = 0;

	if (!answer) {
		r = begin_get_rules(read, error);
		answer = read->state;
	}
	while (r >= 0 && answer->bytes <= MAX_ANSWER_SIZE && answer->next < rule_lines_count(answer->lines)) {
		if (!read_has_time(begin))
			return 1;
		r = append_line(answer);
	}
	if (r >= 0)
		r = sd_bus_message_close_container(answer->reply);
	if (r >= 0)
		r = answer_send(read->call, answer->reply, answer->bytes,
				"GetRules of an endpoint gives its own, and the kernel's tools show all", error);
	return MIN(r, 0);
}

const ReadKind get_rules_read = { step_get_rules, answer_free };

/* --- DumpRules --- */

static int step_dump_rules(Read *read, sd_bus_error *ret_error)
{
	RuleReads *reads = read->userdata;
	enum family family;
	const char *name;
	int r;

	r = sd_bus_message_read(read->call, "s", &name);
	if (r < 0)
		return r;
	if (!family_from_string(name, &family))
		return sd_bus_error_setf(ret_error, SD_BUS_ERROR_INVALID_ARGS, "family \"%s\" is not ipv4 or ipv6",
					 cut(name));
	check_generation(reads);
	if (!reads->texts[family])
		reads->texts[family] = service_dump(reads->service, family);
	r = text_reply(read->call, reads->texts[family],
		       "GetRules of an object gives its own, and the kernel's tools show all", ret_error);
	return MIN(r, 0);
}

const ReadKind dump_rules_read = { step_dump_rules };
