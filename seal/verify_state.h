/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_VERIFY_STATE_H
#define SEAL_VERIFY_STATE_H
/* What the parts of verify share; no other room includes it. */
#include <errno.h>

#include "seal/keychain.h"
#include "seal/tile.h"
#include "seal/tree.h"
#include "seal/verify.h"

#define FOLDER_SEGMENTS 1000
#define VERIFY_CLOCKS 124         /* of verify_sums.c's buckets */
#define VERIFY_ENCODERS_KNOWN 4   /* a segment may be logged after the encoder entry that follows its own */
#define INITS_MAX 4096            /* of one rendition; later ones are looked up again and again */
#define PENDING_MAX 4096          /* files that are newer than the log; more are reported at once */
#define HOLES_MAX 64              /* tiles in a row that are not there, past what a checkpoint signs: then the log has ended */

/* A thousand segments, a bit each. */
struct verify_folder {
	uint64_t n;                   /* number / 1000 */
	uint8_t named[FOLDER_SEGMENTS / 8], missing[FOLDER_SEGMENTS / 8], deleted[FOLDER_SEGMENTS / 8];
};

#define VERIFY_COPIES 32u             /* an encoded segment is logged seconds behind the copy that it was made from */

struct verify_init {
	struct hash hash;
	uint64_t first, last;         /* numbers of segments that use it */
	bool missing, changed;
};

/* A copy segment that encoded ones may name. */
struct verify_copy {
	bool there;
	uint64_t number;
	struct hash media;
};

struct verify_camera {
	char name[ENTRY_NAME];
	struct verify_copy copy[VERIFY_COPIES];        /* the last ones, at number modulo their count */
	int64_t covered_us;           /* until when; 0: not seen yet */
	size_t report;                /* index of its struct verify_account */
	bool has_copy, lost;          /* lost: entries in between could not be read */
	bool open;                    /* its account is: it is in the site file */
};

struct verify_track {
	size_t report;                /* index of its struct verify_rendition */
	struct verify_camera *camera;
	struct hash leaf, tile_leaf;  /* of its last entry: out of the entry, and as the tile has it */
	bool seen, lost, offered;
	uint64_t unsigned_first, unsigned_last;
	struct verify_folder *folder; /* sorted by n */
	size_t nfolders;
	struct verify_init *init;
	size_t ninits;
	uint64_t clock[VERIFY_CLOCKS];
	struct hash encoder[VERIFY_ENCODERS_KNOWN], encoder_text;  /* leaves of its encoder entries; what the last one says */
	unsigned nencoders;
	int64_t film_from_us, film_to_us;              /* of a clip: what lies in its files */
	uint64_t film_bytes;
	uint64_t exported;            /* 1 + index of the newest export entry that says just this; 0: none */
	uint64_t excused;             /* 1 + index of the newest delete entry that says why a segment is in none; 0: none */
	char name[2 * ENTRY_NAME];    /* "camera/rendition": what tracks are sorted by */
};

/* A segment, to name it in a complaint about the log. */
struct verify_ref {
	struct verify_track *track;
	uint64_t number;
};

struct verify_level {
	struct hash hash[TILE_WIDTH];
	struct verify_ref ref[TILE_WIDTH];
	unsigned n;
	uint64_t index;
};

struct verify_pending {
	char camera[ENTRY_NAME], rendition[ENTRY_NAME];
	uint64_t number;
};

struct verify_clip;

struct verify {
	const struct verify_source *src;
	struct keychain keys;         /* from the key that was given on */
	char log_key[ENTRY_VKEY];     /* which signs, by what the log says */
	struct entry_key turn;        /* the last change of it; by is "" once a run began with the next one, and if there was none */
	char strange_key[ENTRY_VKEY]; /* one of these that is not among keys, and did not lead to one of them yet; "" if none */
	const struct verify_filter *filter;
	struct verify_report *report;
	struct verify_clip *clip;     /* NULL: it is an archive */
	const char *note_path, *keys_path;          /* of the checkpoint and of the key notes */
	const char *segment_path, *proof_path;      /* of a single segment */
	struct hasher hasher;
	struct buf tile, bundle, note;

