/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/record.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "media/h264.h"

const char *gap_why_name(enum gap_why why)
{
	static const char *const name[GAP_WHY_COUNT] = {
		[GAP_NONE] = "none", [GAP_STARTING] = "starting", [GAP_REFUSED] = "refused",
		[GAP_UNREACHABLE] = "unreachable", [GAP_TIMED_OUT] = "timed-out", [GAP_AUTHENTICATION] = "wrong-password",
		[GAP_UNSUPPORTED] = "unsupported", [GAP_BAD_STREAM] = "bad-stream", [GAP_SILENT] = "silent",
		[GAP_CAMERA_CLOSED] = "camera-closed", [GAP_OVERLOAD] = "overload", [GAP_RESTART] = "restart",
		[GAP_STOPPED] = "stopped", [GAP_SESSION_LIMIT] = "session-limit", [GAP_STALE_SESSION] = "stale-session",
		[GAP_BAD_DESCRIPTION] = "bad-description", [GAP_CERTIFICATE] = "certificate", [GAP_NOT_FOUND] = "not-found",
		[GAP_RECONFIGURED] = "reconfigured", [GAP_REMOVED] = "removed",
		[GAP_NOT_RUNNING] = "not-running", [GAP_CRASHED] = "crashed", [GAP_CLOCK_STEP] = "clock-step",
	};

	return (unsigned)why < GAP_WHY_COUNT ? name[why] : "unknown";
}

static void put_track(struct wr *w, const struct track *t, uint16_t config_len)
{
	wr_u8(w, (uint8_t)t->codec);
	wr_u32(w, t->timescale);
	wr_u16(w, t->width);
	wr_u16(w, t->height);
	wr_u32(w, t->rate);
	wr_u8(w, t->channels);
	wr_u8(w, t->profile);
	wr_u32(w, t->compat);
	wr_u64(w, t->constraints);
	wr_u8(w, t->level);
	wr_u16(w, config_len);
	wr_bytes(w, t->config, config_len);
}

static void put_au(struct wr *w, const struct record_au *a)
{
	wr_u64(w, a->epoch);
	wr_u32(w, a->segment);
	wr_u8(w, a->audio);
	wr_u64(w, (uint64_t)a->au.dts);
	wr_u64(w, (uint64_t)a->au.pts);
	wr_u64(w, (uint64_t)a->au.capture_us);
	wr_u8(w, a->au.key);
}

/* What ends with a part. */
enum { PART_GOES_ON, PART_LAST, PART_FINAL };

static void put_part(struct wr *w, const struct record_part *p)
{
	wr_u16(w, p->camera);
	wr_u8(w, p->rendition);
	wr_u64(w, p->epoch);
	wr_u32(w, p->segment);
	wr_u32(w, p->part);
	wr_u8(w, p->independent);
	wr_u8(w, p->final ? PART_FINAL : p->last ? PART_LAST : PART_GOES_ON);
	wr_u64(w, (uint64_t)p->start);
	wr_u32(w, p->duration);
	wr_u64(w, (uint64_t)p->capture_us);
	wr_u32(w, p->head_bytes);
}

static void put_end(struct wr *w, const struct record_segment_end *e)
{
	wr_u16(w, e->camera);
	wr_u8(w, e->rendition);
	wr_u64(w, e->epoch);
	wr_u32(w, e->segment);
	wr_bytes(w, e->source, sizeof e->source);
	wr_u8(w, (uint8_t)e->clock);
	wr_u32(w, e->clock_error_ms);
	wr_u8(w, (uint8_t)e->signature);
}

void record_encode_header(struct wr *w, const struct record *r)
{
	wr_u8(w, (uint8_t)r->kind);
	switch (r->kind) {
	case RECORD_TRACK:
		wr_u64(w, r->track.epoch);
		put_track(w, &r->track.track, r->track.track.config_len);
		break;
	case RECORD_AU:
		put_au(w, &r->au);
		break;
	case RECORD_INIT:
		wr_u16(w, r->init.camera);
		wr_u8(w, r->init.rendition);
		wr_u64(w, r->init.epoch);
		put_track(w, &r->init.track, 0);
		break;
	case RECORD_PART:
		put_part(w, &r->part);
		break;
	case RECORD_SEGMENT_END:
		put_end(w, &r->end);
		break;
	case RECORD_GAP:
		wr_u16(w, r->gap.camera);
		wr_u64(w, r->gap.epoch);
		wr_u8(w, (uint8_t)r->gap.why);
		wr_u64(w, (uint64_t)r->gap.at_us);
		break;
	}
}

