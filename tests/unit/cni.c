/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The CNI plugin's configuration and environment: what is asked of the service for them, and what is refused. */

#include "service/cni/config.h"
#include "service/cni/result.h"
#include "service/cni/settings.h"

#include <string.h>

#define START(version) "{\"cniVersion\": \"" version "\", \"name\": \"net\", \"type\": \"netfilter\", "
#define MADE "\"subnets\": [\"10.1.0.0/16\", \"fd00:1::/64\"]"
#define RUNTIME(text) "\"runtimeConfig\": {" text "}"
#define RESULT(ips)                                                                                                   \
	"\"prevResult\": {\"cniVersion\": \"1.0.0\", \"interfaces\": [{\"name\": \"cni0\"}, {\"name\": \"veth1\"}, "  \
	"{\"name\": \"eth0\", \"sandbox\": \"/run/netns/x\"}, {\"name\": \"eth1\", \"sandbox\": \"/run/netns/x\"}], " \
	"\"ips\": [" ips "]}"
#define BEFORE RESULT("{\"address\": \"10.2.0.7/16\", \"gateway\": \"10.2.0.1\", \"interface\": 2}")
#define LIFE "'Persistent': <true>, 'LifetimeEndpoints': <true>"
#define LABELS "'Labels': <{'CNI_NETWORK': 'net', 'CNI_CONTAINERID': 'c1', 'CNI_IFNAME': 'eth0'}>"
#define BOTH "'Allocate': <['ipv4', 'ipv6']>, 'Interface': <'eth0'>, " LABELS

static const Environment environment = {
	.command = "ADD", .container_id = "c1", .netns = "/run/netns/x", .ifname = "eth0"
};

static GVariant *parse(const char *text)
{
	g_autofree char *whole = g_strdup_printf("{%s}", text);
	g_autoptr(GError) error = NULL;
	GVariant *value = g_variant_parse(G_VARIANT_TYPE_VARDICT, whole, NULL, NULL, &error);

	g_assert_no_error(error);
	return value;
}

/* Whatever the order of the keys. */
static void equals(GVariant *settings, const char *expected)
{
	g_autoptr(GVariant) found = g_variant_ref_sink(settings), wanted = parse(expected);
	g_autofree char *text = g_variant_print(found, FALSE);
	GVariantIter iter;
	const char *key;
	GVariant *value;

	g_variant_iter_init(&iter, wanted);
	while (g_variant_iter_loop(&iter, "{&sv}", &key, &value)) {
		g_autoptr(GVariant) other = g_variant_lookup_value(found, key, NULL);

		if (!other || !g_variant_equal(other, value)) {
			g_test_message("%s is not as expected in %s", key, text);
			g_test_fail();
		}
	}
	if (g_variant_n_children(found) != g_variant_n_children(wanted)) {
		g_test_message("expected %s, found %s", expected, text);
		g_test_fail();
	}
}

/* --- what is asked of the service --- */

