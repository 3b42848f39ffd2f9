/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONF_INCLUDE_H
#define CONF_INCLUDE_H
/*
 * The files that include: names, read into the site. They are of one folder and regular files of it: symbolic links are not followed,
 * so nothing outside of the folder is ever read, and what is included includes nothing. At most SITE_PARTS_MAX - 1 of them, and
 * SITE_FILE_MAX bytes with the site file.
 */
#include "conf/site.h"
#include "conf/ytree.h"

#define INCLUDE_ENTRIES_MAX 10000  /* of the folder, whatever they are */

/* value: what include: has. Appends to the site's parts and bytes; what can't be taken is complained about. 0 or -ENOMEM. */
int include_read(struct site *site, const struct ytree_node *value, struct site_report *report);

#endif