static struct iovec payload(const struct record *r)
{
	switch (r->kind) {
	case RECORD_AU:
		return (struct iovec){(void *)(uintptr_t)r->au.au.data, r->au.au.len};
	case RECORD_INIT:
		return (struct iovec){(void *)(uintptr_t)r->init.init, r->init.len};
	case RECORD_PART:
		return (struct iovec){(void *)(uintptr_t)r->part.data, r->part.len};
	default:
		return (struct iovec){0};
	}
}

int record_put(struct ring *ring, const struct record *r)
{
	uint8_t head[RECORD_HEADER_MAX + TRACK_CONFIG_MAX];
	struct wr w = wr_init(head, sizeof head);
	struct iovec iov[2];

	record_encode_header(&w, r);
	assert(!w.bad);
	iov[0] = (struct iovec){head, w.len};
	iov[1] = payload(r);
	return ring_put(ring, iov, 2);
}

/* The getters below set r->bad for a value that is out of bounds, as a short read does. */

static bool get_bool(struct rd *r)
{
	uint8_t v = rd_u8(r);

	if (v > 1)
		r->bad = true;
	return v;
}

static int64_t get_time(struct rd *r, int64_t min)
{
	int64_t v = (int64_t)rd_u64(r);

	if (v < min || v > AU_TIME_MAX)
		r->bad = true;
	return v;
}

static uint64_t get_epoch(struct rd *r)
{
	return (uint64_t)get_time(r, 0);
}

static uint8_t get_rendition(struct rd *r)
{
	uint8_t v = rd_u8(r);

	if (v >= RENDITIONS_MAX)
		r->bad = true;
	return v;
}

/* What is left, 1 .. max bytes. */
static const uint8_t *get_rest(struct rd *r, size_t max, size_t *ret_n)
{
	size_t n = rd_left(r);

	if (n == 0 || n > max)
		r->bad = true;
	*ret_n = n;
	return rd_bytes(r, n);
}

/* serve refuses a slower clock (serve_media_is_timescale), and would take store for the liar. */
#define SOUND_RATE_MIN 1000
#define SOUND_RATE_MAX 96000

/* The clock of HE-AAC may be twice the rate of its core (net/rtp_audio.c). */
static bool has_clock_of_rate(const struct track *t)
{
	return t->timescale == t->rate || (t->codec == CODEC_AAC && t->timescale == 2 * t->rate);
}

static bool has_picture(const struct track *t)
{
	return t->timescale == TIMESCALE_VIDEO && t->width && t->width <= H264_SIDE_MAX && t->height && t->height <= H264_SIDE_MAX;
}

bool record_track_fits(const struct track *t)
{
	if (codec_is_video(t->codec))
		return has_picture(t);
	return codec_is_sound(t->codec) && t->rate >= SOUND_RATE_MIN && t->rate <= SOUND_RATE_MAX && has_clock_of_rate(t) && t->channels && t->channels <= 8;
}

static void get_track(struct rd *r, struct track *t, uint16_t config_max)
{
	const uint8_t *config;
	uint16_t n;

	t->codec = (enum codec)rd_u8(r);
	t->timescale = rd_u32(r);
	t->width = rd_u16(r);
	t->height = rd_u16(r);
	t->rate = rd_u32(r);
	t->channels = rd_u8(r);
	t->profile = rd_u8(r);
	t->compat = rd_u32(r);
	t->constraints = rd_u64(r);
	t->level = rd_u8(r);
	n = rd_u16(r);
	config = rd_bytes(r, n);
	if (!config || n > config_max || !(t->codec == CODEC_JPEG ? has_picture(t) : record_track_fits(t))) {
		r->bad = true;
		return;
	}
	memcpy(t->config, config, n);
	t->config_len = n;
}

static void get_au(struct rd *r, struct record_au *a)
{
	a->epoch = get_epoch(r);
	a->segment = rd_u32(r);
	a->audio = get_bool(r);
	a->au.dts = get_time(r, -AU_TIME_MAX);
	a->au.pts = get_time(r, -AU_TIME_MAX);
	a->au.capture_us = get_time(r, 0);
	a->au.key = get_bool(r);
	a->au.data = get_rest(r, AU_MAX_BYTES, &a->au.len);
}

