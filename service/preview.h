/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/settings.h"
#include "service/access.h"

/** How many endpoints a preview has at most for those who are not privileged: it is made in one go. */
enum { MAX_PREVIEW_ENDPOINTS = 512 };

/**
 * The rules that a creation would add, in the backend's text; the caller frees. It is made in the model and taken
 * back: nothing of the host is claimed, and neither the kernel nor the journal hears of it. Fails as the creation
 * would, but for what only the host could say; and with LIMITS_EXCEEDED where it has more endpoints than
 * MAX_PREVIEW_ENDPOINTS and is not for somebody privileged.
 */
char *service_preview_network(Service *service, const char *name, const NetworkSettings *settings, bool privileged,
			      GError **error);
char *service_preview_ingress(Service *service, const char *name, const IngressSettings *settings, GError **error);
