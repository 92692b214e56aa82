/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/port.h"

/*
 * Ports as people write them, in files and on command lines. A protocol that is not given is tcp; a number is written
 * without a sign, a space or a zero in front; an IPv6 address stands in brackets.
 */

#define PORT_SPEC_FORM "[[HOSTADDRESS:]HOSTPORT[-LAST]:]PORT[-LAST][/PROTOCOL]"
#define PORT_SPEC_STRLEN 96

/**
 * Reads PORT_SPEC_FORM. Without a host port, or with 0, it is left to us; "127.0.0.1:0:80-82" leaves three. Both sides
 * are of as many ports. INVALID_ARGS quotes the text and says what is wrong with it; *ret is then left alone.
 */
bool port_spec_parse(const char *text, PortMapping *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Writes what port_spec_parse() reads as that mapping into a caller's buffer and returns it. */
const char *port_spec_format(const PortMapping *mapping, char buffer[static PORT_SPEC_STRLEN]);

/** Reads "PORT[/PROTOCOL]", the port of a link or of an ingress; fails as port_spec_parse() does. */
bool link_port_spec_parse(const char *text, LinkPort *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Writes what link_port_spec_parse() reads as that port into a caller's buffer and returns it. */
const char *link_port_spec_format(const LinkPort *port, char buffer[static PORT_SPEC_STRLEN]);