static const struct {
	const char *text;
	const char *network, *endpoint;
} good[] = {
	{ START("1.0.0") MADE "}", "'Subnets': <['10.1.0.0/16', 'fd00:1::/64']>, " LIFE, BOTH },
	{ START("0.3.0") MADE
	  ", \"gateways\": [\"10.1.0.9\"], \"addressRange\": [\"10.1.9.0/24\"], \"bridge\": \"br9\", "
	  "\"internal\": true, \"interContainerCommunication\": false, \"masquerade\": false, "
	  "\"sourceAddress\": [\"192.0.2.2\"], \"hostBinding\": \"192.0.2.1\", \"zone\": \"\", \"reserve\": false, "
	  "\"mtu\": 1400, \"ipam\": {}, "
	  "\"io.example.note\": 5, \"dns\": {}, \"mac\": null, "
	  "\"routes\": [{\"dst\": \"10.0.0.0/8\"}, {\"dst\": \"::/0\", \"gw\": \"fd00:1::9\"}]}",
	  "'Subnets': <['10.1.0.0/16', 'fd00:1::/64']>, 'Gateways': <['10.1.0.9']>, 'AddressRange': <['10.1.9.0/24']>, "
	  "'Bridge': <'br9'>, 'Internal': <true>, 'InterContainerCommunication': <false>, 'Masquerade': <false>, "
	  "'SourceAddress': <['192.0.2.2']>, 'HostBinding': <'192.0.2.1'>, 'Zone': <''>, " LIFE,
	  BOTH ", 'Reserve': <false>, 'MTU': <uint32 1400>, "
	       "'Routes': <[('10.0.0.0/8', ''), ('::/0', 'fd00:1::9')]>" },
	/* What a runtime adds; and what it adds that is nobody's. */
	{ START("1.1.0") MADE
	  ", " RUNTIME("\"ips\": [\"10.1.0.5/16\"], \"mac\": \"02:00:00:00:00:05\", \"aliases\": {\"net\": [\"web\"]}, "
		       "\"bandwidth\": {\"ingressRate\": 1}") "}",
	  "'Subnets': <['10.1.0.0/16', 'fd00:1::/64']>, " LIFE,
	  "'Addresses': <['10.1.0.5']>, 'Allocate': <['ipv6']>, 'MACAddress': <'02:00:00:00:00:05'>, "
	  "'Interface': <'eth0'>, " LABELS },
	{ START("1.1.0") MADE
	  ", " RUNTIME("\"ips\": [\"fd00:1::5\", \"10.1.0.5\"], \"mac\": \"\", \"portMappings\": []") "}",
	  "'Subnets': <['10.1.0.0/16', 'fd00:1::/64']>, " LIFE,
	  "'Addresses': <['fd00:1::5', '10.1.0.5']>, 'Interface': <'eth0'>, " LABELS },
	/* What it publishes it may in other networks, too. */
	{ START("1.1.0") MADE
	  ", " RUNTIME("\"portMappings\": [{\"hostPort\": 80, \"containerPort\": 81, \"protocol\": \"udp\"}]") "}",
	  "'Subnets': <['10.1.0.0/16', 'fd00:1::/64']>, " LIFE,
	  BOTH ", 'PortGroup': <'c1'>, 'Ports': <[('udp', '', uint16 80, uint16 81, uint16 1)]>" },
	/* In a chain. */
	{ START("0.4.0") BEFORE "}",
	  "'Subnets': <['10.2.0.0/16']>, 'Gateways': <['10.2.0.1']>, 'Bridge': <'cni0'>, 'Masquerade': <false>, " LIFE,
	  "'Addresses': <['10.2.0.7']>, 'LifetimeInterface': <'veth1'>, " LABELS },
	{ START("0.4.0") "\"masquerade\": true, \"bridge\": \"other0\", \"reserve\": false, " RUNTIME(
		  "\"ips\": [\"10.1.0.5\"], \"mac\": \"02:00:00:00:00:05\"") ", " RESULT("{\"address\": "
											 "\"fd00:2::7/64\", "
											 "\"version\": \"6\"}, "
											 "{\"address\": "
											 "\"10.2.0.7/16\", "
											 "\"interface\": 2}, "
											 "{\"address\": "
											 "\"10.9.0.7/16\", "
											 "\"interface\": 3}") "}",
	  "'Subnets': <['10.2.0.0/16', 'fd00:2::/64']>, 'Bridge': <'other0'>, 'Masquerade': <true>, " LIFE,
	  "'Addresses': <['10.2.0.7', 'fd00:2::7']>, 'LifetimeInterface': <'veth1'>, 'Reserve': <false>, " LABELS },
};

static void settings(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
		const char *text = good[i].text;
		g_autoptr(GError) error = NULL;
		g_autoptr(CniConfig) config = cni_config_parse(text, strlen(text), CNI_ADD, "eth0", &error);
		GVariant *endpoint;

		g_assert_no_error(error);
		g_assert_cmpstr(config->network, ==, "net");
		equals(cni_network_settings(config), good[i].network);
		endpoint =
			cni_endpoint_settings(config, &environment, (const char *[]){ "ipv4", "ipv6", NULL }, &error);
		g_assert_no_error(error);
		equals(endpoint, good[i].endpoint);
	}
}

