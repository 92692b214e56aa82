/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/fuzz.h"

/* What is refused is said in the log, millions of times. */
static GLogWriterOutput discard(GLogLevelFlags level, const GLogField *fields G_GNUC_UNUSED, gsize n G_GNUC_UNUSED,
				gpointer userdata G_GNUC_UNUSED)
{
	return level & G_LOG_LEVEL_ERROR ? G_LOG_WRITER_UNHANDLED : G_LOG_WRITER_HANDLED;
}

int LLVMFuzzerInitialize(int *argc G_GNUC_UNUSED, char ***argv G_GNUC_UNUSED)
{
	g_log_set_writer_func(discard, NULL, NULL);
	return 0;
}
