/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_WITNESSES_H
#define SERVER_WITNESSES_H
/* The file that a site's witnesses: names. */
#include "base/buf.h"
#include "seal/witness_policy.h"

#define WITNESSES_WHY 300

/*
 * Reads it: its text appended to text (which is empty), and what it says. 0; -EINVAL when it is no policy, or one
 * for another log than origin's, -errno when it cannot be read; with why, for people: "line 3: …".
 */
int witnesses_load(const char *path, const char *origin, struct buf *text, struct witness_policy *ret, char why[WITNESSES_WHY]);

#endif
