/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STORE_ARCHIVE_STATE_H
#define STORE_ARCHIVE_STATE_H
/* What the parts of struct archive share; nobody else includes it. */
#include "store/archive.h"
#include "store/counts.h"

struct shelf {
	char camera[ENTRY_NAME], rendition[ENTRY_NAME];
	struct counts_folder *folder;    /* by rising number; only those that hold something */
	unsigned nfolders, cap;
	uint64_t bytes, newest;
	uint64_t oldest;                 /* 0: to be looked up */
	int64_t oldest_us;
	uint64_t passed;                 /* within archive_oldest: numbers up to it are chosen already; else 0 */
	uint64_t first;                  /* oldest, and its time, as they were before that */
	int64_t first_us;
};

struct archive {
	int dirfd;
	struct shelf *shelf;
	unsigned nshelves, cap;
	uint64_t bytes;
};

/* archive.c. The rendition's shelf, or NULL. */
struct shelf *archive_find_shelf(const struct archive *a, const char *camera, const char *rendition);
/* The same, made when it is not there; NULL without memory or beyond ARCHIVE_SHELVES_MAX. */
struct shelf *archive_shelf_of(struct archive *a, const char *camera, const char *rendition);
/* A kept segment more. 0 or -ENOMEM. */
int archive_count(struct archive *a, struct shelf *s, uint64_t number, const struct archive_slot *slot);
/* All that a folder keeps, as it was counted before. 0 or -ENOMEM. */
int archive_count_folder(struct archive *a, struct shelf *s, const struct counts_folder *f);
/* A kept segment less. */
void archive_uncount(struct archive *a, struct shelf *s, uint64_t number, const struct archive_slot *slot);
/* Finds the shelf's oldest segment, beyond those passed; false when it holds none. Folders whose slots say that nothing is kept are forgotten. */
bool archive_look_up_oldest(struct archive *a, struct shelf *s);

#endif
