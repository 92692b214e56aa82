/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/call.h"

#include "dbus/arguments.h"
#include "dbus/error.h"
#include "dbus/log.h"
#include "dbus/lookup.h"
#include "dbus/names.h"
#include "dbus/path.h"
#include "dbus/rate-limit.h"
#include "dbus/reply.h"
#include "dbus/size.h"
#include "service/change/change-file.h"

#include <string.h>

/* What is larger waits for its turn to be read: to look at more than this, for nothing, costs more than to send it. */
#define SMALL_BYTES (64 << 10)
#define SMALL_VALUES 512

/* No user is to fill the log, who may do nothing least of all. */
#define MAX_REFUSALS 10
#define MAX_FAILURES 60
#define LOG_INTERVAL_USEC (60 * G_USEC_PER_SEC)

/* How often polkit is asked about one call, where what it was told of changes meanwhile. */
#define MAX_ASKED 3

struct Calls {
	Service *service;
	Policy *policy;
	Queue *queue;
	Reads *reads;
	GHashTable *set;     /* of Call, owned */
	RateLimit *refusals; /* of those that are logged */
	RateLimit *failures; /* likewise, but root's */
	void (*answered)(void *userdata);
	void *userdata;
};

static void call_free(gpointer data)
{
	Call *call = data;

	sd_bus_message_unref(call->message);
	sd_bus_message_unref(call->reply);
	g_strfreev(call->told);
	g_free(call);
}

Calls *calls_new(Service *service, Policy *policy, Queue *queue, Reads *reads, void (*answered)(void *userdata),
		 void *userdata)
{
	Calls *calls = g_new(Calls, 1);

	*calls = (Calls){
		.service = service,
		.policy = policy,
		.queue = queue,
		.reads = reads,
		.set = g_hash_table_new_full(NULL, NULL, call_free, NULL),
		.refusals = rate_limit_new(MAX_REFUSALS, LOG_INTERVAL_USEC),
		.failures = rate_limit_new(MAX_FAILURES, LOG_INTERVAL_USEC),
		.answered = answered,
		.userdata = userdata,
	};
	return calls;
}

void calls_free(Calls *calls)
{
	if (!calls)
		return;
	g_hash_table_unref(calls->set);
	rate_limit_free(calls->refusals);
	rate_limit_free(calls->failures);
	g_free(calls);
}

bool calls_are_answered(const Calls *calls)
{
	return g_hash_table_size(calls->set) == 0;
}

static bool is_logged(const Call *call, const GError *error, bool refused)
{
	if (!error || (call->uid == 0 && !refused))
		return true;
	return rate_limit_take(refused ? call->calls->refusals : call->calls->failures, call->uid,
			       g_get_monotonic_time());
}

static void log_answer(const Call *call, const GError *error, bool refused)
{
	if (!is_logged(call, error, refused))
		return;
	log_call(&(LogCall){
		.object = sd_bus_message_get_path(call->message),
		.verb = call->method->member,
		.sender = sd_bus_message_get_sender(call->message),
		.uid = call->uid,
		.error = error,
		.refused = refused,
	});
}

static void send_answer(Call *call, const GError *error)
{
	sd_bus_error refusal = SD_BUS_ERROR_NULL;
	Calls *calls = call->calls;
	int r;

	if (error) {
		error_set(&refusal, error);
		r = sd_bus_reply_method_error(call->message, &refusal);
		sd_bus_error_free(&refusal);
	} else {
		r = sd_bus_send(NULL, call->reply, NULL);
	}
	if (r < 0)
		g_warning("Cannot answer %s: %s", call->method->member, g_strerror(-r));
	g_hash_table_remove(calls->set, call);
	calls->answered(calls->userdata);
}

static void answer(Call *call, const GError *error)
{
	log_answer(call, error, false);
	send_answer(call, error);
}

/* The sender may not do it. */
static void refuse(Call *call, const GError *error)
{
	log_answer(call, error, true);
	send_answer(call, error);
}

void *call_object(const Call *call, enum object_kind kind, GError **error)
{
	return path_find(call->service, sd_bus_message_get_path(call->message), kind, error);
}

Endpoint *call_read_endpoint(Call *call, GError **error)
{
	g_autoptr(GError) failure = NULL;
	Endpoint *endpoint;
	const char *path;

	if (!string_read(&call->cursor, 'o', &path, error))
		return NULL;
	endpoint = path_find(call->service, path, OBJECT_ENDPOINT, &failure);
	/* To the caller an unknown object is the one that was called. */
	if (g_error_matches(failure, NETFILTER_ERROR, NETFILTER_ERROR_UNKNOWN_OBJECT))
		netfilter_fail(error, NO_SUCH_ENDPOINT, "there is no endpoint \"%s\"", cut(path));
	else if (failure)
		g_propagate_error(error, g_steal_pointer(&failure));
	return endpoint;
}

