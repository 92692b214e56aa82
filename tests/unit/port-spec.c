/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Ports as people write them: what is read, how it is written again, and what is said of what cannot be read. */

#include "service/model/port-spec.h"

#include <string.h>

typedef struct Good {
	const char *text, *canonical;
	const char *host_address;
	guint16 host_port, endpoint_port, count;
	guint8 protocol;
} Good;

static const Good good[] = {
	{ "80", "80/tcp", "", 0, 80, 1, IPPROTO_TCP },
	{ "80/udp", "80/udp", "", 0, 80, 1, IPPROTO_UDP },
	{ "80-82/sctp", "80-82/sctp", "", 0, 80, 3, IPPROTO_SCTP },
	{ "0:80", "80/tcp", "", 0, 80, 1, IPPROTO_TCP },
	{ "0:80-82", "80-82/tcp", "", 0, 80, 3, IPPROTO_TCP },
	{ "8080:80", "8080:80/tcp", "", 8080, 80, 1, IPPROTO_TCP },
	{ "8080-8080:80", "8080:80/tcp", "", 8080, 80, 1, IPPROTO_TCP },
	{ "8080-8089:80-89/udp", "8080-8089:80-89/udp", "", 8080, 80, 10, IPPROTO_UDP },
	{ "1-65535:1-65535", "1-65535:1-65535/tcp", "", 1, 1, 65535, IPPROTO_TCP },
	{ "192.0.2.1:8080:80", "192.0.2.1:8080:80/tcp", "192.0.2.1", 8080, 80, 1, IPPROTO_TCP },
	{ "192.0.2.1:0:80-81", "192.0.2.1:0:80-81/tcp", "192.0.2.1", 0, 80, 2, IPPROTO_TCP },
	{ "0.0.0.0:65535:65535/sctp", "0.0.0.0:65535:65535/sctp", "0.0.0.0", 65535, 65535, 1, IPPROTO_SCTP },
	{ "[2001:DB8::1]:8080:80", "[2001:db8::1]:8080:80/tcp", "2001:db8::1", 8080, 80, 1, IPPROTO_TCP },
	{ "[::]:53-54:53-54/udp", "[::]:53-54:53-54/udp", "::", 53, 53, 2, IPPROTO_UDP },
};

static const struct {
	const char *text, *message; /* a part of it */
} bad[] = {
	{ "", "\"\" is not [[HOSTADDRESS:]HOSTPORT[-LAST]:]PORT[-LAST][/PROTOCOL]" },
	{ "/tcp", "\"\" in \"/tcp\" is not a port" },
	{ "80/", "\"\" in \"80/\" is not tcp, udp or sctp" },
	{ "80/icmp", "\"icmp\" in \"80/icmp\" is not tcp, udp or sctp" },
	{ "80/TCP", "\"TCP\"" },
	{ "80/tcp/udp", "\"80/tcp\" in \"80/tcp/udp\" is not a port" },
	{ "0", "endpoint port 0" },
	{ "8080:0", "endpoint port 0" },
	{ "http", "\"http\" in \"http\" is not a port from 0 to 65535" },
	{ "65536", "\"65536\"" },
	{ "99999999999999999999999:80", "\"99999999999999999999999\"" },
	{ "-1", "\"\" in \"-1\"" },
	{ "+80", "\"+80\"" },
	{ " 80", "\" 80\"" },
	{ "80 ", "\"80 \"" },
	{ "080", "\"080\"" },
	{ "00", "\"00\"" },
	{ "0x50", "\"0x50\"" },
	{ "80-", "\"\" in \"80-\"" },
	{ "80-82-84", "\"82-84\" in \"80-82-84\"" },
	{ "89-80", "counts down from 89 to 80" },
	{ "0-9:80-89", "counts from port 0" },
	{ "0-9", "counts from port 0" },
	{ ":80", "\"\" in \":80\"" },
	{ "8080:", "\"\" in \"8080:\"" },
	{ "::80", "\"\" in \"::80\" is not an address" },
	{ "8080-8089:80", "maps 10 host ports to 1" },
	{ "8080:80-89", "maps 1 host ports to 10" },
	{ "192.0.2.1::80", "\"\" in \"192.0.2.1::80\" is not a port" },
	{ "192.0.2:8080:80", "\"192.0.2\" in \"192.0.2:8080:80\" is not an address" },
	{ "localhost:8080:80", "\"localhost\"" },
	{ "224.0.0.1:8080:80", "\"224.0.0.1\" is not one host's" },
	{ "2001:db8::1:8080:80", "an IPv6 address stands in brackets" },
	{ "::1:8080:80", "an IPv6 address stands in brackets" },
	{ "[192.0.2.1]:8080:80", "is no IPv6 address" },
	{ "[::1:8080:80", "has no \"]:\"" },
	{ "[::1]", "has no \"]:\"" },
	{ "[::1]8080:80", "has no \"]:\"" },
	{ "[::1]:80", "has a host address and no host port; 0 is any" },
	{ "[::1]:1:8080:80", "too many \":\"" },
	{ "[]:8080:80", "\"\" in \"[]:8080:80\" is not an address" },
	{ "[::ffff:192.0.2.1]:1:1", "is not one host's" },
	{ "[fe80::1%eth0]:8080:80", "\"fe80::1%eth0\"" },
	{ "\xff:80", "\"?\" in \"?:80\" is not a port" },
};

