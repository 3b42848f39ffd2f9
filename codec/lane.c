/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/lane.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "codec/cover.h"
#include "codec/cuts.h"
#include "codec/decoder.h"
#include "codec/frame.h"

#define BLACK_WIDTH 64
#define BLACK_HEIGHT 36

/* Where the stream is: of one access unit. */
struct place {
	int64_t dts, pts, capture_us;
};

struct lane {
	struct decoder *decoder;
	struct cover *cover;     /* NULL: no masks */
	struct frame *black;     /* NULL: was not needed */
	struct cuts cuts;
	bool sparse;
	bool waiting;            /* for a key frame that begins a segment */
	bool holds;              /* the decoder may hold something back */
	bool draining;
	int64_t last_pts;        /* of the picture given last */
	uint64_t keys;

	bool fed, judged;        /* judged: of what was fed last, what there is to say of blindness was said */
	bool begins;             /* it is the first of its segment */
	struct place in;         /* fed last */
	struct place seen;       /* fed last when the last good picture came out, or first */
	int64_t seen_us;         /* capture of that picture */
	int64_t notice_dts;      /* of the last old picture; INT64_MIN: none since the last good one */
	struct lane_counts counts;
};

int lane_open(struct lane **ret, const struct track *track, const struct transcoder_settings *s)
{
	struct lane *l = calloc(1, sizeof *l);
	int rc;

	if (!l)
		return -ENOMEM;
	l->last_pts = l->notice_dts = INT64_MIN;
	l->judged = true;
	rc = decoder_open(&l->decoder, track, s->max_pixels);
	if (!rc && s->nmasks)
		rc = cover_new(&l->cover, s->mask, s->nmasks, s->cpu);
	if (rc)
		lane_free(&l);
	else
		*ret = l;
	return rc;
}

void lane_free(struct lane **lp)
{
	struct lane *l = *lp;

	if (!l)
		return;
	decoder_free(&l->decoder);
	cover_free(&l->cover);
	frame_free(&l->black);
	free(l);
	*lp = NULL;
}

/* Whether it can be decoded from here on. */
static bool wants(struct lane *l, const struct record_au *au, bool begins)
{
	bool start = begins && au->au.key;

	if (start)
		l->waiting = false;
	return start || !(l->sparse || l->waiting);
}

int lane_feed(struct lane *l, const struct record_au *au, bool begins)
{
	struct place at = {au->au.dts, au->au.pts, au->au.capture_us};
	int rc;

	l->keys += au->au.key;
	if (begins)
		cuts_add(&l->cuts, at.pts, au->segment);
	if (!wants(l, au, begins))
		return 0;
	if (!l->fed) {
		l->seen = at;
		l->seen_us = at.capture_us;
	}
	l->fed = l->holds = true;
	l->judged = false;
	l->in = at;
	l->begins = begins;
	rc = decoder_feed(l->decoder, &au->au);
	if (rc == -ENOMEM)
		return rc;
	if (rc)
		l->counts.errors++;
	if (l->sparse)
		lane_drain(l);
	return 0;
}

void lane_drain(struct lane *l)
{
	l->waiting = true;
	if (!l->holds)
		return;
	decoder_drain(l->decoder);
	l->draining = true;
}

void lane_set_sparse(struct lane *l, bool sparse)
{
	if (l->sparse == sparse)
		return;
	lane_drain(l);
	l->sparse = sparse;
}

/* What is on its way out of the decoder is not missing yet: only as long as nothing comes out at all is there no picture. */
static bool is_blind(const struct lane *l)
{
	if (l->in.dts - l->seen.dts <= LANE_BLIND_90K || l->in.pts <= l->last_pts)
		return false;
	return l->begins || l->notice_dts == INT64_MIN || l->in.dts - l->notice_dts >= LANE_BLIND_90K;
}

static int blacken(struct lane *l, struct picture *ret)
{
	int rc = l->black ? 0 : frame_new(&l->black, BLACK_WIDTH, BLACK_HEIGHT);

	if (rc)
		return rc;
	frame_blacken(l->black);
	*ret = l->black->picture;
	ret->colour = (struct colour){COLOUR_UNSPECIFIED, COLOUR_UNSPECIFIED, COLOUR_UNSPECIFIED};
	return 0;
}

static int take_old(struct lane *l, struct picture *ret)
{
	int rc = decoder_last(l->decoder, ret) ? 0 : blacken(l, ret);

	ret->pts = l->in.pts;
	ret->capture_us = l->in.capture_us;
	l->notice_dts = l->in.dts;
	l->counts.blind_since_us = l->seen_us > 0 ? l->seen_us : 1;
	return rc ? rc : 1;
}

static int take_good(struct lane *l, const struct picture *p)
{
	l->seen = l->in;
	l->seen_us = p->capture_us;
	l->notice_dts = INT64_MIN;
	l->counts.blind_since_us = 0;
	l->counts.pictures++;
	return 1;
}

/* 1 with one, 0: none, -ENOMEM. */
static int take(struct lane *l, struct picture *ret)
{
	if (decoder_picture(l->decoder, ret))
		return take_good(l, ret);
	if (l->draining) {
		decoder_resume(l->decoder);
		l->draining = l->holds = false;
	}
	if (l->judged)
		return 0;
	l->judged = true;
	return is_blind(l) ? take_old(l, ret) : 0;
}

static void place_in_segment(struct lane *l, struct lane_picture *ret)
{
	ret->step = l->last_pts == INT64_MIN ? 0 : ret->picture.pts - l->last_pts;
	l->last_pts = ret->picture.pts;
	ret->cut = cuts_reach(&l->cuts, ret->picture.pts);
	ret->segment = l->cuts.segment;
	ret->keys = l->keys;
	ret->blind_since_us = l->counts.blind_since_us;
}

int lane_next(struct lane *l, struct lane_picture *ret)
{
	int rc;

	while ((rc = take(l, &ret->picture)) == 1) {
		if (ret->picture.pts <= l->last_pts)  /* later than the old one that took its place */
			continue;
		if (l->cover)
			rc = cover_draw(l->cover, &ret->picture);
		if (rc == -EINVAL) {
			l->counts.errors++;
			continue;
		}
		if (rc < 0)
			return rc;
		place_in_segment(l, ret);
		if (l->cuts.in_segment)  /* else it is shown before the stream's first access unit: belongs to nothing */
			return 1;
	}
	return rc;
}

int64_t lane_last_pts(const struct lane *l)
{
	return l->last_pts;
}

struct lane_counts lane_counts(const struct lane *l)
{
	return l->counts;
}
