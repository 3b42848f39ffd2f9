/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtp_video.h"

#include <string.h>

#include "base/rd.h"
#include "base/wr.h"
#include "media/bits.h"
#include "media/nal.h"
#include "net/rtp_video_format.h"

#define MARKER_PROOFS 2

static void add_nal(struct rtp_video *d, const uint8_t *p, size_t n);

void rtp_video_init(struct rtp_video *d, enum codec codec, rtp_video_emit *emit, void *ctx)
{
	*d = (struct rtp_video){.emit = emit, .ctx = ctx, .format = codec == CODEC_H265 ? &rtp_video_h265 : &rtp_video_h264};
	buf_init(&d->own.buf, AU_MAX_BYTES);
	buf_init(&d->split, AU_MAX_BYTES);
}

static struct au_room *room(struct rtp_video *d)
{
	return d->room ? d->room : &d->own;
}

static struct buf *au(struct rtp_video *d)
{
	return &room(d)->buf;
}

/* Nothing is kept of the access unit under way. A room without memory yet gets it with the first byte. */
static void drop_bytes(struct rtp_video *d)
{
	struct au_room *r = room(d);

	if (r->buf.len > r->kept)
		r->buf.len = r->kept;
}

void rtp_video_into(struct rtp_video *d, struct au_room *r)
{
	d->room = r;
	drop_bytes(d);
}

void rtp_video_free(struct rtp_video *d)
{
	drop_bytes(d);
	buf_free(&d->own.buf);
	buf_free(&d->split);
}

/* Parameter sets */

static uint32_t set_id(const struct rtp_video *d, const uint8_t *nal, size_t n)
{
	struct bits b = bits_init(nal + d->format->header, n - d->format->header);

	return bits_ue(&b);
}

/* A NAL unit never ends in a zero byte; some cameras pad theirs, now more, now less (H.264 7.4.1). */
static size_t without_zeros(const uint8_t *nal, size_t n)
{
	while (n && nal[n - 1] == 0)
		n--;
	return n;
}

static void keep_set(struct rtp_video *d, enum rtp_set which, const uint8_t *nal, size_t n)
{
	n = without_zeros(nal, n);
	if (n > SDP_SET_MAX || n <= d->format->header) {
		d->dropped_nals++;
		return;
	}
	if (n == d->set[which].len && !memcmp(d->set[which].nal, nal, n))
		return;
	memcpy(d->set[which].nal, nal, n);
	d->set[which].len = (uint16_t)n;
	d->sets++;
}

void rtp_video_sets(struct rtp_video *d, const struct sdp_media *m)
{
	if (m->vps_len)
		keep_set(d, RTP_SET_VPS, m->vps, m->vps_len);
	if (m->sps_len)
		keep_set(d, RTP_SET_SPS, m->sps, m->sps_len);
	if (m->pps_len)
		keep_set(d, RTP_SET_PPS, m->pps, m->pps_len);
}

static bool is_other_pps(const struct rtp_video *d, const uint8_t *nal, size_t n)
{
	size_t have = d->set[RTP_SET_PPS].len;

	return have && n > d->format->header && set_id(d, d->set[RTP_SET_PPS].nal, have) != set_id(d, nal, n);
}

/* Access units */

static void clear(struct rtp_video *d)
{
	drop_bytes(d);
	d->open = d->has_slice = d->key = d->damaged = d->lost = d->marked = d->in_fragment = false;
	d->nals = 0;
}

/* Nothing more of this access unit is wanted. */
static void damage(struct rtp_video *d)
{
	d->damaged = true;
	d->in_fragment = false;
	drop_bytes(d);
}

static void end_au(struct rtp_video *d)
{
	struct rtp_video_au whole = {.timestamp = d->timestamp, .arrival_us = d->arrival_us, .key = d->key};

	if (d->in_fragment)
		damage(d);
	if (d->damaged) {
		*(d->lost ? &d->damaged_lost : &d->damaged_broken) += 1;
	} else if (d->has_slice) {
		whole.data = au_room_data(room(d));
		whole.len = au_room_len(room(d));
		d->aus++;
		d->emitted_timestamp = d->timestamp;
		d->emit(d->ctx, &whole);
	} else {
		/* Only SEI and the like: they belong to the picture that follows. */
		d->open = false;
		return;
	}
	clear(d);
}

