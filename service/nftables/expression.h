/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/address.h"

#include <libnftnl/rule.h>

/**
 * Adds what a rule says to a rule of the kernel's: the words of nft that the skeleton is written in, "ip" for the
 * family it is for. A word that is not known ends the program.
 */
void expression_compile(const char *text, enum family family, struct nftnl_rule *rule);

/** All expressions of a rule, counters as 0, in a form that is equal for equal ones. The caller's. */
char *expression_print(const struct nftnl_rule *rule);
