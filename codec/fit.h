/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_FIT_H
#define CODEC_FIT_H
/*
 * Samples fitted to the times at which they belong, in blocks of an encoder's
 * frame: a file counts samples, a camera's timeline need not. Pure.
 *
 *   - what is missing (FIT_GAP_MS or more) becomes silence of that length;
 *   - what is too much (FIT_AHEAD_MS) is left out;
 *   - what is off by less is drift or a shaking clock: once its mean is FIT_DRIFT_MS off, samples
 *     are stretched or pressed by at most 1 in FIT_STRETCH until it is back.
 * So sound is never more than FIT_AHEAD_MS from its time. All joins are smoothed.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIT_BLOCK 1024             /* samples a channel */
#define FIT_CHANNELS_MAX 2
#define FIT_GAP_MS 20
#define FIT_AHEAD_MS 40
#define FIT_DRIFT_MS 10
#define FIT_STRETCH 128
#define FIT_SILENCE_MAX_S 30

struct fit {
	uint32_t rate;                 /* Hz; times are in its ticks */
	unsigned channels;
	/* A whole block, channels interleaved, borrowed for the call. Not 0: the end, fit_add returns it. */
	int (*block)(void *ctx, int64_t pts, const int16_t *samples);
	void *ctx;

	bool begun, drifting, ahead;
	int64_t next;                  /* the time of the next sample to come */
	int64_t off;                   /* how far samples come after that: a mean, in sixteenths of one */
	int16_t last[FIT_CHANNELS_MAX];
	int32_t join[FIT_CHANNELS_MAX];  /* the step at the last join, smoothed away over the next samples */
	uint32_t join_left;
	int16_t held[FIT_BLOCK * FIT_CHANNELS_MAX];
	unsigned nheld;
	uint64_t silence, left_out, stretched;  /* samples, a channel */
};

/* rate 1000..192000, channels 1..FIT_CHANNELS_MAX. */
void fit_init(struct fit *f, uint32_t rate, unsigned channels, int (*block)(void *ctx, int64_t pts, const int16_t *samples), void *ctx);
/*
 * n samples a channel whose first belongs at pts (no further from 0 than AU_TIME_MAX). 0; -ERANGE when more than
 * FIT_SILENCE_MAX_S is missing (nothing is taken: end this, begin anew); or what block returned.
 */
int fit_add(struct fit *f, int64_t pts, const int16_t *samples, size_t n);
/* What is held goes out, silence behind it. */
int fit_end(struct fit *f);

#endif
