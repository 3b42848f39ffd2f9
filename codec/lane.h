/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_LANE_H
#define CODEC_LANE_H
/*
 * One decoding of a stream: access units of one epoch in, pictures out that may be
 * shown: privacy masks are drawn, and each knows whether it begins a segment.
 *
 * When access units are decoded but no pictures come of it, for LANE_BLIND_90K by the
 * stream's time, the last good one comes out once in that time, or black when there
 * is none, with a notice to be put on it: never a frozen picture passed off as live.
 *
 * A sparse lane decodes key frames that begin segments and nothing else.
 */
#include "codec/picture.h"
#include "codec/transcoder.h"

#define LANE_BLIND_90K TIMESCALE_VIDEO

struct lane_picture {
	struct picture picture;
	int64_t step;                  /* since the one before it, 90 kHz; 0: it is the first */
	uint64_t keys;                 /* key frames among the access units so far */
	bool cut;                      /* it begins a segment */
	uint32_t segment;
	int64_t blind_since_us;        /* it is an old one: there is none since then (wall clock). 0: it is good */
};

struct lane_counts {
	uint64_t pictures;             /* good ones */
	uint64_t errors;               /* access units, or pictures, that were damaged beyond use */
	int64_t blind_since_us;        /* 0: the newest picture is good */
};

struct lane;

/* The settings are borrowed. As decoder_open. */
int lane_open(struct lane **ret, const struct track *track, const struct transcoder_settings *s);
void lane_free(struct lane **l);
/*
 * One access unit; begins: it is the first of its segment. All pictures must have been fetched before. 0, or -ENOMEM; what
 * cannot be decoded is counted.
 */
int lane_feed(struct lane *l, const struct record_au *au, bool begins);
/* What is delayed comes out of lane_next; then it takes access units again from the next key frame on that begins a segment. */
void lane_drain(struct lane *l);
/* Drains it too: from either to the other it goes at such a key frame. */
void lane_set_sparse(struct lane *l, bool sparse);
/* The next picture, valid until the next call: 1, or 0 when there is none, -ENOMEM. */
int lane_next(struct lane *l, struct lane_picture *ret);
/* The pts of the picture given last, INT64_MIN when there was none. */
int64_t lane_last_pts(const struct lane *l);

struct lane_counts lane_counts(const struct lane *l);

#endif
