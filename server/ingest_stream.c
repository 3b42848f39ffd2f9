/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way in, and a stream's life. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/ingest_inner.h"

void ingest_give_up(struct ingest_stream *s, enum gap_why why, const char *text)
{
	s->over = text;
	s->over_why = why;
}

static void on_ordered(void *ctx, const struct rtp_packet *p, bool lost, int64_t arrival_us)
{
	struct ingest_input *in = ctx;
	struct ingest_stream *s = in->stream;

	if (s->over)
		return;
	if (in == &s->input[INGEST_VIDEO])
		ingest_video_feed(s, p, lost, arrival_us);
	else
		ingest_sound_feed(s, p, lost, arrival_us);
}

void ingest_stream_begin(struct ingest_stream *s, const struct sdp_media *video, const struct sdp_media *audio, bool datagrams, struct ingest_now now)
{
	assert(!s->connected);
	s->connected = true;
	s->datagrams = datagrams;
	s->now = s->begun = now;
	s->taken_us = now.mono_us;
	s->over = NULL;
	timeline_init(&s->timeline);
	s->sound_off = NULL;
	for (unsigned i = 0; i < INGEST_TRACKS; i++)
		s->input[i] = (struct ingest_input){.stream = s};
	if (video)
		ingest_video_begin(s, video);
	if (audio)
		ingest_sound_begin(s, audio);
	for (unsigned i = 0; i < INGEST_TRACKS; i++)
		rtp_reorder_init(&s->input[i].order, &s->input[i].source, datagrams ? RTP_REORDER_WAIT_MS * 1000 : 0, on_ordered, &s->input[i]);
	if (!video && !s->input[INGEST_AUDIO].there)
		ingest_give_up(s, GAP_UNSUPPORTED, "the camera's sound is in a form that is not carried");
}

void ingest_stream_start(struct ingest_stream *s, unsigned track, uint32_t rtptime)
{
	if (s->input[track].there)
		timeline_start(&s->timeline, track, rtptime);
}

static void take_sender(struct ingest_stream *s, unsigned track, const struct rtcp_sender *r)
{
	struct ingest_input *in = &s->input[track];

	in->has_report = true;
	in->report = *r;
	in->report_us = s->now.mono_us;
	timeline_report(&s->timeline, track, r->rtp_timestamp, rtcp_ntp_to_us(r->ntp), s->now.mono_us);
}

static void take_report(struct ingest_stream *s, unsigned track, const uint8_t *p, size_t n)
{
	struct ingest_input *in = &s->input[track];
	struct rtcp_report r;
	const char *why;

	if (rtcp_parse(p, n, in->source.ssrc, &r, &why)) {
		in->malformed++;
		return;
	}
	if (r.has_sender)
		take_sender(s, track, &r.sender);
	if (r.bye && (track == INGEST_VIDEO || !s->input[INGEST_VIDEO].there))
		ingest_give_up(s, GAP_CAMERA_CLOSED, "the camera ended its stream");
}

static void keep_early(struct ingest_input *in, const uint8_t *p, size_t n)
{
	in->early.len = n < sizeof in->early.bytes ? n : sizeof in->early.bytes;
	if (in->early.len)
		memcpy(in->early.bytes, p, in->early.len);
}

/* Many cameras send a report as they begin to play, and the next one seconds later: it is the first pictures' only true time. */
static void take_early(struct ingest_stream *s, unsigned track, uint32_t ssrc)
{
	struct ingest_input *in = &s->input[track];
	struct rtcp_report r;
	const char *why;

	if (!rtcp_parse(in->early.bytes, in->early.len, ssrc, &r, &why) && r.has_sender)
		take_sender(s, track, &r.sender);
	in->early.len = 0;
}

static void take_media(struct ingest_stream *s, unsigned track, const uint8_t *p, size_t n)
{
	struct ingest_input *in = &s->input[track];
	struct rtp_packet k;
	const char *why;

	if (rtp_parse(p, n, &k, &why)) {
		in->malformed++;
		return;
	}
	if (in->early.len && k.payload_type == in->source.payload_type)
		take_early(s, track, k.ssrc);
	rtp_reorder_feed(&in->order, &k, s->now.mono_us);
}

static const char *verdict(const struct ingest_stream *s, enum gap_why *ret_why)
{
	if (s->over)
		*ret_why = s->over_why;
	return s->over;
}