/* What runtimes ask for by CNI_ARGS counts where the plugin attaches, and the capabilities do not say it. */
static void asked(void)
{
#define IPS RUNTIME("\"ips\": [\"10.1.0.5\"], \"mac\": \"02:00:00:00:00:05\"")
#define PLAIN START("1.0.0") MADE "}"
	static const struct {
		const char *text, *args;
		const char *endpoint, *part; /* the settings, or what is said in place of them */
	} rows[] = {
		{ PLAIN, "IgnoreUnknown=1;IP=10.1.0.9;MAC=02:00:00:00:00:09",
		  "'Addresses': <['10.1.0.9']>, 'Allocate': <['ipv6']>, 'MACAddress': <'02:00:00:00:00:09'>, "
		  "'Interface': <'eth0'>, " LABELS },
		{ PLAIN, "IP=10.1.0.8;IP=fd00:1::9/64",
		  "'Addresses': <['fd00:1::9']>, 'Allocate': <['ipv4']>, 'Interface': <'eth0'>, " LABELS },
		{ PLAIN, "IP=;MAC=;IPX=1;MAC0=1", BOTH },
		{ PLAIN, NULL, BOTH },
		{ START("1.0.0") MADE ", " IPS "}", "IP=10.1.0.9;MAC=02:00:00:00:00:09",
		  "'Addresses': <['10.1.0.5']>, 'Allocate': <['ipv6']>, 'MACAddress': <'02:00:00:00:00:05'>, "
		  "'Interface': <'eth0'>, " LABELS },
		{ START("1.0.0") BEFORE "}", "IP=x;MAC=x",
		  "'Addresses': <['10.2.0.7']>, 'LifetimeInterface': <'veth1'>, " LABELS },
		{ PLAIN, "IP=10.1.0", NULL, "CNI_ARGS: IP: \"10.1.0\"" },
		{ PLAIN, "IP=/16", NULL, "CNI_ARGS: IP: \"\"" },
		{ PLAIN, "IP=10.1.0.9\xff", NULL, "CNI_ARGS: IP: \"10.1.0.9" },
		{ PLAIN, "MAC=02:00:00:00:00", NULL, "CNI_ARGS: MAC: \"02:00:00:00:00\"" },
		{ PLAIN, "MAC=01:00:00:00:00:00", NULL, "CNI_ARGS: MAC: \"01:00:00:00:00:00\"" },
		{ PLAIN, "MAC=00:00:00:00:00:00", NULL, "CNI_ARGS: MAC: \"00:00:00:00:00:00\"" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		const Environment here = { .container_id = "c1", .ifname = "eth0", .args = rows[i].args };
		g_autoptr(GError) error = NULL;
		g_autoptr(CniConfig) config =
			cni_config_parse(rows[i].text, strlen(rows[i].text), CNI_ADD, "eth0", &error);
		GVariant *endpoint;

		g_assert_no_error(error);
		endpoint = cni_endpoint_settings(config, &here, (const char *[]){ "ipv4", "ipv6", NULL }, &error);
		if (rows[i].endpoint) {
			g_assert_no_error(error);
			equals(endpoint, rows[i].endpoint);
			continue;
		}
		g_assert_null(endpoint);
		g_assert_error(error, CNI_ERROR, CNI_ERROR_ENVIRONMENT);
		g_assert_nonnull(strstr(error->message, rows[i].part));
	}
}

/* A network that is there has the name, and the families, that it has. */
static void named(void)
{
	static const char text[] = START("1.0.0") "\"network\": \"b\xc3\xbcro 1\"}";
	g_autoptr(GError) error = NULL;
	g_autoptr(CniConfig) config = cni_config_parse(text, strlen(text), CNI_ADD, "eth0", &error);

	g_assert_no_error(error);
	g_assert_true(config->alone);
	g_assert_false(config->makes_network);
	g_assert_cmpstr(config->network, ==, "b\xc3\xbcro 1");
	equals(cni_endpoint_settings(config, &environment, (const char *[]){ "ipv6", NULL }, &error),
	       "'Allocate': <['ipv6']>, 'Interface': <'eth0'>, " LABELS);
}

/* --- ports --- */

static const struct {
	const char *text, *expected; /* of portMappings; NULL: there are none */
} ports[] = {
	{ "[]", NULL },
	{ "null", NULL },
	{ "[{\"hostPort\": 8080, \"containerPort\": 80}]", "[('tcp', '', 8080, 80, 1)]" },
	{ "[{\"HostPort\": 8080, \"ContainerPort\": 80, \"Protocol\": \"UDP\", \"HostIP\": \"192.0.2.1\"}]",
	  "[('udp', '192.0.2.1', 8080, 80, 1)]" },
	{ "[{\"HOSTPORT\": 1, \"containerport\": 2, \"protocol\": \"\", \"hostIp\": \"\"}]", "[('tcp', '', 1, 2, 1)]" },
	/* In any order; what differs in anything is no neighbour. */
	{ "[{\"hostPort\": 8082, \"containerPort\": 82}, {\"hostPort\": 8080, \"containerPort\": 80}, "
	  "{\"hostPort\": 8081, \"containerPort\": 81}]",
	  "[('tcp', '', 8080, 80, 3)]" },
	{ "[{\"hostPort\": 80, \"containerPort\": 80}, {\"hostPort\": 81, \"containerPort\": 80}]",
	  "[('tcp', '', 80, 80, 1), ('tcp', '', 81, 80, 1)]" },
	{ "[{\"hostPort\": 80, \"containerPort\": 80}, {\"hostPort\": 81, \"containerPort\": 81, \"protocol\": "
	  "\"udp\"}, "
	  "{\"hostPort\": 81, \"containerPort\": 81, \"hostIP\": \"192.0.2.1\"}]",
	  "[('tcp', '', 80, 80, 1), ('tcp', '192.0.2.1', 81, 81, 1), ('udp', '', 81, 81, 1)]" },
	{ "[{\"hostPort\": 80, \"containerPort\": 80}, {\"hostPort\": 82, \"containerPort\": 82}]",
	  "[('tcp', '', 80, 80, 1), ('tcp', '', 82, 82, 1)]" },
	{ "[{\"hostPort\": 80, \"containerPort\": 80}, {\"hostPort\": 80, \"containerPort\": 80}]",
	  "[('tcp', '', 80, 80, 1), ('tcp', '', 80, 80, 1)]" },
	{ "[{\"hostPort\": 0, \"containerPort\": 1}, {\"containerPort\": 2}, {\"hostPort\": 1, \"containerPort\": 2}]",
	  "[('tcp', '', 0, 1, 1), ('tcp', '', 0, 2, 1), ('tcp', '', 1, 2, 1)]" },
	{ "[{\"hostPort\": 65535, \"containerPort\": 65535}, {\"hostPort\": 65534, \"containerPort\": 65534}]",
	  "[('tcp', '', 65534, 65534, 2)]" },
};

static void published(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(ports); i++) {
		g_autofree char *text = g_strdup_printf(START("1.0.0") MADE ", \"runtimeConfig\": {\"%s\": %s}}",
							i % 2 ? "portMappings" : "PortMappings", ports[i].text);
		g_autoptr(GError) error = NULL;
		g_autoptr(CniConfig) config = cni_config_parse(text, strlen(text), CNI_ADD, "eth0", &error);
		g_autoptr(GVariant) found = NULL;
		g_autofree char *printed = NULL;

		g_assert_no_error(error);
		if (config->endpoint_settings)
			found = g_variant_lookup_value(config->endpoint_settings, "Ports", G_VARIANT_TYPE("a(ssqqq)"));
		printed = found ? g_variant_print(found, FALSE) : NULL;
		g_assert_cmpstr(printed, ==, ports[i].expected);
	}
}

