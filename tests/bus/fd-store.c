/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The descriptors that objects live by, and what systemd keeps of them: here the test plays systemd, which keeps one
 * descriptor of each open file. */

#include "tests/support/rig.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define NOTIFY_SOCKET "/run/notify"
#define SUBNET "'Subnets': <['172.18.0.0/16']>"
#define WEB "/network/web"
#define OTHER "/network/other"

enum { MAX_FDS = 4, N_ENDPOINTS = 200, N_AT_ONCE = 10, FIRST_FD = 3 };

/* --- systemd --- */

typedef struct Stored {
	char *name;
	int fd;
} Stored;

typedef struct Store {
	int socket;
	GMutex mutex;
	GCond condition;
	GPtrArray *stored; /* Stored */
	guint n_ready, n_marks;
	bool closed;
	GThread *thread;
} Store;

static void stored_free(gpointer data)
{
	Stored *stored = data;

	close(stored->fd);
	g_free(stored->name);
	g_free(stored);
}

static bool is_same_file(int a, int b)
{
	return syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, a, b) == 0;
}

static void keep(Store *store, const char *name, int fd)
{
	Stored *stored;

	for (guint i = 0; i < store->stored->len; i++)
		if (is_same_file(((Stored *)store->stored->pdata[i])->fd, fd)) {
			close(fd);
			return;
		}
	stored = g_new(Stored, 1);
	*stored = (Stored){ g_strdup(name), fd };
	g_ptr_array_add(store->stored, stored);
}

static void drop(Store *store, const char *name)
{
	for (guint i = store->stored->len; i-- > 0;)
		if (g_str_equal(((Stored *)store->stored->pdata[i])->name, name))
			g_ptr_array_remove_index(store->stored, i);
}

static void hear(Store *store, const char *message, const int *fds, guint n)
{
	g_auto(GStrv) lines = g_strsplit(message, "\n", -1);
	const char *name = "";

	for (char **line = lines; *line; line++)
		if (g_str_has_prefix(*line, "FDNAME="))
			name = *line + strlen("FDNAME=");
	g_mutex_lock(&store->mutex);
	for (guint i = 0; i < n; i++)
		keep(store, name, fds[i]);
	if (g_strv_contains((const char *const *)lines, "FDSTOREREMOVE=1"))
		drop(store, name);
	store->n_ready += g_strv_contains((const char *const *)lines, "READY=1");
	store->n_marks += g_strv_contains((const char *const *)lines, "MARK=1");
	store->closed = g_strv_contains((const char *const *)lines, "CLOSE=1");
	g_cond_broadcast(&store->condition);
	g_mutex_unlock(&store->mutex);
}

static gpointer run_store(gpointer data)
{
	Store *store = data;

	while (!store->closed) {
		char text[512], control[CMSG_SPACE(MAX_FDS * sizeof(int))];
		struct iovec part = { text, sizeof text - 1 };
		struct msghdr message = {
			.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
		};
		ssize_t length = recvmsg(store->socket, &message, MSG_CMSG_CLOEXEC);
		int fds[MAX_FDS];
		guint n = 0;

		if (length < 0)
			continue;
		text[length] = '\0';
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
			if (c->cmsg_type == SCM_RIGHTS) {
				n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
				memcpy(fds, CMSG_DATA(c), n * sizeof(int));
			}
		hear(store, text, fds, n);
	}
	return NULL;
}

static const struct sockaddr_un notify_address = { AF_UNIX, NOTIFY_SOCKET };

static void tell(const char *text)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	g_assert_cmpint(
		sendto(fd, text, strlen(text), 0, (const struct sockaddr *)&notify_address, sizeof notify_address), >,
		0);
	close(fd);
}

static void wait_for(Store *store, const guint *counter, guint n)
{
	gint64 end = g_get_monotonic_time() + 30 * G_USEC_PER_SEC;

	g_mutex_lock(&store->mutex);
	while (*counter < n)
		g_assert_true(g_cond_wait_until(&store->condition, &store->mutex, end));
	g_mutex_unlock(&store->mutex);
}

/* After all that the service has told so far. */
static guint n_stored(Store *store)
{
	guint marks = store->n_marks;

	tell("MARK=1");
	wait_for(store, &store->n_marks, marks + 1);
	return store->stored->len;
}

