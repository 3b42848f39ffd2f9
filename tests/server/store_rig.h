/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SERVER_STORE_RIG_H
#define TESTS_SERVER_STORE_RIG_H
/*
 * The real roles store and sign, each its own process, with the test as their
 * parent, as ingest and transcode at their rings, and as a serve.
 * One camera, "gate-1": 0 copy, 1 audio, 2 "small"; snapshots are fed by hand.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/ring.h"
#include "media/packager.h"
#include "seal/key.h"
#include "seal/verify.h"
#include "server/channel.h"

#define RIG_ORIGIN "test.example/site"
#define RIG_RENDITIONS 3
#define RIG_SEGMENTS 4096

struct event_base;

struct rig_role {
	pid_t pid;
	struct channel *parent;     /* our end of its channel to the parent */
	bool ready, gone;
	int status;                 /* once gone */
	unsigned bad_peers;
	char why[128];              /* of the last bad peer */
};

struct rig_segment {
	struct msg_segment m;
	struct hash hash;           /* of the bytes behind the descriptor */
	bool is_sealed;
};

#define RIG_PARTS 256

struct rig_part {
	struct msg_part m;
	struct hash hash;
	bool is_sealed;
};

struct rig {
	struct event_base *base;
	char dir[256];              /* holds archive/, site.key, sign.state */
	int archive;
	char vkey[KEY_VKEY];
	struct key_public key;
	uint64_t max_bytes;
	struct rig_role store, sign;
	struct channel *serve;
	struct ring ingest, transcode;
	int ingest_bell, transcode_bell;
	struct packager packager[RIG_RENDITIONS];
	uint64_t epoch;
	uint32_t segment;           /* next one to feed */
	int64_t start_us;           /* capture time of the epoch's beginning */
	unsigned refused;           /* records that a ring did not take */
	bool worker_sound;          /* the camera's worker makes its sound */
	unsigned hidden;            /* bits of renditions that serve may not have */
	unsigned silent;            /* cameras beside it that send nothing */
	unsigned without;           /* bits of renditions that the camera does not have */

	/* heard from store */
	struct msg_store_state state;
	struct msg_rendition_state rendition[RENDITIONS_MAX];
	struct msg_checkpoint checkpoint;
	struct msg_sign_state signed_;
	struct msg_track track[RENDITIONS_MAX];
	struct rig_segment segment_of[RENDITIONS_MAX][RIG_SEGMENTS];
	struct rig_part part[RIG_PARTS];
	unsigned parts;
	struct buf part_bytes;      /* of all of them */
	unsigned taken;             /* cameras that came while it ran */
	unsigned tracks[RENDITIONS_MAX], segments[RENDITIONS_MAX], states, checkpoints;
	uint64_t oldest[RENDITIONS_MAX];
	bool has_have, has_cosigned;
	struct msg_cosigned cosigned;
	struct msg_witness_state witness;
	unsigned witness_states;
	struct msg_log_note note[MSG_LOG_NOTES];
	struct msg_have have;
	bool has_piece;
	struct msg_clip_piece piece;
	struct buf have_bytes;
};

/* A new folder and key; no role runs. */
void rig_begin(struct rig *r);
void rig_end(struct rig *r);
/* Starts a role and waits until it is sealed; false when it ended instead. */
bool rig_start_store(struct rig *r);
bool rig_start_sign(struct rig *r);
/* Gives both the channel between them; sign alone anew after its restart. */
void rig_link_sign(struct rig *r);
void rig_link_serve(struct rig *r);
void rig_link_rings(struct rig *r);
void rig_link_worker(struct rig *r);
/* All of it. */
void rig_start(struct rig *r);
/* MSG_STOP, and waits for the end. Returns the exit status. */
int rig_stop_store(struct rig *r);
void rig_kill(struct rig_role *role);
void rig_kill_all(struct rig *r);
/* Runs the loop until it holds, for ms at most. */
bool rig_until(struct rig *r, bool (*holds)(struct rig *r), int ms);
void rig_run(struct rig *r, int ms);

/* Begins an epoch whose footage is captured from start_us on. */
void rig_epoch(struct rig *r, int64_t start_us);
/* Feeds that many segments of 1 s, each of au_bytes * 25 bytes of copy; all leave for store. with: bits of renditions. */
void rig_feed(struct rig *r, unsigned segments, unsigned with, size_t au_bytes);
/* The same without an end: the last segment stays open behind its first parts. */
void rig_feed_open(struct rig *r, unsigned with, size_t au_bytes);
void rig_flush(struct rig *r);
void rig_put(struct ring *ring, const struct record *rec);
void rig_gap(struct rig *r, enum gap_why why);

/* Until a checkpoint covers all that store says it has. */
bool rig_settle(struct rig *r);
/* rig_start, an epoch of so many segments of each rendition that ends now, and rig_settle. */
void rig_start_with(struct rig *r, unsigned segments);
/* The verdict of verify on the archive as it lies there; free it with verify_free. */
struct verify_report *rig_verify(struct rig *r);
/* Fails the test with all complaints unless the archive is clean. */
void rig_assert_clean(struct rig *r, uint64_t good_at_least);
bool rig_want(struct rig *r, const struct msg_want *w);
/* The same of a clip, until its first answer. */
bool rig_make_clip(struct rig *r, const struct msg_clip_make *m);
/* Whether an entry of the log contains that text. */
unsigned rig_count_entries(struct rig *r, const char *text);

#endif
