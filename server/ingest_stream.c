/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/ingest_stream.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "media/aac.h"
#include "media/cutter.h"
#include "media/dts.h"
#include "media/h264.h"
#include "media/packager.h"
#include "net/rtp_aac.h"
#include "net/rtp_h264.h"
#include "net/timeline.h"

#define SECOND_US 1000000ll

enum { VIDEO, AUDIO };

/* What belongs to one rendition that is packaged here. */
struct output {
	struct packager packager;
	EVP_MD_CTX *hash;                 /* over what was sent of the segment */
	bool prefix;                      /* audio frames get their length before them */
	struct ingest_stream *stream;
};

struct input {
	bool there, has_report;
	struct rtp_source source;
	struct rtcp_sender report;
	int64_t report_us;
	uint64_t malformed;
};

struct ingest_stream {
	uint16_t camera;
	uint32_t segment_ms;
	struct ingest_hooks hooks;

	struct input input[INGEST_TRACKS];
	struct rtp_h264 h264;
	struct rtp_aac aac;
	struct timeline timeline;
	struct dts_clock dts;
	struct cutter cutter;
	struct output output[INGEST_TRACKS];
	struct track track[INGEST_TRACKS];

	struct ingest_now now, begun;
	int64_t taken_us;                 /* monotonic: the last picture that was used, or the connection's beginning */
	int64_t cuts_us;                  /* monotonic: when all segments so far may have begun */
	bool connected, running, anew;
	uint32_t sets;                    /* of h264 when the epoch began */
	uint64_t epoch;
	enum gap_why told;                /* the last gap's reason since there was footage */
	struct record owed;               /* a gap that the ring did not take */
	bool gap_owed;

	bool transcode_waits, track_owed;
	const char *over;                 /* why the stream cannot go on */
	enum gap_why over_why;
	struct ingest_counters total;     /* without what the present depacketizers and sources count */
};

/* The way out */

static int emit(void *ctx, const struct record *r)
{
	struct output *o = ctx;

	return o->stream->hooks.store(o->stream->hooks.ctx, r);
}

static void hash_sent(void *ctx, const uint8_t *data, size_t len)
{
	struct output *o = ctx;
	uint8_t prefix[4] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};

	if (o->prefix)
		EVP_DigestUpdate(o->hash, prefix, sizeof prefix);
	EVP_DigestUpdate(o->hash, data, len);
}

static void take_hash(void *ctx, uint8_t ret[32])
{
	struct output *o = ctx;

	EVP_DigestFinal_ex(o->hash, ret, NULL);
	EVP_DigestInit_ex(o->hash, EVP_sha256(), NULL);
}

static void send_gap(struct ingest_stream *s)
{
	if (s->gap_owed && s->hooks.store(s->hooks.ctx, &s->owed) == 0)
		s->gap_owed = false;
}

static void to_transcode(struct ingest_stream *s, const struct au *au, uint32_t segment, bool begins)
{
	struct record r = {.kind = RECORD_TRACK, .track = {.epoch = s->epoch, .track = s->track[VIDEO]}};

	if (!s->hooks.transcode || !s->hooks.pictures || (s->transcode_waits && !(au->key && begins)))
		return;
	s->transcode_waits = true;
	if (s->track_owed && s->hooks.transcode(s->hooks.ctx, &r))
		return;
	s->track_owed = false;
	r = (struct record){.kind = RECORD_AU, .au = {.epoch = s->epoch, .segment = segment, .au = *au}};
	s->transcode_waits = s->hooks.transcode(s->hooks.ctx, &r) != 0;
}

/* Epochs */

static void give_up(struct ingest_stream *s, enum gap_why why, const char *text)
{
	s->over = text;
	s->over_why = why;
}

static void new_epoch_number(struct ingest_stream *s)
{
	uint64_t now = s->now.wall_us > 0 ? (uint64_t)s->now.wall_us : 0;

	s->epoch = now > s->epoch ? now : s->epoch + 1;
}

