/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What status is told: counts, whose fault each was, and measures. */
#include "server/ingest_inner.h"

#define RATES_US (2 * INGEST_SECOND_US)

/* A stream over TCP loses nothing on its way: what is missing there the camera has left out. */
static uint64_t *whose_loss(const struct ingest_stream *s, struct ingest_counters *c)
{
	return s->datagrams ? &c->dropped_network : &c->dropped_camera;
}

static void count_source(const struct ingest_stream *s, const struct ingest_input *in, struct ingest_counters *c)
{
	c->packets += in->source.packets;
	c->lost += in->source.lost;
	c->reordered += in->source.reordered;
	c->duplicates += in->source.duplicates;
	c->dropped_camera += in->source.foreign + in->source.stale + in->malformed;
	*whose_loss(s, c) += in->source.late;
}

void ingest_count_connection(const struct ingest_stream *s, struct ingest_counters *c)
{
	if (!s->connected)
		return;
	for (unsigned i = 0; i < INGEST_TRACKS; i++)
		count_source(s, &s->input[i], c);
	if (s->input[INGEST_VIDEO].there) {
		*whose_loss(s, c) += s->pictures.damaged_lost;
		c->dropped_camera += s->pictures.damaged_broken + s->pictures.dropped_nals;
	}
	if (s->input[INGEST_AUDIO].there)
		c->dropped_camera += rtp_audio_dropped(&s->sound);
}

/* Waiting for a picture to begin with is the camera's doing, unless it is for a store that began anew. */
void ingest_count_unused(struct ingest_stream *s)
{
	if (s->anew)
		s->total.dropped_ring++;
	else
		s->total.dropped_camera++;
}

struct ingest_counters ingest_stream_counters(const struct ingest_stream *s)
{
	struct ingest_counters c = s->total;

	ingest_count_connection(s, &c);
	c.mended += s->timeline.mended + s->dts.mended;
	for (unsigned i = 0; i < INGEST_TRACKS; i++) {
		c.dropped_ring += s->output[i].packager.dropped_aus;
		c.dropped_store += s->output[i].packager.dropped_aus;
	}
	return c;
}

/* From one packet's arrival to another's: the times at which somebody asks have nothing to do with when pictures come. */
static void measure(struct ingest_stream *s)
{
	struct ingest_rates *r = &s->rates;
	uint64_t bytes = s->total.video_bytes + s->total.audio_bytes;
	int64_t us = s->came_us - r->since_us;

	if (s->now.mono_us - r->since_us < RATES_US)
		return;
	if (us > 0 && us < 30 * RATES_US) {
		r->fps_milli = (uint32_t)((s->total.access_units - r->access_units) * 1000 * INGEST_SECOND_US / (uint64_t)us);
		r->rate_bps = (uint32_t)((bytes - r->bytes) * 8 * INGEST_SECOND_US / (uint64_t)us);
	} else {
		r->fps_milli = r->rate_bps = 0;
	}
	*r = (struct ingest_rates){us > 0 ? s->came_us : s->now.mono_us, s->total.access_units, bytes, r->fps_milli, r->rate_bps};
}

struct ingest_health ingest_stream_health(struct ingest_stream *s, struct ingest_now now)
{
	struct ingest_health h = {.sound = s->sound_off};

	s->now = now;
	measure(s);
	if (!s->connected)
		return h;
	h.fps_milli = s->rates.fps_milli;
	h.rate_bps = s->rates.rate_bps;
	h.pace_milli = s->pace_milli;
	h.key_interval_ms = s->keys.interval_ms;
	h.key_us = s->keys.last_wall_us;
	timeline_clock_offset(&s->timeline, &h.clock_offset_us);
	if (s->running) {
		h.clock = s->timeline.clock;
		h.clock_error_ms = timeline_error_ms(&s->timeline);
	}
	return h;
}
