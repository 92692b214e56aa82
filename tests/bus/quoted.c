/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whoever names something cannot make up a line in the log, nor one in what a caller reads, wherever the name goes. */

#include "tests/support/caught-log.h"
#include "tests/support/container.h"
#include "tests/support/rig.h"
#include "tests/support/text.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define UNITS "/run/netfilterd-units/etc/netfilterd"
#define WEB "/network/web"
#define APP WEB "/endpoint/app"
#define FRONT "/ingress/front"

static const char *const values[] = {
	"a\nnetfilterd: notice: b",
	"a\r\nb",
	"\033[31mred",
	"a\xe2\x80\xae"
	"b",
	"a\xc2\x85"
	"b",
	"\xe2\x80\xa8",
	"\t",
};

static bool is_line(const char *text)
{
	if (!g_utf8_validate(text, -1, NULL))
		return false;
	for (const char *c = text; *c; c = g_utf8_next_char(c))
		if (!g_unichar_isprint(g_utf8_get_char(c)))
			return false;
	return true;
}

static void expect_line(const char *text, const char *of, const char *value)
{
	g_autofree char *escaped = g_strescape(text, NULL), *shown = NULL;

	if (is_line(text))
		return;
	shown = g_strescape(value, NULL);
	g_test_message("%s with \"%s\": %s", of, shown, escaped);
	g_test_fail();
}

