/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pictures: whether they can be used, and with which parameter sets.
 *
 * An epoch's init segment holds the sets that were in force when it began. When they change, another epoch begins, at
 * the next key frame; until it comes pictures go on in the old one, since nothing is gained by dropping them. That only the
 * picture parameter set changes is no reason for an epoch: it is put into the access unit that it came with, and
 * again before each key frame.
 */
#include <string.h>

#include "base/wr.h"
#include "media/h264.h"
#include "media/h265.h"
#include "media/nal.h"
#include "media/recovery.h"
#include "server/ingest_inner.h"

static bool same(const struct ingest_stream *s, enum rtp_set which)
{
	const struct ingest_set *kept = &s->set[which];

	return kept->len == s->pictures.set[which].len && memcmp(kept->nal, s->pictures.set[which].nal, kept->len) == 0;
}

static void keep_sets(struct ingest_stream *s)
{
	for (unsigned i = 0; i < RTP_SETS; i++) {
		s->set[i].len = s->pictures.set[i].len;
		memcpy(s->set[i].nal, s->pictures.set[i].nal, s->set[i].len);
	}
	s->sets_seen = s->pictures.sets;
	s->sets_changed = s->pps_in_band = false;
}

/* Whether this access unit is to carry the picture parameter set; notes when the others are not the epoch's any more. */
static bool look_at_sets(struct ingest_stream *s, bool key)
{
	bool fresh = s->pictures.sets != s->sets_seen;

	if (!s->running)
		return false;
	if (fresh) {
		bool changed = !same(s, RTP_SET_SPS) || !same(s, RTP_SET_VPS);

		if (changed && !s->sets_changed)
			s->sets_changed_us = s->now.mono_us;
		s->sets_changed = changed;
		s->sets_seen = s->pictures.sets;
		s->pps_in_band |= !changed && !same(s, RTP_SET_PPS);
	}
	return s->pps_in_band && !s->sets_changed && (fresh || key);
}

#define PACE_NEAR 8               /* one in so many is near enough */
#define PACE_MOST_MILLI 240000

/* What decode times are made with. */
struct timing {
	int reorder;
	uint32_t fps_num, fps_den;
};

static int read_h264(const struct rtp_video *p, struct track *ret, struct timing *ret_timing)
{
	struct h264_sps sps;
	int rc = h264_track(p->set[RTP_SET_SPS].nal, p->set[RTP_SET_SPS].len, p->set[RTP_SET_PPS].nal, p->set[RTP_SET_PPS].len, ret);

	rc = rc ? rc : h264_track_sps(ret, &sps);
	if (!rc)
		*ret_timing = (struct timing){sps.reorder, sps.fps_num, sps.fps_den};
	return rc;
}

static int read_h265(const struct rtp_video *p, struct track *ret, struct timing *ret_timing)
{
	struct h265_sps sps;
	int rc = h265_track(p->set[RTP_SET_VPS].nal, p->set[RTP_SET_VPS].len, p->set[RTP_SET_SPS].nal, p->set[RTP_SET_SPS].len,
			    p->set[RTP_SET_PPS].nal, p->set[RTP_SET_PPS].len, ret);

	rc = rc ? rc : h265_track_sps(ret, &sps);
	if (!rc)
		*ret_timing = (struct timing){sps.reorder, sps.fps_num, sps.fps_den};
	return rc;
}

static uint32_t frame_90k(const struct timing *p)
{
	uint64_t ticks = p->fps_num ? (uint64_t)p->fps_den * TIMESCALE_VIDEO / p->fps_num : 0;

	return ticks <= TIMESCALE_VIDEO ? (uint32_t)ticks : 0;
}

static uint32_t milli_of(const struct timing *t)
{
	uint64_t milli = (uint64_t)t->fps_num * 1000 / t->fps_den;

	return milli < UINT32_MAX ? (uint32_t)milli : 0;
}

/* The video's track out of the parameter sets in force; false when they are of no use. */
static bool read_sets(struct ingest_stream *s)
{
	const struct rtp_video *p = &s->pictures;
	bool h265 = s->input[INGEST_VIDEO].codec == CODEC_H265;
	struct timing timing;
	struct track t;

	if (!p->set[RTP_SET_SPS].len || !p->set[RTP_SET_PPS].len || (h265 && !p->set[RTP_SET_VPS].len))
		return false;
	if (h265 ? read_h265(p, &t, &timing) : read_h264(p, &t, &timing)) {
		ingest_give_up(s, GAP_BAD_STREAM, "the camera's parameter sets cannot be used");
		return false;
	}
	ingest_epoch_end(s);
	s->track[INGEST_VIDEO] = t;
	keep_sets(s);
	dts_init(&s->dts, timing.reorder, frame_90k(&timing));
	s->told_milli = timing.fps_num && timing.fps_den ? milli_of(&timing) : 0;
	return true;
}

static bool may_begin(const struct ingest_stream *s, const struct rtp_video_au *in, int64_t waits_since_us)
{
	return in->key || s->now.mono_us - waits_since_us >= INGEST_NO_KEY_S * INGEST_SECOND_US ||
		recovery_point(s->input[INGEST_VIDEO].codec, in->data, in->len);
}

