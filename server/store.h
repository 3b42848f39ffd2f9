/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_STORE_H
#define SERVER_STORE_H
/*
 * The inside of the role store. One loop thread owns everything here; what waits
 * for the disk is work for three threads (server/store_work.h), which touch only
 * what their work carries and the engine that is theirs: the log's thread struct
 * tlog, the writer's struct archive, the reader's nothing but files.
 *
 *     store.c        settings, start, tick, stop
 *     store_camera.c cameras and renditions: the first ones, and those that come, change and go meanwhile
 *     store_feed.c   rings: records of ingest and transcode -> segments
 *     store_parts.c  chunks of segments under way, while somebody watches closely
 *     store_seal.c   a segment is over: sealed, hashed, entered
 *     store_encoder.c  with what encoded segments are made
 *     store_watch.c    who watched what
 *     store_account.c  the time without footage: gaps
 *     store_log.c    entries -> journal -> sign -> checkpoint
 *     store_disk.c   footage to the archive, retention, what the disk lost
 *     store_map.c    a segment's memory, mapped
 *     store_witness.c  what witnesses have cosigned of the log
 *     store_serve.c  what the serve processes are told, and what they ask for
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/ring.h"
#include "media/record.h"
#include "seal/entry.h"
#include "seal/hash_many.h"
#include "server/clip_rate.h"
#include "server/role.h"
#include "server/store_period.h"
#include "server/store_work.h"
#include "store/archive.h"
#include "store/heads.h"
#include "store/tlog.h"

#define STORE_WINDOW 12              /* newest segments of a rendition that stay in memory */
#define STORE_EPOCHS 4               /* of a camera, that encoded renditions may still be at */
#define STORE_SOURCES 32             /* copy segments whose hash encoded ones may still ask for */
#define STORE_SNAPSHOTS 3            /* newest ones that stay in memory, and at most so many wait for their source */
#define STORE_SNAPSHOT_BYTES (2u << 20)  /* noise of 1280 x 1280 takes less */
#define STORE_SERVES_MAX 64
#define STORE_PRODUCERS_MAX (64 + SITE_CAMERAS_MAX)
/* Some five seconds of 200 cameras. What waits is in the windows anyway, so it costs memory only once it is older than they are. */
#define STORE_QUEUE_BYTES (256u << 20)
#define STORE_QUEUE_JOBS 4096u
#define STORE_CLIPS_MAX 4u           /* for viewers, at a time; some 10 MB and a segment each */
#define STORE_READS_MAX 128u         /* answers to one serve that wait for the reader */

struct store_camera;
struct store_rendition;

/* Bytes of a segment that can be looked at. */
struct store_view {
	const uint8_t *p;
	void *own;                       /* mapped for this view alone; NULL: it is part of the segment's mapping */
	size_t own_bytes;
};

/* One segment: its bytes live as long as the window, the writer or a held list needs them. */
struct segment {
	atomic_uint refs;
	struct store_rendition *of;
	uint64_t number, epoch;
	uint32_t discontinuity, timescale, clock_error_ms;
	bool independent, clock_rtcp;
	bool primary;                    /* what it covers counts for the camera */
	atomic_int fd;                   /* memfd, sealed when it is over */
	int first_fd;                    /* the memfd it was written to, when another had to be sealed; the writer may still be at it. Else -1 */
	uint64_t bytes, duration, entry;
	uint64_t decode_time;            /* of its first sample, as in its tfdt */
	int64_t start_us;                /* wall clock, whole milliseconds */
	struct store_period period;
	struct hash media, init, source, encoder;
	bool has_encoder;
	enum sei_signature signature;    /* of the camera's own, in its pictures */
	struct store_view sealed;        /* while it is hashed */
	struct hash_range *samples;      /* of copy, until it is sealed: what of its bytes came from the camera */
	unsigned nsamples, samples_cap;
	const char *unkept;              /* why its bytes do not go to the archive; NULL: they do */
	bool queued;                     /* the writer has heard of it */
	int64_t held_us;                 /* mono: since when it waits for its source */
	TAILQ_ENTRY(segment) next;       /* in unhashed, held or finishing */
	TAILQ_ENTRY(segment) waiting;    /* in unsynced */
	uint64_t mapped;                 /* bytes at map, from its begin until the writer or the last reference ends it; 0: none */
	uint8_t *map;
	/* the writer's alone */
	int file, error;
	uint64_t written;
};
TAILQ_HEAD(segment_list, segment);

