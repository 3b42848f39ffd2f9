/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_RESTORE_PUT_H
#define SERVER_RESTORE_PUT_H
/*
 * One file or folder of a backup, put back. What the key has signed only grows: the state of a key that is there and has signed more than
 * the one in the backup stays, whatever is forced, and neither is put back while a server signs with it.
 */
#include <stdbool.h>

#include "server/backup_pack.h"

struct restore {
	const char *to;          /* in front of each path; "": where it was */
	bool force;              /* what differs is put aside as NAME.old */
};

/* Whether it can be put back; touches nothing. 0; or the exit status, 1 or 2, after a line that says why not. */
int restore_try(const struct restore *r, const struct backup_entry *e);
/* Puts it back, whole or not at all, and says so; as restore_try. */
int restore_put(const struct restore *r, const struct backup_entry *e);

#endif
