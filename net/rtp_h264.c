/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtp_h264.h"

#include <string.h>

#include "base/rd.h"
#include "base/wr.h"
#include "media/au.h"
#include "media/bits.h"
#include "media/h264.h"
#include "media/nal.h"

enum { NAL_STAP_A = 24, NAL_FU_A = 28 };

#define MARKER_PROOFS 2

static void add_nal(struct rtp_h264 *d, const uint8_t *p, size_t n);

void rtp_h264_init(struct rtp_h264 *d, rtp_h264_emit *emit, void *ctx)
{
	*d = (struct rtp_h264){.emit = emit, .ctx = ctx};
	buf_init(&d->au, AU_MAX_BYTES);
	buf_init(&d->split, AU_MAX_BYTES);
}

void rtp_h264_free(struct rtp_h264 *d)
{
	buf_free(&d->au);
	buf_free(&d->split);
}

static uint32_t pps_id(const uint8_t *nal, size_t n)
{
	struct bits b = bits_init(nal + 1, n - 1);

	return bits_ue(&b);
}

static void keep_set(struct rtp_h264 *d, uint8_t *set, uint16_t *len, const uint8_t *nal, size_t n)
{
	if (n > SDP_SET_MAX) {
		d->dropped_nals++;
		return;
	}
	if (n == *len && !memcmp(set, nal, n))
		return;
	memcpy(set, nal, n);
	*len = (uint16_t)n;
	d->sets++;
}

void rtp_h264_sets(struct rtp_h264 *d, const uint8_t *sps, size_t nsps, const uint8_t *pps, size_t npps)
{
	if (nsps)
		keep_set(d, d->sps, &d->sps_len, sps, nsps);
	if (npps)
		keep_set(d, d->pps, &d->pps_len, pps, npps);
}

static void clear(struct rtp_h264 *d)
{
	buf_clear(&d->au);
	d->open = d->has_slice = d->idr = d->damaged = d->marked = d->in_fragment = false;
	d->nals = 0;
}

/* Nothing more of this access unit is wanted. */
static void damage(struct rtp_h264 *d)
{
	d->damaged = true;
	d->in_fragment = false;
	buf_clear(&d->au);
}

static void end_au(struct rtp_h264 *d)
{
	struct rtp_h264_au au = {.timestamp = d->timestamp, .arrival_us = d->arrival_us, .idr = d->idr};

	if (d->in_fragment)
		damage(d);
	if (d->damaged) {
		d->damaged_aus++;
	} else if (d->has_slice) {
		au.data = buf_data(&d->au);
		au.len = d->au.len;
		d->aus++;
		d->emitted_timestamp = d->timestamp;
		d->emit(d->ctx, &au);
	} else {
		/* Only SEI and the like: they belong to the picture that follows. */
		d->open = false;
		return;
	}
	clear(d);
}

/* A NAL unit stands whole in au behind the length field at `at`: what is it? */
static bool keep_nal(struct rtp_h264 *d, size_t at)
{
	const uint8_t *nal = buf_data(&d->au) + at + 4;
	size_t n = d->au.len - at - 4;
	unsigned type = nal_type(nal);

	if (nal[0] & 0x80 || type == 0 || type >= NAL_STAP_A) {
		d->dropped_nals++;
		return false;
	}
	if (type == NAL_SPS) {
		keep_set(d, d->sps, &d->sps_len, nal, n);
		return false;
	}
	if (type == NAL_PPS && (!d->pps_len || pps_id(d->pps, d->pps_len) == pps_id(nal, n))) {
		keep_set(d, d->pps, &d->pps_len, nal, n);
		return false;
	}
	if (h264_is_slice(nal, n)) {
		if (!d->has_slice && !h264_begins_picture(nal, n)) {
			/* Of a picture that was given out already: then the marker was set too early. */
			d->marker_lies |= d->aus && d->emitted_timestamp == d->timestamp;
			damage(d);
			return false;
		}
		d->has_slice = true;
		d->idr |= type == NAL_IDR;
	}
	return true;
}

static void split_annexb(struct rtp_h264 *d, size_t at)
{
	struct rd r;
	const uint8_t *nal;
	size_t n;

	buf_clear(&d->split);
	/* The first unit has lost its start code (RTP took it off), so give it one. */
	if (buf_append(&d->split, "\0\0\1", 3) || buf_append(&d->split, buf_data(&d->au) + at + 4, d->au.len - at - 4)) {
		damage(d);
		return;
	}
	d->au.len = at;
	r = rd_init(buf_data(&d->split), d->split.len);
	while (nal_next_annexb(&r, &nal, &n) == 1)
		add_nal(d, nal, n);
}