static bool keep_slice(struct rtp_video *d, struct rtp_nal nal)
{
	if (!d->has_slice && !nal.first) {
		/* Of a picture that was given out already: then the marker was set too early. */
		d->marker_lies |= !d->lost && d->aus && d->emitted_timestamp == d->timestamp;
		damage(d);
		return false;
	}
	d->has_slice = true;
	d->key |= nal.key;
	return true;
}

/* A NAL unit stands whole in au behind the length field at `at`: does it stay there? */
static bool keep_nal(struct rtp_video *d, size_t at)
{
	const uint8_t *nal = buf_data(au(d)) + at + 4;
	size_t n = au(d)->len - at - 4;
	struct rtp_nal is = d->format->look(nal, n);

	switch (is.kind) {
	case RTP_NAL_FOREIGN:
		d->dropped_nals++;
		return false;
	case RTP_NAL_VPS:
		keep_set(d, RTP_SET_VPS, nal, n);
		return false;
	case RTP_NAL_SPS:
		keep_set(d, RTP_SET_SPS, nal, n);
		return false;
	case RTP_NAL_PPS:
		if (is_other_pps(d, nal, n))
			return true;
		keep_set(d, RTP_SET_PPS, nal, n);
		return false;
	case RTP_NAL_SLICE:
		return keep_slice(d, is);
	default:
		return true;
	}
}

/* NAL units */

static bool has_start_code(const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n, *one;

	if (n < 3)
		return false;
	for (p += 2; p < end && (one = memchr(p, 1, (size_t)(end - p))); p = one + 1)
		if (one[-1] == 0 && one[-2] == 0)
			return true;
	return false;
}

static void split_annexb(struct rtp_video *d, size_t at)
{
	struct rd r;
	const uint8_t *nal;
	size_t n;

	buf_clear(&d->split);
	/* The first unit has lost its start code (RTP took it off), so give it one. */
	if (buf_append(&d->split, "\0\0\1", 3) || buf_append(&d->split, buf_data(au(d)) + at + 4, au(d)->len - at - 4)) {
		damage(d);
		return;
	}
	au(d)->len = at;
	r = rd_init(buf_data(&d->split), d->split.len);
	while (nal_next_annexb(&r, &nal, &n) == 1)
		add_nal(d, nal, n);
}

/* The unit that begins at `at` has all its bytes. */
static void finish_nal(struct rtp_video *d, size_t at)
{
	size_t n = au(d)->len - at - 4;
	struct wr w;

	if (d->damaged)
		return;
	if (n < d->format->header) {
		au(d)->len = at;
		d->dropped_nals++;
		return;
	}
	if (has_start_code(buf_data(au(d)) + at + 4, n)) {
		split_annexb(d, at);
		return;
	}
	if (!keep_nal(d, at)) {
		if (!d->damaged)
			au(d)->len = at;
		return;
	}
	if (++d->nals > RTP_VIDEO_NALS_MAX) {
		damage(d);
		return;
	}
	w = wr_init(buf_data(au(d)) + at, 4);
	wr_u32(&w, (uint32_t)n);
}

static void add_bytes(struct rtp_video *d, const uint8_t *p, size_t n)
{
	if (!d->damaged && (n > AU_MAX_BYTES - au_room_len(room(d)) || buf_append(au(d), p, n)))
		damage(d);
}

static bool begin_nal(struct rtp_video *d, size_t *ret_at)
{
	if (!d->damaged && au_room_len(room(d)) == 0 && au_room_clear(room(d)))
		damage(d);
	*ret_at = au(d)->len;
	add_bytes(d, (const uint8_t *)"\0\0\0", 4);
	return !d->damaged;
}

static void add_nal(struct rtp_video *d, const uint8_t *p, size_t n)
{
	size_t at;

	if (!begin_nal(d, &at))
		return;
	add_bytes(d, p, n);
	finish_nal(d, at);
}

/* Payloads */

/* RFC 6184 5.7.1, RFC 7798 4.4.2 */
static void aggregate(struct rtp_video *d, struct rd r)
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

