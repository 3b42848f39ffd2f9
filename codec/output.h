/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_OUTPUT_H
#define CODEC_OUTPUT_H
/*
 * One encoded rendition: scaled from the picture or from a larger rendition's,
 * cleaned of noise, written on, encoded when there is something new in it, and
 * packaged.
 *
 * Nothing new: no block has changed since the picture that was coded last, and
 * none of what must be coded: what begins a segment, a new second on the overlay's
 * clock, a picture in each part (so that none is longer than it should be, and a
 * viewer never waits long), a notice. An output whose larger one has nothing new need
 * not even be scaled, when both were coded last of the same picture.
 */
#include "codec/changes.h"
#include "codec/cuts.h"
#include "codec/denoise.h"
#include "codec/encoder.h"
#include "codec/frame.h"
#include "codec/gop_signer.h"
#include "codec/lane.h"
#include "codec/overlay.h"
#include "codec/scale.h"
#include "media/packager.h"

/*
 * A picture is coded whole, without hints about what is still in it, so long after a key frame, then after twice that, and so on
 * up to a part's length: what is looked at for long and coarse is mended soon. While something changes it stays at the second step.
 */
#define OUTPUT_MEND_90K (TIMESCALE_VIDEO * 16 / 100)
#define OUTPUT_MEND_CHANGING 1
#define OUTPUT_CLOSE_LEAST_MS 200  /* so long a picture may stand though each is wanted as it comes: it has come, then */
#define OUTPUT_STILL_NORMAL_90K (TIMESCALE_VIDEO / 8)  /* a lookahead is so many pictures long, so they must not come too seldom */

/* One picture for all outputs. */
struct output_picture {
	struct lane_picture lane;
	uint64_t number;               /* another for each picture */
	uint64_t epoch;
	unsigned fps;                  /* pictures that come in a second, 0: not known yet */
	unsigned fps_step;             /* of an output's rate it makes one in 2^fps_step */
	bool only_cuts;                /* and nothing else, for want of time, */
	bool behind;                   /* or to catch up */
};

struct output {
	struct transcoder_rendition want;
	const struct transcoder_settings *settings;  /* borrowed */
	struct packager packager;
	uint32_t part_ms;              /* so long as nobody watches closely */
	int64_t close_90k, part_pts;   /* somebody does: no part is longer, the one under way began then; 0 */
	struct gop_signer *signer;     /* NULL: it is not signed */
	struct output *parent;         /* it is scaled from that one's pictures; NULL: from the stream's */
	bool running, given_up;
	uint32_t from_segment;         /* it begins no earlier */

	/* From output_begin to output_end. */
	struct encoder *encoder;
	struct scale *scale;
	struct denoise *denoise;       /* of one without parent, if it is wished */
	struct changes *changes;
	struct overlay *overlay;       /* both: NULL until needed */
	struct frame *written;
	uint8_t *still;                /* a byte a block */
	struct cuts cuts;              /* the encoder may be late */
	int64_t due;                   /* no picture before this, to keep to want.fps */
	int64_t whole_pts;             /* of the picture that was coded whole last */
	unsigned mended;               /* of these since the key frame */
	bool key_owed;                 /* the segment's first picture was not coded yet */
	bool noticed;                  /* the picture coded last bears a notice */
	int64_t coded_pts;             /* of the picture coded last, INT64_MIN: none */
	int64_t coded_second;          /* on its overlay's clock */
	int64_t agrees;                /* what its root's coded_pts was, when the picture coded last was as good as that */
	struct picture made;           /* scaled, of picture made_number */
	bool sent;                     /* something was packaged, */
	uint64_t sent_epoch;           /* last in that epoch */
	uint32_t sent_segment;         /* and segment */
	uint64_t made_number, judged_number;  /* of the last picture it was compared, or coded without */
	bool same;                     /* and found the same */

	uint64_t encoded, same_count, behind_count, refused, errors;
};

/* 0, -EINVAL for a rendition that can't be, -ENOMEM. */
int output_init(struct output *o, const struct transcoder_rendition *want, const struct transcoder_settings *s, const struct packager_hooks *hooks);
/* Parts of that length, as somebody watches closely; 0: as at first. */
void output_part(struct output *o, uint32_t part_ms);
/* Without ending anything. */
void output_free(struct output *o);
/* It begins with a segment; does nothing for one that has begun. 0, -ENOMEM, -EIO, or emit's. */
int output_begin(struct output *o, const struct output_picture *p);
static inline bool output_has_begun(const struct output *o) { return o->encoder; }
/* Its parent is another one now, or none. */
int output_set_parent(struct output *o, struct output *parent);
/* The next picture: coded, or not. Its parents' turn was before. 0, -ENOMEM, -EIO, or emit's. */
int output_add(struct output *o, const struct output_picture *p);
/* What is under way goes out, its segment ends; all that output_begin took is given back. 0, -EIO or emit's. */
int output_end(struct output *o);

#endif
