/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_EVIDENCE_EVIDENCE_H
#define TESTS_EVIDENCE_EVIDENCE_H
/*
 * The table of single mutations that every verifier judges alike: casemate verify, verify.html and the page. It is made anew
 * each time, always the same, into a folder:
 *
 *     key                  the site's public key, to be given to the verifier
 *     clean/segment/       5.m4s and 5.m4s.tlog-proof; in some rows with the site's key notes beside them, called keys
 *     clean/clip/          a clip (evidence(5))
 *     clean/archive/       an archive
 *     table                one mutation a line, fields between tabs: ID SHAPE VERDICT WHAT
 *     delta/ID/...         files that are put into (a copy of) clean/SHAPE, over those of the same name
 *     delta/ID.gone        if there: paths that are taken out of it, one a line
 *     delta/ID.key         if there: the key to give instead
 *     many                 clean segments with their proofs, one after the other: a length (4 bytes, big-endian) and the
 *                          segment's bytes, a length and its proof's
 *
 * SHAPE is segment, clip or archive. VERDICT is good, or a kind of casemate-verify(1) that must be among what is named:
 * others may be named beside it, but then nothing is good; unreadable means that nothing else than this is named.
 * Of a single segment: "changed" says that its bytes are not what the entry names, "unsigned" that the checkpoint does
 * not hold, "log" that the proof is malformed or does not lead to the checkpoint's root, or is about something else.
 */
#include <stdbool.h>
#include <stdio.h>

#include "archive.h"

#define EVIDENCE_ORIGIN "site.example"
#define EVIDENCE_MANY 10000
#define EVIDENCE_FIRST 960              /* numbers in the archive */
#define EVIDENCE_AWAY 1000              /* before this one the camera was away */
#define EVIDENCE_INIT 1006              /* from here on with another init segment */
#define EVIDENCE_LAST 1030
#define EVIDENCE_CLIP_FIRST 990
#define EVIDENCE_CLIP_LAST 1012
#define EVIDENCE_SEGMENT 1003           /* the single one */
#define EVIDENCE_UNKNOWN "\xe2\x80\x94 witness.example AAAAAAAAAAA=\n"  /* a signature line */
#define EVIDENCE_AT(n) (ARCHIVE_T0 + ((int64_t)(n) - EVIDENCE_FIRST) * 2000000 + ((n) >= EVIDENCE_AWAY ? 60000000 : 0))

struct evidence {
	const char *folder;
	FILE *table;
	unsigned rows;
	char id[16];                    /* of the row that is being written */
	struct archive *site;
	struct archive *clip;           /* only its files */
	uint8_t *segment;               /* the single one and its proof */
	size_t segment_bytes;
	struct buf proof;
};

/* Writes all of it into an empty folder; 0 or -errno. */
int evidence_write(const char *folder);

/* Begins a row; the others write its delta. */
void evidence_row(struct evidence *e, const char *shape, const char *verdict, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Makes base into b, as far as paths begin so. */
void evidence_become(struct evidence *e, struct archive *base, struct archive *b, const char *begin);
void evidence_put(struct evidence *e, const char *path, const void *p, size_t n);
void evidence_gone(struct evidence *e, const char *path);
void evidence_key(struct evidence *e, const struct key_public *k);
/* A file of which one bit is another. */
void evidence_flip(struct evidence *e, const struct archive_file *f, size_t at);

/* A key that is always the same for the same seed. */
struct key_private *evidence_make_key(const char *name, uint8_t seed);
/* The site; changes are made by hooks before it is published: NULL for none. */
struct archive *evidence_site(void);
/* The archive's clip, of its newest checkpoint. */
struct archive *evidence_clip(struct archive *site);
/* Index of that segment's entry. */
uint64_t evidence_entry(const struct archive *a, const char *camera, const char *rendition, uint64_t number);
/* Of the gate: segments first..last of a rendition but those that are gone (0, 0: none). */
struct evidence_footage {
	const char *rendition;
	uint64_t first, last, gone_first, gone_last;
};

/* An export entry of them, with another rendition of the clip beside them (NULL: none). */
void evidence_export(struct archive *a, const struct evidence_footage *of, const struct evidence_footage *beside);
/* One of both: each entry names the other. */
void evidence_export_both(struct archive *a, const struct evidence_footage of[2]);
/* Proof of an entry under the checkpoint of the first size entries, with a note of its own when note is not NULL. */
void evidence_proof(struct archive *a, uint64_t index, uint64_t size, const struct buf *note, struct buf *out);

/* Lines of a text: drops, doubles, or swaps line i with the next one; false where there is none. */
enum evidence_edit { EVIDENCE_DROP, EVIDENCE_TWICE, EVIDENCE_SWAP };
bool evidence_line(const void *p, size_t n, unsigned i, enum evidence_edit how, struct buf *out);
/* The line that begins with field and a blank, with another value. */
bool evidence_value(const void *p, size_t n, const char *field, const char *value, struct buf *out);

void evidence_segment_rows(struct evidence *e);
void evidence_clip_rows(struct evidence *e);
void evidence_archive_rows(struct evidence *e);
void evidence_key_rows(struct evidence *e);
void evidence_account_rows(struct evidence *e);
void evidence_witness_rows(struct evidence *e);

#endif