/* The unit that begins at `at` has all its bytes. */
static void finish_nal(struct rtp_h264 *d, size_t at)
{
	size_t n = d->au.len - at - 4;
	struct wr w;

	if (d->damaged)
		return;
	if (n == 0) {
		d->au.len = at;
		d->dropped_nals++;
		return;
	}
	if (memmem(buf_data(&d->au) + at + 4, n, "\0\0\1", 3)) {
		split_annexb(d, at);
		return;
	}
	if (!keep_nal(d, at)) {
		if (!d->damaged)
			d->au.len = at;
		return;
	}
	if (++d->nals > RTP_H264_NALS_MAX) {
		damage(d);
		return;
	}
	w = wr_init(buf_data(&d->au) + at, 4);
	wr_u32(&w, (uint32_t)n);
}

static bool begin_nal(struct rtp_h264 *d, size_t *ret_at)
{
	*ret_at = d->au.len;
	if (!d->damaged && buf_append(&d->au, "\0\0\0", 4))
		damage(d);
	return !d->damaged;
}

static void add_bytes(struct rtp_h264 *d, const uint8_t *p, size_t n)
{
	if (!d->damaged && buf_append(&d->au, p, n))
		damage(d);
}

static void add_nal(struct rtp_h264 *d, const uint8_t *p, size_t n)
{
	size_t at;

	if (!begin_nal(d, &at))
		return;
	add_bytes(d, p, n);
	finish_nal(d, at);
}

/* RFC 6184 5.7.1 */
static void stap_a(struct rtp_h264 *d, struct rd r)
{
	while (rd_left(&r) && !d->damaged) {
		struct rd one = rd_sub(&r, rd_u16(&r));

		if (r.bad || rd_left(&one) == 0) {
			d->dropped_nals++;
			return;
		}
		add_nal(d, one.p, rd_left(&one));
	}
}

/* RFC 6184 5.8 */
static void fu_a(struct rtp_h264 *d, uint8_t indicator, struct rd r)
{
	uint8_t header = rd_u8(&r), type = header & 0x1f, nal = (uint8_t)((indicator & 0xe0) | type);
	bool start = header >> 7, end = header >> 6 & 1;

	if (r.bad || (start && end) || start == d->in_fragment || (!start && type != d->fragment_type)) {
		d->dropped_nals++;
		damage(d);
		return;
	}
	if (start) {
		if (!begin_nal(d, &d->fragment_at))
			return;
		d->in_fragment = true;
		d->fragment_type = type;
		add_bytes(d, &nal, 1);
	}
	add_bytes(d, r.p, rd_left(&r));
	if (end && d->in_fragment) {
		d->in_fragment = false;
		finish_nal(d, d->fragment_at);
	}
}

static void payload(struct rtp_h264 *d, const struct rtp_packet *p)
{
	struct rd r = rd_init(p->payload, p->len);
	unsigned type = nal_type(p->payload);

	if (type == NAL_FU_A) {
		fu_a(d, rd_u8(&r), r);
		return;
	}
	if (d->in_fragment) {
		damage(d);
		return;
	}
	if (type == NAL_STAP_A) {
		rd_u8(&r);
		stap_a(d, r);
	} else
		add_nal(d, p->payload, p->len);
}

/* Judged by its first bytes: can this packet be the first of an access unit? */
static bool may_begin(const struct rtp_packet *p)
{
	unsigned type = nal_type(p->payload);
	size_t slice_at = 1;

	if (type == NAL_FU_A && p->len > 2 && p->payload[1] >> 7) {
		type = p->payload[1] & 0x1f;
		slice_at = 2;
	}
	if (type >= NAL_SEI && type <= NAL_AUD)
		return true;
	/* first_mb_in_slice is 0 when its exp-Golomb code is a single 1. */
	return (type == NAL_SLICE || type == NAL_IDR) && p->len > slice_at && p->payload[slice_at] >> 7;
}

/* Is the packet beyond the access unit that is under way? */
static bool is_beyond(const struct rtp_h264 *d, const struct rtp_packet *p)
{
	return p->timestamp != d->timestamp || (d->marked && may_begin(p));
}

static void begin_au(struct rtp_h264 *d, const struct rtp_packet *p, int64_t arrival_us)
{
	d->open = true;
	d->timestamp = p->timestamp;
	d->arrival_us = arrival_us;
}

void rtp_h264_feed(struct rtp_h264 *d, const struct rtp_packet *p, bool lost, int64_t arrival_us)
{
	if (p->len == 0) {
		d->dropped_nals++;
		return;
	}
	if (lost && d->open && !d->marked)
		damage(d);
	if (d->open && is_beyond(d, p)) {
		if (d->marked && d->proofs < MARKER_PROOFS)
			d->proofs++;
		end_au(d);
	}
	if (!d->open)
		begin_au(d, p, arrival_us);
	if (d->marked && !d->marker_lies)
		d->marker_lies = true;
	if (!d->damaged)
		payload(d, p);
	d->marked = p->marker && (d->has_slice || d->damaged);
	if (d->marked && d->proofs >= MARKER_PROOFS && !d->marker_lies)
		end_au(d);
}

void rtp_h264_end(struct rtp_h264 *d)
{
	if (d->open && d->marked && !d->damaged)
		end_au(d);
	clear(d);
}
