/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <string.h>

/*
 * A target of libFuzzer, a file each. Whatever the bytes are, it returns 0; what it finds wrong ends the program.
 * Without libFuzzer, replay.c runs it over its seeds.
 */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/** The input as it is taken apart. What is asked for beyond its end is 0, or empty. */
typedef struct Input {
	const guint8 *data;
	gsize size;
} Input;

static inline guint8 input_byte(Input *input)
{
	if (input->size == 0)
		return 0;
	input->size--;
	return *input->data++;
}

static inline guint16 input_word(Input *input)
{
	guint16 low = input_byte(input);

	return low | input_byte(input) << 8;
}

/** At most so many bytes of what is left. */
static inline Input input_part(Input *input, gsize size)
{
	Input part = { input->data, MIN(size, input->size) };

	input->data += part.size;
	input->size -= part.size;
	return part;
}

/** All that is left as a string, up to the first NUL; the caller's. */
static inline char *input_text(const Input *input)
{
	return g_strndup((const char *)input->data, input->size);
}
