/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/ingest_camera.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "server/ingest_camera_inner.h"
#include "server/ingest_onvif.h"

#define SECOND_US 1000000ll
#define READS 2                       /* of RTSP_CLIENT_FEED_MAX before other cameras get their turn */

static_assert((int)RTSP_CLIENT_AUTO == SITE_TRANSPORT_AUTO && (int)RTSP_CLIENT_TCP == SITE_TRANSPORT_TCP && (int)RTSP_CLIENT_UDP == SITE_TRANSPORT_UDP,
	      "the site file's words are the client's");

struct ingest_now ingest_camera_now(void)
{
	return (struct ingest_now){clock_mono_us(), clock_wall_us()};
}

static void set_phase(struct ingest_camera *c, enum camera_phase phase)
{
	if (c->phase != phase)
		c->since_us = clock_wall_us();
	c->phase = phase;
}

static void count(unsigned *cameras, bool *counted, bool now)
{
	*cameras += now;
	*cameras -= *counted;
	*counted = now;
}

static void set_pace(struct ingest_camera *c)
{
	bool datagrams = false;

	for (unsigned i = 0; i < INGEST_TRACKS; i++)
		datagrams |= c->port[i].udp.fd[0] >= 0;
	count(&c->site->pace.quick, &c->quick, c->client && c->phase != CAMERA_STREAMING);
	count(&c->site->pace.datagrams, &c->datagrams, datagrams);
	count(&c->site->pace.closely, &c->closely, !c->left && (c->chunk_ms[RTSP_CLIENT_VIDEO] || c->chunk_ms[RTSP_CLIENT_AUDIO]));
}

void ingest_camera_kick(struct ingest_camera *c)
{
	set_pace(c);
	ingest_ring_kick(&c->transcode);
	if (ingest_stream_running(c->stream) != (c->running_us != 0)) {
		c->running_us = c->running_us ? 0 : clock_mono_us();
		ingest_say_state(c);
	} else if (ingest_stream_longest_s(c->stream) != c->stated_longest_s) {
		ingest_say_state(c);
	}
}

/* The connection's end */

static void wait_for_retry(struct ingest_camera *c, int64_t mono_us)
{
	uint32_t random;

	if (getrandom(&random, sizeof random, 0) != sizeof random)
		random = (uint32_t)mono_us;
	c->retry_us = mono_us + ingest_backoff_next(&c->backoff, c->why, random) * 1000ll;
}

static void hang_up(struct ingest_camera *c)
{
	if (c->client)
		c->prefer = rtsp_client_prefer(c->client);
	ingest_ports_close(c);
	ingest_link_close(&c->link);
	rtsp_client_free(&c->client);
	c->begun = c->ending = false;
}

/* A camera that is away for days is no line each few seconds: a reason is said when it is new, and now and then. */
static void log_lost(struct ingest_camera *c, struct ingest_now t)
{
	if (c->stopping || (c->why == c->logged_why && t.mono_us - c->logged_us < INGEST_LOG_S * SECOND_US))
		return;
	c->logged_why = c->why;
	c->logged_us = t.mono_us;
	log_warn("camera-lost", "camera=%s why=%s text=\"%s\" retry_ms=%lld", c->conf.name, gap_why_name(c->why), c->detail,
		(long long)(c->retry_us - t.mono_us) / 1000);
}

/* The try is over, whatever stage it reached. */
static void ended(struct ingest_camera *c, enum gap_why why, const char *text)
{
	struct ingest_now t = ingest_camera_now();

	if (text != c->detail)
		snprintf(c->detail, sizeof c->detail, "%s", text);
	if (c->running_us && t.mono_us - c->running_us >= INGEST_BACKOFF_GOOD_S * SECOND_US)
		c->backoff = (struct ingest_backoff){0};
	if (!c->left)
		ingest_stream_end(c->stream, why, t);
	ingest_say_offer(c);
	hang_up(c);
	c->why = why;
	c->reconnects++;
	wait_for_retry(c, t.mono_us);
	set_phase(c, c->stopping ? CAMERA_IDLE : CAMERA_WAITING);
	c->running_us = 0;
	ingest_camera_kick(c);
	log_lost(c, t);
	ingest_say_state(c);
}

/* What is sent to the camera */

static bool flush_out(struct ingest_camera *c)
{
	return ingest_link_write(&c->link, rtsp_client_out(c->client));
}

