/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/benchmark/service.h"

/** tools.c: one more published port when n are published, by every tool in the same run. */
void measure_one_more_port(void);

/** instructions.c */
void measure_instructions(void);

/** work.c */
void measure_pipelined(void);
void measure_endpoints(void);
void measure_range(void);
void measure_managed_objects(void);
void measure_dump(void);
void measure_restart(void);
void measure_dying_clients(void);
void measure_networks(void);

/** attach.c */
void measure_attach(void);
void measure_plugins(void);

/** memory.c */
void measure_memory(void);
void measure_idle(void);

/** fairness.c */
void measure_fairness(void);

/** connections.c */
void measure_connections(void);

/** connect.c */
void measure_connect(void);
void measure_allow_from(void);

/** neighbours.c */
void measure_neighbours(void);
void measure_insistence(void);

/** Used if it is there. */
#define LIBNFTABLES "libnftables.so.1"

/** The numbers of ports published beforehand. */
extern const guint port_counts[];
guint n_port_counts(void);

/* The port that is one more, to the spare endpoint. */
#define ONE_MORE_ADDRESS "10.64.0.2"
#define ONE_MORE_PORT "19000" /* SPARE_PORT */
#define BRIDGE "br-web"

/** Text for iptables-restore: what one network and n published ports are, as the classic code writes it. */
char *classic_rules(guint n);

/** Loads them. */
void prepare_classic(guint n);

/** The script for nft of a dnat map with n elements. */
char *nft_script(guint n);
