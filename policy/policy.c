/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/policy.h"

#include "policy/polkit.h"
#include "policy/sentence.h"
#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

struct Policy {
	sd_bus *bus;
	guint max_pending;
	GHashTable *senders; /* name → Sender, a reference */
	GHashTable *asking;  /* uid → questions put to polkit and not answered; no entry for none */
	GQueue abandoned;    /* Question: of senders that left; counted until polkit has answered */
};

/* A connection that called. Referenced by the policy until it leaves, and while its calls are answered. */
typedef struct Sender {
	Policy *policy;
	char *name;
	uid_t uid;
	bool identified;
	bool answering;
	sd_bus_slot *slot; /* the question to the bus who it is */
	GQueue waiting;    /* Question: for that answer, in order */
	GQueue asking;     /* Question: for polkit's, in any order */
} Sender;

/* A call that waits for its answer in a queue of its sender; or what is left of it, among the abandoned. */
typedef struct Question {
	Policy *policy;
	uid_t uid;
	Sender *sender; /* NULL: it left */
	GQueue *queue;
	GList link;
	sd_bus_message *call;
	PolicyAnswer answer;
	void *userdata;

	guint actions; /* still to be granted; 0 while only the uid is asked for */
	char **details;
	PolkitCheck *check;
	bool counted; /* among those of the uid */
} Question;

static void question_ask(Question *question);

static void question_move(Question *question, GQueue *queue)
{
	if (question->queue)
		g_queue_unlink(question->queue, &question->link);
	question->queue = queue;
	if (queue)
		g_queue_push_tail_link(queue, &question->link);
}

static Question *question_new(Sender *sender, GQueue *queue, sd_bus_message *call, PolicyAnswer answer, void *userdata)
{
	Question *question = g_new0(Question, 1);

	question->policy = sender->policy;
	question->uid = sender->uid;
	question->sender = sender;
	question->link.data = question;
	question->call = sd_bus_message_ref(call);
	question->answer = answer;
	question->userdata = userdata;
	question_move(question, queue);
	return question;
}

static guint count_asking(const Policy *policy, uid_t uid)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(policy->asking, GUINT_TO_POINTER(uid)));
}

static void question_count(Question *question)
{
	guint asking = count_asking(question->policy, question->uid);

	question->counted = true;
	g_hash_table_replace(question->policy->asking, GUINT_TO_POINTER(question->uid), GUINT_TO_POINTER(asking + 1));
}

static void question_uncount(Question *question)
{
	guint asking = count_asking(question->policy, question->uid);

	question->counted = false;
	if (asking > 1)
		g_hash_table_replace(question->policy->asking, GUINT_TO_POINTER(question->uid),
				     GUINT_TO_POINTER(asking - 1));
	else
		g_hash_table_remove(question->policy->asking, GUINT_TO_POINTER(question->uid));
}

/* Takes it off every account, so that the answer may do what it likes, freeing the policy included. */
static void question_close(Question *question)
{
	question_move(question, NULL);
	if (question->counted)
		question_uncount(question);
}

static void question_free(Question *question)
{
	polkit_check_free(question->check);
	sd_bus_message_unref(question->call);
	g_strfreev(question->details);
	g_free(question);
}

static void question_answer(Question *question, const GError *error)
{
	question_close(question);
	question->answer(question->call, question->uid, error, question->userdata);
	question_free(question);
}

static void question_drop(Question *question)
{
	question_close(question);
	question_free(question);
}

/* Its sender left; it stays counted, or a user could put ever more questions by leaving and coming back. */
static void question_abandon(Question *question)
{
	question->sender = NULL;
	g_clear_pointer(&question->call, sd_bus_message_unref);
	question_move(question, &question->policy->abandoned);
	polkit_check_cancel(question->check);
}

static void sender_clear(gpointer data)
{
	Sender *sender = data;

	g_assert(g_queue_is_empty(&sender->waiting) && g_queue_is_empty(&sender->asking));
	g_free(sender->name);
}

static void sender_unref(Sender *sender)
{
	g_rc_box_release_full(sender, sender_clear);
}

