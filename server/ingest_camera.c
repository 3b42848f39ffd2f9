/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/ingest_camera.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/rtsp_client.h"
#include "server/ingest_backoff.h"
#include "server/ingest_stream.h"

#define SECOND_US 1000000ll
#define READS 2                       /* of RTSP_CLIENT_FEED_MAX before other cameras get their turn */

struct ingest_camera {
	struct ingest_site *site;
	struct msg_ingest_camera conf;
	enum camera_phase phase;
	bool stopping, ending;            /* ending: the TEARDOWN is on its way */

	int fd;
	struct event *readable, *writable;
	struct rtsp_client *client;
	struct ingest_stream *stream;
	struct ingest_ring transcode;

	struct ingest_backoff backoff;
	int64_t retry_us, running_us;     /* monotonic; running_us: footage is taken since, 0: none is */
	int64_t stated_us, reported_us;
	struct ingest_counters stated;    /* when rates were last taken */
	uint32_t fps_milli, rate_bps;
	uint64_t reconnects;
	enum gap_why why;
	const char *detail;               /* static text */
};

static struct ingest_now now(void)
{
	return (struct ingest_now){clock_mono_us(), clock_wall_us()};
}

/* What the parent is told */

static void take_rates(struct ingest_camera *c, const struct ingest_counters *n, int64_t mono_us)
{
	uint64_t us = (uint64_t)(mono_us - c->stated_us);
	uint64_t bytes = n->video_bytes + n->audio_bytes - c->stated.video_bytes - c->stated.audio_bytes;

	if (us < (uint64_t)SECOND_US)
		return;
	c->fps_milli = (uint32_t)((n->access_units - c->stated.access_units) * 1000 * SECOND_US / us);
	c->rate_bps = (uint32_t)(bytes * 8 * SECOND_US / us);
	c->stated = *n;
	c->stated_us = mono_us;
}

static void fill_track(struct msg_camera_state *m, const struct track *video, const struct track *audio)
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

static void say_state(struct ingest_camera *c)
{
	struct ingest_counters n = ingest_stream_counters(c->stream);
	int64_t mono_us = clock_mono_us(), wait_us = c->retry_us - mono_us;
	struct msg_camera_state m = {.camera = c->conf.camera, .phase = (uint8_t)c->phase, .why = (uint8_t)c->why,
		.access_units = n.access_units, .packets = n.packets, .lost = n.lost, .dropped_camera = n.dropped_camera, .dropped_network = n.dropped_network,
		.dropped_ring = n.dropped_ring, .mended = n.mended,
		.reconnects = c->reconnects};

	take_rates(c, &n, mono_us);
	if (c->phase == CAMERA_WAITING && wait_us > 0)
		m.retry_ms = (uint32_t)(wait_us / 1000);
	if (c->phase == CAMERA_STREAMING) {
		m.fps_milli = c->fps_milli;
		m.rate_bps = c->rate_bps;
	}
	fill_track(&m, ingest_stream_track(c->stream, RTSP_CLIENT_VIDEO), ingest_stream_track(c->stream, RTSP_CLIENT_AUDIO));
	snprintf(m.detail, sizeof m.detail, "%s", c->detail ? c->detail : "");
	if (c->client)
		snprintf(m.left_out, sizeof m.left_out, "%s", rtsp_client_left_out(c->client));
	channel_say(c->site->parent, MSG_CAMERA_STATE, &m, NULL, 0);
}

/* Back-off */

static void wait_for_retry(struct ingest_camera *c, int64_t mono_us)
{
	uint32_t random;

	if (getrandom(&random, sizeof random, 0) != sizeof random)
		random = (uint32_t)mono_us;
	c->retry_us = mono_us + ingest_backoff_next(&c->backoff, c->why, random) * 1000ll;
	c->phase = CAMERA_WAITING;
}

/* The connection */

static void hang_up(struct ingest_camera *c)
{
	if (c->readable)
		event_free(c->readable);
	if (c->writable)
		event_free(c->writable);
	c->readable = c->writable = NULL;
	if (c->fd >= 0) {
		shutdown(c->fd, SHUT_RDWR);
		close(c->fd);
	}
	c->fd = -1;
	rtsp_client_free(&c->client);
}

static void kick(struct ingest_camera *c)
{
	ingest_ring_kick(&c->site->store);
	ingest_ring_kick(&c->transcode);
}

/* The try is over, whatever stage it reached. */
static void ended(struct ingest_camera *c, enum gap_why why, const char *text)
{
	struct ingest_now t = now();

	ingest_stream_end(c->stream, why, t);
	kick(c);
	hang_up(c);
	if (c->running_us && t.mono_us - c->running_us >= INGEST_BACKOFF_GOOD_S * SECOND_US)
		c->backoff = (struct ingest_backoff){0};
	c->running_us = 0;
	c->ending = false;
	c->why = why;
	c->detail = text;
	c->reconnects++;
	wait_for_retry(c, t.mono_us);
	if (c->stopping)
		c->phase = CAMERA_IDLE;
	else
		log_warn("camera-lost", "camera=%s why=%s text=\"%s\" retry_ms=%lld", c->conf.name, gap_why_name(why), text,
			(long long)(c->retry_us - t.mono_us) / 1000);
	say_state(c);
}