/* The details and demands that come from the object the call was sent to. */
static void describe_object(const Call *call, Description *description)
{
	const char *path = sd_bus_message_get_path(call->message);
	g_autofree char *name = NULL, *endpoint = NULL;
	enum object_kind kind;
	void *object;

	if (!path_decode(path, &kind, &name, &endpoint))
		return;
	description_add(description, kind == OBJECT_INGRESS ? "ingress" : "network", name);
	if (endpoint)
		description_add(description, "endpoint", endpoint);

	object = path_find(call->service, path, kind, NULL);
	if (!object)
		return;
	if (object_lifetime(kind, object)->uid != call->uid)
		description->actions |= 1 << ACTION_MANAGE_FOREIGN;
	/* What is created has its own. */
	if (!description->tells_labels)
		description_add_labels(description, object_labels(kind, object));
}

static const PolicyMethod *policy_of(const Call *call)
{
	return policy_method_find(sd_bus_message_get_interface(call->message), call->method->member);
}

static void begin_reading(Call *call)
{
	call->cursor = cursor_new(call->message);
}

static bool describe(Call *call, Description *description, GError **error)
{
	bool ok;

	begin_reading(call);
	description->actions = 1 << policy_of(call)->action;
	ok = !call->method->describe || call->method->describe(call, description, error);
	if (ok && call->claims) {
		begin_reading(call);
		ok = call->method->claim(call, description, error);
	}
	describe_object(call, description);
	return ok;
}

static bool is_privileged(const Call *call)
{
	return policy_is_privileged(call->uid);
}

bool call_may_use_host(const Call *call, GError **error)
{
	return is_privileged(call) || call->granted & 1 << ACTION_USE_HOST_RESOURCES ||
	       netfilter_fail(error, ACCESS_DENIED, "%s makes use of what has become the host's: %s is needed",
			      call->method->member, policy_action_id(ACTION_USE_HOST_RESOURCES));
}

/* What is told in addition is of an object that came since, the sender's own or one that he may not touch. */
static bool is_as_told(char *const *told, const GPtrArray *details)
{
	for (; *told; told += 2) {
		guint i = 0;

		while (i < details->len && strcmp(told[0], details->pdata[i]) != 0)
			i += 2;
		if (i == details->len || strcmp(told[1], details->pdata[i + 1]) != 0)
			return false;
	}
	return true;
}

/* The object, or what it belongs to, may have changed hands since the question was asked; the host may have changed. */
static bool check_granted(Call *call, GError **error)
{
	guint missing;

	g_auto(Description) description = description_new();

	if (is_privileged(call))
		return true;
	if (!describe(call, &description, error))
		return false;
	call->outdated = !is_as_told(call->told, description.details);
	if (call->outdated)
		return netfilter_fail(error, BUSY,
				      "what %s is about was changed each time that polkit was asked; call it again",
				      call->method->member);
	missing = description.actions & ~call->granted;
	if (missing == 1 << ACTION_USE_HOST_RESOURCES)
		return call_may_use_host(call, error);
	if (missing)
		return netfilter_fail(error, NOT_OWNER, "\"%s\" is not uid %u's any more",
				      cut(sd_bus_message_get_path(call->message)), call->uid);
	return true;
}

static bool new_reply(Call *call, GError **error)
{
	call->reply = sd_bus_message_unref(call->reply);
	if (sd_bus_message_new_method_return(call->message, &call->reply) < 0)
		return netfilter_fail(error, NO_MEMORY, "the answer cannot be written");
	return true;
}

/* An answer repeats what was asked with, and tells paths: of 24 bytes for an endpoint it makes 900 at most. What was
 * short is answered in short, and to measure each answer takes as long as to write it. */
#define MAX_ANSWER_FACTOR 256

static bool check_answer(const Call *call, GError **error)
{
	return call->cursor.bytes <= MAX_ANSWER_SIZE / MAX_ANSWER_FACTOR ||
	       answer_check(call->message, call->reply, "call it for fewer at once", error);
}

static bool run_call(void *userdata, GError **error)
{
	Call *call = userdata;
	Transaction *transaction = service_transaction(call->service);
	guint savepoint;

	if ((!call->method->mends && !service_is_available(call->service, error)) || !check_granted(call, error))
		return false;
	/* What an earlier try wrote into the reply is void. */
	if (call->tried && !new_reply(call, error))
		return false;
	call->tried = true;
	begin_reading(call);
	savepoint = transaction_savepoint(transaction);
	return call->method->run(call, error) && check_answer(call, error) &&
	       files_follow_changes(transaction, savepoint, error);
}

static void done_call(void *userdata, const GError *error);

