/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sound: which depacketizer, and where its frames go. Nothing that is wrong with it stops the pictures. */
#include "server/ingest_inner.h"

#define AHEAD_MAX_US 2000000
#define BEHIND_MAX_US 10000000        /* pictures of before an event come all at once, and their sound behind them */

/* An epoch that the frame belongs to. Sound alone begins one; beside pictures it waits for them. */
static bool have_epoch(struct ingest_stream *s, uint32_t timestamp, int64_t arrival_us)
{
	if (s->over || s->sound_off)
		return false;
	if (!s->input[INGEST_VIDEO].there && (!s->running || s->anew))
		ingest_epoch_begin(s, INGEST_AUDIO, timestamp, arrival_us);
	return s->running && !s->anew && !s->over && !s->sound_off;
}

/*
 * Where there are pictures they tell the time. Sound that has run away from them is put anew where it arrives: left alone it would
 * cut segments where no picture does, or make players wait.
 */
static bool keeps_to_pictures(struct ingest_stream *s, int64_t pts)
{
	const struct track *t = &s->track[INGEST_AUDIO];
	int64_t us = pts / t->timescale * INGEST_SECOND_US + pts % t->timescale * INGEST_SECOND_US / t->timescale, ahead_us = us - s->picture_us;

	if (!s->input[INGEST_VIDEO].there || s->now.mono_us - s->taken_us > INGEST_SECOND_US)
		return true;
	if (ahead_us < AHEAD_MAX_US && -ahead_us < BEHIND_MAX_US)
		return true;
	timeline_track(&s->timeline, INGEST_AUDIO, t->timescale, false);
	s->total.mended++;
	return false;
}

/* The frame's place in the epoch; false: it has none. */
static bool place(struct ingest_stream *s, const struct rtp_audio_frame *in, struct au *au)
{
	if (!have_epoch(s, in->timestamp, in->arrival_us) || !ingest_epoch_place(s, INGEST_AUDIO, in->timestamp, in->arrival_us, au))
		return false;
	if (au->pts <= s->sound_last || !keeps_to_pictures(s, au->pts))
		return false;
	au->dts = s->sound_last = au->pts;
	return true;
}

static void on_frame(void *ctx, const struct rtp_audio_frame *in)
{
	struct ingest_stream *s = ctx;
	struct au au = {.key = true, .data = in->data, .len = in->len};
	uint32_t segment, newest;

	s->total.audio_bytes += in->len;
	if (!s->input[INGEST_VIDEO].there)
		s->came_us = s->now.mono_us;
	if (!place(s, in, &au)) {
		ingest_count_unused(s);
		return;
	}
	newest = s->cutter.segment;
	segment = cutter_audio(&s->cutter, &au, s->track[INGEST_AUDIO].timescale);
	if (s->cutter.segment != newest)
		ingest_epoch_cut(s, INGEST_AUDIO);
	ingest_out_sound(s, &au, segment);
}

bool ingest_sound_begin(struct ingest_stream *s, const struct sdp_media *m)
{
	struct ingest_input *in = &s->input[INGEST_AUDIO];
	struct track *t = &s->track[INGEST_AUDIO];
	const char *why;

	s->sound_off = NULL;
	if (rtp_audio_track(m, t, &why)) {
		s->sound_off = why;
		return false;
	}
	if (!record_track_fits(t)) {
		s->sound_off = "sound of a rate, or with channels, that are not carried";
		return false;
	}
	in->there = true;
	in->codec = t->codec;
	rtp_audio_init(&s->sound, t, on_frame, s);
	rtp_source_init(&in->source, m->payload_type, t->timescale);
	timeline_track(&s->timeline, INGEST_AUDIO, t->timescale, false);
	return true;
}

void ingest_sound_feed(struct ingest_stream *s, const struct rtp_packet *p, bool lost, int64_t arrival_us)
{
	rtp_audio_feed(&s->sound, p, lost, arrival_us);
}

void ingest_sound_free(struct ingest_stream *s)
{
	rtp_audio_free(&s->sound);
}

void ingest_sound_leave_out(struct ingest_stream *s, const char *why)
{
	s->sound_off = why;
	if (!s->input[INGEST_VIDEO].there)
		ingest_give_up(s, GAP_BAD_STREAM, "the camera's sound cannot be used, and it has no picture");
}
