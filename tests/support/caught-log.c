/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/caught-log.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void catch_log(const Rig *rig G_GNUC_UNUSED)
{
	int fd = open(LOG, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

	g_assert_cmpint(fd, >=, 0);
	g_assert_no_errno(dup2(fd, STDERR_FILENO));
	close(fd);
}

char *read_log(void)
{
	char *text = NULL;

	g_assert_true(g_file_get_contents(LOG, &text, NULL, NULL));
	return text;
}

void wait_for(const char *sentence)
{
	g_autofree char *text = NULL;

	for (guint i = 0; i < 1000; i++) {
		g_free(text);
		text = read_log();
		if (strstr(text, sentence))
			return;
		g_usleep(10000);
	}
	g_test_message("never said: %s", sentence);
	g_test_fail();
}
