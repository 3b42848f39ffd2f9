/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SEAL_ARCHIVE_H
#define TESTS_SEAL_ARCHIVE_H
/* A whole archive in memory, built as the site would, for verify to read and for tests to damage. */
#include "seal/verify.h"

#define ARCHIVE_T0 INT64_C(1795361400000000)              /* 2026-11-22T15:30:00Z */
#define ARCHIVE_AT(n) (ARCHIVE_T0 + (int64_t)(n) * 2000000)  /* when segment n of the example begins, before the outage */
#define ARCHIVE_SEGMENTS 150
#define ARCHIVE_FILES 4096
#define ARCHIVE_ENTRIES 70000

struct archive_file {
	char path[VERIFY_PATH];
	uint8_t *p;
	size_t n;
};

struct archive {
	struct key_private *key;
	struct archive_file file[ARCHIVE_FILES];
	size_t nfiles;
	uint8_t (*entry)[ENTRY_MAX_BYTES];
	size_t *entry_len;
	struct hash *leaf;
	uint64_t size;
	bool has_encoder;             /* encoded renditions name this entry */
	struct hash encoder;
	struct hash source;           /* what encoded renditions say that they were made from */
	unsigned epoch;               /* another one: another init segment */
	size_t media_bytes;           /* of a segment, about; 300 */
	unsigned waits;               /* times that again may say yes; each calls then */
	void (*then)(struct archive *a);
};

/* An empty one with a new key of that name, or with a key (which becomes the archive's). */
struct archive *archive_new(const char *origin);
struct archive *archive_with(struct key_private *key);
void archive_free(struct archive **a);

struct archive_file *archive_find(struct archive *a, const char *path);
/* Makes or replaces. */
void archive_put(struct archive *a, const char *path, const void *p, size_t n);
void archive_remove(struct archive *a, const char *path);
/* Changes one bit of byte at (modulo the length) of a file. */
void archive_flip(struct archive *a, const char *path, size_t at);
void archive_flip_segment(struct archive *a, const char *camera, const char *rendition, uint64_t n, size_t at);

/* The entry's index. */
uint64_t archive_append(struct archive *a, const struct entry *e);
/* A segment of duration_ms with made-up bytes: entry and, if kept, files. Chained to the rendition's last. */
uint64_t archive_segment(struct archive *a, const char *camera, const char *rendition, uint64_t number, int64_t start_us, bool kept);
void archive_gap(struct archive *a, const char *camera, int64_t from_us, int64_t to_us, const char *why);
/* With why NULL only the files go. */
void archive_delete(struct archive *a, const char *camera, const char *rendition, uint64_t from, uint64_t to, const char *why);
/* Another encoder entry, which the renditions' segments name from then on. */
void archive_encoder(struct archive *a, const char *camera, const char *rendition, const char *settings);
void archive_start(struct archive *a, int64_t time_us);
void archive_stop(struct archive *a, int64_t time_us);
void archive_path(const char *camera, const char *rendition, uint64_t number, char out[VERIFY_PATH]);

/* Writes tiles of the first size entries (old partial ones go), or only the checkpoint for them, signed by key. */
void archive_tiles(struct archive *a, uint64_t size);
void archive_checkpoint(struct archive *a, uint64_t size, const struct key_private *key);
/* Both, of all entries. */
void archive_publish(struct archive *a);

/* A segment's made-up bytes, at most a->media_bytes of them. */
size_t archive_media(const struct archive *a, const char *camera, const char *rendition, uint64_t number, uint8_t *out);
/* Bytes of an init segment: boxes, as a reader of a clip wants them. */
size_t archive_init(const char *camera, const char *rendition, unsigned epoch, uint8_t out[128]);
/* The proof of entry index in the log of all entries, under a checkpoint for it. */
void archive_proof(struct archive *a, uint64_t index, struct buf *out);

/* struct verify_source's get of ctx, an archive; and all of one whose files are those of a clip. */
int archive_get(void *ctx, const char *path, struct buf *out);
struct verify_source archive_folder(struct archive *a);
/* verify over it; wants lists, again only when a->waits. */
struct verify_report *archive_verify(struct archive *a, const struct verify_filter *filter, bool can_list);
/*
 * The example: numbers 950 to 1099, so that two folders are used, of three cameras with five renditions. The site was killed
 * after 1000 and was off for a minute; 950 to 959 of the yard are deleted. Some 700 entries: two full tiles and one that is not.
 */
struct archive *archive_example(void);
/* One more segment of each of its renditions. */
void archive_round(struct archive *a, uint64_t n, int64_t start_us);
/* The report as text; static memory. */
char *archive_explain(const struct verify_report *r);
/* Whether a problem names that segment (number 0: the camera). */
bool archive_named(const struct verify_report *r, const char *camera, const char *rendition, uint64_t number);

#endif