/* --- what is refused --- */

#define ADDRESS(text) RESULT("{\"address\": \"10.2.0.7/16\"}, {" text "}")

static const struct {
	enum cni_command command;
	const char *text;
	enum cni_error code;
	const char *part; /* of the sentence */
} bad[] = {
	{ CNI_ADD, "", CNI_ERROR_DECODE, "not a JSON object" },
	{ CNI_ADD, "[]", CNI_ERROR_DECODE, "not a JSON object" },
	{ CNI_ADD, "null", CNI_ERROR_DECODE, "not a JSON object" },
	{ CNI_DEL, "{", CNI_ERROR_DECODE, "not JSON" },
	{ CNI_ADD, "{} x", CNI_ERROR_DECODE, "not JSON" },
	{ CNI_ADD, "{\"name\": \"\xff\"}", CNI_ERROR_DECODE, "not UTF-8" },
	{ CNI_ADD, "{/* a */}", CNI_ERROR_DECODE, "not JSON: byte 1" },
	{ CNI_ADD, "{'name': 1}", CNI_ERROR_DECODE, "not JSON: byte 1" },
	{ CNI_ADD, "{}", CNI_ERROR_VERSION, "cniVersion: \"0.1.0\"" },
	{ CNI_ADD, START("0.2.0") MADE "}", CNI_ERROR_VERSION, "\"0.2.0\" is not one of 0.3.0" },
	{ CNI_ADD, START("1.2.0") MADE "}", CNI_ERROR_VERSION, "\"1.2.0\"" },
	{ CNI_DEL, START("2") MADE "}", CNI_ERROR_VERSION, "\"2\"" },
	{ CNI_ADD, "{\"cniVersion\": 1}", CNI_ERROR_CONFIG, "cniVersion: \"1\" is not a text" },
	{ CNI_CHECK, START("0.3.1") MADE "}", CNI_ERROR_VERSION, "came with 0.4.0" },
	{ CNI_GC, START("1.0.0") MADE "}", CNI_ERROR_VERSION, "came with 1.1.0" },
	{ CNI_STATUS, START("1.0.0") MADE "}", CNI_ERROR_VERSION, "came with 1.1.0" },
	{ CNI_ADD, "{\"cniVersion\": \"1.0.0\"}", CNI_ERROR_CONFIG, "name: \"\"" },
	{ CNI_DEL, "{\"cniVersion\": \"1.0.0\", \"name\": \"a b\"}", CNI_ERROR_CONFIG, "name: \"a b\"" },
	{ CNI_DEL, "{\"cniVersion\": \"1.0.0\", \"name\": \"-a\"}", CNI_ERROR_CONFIG, "name: \"-a\"" },
	{ CNI_DEL, "{\"cniVersion\": \"1.0.0\", \"name\": []}", CNI_ERROR_CONFIG, "name: \"[]\" is not a text" },
	{ CNI_DEL,
	  "{\"cniVersion\": \"1.0.0\", \"name\": "
	  "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
	  CNI_ERROR_CONFIG, "name: " },
	{ CNI_ADD, START("1.0.0") "\"network\": \"\"}", CNI_ERROR_CONFIG, "network: " },
	{ CNI_ADD, START("1.0.0") "\"subnet\": \"10.1.0.0/16\"}", CNI_ERROR_UNSUPPORTED, "subnet: \"10.1.0.0/16\"" },
	{ CNI_ADD, START("1.0.0") "\"ipam\": {\"type\": \"dhcp\"}}", CNI_ERROR_UNSUPPORTED, "ipam: \"{" },
	{ CNI_STATUS, START("1.1.0") MADE ", \"ipMasq\": true}", CNI_ERROR_UNSUPPORTED, "ipMasq: \"true\"" },
	{ CNI_ADD, START("1.0.0") "\"subnets\": \"10.1.0.0/16\"}", CNI_ERROR_CONFIG,
	  "subnets: \"10.1.0.0/16\" is not a list" },
	{ CNI_ADD, START("1.0.0") "\"subnets\": [1]}", CNI_ERROR_CONFIG, "subnets: \"1\" is not a text" },
	{ CNI_ADD, START("1.0.0") MADE ", \"internal\": 1}", CNI_ERROR_CONFIG, "internal: \"1\" is not true or false" },
	{ CNI_ADD, START("1.0.0") MADE ", \"bridge\": {}}", CNI_ERROR_CONFIG, "bridge: \"{}\" is not a text" },
	{ CNI_ADD, START("1.0.0") MADE ", \"mtu\": -1}", CNI_ERROR_CONFIG, "mtu: \"-1\"" },
	{ CNI_ADD, START("1.0.0") MADE ", \"mtu\": 1.5}", CNI_ERROR_CONFIG, "mtu: \"1.5\"" },
	{ CNI_ADD, START("1.0.0") MADE ", \"mtu\": 99999999999999999999}", CNI_ERROR_CONFIG, "mtu: " },
	{ CNI_ADD, START("1.0.0") MADE ", \"routes\": [1]}", CNI_ERROR_CONFIG, "routes: \"1\" is not an object" },
	{ CNI_ADD, START("1.0.0") MADE ", \"routes\": [{\"dst\": 1}]}", CNI_ERROR_CONFIG, "dst: \"1\"" },
	{ CNI_ADD, START("1.0.0") MADE ", \"dns\": []}", CNI_ERROR_CONFIG, "dns: \"[]\" is not an object" },
	{ CNI_ADD, START("1.0.0") "\"network\": \"web\", \"bridge\": \"br0\"}", CNI_ERROR_CONFIG, "bridge: \"br0\"" },
	{ CNI_ADD, START("1.0.0") BEFORE ", \"mtu\": 1400}", CNI_ERROR_CONFIG, "mtu: \"1400\"" },
	{ CNI_ADD, START("1.0.0") BEFORE ", \"routes\": []}", CNI_ERROR_CONFIG, "routes: \"[]\"" },
	{ CNI_ADD, START("1.0.0") MADE ", " BEFORE "}", CNI_ERROR_CONFIG, "subnets is given" },
	{ CNI_ADD, START("1.0.0") "\"network\": \"web\", " BEFORE "}", CNI_ERROR_CONFIG, "network is given" },
	{ CNI_ADD, START("1.0.0") "\"capabilities\": {}}", CNI_ERROR_CONFIG, "subnets is missing" },
	{ CNI_CHECK, START("1.0.0") MADE "}", CNI_ERROR_CONFIG, "prevResult is missing" },
	{ CNI_ADD, START("1.0.0") "\"prevResult\": 1}", CNI_ERROR_CONFIG, "prevResult: \"1\"" },
	{ CNI_ADD, START("1.0.0") RESULT("") "}", CNI_ERROR_CONFIG, "interface \"eth0\" has no address" },
	{ CNI_ADD, START("1.0.0") ADDRESS("\"address\": \"10.2.0.8\"") "}", CNI_ERROR_CONFIG, "\"10.2.0.8\"" },
	{ CNI_ADD, START("1.0.0") ADDRESS("\"address\": \"10.3.0.8/16\"") "}", CNI_ERROR_CONFIG, "a second ipv4" },
	{ CNI_ADD, START("1.0.0") ADDRESS("\"address\": \"fd00::8/64\", \"gateway\": \"10.2.0.1\"") "}",
	  CNI_ERROR_CONFIG, "\"10.2.0.1\" is not a gateway of fd00::8/64" },
	{ CNI_ADD, START("1.0.0") ADDRESS("\"address\": \"fd00::8/64\", \"interface\": 4") "}", CNI_ERROR_CONFIG,
	  "interface 4" },
	{ CNI_ADD, START("1.0.0") ADDRESS("\"address\": \"fd00::8/64\", \"interface\": -1") "}", CNI_ERROR_CONFIG,
	  "\"-1\"" },
	{ CNI_ADD, START("1.0.0") MADE ", \"runtimeConfig\": []}", CNI_ERROR_CONFIG, "runtimeConfig: " },
	{ CNI_ADD, START("1.0.0") MADE ", " RUNTIME("\"ips\": [5]") "}", CNI_ERROR_CONFIG, "ips: \"5\"" },
	{ CNI_ADD, START("1.0.0") MADE ", " RUNTIME("\"mac\": 5") "}", CNI_ERROR_CONFIG, "mac: \"5\"" },
	{ CNI_ADD, START("1.0.0") MADE ", " RUNTIME("\"portMappings\": {}") "}", CNI_ERROR_CONFIG,
	  "portMappings: \"{}\"" },
	{ CNI_ADD, START("1.0.0") MADE ", " RUNTIME("\"portMappings\": [80]") "}", CNI_ERROR_CONFIG,
	  "portMappings: \"80\"" },
	{ CNI_ADD, START("1.0.0") MADE ", " RUNTIME("\"portMappings\": [{\"hostPort\": 80}]") "}", CNI_ERROR_CONFIG,
	  "host port 80 has no containerPort" },
	{ CNI_ADD, START("1.0.0") MADE ", " RUNTIME("\"portMappings\": [{\"HostPort\": 65536}]") "}", CNI_ERROR_CONFIG,
	  "hostPort: \"65536\"" },
	{ CNI_ADD, START("1.0.0") MADE ", " RUNTIME("\"portMappings\": [{\"hostPort\": \"80\"}]") "}", CNI_ERROR_CONFIG,
	  "hostPort: \"80\"" },
	{ CNI_GC, START("1.1.0") MADE "}", CNI_ERROR_CONFIG, "cni.dev/valid-attachments is missing" },
	{ CNI_GC, START("1.1.0") "\"cni.dev/valid-attachments\": {}}", CNI_ERROR_CONFIG,
	  "cni.dev/valid-attachments: \"{}\"" },
	{ CNI_GC, START("1.1.0") "\"cni.dev/valid-attachments\": [{\"containerID\": \"a\"}]}", CNI_ERROR_CONFIG,
	  "no ifname" },
	{ CNI_GC, START("1.1.0") "\"cni.dev/valid-attachments\": [{\"ifname\": \"a\"}]}", CNI_ERROR_CONFIG,
	  "no containerID" },
};