/* An epoch that this access unit can go on with, or a new one that it begins; false: it is of no use yet. */
static bool have_epoch(struct ingest_stream *s, const struct rtp_video_au *in)
{
	bool going = s->running && !s->anew;

	if (going && !s->sets_changed)
		return true;
	if (!may_begin(s, in, going ? s->sets_changed_us : s->taken_us)) {
		ingest_key_want(s);
		return going;
	}
	if (!read_sets(s))
		return false;
	ingest_epoch_begin(s, INGEST_VIDEO, in->timestamp, in->arrival_us);
	return !s->over;
}

/* How long a delimiter at the beginning is, with its length: it must stand first. */
static size_t delimiter(enum codec codec, const struct au *au)
{
	struct rd r = rd_init(au->data, au->len);
	const uint8_t *nal;
	size_t n;

	if (nal_next(&r, &nal, &n) != 1)
		return 0;
	if (codec == CODEC_H265 ? h265_nal_type(nal) != H265_NAL_AUD : nal_type(nal) != NAL_AUD)
		return 0;
	return 4 + n;
}

static bool add_pps(struct ingest_stream *s, struct au *au)
{
	const uint8_t *pps = s->pictures.set[RTP_SET_PPS].nal;
	uint16_t npps = s->pictures.set[RTP_SET_PPS].len;
	size_t at = delimiter(s->input[INGEST_VIDEO].codec, au);
	uint8_t head[4];
	struct wr w = wr_init(head, sizeof head);

	wr_u32(&w, npps);
	buf_clear(&s->in_band);
	if (buf_append(&s->in_band, au->data, at) || buf_append(&s->in_band, head, sizeof head) || buf_append(&s->in_band, pps, npps) ||
	    buf_append(&s->in_band, au->data + at, au->len - at))
		return false;
	au->data = buf_data(&s->in_band);
	au->len = s->in_band.len;
	return true;
}

/* What the parameter sets tell is believed unless it is less than what comes: a camera may leave out pictures at its begin, not invent some. */
static uint32_t pace(const struct ingest_stream *s, int64_t ticks)
{
	uint64_t milli = (uint64_t)s->first.pictures * 1000 * TIMESCALE_VIDEO / (uint64_t)ticks;

	return s->told_milli >= milli - milli / PACE_NEAR && s->told_milli <= PACE_MOST_MILLI ? s->told_milli : (uint32_t)milli;
}

/* Arrivals tell the pace much later, and only when the machine has time for them. */
static void measure_pace(struct ingest_stream *s, int64_t dts, bool begins)
{
	if (!s->first.pictures)
		s->first.dts = dts;
	else if (begins && s->cutter.segment == 1 && dts > s->first.dts)
		s->pace_milli = pace(s, dts - s->first.dts);
	s->first.pictures++;
}

static void take(struct ingest_stream *s, struct au *au)
{
	bool begins;

	s->taken_us = s->now.mono_us;
	s->picture_us = au->pts * 100 / 9;
	au->dts = dts_next(&s->dts, au->pts);
	begins = cutter_cut(&s->cutter, au);
	measure_pace(s, au->dts, begins);
	if (begins)
		ingest_epoch_cut(s, INGEST_VIDEO);
	ingest_out_picture(s, au, begins);
}

static void on_picture(void *ctx, const struct rtp_video_au *in)
{
	struct ingest_stream *s = ctx;
	struct au au = {.key = in->key, .data = in->data, .len = in->len};
	bool carries_pps;

	s->total.access_units++;
	s->total.video_bytes += in->len;
	s->came_us = s->now.mono_us;
	if (in->key)
		ingest_key_seen(s);
	carries_pps = look_at_sets(s, in->key);
	if (s->over || !have_epoch(s, in) || !ingest_epoch_place(s, INGEST_VIDEO, in->timestamp, in->arrival_us, &au) ||
	    (carries_pps && s->pps_in_band && !add_pps(s, &au)))
		ingest_count_unused(s);
	else
		take(s, &au);
}

void ingest_video_begin(struct ingest_stream *s, const struct sdp_media *m)
{
	struct ingest_input *in = &s->input[INGEST_VIDEO];

	in->there = true;
	in->codec = m->codec;
	rtp_video_init(&s->pictures, m->codec, on_picture, s);
	rtp_video_into(&s->pictures, &s->output[INGEST_VIDEO].packager.room);
	rtp_video_sets(&s->pictures, m);
	rtp_source_init(&in->source, m->payload_type, TIMESCALE_VIDEO);
	timeline_track(&s->timeline, INGEST_VIDEO, TIMESCALE_VIDEO, true);
	ingest_key_begin(s);
}

void ingest_video_feed(struct ingest_stream *s, const struct rtp_packet *p, bool lost, int64_t arrival_us)
{
	uint64_t damaged = s->pictures.damaged_lost + s->pictures.damaged_broken;

	rtp_video_feed(&s->pictures, p, lost, arrival_us);
	if (s->pictures.damaged_lost + s->pictures.damaged_broken != damaged)
		ingest_key_want(s);
}

void ingest_video_end(struct ingest_stream *s)
{
	rtp_video_end(&s->pictures);
}

void ingest_video_free(struct ingest_stream *s)
{
	rtp_video_free(&s->pictures);
	buf_free(&s->in_band);
}
