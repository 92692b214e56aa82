/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/**
 * What a call is about to do, for the person who is asked, from the verb of its method and the details that polkit is
 * told (key, value, …, NULL-terminated; NULL: none): "publish tcp port 8080 on any address for endpoint app on network
 * web". The caller's.
 */
char *sentence_new(const char *verb, const char *const *details);
