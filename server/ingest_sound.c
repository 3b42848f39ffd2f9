/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sound: which depacketizer, and where its frames go. Nothing that is wrong with it stops the pictures. */
#include "media/aac.h"
#include "server/ingest_inner.h"

/* An epoch that the frame belongs to. Sound alone begins one; beside pictures it waits for them. */
static bool have_epoch(struct ingest_stream *s, uint32_t timestamp, int64_t arrival_us)
{
	if (s->over || s->sound_off)
		return false;
	if (!s->input[INGEST_VIDEO].there && (!s->running || s->anew))
		ingest_epoch_begin(s, INGEST_AUDIO, timestamp, arrival_us);
	return s->running && !s->anew && !s->over && !s->sound_off;
}

static void take(struct ingest_stream *s, uint32_t timestamp, int64_t arrival_us, const uint8_t *data, size_t len)
{
	struct au au = {.key = true, .data = data, .len = len};
	uint32_t segment, newest;

	s->total.audio_bytes += len;
	if (!have_epoch(s, timestamp, arrival_us) || !ingest_epoch_place(s, INGEST_AUDIO, timestamp, arrival_us, &au)) {
		s->total.dropped_camera++;
		return;
	}
	au.dts = au.pts;
	newest = s->cutter.segment;
	segment = cutter_audio(&s->cutter, &au, s->track[INGEST_AUDIO].timescale);
	if (s->cutter.segment != newest)
		ingest_epoch_cut(s, INGEST_AUDIO);
	ingest_out_sound(s, &au, segment);
}

static void on_aac(void *ctx, const struct rtp_audio_frame *in)
{
	take(ctx, in->timestamp, in->arrival_us, in->data, in->len);
}

static bool begin_aac(struct ingest_stream *s, const struct sdp_media *m)
{
	struct aac_config config;
	uint8_t built[5];
	const uint8_t *asc = m->config;
	int n = m->config_len;

	if (n == 0) {
		n = aac_build(m->clock_rate, m->channels ? m->channels : 1, built);
		asc = built;
	}
	if (n < 0 || aac_parse(asc, (size_t)n, &config) || aac_track(asc, (size_t)n, &s->track[INGEST_AUDIO]) || config.rate != m->clock_rate)
		return false;
	rtp_aac_init(&s->aac, config.frame_samples, on_aac, s);
	return true;
}

bool ingest_sound_begin(struct ingest_stream *s, const struct sdp_media *m)
{
	struct ingest_input *in = &s->input[INGEST_AUDIO];

	s->sound_off = NULL;
	in->codec = m->codec;
	in->there = begin_aac(s, m);
	if (!in->there) {
		s->sound_off = "sound in a form that is not carried";
		return false;
	}
	rtp_source_init(&in->source, m->payload_type, m->clock_rate);
	timeline_track(&s->timeline, INGEST_AUDIO, m->clock_rate, false);
	return true;
}

void ingest_sound_feed(struct ingest_stream *s, const struct rtp_packet *p, bool lost, int64_t arrival_us)
{
	rtp_aac_feed(&s->aac, p, lost, arrival_us);
}

void ingest_sound_free(struct ingest_stream *s)
{
	rtp_aac_free(&s->aac);
}

void ingest_sound_leave_out(struct ingest_stream *s, const char *why)
{
	s->sound_off = why;
	if (!s->input[INGEST_VIDEO].there)
		ingest_give_up(s, GAP_BAD_STREAM, "the camera's sound cannot be used, and it has no picture");
}
