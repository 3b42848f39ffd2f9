/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_CODEC_VIEWER_H
#define TESTS_CODEC_VIEWER_H
/*
 * Takes a transcoder's records as store does, holds them to what record.h promises,
 * and keeps all samples, so that what a viewer would see can be decoded.
 */
#include "codec/picture.h"
#include "media/record.h"

#define VIEWER_SAMPLES_MAX 2048
#define VIEWER_SEGMENTS_MAX 128

struct viewer_sample {
	int64_t pts;              /* without the packager's origin */
	uint32_t duration;
	bool key;
	uint8_t *data;
	size_t len;
};

struct viewer_segment {
	uint64_t epoch;
	uint32_t number;
	unsigned first, parts;    /* sample; how many parts */
	int64_t start, capture_us;
	bool ended;
};

struct viewer {
	struct track track;
	uint64_t epoch;
	unsigned inits, nsamples, nsegments;
	struct viewer_sample sample[VIEWER_SAMPLES_MAX];
	struct viewer_segment segment[VIEWER_SEGMENTS_MAX];
};

/* All renditions of one camera; not for snapshots' parts, whose files are kept as samples. */
extern struct viewer viewer[RENDITIONS_MAX];

void viewer_reset(void);
/* A transcoder's emit; ctx is not looked at. */
int viewer_emit(void *ctx, const struct record *r);
/* Decodes all of one epoch; see gets each picture and how long it is shown. How many there were. */
unsigned viewer_watch(unsigned rendition, void (*see)(void *ctx, const struct picture *p, uint32_t duration), void *ctx);

/* Of 8-bit luma, in dB; 100 when there is no difference. */
double viewer_psnr(const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b, ptrdiff_t b_stride, unsigned width, unsigned height);
/* Mean structural similarity over windows of 8x8, in steps of 4. */
double viewer_ssim(const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b, ptrdiff_t b_stride, unsigned width, unsigned height);

#endif