	struct checkpoint target;     /* walk to here */
	bool past;                    /* what is read now is past the checkpoint */
	bool stale;                   /* a tile was replaced by a newer checkpoint's while we read */
	bool root_bad;
	bool cosigned_holds;          /* what witnesses have cosigned is this log */
	uint64_t size;                /* entries walked */
	unsigned holes;               /* tiles in a row, up to here, of which nothing was there */
	struct tree by_entry, by_tile;
	bool named_log;               /* a complaint about the log already names a segment */
	struct verify_level level[TILE_LEVELS];
	struct tile widest;           /* of the entries on disk; width 0: none */

	struct verify_track **track;  /* sorted by name */
	size_t ntracks, cap_tracks;
	struct verify_camera **camera;
	size_t ncameras, cap_cameras;
	size_t nfolders;
	struct entry_start start;     /* the run that entries belong to; nkeep 0: none seen */
	bool running;
	int64_t told_us;              /* the time of the entry that was read last */
	uint64_t index;               /* of the entry that is being taken in */

	struct verify_pending *pending;
	size_t npending;
	int error;                    /* -ENOMEM ends it */
};

/* Adds a problem; camera, rendition, path may be NULL. */
struct verify_problem *verify_add_to(struct verify_report *r, enum verify_kind kind, const char *camera, const char *rendition, uint64_t first,
	uint64_t last, const char *path, const char *fmt, ...) __attribute__((format(printf, 8, 9)));
#define verify_add(v, ...) verify_add_to((v)->report, __VA_ARGS__)
/* The same for a file that could not be read for another reason than -ENOENT. */
void verify_add_unreadable(struct verify *v, const char *path, int rc);
static inline struct verify_rendition *verify_rendition_of(const struct verify *v, const struct verify_track *t)
{
	return &v->report->rendition[t->report];
}

/* verify_tracks.c: NULL when it is not known (find) or out of memory (get; v->error is set). */
struct verify_track *verify_track_find(const struct verify *v, const char *camera, const char *rendition);
struct verify_track *verify_track_get(struct verify *v, const char *camera, const char *rendition);
struct verify_camera *verify_camera_get(struct verify *v, const char *name);
/* Index of the first folder that holds number or larger ones. */
size_t verify_folder_from(const struct verify_track *t, uint64_t number);
/* The folder of number; makes it when make is set (v->error on failure), else NULL if there is none. */
struct verify_folder *verify_folder(struct verify *v, struct verify_track *t, uint64_t number, bool make);
bool verify_bit(const uint8_t *bits, uint64_t number);
void verify_set(uint8_t *bits, uint64_t number, bool on);
void verify_tracks_free(struct verify *v);

/* verify_entry.c: takes one entry in. */
void verify_entry(struct verify *v, uint64_t index, const uint8_t *p, size_t n, const struct hash *leaf, const struct hash *tile_leaf,
	struct verify_ref *ret_ref);
/* What an entry that cannot be used may still tell of the segment that it was about, into ret. */
void verify_salvage(const uint8_t *p, size_t n, struct verify_problem *ret);
/* Entries in between could not be read. */
void verify_lost(struct verify *v);

/* verify_keys.c: a run begins with this key; a key takes another's place; the log has ended. */
void verify_start_key(struct verify *v, const struct entry_start *s);
void verify_key_change(struct verify *v, const struct entry_key *k);
void verify_keys_end(struct verify *v);

