/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/sentence.h"

#include <glib.h>
#include <string.h>

#define PORTS_OF "ports of "

static const char *find(const char *const *details, const char *key)
{
	for (; details && details[0] && details[1]; details += 2)
		if (strcmp(details[0], key) == 0 && *details[1])
			return details[1];
	return NULL;
}

/* What a person need not read. */
#define ZONE_USUAL "netfilterd"
#define MODE_USUAL "nat"

static const char *find_unusual(const char *const *details, const char *key, const char *usual)
{
	const char *value = find(details, key);

	return value && strcmp(value, usual) != 0 ? value : NULL;
}

static void append(GString *sentence, const char *words, const char *value)
{
	if (value)
		g_string_append_printf(sentence, " %s %s", words, value);
}

/* The object is what the verb ends with. */
static const char *find_object(const char *verb, const char *const *details)
{
	static const char *const kinds[] = { "network", "endpoint", "ingress" };
	const char *blank = strrchr(verb, ' ');

	for (gsize i = 0; blank && i < G_N_ELEMENTS(kinds); i++)
		if (g_str_has_prefix(blank + 1, kinds[i]))
			return find(details, kinds[i]);
	return NULL;
}

char *sentence_new(const char *verb, const char *const *details)
{
	const char *object = find_object(verb, details), *network = find(details, "network");
	const char *ports = find(details, "ports"), *endpoint = find(details, "endpoint");
	const char *place = ports ? strstr(verb, PORTS_OF) : NULL;
	GString *sentence = g_string_new(NULL);

	if (place)
		g_string_append_printf(sentence, "%.*s%s for %s", (int)(place - verb), verb, ports,
				       place + strlen(PORTS_OF));
	else
		g_string_append(sentence, verb);
	if (object)
		g_string_append_printf(sentence, " %s", object);
	append(sentence, "on network", object != network ? network : NULL);
	append(sentence, "with subnet", find(details, "subnet"));
	append(sentence, "with gateway", find(details, "gateway"));
	append(sentence, "by bridge", find(details, "bridge"));
	append(sentence, "sending from", find(details, "source-address"));
	append(sentence, "in zone", find_unusual(details, "zone", ZONE_USUAL));
	append(sentence, "with gateway mode", find_unusual(details, "gateway-mode", MODE_USUAL));
	append(sentence, "with endpoint", object != endpoint ? endpoint : NULL);
	append(sentence, "publishing", place ? NULL : ports);
	return g_string_free(sentence, FALSE);
}
