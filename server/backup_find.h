/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_BACKUP_FIND_H
#define SERVER_BACKUP_FIND_H
/* Which files a site is made of, footage and log left out: site file and what it includes, keys, certificates, passwords, state. */
#include <stdbool.h>

#include "conf/site.h"

struct backup_path {
	char *path;                 /* absolute */
	bool if_there;              /* a site may be without it */
	bool changes;               /* by the server at any time: the state of the key */
};

/* In an order in which they may be read while the server runs: the state before the keys, so that it is never ahead of them. */
struct backup_paths {
	struct backup_path *at;
	unsigned n;
};

/*
 * credentials: the folder in which the files are that systemd hands to the unit as credentials; state: the unit's state folder. 0, or
 * -ENOMEM, -ENAMETOOLONG; ret is to be freed in either case.
 */
int backup_find(const struct site *site, const char *credentials, const char *state, struct backup_paths *ret);
void backup_paths_free(struct backup_paths *p);

#endif
