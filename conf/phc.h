/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONF_PHC_H
#define CONF_PHC_H
/*
 * The text form of an argon2id hash, as libargon2 writes it (RFC 9106 3.1 for the parameters):
 * $argon2id$v=19$m=KIB,t=PASSES,p=LANES$SALT$HASH, base64 without padding. Only its shape and
 * its cost are checked: a hash from outside must not make the server pay a terabyte.
 */
#include <stddef.h>

#define PHC_KIB_MAX (1u << 20)
#define PHC_PASSES_MAX 16
#define PHC_LANES_MAX 16
#define PHC_TEXT_MAX 256

/* 0, or -EINVAL with a static *why. */
int phc_check(const char *s, size_t n, const char **why);

#endif