static void get_init(struct rd *r, struct record_init *i)
{
	i->camera = rd_u16(r);
	i->rendition = get_rendition(r);
	i->epoch = get_epoch(r);
	get_track(r, &i->track, 0);
	if (i->rendition == RENDITION_SNAPSHOT) {
		if (i->track.codec != CODEC_JPEG || rd_left(r))
			r->bad = true;
		return;
	}
	if (!codec_is_packaged(i->track.codec) || codec_is_video(i->track.codec) == (i->rendition == RENDITION_AUDIO))
		r->bad = true;
	i->init = get_rest(r, INIT_MAX_BYTES, &i->len);
}

static void get_part(struct rd *r, struct record_part *p)
{
	uint8_t ends;

	p->camera = rd_u16(r);
	p->rendition = get_rendition(r);
	p->epoch = get_epoch(r);
	p->segment = rd_u32(r);
	p->part = rd_u32(r);
	p->independent = get_bool(r);
	ends = rd_u8(r);
	if (ends > PART_FINAL)
		r->bad = true;
	p->last = ends != PART_GOES_ON;
	p->final = ends == PART_FINAL;
	p->start = get_time(r, 0);
	p->duration = rd_u32(r);
	if (p->duration == 0)
		r->bad = true;
	p->capture_us = get_time(r, 0);
	p->head_bytes = rd_u32(r);
}

static void get_end(struct rd *r, struct record_segment_end *e)
{
	const uint8_t *source;
	uint8_t clock, signature;

	e->camera = rd_u16(r);
	e->rendition = get_rendition(r);
	e->epoch = get_epoch(r);
	e->segment = rd_u32(r);
	source = rd_bytes(r, sizeof e->source);
	if (source)
		memcpy(e->source, source, sizeof e->source);
	clock = rd_u8(r);
	if (clock > CLOCK_RTCP)
		r->bad = true;
	e->clock = (enum clock_source)clock;
	e->clock_error_ms = rd_u32(r);
	signature = rd_u8(r);
	if (signature >= SEI_SIGNATURE_COUNT || (signature && e->rendition != RENDITION_COPY))
		r->bad = true;
	e->signature = (enum sei_signature)signature;
}

static void get_gap(struct rd *r, struct record_gap *g)
{
	uint8_t why;

	g->camera = rd_u16(r);
	g->epoch = get_epoch(r);
	why = rd_u8(r);
	if (why >= GAP_WHY_COUNT)
		r->bad = true;
	g->why = (enum gap_why)why;
	g->at_us = get_time(r, 0);
}

int record_decode(const uint8_t *p, size_t n, struct record *ret)
{
	struct rd r = rd_init(p, n);
	struct record rec = {.kind = (enum record_kind)rd_u8(&r)};

	switch (rec.kind) {
	case RECORD_TRACK:
		rec.track.epoch = get_epoch(&r);
		get_track(&r, &rec.track.track, TRACK_CONFIG_MAX);
		if (rec.track.track.codec == CODEC_JPEG || codec_is_packaged(rec.track.track.codec) != (rec.track.track.config_len > 0))
			r.bad = true;
		break;
	case RECORD_AU:
		get_au(&r, &rec.au);
		break;
	case RECORD_INIT:
		get_init(&r, &rec.init);
		break;
	case RECORD_PART:
		get_part(&r, &rec.part);
		rec.part.data = get_rest(&r, PART_MAX_BYTES, &rec.part.len);
		if (rec.part.head_bytes >= rec.part.len)
			r.bad = true;
		break;
	case RECORD_SEGMENT_END:
		get_end(&r, &rec.end);
		break;
	case RECORD_GAP:
		get_gap(&r, &rec.gap);
		break;
	default:
		return -EBADMSG;
	}
	if (r.bad || rd_left(&r))
		return -EBADMSG;
	*ret = rec;
	return 0;
}

int record_decode_part(const uint8_t head[RECORD_PART_HEADER], size_t len, struct record *ret)
{
	struct rd r = rd_init(head, RECORD_PART_HEADER);
	struct record rec = {.kind = (enum record_kind)rd_u8(&r)};

	if (rec.kind != RECORD_PART)
		return -ENOMSG;
	get_part(&r, &rec.part);
	if (r.bad || rd_left(&r) || len <= RECORD_PART_HEADER || len - RECORD_PART_HEADER > PART_MAX_BYTES)
		return -EBADMSG;
	rec.part.len = len - RECORD_PART_HEADER;
	if (rec.part.head_bytes >= rec.part.len)
		return -EBADMSG;
	*ret = rec;
	return 0;
}
