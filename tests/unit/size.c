/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/size.h"
#include "tests/support/message.h"

#include <gio/gio.h>
#include <string.h>

static const struct {
	const char *types, *text;
	guint values;
} messages[] = {
	{ "()", "()", 0 },
	{ "(y)", "(1,)", 1 },
	{ "(yt)", "(1, 2)", 2 },
	{ "(sogb)", "('one', '/two', 'a{sv}', true)", 4 },
	{ "(ynqiuxtd)", "(1, 2, 3, 4, 5, 6, 7, 8.0)", 8 },
	{ "(ay)", "(b'bytes',)", 1 },
	{ "(ay)", "([],)", 1 },
	{ "(yat)", "(1, [])", 2 },
	{ "(yaty)", "(1, [7, 8, 9], 1)", 3 },
	{ "(ab)", "([true, false],)", 3 },
	{ "(as)", "(['', 'a', 'bc'],)", 4 },
	{ "(ass)", "([], 'behind')", 2 },
	{ "(aay)", "([[1], [], [2, 3]],)", 4 },
	{ "(a(sq)y)", "([('tcp', 80), ('udp', 53)], 1)", 8 },
	{ "(ya(tt)y)", "(1, [], 1)", 3 },
	{ "(a{sv})", "({'Labels': <{'a': 'b'}>, 'MTU': <uint16 1500>},)", 12 },
	{ "(sa{sv})", "('web', {'Subnets': <['10.0.0.0/8']>})", 7 },
	{ "(a(sa{sv}))", "([('a', {'Ports': <[('tcp', '', uint16 80, uint16 80, uint16 1)]>}), ('b', {})],)", 17 },
	{ "(v)", "(<<<('deep',)>>>,)", 5 },
	{ "(av)", "([<1>, <'two'>, <[3.0]>],)", 7 },
	{ "(avy)", "([], 1)", 2 },
	{ "((y(t(s)))y)", "((1, (2, ('three',))), 4)", 7 },
	{ "(aaas)", "([[], [[]], [['x'], []]],)", 8 },
	{ "(a{s(ayay)}as)", "({'k': ([1], [])}, ['v'])", 8 },
};

/* Another library writes the same message down, and says at its head how long the arguments are. */
static gsize written_size(GVariant *arguments)
{
	g_autoptr(GDBusMessage) message = g_dbus_message_new_method_call("org.example.Test", "/", NULL, "Test");
	g_autoptr(GError) error = NULL;
	g_autofree guint8 *blob = NULL;
	guint32 bytes;
	gsize size;

	g_dbus_message_set_byte_order(message, G_DBUS_MESSAGE_BYTE_ORDER_LITTLE_ENDIAN);
	g_dbus_message_set_body(message, arguments);
	blob = g_dbus_message_to_blob(message, &size, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
	g_assert_no_error(error);
	memcpy(&bytes, blob + 4, sizeof bytes);
	return GUINT32_FROM_LE(bytes);
}

static void test_sizes(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(messages); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GVariant) arguments =
			g_variant_parse(G_VARIANT_TYPE(messages[i].types), messages[i].text, NULL, NULL, &error);
		gsize bytes, values = messages[i].values;
		sd_bus_message *message;

		g_test_message("%s", messages[i].text);
		g_assert_no_error(error);
		message = message_new(arguments);
		bytes = written_size(arguments);
		g_assert_cmpuint(message_size(message), ==, bytes);
		g_assert_false(message_is_larger(message, bytes, values));
		g_assert_cmpint(message_is_larger(message, bytes - 1, values), ==, bytes > 0);
		g_assert_cmpint(message_is_larger(message, bytes, values - 1), ==, values > 0);
		/* Whoever reads it then begins where it does. */
		g_assert_cmpint(sd_bus_message_at_end(message, true), ==, values == 0);
		sd_bus_message_unref(message);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/size/sizes", test_sizes);
	return g_test_run();
}