/* The sender left, or the policy ends: nobody is answered any more. */
static void sender_drop(gpointer data)
{
	Sender *sender = data;
	Question *question;

	sender->slot = sd_bus_slot_unref(sender->slot);
	while ((question = g_queue_peek_head(&sender->waiting)))
		question_drop(question);
	while ((question = g_queue_peek_head(&sender->asking)))
		question_abandon(question);
	sender_unref(sender);
}

static Sender *sender_new(Policy *policy, const char *name)
{
	Sender *sender = g_rc_box_new0(Sender);

	sender->policy = policy;
	sender->name = g_strdup(name);
	sender->uid = (uid_t)-1;
	g_queue_init(&sender->waiting);
	g_queue_init(&sender->asking);
	g_hash_table_insert(policy->senders, sender->name, sender);
	return sender;
}

static void sender_set_uid(Sender *sender, uid_t uid)
{
	sender->uid = uid;
	sender->identified = true;
	for (GList *link = sender->waiting.head; link; link = link->next)
		((Question *)link->data)->uid = uid;
}

static void sender_answer_waiting(Sender *sender, const GError *error)
{
	Question *question;
	/* Who comes from within is behind them: known at once if they are, or to be asked about anew. */
	guint left = error ? g_queue_get_length(&sender->waiting) : G_MAXUINT;

	/* Any of the answers may end this sender; its queue is empty then. */
	g_rc_box_acquire(sender);
	sender->answering = true;
	while (left-- > 0 && (question = g_queue_peek_head(&sender->waiting)))
		question_answer(question, error);
	sender->answering = false;
	sender_unref(sender);
}

static int on_identified(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
	Sender *sender = userdata;
	const sd_bus_error *failure = sd_bus_message_get_error(reply);
	g_autoptr(GError) error = NULL;
	guint32 uid;
	int r;

	(void)unused;
	sender->slot = sd_bus_slot_unref(sender->slot);
	if (sd_bus_error_has_name(failure, SD_BUS_ERROR_NAME_HAS_NO_OWNER)) {
		g_hash_table_remove(sender->policy->senders, sender->name);
		return 1;
	}
	if (failure) {
		netfilter_fail(&error, ACCESS_DENIED, "the bus does not say whose connection %s is: %s", sender->name,
			       failure->message);
	} else {
		r = sd_bus_message_read(reply, "u", &uid);
		if (r < 0)
			netfilter_fail(&error, ACCESS_DENIED, "the bus does not say whose connection %s is: %s",
				       sender->name, g_strerror(-r));
		else
			sender_set_uid(sender, uid);
	}
	sender_answer_waiting(sender, error);
	return 1;
}

static int sender_identify(Sender *sender)
{
	return sd_bus_call_method_async(sender->policy->bus, &sender->slot, "org.freedesktop.DBus",
					"/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionUnixUser",
					on_identified, sender, "s", sender->name);
}

Policy *policy_new(sd_bus *bus, guint max_pending)
{
	Policy *policy = g_new0(Policy, 1);

	policy->bus = sd_bus_ref(bus);
	policy->max_pending = max_pending;
	policy->senders = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, sender_drop);
	policy->asking = g_hash_table_new(NULL, NULL);
	g_queue_init(&policy->abandoned);
	return policy;
}

void policy_free(Policy *policy)
{
	Question *question;

	if (!policy)
		return;
	g_hash_table_unref(policy->senders);
	while ((question = g_queue_peek_head(&policy->abandoned)))
		question_drop(question);
	g_assert(g_hash_table_size(policy->asking) == 0);
	g_hash_table_unref(policy->asking);
	sd_bus_unref(policy->bus);
	g_free(policy);
}

int policy_identify(Policy *policy, sd_bus_message *call, PolicyAnswer answer, void *userdata)
{
	const char *name = sd_bus_message_get_sender(call);
	Sender *sender;
	int r;

	if (!name)
		return -EINVAL;
	sender = g_hash_table_lookup(policy->senders, name);
	if (!sender)
		sender = sender_new(policy, name);
	/* While those who waited are being answered, who comes from within stands behind them. */
	if (sender->identified && !sender->answering) {
		answer(call, sender->uid, NULL, userdata);
		return 0;
	}
	if (!sender->identified && !sender->slot) {
		r = sender_identify(sender);
		if (r < 0) {
			if (!sender->answering)
				g_hash_table_remove(policy->senders, name);
			return r;
		}
	}
	question_new(sender, &sender->waiting, call, answer, userdata);
	return 0;
}

