/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/** firewalld on the private bus, its settings and its log in our /run, its rules in our network namespace. */
void firewalld_prepare(guint n);
void firewalld_publish(void);
void firewalld_unpublish(void);