static void end_with_parent(gpointer data G_GNUC_UNUSED)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* With all that is kept, as systemd hands it over. */
static void start(Rig *rig, Store *store)
{
	const char *const argv[] = { "sh",
				     "-c",
				     "export LISTEN_PID=$$; exec \"$@\"",
				     "sh",
				     g_getenv("NETFILTERD"),
				     "--config",
				     "/run/netfilterd.conf",
				     "--runtime-directory",
				     "/run/netfilterd",
				     NULL };
	g_auto(GStrv) environment = g_get_environ();
	g_autoptr(GString) names = g_string_new(NULL);
	g_autofree char *count = g_strdup_printf("%u", store->stored->len);
	g_autofree int *from = g_new(int, store->stored->len), *to = g_new(int, store->stored->len);
	guint n_ready = store->n_ready;
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < store->stored->len; i++) {
		const Stored *stored = store->stored->pdata[i];

		g_string_append_printf(names, "%s%s", i > 0 ? ":" : "", stored->name);
		from[i] = stored->fd;
		to[i] = FIRST_FD + i;
	}
	environment = g_environ_setenv(environment, "NOTIFY_SOCKET", NOTIFY_SOCKET, TRUE);
	environment = g_environ_setenv(environment, "LISTEN_FDS", count, TRUE);
	environment = g_environ_setenv(environment, "LISTEN_FDNAMES", names->str, TRUE);
	g_spawn_async_with_pipes_and_fds(NULL, argv, (const char *const *)environment,
					 G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, end_with_parent, NULL, -1, -1,
					 -1, from, to, store->stored->len, &rig->service, NULL, NULL, NULL, &error);
	g_assert_no_error(error);
	wait_for(store, &store->n_ready, n_ready + 1);
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
}

static void crash(Rig *rig, Store *store)
{
	service_kill(rig->service);
	n_stored(store);
	start(rig, store);
}

static Store *begin(Rig *rig)
{
	Store *store = g_new0(Store, 1);

	unlink(NOTIFY_SOCKET);
	store->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	store->stored = g_ptr_array_new_with_free_func(stored_free);
	g_assert_no_errno(bind(store->socket, (const struct sockaddr *)&notify_address, sizeof notify_address));
	store->thread = g_thread_new("store", run_store, store);
	service_kill(rig->service);
	start(rig, store);
	return store;
}

static void end(Store *store)
{
	tell("CLOSE=1");
	g_thread_join(store->thread);
	close(store->socket);
	g_ptr_array_unref(store->stored);
	g_free(store);
}

/* --- calls --- */

static void make_pipe(int ends[static 2])
{
	g_assert_no_errno(pipe2(ends, O_CLOEXEC));
}

static void create(const Rig *rig, const char *path, const char *interface, const char *member, const char *types,
		   const char *arguments, const int *fds, guint n)
{
	g_autoptr(GUnixFDList) list = g_unix_fd_list_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply G_GNUC_UNUSED = NULL;

	for (guint i = 0; i < n; i++)
		g_unix_fd_list_append(list, fds[i], &error);
	reply = ask_with_fds(rig->bus, path, interface, member, types, arguments, list, &error);
	g_assert_no_error(error);
}

static void create_network(const Rig *rig, const char *arguments, int fd)
{
	create(rig, "", "Manager", "CreateNetwork", "sa{sv}", arguments, &fd, 1);
}

static void create_web(const Rig *rig, int fd)
{
	create_network(rig,
		       "'web', {" SUBNET ", 'LifetimeFd': <handle 0>, 'Endpoints': <[('a', {'Addresses': "
		       "<['172.18.0.2']>}), ('b', {'Addresses': <['172.18.0.3']>})]>}",
		       fd);
}

static void create_other(const Rig *rig, int fd)
{
	create_network(rig, "'other', {'Subnets': <['172.19.0.0/16']>, 'LifetimeFd': <handle 0>}", fd);
}

static void delete_network(Rig *rig, const char *path)
{
	done(rig, path, "Network", "Delete", "", "");
}

/* --- the tests --- */

/* Of one call and of several, whichever descriptor of it each was given. */
static void one_file(Rig *rig)
{
	Store *store = begin(rig);
	int shared[2], own[2];

	make_pipe(shared);
	make_pipe(own);
	create_web(rig, shared[0]);
	create_other(rig, shared[0]);
	create_network(rig, "'own', {'Subnets': <['172.20.0.0/16']>, 'LifetimeFd': <handle 0>}", own[0]);
	g_assert_cmpuint(n_stored(store), ==, 2);
	for (guint i = 0; i < 2; i++) {
		crash(rig, store);
		exists(rig, WEB "/endpoint/a");
		exists(rig, WEB "/endpoint/b");
		exists(rig, OTHER);
		exists(rig, "/network/own");
		g_assert_cmpuint(n_stored(store), ==, 2);
	}
	delete_network(rig, WEB);
	create_web(rig, shared[0]);
	g_assert_cmpuint(n_stored(store), ==, 2);
	delete_network(rig, OTHER);
	g_assert_cmpuint(n_stored(store), ==, 2);
	crash(rig, store);
	exists(rig, WEB "/endpoint/a");
	close(shared[1]);
	goes(rig, WEB);
	exists(rig, "/network/own");
	g_assert_cmpuint(n_stored(store), ==, 1);
	delete_network(rig, "/network/own");
	g_assert_cmpuint(n_stored(store), ==, 0);
	close(shared[0]);
	close(own[0]);
	close(own[1]);
	end(store);
}

