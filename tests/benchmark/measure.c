/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/benchmark/measure.h"

#include "tests/support/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES_MAX 200
#define SAMPLES_MIN 5

extern char **environ;

bool quick;

guint many(void)
{
	return quick ? 1000 : 10000;
}

static void on_signal(int number)
{
	_exit(128 + number);
}

void end_on_signals(void)
{
	const struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

void measure_apart(void (*measure)(gconstpointer data), gconstpointer data)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		g_error("fork: %s", g_strerror(errno));
	if (pid == 0) {
		const char *reason;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!netns_isolate(&reason))
			g_error("%s", reason);
		netns_run(netns_current(), "ip link set lo up");
		measure(data);
		fflush(stdout);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) == pid && status != 0)
		fprintf(stderr, "  this measurement failed, see above\n");
}

GArray *samples_new(void)
{
	return g_array_new(FALSE, FALSE, sizeof(double));
}

void samples_add(GArray *samples, double ms)
{
	g_array_append_val(samples, ms);
}

static gint compare(gconstpointer a, gconstpointer b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double samples_percentile(GArray *samples, double percent)
{
	g_array_sort(samples, compare);
	return g_array_index(samples, double, (guint)((samples->len - 1) * percent / 100 + 0.5));
}

guint repetitions(double first_ms)
{
	double budget_ms = quick ? 150 : 2000;

	return CLAMP(budget_ms / MAX(first_ms, 1e-3), SAMPLES_MIN, quick ? 50 : SAMPLES_MAX);
}

void report(const char *measurement, const char *variant, guint n, GArray *samples)
{
	double median = samples_percentile(samples, 50), p99 = samples_percentile(samples, 99);

	printf("{\"measurement\": \"%s\", \"variant\": \"%s\", \"n\": %u, \"unit\": \"ms\", \"median\": %.4f, "
	       "\"p99\": %.4f, \"samples\": %u}\n",
	       measurement, variant, n, median, p99, samples->len);
	fflush(stdout);
	fprintf(stderr, "  %-50s %7u  %10.3f ms  (p99 %.3f, %u times)\n", variant, n, median, p99, samples->len);
	g_array_unref(samples);
}

void report_value(const char *measurement, const char *variant, guint n, const char *unit, double value)
{
	printf("{\"measurement\": \"%s\", \"variant\": \"%s\", \"n\": %u, \"unit\": \"%s\", \"median\": %.4f}\n",
	       measurement, variant, n, unit, value);
	fflush(stdout);
	fprintf(stderr, "  %-50s %7u  %10.3f %s\n", variant, n, value, unit);
}

void progress(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static void end_with_parent(G_GNUC_UNUSED gpointer data)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

GPid spawn(const char *const *argv)
{
	GSpawnFlags quiet = g_getenv("BENCHMARK_VERBOSE") ? 0 : G_SPAWN_STDERR_TO_DEV_NULL;
	g_autoptr(GError) error = NULL;
	GPid pid;

	if (!g_spawn_async(NULL, (char **)argv, NULL,
			   G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL | quiet,
			   end_with_parent, NULL, &pid, &error))
		g_error("%s: %s", argv[0], error->message);
	return pid;
}

/* posix_spawn, since a fork would cost the more the larger we are, and this is measured. */
void run_program(const char *const *argv, const char *input_path)
{
	posix_spawn_file_actions_t actions;
	int status, r;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input_path ?: "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	r = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r != 0)
		g_error("%s: %s", argv[0], g_strerror(r));
	if (waitpid(pid, &status, 0) != pid || status != 0)
		g_error("%s %s fails", argv[0], argv[1] ?: "");
}

void write_file(const char *path, const char *text)
{
	g_autoptr(GError) error = NULL;

	if (!g_file_set_contents(path, text, -1, &error))
		g_error("%s", error->message);
}
