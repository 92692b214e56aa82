/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/change/table.h"

#include "service/change/change-allow-from.h"
#include "service/change/change-endpoint.h"
#include "service/change/change-file.h"
#include "service/change/change-ingress.h"
#include "service/change/change-labels.h"
#include "service/change/change-link.h"
#include "service/change/change-network.h"
#include "service/change/change-port.h"

static const ChangeKind *const kinds[] = {
	&network_added,
	&network_updated,
	&network_removed,
	&endpoint_added,
	&endpoint_removed,
	&port_published,
	&port_unpublished,
	&link_added,
	&link_removed,
	&ingress_added,
	&ingress_removed,
	&ingress_port_published,
	&ingress_port_unpublished,
	&ingress_led,
	&fragment_changed,
	&labels_changed,
	&allow_from_changed,
};

const ChangeKind *change_kind_of(char type)
{
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (kinds[i]->type == type)
			return kinds[i];
	return NULL;
}
