/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STORE_ARCHIVE_H
#define STORE_ARCHIVE_H
/*
 * Footage as files below the archive folder, and an index of it:
 *
 *     footage/CAMERA/RENDITION/init-HEX.mp4
 *     footage/CAMERA/RENDITION/FOLDER/NUMBER.m4s       FOLDER: number / 1000, six digits
 *     footage/CAMERA/RENDITION/FOLDER/NUMBER.m4s.tmp   being written
 *     index/CAMERA/RENDITION/FOLDER                    1000 slots (store/index.h)
 *     index/CAMERA/RENDITION/counts                    what is kept of each folder (store/counts.h)
 *
 * A slot says which entry of the log names a segment and whether its bytes are
 * here. It is a help, not evidence: it can be made again from the log, and who
 * reads through it checks the entry that it points to.
 *
 * struct archive counts what is there and belongs to one thread; functions that
 * take a dirfd instead may be called from any.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "seal/entry.h"
#include "seal/hash.h"

#define ARCHIVE_FOLDER 1000u
#define ARCHIVE_PATH 160
#define ARCHIVE_SEGMENT_MAX (128u << 20)   /* bytes of one segment */
#define ARCHIVE_INIT_MAX 4096u
#define ARCHIVE_SHELVES_MAX 65536u         /* renditions of cameras, past ones too */
#define ARCHIVE_PREFIX 8                   /* bytes of an init segment's hash in its name */

struct archive_slot {
	bool has_entry, kept;          /* kept: the bytes are in the archive */
	uint64_t entry;
	int64_t start_us;
	uint32_t bytes, timescale;
	uint8_t init[ARCHIVE_PREFIX];
};

/* Segments from..to (both in, one folder) of one rendition, whose oldest bytes they are. */
struct archive_run {
	char camera[ENTRY_NAME], rendition[ENTRY_NAME];
	uint64_t from, to, bytes;
};

struct archive_range {
	uint64_t oldest, newest, bytes;   /* numbers of kept segments, 0 if none */
};

struct archive;

void archive_segment_path(const char *camera, const char *rendition, uint64_t number, bool unfinished, char out[ARCHIVE_PATH]);
void archive_init_path(const char *camera, const char *rendition, const uint8_t prefix[ARCHIVE_PREFIX], char out[ARCHIVE_PATH]);
/* 0, -ENOENT when nothing is known of that segment, or -errno. */
int archive_read_slot(int dirfd, const char *camera, const char *rendition, uint64_t number, struct archive_slot *ret);
/* Appends the segment's bytes. 0, -ENOENT, -EFBIG, or -errno. */
int archive_read_segment(int dirfd, const char *camera, const char *rendition, uint64_t number, struct buf *out);
/* Appends the init segment's bytes when their hash begins with prefix (else -EBADMSG). As above. */
int archive_read_init(int dirfd, const char *camera, const char *rendition, const uint8_t prefix[ARCHIVE_PREFIX], struct buf *out);

/* Counts what is there. *ret_stale: the index lacks folders and is to be made again from the log. 0, -ENOMEM or -errno. */
int archive_open(int dirfd, struct archive **ret, bool *ret_stale);
void archive_free(struct archive **a);
uint64_t archive_bytes(const struct archive *a);
struct archive_range archive_range(const struct archive *a, const char *camera, const char *rendition);
/* The highest number of a file or slot that a camera has, whatever became of it; 0 for none. 0 or -errno. */
int archive_highest(const struct archive *a, const char *camera, uint64_t *ret);

/* Nothing is written when it is there. 0 or -errno. */
int archive_write_init(struct archive *a, const char *camera, const char *rendition, const struct hash *sha256, const void *p, size_t n);
/* Opens the unfinished file of a new segment and notes its slot (start, timescale, init), so that a crash can be mended. 0 or -errno. */
int archive_begin(struct archive *a, const char *camera, const char *rendition, uint64_t number, const struct archive_slot *slot, int *ret_fd);
/* The file is whole: on disk, under its name, counted, with its slot. fd is synced and not closed; -1: that was done. 0 or -errno. */
int archive_finish(struct archive *a, const char *camera, const char *rendition, uint64_t number, const struct archive_slot *slot, int fd);
/* Removes the unfinished file. */
void archive_abandon(struct archive *a, const char *camera, const char *rendition, uint64_t number);
/* Notes the slot of a segment whose bytes are not kept, or corrects one, with what is counted. 0 or -errno. */
int archive_note(struct archive *a, const char *camera, const char *rendition, uint64_t number, const struct archive_slot *slot);

/* The oldest footage of all, some need_bytes of it, in at most max runs (each of one folder of one rendition). How many; 0 when there is none. */
unsigned archive_oldest(struct archive *a, uint64_t need_bytes, struct archive_run *ret, unsigned max);
/* Removes the files of the run and corrects their slots. 0, or the first -errno (files that are gone are none). */
int archive_remove(struct archive *a, const struct archive_run *run);

/*
 * Calls found for every segment file in the newest two folders of every rendition, by rising number within each
 * rendition. A negative return ends it and is returned.
 */
typedef int archive_found(void *ctx, const char *camera, const char *rendition, uint64_t number, bool unfinished);
int archive_each_new(struct archive *a, archive_found *found, void *ctx);

#endif