static void send_rtcp(struct ingest_camera *c, unsigned track, const struct wr *w)
{
	if (!w->len || w->bad)
		return;
	if (c->port[track].udp.fd[1] >= 0)
		ingest_udp_report(&c->port[track].udp, w->p, w->len);
	else
		rtsp_client_rtcp(c->client, track, w->p, w->len);
}

/* What comes from it */

/* Only now is it known what the tracks come by, and which of them come. */
static void begin_stream(struct ingest_camera *c, struct ingest_now t)
{
	if (c->begun)
		return;
	c->begun = true;
	ingest_stream_begin(c->stream, rtsp_client_media(c->client, RTSP_CLIENT_VIDEO), rtsp_client_media(c->client, RTSP_CLIENT_AUDIO),
		rtsp_client_transport(c->client) == RTSP_CLIENT_UDP, t);
}

/* The stream itself is at an end: the camera is told, and left. */
static void leave(struct ingest_camera *c, enum gap_why why, const char *text, int64_t mono_us)
{
	if (!text || c->ending)
		return;
	c->why = why;
	snprintf(c->detail, sizeof c->detail, "%s", text);
	c->ending = true;
	rtsp_client_stop(c->client, mono_us);
}

void ingest_camera_packet(struct ingest_camera *c, unsigned track, bool rtcp, const uint8_t *p, size_t n, struct ingest_now t)
{
	enum gap_why why = GAP_NONE;
	const char *over;

	if (c->ending)
		return;
	begin_stream(c, t);
	over = ingest_stream_packet(c->stream, track, rtcp, p, n, t, &why);
	leave(c, why, over, t.mono_us);
}

static void play(struct ingest_camera *c, struct ingest_now t)
{
	static const char *const transport[] = {[RTSP_CLIENT_AUTO] = "none", [RTSP_CLIENT_TCP] = "tcp", [RTSP_CLIENT_UDP] = "udp"};
	uint32_t time;

	begin_stream(c, t);
	for (unsigned i = 0; i < RTSP_CLIENT_TRACKS; i++)
		if (rtsp_client_rtptime(c->client, i, &time))
			ingest_stream_start(c->stream, i, time);
	set_phase(c, CAMERA_STREAMING);
	c->reported_us = t.mono_us;
	c->why = c->logged_why = GAP_NONE;
	*c->detail = 0;
	log_info("camera-playing", "camera=%s transport=%s left_out=\"%s\"", c->conf.name, transport[rtsp_client_transport(c->client)],
		rtsp_client_left_out(c->client));
	ingest_say_offer(c);
	ingest_say_state(c);
}

/* One event; false when it was the last of the connection. */
static bool on_event(struct ingest_camera *c, const struct rtsp_client_event *e, struct ingest_now t)
{
	switch (e->kind) {
	case RTSP_CLIENT_DESCRIBED:
		break;
	case RTSP_CLIENT_PLAYING:
		play(c, t);
		break;
	case RTSP_CLIENT_MEDIA:
		ingest_camera_packet(c, e->track, e->rtcp, e->data, e->len, t);
		break;
	case RTSP_CLIENT_WANT_UDP:
		ingest_ports_open(c, e->track);
		break;
	case RTSP_CLIENT_UDP_SERVER:
		ingest_ports_connect(c, e->track, e->rtp_port, e->rtcp_port);
		break;
	case RTSP_CLIENT_FAILED:
		flush_out(c);
		ended(c, e->why, e->text);
		return false;
	case RTSP_CLIENT_DONE:
		ended(c, c->stopping ? GAP_STOPPED : c->why, *c->detail ? c->detail : "stopped");
		return false;
	}
	return true;
}

bool ingest_camera_drain(struct ingest_camera *c)
{
	struct ingest_now t = ingest_camera_now();
	struct rtsp_client_event e;

	while (rtsp_client_next(c->client, t.mono_us, &e) == 1)
		if (!on_event(c, &e, t))
			return false;
	if (flush_out(c)) {
		ingest_camera_kick(c);
		return true;
	}
	ended(c, GAP_CAMERA_CLOSED, "the connection to the camera broke");
	return false;
}

static void on_readable(struct ingest_camera *c)
{
	for (unsigned i = 0; i < READS; i++) {
		ssize_t n = ingest_link_read(&c->link, c->site->received, RTSP_CLIENT_FEED_MAX);

		if (n == -EAGAIN)
			return;
		ingest_pace_took(&c->site->pace, n > 0 ? (size_t)n : 0);
		if (n > 0)
			rtsp_client_feed(c->client, c->site->received, (size_t)n, clock_mono_us());
		else
			rtsp_client_closed(c->client);
		if (!ingest_camera_drain(c) || n < (ssize_t)RTSP_CLIENT_FEED_MAX)
			return;
	}
	ingest_link_again(&c->link);
}

