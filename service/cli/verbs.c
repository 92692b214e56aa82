/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cli/verbs.h"

#include "service/cli/options.h"

#include <stdio.h>
#include <string.h>

#define ANY 1000

typedef struct Verb {
	const char *name, *arguments, *help; /* help NULL: as the one before */
	guint min, max;                      /* arguments */
	const char *options;                 /* letters of those it takes besides the general ones */
	VerbRun *run;
} Verb;

static const Verb verbs[] = {
	{ "list", "[NETWORK]", "networks and ingresses, or the endpoints of a network", 0, 1, "", verb_list },
	{ "show", "OBJECT…", "all about objects", 1, ANY, "", verb_show },
	{ "create", "NETWORK --subnet=…", "make a network", 1, 1, OPTIONS_OF_NETWORK, verb_create },
	{ "endpoint", "NETWORK/ENDPOINT", "make an endpoint, with its published ports", 1, 1, "apreltu",
	  verb_endpoint },
	{ "attach", "NETWORK/ENDPOINT NAMESPACE", "make an endpoint, and connect a network namespace as it", 2, 2,
	  "aprltfu", verb_attach },
	{ "publish", "OBJECT PORT…", "publish ports of an endpoint or an ingress", 2, ANY, "", verb_publish },
	{ "unpublish", "OBJECT PORT…", "publish them no more", 2, ANY, "", verb_unpublish },
	{ "link", "PARENT CHILD PORT…", "let an endpoint reach ports of a sibling", 3, ANY, "", verb_link },
	{ "unlink", "PARENT CHILD", "take that back", 2, 2, "", verb_unlink },
	{ "ingress", "NAME --gateway=…", "make an ingress: host ports forwarded to gateways", 1, 1, OPTIONS_OF_INGRESS,
	  verb_ingress },
	{ "gateways", "INGRESS ADDRESS…", "where an ingress leads to from now on", 2, ANY, "", verb_gateways },
	{ "delete", "OBJECT…", "delete networks, endpoints, ingresses", 1, ANY, "", verb_delete },
	{ "run", "--network=NETWORK -- COMMAND", "run a command with an object that lives as long", 1, ANY,
	  OPTIONS_OF_NETWORK_ALONE "sraplnNu", verb_run },
	{ "rules", "[OBJECT…]", "rules, with what they counted", 0, ANY, "w", verb_rules },
	{ "preview", "NETWORK --subnet=…", "rules that a creation would add; ingress:NAME --gateway=… likewise", 1, 1,
	  OPTIONS_OF_NETWORK OPTIONS_OF_INGRESS, verb_preview },
	{ "explain", "SOURCE → DESTINATION:PORT[/PROTOCOL]", "what becomes of a packet, and why", 2, 3, "f",
	  verb_explain },
	{ "ports", "[PORT…]", "who holds which port of the host", 0, ANY, "", verb_ports },
	{ "monitor", "", "what happens, as it happens", 0, 0, "", verb_monitor },
	{ "edit", "OBJECT", "edit the file of a permanent network or ingress, and reload", 1, 1, "", verb_edit },
	{ "check", "[FILE…]", "what is wrong with such files", 0, ANY, "", verb_check },
	{ "reconcile", "", "compare with the kernel, and mend", 0, 0, "", verb_reconcile },
	{ "reload", "", "read the configuration again", 0, 0, "", verb_reload },
	{ "log-level", "[LEVEL]", "show or set how much the service logs", 0, 1, "", verb_log_level },
	{ "clear", "", "stop the service, and take away all it made", 0, 0, "", verb_clear },
};

static void print_help(void)
{
	puts("netfilterctl [OPTION…] [VERB [ARGUMENT…]]\n"
	     "\n"
	     "Container networks and published ports of netfilterd. Without a verb: what there is.\n"
	     "\n"
	     "Verbs:");
	for (guint i = 0; i < G_N_ELEMENTS(verbs); i++) {
		g_autofree char *form = g_strjoin(" ", verbs[i].name, verbs[i].arguments, NULL);

		printf("  %-*s %s\n", (int)(38 + strlen(form) - g_utf8_strlen(form, -1)), form, verbs[i].help);
	}
	puts("\n"
	     "OBJECT is NETWORK, NETWORK/ENDPOINT, ingress:NAME or an object path. NAMESPACE is the number of a\n"
	     "process, a name of \"ip netns\", or a file. PORT to publish is\n"
	     "[[HOSTADDRESS:]HOSTPORT[-LAST]:]PORT[-LAST][/PROTOCOL]; of a link or an ingress PORT[/PROTOCOL].\n"
	     "\n"
	     "Options of creations:\n"
	     "     --subnet=ADDRESS/LENGTH  of the network; once a family\n"
	     "     --gateway=ADDRESS        of the network in its subnet, or where an ingress leads to;\n"
	     "                              may be repeated\n"
	     "     --bridge=INTERFACE       of the network, or that leads to the gateway\n"
	     "     --internal               nothing is forwarded in or out\n"
	     "     --no-communication       endpoints reach one another by links alone\n"
	     "     --no-masquerade          what endpoints send keeps their addresses\n"
	     "     --source-address=ADDRESS of the host, that what leaves has; once a family\n"
	     "     --gateway-mode=MODE      nat, routed, open or isolated; FAMILY=MODE for one family\n"
	     "     --host-binding=ADDRESS   default host address of published ports\n"
	     "     --zone=ZONE              zone of firewalld for its bridge (\"\": none)\n"
	     "     --address=ADDRESS        of the endpoint; without it one is chosen\n"
	     "     --publish=PORT           may be repeated\n"
	     "     --port-group=GROUP       endpoints of a group may publish the same host ports\n"
	     "     --allow-from=SOURCE      who may reach published ports; may be repeated\n"
	     "     --label=KEY=VALUE        may be repeated\n"
	     "     --permanent              across reboots, by a file\n"
	     "     --timeout=TIME           lives at most so long: 30s, 15min, 2h, 1d\n"
	     "     --name=ENDPOINT          run: instead of one made from the process\n"
	     "     --interface=NAME         attach: instead of eth0; explain: by which the packet comes\n"
	     "\n"
	     "Other options:\n"
	     "     --watch                  rules: again each second\n"
	     "     --json=short|pretty|off  -j is pretty on a terminal, otherwise short\n"
	     "     --no-legend              no headings\n"
	     "     --no-pager\n"
	     "     --no-ask-password        fail where polkit would ask\n"
	     "  -q --quiet                  no more than is asked for\n"
	     "  -H --host=[USER@]HOST       over ssh\n"
	     "  -M --machine=CONTAINER\n"
	     "  -h --help\n"
	     "     --version");
}

static const Verb *find(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

int verbs_run(Cli *cli, char **arguments, guint n)
{
	const Verb *verb;

	if (cli->options.help) {
		print_help();
		return EXIT_DONE;
	}
	if (n == 0)
		return options_check("the overview", "") ? verb_tree(cli, arguments, 0) : EXIT_USAGE;
	verb = find(arguments[0]);
	if (!verb)
		return usage_error("\"%s\" is not a verb; \"netfilterctl --help\" lists them", cut(arguments[0]));
	if (!options_check(verb->name, verb->options))
		return EXIT_USAGE;
	if (n - 1 < verb->min || n - 1 > verb->max)
		return usage_error("%s is written: netfilterctl %s %s", verb->name, verb->name, verb->arguments);
	return verb->run(cli, arguments + 1, n - 1);
}
