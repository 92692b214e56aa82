/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/heap.h"
#include "dbus/log.h"
#include "dbus/names.h"
#include "dbus/server.h"
#include "dbus/zones.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "dbus/version.h"
#include "service/clear.h"
#include "service/lifetimes.h"
#include "service/reload.h"
#include "service/restore.h"
#include "service/service.h"
#include "service/units.h"

typedef struct Options {
	const char *config_path; /* NULL: CONFIG_PATH, which need not be there */
	const char *runtime_directory;
	bool clear;
	const char *unit_root; /* what the directories of unit files are below; "": the host's */
	bool check;
	char **files; /* to be checked; none: all */
} Options;

static const char help[] = "netfilterd: container networks and published ports over D-Bus\n"
			   "\n"
			   "  --config FILE              read this configuration (" CONFIG_PATH ")\n"
			   "  --runtime-directory DIR    keep the state here (" RUNTIME_DIRECTORY ")\n"
			   "  --clear                    take away all that a service that has ended left, and end\n"
			   "  --unit-root DIR            look for unit files (NAME.network, NAME.ingress) in\n"
			   "                             DIR/etc/netfilterd, DIR/run/netfilterd.d,\n"
			   "                             DIR/var/lib/netfilterd and DIR/usr/lib/netfilterd\n"
			   "  --check [FILE…]            say what is wrong with these unit files, or with all of them\n"
			   "  --version                  print the version\n"
			   "  --help                     print this\n"
			   "\n"
			   "It serves " BUS_NAME " on the system bus ($DBUS_SYSTEM_BUS_ADDRESS is honoured).\n";

/* 0: go on; 1: all done; negative: not understood. */
static int parse_options(int argc, char **argv, Options *ret)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "runtime-directory", required_argument, NULL, 'r' },
		{ "unit-root", required_argument, NULL, 'u' },
		{ "check", no_argument, NULL, 'k' },
		{ "clear", no_argument, NULL, 'C' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	int c;

	*ret = (Options){ .runtime_directory = RUNTIME_DIRECTORY, .unit_root = "" };
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
		switch (c) {
		case 'c':
			ret->config_path = optarg;
			break;
		case 'r':
			ret->runtime_directory = optarg;
			break;
		case 'C':
			ret->clear = true;
			break;
		case 'u':
			ret->unit_root = optarg;
			break;
		case 'k':
			ret->check = true;
			break;
		case 'v':
			puts("netfilterd " VERSION);
			return 1;
		case 'h':
			fputs(help, stdout);
			return 1;
		default:
			return -EINVAL;
		}
	ret->files = argv + optind;
	if (optind < argc && !ret->check) {
		fprintf(stderr, "netfilterd: \"%s\" is not an option\n", argv[optind]);
		return -EINVAL;
	}
	return 0;
}

/* Every published port is a descriptor. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int on_signal(sd_event_source *source G_GNUC_UNUSED, const struct signalfd_siginfo *info G_GNUC_UNUSED,
		     void *userdata)
{
	server_exit(userdata);
	return 0;
}

static int add_signals(sd_event *event, Server *server)
{
	static const int signals[] = { SIGTERM, SIGINT };
	sigset_t set;
	int r;

	sigemptyset(&set);
	for (guint i = 0; i < G_N_ELEMENTS(signals); i++)
		sigaddset(&set, signals[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	for (guint i = 0; i < G_N_ELEMENTS(signals); i++) {
		r = sd_event_add_signal(event, NULL, signals[i], on_signal, server);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What systemd kept for us: token → descriptor. */
static GHashTable *take_descriptors(void)
{
	GHashTable *descriptors = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	char **names = NULL;
	int n = sd_listen_fds_with_names(true, &names);

	for (int i = 0; i < n; i++) {
		guint64 token = lifetimes_token_from_name(names[i]);

		if (token != 0 && !g_hash_table_contains(descriptors, &token))
			g_hash_table_insert(descriptors, g_memdup2(&token, sizeof token),
					    GINT_TO_POINTER(SD_LISTEN_FDS_START + i));
		else
			close(SD_LISTEN_FDS_START + i);
		free(names[i]);
	}
	free(names);
	return descriptors;
}

/* One that does not say who it is has ended before it began. */
static int open_bus(sd_bus **ret, sd_id128_t *ret_id)
{
	sd_bus *bus = NULL;
	int r;

	r = sd_bus_open_system(&bus);
	if (r >= 0)
		r = sd_bus_get_bus_id(bus, ret_id);
	if (r < 0) {
		sd_bus_close_unref(bus);
		return r;
	}
	*ret = bus;
	return 0;
}

#define BUS_TIMEOUT_USEC (60 * G_USEC_PER_SEC)
#define BUS_INTERVAL_USEC (G_USEC_PER_SEC / 10)

