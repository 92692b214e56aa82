/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

/**
 * Gives the calling process a network namespace of its own, with loopback up; a user namespace around it where it has
 * no right to one otherwise, in which users and groups are as they were. Returns a NETLINK_ROUTE socket that names it
 * to the service, or a negative errno.
 */
int namespace_new(void);

/**
 * Opens such a socket in another's: of a process by its number, of ip-netns(8) by its name, or by the path of a file.
 * In one of a user namespace it is enough to have a right to that. Returns it, or a negative errno.
 */
int namespace_socket(const char *text);

/** Hands a descriptor over a socket, and takes it: 0 and the descriptor, or a negative errno. */
int descriptor_send(int socket, int fd);
int descriptor_receive(int socket);
