/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Single datagrams of UDP, for what is sent with another's address and so cannot be answered. Whether one came is known
 * once a later one has.
 */

/** Hears what is said to any address there; family AF_INET or AF_INET6. Close it. */
int hear(int netns, int family);

/** Says a word from an address of the sender to another, to who hears there. */
void say(int netns, const char *from, const char *to, const char *word);

/** Says something until it is heard, so that neighbours know one another: a new address is not usable at once. */
void find_way(int netns, const char *from, const char *to, int heard);

/** What was said before, and let through, is heard before. */
void expect_heard(int heard, const char *word);