static void on_verdict(const GError *error, void *userdata)
{
	Question *question = userdata;

	if (!question->sender) {
		question_drop(question);
		return;
	}
	if (error) {
		question_answer(question, error);
		return;
	}
	question->actions &= question->actions - 1;
	g_clear_pointer(&question->check, polkit_check_free);
	question_ask(question);
}

static enum policy_action first_action(guint actions)
{
	return g_bit_nth_lsf(actions, -1);
}

static int question_put(Question *question)
{
	return polkit_check_new(question->call, policy_action_id(first_action(question->actions)),
				(const char *const *)question->details, on_verdict, question, &question->check);
}

/* The next of its actions, or the answer. */
static void question_ask(Question *question)
{
	g_autoptr(GError) error = NULL;
	int r;

	if (question->actions) {
		r = question_put(question);
		if (r >= 0)
			return;
		netfilter_fail(&error, ACCESS_DENIED, "polkit cannot be asked about %s: %s",
			       policy_action_id(first_action(question->actions)), g_strerror(-r));
	}
	question_answer(question, error);
}

/*
 * A copy, with the verb of the method unless the caller has words of its own, and the sentence for a person. NULL: a
 * key lacks its value.
 */
static char **copy_details(sd_bus_message *call, const char *const *details)
{
	g_autoptr(GPtrArray) copy = g_ptr_array_new_with_free_func(g_free);
	const PolicyMethod *method =
		policy_method_find(sd_bus_message_get_interface(call), sd_bus_message_get_member(call));
	bool has_verb = false;

	for (const char *const *key = details; key && *key; key += 2) {
		if (!key[1])
			return NULL;
		has_verb = has_verb || g_str_equal(key[0], "verb");
		g_ptr_array_add(copy, g_strdup(key[0]));
		g_ptr_array_add(copy, g_strdup(key[1]));
	}
	if (!has_verb && method) {
		g_ptr_array_add(copy, g_strdup("verb"));
		g_ptr_array_add(copy, g_strdup(method->verb));
	}
	if (method) {
		g_ptr_array_add(copy, g_strdup("request"));
		g_ptr_array_add(copy, sentence_new(method->verb, details));
	}
	g_ptr_array_add(copy, NULL);
	return (char **)g_ptr_array_steal(copy, NULL);
}

bool policy_is_privileged(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

bool policy_may_ask(const Policy *policy, uid_t uid, GError **error)
{
	guint asking = count_asking(policy, uid);

	return asking < policy->max_pending ||
	       netfilter_fail(error, QUOTA_EXCEEDED,
			      "uid %u has %u questions of authorization open, and %u are allowed", (guint)uid, asking,
			      policy->max_pending);
}

int policy_ask(Policy *policy, sd_bus_message *call, guint actions, const char *const *details, PolicyAnswer answer,
	       void *userdata)
{
	const char *name = sd_bus_message_get_sender(call);
	g_auto(GStrv) copy = NULL;
	Question *question;
	g_autoptr(GError) error = NULL;
	Sender *sender;
	int r;

	actions &= ~(1u << ACTION_NONE);
	if (!name || actions >> N_POLICY_ACTIONS)
		return -EINVAL;
	sender = g_hash_table_lookup(policy->senders, name);
	if (!sender || !sender->identified)
		return -ENOTCONN;
	if (!actions || policy_is_privileged(sender->uid)) {
		answer(call, sender->uid, NULL, userdata);
		return 0;
	}

	if (!policy_may_ask(policy, sender->uid, &error)) {
		answer(call, sender->uid, error, userdata);
		return 0;
	}
	copy = copy_details(call, details);
	if (!copy)
		return -EINVAL;

	question = question_new(sender, &sender->asking, call, answer, userdata);
	question_count(question);
	question->actions = actions;
	question->details = g_steal_pointer(&copy);
	r = question_put(question);
	if (r < 0)
		question_drop(question);
	return r;
}

void policy_sender_left(Policy *policy, const char *sender)
{
	g_hash_table_remove(policy->senders, sender);
}