/* verify_sums.c: counts an entry; at the end, what follows from the sums. */
void verify_count_segment(struct verify *v, struct verify_track *t, const struct entry_segment *s);
void verify_count_gap(struct verify *v, const struct verify_camera *c, const struct entry_gap *g);
void verify_encoder(struct verify *v, const struct entry_encoder *e, const struct hash *leaf);
/* The encoder entry that a segment names is one of the last before it. */
void verify_check_encoder(struct verify *v, const struct verify_track *t, const struct entry_segment *s);
/* A copy segment's bytes are what the encoded segments of its number say that they were made from. */
void verify_check_source(struct verify *v, struct verify_camera *c, const struct entry_segment *s);
void verify_login(struct verify *v, const struct entry_login *l);
void verify_export(struct verify *v, const struct entry_export *e);
/* Of a clip: whether its export entries are of what its files hold. */
void verify_exports_end(struct verify *v);
void verify_sums_end(struct verify *v);

/* verify_account.c: footage of a camera from..to; a gap. */
void verify_cover(struct verify *v, struct verify_camera *c, int64_t from_us, int64_t to_us);
void verify_gap(struct verify *v, const struct entry_gap *g);
/* Of every entry, behind what its kind says. */
void verify_account_entry(struct verify *v, const struct entry *e);
/* The archive's log ends here. */
void verify_account_end(struct verify *v);

/* verify_media.c: hashes a file into *ret and counts its bytes; -EFBIG when it has more than max_bytes. */
int verify_hash_file(struct verify *v, const char *path, uint64_t max_bytes, struct hash *ret, uint64_t *ret_bytes);
bool verify_wanted(const struct verify *v, const char *camera, int64_t from_us, int64_t to_us);
void verify_media(struct verify *v, struct verify_track *t, const struct entry_segment *s);
void verify_deleted(struct verify *v, const struct entry_delete *d);
/* Says what is still missing. */
void verify_media_end(struct verify *v);
bool verify_any_missing(const struct verify *v);

/* verify_log.c: walks on to that many entries; stops where v->stale is set. */
void verify_walk(struct verify *v, uint64_t size);
/* The tiles above level 0 that are not full, and the root of v->target. */
void verify_tops(struct verify *v);
/* What is read is no checkpoint of the site (rather than not read). */
static inline bool verify_is_bad_note(int rc)
{
	return rc == -EBADMSG || rc == -ENOKEY || rc == -EKEYREJECTED || rc == -EKEYEXPIRED || rc == -ENOBUFS;
}
/* Learns from the key notes, if there are any; what is wrong with them is said. */
void verify_learn_keys(struct verify *v);
/* A checkpoint by a key of the site, as keychain_checkpoint. */
int verify_open_checkpoint(struct verify *v, const void *note, size_t n, struct checkpoint *ret, const char **why);
/* Reads the checkpoint: 0 with v->target when it is by the key, else as keychain_checkpoint or the source. */
int verify_checkpoint(struct verify *v, struct checkpoint *ret, const char **why);

/* verify_files.c */
void verify_list_log(struct verify *v);
void verify_list_footage(struct verify *v);
/* Entries for which there are tiles on disk. */
uint64_t verify_size_on_disk(const struct verify *v);
/* Whether all that was newer than the log is by now in it. */
bool verify_settled(const struct verify *v);
void verify_files_end(struct verify *v);
/* What no checkpoint by the key covers. */
void verify_say_unsigned(struct verify *v);

/* verify_witness.c: log/cosigned, if it is there; whether the log walked so far is that one; the log has ended. */
void verify_keep_note(struct verify_note *to, const struct buf *note, const struct checkpoint *at);
void verify_read_cosigned(struct verify *v, const char *path);
void verify_see_cosigned(struct verify *v);
/* The same of a clip, when its checkpoint is known: by a consistency proof. */
void verify_clip_cosigned(struct verify *v);
/* Counts a segment that witnesses have not cosigned. */
void verify_count_cosigned(struct verify *v, const struct entry_segment *s);
void verify_cosigned_end(struct verify *v);

/* verify_segment.c: a single one by its proof. */
void verify_segment(struct verify *v);

/* verify_clip.c: all of a clip; a segment of it. */
void verify_clip(struct verify *v);
void verify_clip_segment(struct verify *v, struct verify_track *t, const struct entry_segment *s);

#endif