/* RFC 6184 5.8, RFC 7798 4.4.3: a unit's header stands in payload and FU header, and its type counts in the first fragment only. */
static void fragment(struct rtp_video *d, const uint8_t *payload, struct rd r)
{
	uint8_t fu = rd_u8(&r), nal[2];
	bool start = fu >> 7, end = fu >> 6 & 1;

	if (r.bad || start == d->in_fragment) {
		/* The rest of a unit whose beginning was lost is no fault of the camera. */
		d->dropped_nals += !d->lost;
		damage(d);
		return;
	}
	if (start) {
		if (!begin_nal(d, &d->fragment_at))
			return;
		d->in_fragment = true;
		d->format->rebuild(payload, fu & d->format->type_mask, nal);
		add_bytes(d, nal, d->format->header);
	}
	add_bytes(d, r.p, rd_left(&r));
	if (end && d->in_fragment) {
		d->in_fragment = false;
		finish_nal(d, d->fragment_at);
	}
}

static void take_payload(struct rtp_video *d, const struct rtp_packet *p)
{
	struct rd r = rd_init(p->payload, p->len);
	unsigned type;

	if (!rd_bytes(&r, d->format->header)) {
		d->dropped_nals++;
		return;
	}
	type = d->format->type(p->payload);
	if (type == d->format->fragment) {
		fragment(d, p->payload, r);
		return;
	}
	if (d->in_fragment) {
		damage(d);
		return;
	}
	if (type == d->format->aggregate)
		aggregate(d, r);
	else
		add_nal(d, p->payload, p->len);
}

/* What the first NAL unit of a payload is, as far as its first bytes tell. */
static struct rtp_nal look_ahead(const struct rtp_video *d, const struct rtp_packet *p)
{
	const struct rtp_video_format *f = d->format;
	struct rd r = rd_init(p->payload, p->len), one = r;
	const uint8_t *head = rd_bytes(&r, f->header);
	unsigned type = head ? f->type(head) : 0;
	uint8_t nal[3];

	if (head && type == f->fragment) {
		uint8_t fu = rd_u8(&r), next = rd_u8(&r);

		if (r.bad || !(fu >> 7))
			return (struct rtp_nal){.kind = RTP_NAL_FOREIGN};
		f->rebuild(head, fu & f->type_mask, nal);
		nal[f->header] = next;
		return f->look(nal, f->header + 1);
	}
	if (head && type == f->aggregate)
		one = rd_sub(&r, rd_u16(&r));
	if (one.bad || rd_left(&one) < f->header)
		return (struct rtp_nal){.kind = RTP_NAL_FOREIGN};
	return f->look(one.p, rd_left(&one));
}

/* Judged by its first bytes: can this packet be the first of an access unit? */
static bool may_begin(const struct rtp_video *d, const struct rtp_packet *p)
{
	struct rtp_nal is = look_ahead(d, p);

	return is.kind == RTP_NAL_SLICE ? is.first : is.kind != RTP_NAL_FOREIGN && is.kind != RTP_NAL_OTHER;
}

/* Is the packet beyond the access unit that is under way? */
static bool is_beyond(const struct rtp_video *d, const struct rtp_packet *p)
{
	return p->timestamp != d->timestamp || (d->marked && may_begin(d, p));
}

static void begin_au(struct rtp_video *d, const struct rtp_packet *p, bool lost, int64_t arrival_us)
{
	d->open = true;
	d->lost |= lost;
	d->timestamp = p->timestamp;
	d->arrival_us = arrival_us;
}

void rtp_video_feed(struct rtp_video *d, const struct rtp_packet *p, bool lost, int64_t arrival_us)
{
	if (p->len == 0) {
		d->dropped_nals++;
		return;
	}
	/* Behind a believable marker nothing of the access unit can be missing. */
	if (lost && d->open && (!d->marked || d->marker_lies || !is_beyond(d, p))) {
		d->lost = true;
		damage(d);
	}
	if (d->open && is_beyond(d, p)) {
		if (d->marked && d->proofs < MARKER_PROOFS)
			d->proofs++;
		end_au(d);
	}
	if (!d->open)
		begin_au(d, p, lost, arrival_us);
	d->marker_lies |= d->marked;
	if (!d->damaged)
		take_payload(d, p);
	d->marked = p->marker && (d->has_slice || d->damaged);
	if (d->marked && d->proofs >= MARKER_PROOFS && !d->marker_lies)
		end_au(d);
}

void rtp_video_end(struct rtp_video *d)
{
	if (d->open && d->marked && !d->damaged)
		end_au(d);
	clear(d);
}