static void end_epoch(struct ingest_stream *s)
{
	if (!s->running)
		return;
	for (unsigned i = 0; i < INGEST_TRACKS; i++)
		packager_flush(&s->output[i].packager);
	s->total.mended += s->timeline.mended + s->dts.mended;
	s->timeline.mended = s->dts.mended = 0;
	s->running = false;
}

static void begin_renditions(struct ingest_stream *s)
{
	static const uint8_t rendition[INGEST_TRACKS] = {RENDITION_COPY, RENDITION_AUDIO};

	for (unsigned i = 0; i < INGEST_TRACKS; i++)
		if (s->input[i].there && packager_begin(&s->output[i].packager, s->camera, rendition[i], s->epoch, &s->track[i]) == -EINVAL)
			give_up(s, GAP_BAD_STREAM, "the camera's stream cannot be packaged");
}

static void begin_epoch(struct ingest_stream *s, unsigned track, uint32_t timestamp, int64_t arrival_us)
{
	int64_t arrival_wall_us = s->now.wall_us - (s->now.mono_us - arrival_us);

	end_epoch(s);
	new_epoch_number(s);
	timeline_begin(&s->timeline, track, timestamp, arrival_us, arrival_wall_us);
	cutter_init(&s->cutter, s->segment_ms, track == VIDEO);
	s->anew = false;
	s->told = GAP_NONE;
	s->running = s->track_owed = s->transcode_waits = true;
	send_gap(s);
	begin_renditions(s);
}

/* The video's track out of the parameter sets in force; false when they are of no use. */
static bool read_sets(struct ingest_stream *s)
{
	struct track t;
	struct h264_sps sps;
	uint32_t frame = 0;

	if (!s->h264.sps_len || !s->h264.pps_len)
		return false;
	if (h264_track(s->h264.sps, s->h264.sps_len, s->h264.pps, s->h264.pps_len, &t) || h264_parse_sps(s->h264.sps, s->h264.sps_len, &sps)) {
		give_up(s, GAP_BAD_STREAM, "the camera's parameter sets cannot be used");
		return false;
	}
	if (sps.fps_num && sps.fps_den && (uint64_t)sps.fps_den * TIMESCALE_VIDEO / sps.fps_num <= TIMESCALE_VIDEO)
		frame = (uint32_t)((uint64_t)sps.fps_den * TIMESCALE_VIDEO / sps.fps_num);
	end_epoch(s);
	s->track[VIDEO] = t;
	s->sets = s->h264.sets;
	dts_init(&s->dts, sps.reorder, frame);
	return true;
}

/* An epoch that this access unit can go on with, or a new one that it begins; false: it is of no use yet. */
static bool have_epoch(struct ingest_stream *s, const struct rtp_h264_au *in)
{
	bool waited = s->now.mono_us - s->taken_us >= INGEST_NO_KEY_S * SECOND_US;

	if (s->running && !s->anew && s->sets == s->h264.sets)
		return true;
	if (!in->idr && !waited)
		return false;
	if (!read_sets(s))
		return false;
	begin_epoch(s, VIDEO, in->timestamp, in->arrival_us);
	return !s->over;
}

static void tell_clock(struct ingest_stream *s)
{
	for (unsigned i = 0; i < INGEST_TRACKS; i++)
		packager_set_clock(&s->output[i].packager, s->timeline.clock, timeline_error_ms(&s->timeline));
}

static bool place(struct ingest_stream *s, unsigned track, uint32_t timestamp, int64_t arrival_us, struct au *ret)
{
	int64_t wall_us = s->now.wall_us - (s->now.mono_us - arrival_us);

	return timeline_place(&s->timeline, track, timestamp, arrival_us, wall_us, &ret->pts, &ret->capture_us) == 0;
}

