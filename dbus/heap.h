/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

/**
 * Memory that was freed. While there is work it stays ours, since the buffers of one commit serve the next: to have the
 * kernel make tens of megabytes of pages for each change takes longer than the change. Once it is quiet it is given
 * back, whatever the largest message or table was.
 */
typedef struct Heap Heap;

/** Says to the C library what to keep. Before anything large is allocated. */
void heap_keep_freed(void);

/** Messages of connection count as work. Both are borrowed. NULL if the loop or the connection refuses. */
Heap *heap_new(sd_event *event, sd_bus *connection);
void heap_free(Heap *heap);

/** There was work. */
void heap_touch(Heap *heap);

/**
 * What is freed now is of no use to the next change: it is given back within moments, whether it becomes quiet or not.
 */
void heap_give_back(Heap *heap);
