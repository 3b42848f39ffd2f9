/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_VERIFY_H
#define SEAL_VERIFY_H
/*
 * Checks a whole archive against the site's public key: checkpoint, hash tree,
 * entries, each rendition's chain, segments' and init segments' bytes, time
 * without gaps, and files that nobody sealed (doc/evidence.5). It is pure: all
 * bytes come through struct verify_source, under the paths of an archive
 * ("log/checkpoint", "log/tile/0/000", "footage/gate-1/copy/000001/1042.m4s").
 *
 * Memory: a tile, and some 400 bytes for each thousand segments.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "seal/checkpoint.h"
#include "seal/entry.h"
#include "seal/hash.h"
#include "seal/key.h"
#include "seal/witness_policy.h"

#define VERIFY_PATH 160                /* any path and a NUL; longer ones are cut */
#define VERIFY_PROBLEMS_MAX 1000       /* kept; more are only counted */
#define VERIFY_GAPS_MAX 1000           /* kept; more are only counted */
#define VERIFY_ALARMS_MAX 1024
#define VERIFY_CONFIGS_MAX 256         /* kept; more are only counted */
#define VERIFY_PROGRAMS_MAX 64         /* kept; more are only counted */
#define VERIFY_KEYS_MAX 64              /* kept; more are only counted, and the last is in the last place */
#define VERIFY_ENCODERS_MAX 256         /* kept; more are only counted */
#define VERIFY_EXPORTS_MAX 256          /* kept; more are only counted */
#define VERIFY_REASONS_MAX 12
#define VERIFY_SIGNATURES (ENTRY_SIGNATURE_AXIS + 1)
#define VERIFY_RENDITIONS_MAX 16384u
#define VERIFY_PROOFS_MAX (1u << 22)   /* of a clip */
#define VERIFY_FOLDERS_MAX (1u << 20)  /* thousands of segments, all renditions together */

/* Everything returns 0 or -errno; -ENOENT means: there is no such file. */
struct verify_source {
	/* The whole file, appended to out (which is empty); -ENOBUFS when larger than out may get. */
	int (*get)(void *ctx, const char *path, struct buf *out);
	/* Feeds the whole file to h; *ret_bytes its size. -EFBIG when it has more than max_bytes. */
	int (*hash)(void *ctx, const char *path, uint64_t max_bytes, struct hasher *h, uint64_t *ret_bytes);
	/* Calls each with every file below folder, in any order, until it returns other than 0 (handed on). NULL: cannot be listed. */
	int (*list)(void *ctx, const char *folder, int (*each)(void *arg, const char *path), void *arg);
	/* Appends n bytes from offset at on to out; fewer where the file ends. Only clips need it. */
	int (*part)(void *ctx, const char *path, uint64_t at, size_t n, struct buf *out);
	/* Waits until a running site may have signed more; false: give up. NULL: nothing runs. */
	bool (*again)(void *ctx);
	/* Told now and then how far it is. May be NULL. */
	void (*progress)(void *ctx, uint64_t entries, uint64_t of, uint64_t bytes);
	void *ctx;
};

struct verify_filter {
	const char *camera;             /* NULL: all */
	int64_t from_us, to_us;         /* segments that touch this time; INT64_MIN, INT64_MAX: all */
};

enum verify_kind {
	VERIFY_CHANGED,                 /* bytes are not those that were sealed */
	VERIFY_MISSING,                 /* sealed, not deleted, and not there */
	VERIFY_EXTRA,                   /* a file that no entry names */
	VERIFY_ORDER,                   /* an entry does not follow the one before it */
	VERIFY_UNSIGNED,                /* in the log, but no checkpoint by the key covers it */
	VERIFY_UNACCOUNTED,             /* a time without footage and without a gap entry */
	VERIFY_LOG,                     /* the log itself is damaged */
	VERIFY_UNWITNESSED,             /* not cosigned by those whom the policy needs */
	VERIFY_UNREADABLE,              /* could not tell */
	VERIFY_KINDS
};

/* One thing that does not hold. Fields that say nothing are "" or 0. */
struct verify_problem {
	enum verify_kind kind;
	char camera[ENTRY_NAME], rendition[ENTRY_NAME];
	uint64_t first, last;           /* numbers of segments, both in */
	int64_t from_us, to_us;
	char path[VERIFY_PATH];         /* escaped */
	char text[200];
};

/* A key that signs from then on, by what the log says. */
struct verify_key {
	int64_t from_us;
	char vkey[ENTRY_VKEY];
	char by[ENTRY_VKEY];            /* the key that it replaced, or the token's that certified it; "": none */
	char why[ENTRY_NAME];           /* "start", "certificate", or as key/v1 says */
};

struct verify_gap {
	char camera[ENTRY_NAME], why[ENTRY_NAME];
	int64_t from_us, to_us;
};

/* What was verified. */
enum verify_shape { VERIFY_ARCHIVE, VERIFY_CLIP, VERIFY_SEGMENT };

/* What the log says of one rendition, and what was checked. */
struct verify_rendition {
	char camera[ENTRY_NAME], rendition[ENTRY_NAME];
	uint64_t segments;              /* entries */
	uint64_t good, good_bytes;      /* whose bytes were checked and hold */
	uint64_t deleted, not_kept, not_offered, not_asked;
	uint64_t changed, missing;      /* whose bytes are others, or not there without an entry that says so */
	uint64_t in_files;              /* of a clip: that lie in its files */
	uint64_t first, last;           /* numbers */
	int64_t from_us, to_us;
	uint64_t clock_rtcp, clock_arrival;            /* segments, by where their time comes from */
	uint32_t clock_typical_ms, clock_worst_ms;     /* of what the site estimated of its error */
	uint64_t signature[VERIFY_SIGNATURES];         /* segments, by enum entry_signature */
};

