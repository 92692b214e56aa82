/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cli/cli.h"

/* The letters of the options that only some verbs take. */
enum {
	OPTION_SUBNET = 's',
	OPTION_GATEWAY = 'g',
	OPTION_BRIDGE = 'b',
	OPTION_INTERNAL = 'i',
	OPTION_NO_COMMUNICATION = 'c',
	OPTION_NO_MASQUERADE = 'm',
	OPTION_HOST_BINDING = 'o',
	OPTION_ADDRESS = 'a',
	OPTION_PUBLISH = 'p',
	OPTION_ALLOW_FROM = 'r',
	OPTION_LABEL = 'l',
	OPTION_TIMEOUT = 't',
	OPTION_PERMANENT = 'e',
	OPTION_WATCH = 'w',
	OPTION_NETWORK = 'n',
	OPTION_INTERFACE = 'f',
	OPTION_NAME = 'N',
	OPTION_ZONE = 'z',
	OPTION_GATEWAY_MODE = 'G',
	OPTION_PORT_GROUP = 'u',
	OPTION_SOURCE_ADDRESS = 'S',
};

/**
 * Reads the command line. What is left of it without the options is *ret_arguments, argv's own, so many as *ret_n.
 * Returns whether to go on; otherwise *ret_code is what to end with, and what there was to say is said.
 */
bool options_read(int argc, char **argv, Options *ret, char ***ret_arguments, guint *ret_n, int *ret_code);
void options_clear(Options *options);

/** Letters of what only a network is made with; of all that it is, and an ingress. */
#define OPTIONS_OF_NETWORK_ALONE "gbicmSGoz"
#define OPTIONS_OF_NETWORK OPTIONS_OF_NETWORK_ALONE "srelt"
#define OPTIONS_OF_INGRESS "gbmeprlt"

/** Whether each option that was given is a general one or among those that a verb takes, by their letters. */
bool options_check(const char *verb, const char *taken);

/** The name of an option with one of these letters that was given; NULL: there is none. */
const char *options_find_given(const char *letters);
