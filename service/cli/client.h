/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cli/cli.h"

/*
 * Calls of the service. Arguments and replies are tuples; floating arguments are taken. path is whole, interface below
 * org.example.NetFilter unless it has a dot in it.
 */

/** Connects, unless it is connected already. 0, or an exit code after it was said why. */
int client_connect(Cli *cli);

/**
 * Calls a method, and again with a question to the user where polkit has one. 0, or an exit code after the error was
 * said. *ret, if wanted, is the reply.
 */
int client_call(Cli *cli, const char *path, const char *interface, const char *member, GVariant *arguments,
		GVariant **ret);

/** The same without a word: true, or false and the error, to be freed. The connection must be there. */
bool client_try(Cli *cli, const char *path, const char *interface, const char *member, GVariant *arguments,
		GVariant **ret, sd_bus_error *error);

/** Says an error, and what can be done, and frees it. Returns the exit code. */
int client_report(const Cli *cli, sd_bus_error *error);

/** Closes what is open. */
void client_close(Cli *cli);
