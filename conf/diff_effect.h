/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONF_DIFF_EFFECT_H
#define CONF_DIFF_EFFECT_H
/* Whether a key differs, and what comes of a difference. Private to conf/diff.c. */
#include "conf/diff.h"

/* Whether a key's value differs between two structs of its level. Sections that hold things by name never do. */
bool diff_differs(const struct schema_key *k, const void *was, const void *is);
/* The effects of an item whose other members are set. */
unsigned diff_effect(const struct diff_item *item);

#endif