const char *ingest_stream_packet(struct ingest_stream *s, unsigned track, bool rtcp, const uint8_t *p, size_t n,
				 struct ingest_now now, enum gap_why *ret_why)
{
	s->now = now;
	if (s->connected && s->input[track].there && !s->over) {
		/* Before its first packet a track has no SSRC to compare a report's with. */
		if (!rtcp)
			take_media(s, track, p, n);
		else if (s->input[track].source.begun)
			take_report(s, track, p, n);
		else
			keep_early(&s->input[track], p, n);
		if (s->input[INGEST_VIDEO].there && !s->over && now.mono_us - s->taken_us >= INGEST_NO_PICTURE_S * INGEST_SECOND_US)
			ingest_give_up(s, GAP_SILENT, "the camera sends packets, but no picture that can be used");
	}
	return verdict(s, ret_why);
}

const char *ingest_stream_tick(struct ingest_stream *s, struct ingest_now now, enum gap_why *ret_why)
{
	s->now = now;
	for (unsigned i = 0; i < INGEST_TRACKS; i++)
		if (s->connected && s->input[i].there)
			rtp_reorder_tick(&s->input[i].order, now.mono_us);
	return verdict(s, ret_why);
}

void ingest_stream_report(struct ingest_stream *s, unsigned track, struct ingest_now now, struct wr *w)
{
	struct ingest_input *in = &s->input[track];

	if (s->connected && in->there && in->source.begun)
		rtcp_write_receiver(w, (uint32_t)s->begun.mono_us, &in->source, in->has_report ? &in->report : NULL, now.mono_us - in->report_us);
}

/* What is still kept for want of a packet before it, and the last picture. */
static void flush(struct ingest_stream *s)
{
	for (unsigned i = 0; i < INGEST_TRACKS; i++)
		if (s->input[i].there && !s->over)
			rtp_reorder_flush(&s->input[i].order);
	if (s->input[INGEST_VIDEO].there && !s->over)
		ingest_video_end(s);
}

static void disconnect(struct ingest_stream *s)
{
	if (!s->connected)
		return;
	ingest_count_connection(s, &s->total);
	for (unsigned i = 0; i < INGEST_TRACKS; i++)
		rtp_reorder_free(&s->input[i].order);
	if (s->input[INGEST_VIDEO].there)
		ingest_video_free(s);
	if (s->input[INGEST_AUDIO].there)
		ingest_sound_free(s);
	s->connected = false;
}

void ingest_stream_end(struct ingest_stream *s, enum gap_why why, struct ingest_now now)
{
	bool footage = s->running;

	s->now = now;
	if (s->connected)
		flush(s);
	ingest_epoch_end(s);
	disconnect(s);
	if (!footage && (why == s->told || s->gap_owed)) {
		ingest_out_gap(s);
		return;
	}
	s->told = why;
	s->owed = (struct record){.kind = RECORD_GAP, .gap = {
		.camera = s->camera, .epoch = footage ? s->epoch : 0, .why = why, .at_us = now.wall_us}};
	s->gap_owed = true;
	ingest_out_gap(s);
}

void ingest_stream_store_anew(struct ingest_stream *s)
{
	s->anew = s->running;
	ingest_out_reset(s);
	ingest_key_want(s);
}

void ingest_stream_transcode_anew(struct ingest_stream *s, bool pictures)
{
	s->hooks.pictures = pictures;
	for (unsigned i = 0; i < INGEST_TRACKS; i++)
		s->output[i].track_owed = true;
	s->transcode_waits = true;
	s->transcode_lost = false;
	if (s->hooks.pictures)
		ingest_key_want(s);
}

int ingest_stream_new(uint16_t camera, uint32_t segment_ms, const struct ingest_hooks *hooks, struct ingest_stream **ret)
{
	struct ingest_stream *s = calloc(1, sizeof *s);

	if (!s)
		return -ENOMEM;
	s->camera = camera;
	s->segment_ms = segment_ms;
	s->hooks = *hooks;
	buf_init(&s->in_band, AU_MAX_BYTES);
	ingest_out_init(s);
	*ret = s;
	return 0;
}

void ingest_stream_follow(struct ingest_stream *s, const struct ingest_stream *before)
{
	s->epoch = before->epoch;
	s->told = before->told;
	s->owed = before->owed;
	s->gap_owed = before->gap_owed;
}

void ingest_stream_promise(struct ingest_stream *s, uint32_t longest_s)
{
	s->longest_s = longest_s;
}

uint32_t ingest_stream_longest_s(const struct ingest_stream *s)
{
	return s->longest_s;
}

void ingest_stream_free(struct ingest_stream **sp)
{
	struct ingest_stream *s = *sp;

	if (!s)
		return;
	*sp = NULL;
	disconnect(s);
	ingest_out_free(s);
	buf_free(&s->in_band);
	free(s);
}

bool ingest_stream_running(const struct ingest_stream *s)
{
	return s->running && !s->anew;
}

const struct track *ingest_stream_track(const struct ingest_stream *s, unsigned track)
{
	return s->running && s->input[track].there && !(track == INGEST_AUDIO && s->sound_off) ? &s->track[track] : NULL;
}