struct store_lost {
	uint64_t from, to, bytes;        /* from 0: none */
	const char *why;
	int64_t since_us;                /* mono */
};

/* With what an encoded rendition is made, as the parent says. */
struct store_made {
	bool told, entered;              /* entered: the log says so since this run began */
	char encoder[ENTRY_PROGRAM], settings[ENTRY_SETTINGS];
	struct hash leaf;
};

/* While somebody watches closely. */
struct store_closely {
	uint16_t chunk_ms, part_ms;      /* as the parent said; 0: nobody does, or wants no parts */
	bool published;                  /* the open segment's chunks are, */
	bool counts;                     /* and from its first one on, so that parts can be counted, */
	uint16_t target_ms;              /* under this target */
	unsigned part;                   /* the next chunk's, and how much of it there is */
	uint64_t part_duration;
	int64_t due_us;                  /* mono: the newest chunk, had they come at an even pace */
};

struct store_rendition {
	struct store_camera *camera;
	struct store_made encoder;
	uint8_t index;
	char name[SITE_NAME];            /* "" when the site has none of that index */
	bool kept;
	bool has_init;
	uint64_t epoch;                  /* of its init segment */
	struct hash init;
	struct msg_track track;
	int init_fd;
	struct segment *open;
	uint32_t open_segment, next_part;
	bool over;                       /* the open segment's last part is there, by its producer's word */
	struct store_closely closely;
	int64_t fed_us;                  /* mono: when the open segment got its last part */
	int64_t begun_us;                /* mono: the newest beginning, had they come at an even pace */
	uint64_t newest;                 /* number, 0 for none */
	uint64_t newest_bytes;
	int64_t newest_end_us;
	struct segment *window[STORE_WINDOW];  /* oldest first */
	unsigned nwindow;
	unsigned unshown;                /* segments in unsynced */
	struct segment_list held;        /* over, but the hash of their source is not known yet */
	struct store_lost lost;
	uint64_t lost_segments;
	struct archive_range range;      /* as the writer last said */
	uint32_t rate_bps;
	bool hidden;                     /* not for serve */
	bool gone;                       /* not made any more; its name stays its own */
	bool changed;
	int64_t told_us;                 /* mono: when the parent last heard */
};

struct store_epoch {
	uint64_t epoch, base;            /* number = base + segment - first */
	uint32_t first, discontinuity;
	bool begun;                      /* base and first are set */
	bool by_worker;                  /* of a camera that has nothing but sound which its worker makes; ingest said nothing of it */
	enum role_kind sound;            /* who makes its sound, ingest or transcode; ROLE_PARENT: nobody yet */
	struct store_periods periods;
};

struct store_camera {
	char name[SITE_NAME];
	struct store_rendition rendition[RENDITIONS_MAX];
	struct store_epoch epoch[STORE_EPOCHS];  /* newest first */
	uint64_t highest;                /* number, of any rendition */
	bool taken;                      /* what the archive has of it is known: it may be spoken of */
	bool gone;                       /* not in the site file any more; its name stays its own */
	bool new_ingest;                 /* or a new worker whose epochs were all there are, and no epoch of its yet */
	uint64_t covered_epoch;
	bool has_copy;                   /* ever had */
	uint32_t discontinuity;
	int64_t covered_us;              /* wall clock: until when entries account for it */
	int64_t covered_mono_us;         /* when that was so */
	int64_t wall_less_mono_us;       /* and how the clocks stood then */
	bool gap;                        /* no footage since then, because of why */
	bool entered;                    /* the log has said so, and it lasts */
	enum gap_why why;
	unsigned unhashed;               /* segments of it in the list */
	bool overload;                   /* ingest left parts out since the last segment */
	bool clock_rtcp;                 /* as ingest said last; a worker does not know */
	uint32_t clock_error_ms;
	struct { uint64_t number; struct hash media; } source[STORE_SOURCES];
	unsigned nsources;
};

struct producer {
	struct store *store;
	enum role_kind role;
	unsigned index;
	struct ring ring;
	int bell;
	struct event *rung;
};

struct serve {
	struct store *store;
	struct channel *channel;         /* NULL: free */
	unsigned index;
	uint32_t generation;             /* answers to an earlier holder of the place are dropped */
	bool dead;                       /* to be closed by the tick */
	unsigned replayed;               /* renditions it knows of */
	unsigned reads;                  /* answers that wait for the reader */
};

struct store_clip;

struct store_delete {
	TAILQ_ENTRY(store_delete) next;
	struct archive_run run;
	uint64_t entry;
};

