/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/error.h"

G_DEFINE_QUARK(netfilter-error-quark, netfilter_error)