static void refused(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		const char *text = bad[i].text;
		g_autoptr(GError) error = NULL;
		g_autoptr(CniConfig) config = cni_config_parse(text, strlen(text), bad[i].command, "eth0", &error);

		if (config || error->code != (int)bad[i].code || !strstr(error->message, bad[i].part)) {
			g_test_message("%s: %d %s, and not %d with \"%s\"", text, error ? error->code : 0,
				       error ? error->message : "", bad[i].code, bad[i].part);
			g_test_fail();
		}
	}
}

static void bounds(void)
{
	g_autofree char *deep = g_strnfill(JSON_MAX_DEPTH + 1, '['), *large = g_strnfill(JSON_MAX_BYTES + 1, ' ');
	g_autoptr(GString) just = g_string_new("{\"a\": ");
	JsonNode *root;

	g_assert_null(json_text_parse(deep, strlen(deep), NULL));
	g_assert_null(json_text_parse(large, strlen(large), NULL));
	for (guint i = 1; i < JSON_MAX_DEPTH; i++)
		g_string_append_c(just, '[');
	g_string_append(just, "\"\\\"[[{\"");
	for (guint i = 1; i < JSON_MAX_DEPTH; i++)
		g_string_append_c(just, ']');
	g_string_append_c(just, '}');
	root = json_text_parse(just->str, just->len, NULL);
	g_assert_nonnull(root);
	json_node_unref(root);
}

