/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONF_RIGHTS_H
#define CONF_RIGHTS_H
/*
 * What users may, as the site file has it: a user is of groups, a group has rights at the cameras that its patterns
 * match, at its hours. A site without groups asks for none: every user may everything. Pure.
 */
#include "conf/site.h"

#define RIGHTS_TEXT 40          /* "live, history, export, admin" */
#define RIGHTS_HOURS_TEXT 48    /* "mon,tue,wed,thu,fri 06:00-22:00" */

/* Whether a pattern matches the whole name: * is any number of letters, also none, ? is one. */
bool rights_match(const char *pattern, const char *name);
/* The group of that name, or NULL. */
const struct site_group *rights_group(const struct site *site, const char *name);
/* Whether one of its patterns matches; camera NULL: some name. */
bool rights_group_has(const struct site_group *g, const char *camera);
/* Bits of enum site_right that the user has at that camera at some hour; camera NULL: at any camera that could be. */
unsigned rights_of(const struct site *site, const struct site_user *u, const char *camera);
/* Whether the two, each of its site, are let in by the same, until the same, and have the same rights at the same hours. */
bool rights_same(const struct site *a, const struct site_user *u, const struct site *b, const struct site_user *v);
bool rights_same_hours(const struct site_hours *a, const struct site_hours *b);

/* "live, export"; "none". */
void rights_text(unsigned rights, char out[RIGHTS_TEXT]);
/* As one would write them: "06:00-22:00", "mon,tue 20:00-06:00"; "always". */
void rights_hours_text(const struct site_hours *h, char out[RIGHTS_HOURS_TEXT]);

#endif
