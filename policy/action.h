/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/** The polkit actions, org.example.NetFilter.*; a set of them is a bitmask of 1 << action. */
enum policy_action {
	ACTION_MANAGE_NETWORKS,
	ACTION_MANAGE_ENDPOINTS,
	ACTION_MANAGE_INGRESS,
	ACTION_MAKE_PERSISTENT,
	ACTION_MANAGE_FOREIGN,
	ACTION_USE_HOST_RESOURCES,
	ACTION_RELOAD,
	N_POLICY_ACTIONS,
	ACTION_NONE = N_POLICY_ACTIONS /* open to everybody */
};

typedef struct PolicyMethod {
	const char *interface, *member;
	enum policy_action action;
	const char *verb; /* what is about to happen, for the person asked: "create network" */
} PolicyMethod;

/** Every method of every interface of ours, in one table. */
extern const PolicyMethod policy_methods[];
extern const gsize n_policy_methods;

/** NULL when there is no such method. */
const PolicyMethod *policy_method_find(const char *interface, const char *member);

/** "org.example.NetFilter.manage-networks"; static. */
const char *policy_action_id(enum policy_action action);