struct store {
	struct role role;
	struct msg_store_site site;
	struct hash build;
	struct store_camera *camera;     /* SITE_CAMERAS_MAX; without a name: there never was one */
	unsigned ncameras;               /* no camera is beyond */
	struct producer *producer[STORE_PRODUCERS_MAX];
	unsigned last_producer;          /* no place above it is taken */
	struct buf record;               /* one record, copied out of a ring: all but parts, which go straight into their segments */
	struct serve serve[STORE_SERVES_MAX];
	struct event *tick, *replay, *stop_timer, *finish_timer, *hash_timer;
	struct segment_list unhashed;    /* sealed; hashed together, which is faster where many end at about the same time */
	struct segment_list unsynced;    /* entered, not archived, and the entry is not on the disk yet; by entry */
	unsigned unhashed_n, hash_batch; /* hash_batch: so many are not waited for any more */
	unsigned ticks;
	int64_t start_us;                /* wall clock */
	bool running;                    /* start/v1 is in the log */
	bool stopping;
	int64_t stop_us;                 /* mono: when to stop waiting */

	/* log */
	struct worker logger;
	struct tlog *log;                /* the logger's */
	struct heads heads;              /* at next */
	enum heads_run last_run;
	uint64_t next, synced, published, sent;   /* entries: of the next one; on disk; under a checkpoint; told to sign */
	struct buf batch;                /* entries that the logger has not got yet, as a bundle */
	unsigned nbatch;
	bool syncing, sync_failed, asking, publishing, publish_again, publish_failed;
	struct msg_checkpoint pending;   /* from sign, to be published */
	struct msg_checkpoint note;      /* published */
	int64_t published_us;            /* wall clock */
	struct event *sync_timer, *publish_timer;
	struct store_witness *witness;   /* NULL until sign's first hello */
	struct msg_store_policy policy;  /* as the parent said last */
	struct channel *sign;
	uint32_t sign_run;               /* counts its channels */
	bool sign_greeted, sign_ready;   /* its hello came; and was right */
	char vkey[ENTRY_VKEY];
	struct msg_sign_hello hello;     /* its newest */
	struct msg_key_note key_note;    /* from sign, to be kept */
	struct { char next[ENTRY_VKEY]; int64_t next_us; } turning;  /* whose key/v1 this run added */
	struct event *keys_timer;
	uint64_t entries, gaps, segments, dropped, copied;

	/* disk */
	struct worker writer, reader;
	struct archive *archive;         /* the writer's */
	struct work_list later;          /* DISK_FINISH that waits for finish_timer */
	struct segment_list finishing;   /* entered, and the writer has not said that the file is whole; by entry */
	TAILQ_HEAD(, store_delete) deletes;  /* wait for their entry to be under a checkpoint */
	unsigned deleting;               /* runs whose deletion is entered, and their files are not gone */
	TAILQ_HEAD(, store_clip) clips;  /* that are being made for viewers */
	unsigned nclips;
	struct clip_rate clip_rate;
	uint64_t queue_bytes;
	unsigned queue_jobs, finishing_n;
	uint64_t archive_bytes, disk_free_bytes;
	int64_t disk_retry_us;           /* mono: nothing is written before */
	int64_t apart_until_us;          /* mono; the writer's, and so is the next: what DISK_SYNC came to */
	bool synced_together;
	const char *disk_why;
	bool asked_disk;
	char alarm_log[160], alarm_disk[160], alarm_footage[160], alarm_witness[160];
};

/* store_seal.c */
struct segment *segment_ref(struct segment *s);
void segment_drop(struct segment **s);
/* Ends the rendition's open segment: seals it, and hashes and enters it now or with others. No-op when none is open. */
void store_end_segment(struct store *s, struct store_rendition *r);
/* After the settings. */
void store_hash_begin(struct store *s);
/* Hashes and enters what waits for it. */
void store_hash(struct store *s);
/* Enters held segments whose source is known by now or who waited long enough; all when force. */
void store_release_held(struct store *s, struct store_camera *c, bool force);
/* Shows serve what waited for its entry to be on the disk. */
void store_show_synced(struct store *s);