static void on_news(void *ctx, enum ingest_link_news what)
{
	struct ingest_camera *c = ctx;
	char text[INGEST_TLS_TEXT];
	enum gap_why why;

	switch (what) {
	case INGEST_LINK_UP:
		rtsp_client_start(c->client, clock_mono_us());
		ingest_camera_drain(c);
		break;
	case INGEST_LINK_READABLE:
		on_readable(c);
		break;
	case INGEST_LINK_BROKEN:
		why = ingest_link_why(&c->link, text);
		ended(c, why, text);
		break;
	}
}

/* The connection's begin */

static int open_client(struct ingest_camera *c)
{
	struct rtsp_client_config config = {.url = c->conf.url, .allow_md5 = c->conf.allow_md5, .allow_basic = c->conf.allow_basic,
		.tls = c->tls.how == SITE_TLS_FINGERPRINT || c->tls.how == SITE_TLS_CA, .no_audio = !c->conf.audio,
		.transport = c->tls.how == SITE_TLS_NONE ? (enum rtsp_client_transport)c->conf.transport : RTSP_CLIENT_TCP, .prefer = c->prefer,
		.user = c->conf.has_user ? c->conf.user : NULL, .password = c->password};

	if (getrandom(config.random, sizeof config.random, 0) != sizeof config.random)
		return -EIO;
	return rtsp_client_new(&config, &c->client);
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
	if (c->phase != CAMERA_CONNECTING || c->client || c->stopping) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (error || fd < 0) {
		dial_failed(c, error);
		return;
	}
	c->linked_us = clock_mono_us();
	if (open_client(c)) {
		close(fd);
		ended(c, GAP_OVERLOAD, "no memory for the connection");
	} else if (ingest_link_open(&c->link, c->site->base, fd, &c->tls, on_news, c)) {
		ended(c, GAP_OVERLOAD, "no memory for the connection");
	}
}

void ingest_camera_onvif_dialed(struct ingest_camera *c, int error, int fd)
{
	ingest_onvif_dialed(c->onvif, error, fd);
}

/* Time */

static void report(struct ingest_camera *c, struct ingest_now t)
{
	if (t.mono_us - c->reported_us < INGEST_REPORT_S * SECOND_US)
		return;
	c->reported_us = t.mono_us;
	for (unsigned i = 0; i < RTSP_CLIENT_TRACKS; i++) {
		uint8_t packet[128];
		struct wr w = wr_init(packet, sizeof packet);

		ingest_stream_report(c->stream, i, t, &w);
		send_rtcp(c, i, &w);
	}
}

/* Asks for a key frame, if one is wanted. */
static void feed_back(struct ingest_camera *c, struct ingest_now t)
{
	uint8_t packet[INGEST_FEEDBACK_MAX];
	struct wr w = wr_init(packet, sizeof packet);

	if (ingest_stream_feedback(c->stream, t, &w))
		ingest_onvif_ask(c->onvif);
	send_rtcp(c, RTSP_CLIENT_VIDEO, &w);
}

static void tick_stream(struct ingest_camera *c, struct ingest_now t)
{
	enum gap_why why = GAP_NONE;
	const char *over;

	if (!c->begun || c->ending)
		return;
	over = ingest_stream_tick(c->stream, t, &why);
	leave(c, why, over, t.mono_us);
	if (c->phase != CAMERA_STREAMING || c->ending)
		return;
	report(c, t);
	feed_back(c, t);
}

/* False when the connection is over. */
static bool tick_connection(struct ingest_camera *c, struct ingest_now t)
{
	if (c->link.up) {
		rtsp_client_tick(c->client, t.mono_us);
		tick_stream(c, t);
		return ingest_camera_drain(c);
	}
	if (t.mono_us - c->linked_us < INGEST_HANDSHAKE_S * SECOND_US)
		return true;
	ended(c, GAP_TIMED_OUT, "the camera does not answer to TLS: is it on, at this port?");
	return false;
}

static void dial(struct ingest_camera *c)
{
	if (channel_say(c->site->parent, MSG_DIAL, &(struct msg_dial){c->conf.camera, DIAL_RTSP}, NULL, 0))
		return;
	set_phase(c, CAMERA_CONNECTING);
	ingest_say_state(c);
}

