/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <arpa/inet.h>
#include <endian.h>
#include <glib.h>
#include <libmnl/libmnl.h>

/** What attributes of the kernel's hold. NULL, or 0, where there is none of them, or one of another form. */

static inline guint32 attribute_number(const struct nlattr *attribute)
{
	return attribute && mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0 ? ntohl(mnl_attr_get_u32(attribute)) : 0;
}

static inline guint64 attribute_long(const struct nlattr *attribute)
{
	return attribute && mnl_attr_validate(attribute, MNL_TYPE_U64) >= 0 ? be64toh(mnl_attr_get_u64(attribute)) : 0;
}

static inline const char *attribute_text(const struct nlattr *attribute)
{
	return attribute && mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0 ? mnl_attr_get_str(attribute) : NULL;
}
