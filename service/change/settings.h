/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/lifetime.h"

/** What a request may leave open. */
enum choice { CHOICE_DEFAULT, CHOICE_NO, CHOICE_YES };

/** What a creation asks for: how long the object lives. */
typedef struct LifetimeSettings {
	uid_t uid;
	const char *sender; /* unique bus name; borrowed */
	bool persistent;
	bool permanent;       /* there after a reboot as well, which makes it persistent */
	int fd;               /* borrowed, -1: none */
	char *interface;      /* of an endpoint; NULL: none */
	guint64 timeout_usec; /* from now; 0: none */
} LifetimeSettings;

static inline bool lifetime_settings_persist(const LifetimeSettings *settings)
{
	return settings->persistent || settings->permanent;
}

/** Where an endpoint is to be attached by the service. */
typedef struct AttachSettings {
	bool given;           /* a namespace is */
	int socket;           /* NETLINK_ROUTE, of that; borrowed */
	char *interface;      /* NULL: "eth0" */
	char *host_interface; /* NULL: one is made up */
	char *mac;            /* NULL: by its address */
	guint32 mtu;          /* bytes; 0: the bridge's */
	char **routes;        /* destination, gateway, …; NULL: the default routes */
} AttachSettings;

typedef struct EndpointSettings {
	char *name;
	char **addresses;
	char **allocate;     /* families whose address is to be chosen; NULL: none */
	GArray *ports;       /* PortMapping; NULL: none */
	char **labels;       /* NULL: not said */
	enum choice reserve; /* default: the network's */
	char *port_group;    /* NULL: none */
	char **allow_from;   /* who may reach its ports; NULL or empty: whom the network says */
	AttachSettings attach;
	LifetimeSettings lifetime;
} EndpointSettings;
void endpoint_settings_free(EndpointSettings *settings); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EndpointSettings, endpoint_settings_free)

typedef struct NetworkSettings {
	char *bridge; /* NULL: from the name */
	char **subnets;
	char **gateways;      /* NULL: the first host of each subnet */
	char **address_range; /* to choose addresses from; NULL: the subnets */
	bool internal, communication, masquerade, lifetime_endpoints;
	char *gateway_mode, **gateway_modes; /* of all families; or family, mode, …; NULL: "nat" */
	char *host_binding;                  /* NULL or "": any */
	char **source_address;               /* NULL or empty: by masquerade */
	bool awaits_source_address;          /* the host need not have it yet */
	char **allow_from;                   /* who may reach its ports; NULL or empty: everybody */
	GPtrArray *endpoints;                /* EndpointSettings; NULL: none */
	char **labels;                       /* NULL: not said */
	enum choice reserve;                 /* default: yes */
	char *zone;                          /* NULL: ZONE_DEFAULT */
	LifetimeSettings lifetime;
} NetworkSettings;
void network_settings_clear(NetworkSettings *settings); /* frees what is in it */
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NetworkSettings, network_settings_clear)

typedef struct IngressSettings {
	char *gateway, **gateways, *bridge; /* one of the first two; NULL: by route */
	enum choice masquerade;             /* default: where a gateway is on no bridge of ours */
	GArray *ports;                      /* LinkPort; NULL: none */
	char **labels;                      /* NULL: not said */
	char **allow_from;                  /* who may reach its ports; NULL or empty: everybody */
	LifetimeSettings lifetime;
} IngressSettings;
void ingress_settings_clear(IngressSettings *settings);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(IngressSettings, ingress_settings_clear)
