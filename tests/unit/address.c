/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/special.h"

static Address address_of(const char *text)
{
	Address address;

	if (!address_parse(text, &address))
		g_error("%s is no address", text);
	return address;
}

static Prefix prefix_of(const char *text)
{
	Prefix prefix;

	if (!prefix_parse(text, &prefix))
		g_error("%s is no prefix", text);
	return prefix;
}

static void test_family(void)
{
	enum family family = N_FAMILIES;

	g_assert_true(family_from_string("ipv4", &family));
	g_assert_cmpint(family, ==, FAMILY_IPV4);
	g_assert_true(family_from_string("ipv6", &family));
	g_assert_cmpint(family, ==, FAMILY_IPV6);
	g_assert_false(family_from_string("IPv4", &family));
	g_assert_false(family_from_string("", &family));
	g_assert_cmpint(family, ==, FAMILY_IPV6);
	g_assert_cmpstr(family_to_string(FAMILY_IPV4), ==, "ipv4");
	g_assert_cmpint(family_to_af(FAMILY_IPV6), ==, AF_INET6);
	g_assert_cmpuint(family_bits(FAMILY_IPV4), ==, 32);
	g_assert_cmpuint(family_bits(FAMILY_IPV6), ==, 128);
}

static void test_address_parse(void)
{
	static const struct {
		const char *text, *canonical; /* NULL: not an address */
	} cases[] = {
		{ "172.18.0.2", "172.18.0.2" },
		{ "0.0.0.0", "0.0.0.0" },
		{ "fd00:0:0::2", "fd00::2" },
		{ "FD00::A", "fd00::a" },
		{ "::", "::" },
		{ "", NULL },
		{ "172.18.0", NULL },
		{ "172.18.0.256", NULL },
		{ " 172.18.0.2", NULL },
		{ "172.18.0.2 ", NULL },
		{ "172.18.0.2/16", NULL },
		{ "fe80::1%eth0", NULL },
		{ "[fd00::2]", NULL },
		{ "localhost", NULL },
		{ "0x7f.1", NULL },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const Address before = { AF_INET, { 1, 2, 3, 4 } };
		char buffer[INET6_ADDRSTRLEN];
		Address address = before;

		g_test_message("%s", cases[i].text);
		g_assert_cmpint(address_parse(cases[i].text, &address), ==, cases[i].canonical != NULL);
		if (cases[i].canonical)
			g_assert_cmpstr(address_format(&address, buffer), ==, cases[i].canonical);
		else
			g_assert_true(address_equal(&address, &before));
	}
}

static void test_address_unspec(void)
{
	const Address none = {};
	char buffer[INET6_ADDRSTRLEN] = "x";

	g_assert_cmpstr(address_format(&none, buffer), ==, "");
	g_assert_false(address_is_any(&none));
	g_assert_false(address_is_loopback(&none));
	g_assert_false(address_is_link_local(&none));
}

static void test_address_equal(void)
{
	Address four = address_of("0.0.0.0"), six = address_of("::"), other = address_of("0.0.0.1");

	g_assert_false(address_equal(&four, &six));
	g_assert_false(address_equal(&four, &other));
	g_assert_true(address_equal_func(&other, &(Address){ AF_INET, { [3] = 1 } }));
	g_assert_cmpuint(address_hash(&other), ==, address_hash(&(Address){ AF_INET, { [3] = 1 } }));
	g_assert_cmpuint(address_hash(&four), !=, address_hash(&six));
	g_assert_cmpint(address_family(&four), ==, FAMILY_IPV4);
	g_assert_cmpint(address_family(&six), ==, FAMILY_IPV6);
}

