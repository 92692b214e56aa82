/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/journal/record.h"
#include "service/model/model.h"

/**
 * What the journal's entries say, each written and read in one place. Reading finds the objects an entry speaks of in
 * the model, and makes sure that what it says can be done to that model: FAILED when it cannot. What is read is not
 * put into the model.
 */

void encode_network(GByteArray *to, const Network *network);
Network *decode_network(Record *record, Model *model, GError **error);

void encode_network_options(GByteArray *to, const Network *network);
Network *decode_network_options(Record *record, const Model *model, NetworkOptions *ret, GError **error);

void encode_network_gone(GByteArray *to, const Network *network);
Network *decode_network_gone(Record *record, const Model *model, GError **error);

void encode_endpoint(GByteArray *to, const Endpoint *endpoint);

/** ret_chosen: what Network.chosen is once it is there. */
Endpoint *decode_endpoint(Record *record, Model *model, Address ret_chosen[static N_FAMILIES], GError **error);

/** The interface that an endpoint goes with, once it is attached. */
void encode_attached(GByteArray *to, const Endpoint *endpoint);
Endpoint *decode_attached(Record *record, const Model *model, int *ret_ifindex, GError **error);

void encode_endpoint_gone(GByteArray *to, const Endpoint *endpoint);
Endpoint *decode_endpoint_gone(Record *record, const Model *model, GError **error);

/** gone: it was unpublished. *ret is what the entry says; for one that is gone *ret_index tells where it stands. */
void encode_mapping(GByteArray *to, const Endpoint *endpoint, const PortMapping *mapping, bool gone);
Endpoint *decode_mapping(Record *record, Model *model, bool gone, PortMapping *ret, guint *ret_index, GError **error);

void encode_link(GByteArray *to, const Endpoint *parent, const Link *link);
Link *decode_link(Record *record, Model *model, Endpoint **ret_parent, GError **error);

void encode_link_gone(GByteArray *to, const Endpoint *parent, const Endpoint *child);
Endpoint *decode_link_gone(Record *record, const Model *model, guint *ret_index, GError **error);

void encode_ingress(GByteArray *to, const Ingress *ingress);
Ingress *decode_ingress(Record *record, Model *model, GError **error);

/** Where it leads to now: read into an empty GArray of Gateway. */
void encode_gateways(GByteArray *to, const Ingress *ingress);
Ingress *decode_gateways(Record *record, const Model *model, GArray *gateways, bool *ret_masquerade, GError **error);

void encode_ingress_gone(GByteArray *to, const Ingress *ingress);
Ingress *decode_ingress_gone(Record *record, const Model *model, GError **error);

/** A port that is new, or whose references changed: then *ret_index is below ingress->ports->len. */
void encode_ingress_port(GByteArray *to, const Ingress *ingress, const IngressPort *port);
Ingress *decode_ingress_port(Record *record, Model *model, IngressPort *ret, guint *ret_index, GError **error);

void encode_ingress_port_gone(GByteArray *to, const Ingress *ingress, const IngressPort *port);
Ingress *decode_ingress_port_gone(Record *record, const Model *model, guint *ret_index, GError **error);

/** The unit file of an object; *ret_fragment is the caller's, NULL when it has none. */
void encode_fragment(GByteArray *to, const Lifetime *lifetime);
Lifetime *decode_fragment(Record *record, const Model *model, char **ret_fragment, GError **error);

/** Who else may reach the ports of an endpoint or an ingress; *ret_list is the caller's, NULL for everybody. */
void encode_allow_from(GByteArray *to, const Lifetime *lifetime, const AllowFrom *list);
Lifetime *decode_allow_from(Record *record, const Model *model, AllowFrom **ret_list, GError **error);

/** Other labels of an object; *ret_labels is the caller's. */
void encode_labels(GByteArray *to, const Lifetime *lifetime, char *const *labels);
Lifetime *decode_labels(Record *record, const Model *model, char ***ret_labels, GError **error);

/** Everything there is, as entries of things that come. */
void encode_model(GByteArray *to, const Model *model);
