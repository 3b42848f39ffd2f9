/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Epochs: where one begins and ends, the times in it, and its cuts. */
#include "server/ingest_inner.h"

static void new_number(struct ingest_stream *s)
{
	uint64_t now = s->now.wall_us > 0 ? (uint64_t)s->now.wall_us : 0;

	s->epoch = now > s->epoch ? now : s->epoch + 1;
}

/* What the entries of the segments say that end now. */
static void tell_clock(struct ingest_stream *s)
{
	uint32_t error_ms = timeline_worst_ms(&s->timeline);

	for (unsigned i = 0; i < INGEST_TRACKS; i++)
		packager_set_clock(&s->output[i].packager, s->timeline.clock, error_ms);
}

void ingest_epoch_end(struct ingest_stream *s)
{
	if (!s->running)
		return;
	tell_clock(s);
	ingest_out_flush(s);
	s->total.mended += s->timeline.mended + s->dts.mended;
	s->timeline.mended = s->dts.mended = 0;
	s->running = false;
}

static int64_t arrival_wall(const struct ingest_stream *s, int64_t arrival_us)
{
	return s->now.wall_us - (s->now.mono_us - arrival_us);
}

void ingest_epoch_begin(struct ingest_stream *s, unsigned track, uint32_t timestamp, int64_t arrival_us)
{
	ingest_epoch_end(s);
	new_number(s);
	timeline_begin(&s->timeline, track, timestamp, arrival_us, arrival_wall(s, arrival_us));
	cutter_init(&s->cutter, s->segment_ms, s->longest_s, track == INGEST_VIDEO);
	s->longest_s = s->cutter.longest_s;
	s->anew = false;
	s->told = GAP_NONE;
	s->running = true;
	s->sound_last = INT64_MIN;
	s->picture_us = 0;
	s->first.pictures = 0;
	ingest_out_gap(s);
	ingest_out_begin(s);
}

bool ingest_epoch_place(struct ingest_stream *s, unsigned track, uint32_t timestamp, int64_t arrival_us, struct au *ret)
{
	return timeline_place(&s->timeline, track, timestamp, arrival_us, arrival_wall(s, arrival_us), &ret->pts, &ret->capture_us) == 0;
}

void ingest_epoch_cut(struct ingest_stream *s, unsigned track)
{
	s->longest_s = s->cutter.longest_s;
	tell_clock(s);
	if (s->cuts_us < s->now.mono_us)
		s->cuts_us = s->now.mono_us;
	s->cuts_us += INGEST_CUT_MS * 1000;
	if (s->cuts_us - s->now.mono_us <= INGEST_CUTS_AHEAD * INGEST_CUT_MS * 1000ll)
		return;
	if (track == INGEST_VIDEO || !s->input[INGEST_VIDEO].there)
		ingest_give_up(s, GAP_BAD_STREAM, "the camera's clock leaps, or its parameter sets change, all the time");
	else
		ingest_sound_leave_out(s, "sound whose clock leaps all the time");
}
