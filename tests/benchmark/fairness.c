/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/benchmark/measurements.h"
#include "tests/support/burst.h"

/* What root waits for alone, and beside users without rights who ask for all they can. */

enum { N_ENDPOINTS = 3000 };

static void report_waits(Waits *waits, const char *beside)
{
	report("fairness: a property read", beside, N_ENDPOINTS, g_steal_pointer(&waits->reads));
	report("fairness: Publish or Unpublish", beside, N_ENDPOINTS, g_steal_pointer(&waits->changes));
	report("fairness: a client that dies", beside, N_ENDPOINTS, g_steal_pointer(&waits->departures));
}

static void measure(gconstpointer data G_GNUC_UNUSED)
{
	Service service = service_new(N_ENDPOINTS);
	guint n = quick ? 10 : 50;
	Waits waits = waits_new();

	waits_measure(&waits, service.bus, n);
	report_waits(&waits, "nothing else");
	for (gsize i = 0; i < n_bursts; i++) {
		Bursting bursting = burst_start(&bursts[i]);

		waits = waits_new();
		waits_measure(&waits, service.bus, n);
		burst_stop(&bursting);
		report_waits(&waits, bursts[i].name);
		service_settle(&service);
	}
}

void measure_fairness(void)
{
	measure_apart(measure, NULL);
}
