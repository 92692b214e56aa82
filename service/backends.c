/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/backends.h"

#include "service/iptables/iptables.h"
#include "service/nftables/nftables.h"

const BackendKind *const backends[N_BACKENDS] = { &iptables_backend, &nftables_backend };

const BackendKind *backends_find(const char *name)
{
	for (guint i = 0; i < N_BACKENDS; i++)
		if (g_str_equal(backends[i]->name, name))
			return backends[i];
	return NULL;
}
