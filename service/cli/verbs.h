/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cli/cli.h"

/** Runs the verb with its arguments, n of them, as many as it takes. Returns what to end with. */
typedef int VerbRun(Cli *cli, char **arguments, guint n);

VerbRun verb_attach;
VerbRun verb_check;
VerbRun verb_clear;
VerbRun verb_create;
VerbRun verb_delete;
VerbRun verb_edit;
VerbRun verb_endpoint;
VerbRun verb_explain;
VerbRun verb_gateways;
VerbRun verb_ingress;
VerbRun verb_link;
VerbRun verb_list;
VerbRun verb_log_level;
VerbRun verb_monitor;
VerbRun verb_ports;
VerbRun verb_preview;
VerbRun verb_publish;
VerbRun verb_reconcile;
VerbRun verb_reload;
VerbRun verb_rules;
VerbRun verb_run;
VerbRun verb_show;
VerbRun verb_tree;
VerbRun verb_unlink;
VerbRun verb_unpublish;

/** Runs the verb that the arguments begin with; without any, shows what there is, or help if that was asked for.
 * Returns what to end with. */
int verbs_run(Cli *cli, char **arguments, guint n);
