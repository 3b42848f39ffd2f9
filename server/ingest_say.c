/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parent is told of a camera. */
#include <stdio.h>

#include "base/clock.h"
#include "server/ingest_camera_inner.h"

static void fill_tracks(struct msg_camera_state *m, const struct track *video, const struct track *audio)
{
	if (video) {
		m->video = (uint8_t)video->codec;
		m->width = video->width;
		m->height = video->height;
		m->profile = video->profile;
		m->level = video->level;
	}
	if (audio)
		m->audio = (uint8_t)audio->codec;
}

static void fill_counters(struct msg_camera_state *m, const struct ingest_counters *n)
{
	m->access_units = n->access_units;
	m->packets = n->packets;
	m->lost = n->lost;
	m->reordered = n->reordered;
	m->duplicates = n->duplicates;
	m->mended = n->mended;
	m->key_requests = n->key_requests;
	m->dropped_camera = n->dropped_camera;
	m->dropped_network = n->dropped_network;
	m->dropped_ring = n->dropped_ring;
	m->dropped_store = n->dropped_store;
}

static void fill_health(struct msg_camera_state *m, const struct ingest_health *h)
{
	m->fps_milli = h->fps_milli;
	m->rate_bps = h->rate_bps;
	m->pace_milli = h->pace_milli;
	m->key_interval_ms = h->key_interval_ms;
	m->key_us = h->key_us;
	m->clock = (uint8_t)h->clock;
	m->clock_offset_us = h->clock_offset_us;
	m->clock_error_ms = h->clock_error_ms;
	if (h->sound)
		snprintf(m->detail, sizeof m->detail, "%s", h->sound);
}

void ingest_say_state(struct ingest_camera *c)
{
	struct ingest_now t = ingest_camera_now();
	struct ingest_counters n = ingest_stream_counters(c->stream);
	struct msg_camera_state m = {.camera = c->conf.camera, .phase = (uint8_t)c->phase, .why = (uint8_t)c->why,
		.tls = c->conf.tls != SITE_TLS_NONE, .since_us = c->since_us, .reconnects = c->reconnects, .segment_ms = c->conf.segment_ms};
	struct ingest_health health;

	if (c->left)
		return;
	c->stated_us = t.mono_us;
	c->stated_longest_s = ingest_stream_longest_s(c->stream);
	m.longest_s = (uint8_t)c->stated_longest_s;
	if (c->phase == CAMERA_WAITING && c->retry_us > t.mono_us)
		m.retry_ms = (uint32_t)((c->retry_us - t.mono_us) / 1000);
	fill_tracks(&m, ingest_stream_track(c->stream, RTSP_CLIENT_VIDEO), ingest_stream_track(c->stream, RTSP_CLIENT_AUDIO));
	fill_counters(&m, &n);
	snprintf(m.detail, sizeof m.detail, "%s", c->detail);
	if (c->phase == CAMERA_STREAMING) {
		health = ingest_stream_health(c->stream, t);
		fill_health(&m, &health);
		m.transport = (uint8_t)rtsp_client_transport(c->client);
	}
	if (c->client)
		snprintf(m.left_out, sizeof m.left_out, "%s", rtsp_client_left_out(c->client));
	channel_say(c->site->parent, MSG_CAMERA_STATE, &m, NULL, 0);
}

void ingest_say_offer(struct ingest_camera *c)
{
	struct msg_camera_offer m = {.camera = c->conf.camera};

	if (!c->client || c->left)
		return;
	m.login = (uint8_t)rtsp_client_answered(c->client);
	m.signs = rtsp_client_vendor(c->client)->rows;
	m.quirks = rtsp_client_quirks(c->client);
	snprintf(m.media, sizeof m.media, "%s", rtsp_client_offered(c->client));
	channel_say(c->site->parent, MSG_CAMERA_OFFER, &m, NULL, 0);
}