static void reads_and_writes(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		const Good *g = &good[i];
		char buffer[PORT_SPEC_STRLEN], address[INET6_ADDRSTRLEN];
		g_autoptr(GError) error = NULL;
		PortMapping mapping, again;

		g_test_message("%s", g->text);
		g_assert_true(port_spec_parse(g->text, &mapping, &error));
		g_assert_no_error(error);
		g_assert_cmpstr(address_format(&mapping.host_address, address), ==, g->host_address);
		g_assert_cmpuint(mapping.host_port, ==, g->host_port);
		g_assert_cmpuint(mapping.endpoint_port, ==, g->endpoint_port);
		g_assert_cmpuint(mapping.count, ==, g->count);
		g_assert_cmpuint(mapping.protocol, ==, g->protocol);
		g_assert_cmpstr(port_spec_format(&mapping, buffer), ==, g->canonical);
		g_assert_true(port_spec_parse(buffer, &again, NULL));
		g_assert_true(port_mapping_equal(&mapping, &again));
	}
}

static void writes_the_longest(void)
{
	const char *text = "[2001:db8:1111:2222:3333:4444:5555:6666]:10000-10001:20000-20001/sctp";
	char buffer[PORT_SPEC_STRLEN];
	PortMapping mapping;

	g_assert_true(port_spec_parse(text, &mapping, NULL));
	g_assert_cmpstr(port_spec_format(&mapping, buffer), ==, text);
}

static void says_what_is_wrong(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		const PortMapping before = { .protocol = 1, .count = 7 };
		PortMapping mapping = before;
		g_autofree char *shown = g_strescape(bad[i].text, NULL);
		g_autoptr(GError) error = NULL;

		g_test_message("%s", shown);
		g_assert_false(port_spec_parse(bad[i].text, &mapping, &error));
		g_assert_error(error, NETFILTER_ERROR, NETFILTER_ERROR_INVALID_ARGS);
		g_test_message("%s", error->message);
		g_assert_nonnull(strstr(error->message, bad[i].message));
		g_assert_true(g_utf8_validate(error->message, -1, NULL));
		g_assert_true(port_mapping_equal(&mapping, &before));
	}
}

static void cuts_what_is_long(void)
{
	g_autofree char *text = g_strnfill(1000000, ':');
	g_autoptr(GError) error = NULL;
	PortMapping mapping;

	g_assert_false(port_spec_parse(text, &mapping, &error));
	g_assert_cmpuint(strlen(error->message), <, 4 * CUT_MAX);
}

static void ports_of_links(void)
{
	static const struct {
		const char *text, *canonical; /* NULL: refused */
	} cases[] = {
		{ "80", "80/tcp" },     { "53/udp", "53/udp" }, { "65535/sctp", "65535/sctp" },
		{ "0", NULL },          { "", NULL },           { "80/", NULL },
		{ "80/icmp", NULL },    { "80-81", NULL },      { "8080:80", NULL },
		{ "80/tcp/tcp", NULL }, { "65536", NULL },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		char buffer[PORT_SPEC_STRLEN];
		LinkPort port;

		g_test_message("%s", cases[i].text);
		g_assert_cmpint(link_port_spec_parse(cases[i].text, &port, &error), ==, cases[i].canonical != NULL);
		if (cases[i].canonical)
			g_assert_cmpstr(link_port_spec_format(&port, buffer), ==, cases[i].canonical);
		else
			g_assert_error(error, NETFILTER_ERROR, NETFILTER_ERROR_INVALID_ARGS);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/port-spec/reads-and-writes", reads_and_writes);
	g_test_add_func("/port-spec/writes-the-longest", writes_the_longest);
	g_test_add_func("/port-spec/says-what-is-wrong", says_what_is_wrong);
	g_test_add_func("/port-spec/cuts-what-is-long", cuts_what_is_long);
	g_test_add_func("/port-spec/ports-of-links", ports_of_links);
	return g_test_run();
}
