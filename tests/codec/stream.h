/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_CODEC_STREAM_H
#define TESTS_CODEC_STREAM_H
/* Streams as cameras make them, coded by x264 when the test runs. */
#include <stdbool.h>
#include <stdint.h>

#include "media/au.h"

#define STREAM_MAX 512
#define STREAM_STEP 3600  /* 25 pictures a second, 90 kHz */

enum stream_chroma { STREAM_420, STREAM_400, STREAM_422, STREAM_444 };

struct stream_kind {
	const char *name;
	unsigned width, height, pictures;
	unsigned keyint;          /* pictures from key to key; 0: only the first */
	unsigned bframes;
	bool interlaced, full_range, noise;
	enum stream_chroma chroma;
	unsigned bits;            /* 0: 8 */
	unsigned sar_num, sar_den;
	/* NULL: as below; else draws picture n, 4:2:0 of 8 bits, into planes that hold nothing in particular. */
	void (*draw)(uint8_t *const plane[3], const int stride[3], const struct stream_kind *k, unsigned n);
	unsigned qp;              /* 0: 18 */
	bool open_gop;            /* H.265: all key frames but the first are CRA, with pictures before them that lean on earlier ones */
};

/* Access units in decode order; picture n of presentation is flat with luma stream_luma(n) (unless noise) and pts n * STREAM_STEP. */
struct stream {
	struct track track;
	struct au au[STREAM_MAX];
	unsigned n;
	/* The parameter sets, each behind its length, for putting them in band */
	uint8_t sets[1024];
	size_t sets_len;
};

unsigned stream_luma(unsigned n);
void stream_make(struct stream *s, const struct stream_kind *k);
/* The same as H.265, by the encoder that libavcodec has if it was built so (Debian's is); key is set of any IRAP. Skips the test if not. */
void stream_make_h265(struct stream *s, const struct stream_kind *k);
void stream_free(struct stream *s);
/* Access unit n with the parameter sets before it, as the number-th in time; its data is to be freed. */
struct au stream_with_sets(const struct stream *s, unsigned n, unsigned number);
/* Repeatable noise. */
uint32_t stream_random(uint32_t *state);

#endif