/* Each line is the service's own. How many. */
static guint check_log(void)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	guint n;

	g_assert_true(g_file_get_contents(LOG, &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	for (n = 0; lines[n] && *lines[n]; n++) {
		expect_line(lines[n], "the log", "");
		if (!g_str_has_prefix(lines[n], "netfilterd: ") || g_str_has_suffix(lines[n], ": notice: b")) {
			g_test_message("made up: %s", lines[n]);
			g_test_fail();
		}
	}
	g_assert_no_errno(truncate(LOG, 0));
	return n;
}

/* --- calls --- */

#define NETWORK(setting) \
	"", "Manager", "CreateNetwork", "sa{sv}", "('x', {'Subnets': <['172.19.0.0/16']>, " setting "})"
#define INGRESS(setting) "", "Manager", "CreateIngress", "sa{sv}", "('x', {'Gateway': <'172.18.0.9'>, " setting "})"
#define ENDPOINT(setting) \
	WEB, "Network", "CreateEndpoint", "sa{sv}", "('x', {'Addresses': <['172.18.0.8']>, " setting "})"
#define ATTACHED(setting) ENDPOINT("'NetNS': <handle 0>, " setting)

/* %s is the value, every string that a caller says. */
static const struct {
	const char *path, *interface, *member, *types, *arguments;
} calls[] = {
	{ "", "Manager", "CreateNetwork", "sa{sv}", "(%s, {'Subnets': <['172.19.0.0/16']>})" },
	{ "", "Manager", "EnsureNetwork", "sa{sv}", "(%s, {'Subnets': <['172.19.0.0/16']>})" },
	{ "", "Manager", "PreviewNetwork", "sa{sv}", "(%s, {'Subnets': <['172.19.0.0/16']>})" },
	{ "", "Manager", "CreateNetwork", "sa{sv}", "('x', {'Subnets': <[%s]>})" },
	{ NETWORK("%s: <true>") },
	{ NETWORK("'Bridge': <%s>") },
	{ NETWORK("'Gateways': <[%s]>") },
	{ NETWORK("'AddressRange': <[%s]>") },
	{ NETWORK("'GatewayMode': <%s>") },
	{ NETWORK("'GatewayModes': <{%s: 'nat'}>") },
	{ NETWORK("'GatewayModes': <{'ipv4': %s}>") },
	{ NETWORK("'HostBinding': <%s>") },
	{ NETWORK("'AllowFrom': <[%s]>") },
	{ NETWORK("'Zone': <%s>") },
	{ NETWORK("'Labels': <{%s: 'x'}>") },
	{ NETWORK("'Labels': <{'x': %s}>") },
	{ NETWORK("'Endpoints': <[(%s, {'Addresses': <['172.19.0.2']>})]>") },
	{ NETWORK("'Endpoints': <[('y', {%s: <['172.19.0.2']>})]>") },
	{ "", "Manager", "CreateIngress", "sa{sv}", "(%s, {'Gateway': <'172.18.0.9'>})" },
	{ "", "Manager", "CreateIngress", "sa{sv}", "('x', {'Gateway': <%s>})" },
	{ "", "Manager", "CreateIngress", "sa{sv}", "('x', {'Gateways': <[%s]>})" },
	{ INGRESS("%s: <true>") },
	{ INGRESS("'Bridge': <%s>") },
	{ INGRESS("'Ports': <[(%s, uint16 80)]>") },
	{ INGRESS("'AllowFrom': <[%s]>") },
	{ INGRESS("'Labels': <{%s: 'x'}>") },
	{ "", "Manager", "GetNetwork", "s", "(%s,)" },
	{ "", "Manager", "GetIngress", "s", "(%s,)" },
	{ "", "Manager", "DumpRules", "s", "(%s,)" },
	{ "", "Manager", "FindObjects", "a{ss}", "({%s: 'x'},)" },
	{ WEB, "Network", "GetEndpoint", "s", "(%s,)" },
	{ WEB, "Network", "CreateEndpoint", "sa{sv}", "(%s, {'Addresses': <['172.18.0.8']>})" },
	{ WEB, "Network", "EnsureEndpoint", "sa{sv}", "(%s, {'Addresses': <['172.18.0.8']>})" },
	{ WEB, "Network", "CreateEndpoints", "a(sa{sv})", "([(%s, {'Addresses': <['172.18.0.8']>})],)" },
	{ WEB, "Network", "CreateEndpoint", "sa{sv}", "('x', {'Addresses': <[%s]>})" },
	{ WEB, "Network", "CreateEndpoint", "sa{sv}", "('x', {'Allocate': <[%s]>})" },
	{ WEB, "Network", "Update", "a{sv}", "({%s: <true>},)" },
	{ WEB, "Network", "Update", "a{sv}", "({'HostBinding': <%s>},)" },
	{ WEB, "Network", "Retain", "as", "([%s, 'app'],)" },
	{ ENDPOINT("%s: <true>") },
	{ ENDPOINT("'Ports': <[(%s, '', uint16 8080, uint16 80, uint16 1)]>") },
	{ ENDPOINT("'Ports': <[('tcp', %s, uint16 8080, uint16 80, uint16 1)]>") },
	{ ENDPOINT("'AllowFrom': <[%s]>") },
	{ ENDPOINT("'PortGroup': <%s>") },
	{ ENDPOINT("'LifetimeInterface': <%s>") },
	{ ENDPOINT("'Labels': <{%s: 'x'}>") },
	{ ENDPOINT("'Interface': <%s>") },
	{ ATTACHED("'Interface': <%s>") },
	{ ATTACHED("'HostInterface': <%s>") },
	{ ATTACHED("'MACAddress': <%s>") },
	{ ATTACHED("'Routes': <[(%s, '172.18.0.1')]>") },
	{ ATTACHED("'Routes': <[('10.9.0.0/16', %s)]>") },
	{ ATTACHED("'LifetimeInterface': <%s>") },
	{ APP, "Endpoint", "Publish", "a(ssqqq)", "([(%s, '', uint16 8080, uint16 80, uint16 1)],)" },
	{ APP, "Endpoint", "Publish", "a(ssqqq)", "([('tcp', %s, uint16 8080, uint16 80, uint16 1)],)" },
	{ APP, "Endpoint", "Unpublish", "a(ssqqq)", "([('tcp', %s, uint16 8080, uint16 80, uint16 1)],)" },
	{ APP, "Endpoint", "Link", "oa(sq)", "(objectpath '" ROOT APP "', [(%s, uint16 80)])" },
	{ APP, "Endpoint", "Update", "a{sv}", "({%s: <true>},)" },
	{ APP, "Endpoint", "Update", "a{sv}", "({'AllowFrom': <[%s]>},)" },
	{ FRONT, "Ingress", "Publish", "a(sq)", "([(%s, uint16 80)],)" },
	{ FRONT, "Ingress", "SetGateways", "as", "([%s],)" },
	{ FRONT, "Ingress", "Update", "a{sv}", "({'AllowFrom': <[%s]>},)" },
};

/* As GVariant reads a string. */
static char *quote(const char *value)
{
	g_autoptr(GVariant) variant = g_variant_ref_sink(g_variant_new_string(value));

	return g_variant_print(variant, FALSE);
}

static void fill_in(const char *form, const char *value, GString *ret)
{
	g_auto(GStrv) parts = g_strsplit(form, "%s", -1);
	g_autofree char *text = g_strjoinv(value, parts);

	g_string_assign(ret, text);
}

static void callers(Rig *rig)
{
	int netns = netns_new(), socket = container_socket(netns);
	g_autoptr(GString) arguments = g_string_new(NULL);

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Subnets': <['172.18.0.0/16']>, 'Endpoints': <[('app', {'Addresses': <['172.18.0.2']>})]>}");
	done(rig, "", "Manager", "CreateIngress", "sa{sv}", "'front', {'Gateway': <'172.18.0.9'>}");
	for (gsize i = 0; i < G_N_ELEMENTS(calls); i++)
		for (gsize j = 0; j < G_N_ELEMENTS(values); j++) {
			g_autofree char *value = quote(values[j]);
			g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
			g_autoptr(GVariant) reply = NULL;
			g_autoptr(GError) error = NULL;
			gsize length;

			g_assert_cmpint(g_unix_fd_list_append(fds, socket, NULL), ==, 0);
			fill_in(calls[i].arguments, value, arguments);
			/* ask_with_fds() has the parentheses. */
			length = arguments->len - (g_str_has_suffix(arguments->str, ",)") ? 2 : 1);
			g_string_truncate(arguments, length);
			reply = ask_with_fds(rig->bus, calls[i].path, calls[i].interface, calls[i].member,
					     calls[i].types, arguments->str + 1, fds, &error);
			if (error)
				expect_line(error->message, calls[i].arguments, values[j]);
		}
	g_test_message("%u lines", check_log());
	close(socket);
	close(netns);
}

/* --- files --- */

static const char *const units[] = {
	"[%s]\n",
	"%s\n",
	"[Network]\n%s=x\n",
	"[Network]\nSubnet=%s\n",
	"[Network]\nSubnet=172.19.0.0/16\nGateway=%s\n",
	"[Network]\nSubnet=172.19.0.0/16\nBridge=%s\n",
	"[Network]\nSubnet=172.19.0.0/16\nInternal=%s\n",
	"[Network]\nSubnet=172.19.0.0/16\nGatewayMode=%s\n",
	"[Network]\nSubnet=172.19.0.0/16\nGatewayModes=%s\n",
	"[Network]\nSubnet=172.19.0.0/16\nHostBinding=%s\n",
	"[Network]\nSubnet=172.19.0.0/16\nAllowFrom=%s\n",
	"[Network]\nSubnet=172.19.0.0/16\nAddressRange=%s\n",
	"[Network]\nSubnet=172.19.0.0/16\nReserve=%s\n",
	"[Network]\nSubnet=172.19.0.0/16\nZone=%s\n",
	"[Network]\nSubnet=172.19.0.0/16\nLabel=%s\n",
	"[Network]\nSubnet=172.19.0.0/16\nLabel=a=%s\n",
	"[Network]\nSubnet=172.19.0.0/16\nUser=%s\n",
	"[Network]\nSubnet=172.19.0.0/16\n[Endpoint %s]\nAddress=172.19.0.2\n",
	"[Network]\nSubnet=172.19.0.0/16\n[Endpoint e]\nAddress=%s\n",
	"[Network]\nSubnet=172.19.0.0/16\n[Endpoint e]\nAddress=172.19.0.2\nPublish=%s\n",
	"[Network]\nSubnet=172.19.0.0/16\n[Endpoint e]\nAddress=172.19.0.2\nPublish=%s:80:80\n",
	"[Network]\nSubnet=172.19.0.0/16\n[Endpoint e]\nAddress=172.19.0.2\nLink=%s\n",
	"[Network]\nSubnet=172.19.0.0/16\n[Endpoint e]\nAddress=172.19.0.2\nLink=%s:80\n",
	"[Network]\nSubnet=172.19.0.0/16\n[Endpoint e]\nAddress=172.19.0.2\nPortGroup=%s\n",
	"[Network]\nSubnet=172.19.0.0/16\n[Endpoint e]\nAddress=172.19.0.2\n%s=x\n",
};

/* Whether it succeeds or not. */
static void reload(const Rig *rig, const char *of, const char *value)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply G_GNUC_UNUSED = ask_with_fds(rig->bus, "", "Manager", "Reload", "", "", NULL, &error);

	if (error)
		expect_line(error->message, of, value);
}

