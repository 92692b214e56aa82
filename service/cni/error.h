/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/** What the plugin fails with: a GError of this domain, whose code is that of the answer. */
#define CNI_ERROR cni_error_quark()
GQuark cni_error_quark(void);

/** The specification's; from 100 on the plugin's own. */
enum cni_error {
	CNI_ERROR_VERSION = 1,        /* of the protocol */
	CNI_ERROR_UNSUPPORTED = 2,    /* a key of the configuration */
	CNI_ERROR_CONTAINER = 3,      /* it is not there, and nothing of it is to be taken away */
	CNI_ERROR_ENVIRONMENT = 4,    /* CNI_COMMAND and its kin */
	CNI_ERROR_IO = 5,             /* the configuration cannot be read */
	CNI_ERROR_DECODE = 6,         /* it is not JSON */
	CNI_ERROR_CONFIG = 7,         /* a value in it */
	CNI_ERROR_TRY_LATER = 11,     /* the service is busy, or did not answer in time */
	CNI_ERROR_NOT_AVAILABLE = 50, /* of STATUS: nothing can be attached now */
	CNI_ERROR_SERVICE = 100,      /* anything else that the service refused */
	CNI_ERROR_UNREACHABLE = 101,  /* there is no service */
	CNI_ERROR_DENIED = 102,       /* the caller may not */
	CNI_ERROR_TAKEN = 103,        /* a port, an address, a name, or there is none left */
	CNI_ERROR_DIFFERENT = 104,    /* of CHECK: it is not as it was made */
};

/** Reports CNI_ERROR_<code> with a printf-style sentence; the value is false, for return. */
#define cni_fail(error, code, ...) cni_set_error(error, CNI_ERROR_##code, __VA_ARGS__)
bool cni_set_error(GError **error, enum cni_error code, const char *format, ...) G_GNUC_PRINTF(3, 4);
