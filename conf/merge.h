/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONF_MERGE_H
#define CONF_MERGE_H
/*
 * A site's parts as one tree, as if all of it had been written out: the cameras of included files beside those of the site file,
 * what defaults: says in every camera that does not say it, and profiles in the place of their names. Whatever has another shape
 * than it should is left as it is, for those who check shapes. Each value knows the line that it was written on.
 */
#include "conf/site.h"
#include "conf/ytree.h"

/* Of the parts in site, the first of which tree is. 0, also with complaints; -ENOMEM. */
int merge_parts(const struct site *site, struct ytree *tree, struct site_report *report);
/* All of it from the bytes. 0, -EINVAL when the site file itself can't be read, -ENOMEM. */
int merge_read(const struct site *site, struct ytree **ret, struct site_report *report);

#endif
