/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/fault.h"

#include <errno.h>
#include <glib.h>
#include <libiptc/libip6tc.h>
#include <libiptc/libiptc.h>
#include <signal.h>

static const struct {
	const char *name;
	int number;
} errors[] = {
	{ "EAGAIN", EAGAIN },         { "EINVAL", EINVAL },           { "ENOBUFS", ENOBUFS },
	{ "ENOENT", ENOENT },         { "ENOMEM", ENOMEM },           { "EPERM", EPERM },
	{ "EOPNOTSUPP", EOPNOTSUPP }, { "ENOPROTOOPT", ENOPROTOOPT }, { "EPROTONOSUPPORT", EPROTONOSUPPORT },
};

static const char *const calls[] = { "init", "commit", "probe", "bridge", "address", "up", "veth", "inside", "detach" };

/* How often each call was made and succeeded, since the variable last changed. */
static struct {
	char *variable;
	guint calls[G_N_ELEMENTS(calls)], successes[G_N_ELEMENTS(calls)];
} state;

static guint call_index(const char *call)
{
	guint i = 0;

	while (i < G_N_ELEMENTS(calls) && !g_str_equal(calls[i], call))
		i++;
	if (i == G_N_ELEMENTS(calls))
		g_error("NETFILTERD_FAULT: unknown call \"%s\"", call);
	return i;
}

static int error_number(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(errors); i++)
		if (g_str_equal(errors[i].name, name))
			return errors[i].number;
	g_error("NETFILTERD_FAULT: unknown error \"%s\"", name);
}

static void refresh(void)
{
	const char *variable = g_getenv("NETFILTERD_FAULT");

	if (g_strcmp0(variable, state.variable) == 0)
		return;
	g_free(state.variable);
	state.variable = g_strdup(variable);
	for (guint i = 0; i < G_N_ELEMENTS(state.calls); i++)
		state.calls[i] = state.successes[i] = 0;
}

/* The faults of one call, each split at its colons. */
static GPtrArray *faults_of(const char *call)
{
	g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
	g_auto(GStrv) items = g_strsplit(state.variable ? state.variable : "", ",", -1);

	for (char **item = items; *item; item++) {
		g_auto(GStrv) fields = g_strsplit(*item, ":", -1);
		if (g_strv_length(fields) < 3)
			g_error("NETFILTERD_FAULT: \"%s\" is not CALL:WHAT:COUNT", *item);
		call_index(fields[0]);
		if (g_str_equal(fields[0], call))
			g_ptr_array_add(faults, g_steal_pointer(&fields));
	}
	return g_steal_pointer(&faults);
}

bool fault_before(const char *call)
{
	refresh();

	g_autoptr(GPtrArray) faults = faults_of(call);
	guint n = state.calls[call_index(call)]++;
	for (guint i = 0; i < faults->len; i++) {
		char **fields = g_ptr_array_index(faults, i);
		if (g_str_equal(fields[1], "kill"))
			continue;
		guint64 count = g_ascii_strtoull(fields[2], NULL, 10);
		guint64 skip = fields[3] ? g_ascii_strtoull(fields[3], NULL, 10) : 0;
		if (n >= skip && n < skip + count) {
			errno = error_number(fields[1]);
			return true;
		}
	}
	return false;
}

void fault_after(const char *call)
{
	refresh();

	g_autoptr(GPtrArray) faults = faults_of(call);
	guint n = ++state.successes[call_index(call)];
	for (guint i = 0; i < faults->len; i++) {
		char **fields = g_ptr_array_index(faults, i);
		if (g_str_equal(fields[1], "kill") && n == g_ascii_strtoull(fields[2], NULL, 10))
			raise(SIGKILL);
	}
}

#define WRAP_INIT(name)                                     \
	struct xtc_handle *__real_##name(const char *);     \
	struct xtc_handle *__wrap_##name(const char *);     \
	struct xtc_handle *__wrap_##name(const char *table) \
	{                                                   \
		if (fault_before("init"))                   \
			return NULL;                        \
		return __real_##name(table);                \
	}

#define WRAP_COMMIT(name)                            \
	int __real_##name(struct xtc_handle *);      \
	int __wrap_##name(struct xtc_handle *);      \
	int __wrap_##name(struct xtc_handle *handle) \
	{                                            \
		if (fault_before("commit"))          \
			return 0;                    \
		if (!__real_##name(handle))          \
			return 0;                    \
		fault_after("commit");               \
		return 1;                            \
	}

WRAP_INIT(iptc_init)
WRAP_INIT(ip6tc_init)
WRAP_COMMIT(iptc_commit)
WRAP_COMMIT(ip6tc_commit)
