/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STORE_SPARE_H
#define STORE_SPARE_H
/*
 * Files whose footage has gone, emptied and kept for footage to come: a full archive lets as many go as it makes, and a file
 * that gets a new name costs the file system less than one that is removed and one that is made (ext4 without a journal passes all that
 * it removed within a minute whenever it makes one).
 *
 * They lie in spare/ below the archive folder, at most SPARE_FILES. Nobody else ever sees one change: a file that somebody still has
 * open, or that has a second name, is removed like any other.
 */
#include <stdbool.h>

#define SPARE_FILES 512u

struct spares {
	int dirfd;
	unsigned n;                      /* spare/0 to spare/n-1 are there */
};

/* Begins with none: what an earlier run left is removed. */
void spares_begin(struct spares *s, int dirfd);
/* The file at path is gone, as after unlink; it may have become a spare one. 0 (also when there was none) or -errno. */
int spares_put(struct spares *s, const char *path);
/* An empty file at path, open for writing, from the spare ones; what was there is gone. -1: there is none, or its folder is missing. */
int spares_take(struct spares *s, const char *path);

#endif