/* The last that lived by it goes in the batch in which another comes, and without one that fails to. */
static void one_batch(Rig *rig)
{
	Store *store = begin(rig);
	Pipeline *pipeline = pipeline_new();
	int ends[2];

	make_pipe(ends);
	create_other(rig, ends[0]);
	for (guint fails = 0; fails < 2; fails++) {
		g_autoptr(GUnixFDList) list = g_unix_fd_list_new();
		g_autofree char *subnet = g_strdup_printf("172.18.0.0/%u", fails ? 99 : 16);

		g_unix_fd_list_append(list, ends[0], NULL);
		rig_pause(rig);
		pipeline_call(pipeline, rig->bus, fails ? WEB : OTHER, "Network", "Delete", "", "");
		g_dbus_connection_call_with_unix_fd_list(
			rig->bus, "org.example.NetFilter", ROOT, "org.example.NetFilter.Manager", "CreateNetwork",
			g_variant_new_parsed("('web', {'Subnets': <[%s]>, 'LifetimeFd': <handle 0>})", subnet), NULL,
			G_DBUS_CALL_FLAGS_NONE, -1, list, NULL, NULL, NULL);
		rig_resume(rig);
		pipeline_run(pipeline);
		answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
		g_assert_cmpuint(n_stored(store), ==, !fails);
		crash(rig, store);
		(fails ? gone : exists)(rig, WEB);
		gone(rig, OTHER);
	}
	pipeline_free(pipeline);
	close(ends[0]);
	close(ends[1]);
	end(store);
}

/* As many as a message may bring descriptors. */
static void create_endpoints(const Rig *rig, guint first, const int *fds, bool differ)
{
	g_autoptr(GString) text = g_string_new("[");

	for (guint i = 0; i < N_AT_ONCE; i++)
		g_string_append_printf(text, "%s('e%u', {'Addresses': <['172.18.1.%u']>, 'LifetimeFd': <handle %u>})",
				       i > 0 ? ", " : "", first + i, first + i + 1, differ ? i : 0);
	g_string_append(text, "]");
	create(rig, WEB, "Network", "CreateEndpoints", "a(sa{sv})", text->str, fds, differ ? N_AT_ONCE : 1);
}

static void many(Rig *rig)
{
	Store *store = begin(rig);
	guint before;

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'web', {" SUBNET ", 'Persistent': <true>}");
	before = rig_descriptors(rig);
	for (guint differ = 0; differ < 2; differ++) {
		guint n = differ ? N_ENDPOINTS : 1;
		int ends[N_ENDPOINTS][2], fds[N_ENDPOINTS];

		for (guint i = 0; i < n; i++) {
			make_pipe(ends[i]);
			fds[i] = ends[i][0];
		}
		for (guint i = 0; i < N_ENDPOINTS; i += N_AT_ONCE)
			create_endpoints(rig, i, fds + (differ ? i : 0), differ);
		g_assert_cmpuint(n_stored(store), ==, n);
		g_assert_cmpuint(rig_descriptors(rig), <, before + n + N_ENDPOINTS / 2);
		crash(rig, store);
		for (guint i = 0; i < N_ENDPOINTS; i += N_ENDPOINTS - 1) {
			g_autofree char *path = g_strdup_printf(WEB "/endpoint/e%u", i);

			exists(rig, path);
		}
		for (guint i = 0; i < n; i++) {
			close(ends[i][0]);
			close(ends[i][1]);
		}
		for (guint i = 0; i < N_ENDPOINTS; i++) {
			g_autofree char *path = g_strdup_printf(WEB "/endpoint/e%u", i);

			goes(rig, path);
		}
		g_assert_cmpuint(n_stored(store), ==, 0);
	}
	delete_network(rig, WEB);
	end(store);
}

/* As when the service dies between the store and its journal: systemd is not to keep the client's file open. */
static void nobodys(Rig *rig)
{
	Store *store = begin(rig);
	int ends[2];

	make_pipe(ends);
	keep(store, "lifetime-998", fcntl(ends[0], F_DUPFD_CLOEXEC, 0));
	keep(store, "lifetime-999", open("/dev/null", O_RDWR | O_CLOEXEC)); /* nothing that anybody could live by */
	crash(rig, store);
	g_assert_cmpuint(n_stored(store), ==, 0);
	close(ends[0]);
	close(ends[1]);
	end(store);
}

/* The second is nobody's, and no file of the service's has its number afterwards. */
static void one_name_twice(Rig *rig)
{
	Store *store = begin(rig);
	int first[2], second[2], third[2];

	make_pipe(first);
	make_pipe(second);
	make_pipe(third);
	create_web(rig, first[0]);
	g_assert_cmpuint(n_stored(store), ==, 1);
	keep(store, ((const Stored *)store->stored->pdata[0])->name, fcntl(second[0], F_DUPFD_CLOEXEC, 0));
	crash(rig, store);
	exists(rig, WEB);
	create_other(rig, third[0]);
	crash(rig, store);
	exists(rig, WEB);
	exists(rig, OTHER);
	for (guint i = 0; i < 2; i++) {
		close(first[i]);
		close(second[i]);
		close(third[i]);
	}
	goes(rig, WEB);
	goes(rig, OTHER);
	end(store);
}

static const BusTest tests[] = {
	{ "/bus/fd-store/one-file", one_file },
	{ "/bus/fd-store/one-batch", one_batch },
	{ "/bus/fd-store/many", many },
	{ "/bus/fd-store/nobodys", nobodys },
	{ "/bus/fd-store/one-name-twice", one_name_twice },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
