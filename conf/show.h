/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONF_SHOW_H
#define CONF_SHOW_H
/* A key's value as one would write it: the reverse of reading it. */
#include <stddef.h>

#include "conf/schema.h"

#define SHOW_MAX 200

/*
 * object is the struct of the key's level. Printable ASCII, cut with "..." where it does not fit; "none" for what is not there and "hidden"
 * for a hash of a password. Of an address with a path only the address is shown: a path may hold what is nobody's business.
 */
void show_value(const struct schema_key *k, const void *object, char *out, size_t cap);
/* "sha256:9f86d081...", the first n bytes of it, 32 for all. */
void show_fingerprint(const unsigned char fingerprint[32], size_t n, char *out, size_t cap);

#endif
