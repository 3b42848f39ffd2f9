/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_MEDIA_H
#define SERVER_SERVE_MEDIA_H
/*
 * What serve knows of each camera: its renditions, the newest segments of each
 * (RENDITION_SNAPSHOT has one JPEG file a segment, and is in no playlist),
 * the log's checkpoint; and the playlists, built once per change. All bytes are
 * sealed memory of store's. Pure but for mapping: no clock of its own, no channel.
 */
#include <stdbool.h>
#include <stdint.h>

#include "net/span.h"
#include "server/msg.h"
#include "server/serve_bytes.h"
#include "server/serve_line.h"
#include "server/serve_parts.h"
#include "server/serve_rate.h"

#define SERVE_WINDOW 24      /* segments of a rendition that are held: what left the playlist stays for as long again as that is (RFC 8216bis 6.2.2) */
#define SERVE_ARCHIVED 12    /* of one whose others store has */
#define SERVE_SNAPSHOTS 3    /* snapshots that are held */
#define SERVE_COMPLETE_US 4000000  /* from a camera's first segment: renditions that come later are not waited for */

struct serve_track {
	struct msg_track m;
	struct serve_bytes *init;
};

struct serve_segment {
	struct msg_segment m;
	struct serve_bytes *bytes;
	struct serve_part_list parts;                /* none: it was not watched closely from its beginning */
};

struct serve_rendition {
	struct msg_serve_rendition set;
	struct serve_track track[SERVE_WINDOW + 1];  /* oldest first; the last one is the current one */
	unsigned ntracks;
	struct serve_segment window[SERVE_WINDOW];   /* oldest first */
	unsigned n;
	uint64_t oldest;                             /* that store still has; 0 when not known */
	bool runs;                                   /* on demand: it is being made */
	uint64_t after;                              /* on demand: what was made before it began to run goes up to here, and is not listed */
	uint32_t peak_bps;                           /* of what came since it has this size; 0 while too little did */
	struct serve_bytes *playlist, *delta;        /* NULL: to be built */
	struct serve_parts parts;                    /* of segments under way, and who follows it */
};

struct serve_camera {
	struct msg_serve_camera set;
	struct msg_camera_state state;
	uint32_t target_s;                           /* EXT-X-TARGETDURATION, the same of all its renditions; 0 while it is not known: nothing is listed before */
	struct serve_cut cut[SERVE_CUTS];            /* by number % SERVE_CUTS */
	struct serve_rate rate;                      /* of its pictures */
	struct serve_rendition *rendition[RENDITIONS_MAX];  /* NULL: there is none */
	struct serve_rendition *early[RENDITIONS_MAX];      /* what store told of one that the parent has not told of yet, or not any more */
	struct serve_bytes *multivariant, *manifest, *manifest_near;  /* NULL: to be built */
	struct msg_alarm alarm[ALARM_CAMERA_KINDS];  /* those that have begun */
	int64_t watched_us[RENDITIONS_MAX];          /* when the parent was told last that somebody watches it, 0 if never; */
	struct { int64_t parts, pictures; } closely_us[RENDITIONS_MAX];  /* the same, that somebody does closely */
	unsigned snapshots_for;                      /* the user for whom this process began its snapshots, and one; 0: nobody */
	int64_t first_us;                            /* when its first segment came (the caller's clock), 0 before */
};

struct serve_media {
	struct serve_camera *camera;                 /* SITE_CAMERAS_MAX; without a name: there is none */
	unsigned ncameras;                           /* no camera is beyond */
	struct msg_alarm alarm[ALARM_KINDS];         /* of the site */
	unsigned chunks;                             /* held, of all renditions */
	struct serve_bytes *checkpoint;              /* NULL until the first one */
	uint64_t checkpoint_size;
};

/* NULL on lack of memory. */
struct serve_media *serve_media_new(void);
void serve_media_free(struct serve_media **m);

/* Settings, and their changes while it runs. 0, or -EINVAL for one that cannot be. */
int serve_media_set_camera(struct serve_media *m, const struct msg_serve_camera *set);
int serve_media_set_rendition(struct serve_media *m, const struct msg_serve_rendition *set);
/* Forgets the camera, and all that was told of it. */
int serve_media_drop_camera(struct serve_media *m, unsigned camera);
int serve_media_set_run(struct serve_media *m, const struct msg_rendition_run *run);
int serve_media_set_alarm(struct serve_media *m, const struct msg_alarm *alarm);
/* 1: the target is known now, or another, so that there may be lists where none could be. */
int serve_media_set_state(struct serve_media *m, const struct msg_camera_state *state);

/* There is no store any more: who waits for the rest of a segment under way is told that it will not come. */
void serve_media_lost(struct serve_media *m);
/* Forgets all that came from store; settings and camera states stay. */
void serve_media_reset(struct serve_media *m);
/*
 * What store says. A segment may need an init segment that was not told (an older one, after store began anew): it is
 * asked for when a viewer wants it. 0, -ENOMEM, or -EBADMSG with *why: store may not say that. The descriptor stays the caller's.
 */
int serve_media_track(struct serve_media *m, const struct msg_track *t, int fd, const char **why);
int serve_media_segment(struct serve_media *m, const struct msg_segment *s, int fd, int64_t now_us, const char **why);
int serve_media_part(struct serve_media *m, const struct msg_part *part, int fd, const char **why);
int serve_media_oldest(struct serve_media *m, const struct msg_oldest *o, const char **why);
int serve_media_checkpoint(struct serve_media *m, const struct msg_checkpoint *c, const char **why);

/* NULL when the site has none of that name. */
struct serve_camera *serve_media_camera(const struct serve_media *m, struct span name);
struct serve_rendition *serve_media_rendition(const struct serve_camera *c, struct span name);

const struct serve_segment *serve_media_find(const struct serve_rendition *r, uint64_t number);
/* Borrowed; NULL when it is not held. */
struct serve_bytes *serve_media_init(const struct serve_rendition *r, const uint8_t prefix[8]);
/* One that is made on demand, and either is not or has no segment yet. */
bool serve_media_is_asleep(const struct serve_rendition *r);
/* Whether a segment of that number is being made, or will be when its rendition runs: no camera's rendition is further. */
bool serve_media_is_coming(const struct serve_camera *c, const struct serve_rendition *r, uint64_t number);
/* Whether each of its segments that can be listed begins with a key frame, so that a player can begin with any. */
bool serve_media_is_independent(const struct serve_rendition *r);
/* In server/serve_offer.c: the multivariant playlist, borrowed likewise; whether every rendition that should come has come, so that it is worth giving out. */
struct serve_bytes *serve_media_multivariant(struct serve_camera *c);
bool serve_media_is_complete(const struct serve_camera *c);
/* What is written of the rendition is written again when it is asked for. */
void serve_media_forget_playlist(struct serve_rendition *r);
/* One of which all times can be said in microseconds. */
bool serve_media_is_timescale(uint32_t timescale);
static inline uint64_t serve_media_duration_us(const struct msg_segment *s)
{
	return (uint64_t)s->duration * 1000000 / s->timescale;
}
/* A track as the playlist and codec-string writers want it. */
struct track serve_media_track_of(const struct serve_track *t);

#endif
