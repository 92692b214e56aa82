/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/nftables/element.h"
#include "service/rules/place.h"

/**
 * Rules to elements. One rule can be many elements, as a range of ports, or none, where the skeleton says it already;
 * and several rules can be the same element. Two elements that make an interval are told one after the other.
 */
typedef void (*element_func)(const Element *element, void *userdata);
void translate(const Rule *rule, element_func tell, void *userdata);

/** The same elements in an array of Element. The caller's. */
GArray *translate_to_array(const Rule *rule);

/** The longest range whose ports are elements each; a longer one is as few as possible. */
#define SHORT_RANGE_MAX 64

/** So many ports, from a multiple of it on, are one element of reachable_stretch: what several ranges have in common
 * must be the same element, as elements do not overlap. */
#define REACHABLE_BLOCK 64