static void files(Rig *rig)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
		for (gsize j = 0; j < G_N_ELEMENTS(values); j++) {
			fill_in(units[i], values[j], text);
			put_file(UNITS "/n.network", text->str);
			reload(rig, units[i], values[j]);
		}
	put_file(UNITS "/n.network", "");
	for (gsize j = 0; j < G_N_ELEMENTS(values); j++) {
		g_autofree char *path = g_strconcat(UNITS "/", values[j], ".network", NULL);

		put_file(path, "nonsense");
		reload(rig, "a file's name", values[j]);
	}
	g_assert_cmpuint(check_log(), >=, G_N_ELEMENTS(units) * G_N_ELEMENTS(values) / 2);
}

static void configuration(Rig *rig)
{
	static const char *const settings[] = {
		"%s",
		"%s=x",
		"[%s]",
		"Backend=%s",
		"ChainPrefix=%s",
		"Hairpin=%s",
		"ForwardPolicy=%s",
		"AllowFrom=%s",
		"HostBinding=%s",
		"MaxNetworks=%s",
	};
	g_autoptr(GString) text = g_string_new(NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(settings); i++)
		for (gsize j = 0; j < G_N_ELEMENTS(values); j++) {
			fill_in(settings[i], values[j], text);
			rig_configure(rig, text->str);
			reload(rig, settings[i], values[j]);
		}
	g_assert_cmpuint(check_log(), >=, G_N_ELEMENTS(settings));
}

static const BusTest tests[] = {
	{ "/bus/quoted/callers", callers, .before = catch_log },
	{ "/bus/quoted/files", files, .before = catch_log },
	{ "/bus/quoted/configuration", configuration, .before = catch_log },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