/* A configuration that went bad keeps nobody from taking away what was made with it. */
static void deletes_all_the_same(void)
{
	static const char *const texts[] = {
		START("1.0.0") "\"ipMasq\": 5, \"subnets\": 7}",
		START("0.3.0") "\"prevResult\": 5, \"runtimeConfig\": {\"portMappings\": 5}}",
		START("1.1.0") "\"network\": \"web\", " BEFORE "}",
		START("0.3.1") "\"x\": 1}",
	};

	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(CniConfig) config G_GNUC_UNUSED =
			cni_config_parse(texts[i], strlen(texts[i]), CNI_DEL, "eth0", &error);

		g_assert_no_error(error);
	}
}

static void garbage(void)
{
	static const struct {
		const char *list;
		guint n;
	} lists[] = {
		{ "\"cni.dev/valid-attachments\": null", 0 },
		{ "\"cni.dev/attachments\": []", 0 },
		{ "\"cni.dev/valid-attachments\": [{\"containerID\": \"c1\", \"ifname\": \"eth0\"}, {\"containerID\": "
		  "\"c1\", \"ifname\": \"eth1\"}], \"cni.dev/attachments\": []",
		  2 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autofree char *text = g_strdup_printf(START("1.1.0") "%s}", lists[i].list);
		g_autoptr(GError) error = NULL;
		g_autoptr(CniConfig) config = cni_config_parse(text, strlen(text), CNI_GC, NULL, &error);

		g_assert_no_error(error);
		g_assert_cmpuint(config->attachments->len, ==, lists[i].n);
		if (lists[i].n > 0)
			g_assert_cmpstr(config->attachments->pdata[1], ==, "c1-eth1");
	}
}

/* --- the environment --- */

static const struct {
	Environment environment;
	const char *part; /* of the sentence; NULL: it is good */
} environments[] = {
	{ { .command = "VERSION" }, NULL },
	{ { .command = "GC" }, NULL },
	{ { .command = "STATUS" }, NULL },
	{ { "ADD", "c1", "/x", "eth0", NULL }, NULL },
	{ { "ADD", "c1", "/x", "eth0", "IgnoreUnknown=1;K8S_POD_NAME=a=b;;" }, NULL },
	{ { "DEL", "C_1.x-y", NULL, "eth0", NULL }, NULL },
	{ { .command = NULL }, "CNI_COMMAND is not set" },
	{ { .command = "" }, "CNI_COMMAND is not set" },
	{ { .command = "add" }, "CNI_COMMAND: \"add\"" },
	{ { "ADD", NULL, "/x", "eth0", NULL }, "CNI_CONTAINERID is not set" },
	{ { "ADD", "c1", NULL, "eth0", NULL }, "CNI_NETNS is not set" },
	{ { "CHECK", "c1", "", "eth0", NULL }, "CNI_NETNS is not set" },
	{ { "DEL", "c1", "/x", NULL, NULL }, "CNI_IFNAME is not set" },
	{ { "DEL", "", "/x", "eth0", NULL }, "CNI_CONTAINERID is not set" },
	{ { "DEL", "-c1", "/x", "eth0", NULL }, "CNI_CONTAINERID: \"-c1\"" },
	{ { "DEL", "c/1", "/x", "eth0", NULL }, "CNI_CONTAINERID: \"c/1\"" },
	{ { "ADD", "c1", "/x", "abcdefghijklmnop", NULL }, "CNI_IFNAME: \"abcdefghijklmnop\"" },
	{ { "ADD", "c1", "/x", "a/b", NULL }, "CNI_IFNAME: \"a/b\"" },
	{ { "ADD", "c1", "/x", "a b", NULL }, "CNI_IFNAME: \"a b\"" },
	{ { "ADD", "c1", "/x", "..", NULL }, "CNI_IFNAME: \"..\"" },
	{ { "ADD", "c1", "/x", "a:b", NULL }, "CNI_IFNAME: \"a:b\"" },
	{ { "ADD", "c1", "/x", "eth0", "K8S_POD_NAME" }, "CNI_ARGS: \"K8S_POD_NAME\"" },
	{ { "ADD", "c1", "/x", "eth0", "=x" }, "CNI_ARGS: \"=x\"" },
};

static void variables(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(environments); i++) {
		g_autoptr(GError) error = NULL;
		enum cni_command command;
		bool taken = environment_check(&environments[i].environment, &command, &error);

		if (environments[i].part) {
			g_assert_error(error, CNI_ERROR, CNI_ERROR_ENVIRONMENT);
			g_assert_nonnull(strstr(error->message, environments[i].part));
		} else {
			g_assert_no_error(error);
		}
		g_assert_cmpint(taken, ==, !environments[i].part);
	}
}

