/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONF_EFFECTIVE_H
#define CONF_EFFECTIVE_H
/*
 * A site as it is in force, as a site file: what is included and inherited written out, every default filled in, paths absolute.
 * It is good as a site file again, and means the same, but that nobody can log in with it: in the place of each user's hash stands
 * one of the same cost that no password has.
 */
#include "conf/site.h"

#define EFFECTIVE_MAX (16u << 20)  /* bytes */

/* Appends the text. 0, -ENOBUFS or -ENOMEM. */
int effective_write(const struct site *site, struct buf *out);

#endif
