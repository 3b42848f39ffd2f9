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
#include "media/nal.h"
#include "media/recovery.h"
#include "server/ingest_inner.h"

#define NAL_H265_AUD 35

/* Parameter sets in force, borrowed of the depacketizer. */
struct sets {
	const uint8_t *sps, *pps;
	uint16_t nsps, npps;
	uint32_t changes;
};

static struct sets sets_in_force(const struct ingest_stream *s)
{
	const struct rtp_video *d = &s->pictures;

	return (struct sets){d->set[RTP_SET_SPS].nal, d->set[RTP_SET_PPS].nal, d->set[RTP_SET_SPS].len, d->set[RTP_SET_PPS].len, d->sets};
}

static bool same(const struct ingest_set *kept, const uint8_t *p, uint16_t n)
{
	return kept->len == n && memcmp(kept->data, p, n) == 0;
}

static void keep(struct ingest_set *kept, const uint8_t *p, uint16_t n)
{
	kept->len = n <= sizeof kept->data ? n : 0;
	memcpy(kept->data, p, kept->len);
}

/* Whether this access unit is to carry the picture parameter set; notes when the others are not the epoch's any more. */
static bool look_at_sets(struct ingest_stream *s, bool key)
{
	struct sets now = sets_in_force(s);
	bool fresh = now.changes != s->sets_seen;

	if (!s->running || !now.nsps || !now.npps)
		return false;
	if (fresh) {
		bool changed = !same(&s->sps, now.sps, now.nsps);

		if (changed && !s->sets_changed)
			s->sets_changed_us = s->now.mono_us;
		s->sets_changed = changed;
		s->sets_seen = now.changes;
		s->pps_in_band |= !changed && !same(&s->pps, now.pps, now.npps);
	}
	return s->pps_in_band && !s->sets_changed && (fresh || key);
}

/* The video's track out of the parameter sets in force; false when they are of no use. */
static bool read_sets(struct ingest_stream *s)
{
	struct sets now = sets_in_force(s);
	struct track t;
	struct h264_sps sps;
	uint32_t frame = 0;

	if (!now.nsps || !now.npps)
		return false;
	if (h264_track(now.sps, now.nsps, now.pps, now.npps, &t) || h264_parse_sps(now.sps, now.nsps, &sps)) {
		ingest_give_up(s, GAP_BAD_STREAM, "the camera's parameter sets cannot be used");
		return false;
	}
	if (sps.fps_num && sps.fps_den && (uint64_t)sps.fps_den * TIMESCALE_VIDEO / sps.fps_num <= TIMESCALE_VIDEO)
		frame = (uint32_t)((uint64_t)sps.fps_den * TIMESCALE_VIDEO / sps.fps_num);
	ingest_epoch_end(s);
	s->track[INGEST_VIDEO] = t;
	keep(&s->sps, now.sps, now.nsps);
	keep(&s->pps, now.pps, now.npps);
	s->sets_seen = now.changes;
	s->sets_changed = s->pps_in_band = false;
	dts_init(&s->dts, sps.reorder, frame);
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

/* Behind the access unit delimiter, if there is one: that stands first. */
static bool add_pps(struct ingest_stream *s, struct au *au)
{
	struct sets now = sets_in_force(s);
	struct rd r = rd_init(au->data, au->len);
	const uint8_t *nal;
	uint8_t head[4];
	struct wr w = wr_init(head, sizeof head);
	size_t n, at = 0;

	if (nal_next(&r, &nal, &n) == 1 && nal_type(nal) == NAL_AUD)
		at = 4 + n;
	wr_u32(&w, now.npps);
	buf_clear(&s->in_band);
	if (buf_append(&s->in_band, au->data, at) || buf_append(&s->in_band, head, sizeof head) || buf_append(&s->in_band, now.pps, now.npps) ||
	    buf_append(&s->in_band, au->data + at, au->len - at))
		return false;
	au->data = buf_data(&s->in_band);
	au->len = s->in_band.len;
	return true;
}

static void take(struct ingest_stream *s, struct au *au)
{
	bool begins;

	s->taken_us = s->now.mono_us;
	au->dts = dts_next(&s->dts, au->pts);
	begins = cutter_cut(&s->cutter, au);
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
	if (in->key)
		ingest_key_seen(s);
	carries_pps = look_at_sets(s, in->key);
	if (s->over || !have_epoch(s, in) || !ingest_epoch_place(s, INGEST_VIDEO, in->timestamp, in->arrival_us, &au) ||
	    (carries_pps && s->pps_in_band && !add_pps(s, &au)))
		s->total.dropped_camera++;
	else
		take(s, &au);
}

void ingest_video_begin(struct ingest_stream *s, const struct sdp_media *m)
{
	struct ingest_input *in = &s->input[INGEST_VIDEO];

	in->there = true;
	in->codec = m->codec;
	rtp_video_init(&s->pictures, CODEC_H264, on_picture, s);
	rtp_video_sets(&s->pictures, m);
	rtp_source_init(&in->source, m->payload_type, TIMESCALE_VIDEO);
	timeline_track(&s->timeline, INGEST_VIDEO, TIMESCALE_VIDEO, true);
	ingest_key_begin(s);
}

void ingest_video_feed(struct ingest_stream *s, const struct rtp_packet *p, bool lost)
{
	uint64_t damaged = s->pictures.damaged_lost + s->pictures.damaged_broken;

	rtp_video_feed(&s->pictures, p, lost, s->now.mono_us);
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