/* store_account.c; all of it only while the log is open for entries. */
/* The segment that begins at to_us is about to come: a gap/v1 up to there if the camera has one. hole: numbers before it are missing. */
void store_account(struct store *s, struct store_camera *c, uint64_t epoch, int64_t to_us, bool hole);
/* It was entered, and ends then. */
void store_account_segment(struct store_camera *c, int64_t end_us);
/* There is no footage now, because of why. */
void store_account_gap(struct store_camera *c, enum gap_why why);
/* Each second: a gap that lasts is entered meanwhile. */
void store_account_tick(struct store *s, struct store_camera *c);
/* Behind start/v1: accounts of all cameras are opened, and those of cameras that are not in the site file any more closed. */
void store_account_begin_all(struct store *s);
/* The same of one that comes later; no-op before start/v1. */
void store_account_begin(struct store *s, struct store_camera *c);
/* It is removed from the site file. */
void store_account_end(struct store *s, struct store_camera *c);
/* Up to the run's end. */
void store_account_end_all(struct store *s, int64_t now_us);

#define STORE_ANSWER(name) void name(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])

/* store_camera.c: answers to the parent before the role is sealed, */
STORE_ANSWER(store_camera_set);
STORE_ANSWER(store_camera_set_rendition);
/* and while it runs */
STORE_ANSWER(store_camera_comes);
STORE_ANSWER(store_camera_rendition);
STORE_ANSWER(store_camera_goes);
STORE_ANSWER(store_camera_config);
/* The parent may have ingest begin with it. */
void store_camera_say_taken(struct store *s, const struct store_camera *c);
/* Room for so many cameras. */
void store_camera_room(struct store *s, unsigned n);
/* What the log and the archive know of all of them: before any thread runs. */
void store_camera_begin_all(struct store *s);
/* The same of one that came later; on_disk: archive_highest. The ranges are set already. */
void store_camera_begin(struct store *s, struct store_camera *c, uint64_t on_disk);

/* store_export.c: footage was handed out, on this machine */
STORE_ANSWER(store_export_said);
/* An export/v1 entry; false, and it is in the log of events, when there is no room for it. */
bool store_export_add(struct store *s, const struct entry *e, uint64_t *ret_index);

/* store_clip.c: answers to a serve, */
STORE_ANSWER(store_clip_make);
STORE_ANSWER(store_clip_next);
STORE_ANSWER(store_clip_end);
/* and what goes on meanwhile: a checkpoint is out; a serve, or the whole (NULL), ends */
void store_clip_published(struct store *s);
void store_clip_end_all(struct store *s, const struct serve *v);

/* store_watch.c */
STORE_ANSWER(store_watch);
/* store_encoder.c */
STORE_ANSWER(store_encoder);
/* The leaf of the entry that says how the rendition is made, entered now if it was not; false: nobody told. */
bool store_encoder_of(struct store *s, struct store_rendition *r, struct hash *ret_leaf);

/* store_feed.c */
void store_ring_from(struct store *s, enum role_kind role, unsigned index, int ring_fd, int bell_fd);
/* What is in them by now. */
void store_drain_rings(struct store *s);
/* They are read from the loop, without waiting for their bells. */
void store_wake_rings(struct store *s);
void store_drop_rings(struct store *s);

/* store_parts.c */
STORE_ANSWER(store_parts_length);
/* A segment has begun. */
void store_parts_begin(struct store_rendition *r);
/* Whether the next part of the open segment is for viewers at once: asked once for each. */
bool store_parts_wanted(struct store_rendition *r);
/* Writes it behind the open segment, and tells of it. 0, -EAGAIN when nothing was written and it may go there by itself, or -errno. */
int store_parts_add(struct store *s, struct store_rendition *r, const struct ring *from, const struct record_part *part);
/* For a serve that is new: the open segment so far, in a sealed memfd, which is the caller's. -errno when there is none to tell of. */
int store_parts_so_far(struct store_rendition *r, struct msg_part *ret);

/* store_log.c */
/* 0 with the entry's index, or -ENOBUFS when the log could not be written for too long. */
int store_log_add(struct store *s, const struct entry *e, uint64_t *ret_index);
void store_log_flush(struct store *s);
void store_log_publish_again(struct store *s);
/* sign's newest place; called again whenever more became sure. */
void store_log_tell_sign(struct store *s);
void store_sign_peer(struct store *s, unsigned index, int fd);
bool store_log_settled(const struct store *s);

