/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/endpoint.h"
#include "service/model/ingress.h"

/*
 * An object as the unit file that makes it again; the caller's. Of a network's endpoints those are in it that come from
 * a file.
 */
char *unit_format_network(const Network *network);
char *unit_format_ingress(const Ingress *ingress);