static void enqueue(Call *call)
{
	g_autoptr(GError) error = NULL;

	/* The reply is made before anything is run: what nobody could be told of is not begun. */
	if (new_reply(call, &error))
		queue_add(call->calls->queue, run_call, done_call, call, call->method->flags);
	else
		answer(call, error);
}

static void ask(Call *call);

/* What was granted was granted for what polkit was told. */
static void done_call(void *userdata, const GError *error)
{
	Call *call = userdata;

	if (!call->outdated || ++call->n_asked == MAX_ASKED) {
		answer(call, error);
		return;
	}
	call->outdated = call->claims = false;
	call->granted = 0;
	ask(call);
}

static void on_verdict(sd_bus_message *message G_GNUC_UNUSED, uid_t uid G_GNUC_UNUSED, const GError *error,
		       void *userdata)
{
	Call *call = userdata;

	if (error) {
		refuse(call, error);
	} else if (call->method->claim && !call->claims) {
		call->claims = true;
		ask(call);
	} else {
		enqueue(call);
	}
}

/*
 * What is wrong with the arguments is for those to know who may make the call at all: here it only means that there is
 * less to tell polkit. Whoever then may is told when it is run.
 */
static void ask(Call *call)
{
	g_auto(Description) description = description_new();
	g_autoptr(GError) error = NULL;
	guint missing;
	int r;

	/* A limit is no secret, and it is not polkit's to say. */
	if (!describe(call, &description, &error) &&
	    g_error_matches(error, NETFILTER_ERROR, NETFILTER_ERROR_LIMITS_EXCEEDED)) {
		refuse(call, error);
		return;
	}
	g_clear_error(&error);
	missing = description.actions & ~call->granted;
	call->granted |= missing;
	g_ptr_array_add(description.details, NULL);
	g_strfreev(call->told);
	call->told = g_strdupv((char **)description.details->pdata);
	r = policy_ask(call->calls->policy, call->message, missing, (const char *const *)call->told, on_verdict, call);
	if (r >= 0)
		return;
	netfilter_fail(&error, ACCESS_DENIED, "polkit cannot be asked: %s", g_strerror(-r));
	refuse(call, error);
}

/* Two steps, since each may take its time. */
static int step_ask(Read *read, sd_bus_error *unused G_GNUC_UNUSED)
{
	g_autoptr(GError) error = NULL;
	Call *call = read->userdata;

	if (read->state) {
		ask(call);
		return 0;
	}
	if (size_check(call->message, false, &error)) {
		read->state = call;
		return 1;
	}
	refuse(call, error);
	return 0;
}

/* To read what it asks for takes long and may be for nothing: it waits for its turn among the reads. */
static void ask_in_turn(Call *call)
{
	static const ReadKind kind = { step_ask };
	g_autoptr(GError) error = NULL;

	if (!reads_add_of(call->calls->reads, call->uid, call->message, &kind, call, &error))
		refuse(call, error);
}

static void on_identified(sd_bus_message *message, uid_t uid, const GError *error, void *userdata)
{
	g_autoptr(GError) failure = NULL;
	Call *call = userdata;

	call->uid = uid;
	if (error)
		refuse(call, error);
	else if (is_privileged(call))
		enqueue(call);
	else if (!policy_may_ask(call->calls->policy, uid, &failure))
		refuse(call, failure);
	else if (message_is_larger(message, SMALL_BYTES, SMALL_VALUES))
		ask_in_turn(call);
	else
		ask(call);
}

bool calls_may_create(const Calls *calls, sd_bus_message *message)
{
	return !calls_are_answered(calls) && sd_bus_message_is_method_call(message, NULL, NULL) > 0 &&
	       g_str_has_prefix(sd_bus_message_get_interface(message) ?: "", BUS_NAME ".");
}

int calls_start(Calls *calls, sd_bus_message *message, const Method *methods)
{
	const char *member = sd_bus_message_get_member(message);
	Call *call;
	int r;

	while (strcmp(methods->member, member) != 0)
		methods++;
	call = g_new(Call, 1);
	*call = (Call){
		.calls = calls,
		.service = calls->service,
		.message = sd_bus_message_ref(message),
		.method = methods,
		.uid = (uid_t)-1,
	};
	g_hash_table_add(calls->set, call);
	r = policy_identify(calls->policy, message, on_identified, call);
	if (r < 0) {
		g_hash_table_remove(calls->set, call);
		return r;
	}
	return 1;
}

void calls_sender_left(Calls *calls, const char *sender)
{
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, calls->set);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		Call *call = key;

		if (g_strcmp0(sd_bus_message_get_sender(call->message), sender) != 0)
			continue;
		queue_remove(calls->queue, call);
		g_hash_table_iter_remove(&iter);
	}
}
