/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/said.h"

#include "tests/support/probe.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

int hear(int netns, int family)
{
	const char *any = family == AF_INET6 ? "::" : "0.0.0.0";
	int heard = socket_there(netns, family, "udp");
	struct sockaddr_storage address;
	socklen_t length = socket_address(any, 5000, &address);

	g_assert_cmpint(bind(heard, (struct sockaddr *)&address, length), ==, 0);
	return heard;
}

void say(int netns, const char *from, const char *to, const char *word)
{
	struct sockaddr_storage source, destination;
	socklen_t source_length = socket_address(from, 0, &source);
	socklen_t length = socket_address(to, 5000, &destination);
	int said = socket_there(netns, source.ss_family, "udp");

	g_assert_cmpint(bind(said, (struct sockaddr *)&source, source_length), ==, 0);
	g_assert_cmpint(sendto(said, word, strlen(word), 0, (struct sockaddr *)&destination, length), ==, strlen(word));
	close(said);
}

#define HELLO "hello"

void find_way(int netns, const char *from, const char *to, int heard)
{
	struct pollfd ready = { .fd = heard, .events = POLLIN };
	int n = 0;

	for (guint i = 0; i < 20 && n == 0; i++) {
		say(netns, from, to, HELLO);
		n = poll(&ready, 1, 500);
	}
	g_assert_cmpint(n, ==, 1);
}

void expect_heard(int heard, const char *word)
{
	struct pollfd ready = { .fd = heard, .events = POLLIN };
	char text[64];

	do {
		memset(text, 0, sizeof text);
		g_assert_cmpint(poll(&ready, 1, 10000), ==, 1);
		g_assert_cmpint(recv(heard, text, sizeof text - 1, 0), >, 0);
	} while (g_str_equal(text, HELLO));
	g_assert_cmpstr(text, ==, word);
}