static void labels(void)
{
	static const struct {
		const char *args, *more;
	} rows[] = {
		{ NULL, "" },
		{ "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web=0;K8S_POD_UID=",
		  ", 'K8S_POD_NAMESPACE': 'shop', 'K8S_POD_NAME': 'web=0', 'K8S_POD_UID': ''" },
		{ "K8S_POD_NAME=a;K8S_POD_NAMESPACE=n;K8S_POD_NAME=b",
		  ", 'K8S_POD_NAMESPACE': 'n', 'K8S_POD_NAME': 'b'" },
		{ "K8S_POD_NAME=a\tb;IP=10.1.0.9", "" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		const Environment here = { .container_id = "c1", .ifname = "eth0", .args = rows[i].args };
		g_autoptr(GVariant) found = g_variant_ref_sink(environment_labels(&here, "net"));
		g_autofree char *text = g_variant_print(found, FALSE),
				*expected = g_strdup_printf("{'CNI_NETWORK': 'net', 'CNI_CONTAINERID': 'c1', "
							    "'CNI_IFNAME': 'eth0'%s}",
							    rows[i].more);

		g_assert_cmpstr(text, ==, expected);
	}
}

/* Of an endpoint: at most 64 bytes, and another for another container. */
static void names(void)
{
	g_autofree char *a = g_strnfill(64, 'a'), *b = g_strconcat(a, "b", NULL);
	g_autofree char *exact = g_strnfill(59, 'a');
	g_autofree char *one = attachment_name("c1", "eth0"), *whole = attachment_name(exact, "eth0");
	g_autofree char *first = attachment_name(a, "eth0"), *second = attachment_name(b, "eth0"),
			*other = attachment_name(a, "abcdefghijklmno");

	g_assert_cmpstr(one, ==, "c1-eth0");
	g_assert_cmpuint(strlen(whole), ==, 64);
	g_assert_true(g_str_has_prefix(whole, exact));
	g_assert_cmpstr(first, !=, second);
	g_assert_cmpuint(strlen(other), <=, 64);
	g_assert_true(g_str_has_suffix(other, "-abcdefghijklmno"));
}

/* --- the answers --- */

#define INTERFACES                                                                                                  \
	"\"interfaces\":[{\"name\":\"br0\"},{\"name\":\"veth1\"},{\"name\":\"eth0\",\"mac\":\"02:42:0a:01:00:02\"," \
	"\"sandbox\":\"/run/netns/x\"}]"

static void flat(char *text)
{
	char *to = text;
	bool quoted = false;

	for (const char *from = text; *from; from++) {
		quoted ^= *from == '"';
		if (quoted || !g_ascii_isspace(*from))
			*to++ = *from;
	}
	*to = '\0';
}

static void results(void)
{
	static const struct {
		const char *text, *network, *expected;
	} rows[] = {
		{ START("0.4.0") MADE "}", "",
		  "{\"cniVersion\":\"0.4.0\"," INTERFACES
		  ",\"ips\":[{\"address\":\"10.1.0.2/16\",\"version\":\"4\",\"gateway\":\"10.1.0.1\",\"interface\":2},"
		  "{\"address\":\"fd00:1::2/64\",\"version\":\"6\",\"gateway\":\"fd00:1::1\",\"interface\":2}],"
		  "\"routes\":[{\"dst\":\"0.0.0.0/0\",\"gw\":\"10.1.0.1\"},{\"dst\":\"::/0\",\"gw\":\"fd00:1::1\"}],"
		  "\"dns\":{}}" },
		{ START("1.1.0") MADE ", \"dns\": {\"nameservers\": [\"192.0.2.9\"]}}", ", 'Internal': <true>",
		  "{\"cniVersion\":\"1.1.0\"," INTERFACES
		  ",\"ips\":[{\"address\":\"10.1.0.2/16\",\"gateway\":\"10.1.0.1\",\"interface\":2},"
		  "{\"address\":\"fd00:1::2/64\",\"gateway\":\"fd00:1::1\",\"interface\":2}],"
		  "\"routes\":[],\"dns\":{\"nameservers\":[\"192.0.2.9\"]}}" },
		{ START("1.0.0") MADE ", \"routes\": [{\"dst\": \"10.0.0.0/8\"}]}", "",
		  "{\"cniVersion\":\"1.0.0\"," INTERFACES
		  ",\"ips\":[{\"address\":\"10.1.0.2/16\",\"gateway\":\"10.1.0.1\",\"interface\":2},"
		  "{\"address\":\"fd00:1::2/64\",\"gateway\":\"fd00:1::1\",\"interface\":2}],"
		  "\"routes\":[{\"dst\":\"10.0.0.0/8\"}],\"dns\":{}}" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(CniConfig) config =
			cni_config_parse(rows[i].text, strlen(rows[i].text), CNI_ADD, "eth0", NULL);
		g_autoptr(GVariant) endpoint = parse("'Addresses': <['10.1.0.2', 'fd00:1::2']>, 'Interface': <'eth0'>, "
						     "'HostInterface': <'veth1'>, 'MACAddress': <'02:42:0a:01:00:02'>");
		g_autofree char *network_text =
			g_strdup_printf("'Bridge': <'br0'>, 'Subnets': <['10.1.0.0/16', 'fd00:1::/64']>, "
					"'Gateways': <['10.1.0.1', 'fd00:1::1']>%s",
					rows[i].network);
		g_autoptr(GVariant) network = parse(network_text);
		g_autofree char *text = result_of_attachment(config, &environment, endpoint, network);

		flat(text);
		g_assert_cmpstr(text, ==, rows[i].expected);
	}
}

/* In a chain, all that the plugins before said is handed on. */
static void handed_on(void)
{
	static const char text[] = START("0.4.0")
		RESULT("{\"address\": \"10.2.0.7/16\", \"interface\": 2, \"x\": [1, 2.5, true, null]}") "}";
	g_autoptr(CniConfig) config = cni_config_parse(text, strlen(text), CNI_ADD, "eth0", NULL);
	g_autofree char *found = result_of_previous(config);

	flat(found);
	g_assert_cmpstr(
		found, ==,
		"{\"cniVersion\":\"0.4.0\",\"interfaces\":[{\"name\":\"cni0\"},{\"name\":\"veth1\"},"
		"{\"name\":\"eth0\",\"sandbox\":\"/run/netns/x\"},{\"name\":\"eth1\",\"sandbox\":\"/run/netns/x\"}],"
		"\"ips\":[{\"address\":\"10.2.0.7/16\",\"interface\":2,\"x\":[1,2.5,true,null]}]}");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	g_test_add_func("/cni/settings", settings);
	g_test_add_func("/cni/asked", asked);
	g_test_add_func("/cni/named", named);
	g_test_add_func("/cni/ports", published);
	g_test_add_func("/cni/refused", refused);
	g_test_add_func("/cni/bounds", bounds);
	g_test_add_func("/cni/deletes-all-the-same", deletes_all_the_same);
	g_test_add_func("/cni/garbage", garbage);
	g_test_add_func("/cni/environment", variables);
	g_test_add_func("/cni/labels", labels);
	g_test_add_func("/cni/names", names);
	g_test_add_func("/cni/results", results);
	g_test_add_func("/cni/handed-on", handed_on);
	return g_test_run();
}
