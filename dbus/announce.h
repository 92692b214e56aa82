/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/server.h"

/** The observer that notes down what is to be announced. */
ManagerObserver signal_observer(Server *server);

void signal_init(Server *server);
void signal_clear(Server *server);

/** Announces what was noted since the last time, in order, each changed property once with its value now. */
void signal_emit(Server *server);