/* store_map.c: a new segment's memory is mapped, for as many bytes as it will likely have. Without memory for it there is none, and each view has its own. */
void store_map_begin(struct segment *seg, uint64_t bytes);
/* Who has the last reference; the writer once the segment is hashed; or the loop if the writer never heard of it. */
void store_map_end(struct segment *seg);
/* n bytes that have been written; of the mapping if they lie in it. From any thread. 0, or -errno and *ret is untouched. */
int store_view(const struct segment *seg, uint64_t offset, size_t n, struct store_view *ret);
int store_view_of(int fd, uint64_t offset, size_t n, struct store_view *ret);
/*
 * Its n bytes (n > 0) are about to be written somewhere by the kernel. Linux (6.16) copies without a look at whether they are there: what a
 * missing page cuts short is thrown away with what it was copied to, cleared, and copied again in halves.
 */
void store_view_touch(const struct store_view *v, size_t n);
void store_view_end(struct store_view *v);

/* store_disk.c */
void store_disk_init(struct store *s, struct store_rendition *r, const uint8_t *p, size_t n);
void store_disk_part(struct store *s, struct segment *seg, uint64_t offset, size_t n);
/* The segment has its entry: its file is to be made whole, or its slot noted. */
void store_disk_finish(struct store *s, struct segment *seg);
/* Those that were put off, so that they are synced together: by one syncfs, or the first one's fdatasync brings the file system's own records of all to the disk. */
void store_disk_finish_all(struct store *s);
/* The segment gets no entry. */
void store_disk_abandon(struct store *s, struct segment *seg);
void store_disk_published(struct store *s);
void store_disk_flush_lost(struct store *s, struct store_rendition *r, bool now);
void store_disk_look(struct store *s);
/* Asks for what store_camera_begin is to be told. */
void store_disk_ask_camera(struct store *s, struct store_camera *c);
/* Entries before this one may go under a checkpoint: their files are whole. */
uint64_t store_disk_barrier(const struct store *s);

/* store_keys.c; the first three on any thread, of the published log. */
/* Appends log/keys; -ENOENT when no key was ever made known. */
int store_keys_read(int dirfd, struct buf *out);
/*
 * Whether log/keys says that hello's key was replaced, and that sign does not know, as after a state put back or lost: who does
 * stands exactly there. 0 or -errno; -EBADMSG when log/keys is damaged.
 */
int store_keys_replaced(int dirfd, const struct msg_sign_hello *h, bool *ret);
/* Whether the key/v1 entry that hello's turn waits for is in the log and not signed yet. The logger's. */
bool store_keys_has_turned(const struct tlog *log, const struct msg_sign_hello *h);
/* Enters it, unless this run has. */
void store_keys_turn(struct store *s);
/* Keeps it in log/keys, then says so to sign. */
void store_keys_note(struct store *s, const struct msg_key_note *m);
/* Once more. */
void store_keys_keep(struct store *s);
/* store_witness.c */
STORE_ANSWER(store_witness_policy);
/* Before the role is sealed: OpenSSL loads what checks a signature. */
void store_witness_warm(void);
/* Reads what is written down of them, once the log has begun and sign's key is known. */
void store_witness_begin(struct store *s);
/* What a serve brings; to is told what came of it, if it is still there by then. */
void store_witness_take(struct serve *to, const struct msg_cosignature *m);
/* What a serve that is new shows of them. */
void store_witness_tell(struct serve *to);
/* After the logger has ended. */
void store_witness_free(struct store *s);

/* store_serve.c */
/* Nothing, if it is gone or does not take what it is told. */
void store_serve_say(struct serve *v, enum msg_type type, const void *body);
void store_serve_peer(struct store *s, unsigned index, int fd);
void store_serve_track(struct store *s, struct store_rendition *r);
/* All that there is of one that was hidden so far. */
void store_serve_rendition(struct store *s, struct store_rendition *r);
void store_serve_segment(struct store *s, struct segment *seg);
void store_serve_part(struct store *s, struct store_rendition *r, const struct msg_part *m, int fd);
void store_serve_checkpoint(struct store *s);
void store_serve_oldest(struct store *s, struct store_rendition *r);
/* After store_camera_room: serves are told of the new ones too. */
void store_serve_room(struct store *s);
void store_serve_replay(struct store *s);
void store_serve_reap(struct store *s);
/* The same with a descriptor, which stays the caller's; -1: none. */
void store_serve_hand(struct serve *v, enum msg_type type, const void *body, int fd);
void store_serve_lied(struct serve *v, const char *why);

/* store.c */
_Noreturn void store_give_up(const char *event, const char *why, const char *mend);
void *store_alloc(size_t n);   /* zeroed; without memory the role ends */
struct store_rendition *store_rendition_at(struct store *s, unsigned camera, unsigned rendition);  /* NULL if the site has none */

#endif
