/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_CLIP_STATE_H
#define SEAL_CLIP_STATE_H
/* What the parts of clip share; for seal/clip*.c alone. */
#include "seal/clip.h"
#include "seal/clip_log.h"
#include "seal/witness_policy.h"

#define CLIP_GAPS_MAX 4096        /* told; more are only proved and counted */
#define CLIP_DELETES_MAX 4096
#define CLIP_ENTRIES_MAX 250000u  /* besides segments */
#define CLIP_ALARMS 32            /* kinds of alarms that may be on at a time */
#define CLIP_INIT_MAX_BYTES (64u << 10)

enum clip_fate {
	CLIP_GIVEN,
	CLIP_GONE,                /* not in the archive */
	CLIP_CHANGED,             /* its bytes are not those that were sealed */
	CLIP_UNPLAYABLE,          /* its init segment is not there, or not the sealed one */
	CLIP_UNREADABLE,
};

struct clip_segment {
	uint64_t entry, number, bytes;
	int64_t start_us;
	uint32_t duration_ms, clock_error_ms;
	bool clock_rtcp, is_first;        /* is_first: of its rendition, ever */
	uint8_t fate;                     /* enum clip_fate */
	struct hash media, init, encoder;
};

struct clip_rendition {
	char name[ENTRY_NAME];
	struct clip_segment *segment;     /* by entry */
	size_t n, cap;
	uint64_t given, given_bytes;
	int64_t from_us, to_us;           /* of what is given */
};

/* A playable file: segments first to last (places) of a rendition, all of one init segment and in one go. */
struct clip_file {
	char name[CLIP_NAME];
	unsigned rendition;
	size_t first, last;
	uint64_t bytes;
	uint32_t crc32;
	struct hash sha256;
};

/* An encoder/v1 entry. */
struct clip_encoder {
	struct hash leaf;
	uint64_t entry;
};

enum clip_phase { CLIP_PLACE, CLIP_FORWARD, CLIP_BACKWARD, CLIP_CHECK, CLIP_DELETES, CLIP_FOUND, CLIP_LOGGED, CLIP_ENDED };

struct clip {
	const struct verify_source *src;
	char camera[ENTRY_NAME], user[ENTRY_NAME], key[ENTRY_VKEY];
	int64_t from_us, to_us;
	uint64_t bytes_max;
	const void *page;
	size_t page_bytes;

	enum clip_phase phase;
	struct clip_log log;
	uint64_t size;                    /* entries that were looked at, or are to be */
	uint64_t first, next;             /* of the scan: where it began, where it goes on */
	bool covered;                     /* an entry past the asked time was seen */
	bool has_start, has_config, has_before;
	bool has_first;                   /* the very first segment of the rendition that was asked for is in it */
	char alarm[CLIP_ALARMS][ENTRY_NAME];  /* whose state when the time began is known */
	unsigned nalarms;

	struct clip_rendition rendition[CLIP_RENDITIONS];
	unsigned nrenditions;
	uint64_t *entry;                  /* others that are proved */
	size_t nentries, cap_entries;
	struct clip_encoder *encoder;     /* that were seen */
	size_t nencoders, cap_encoders;
	struct entry_gap *gap;
	struct entry_delete *del;
	size_t ngaps, gaps_kept, ndels;
	struct entry_start start;         /* the run that the time began in; nkeep 0: not seen */

	struct clip_file *file;
	size_t nfiles;
	struct hasher hasher;
	struct buf media, init;           /* the segment at hand; the init segment, whose hash is init_hash */
	struct hash init_hash;
	int init_fate;                    /* of the init segment at hand: CLIP_GIVEN, CLIP_UNPLAYABLE or CLIP_UNREADABLE */
	bool file_open;

	struct entry export[CLIP_RENDITIONS];
	bool logged[CLIP_RENDITIONS];
	unsigned nexports;
	unsigned place;                   /* of what comes next: rendition when checking; kind of file when giving out */
	size_t at, part;                  /* segment, proof or file; part of it */
	struct buf text;                  /* a small file */
	struct buf keys, policy;
	struct witness_policy judge;      /* what policy says, when has_judge */
	bool has_judge;
	struct buf cosigned;              /* a checkpoint that witnesses have cosigned and that covers some of the footage, */
	struct checkpoint cosigned_at;    /* size 0: there is none, or the clip's own is it */
	struct buf consistency;           /* from it to the clip's */
	bool cosigned_other;              /* what they have cosigned is not this log */
	struct clip_progress progress;
	char name[CLIP_NAME];
	char why[256];
};

/* Says why and returns rc. */
int clip_fail(struct clip *c, int rc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static inline int64_t clip_end_us(const struct clip_segment *s)
{
	return s->start_us + (int64_t)s->duration_ms * 1000;
}

/* clip_find.c: one step of a scan. As clip_look. */
int clip_find(struct clip *c);
int clip_find_deletes(struct clip *c);
/* Looks for the export/v1 entries among the newest; 0 when all are there, 1 when not yet, or -errno. */
int clip_find_exports(struct clip *c);
/* The entry is proved as well. 0 or -errno. */
int clip_take_entry(struct clip *c, uint64_t index);

/* clip_check.c: the next segment against its entry. As clip_look. */
int clip_check(struct clip *c);
/* Reads the segment, or its init segment, into c->media or c->init; enum clip_fate. */
enum clip_fate clip_read_segment(struct clip *c, const struct clip_rendition *r, const struct clip_segment *s);
enum clip_fate clip_read_init(struct clip *c, const struct clip_rendition *r, const struct clip_segment *s);

/* clip_witness.c: after the entries are known. 0 or -errno. */
int clip_take_cosigned(struct clip *c);
int clip_take_policy(struct clip *c);
/* Segments whose entries are among the first size ones. */
uint64_t clip_segments_below(const struct clip *c, uint64_t size);
/* What the site's policy says of a note; false when there is no policy, or it cannot be judged. */
bool clip_judge(const struct clip *c, const struct buf *note, int64_t now_us, struct witness_verdict *ret);

/* clip_tell.c: what is missing, once for each run of it. */
struct clip_missing {
	const struct clip_rendition *rendition;
	const struct clip_segment *first, *last;
	uint64_t count;
	const struct entry_delete *del;   /* NULL: no entry says that they were removed */
	char why[160];                    /* in words */
};
/* Calls each with every run, in order. */
void clip_each_missing(const struct clip *c, void (*each)(void *arg, const struct clip_missing *m), void *arg);

/* clip_report.c: 0 or -ENOBUFS. */
int clip_report_text(const struct clip *c, struct buf *out);
int clip_report_html(const struct clip *c, struct buf *out);

#endif
