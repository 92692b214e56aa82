/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/heap.h"

#include <malloc.h>
#include <stdbool.h>
#include <time.h>

#define QUIET_USEC G_USEC_PER_SEC
#define ACCURACY_USEC (G_USEC_PER_SEC / 4)

/* The largest that glibc takes. */
#define MMAP_THRESHOLD (32 << 20)

struct Heap {
	sd_event_source *quiet; /* armed from the first work on */
	sd_bus_slot *filter;
	uint64_t touched;
	bool due; /* even if it does not become quiet */
};

void heap_keep_freed(void)
{
	mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
	mallopt(M_TRIM_THRESHOLD, G_MAXINT);
}

static uint64_t now(const Heap *heap)
{
	uint64_t usec = 0;

	sd_event_now(sd_event_source_get_event(heap->quiet), CLOCK_MONOTONIC, &usec);
	return usec;
}

static void arm(Heap *heap)
{
	sd_event_source_set_time(heap->quiet, heap->touched + QUIET_USEC);
	sd_event_source_set_enabled(heap->quiet, SD_EVENT_ONESHOT);
}

static int on_quiet(sd_event_source *source G_GNUC_UNUSED, uint64_t usec G_GNUC_UNUSED, void *userdata)
{
	Heap *heap = userdata;

	if (!heap->due && now(heap) - heap->touched < QUIET_USEC) {
		arm(heap);
		return 0;
	}
	heap->due = false;
	/* What was freed lies between what stays, where free() does not give it back. */
	malloc_trim(0);
	return 0;
}

void heap_touch(Heap *heap)
{
	int enabled = SD_EVENT_OFF;

	heap->touched = now(heap);
	sd_event_source_get_enabled(heap->quiet, &enabled);
	if (enabled == SD_EVENT_OFF)
		arm(heap);
}

void heap_give_back(Heap *heap)
{
	heap->touched = now(heap);
	if (!heap->due)
		arm(heap);
	heap->due = true;
}

static int on_message(sd_bus_message *message G_GNUC_UNUSED, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	heap_touch(userdata);
	return 0;
}

Heap *heap_new(sd_event *event, sd_bus *connection)
{
	Heap *heap = g_new0(Heap, 1);

	if (sd_event_add_time(event, &heap->quiet, CLOCK_MONOTONIC, 0, ACCURACY_USEC, on_quiet, heap) < 0 ||
	    sd_event_source_set_enabled(heap->quiet, SD_EVENT_OFF) < 0 ||
	    sd_bus_add_filter(connection, &heap->filter, on_message, heap) < 0) {
		heap_free(heap);
		return NULL;
	}
	return heap;
}

void heap_free(Heap *heap)
{
	if (!heap)
		return;
	sd_bus_slot_unref(heap->filter);
	sd_event_source_disable_unref(heap->quiet);
	g_free(heap);
}