/* Times of one camera without footage, as gap entries tell. */
struct verify_reason {
	char why[ENTRY_NAME];
	uint64_t gaps;
	int64_t us;
};

struct verify_account {
	char camera[ENTRY_NAME];
	uint64_t gaps;
	int64_t gap_us;
	struct verify_reason reason[VERIFY_REASONS_MAX];  /* later ones are in the sums only */
	unsigned nreasons;
};

/* A checkpoint that holds, as it is there. */
struct verify_note {
	bool there;
	struct checkpoint at;
	uint8_t bytes[NOTE_MAX_BYTES];
	size_t len;
};

/* What a policy says of it. */
struct verify_quorum {
	bool is_judged, is_needed;      /* needed: it was given with the key, it does not only lie beside the footage */
	bool is_listed;                 /* the policy names no log, or one by a key that leads to this one, or to which this one leads */
	bool is_part;                   /* the judged checkpoint is not the newest: see struct verify_report, uncosigned */
	struct witness_policy policy;
	struct witness_verdict verdict;
	uint64_t size;                  /* entries that the judged checkpoint covers; 0: there was none */
	int64_t now_us;
};

struct verify_report {
	enum verify_shape shape;
	struct checkpoint checkpoint;   /* the last one that held; size 0 if none did */
	bool is_signed;
	struct verify_note note, cosigned;  /* the checkpoint; the one that witnesses have cosigned, if it is of this log */
	uint64_t uncosigned;            /* segments that were asked for whose entries come after that one */
	int64_t uncosigned_us;          /* the earliest of their times */
	struct buf keys;                /* the key notes, where they hold */
	struct verify_quorum quorum;
	bool is_part;                   /* not all of it was asked for */
	bool own_key;                   /* the key came with the footage: set by the caller, who knows */
	struct key_public given;        /* the key that it was verified with */
	uint64_t entries, starts, stops, crashes;  /* crashes: a start without a stop before it */
	uint64_t unfinished, leftover;  /* files being written; files of deleted segments */
	uint64_t bytes;                 /* hashed */
	struct verify_rendition *rendition;
	size_t nrenditions;
	struct verify_account *account;  /* a camera each */
	size_t naccounts;
	struct verify_gap gap[VERIFY_GAPS_MAX];
	uint64_t ngaps;
	struct entry_alarm alarm[VERIFY_ALARMS_MAX];
	uint64_t nalarms;
	struct entry_config config[VERIFY_CONFIGS_MAX];
	uint64_t nconfigs;
	struct entry_encoder encoder[VERIFY_ENCODERS_MAX];  /* of a rendition, where it is another than before */
	uint64_t nencoders;
	struct entry_export export[VERIFY_EXPORTS_MAX];
	uint64_t nexports;
	uint64_t logins, refusals;
	uint64_t views;                     /* watch/v1 entries */
	struct verify_key key[VERIFY_KEYS_MAX];
	uint64_t nkeys;
	struct entry_start programs[VERIFY_PROGRAMS_MAX];  /* starts with other programs than the start before */
	uint64_t nprograms;
	struct verify_problem problem[VERIFY_PROBLEMS_MAX];
	uint64_t nproblems, nunreadable;  /* all together; those of VERIFY_UNREADABLE */
};

/* 0 with *ret (free it with verify_free) however bad the archive is; -ENOMEM. */
int verify_run(const struct verify_source *src, const struct key_public *key, const struct verify_filter *filter,
	struct verify_report **ret);
/* The same for a clip (doc/evidence.5): the source's paths are those of its folder, and it lists ".", with "./" before each. */
int verify_run_clip(const struct verify_source *src, const struct key_public *key, const struct verify_filter *filter,
	struct verify_report **ret);
/* The same for one segment by its proof; key notes beside it count (keys_path may be NULL). */
int verify_run_segment(const struct verify_source *src, const struct key_public *key, const char *segment_path, const char *proof_path,
	const char *keys_path, struct verify_report **ret);
void verify_free(struct verify_report **r);
/*
 * Judges by a policy what was found to hold; printed and counted from then on, when needed is set also in the status. 0; -EBADMSG,
 * -EKEYREJECTED as witness_policy_judge, when there is nothing that could be judged.
 */
int verify_judge(struct verify_report *r, const struct witness_policy *p, int64_t now_us, bool needed);
/* The exit status: 0 all holds, 1 something does not, 2 could not tell. */
int verify_status(const struct verify_report *r);

const char *verify_kind_name(enum verify_kind k);
const char *verify_signature_name(enum entry_signature s);
/* What people compare a key by: SHA-256 of its vkey with a line feed, which is what `sha256sum site.key.pub` prints. */
void verify_fingerprint(const struct key_public *k, char out[HASH_HEX]);
/* For people, lines of text; 0 or -ENOBUFS. */
int verify_print(const struct verify_report *r, struct buf *out);
/* One JSON object and a line feed; 0 or -ENOBUFS. */
int verify_print_json(const struct verify_report *r, struct buf *out);

#endif
