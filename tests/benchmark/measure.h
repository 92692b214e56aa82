/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * What every measurement shares: a clock, a place of its own, and where the numbers go. Each measurement
 * runs in a child process with network, mount namespace and /run of its own; what fails there ends the child
 * with a word on stderr, and the others go on.
 */

/** --quick: fewer ports, fewer repetitions. */
extern bool quick;

/** Of what there are to be many: 10,000, or 1,000. */
guint many(void);

/** Ctrl-C ends the process at once; without this the first of a process namespace would not hear of it. */
void end_on_signals(void);

/** CLOCK_MONOTONIC, ms. */
double now_ms(void);

/** Runs a measurement in its own place and waits. */
void measure_apart(void (*measure)(gconstpointer data), gconstpointer data);

/** Samples in ms, GArray of double. */
GArray *samples_new(void);
void samples_add(GArray *samples, double ms);
double samples_percentile(GArray *samples, double percent);

/** How often to repeat what took this long at first, so that neither the slow takes forever nor the fast is noise. */
guint repetitions(double first_ms);

/** Writes one line of JSON: a series (a measurement, its variant) at n, median and p99. Takes the samples over. */
void report(const char *measurement, const char *variant, guint n, GArray *samples);

/** The same of a single number. */
void report_value(const char *measurement, const char *variant, guint n, const char *unit, double value);

/** Says what is done now, on stderr. */
void progress(const char *format, ...) G_GNUC_PRINTF(1, 2);

/** Starts a program that ends with this process; silent unless $BENCHMARK_VERBOSE is set. */
GPid spawn(const char *const *argv);

/** Runs a program to its end; it must succeed. input_path may be NULL. */
void run_program(const char *const *argv, const char *input_path);

/** Writes a file; it must succeed. */
void write_file(const char *path, const char *text);