/* Sends what is in out; what the socket does not take waits for it. false: the connection broke. */
static bool flush_out(struct ingest_camera *c)
{
	struct buf *out = rtsp_client_out(c->client);

	while (out->len) {
		ssize_t n = send(c->fd, buf_data(out), out->len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return event_add(c->writable, NULL) == 0;
		if (n < 0)
			return false;
		buf_consume(out, (size_t)n);
	}
	return true;
}

static void begin_stream(struct ingest_camera *c)
{
	ingest_stream_begin(c->stream, rtsp_client_media(c->client, RTSP_CLIENT_VIDEO), rtsp_client_media(c->client, RTSP_CLIENT_AUDIO), false, now());
}

static void play(struct ingest_camera *c, int64_t mono_us)
{
	uint32_t time;

	for (unsigned i = 0; i < RTSP_CLIENT_TRACKS; i++)
		if (rtsp_client_rtptime(c->client, i, &time))
			ingest_stream_start(c->stream, i, time);
	c->phase = CAMERA_STREAMING;
	c->reported_us = mono_us;
	c->why = GAP_NONE;
	c->detail = NULL;
	log_info("camera-playing", "camera=%s left_out=\"%s\"", c->conf.name, rtsp_client_left_out(c->client));
	say_state(c);
}

/* One event; false when it was the last of the connection. */
static bool on_event(struct ingest_camera *c, const struct rtsp_client_event *e, struct ingest_now t)
{
	enum gap_why why = GAP_NONE;
	const char *over = NULL;

	switch (e->kind) {
	case RTSP_CLIENT_DESCRIBED:
		begin_stream(c);
		break;
	case RTSP_CLIENT_PLAYING:
		play(c, t.mono_us);
		break;
	case RTSP_CLIENT_MEDIA:
		over = ingest_stream_packet(c->stream, e->track, e->rtcp, e->data, e->len, t, &why);
		break;
	case RTSP_CLIENT_WANT_UDP:
	case RTSP_CLIENT_UDP_SERVER:
		break;
	case RTSP_CLIENT_FAILED:
		flush_out(c);
		ended(c, e->why, e->text);
		return false;
	case RTSP_CLIENT_DONE:
		ended(c, c->stopping ? GAP_STOPPED : c->why, c->detail ? c->detail : "stopped");
		return false;
	}
	if (over && !c->ending) {
		c->why = why;
		c->detail = over;
		c->ending = true;
		rtsp_client_stop(c->client, t.mono_us);
	}
	return true;
}

/* All events, then what is to be sent; false when the connection is over. */
static bool drain(struct ingest_camera *c)
{
	struct ingest_now t = now();
	struct rtsp_client_event e;

	while (rtsp_client_next(c->client, t.mono_us, &e) == 1)
		if (!on_event(c, &e, t))
			return false;
	if (ingest_stream_running(c->stream) != (c->running_us != 0)) {
		c->running_us = c->running_us ? 0 : t.mono_us;
		say_state(c);
	}
	if (flush_out(c))
		return true;
	ended(c, GAP_CAMERA_CLOSED, "the connection to the camera broke");
	return false;
}

static void on_readable(int fd, short what, void *arg)
{
	struct ingest_camera *c = arg;

	for (unsigned i = 0; i < READS; i++) {
		ssize_t n = recv(c->fd, c->site->received, RTSP_CLIENT_FEED_MAX, MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n > 0)
			rtsp_client_feed(c->client, c->site->received, (size_t)n, clock_mono_us());
		else
			rtsp_client_closed(c->client);
		if (!drain(c))
			return;
		if ((size_t)n < RTSP_CLIENT_FEED_MAX)
			break;
	}
	kick(c);
}

static void on_writable(int fd, short what, void *arg)
{
	struct ingest_camera *c = arg;

	if (!flush_out(c))
		ended(c, GAP_CAMERA_CLOSED, "the connection to the camera broke");
}

static int open_client(struct ingest_camera *c)
{
	struct rtsp_client_config config = {.url = c->conf.url, .allow_md5 = c->conf.allow_md5,
		.user = c->conf.has_user ? c->conf.user : NULL, .password = c->conf.has_user ? c->conf.password : NULL};

	if (getrandom(config.random, sizeof config.random, 0) != sizeof config.random)
		return -EIO;
	return rtsp_client_new(&config, &c->client);
}

static bool connected(struct ingest_camera *c, int fd)
{
	c->fd = fd;
	c->readable = event_new(c->site->base, fd, EV_READ | EV_PERSIST, on_readable, c);
	c->writable = event_new(c->site->base, fd, EV_WRITE, on_writable, c);
	if (!c->readable || !c->writable || open_client(c) || event_add(c->readable, NULL))
		return false;
	rtsp_client_start(c->client, clock_mono_us());
	return true;
}

static void dial_failed(struct ingest_camera *c, int error)
{
	switch (error) {
	case ECONNREFUSED:
		ended(c, GAP_REFUSED, "nothing listens at the camera's address: check address and port, and that RTSP is on");
		break;
	case ETIMEDOUT:
		ended(c, GAP_TIMED_OUT, "nothing answers at the camera's address: check power, cable and address");
		break;
	default:
		ended(c, GAP_UNREACHABLE, "the camera's address cannot be reached: check network and address");
	}
}

void ingest_camera_dialed(struct ingest_camera *c, int error, int fd)
{
	if (c->phase != CAMERA_CONNECTING || c->client) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (error || fd < 0)
		dial_failed(c, error);
	else if (!connected(c, fd))
		ended(c, GAP_OVERLOAD, "no memory for the connection");
	else
		drain(c);
}

/* Time */

static void report(struct ingest_camera *c, struct ingest_now t)
{
	if (c->phase != CAMERA_STREAMING || t.mono_us - c->reported_us < INGEST_REPORT_S * SECOND_US)
		return;
	c->reported_us = t.mono_us;
	for (unsigned i = 0; i < RTSP_CLIENT_TRACKS; i++) {
		uint8_t packet[128];
		struct wr w = wr_init(packet, sizeof packet);

		ingest_stream_report(c->stream, i, t, &w);
		if (w.len && !w.bad)
			rtsp_client_rtcp(c->client, i, packet, w.len);
	}
}

static void dial(struct ingest_camera *c)
{
	if (channel_say(c->site->parent, MSG_DIAL, &(struct msg_dial){c->conf.camera}, NULL, 0))
		return;
	c->phase = CAMERA_CONNECTING;
	say_state(c);
}

void ingest_camera_tick(struct ingest_camera *c)
{
	struct ingest_now t = now();

	if (c->client) {
		rtsp_client_tick(c->client, t.mono_us);
		report(c, t);
		if (!drain(c))
			return;
		kick(c);
	} else if ((c->phase == CAMERA_IDLE || c->phase == CAMERA_WAITING) && !c->stopping && t.mono_us >= c->retry_us) {
		dial(c);
		return;
	}
	if (t.mono_us - c->stated_us >= INGEST_STATE_S * SECOND_US)
		say_state(c);
}

void ingest_camera_stop(struct ingest_camera *c)
{
	c->stopping = true;
	if (!c->client) {
		c->phase = CAMERA_IDLE;
		ingest_stream_end(c->stream, GAP_STOPPED, now());
		kick(c);
		return;
	}
	rtsp_client_stop(c->client, clock_mono_us());
	drain(c);
}

bool ingest_camera_idle(const struct ingest_camera *c)
{
	return c->phase == CAMERA_IDLE;
}

/* Rings */

static int to_store(void *ctx, const struct record *r)
{
	struct ingest_camera *c = ctx;

	return ingest_ring_put(&c->site->store, r);
}

static int to_transcode(void *ctx, const struct record *r)
{
	struct ingest_camera *c = ctx;

	return c->transcode.open ? ingest_ring_put(&c->transcode, r) : -ENOTCONN;
}

void ingest_camera_transcode(struct ingest_camera *c, int fd, int doorbell)
{
	int rc = ingest_ring_open(&c->transcode, fd, doorbell);

	if (rc)
		log_error("ring", "camera=%s to=transcode error=\"%s\"", c->conf.name, strerror(-rc));
	ingest_stream_transcode_anew(c->stream);
}

void ingest_camera_store_anew(struct ingest_camera *c)
{
	ingest_stream_store_anew(c->stream);
}

/* Life */

int ingest_camera_new(struct ingest_site *site, const struct msg_ingest_camera *m, unsigned first_ms, struct ingest_camera **ret)
{
	struct ingest_camera *c = calloc(1, sizeof *c);
	struct ingest_hooks hooks = {.store = to_store, .transcode = to_transcode, .pictures = m->has_transcode, .ctx = c};
	int rc;

	if (!c)
		return -ENOMEM;
	c->site = site;
	c->conf = *m;
	c->fd = -1;
	c->why = GAP_STARTING;
	c->retry_us = clock_mono_us() + first_ms * 1000ll;
	rc = ingest_stream_new(m->camera, m->segment_ms, &hooks, &c->stream);
	if (rc)
		ingest_camera_free(&c);
	else
		*ret = c;
	return rc;
}

void ingest_camera_free(struct ingest_camera **cp)
{
	struct ingest_camera *c = *cp;

	if (!c)
		return;
	*cp = NULL;
	hang_up(c);
	ingest_stream_free(&c->stream);
	ingest_ring_close(&c->transcode);
	explicit_bzero(&c->conf, sizeof c->conf);
	free(c);
}

uint16_t ingest_camera_index(const struct ingest_camera *c)
{
	return c->conf.camera;
}
