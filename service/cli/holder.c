/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cli/holder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void holder_free(gpointer data)
{
	Holder *holder = data;

	g_free(holder->name);
	g_free(holder);
}

static char *read_name(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/comm", pid);
	char *name = NULL;

	return g_file_get_contents(path, &name, NULL, NULL) ? g_strchomp(name) : g_strdup("?");
}

/* 0: not a socket. */
static guint32 read_inode(int directory, const char *name)
{
	char target[64];
	ssize_t n = readlinkat(directory, name, target, sizeof target - 1);
	guint32 inode;

	if (n < 0)
		return 0;
	target[n] = '\0';
	return sscanf(target, "socket:[%u]", &inode) == 1 ? inode : 0;
}

static void note(GHashTable *holders, guint32 inode, pid_t pid)
{
	const Holder *known = g_hash_table_lookup(holders, GUINT_TO_POINTER(inode));
	Holder *holder;

	if (known && known->pid <= pid)
		return;
	holder = g_new(Holder, 1);
	*holder = (Holder){ pid, read_name(pid) };
	g_hash_table_replace(holders, GUINT_TO_POINTER(inode), holder);
}

static void read_process(GHashTable *holders, pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/fd", pid);
	DIR *directory = opendir(path);
	const struct dirent *entry;

	if (!directory)
		return;
	while ((entry = readdir(directory))) {
		guint32 inode = read_inode(dirfd(directory), entry->d_name);

		if (inode != 0)
			note(holders, inode, pid);
	}
	closedir(directory);
}

GHashTable *holders_read(void)
{
	GHashTable *holders = g_hash_table_new_full(NULL, NULL, NULL, holder_free);
	DIR *directory = opendir("/proc");
	const struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		if (g_ascii_isdigit(entry->d_name[0]))
			read_process(holders, atoi(entry->d_name));
	if (directory)
		closedir(directory);
	return holders;
}
