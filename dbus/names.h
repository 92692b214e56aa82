/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#define ROOT_PATH "/org/example/NetFilter"
#define NETWORK_PATH ROOT_PATH "/network"
#define INGRESS_PATH ROOT_PATH "/ingress"

#define BUS_NAME "org.example.NetFilter"
#define MANAGER_INTERFACE BUS_NAME ".Manager"
#define NETWORK_INTERFACE BUS_NAME ".Network"
#define ENDPOINT_INTERFACE BUS_NAME ".Endpoint"
#define INGRESS_INTERFACE BUS_NAME ".Ingress"

#define ERROR_PREFIX BUS_NAME ".Error."

/** One of the interfaces that every service has. */
#define STANDARD(interface) "org.freedesktop.DBus." interface
