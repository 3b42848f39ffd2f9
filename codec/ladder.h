/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_LADDER_H
#define CODEC_LADDER_H
/*
 * All encoded renditions of a camera, from one decoding: each is scaled from the
 * nearest larger one of its shape, and the largest alone is cleaned of noise and
 * has to be compared where nothing happens. Twice a second the scene is looked at.
 *
 * It also knows what can be given up for want of time: frame rate, halved at each of
 * the first LADDER_RATE_STEPS steps; then all renditions but the one of the highest
 * priority, one a step; at last all that does not begin a segment.
 */
#include "codec/output.h"
#include "codec/scene.h"

#define LADDER_RATE_STEPS 2

struct ladder {
	const struct transcoder_settings *settings;  /* borrowed */
	unsigned n;
	struct output output[TRANSCODER_RENDITIONS_MAX];
	struct output *order[TRANSCODER_RENDITIONS_MAX];  /* the larger first */
	unsigned steps;                /* given up */
	uint64_t pictures;
	int64_t step;                  /* from picture to picture, 90 kHz: a mean; 0: not known yet */
	struct scene scene;
	unsigned scene_bits;
	uint64_t scene_keys;
	int64_t scene_due;
	uint64_t looked;               /* pictures of which the scene was looked at */
};

/* 0 or -EINVAL. */
int ladder_init(struct ladder *l, const struct transcoder_settings *s, const struct packager_hooks *hooks);
/* Without ending anything. */
void ladder_free(struct ladder *l);
/* NULL when there is none of that number. */
struct output *ladder_find(struct ladder *l, unsigned rendition);
bool ladder_runs(const struct ladder *l);
/*
 * A picture for all that run, or for one alone that is behind the others: it then has no part in them until ladder_arrange.
 * 0, -ENOMEM, -EIO, or emit's.
 */
int ladder_show(struct ladder *l, const struct lane_picture *p, uint64_t epoch, bool behind);
int ladder_show_to(struct ladder *l, struct output *o, const struct lane_picture *p, uint64_t epoch);
/* After output.running, or what is given up, has changed: ends what does not run, and finds whom each is scaled from. 0, -EIO or emit's. */
int ladder_arrange(struct ladder *l);
/* The epoch is over: all end. 0, -EIO or emit's. */
int ladder_end(struct ladder *l);

unsigned ladder_steps_max(const struct ladder *l);
/* Whether the last step is taken. */
bool ladder_makes_only_cuts(const struct ladder *l);
/* What is beyond the last step is that one. As ladder_arrange. */
int ladder_set_steps(struct ladder *l, unsigned steps);

#endif