void ingest_camera_tick(struct ingest_camera *c)
{
	struct ingest_now t = ingest_camera_now();

	ingest_onvif_tick(c->onvif);
	if (c->client) {
		if (!tick_connection(c, t))
			return;
	} else if ((c->phase == CAMERA_IDLE || c->phase == CAMERA_WAITING) && !c->stopping && t.mono_us >= c->retry_us) {
		dial(c);
		return;
	}
	if (t.mono_us - c->stated_us >= INGEST_STATE_S * SECOND_US)
		ingest_say_state(c);
}

void ingest_camera_stop(struct ingest_camera *c)
{
	c->stopping = true;
	if (!c->client) {
		set_phase(c, CAMERA_IDLE);
		if (!c->left)
			ingest_stream_end(c->stream, GAP_STOPPED, ingest_camera_now());
		ingest_camera_kick(c);
	} else if (!c->link.up) {
		ended(c, GAP_STOPPED, "stopped");
	} else {
		rtsp_client_stop(c->client, clock_mono_us());
		ingest_camera_drain(c);
	}
}

void ingest_camera_leave(struct ingest_camera *c, enum gap_why why, struct ingest_camera *next)
{
	ingest_stream_end(c->stream, why, ingest_camera_now());
	if (next)
		ingest_stream_follow(next->stream, c->stream);
	ingest_ring_kick(&c->transcode);
	ingest_ring_close(&c->transcode);
	ingest_ports_close(c);
	ingest_onvif_free(&c->onvif);
	c->left = c->ending = true;
	ingest_camera_stop(c);
}

bool ingest_camera_left(const struct ingest_camera *c)
{
	return c->left;
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

void ingest_camera_transcode(struct ingest_camera *c, int fd, int doorbell, bool pictures)
{
	int rc = 0;

	if (fd < 0 || doorbell < 0)
		ingest_ring_close(&c->transcode);
	else
		rc = ingest_ring_open(&c->transcode, fd, doorbell);
	if (rc) {
		log_error("ring", "camera=%s to=transcode error=\"%s\"", c->conf.name, strerror(-rc));
		_exit(1);
	}
	ingest_stream_transcode_anew(c->stream, pictures);
}

void ingest_camera_part_length(struct ingest_camera *c, unsigned track, uint16_t chunk_ms)
{
	c->chunk_ms[track] = chunk_ms;
	ingest_stream_part_length(c->stream, track, chunk_ms ? chunk_ms : PACKAGER_PART_MS);
	set_pace(c);
}

void ingest_camera_store_anew(struct ingest_camera *c)
{
	ingest_stream_store_anew(c->stream);
}

/* Life */

int ingest_camera_new(struct ingest_site *site, const struct msg_ingest_camera *m, int ca, unsigned first_ms, struct ingest_camera **ret)
{
	struct ingest_camera *c = calloc(1, sizeof *c);
	struct ingest_hooks hooks = {.store = to_store, .transcode = to_transcode, .ctx = c};
	int rc;

	if (!c)
		return -ENOMEM;
	c->site = site;
	c->conf = *m;
	explicit_bzero(c->conf.password, sizeof c->conf.password);
	c->password = m->has_user ? secret_strdup(m->password) : NULL;
	c->link = (struct ingest_link)INGEST_LINK_NONE;
	for (unsigned i = 0; i < INGEST_TRACKS; i++)
		c->port[i].udp = (struct ingest_udp)INGEST_UDP_NONE;
	c->why = GAP_STARTING;
	c->prefer = (enum rtsp_client_transport)m->worked;
	c->since_us = clock_wall_us();
	c->retry_us = clock_mono_us() + first_ms * 1000ll;
	rc = ingest_tls_init(&c->tls, m, ca, &site->tls);
	if (m->has_user && !c->password)
		rc = -ENOMEM;
	if (!rc)
		rc = ingest_stream_new(m->camera, m->segment_ms, &hooks, &c->stream);
	if (!rc)
		ingest_stream_promise(c->stream, m->longest_s);
	if (!rc && *m->onvif_url)
		rc = ingest_onvif_new(site, &c->conf, c->password, &c->onvif);
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
	c->left = true;
	hang_up(c);
	set_pace(c);
	ingest_onvif_free(&c->onvif);
	ingest_stream_free(&c->stream);
	ingest_ring_close(&c->transcode);
	ingest_tls_free(&c->tls);
	secret_free(c->password);
	free(c);
}

uint16_t ingest_camera_index(const struct ingest_camera *c)
{
	return c->conf.camera;
}
