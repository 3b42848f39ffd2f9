/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CAMERA_SOURCE_H
#define CAMERA_SOURCE_H
/*
 * Where the test camera's access units come from: a drawn scene with a tone, or
 * a file in a loop. Times are media time: microseconds (due_us) and each track's
 * timescale (pts), both counted from the program's start, so all tracks and all
 * loops lie on one line. A source works only while somebody watches.
 */
#include <stdbool.h>
#include <stdint.h>

#include "media/au.h"

#define SOURCE_TRACKS 2  /* video, then audio if there is any */

struct source_unit {
	unsigned track;
	int64_t due_us;      /* when it should be sent; never decreases within a track */
	struct au au;        /* video: with SPS and PPS before key frames. Lasts until the next call */
};

struct source {
	const struct source_ops *ops;
	struct track track[SOURCE_TRACKS];
	unsigned ntracks;
};

struct source_ops {
	/* Somebody begins to watch at this media time: the next video unit is a key frame, not due before it. 0 or -errno. */
	int (*start)(struct source *s, int64_t media_us);
	/* When source_next has something. */
	int64_t (*due_us)(const struct source *s);
	/* One more viewer: a key frame soon, if the source can. */
	void (*ask_key)(struct source *s);
	/* The unit that is due; media_us and wall_us are the same moment, now. 0 or -errno. */
	int (*next)(struct source *s, int64_t media_us, int64_t wall_us, struct source_unit *ret);
	void (*free)(struct source *s);
};

struct source_scene_settings {
	unsigned width, height;  /* see scene.h */
	unsigned fps;            /* 1..60 */
	bool sound;
	const char *name;
};

#define SOURCE_FPS_MAX 60

/* 0, -EINVAL for settings that can't be, -ENOMEM, -EIO when an encoder fails. */
int source_open_scene(struct source **ret, const struct source_scene_settings *settings);
/*
 * H.264 and, if present, AAC of a file, through libavformat. -errno with *why: a sentence with the
 * mend. *note is set when sound is left out, else NULL. Both are static text.
 */
int source_open_file(struct source **ret, const char *path, const char **why, const char **note);
void source_free(struct source **s);

#endif