static void count_cut(struct ingest_stream *s)
{
	if (s->cuts_us < s->now.mono_us)
		s->cuts_us = s->now.mono_us;
	s->cuts_us += INGEST_CUT_MS * 1000;
	if (s->cuts_us - s->now.mono_us > INGEST_CUTS_AHEAD * INGEST_CUT_MS * 1000ll)
		give_up(s, GAP_BAD_STREAM, "the camera's clock leaps, or its parameter sets change, all the time");
}

static void on_picture(void *ctx, const struct rtp_h264_au *in)
{
	struct ingest_stream *s = ctx;
	struct au au = {.key = in->idr, .data = in->data, .len = in->len};
	bool begins;

	s->total.access_units++;
	s->total.video_bytes += in->len;
	if (s->over || !have_epoch(s, in) || !place(s, VIDEO, in->timestamp, in->arrival_us, &au)) {
		s->total.dropped_camera++;
		return;
	}
	s->taken_us = s->now.mono_us;
	au.dts = dts_next(&s->dts, au.pts);
	begins = cutter_cut(&s->cutter, &au);
	if (begins) {
		tell_clock(s);
		count_cut(s);
	}
	to_transcode(s, &au, s->cutter.segment, begins);
	if (packager_add(&s->output[VIDEO].packager, &au, s->cutter.segment))
		s->total.dropped_ring++;
}

static void on_sound(void *ctx, const struct rtp_audio_frame *in)
{
	struct ingest_stream *s = ctx;
	struct au au = {.key = true, .data = in->data, .len = in->len};
	uint32_t segment, newest;

	s->total.audio_bytes += in->len;
	if (!s->input[VIDEO].there && (!s->running || s->anew) && !s->over)
		begin_epoch(s, AUDIO, in->timestamp, in->arrival_us);
	if (s->over || !s->running || s->anew || !place(s, AUDIO, in->timestamp, in->arrival_us, &au)) {
		s->total.dropped_camera++;
		return;
	}
	au.dts = au.pts;
	newest = s->cutter.segment;
	segment = cutter_audio(&s->cutter, &au, s->track[AUDIO].timescale);
	if (s->cutter.segment != newest)
		count_cut(s);
	if (!s->input[VIDEO].there)
		tell_clock(s);
	if (packager_add(&s->output[AUDIO].packager, &au, segment))
		s->total.dropped_ring++;
}

/* The way in */

static bool begin_audio(struct ingest_stream *s, const struct sdp_media *m)
{
	struct aac_config config;
	uint8_t built[5];
	const uint8_t *asc = m->config;
	int n = m->config_len;

	if (n == 0) {
		n = aac_build(m->clock_rate, m->channels ? m->channels : 1, built);
		asc = built;
	}
	if (n < 0 || aac_parse(asc, (size_t)n, &config) || aac_track(asc, (size_t)n, &s->track[AUDIO]) || config.rate != m->clock_rate)
		return false;
	rtp_aac_init(&s->aac, config.frame_samples, on_sound, s);
	rtp_source_init(&s->input[AUDIO].source, m->payload_type, m->clock_rate);
	timeline_track(&s->timeline, AUDIO, m->clock_rate, false);
	return true;
}

void ingest_stream_begin(struct ingest_stream *s, const struct sdp_media *video, const struct sdp_media *audio, bool datagrams, struct ingest_now now)
{
	assert(!s->connected);
	s->connected = true;
	s->now = s->begun = now;
	s->taken_us = now.mono_us;
	s->over = NULL;
	timeline_init(&s->timeline);
	for (unsigned i = 0; i < INGEST_TRACKS; i++)
		s->input[i] = (struct input){0};
	if (video) {
		s->input[VIDEO].there = true;
		rtp_h264_init(&s->h264, on_picture, s);
		rtp_h264_sets(&s->h264, video->sps, video->sps_len, video->pps, video->pps_len);
		rtp_source_init(&s->input[VIDEO].source, video->payload_type, TIMESCALE_VIDEO);
		timeline_track(&s->timeline, VIDEO, TIMESCALE_VIDEO, true);
	}
	s->input[AUDIO].there = audio && begin_audio(s, audio);
	if (!video && !s->input[AUDIO].there)
		give_up(s, GAP_UNSUPPORTED, "the camera's sound is in a form that is not carried");
}

