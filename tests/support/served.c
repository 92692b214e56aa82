/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/served.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

typedef struct Served {
	int fd;
	serve_func serve;
	void *userdata;
	GDestroyNotify free_userdata;
} Served;

static GArray *all;

static void served_clear(gpointer data)
{
	Served *served = data;

	close(served->fd);
	if (served->free_userdata)
		served->free_userdata(served->userdata);
}

void served_add(int fd, serve_func serve, void *userdata, GDestroyNotify free_userdata)
{
	const Served served = { fd, serve, userdata, free_userdata };

	if (!all) {
		all = g_array_new(FALSE, FALSE, sizeof(Served));
		g_array_set_clear_func(all, served_clear);
	}
	g_array_append_val(all, served);
}

void served_close(void)
{
	g_clear_pointer(&all, g_array_unref);
}

bool served_until(struct pollfd *flows, guint n_flows, gint64 deadline)
{
	for (;;) {
		gint64 left = deadline - g_get_monotonic_time();
		guint n = all ? all->len : 0, n_ready = 0;
		g_autofree struct pollfd *fds = g_new0(struct pollfd, n + n_flows);

		if (left <= 0)
			return false;
		for (guint i = 0; i < n; i++)
			fds[i] = (struct pollfd){ .fd = g_array_index(all, Served, i).fd, .events = POLLIN };
		memcpy(fds + n, flows, n_flows * sizeof *flows);
		if (poll(fds, n + n_flows, left / 1000 + 1) < 0 && errno != EINTR)
			g_error("poll: %s", g_strerror(errno));
		for (guint i = n; i-- > 0;) {
			const Served served = g_array_index(all, Served, i);

			if (fds[i].revents && !served.serve(served.fd, served.userdata))
				g_array_remove_index_fast(all, i);
		}
		memcpy(flows, fds + n, n_flows * sizeof *flows);
		for (guint i = 0; i < n_flows; i++)
			n_ready += flows[i].revents != 0;
		if (n_ready)
			return true;
	}
}