static void test_address_kinds(void)
{
	enum { ANY = 1, LOOPBACK, LINK_LOCAL };
	static const struct {
		const char *text;
		int kind;
	} cases[] = {
		{ "0.0.0.0", ANY },        { "::", ANY },
		{ "127.0.0.1", LOOPBACK }, { "127.255.255.255", LOOPBACK },
		{ "128.0.0.1", 0 },        { "126.255.255.255", 0 },
		{ "::1", LOOPBACK },       { "::2", 0 },
		{ "223.255.255.255", 0 },  { "240.0.0.1", 0 },
		{ "feff::1", 0 },          { "169.254.1.1", LINK_LOCAL },
		{ "169.253.1.1", 0 },      { "fe80::1", LINK_LOCAL },
		{ "febf::1", LINK_LOCAL }, { "fec0::1", 0 },
		{ "fe7f::1", 0 },          { "172.18.0.2", 0 },
		{ "fd00::1", 0 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Address address = address_of(cases[i].text);

		g_test_message("%s", cases[i].text);
		g_assert_cmpint(address_is_any(&address), ==, cases[i].kind == ANY);
		g_assert_cmpint(address_is_loopback(&address), ==, cases[i].kind == LOOPBACK);
		g_assert_cmpint(address_is_link_local(&address), ==, cases[i].kind == LINK_LOCAL);
	}
}

static void test_prefix_parse(void)
{
	static const struct {
		const char *text, *masked; /* NULL: not a prefix */
	} cases[] = {
		{ "172.18.0.0/16", "172.18.0.0/16" },
		{ "172.18.3.4/16", "172.18.0.0/16" },
		{ "172.18.255.255/20", "172.18.240.0/20" },
		{ "10.0.0.1/32", "10.0.0.1/32" },
		{ "10.0.0.1/0", "0.0.0.0/0" },
		{ "fd00::1/64", "fd00::/64" },
		{ "fd00:ffff::1/17", "fd00:8000::/17" },
		{ "fd00::1/128", "fd00::1/128" },
		{ "172.18.0.0", NULL },
		{ "172.18.0.0/", NULL },
		{ "172.18.0.0/33", NULL },
		{ "172.18.0.0/016", NULL },
		{ "172.18.0.0/+16", NULL },
		{ "172.18.0.0/-1", NULL },
		{ "172.18.0.0/ 16", NULL },
		{ "172.18.0.0/16 ", NULL },
		{ "172.18.0.0/16/16", NULL },
		{ "172.18.0.0/255.255.0.0", NULL },
		{ "172.18.0.0/4294967312", NULL },
		{ "fd00::/129", NULL },
		{ "/16", NULL },
		{ "", NULL },
		{ "aaaa:bbbb:cccc:dddd:eeee:ffff:0000:1111:2222:3333:4444/16", NULL },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Prefix prefix = { .length = 99 }, masked;
		char buffer[INET6_ADDRSTRLEN + 4];

		g_test_message("%s", cases[i].text);
		g_assert_cmpint(prefix_parse(cases[i].text, &prefix), ==, cases[i].masked != NULL);
		if (!cases[i].masked) {
			g_assert_cmpuint(prefix.length, ==, 99);
			continue;
		}
		masked = prefix_mask(&prefix);
		g_assert_cmpstr(prefix_format(&masked, buffer), ==, cases[i].masked);
	}
}

static void test_prefix_format(void)
{
	Prefix longest = prefix_of("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"), none = {};
	char buffer[INET6_ADDRSTRLEN + 4] = "x";

	g_assert_cmpstr(prefix_format(&longest, buffer), ==, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
	g_assert_cmpstr(prefix_format(&none, buffer), ==, "");
}

static void test_prefix_contains(void)
{
	static const struct {
		const char *prefix, *address;
		bool contains, reserves;
	} cases[] = {
		{ "172.18.0.0/16", "172.18.0.0", true, true },
		{ "172.18.0.0/16", "172.18.0.1", true, false },
		{ "172.18.0.0/16", "172.18.1.0", true, false },
		{ "172.18.0.0/16", "172.18.0.255", true, false },
		{ "172.18.0.0/16", "172.18.255.255", true, true },
		{ "172.18.0.0/16", "172.19.0.0", false, false },
		{ "172.18.0.0/16", "172.17.255.255", false, false },
		{ "172.18.16.0/20", "172.18.31.255", true, true },
		{ "172.18.16.0/20", "172.18.15.255", false, false },
		{ "172.18.16.0/20", "172.18.32.0", false, false },
		{ "10.0.0.0/30", "10.0.0.0", true, true },
		{ "10.0.0.0/30", "10.0.0.3", true, true },
		{ "10.0.0.0/31", "10.0.0.0", true, false },
		{ "10.0.0.0/31", "10.0.0.1", true, false },
		{ "10.0.0.1/32", "10.0.0.1", true, false },
		{ "10.0.0.1/32", "10.0.0.2", false, false },
		{ "0.0.0.0/0", "10.0.0.1", true, false },
		{ "0.0.0.0/0", "::1", false, false },
		{ "fd00::/64", "fd00::", true, true },
		{ "fd00::/64", "fd00::1", true, false },
		{ "fd00::/64", "fd00::ffff:ffff:ffff:ffff", true, false },
		{ "fd00::/64", "fd00:0:0:1::", false, false },
		{ "fd00::2/127", "fd00::2", true, false },
		{ "::/0", "172.18.0.1", false, false },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Prefix prefix = prefix_of(cases[i].prefix);
		Address address = address_of(cases[i].address);

		g_test_message("%s %s", cases[i].prefix, cases[i].address);
		g_assert_cmpint(prefix_contains(&prefix, &address), ==, cases[i].contains);
		g_assert_cmpint(prefix_reserves(&prefix, &address), ==, cases[i].reserves);
	}
	g_assert_false(prefix_contains(&(Prefix){}, &(Address){}));
}

static void test_special(void)
{
	static const struct {
		const char *prefix, *special; /* how the answer begins; NULL: none */
		bool publishable;             /* its address */
	} cases[] = {
		{ "0.0.0.0/32", "0.0.0.0/8", true },
		{ "0.1.2.3/8", "0.0.0.0/8", false },
		{ "0.0.0.1/32", "0.0.0.0/8", false },
		{ "0.0.0.0/0", "0.0.0.0/8", true },
		{ "1.0.0.0/8", NULL, true },
		{ "126.0.0.0/8", NULL, true },
		{ "127.0.0.1/32", "127.0.0.0/8", true },
		{ "126.0.0.0/7", "127.0.0.0/8", true },
		{ "128.0.0.0/8", NULL, true },
		{ "169.0.0.0/8", "169.254.0.0/16", true },
		{ "169.254.169.254/32", "169.254.0.0/16", true },
		{ "169.252.0.0/15", NULL, true },
		{ "169.254.9.0/14", "169.254.0.0/16", true },
		{ "169.255.0.0/16", NULL, true },
		{ "223.255.255.0/24", NULL, true },
		{ "224.0.0.1/32", "224.0.0.0/4", false },
		{ "239.255.255.255/32", "224.0.0.0/4", false },
		{ "240.0.0.1/32", "240.0.0.0/4", false },
		{ "255.255.255.0/24", "240.0.0.0/4", false },
		{ "255.255.255.255/32", "240.0.0.0/4", false },
		{ "10.0.0.0/8", NULL, true },
		{ "::/128", "::/8", true },
		{ "::1/128", "::/8", true },
		{ "::2/16", "::/8", false },
		{ "::1:0/112", "::/8", false },
		{ "::ffff:0:0/96", "::/8", false },
		{ "::ffff:127.0.0.1/128", "::/8", false },
		{ "64:ff9b::/96", "::/8", false },
		{ "100::/16", NULL, true },
		{ "fd00::/8", NULL, true },
		{ "fe00::/16", "fe00::/9", false },
		{ "fe00::/7", "fe00::/9", false },
		{ "fe80::1/128", "fe80::/10", false },
		{ "febf::/16", "fe80::/10", false },
		{ "fec0::/16", NULL, true },
		{ "feff::/16", NULL, true },
		{ "ff02::1/128", "ff00::/8", false },
		{ "2001:db8::/32", NULL, true },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Prefix prefix = prefix_of(cases[i].prefix), masked = prefix_mask(&prefix);
		guint8 bits = family_bits(address_family(&prefix.address));

		g_test_message("%s", cases[i].prefix);
		for (guint j = 0; j <= 1; j++) {
			const char *special = prefix_find_special(j == 0 ? &prefix : &masked);

			g_assert_cmpint(special != NULL, ==, cases[i].special != NULL);
			if (special)
				g_assert_true(g_str_has_prefix(special, cases[i].special));
		}
		g_assert_cmpint(address_is_publishable(&prefix.address), ==, cases[i].publishable);
		if (prefix.length == bits)
			g_assert_cmpstr(address_find_special(&prefix.address), ==, prefix_find_special(&prefix));
	}
	g_assert_null(address_find_special(&(Address){}));
	g_assert_true(address_is_publishable(&(Address){}));
}

static void test_prefix_overlaps(void)
{
	static const struct {
		const char *a, *b;
		bool overlap;
	} cases[] = {
		{ "172.18.0.0/16", "172.18.0.0/16", true },
		{ "172.18.0.0/16", "172.18.4.0/24", true },
		{ "172.18.0.0/16", "172.19.0.0/16", false },
		{ "172.16.0.0/12", "172.31.255.0/24", true },
		{ "172.16.0.0/12", "172.32.0.0/24", false },
		{ "0.0.0.0/0", "10.0.0.0/8", true },
		{ "0.0.0.0/0", "::/0", false },
		{ "fd00::/64", "fd00::1/128", true },
		{ "fd00::/64", "fd00:0:0:1::/64", false },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Prefix a = prefix_of(cases[i].a), b = prefix_of(cases[i].b);

		g_assert_cmpint(prefix_overlaps(&a, &b), ==, cases[i].overlap);
		g_assert_cmpint(prefix_overlaps(&b, &a), ==, cases[i].overlap);
	}
	g_assert_false(prefix_overlaps(&(Prefix){}, &(Prefix){}));
}

static void test_first_host(void)
{
	static const char *const cases[][2] = {
		{ "172.18.0.0/16", "172.18.0.1" }, { "172.18.3.4/16", "172.18.0.1" }, { "10.0.0.4/30", "10.0.0.5" },
		{ "10.0.0.4/31", "10.0.0.4" },     { "10.0.0.4/32", "10.0.0.4" },     { "fd00::/64", "fd00::1" },
		{ "fd00::8/127", "fd00::8" },      { "fd00::8/128", "fd00::8" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Prefix prefix = prefix_of(cases[i][0]);
		Address first = prefix_first_host(&prefix);
		char buffer[INET6_ADDRSTRLEN];

		g_assert_cmpstr(address_format(&first, buffer), ==, cases[i][1]);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/address/family", test_family);
	g_test_add_func("/address/parse", test_address_parse);
	g_test_add_func("/address/unspec", test_address_unspec);
	g_test_add_func("/address/equal", test_address_equal);
	g_test_add_func("/address/kinds", test_address_kinds);
	g_test_add_func("/address/prefix-parse", test_prefix_parse);
	g_test_add_func("/address/prefix-format", test_prefix_format);
	g_test_add_func("/address/prefix-contains", test_prefix_contains);
	g_test_add_func("/address/prefix-overlaps", test_prefix_overlaps);
	g_test_add_func("/address/special", test_special);
	g_test_add_func("/address/first-host", test_first_host);
	return g_test_run();
}