void ingest_stream_start(struct ingest_stream *s, unsigned track, uint32_t rtptime)
{
	if (s->input[track].there)
		timeline_start(&s->timeline, track, rtptime);
}

static void take_report(struct ingest_stream *s, unsigned track, const uint8_t *p, size_t n)
{
	struct input *in = &s->input[track];
	struct rtcp_report r;
	const char *why;

	if (rtcp_parse(p, n, in->source.ssrc, &r, &why)) {
		in->malformed++;
		return;
	}
	if (r.has_sender) {
		in->has_report = true;
		in->report = r.sender;
		in->report_us = s->now.mono_us;
		timeline_report(&s->timeline, track, r.sender.rtp_timestamp, rtcp_ntp_to_us(r.sender.ntp));
	}
	if (r.bye && (track == VIDEO || !s->input[VIDEO].there))
		give_up(s, GAP_CAMERA_CLOSED, "the camera ended its stream");
}

static void take_media(struct ingest_stream *s, unsigned track, const uint8_t *p, size_t n)
{
	struct input *in = &s->input[track];
	struct rtp_packet k;
	enum rtp_verdict verdict;
	const char *why;

	if (rtp_parse(p, n, &k, &why)) {
		in->malformed++;
		return;
	}
	verdict = rtp_source_take(&in->source, &k, s->now.mono_us);
	if (verdict == RTP_DROP)
		return;
	if (track == VIDEO)
		rtp_h264_feed(&s->h264, &k, verdict == RTP_AFTER_LOSS, s->now.mono_us);
	else
		rtp_aac_feed(&s->aac, &k, verdict == RTP_AFTER_LOSS, s->now.mono_us);
}

const char *ingest_stream_packet(struct ingest_stream *s, unsigned track, bool rtcp, const uint8_t *p, size_t n,
				 struct ingest_now now, enum gap_why *ret_why)
{
	s->now = now;
	if (s->connected && s->input[track].there && !s->over) {
		/* Before its first packet a track has no SSRC to compare a report's with. */
		if (rtcp && s->input[track].source.begun)
			take_report(s, track, p, n);
		else if (!rtcp)
			take_media(s, track, p, n);
		if (s->input[VIDEO].there && !s->over && now.mono_us - s->taken_us >= INGEST_NO_PICTURE_S * SECOND_US)
			give_up(s, GAP_SILENT, "the camera sends packets, but no picture that can be used");
	}
	if (s->over)
		*ret_why = s->over_why;
	return s->over;
}

const char *ingest_stream_tick(struct ingest_stream *s, struct ingest_now now, enum gap_why *ret_why)
{
	s->now = now;
	if (s->over)
		*ret_why = s->over_why;
	return s->over;
}

bool ingest_stream_feedback(struct ingest_stream *s, struct ingest_now now, struct wr *w)
{
	return false;
}

struct ingest_health ingest_stream_health(struct ingest_stream *s, struct ingest_now now)
{
	return (struct ingest_health){0};
}

void ingest_stream_report(struct ingest_stream *s, unsigned track, struct ingest_now now, struct wr *w)
{
	struct input *in = &s->input[track];

	if (s->connected && in->there && in->source.begun)
		rtcp_write_receiver(w, (uint32_t)s->begun.mono_us, &in->source, in->has_report ? &in->report : NULL, now.mono_us - in->report_us);
}

/* What the connection's parts counted, before they go. */
static void add_counts(const struct ingest_stream *s, struct ingest_counters *c)
{
	if (!s->connected)
		return;
	for (unsigned i = 0; i < INGEST_TRACKS; i++) {
		const struct input *in = &s->input[i];

		c->packets += in->source.packets;
		c->lost += in->source.lost;
		c->dropped_camera += in->source.foreign + in->source.stale + in->malformed;
	}
	if (s->input[VIDEO].there)
		c->dropped_camera += s->h264.damaged_aus + s->h264.dropped_nals;
	if (s->input[AUDIO].there)
		c->dropped_camera += s->aac.dropped;
}

