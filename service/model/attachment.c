/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/attachment.h"

#include <stdio.h>
#include <string.h>

static bool read_bytes(const char *text, guint8 ret[static 6])
{
	if (strlen(text) != MAC_STRLEN - 1)
		return false;
	for (guint i = 0; i < 6; i++, text += 3) {
		if (!g_ascii_isxdigit(text[0]) || !g_ascii_isxdigit(text[1]) || text[2] != (i < 5 ? ':' : '\0'))
			return false;
		ret[i] = g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]);
	}
	return true;
}

bool mac_parse(const char *text, guint8 ret[static 6], GError **error)
{
	static const guint8 zero[6];

	if (!read_bytes(text, ret))
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" is not a MAC address (like 02:42:ac:12:00:02)",
				      cut(text));
	if (ret[0] & 1 || memcmp(ret, zero, sizeof zero) == 0)
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" is not the MAC address of one interface", text);
	return true;
}

const char *mac_format(const guint8 mac[static 6], char buffer[static MAC_STRLEN])
{
	snprintf(buffer, MAC_STRLEN, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	return buffer;
}

void mac_derive(const Address addresses[static N_FAMILIES], guint8 ret[static 6])
{
	bool ipv4 = addresses[FAMILY_IPV4].family != AF_UNSPEC;

	ret[0] = 0x02;
	ret[1] = 0x42;
	memcpy(ret + 2, ipv4 ? addresses[FAMILY_IPV4].bytes : addresses[FAMILY_IPV6].bytes + 12, 4);
}

void mac_choose(guint8 ret[static 6])
{
	guint32 random = g_random_int();

	ret[0] = 0x02;
	ret[1] = g_random_int();
	memcpy(ret + 2, &random, sizeof random);
}