/* Whoever was on a bus that died is to be cleaned up after as soon as there is one again. */
static int wait_for_bus(sd_bus **ret, sd_id128_t *ret_id)
{
	gint64 end = g_get_monotonic_time() + BUS_TIMEOUT_USEC;
	bool told = false;
	int r;

	while ((r = open_bus(ret, ret_id)) < 0 && g_get_monotonic_time() < end) {
		if (!told)
			g_warning("Cannot connect to the system bus, and wait for it: %s", g_strerror(-r));
		told = true;
		g_usleep(BUS_INTERVAL_USEC);
	}
	if (r < 0)
		g_critical("Cannot connect to the system bus: %s", g_strerror(-r));
	return r;
}

static int restore(Service *service, const Options *options, sd_id128_t bus_id)
{
	GHashTable *descriptors = take_descriptors();
	g_autoptr(GError) error = NULL;
	char id[SD_ID128_STRING_MAX];
	bool ok = service_restore(service, options->runtime_directory, sd_id128_to_string(bus_id, id), descriptors,
				  &error);

	if (!ok)
		g_critical("%s", error->message);
	g_hash_table_unref(descriptors);
	return ok ? 0 : -EIO;
}

static int serve(Service *service, const Options *options, sd_event *event)
{
	g_autoptr(Server) server = NULL;
	sd_bus *bus = NULL;
	sd_id128_t bus_id;
	int r;

	r = wait_for_bus(&bus, &bus_id);
	if (r < 0)
		return r;
	r = restore(service, options, bus_id);
	if (r < 0) {
		sd_bus_unref(bus);
		return r;
	}
	server = server_new(service, event, bus);
	/* Before we have the name: from then on somebody may tell us to stop. */
	r = server ? add_signals(event, server) : -ENOMEM;
	if (r >= 0)
		r = server_start(server);
	if (r >= 0)
		r = sd_bus_set_exit_on_disconnect(bus, true);
	sd_bus_unref(bus);
	if (r < 0) {
		g_critical("Cannot serve " BUS_NAME ": %s", g_strerror(-r));
	} else {
		r = sd_event_loop(event);
		if (r < 0)
			g_critical("The event loop failed: %s", g_strerror(-r));
	}
	return r;
}

/* Whoever calls is to hear what is wrong with the file, which a service that ends at once cannot tell him. */
static Service *new_service(const Options *options, sd_event *event, GError **ret_refusal)
{
	g_autoptr(GError) error = NULL;
	Service *service;
	Config config;

	if (!config_load(options->config_path ?: CONFIG_PATH, options->config_path != NULL, &config, ret_refusal))
		config_init(&config);
	service = service_new(&config, options->config_path ?: CONFIG_PATH, options->unit_root, event, &error);
	if (!service) {
		g_critical("%s", error->message);
		config_clear(&config);
	}
	return service;
}

/* Needs no configuration that is understood, and the bus only for what firewalld was told. */
static int clear(const Options *options, sd_event *event)
{
	g_autoptr(GError) refusal = NULL, error = NULL;
	g_autoptr(Service) service = new_service(options, event, &refusal);

	if (!service)
		return -EIO;
	if (refusal)
		g_warning("%s", refusal->message);
	if (!service_clear(service, options->runtime_directory, &error)) {
		g_critical("%s", error->message);
		return -EIO;
	}
	zones_clear(service, event);
	return 0;
}

static int run(const Options *options, sd_event *event)
{
	g_autoptr(Service) service = NULL;
	GError *refusal = NULL;
	int r;

	/* Where systemd asks for it (WatchdogSec=). */
	r = sd_event_set_watchdog(event, true);
	if (r < 0) {
		g_critical("Cannot keep systemd's watchdog: %s", g_strerror(-r));
		return r;
	}
	service = new_service(options, event, &refusal);
	if (!service) {
		g_clear_error(&refusal);
		return -EIO;
	}
	if (refusal)
		service_misconfigured(service, refusal);
	return serve(service, options, event);
}

static void print(const char *line)
{
	puts(line);
}

static int check(const Options *options)
{
	g_autoptr(GError) error = NULL;
	Config config;
	bool good;

	if (!config_load(options->config_path ?: CONFIG_PATH, options->config_path != NULL, &config, &error)) {
		print(error->message);
		config_init(&config);
	}
	good = units_check(&config, options->unit_root, options->files, print) && !error;
	config_clear(&config);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	sd_event *event = NULL;
	Options options;
	int r;

	r = parse_options(argc, argv, &options);
	if (r != 0)
		return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	log_start();
	if (options.check)
		return check(&options);
	raise_descriptor_limit();
	heap_keep_freed();
	r = sd_event_default(&event);
	if (r < 0)
		g_critical("Cannot make an event loop: %s", g_strerror(-r));
	else if (options.clear)
		r = clear(&options, event);
	else
		/* A lost bus ends the loop with a code of its own: systemd is to start the next instance, which finds
		 * the owners gone. */
		r = run(&options, event);
	sd_event_unref(event);
	return r < 0 ? EXIT_FAILURE : r;
}