static void disconnect(struct ingest_stream *s)
{
	if (!s->connected)
		return;
	add_counts(s, &s->total);
	if (s->input[VIDEO].there)
		rtp_h264_free(&s->h264);
	if (s->input[AUDIO].there)
		rtp_aac_free(&s->aac);
	s->connected = false;
}

void ingest_stream_end(struct ingest_stream *s, enum gap_why why, struct ingest_now now)
{
	bool footage = s->running;

	s->now = now;
	if (s->connected && s->input[VIDEO].there && !s->over)
		rtp_h264_end(&s->h264);
	end_epoch(s);
	disconnect(s);
	if (!footage && (why == s->told || s->gap_owed)) {
		send_gap(s);
		return;
	}
	s->told = why;
	s->owed = (struct record){.kind = RECORD_GAP, .gap = {
		.camera = s->camera, .epoch = footage ? s->epoch : 0, .why = why, .at_us = now.wall_us}};
	s->gap_owed = true;
	send_gap(s);
}

/* Forgets what was not sent: it belongs to an epoch that the new store never heard of. */
static void reset_output(struct output *o, struct ingest_stream *s, bool prefix)
{
	struct packager_hooks hooks = {.emit = emit, .sent = hash_sent, .source = take_hash, .ctx = o};

	s->total.dropped_ring += o->packager.dropped_aus;
	packager_free(&o->packager);
	o->stream = s;
	o->prefix = prefix;
	packager_init(&o->packager, &hooks, PACKAGER_PART_MS);
	EVP_DigestInit_ex(o->hash, EVP_sha256(), NULL);
}

void ingest_stream_store_anew(struct ingest_stream *s)
{
	s->anew = s->running;
	for (unsigned i = 0; i < INGEST_TRACKS; i++)
		reset_output(&s->output[i], s, i == AUDIO);
}

void ingest_stream_transcode_anew(struct ingest_stream *s)
{
	s->track_owed = s->transcode_waits = true;
}

int ingest_stream_new(uint16_t camera, uint32_t segment_ms, const struct ingest_hooks *hooks, struct ingest_stream **ret)
{
	struct ingest_stream *s = calloc(1, sizeof *s);

	if (!s)
		return -ENOMEM;
	s->camera = camera;
	s->segment_ms = segment_ms;
	s->hooks = *hooks;
	for (unsigned i = 0; i < INGEST_TRACKS; i++) {
		s->output[i].hash = EVP_MD_CTX_new();
		if (!s->output[i].hash) {
			ingest_stream_free(&s);
			return -ENOMEM;
		}
		reset_output(&s->output[i], s, i == AUDIO);
	}
	*ret = s;
	return 0;
}

void ingest_stream_free(struct ingest_stream **sp)
{
	struct ingest_stream *s = *sp;

	if (!s)
		return;
	*sp = NULL;
	disconnect(s);
	for (unsigned i = 0; i < INGEST_TRACKS; i++) {
		packager_free(&s->output[i].packager);
		EVP_MD_CTX_free(s->output[i].hash);
	}
	free(s);
}

bool ingest_stream_running(const struct ingest_stream *s)
{
	return s->running && !s->anew;
}

const struct track *ingest_stream_track(const struct ingest_stream *s, unsigned track)
{
	return s->running && s->input[track].there ? &s->track[track] : NULL;
}

struct ingest_counters ingest_stream_counters(const struct ingest_stream *s)
{
	struct ingest_counters c = s->total;

	add_counts(s, &c);
	c.mended += s->timeline.mended + s->dts.mended;
	for (unsigned i = 0; i < INGEST_TRACKS; i++)
		c.dropped_ring += s->output[i].packager.dropped_aus;
	return c;
}
