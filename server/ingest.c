/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ingest: RTSP and RTP of many cameras on one loop. It is handed connected
 * sockets and opens none; what comes out goes into rings. See ingest_camera.h for
 * connections and ingest_stream.h for what is made of the media.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <openssl/rand.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/digest.h"
#include "net/rtsp_client.h"
#include "server/ingest_backoff.h"
#include "server/ingest_camera.h"
#include "server/ingest_udp.h"
#include "server/openssl.h"
#include "server/role.h"

#define TICK_MS 250
#define SECRETS_BYTES (1u << 20)   /* the password of each of 1000 cameras, twice: its connection has a copy */
#define CAMERAS_MAX (SITE_CAMERAS_MAX + LEAVING_MAX)
#define LEAVING_MAX 64                /* cameras that are said goodbye to; more are left without */

struct ingest {
	struct role role;
	struct ingest_site site;
	struct ingest_camera *camera[CAMERAS_MAX];
	unsigned ncameras;
	struct event *tick;
	bool stopping;
};

static void add_camera(struct ingest *in, const struct msg_ingest_camera *m, int ca, unsigned first_ms)
{
	int rc = in->ncameras == CAMERAS_MAX ? -ENOMEM : ingest_camera_new(&in->site, m, ca, first_ms, &in->camera[in->ncameras]);

	if (rc) {
		log_error("no-memory", "at=camera error=\"%s\"", strerror(-rc));
		_exit(1);
	}
	in->ncameras++;
}

static void on_camera(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct ingest *in = ctx;

	add_camera(in, &m->ingest_camera, fds[0], in->ncameras * INGEST_BACKOFF_SPREAD_MS);
}

/* The one that is not only ending. */
static struct ingest_camera *find(struct ingest *in, uint16_t index)
{
	for (unsigned i = 0; i < in->ncameras; i++)
		if (ingest_camera_index(in->camera[i]) == index && !ingest_camera_left(in->camera[i]))
			return in->camera[i];
	return NULL;
}

/* Those that have ended, and of those that are at it what is too many. */
static void sweep_left(struct ingest *in, unsigned max)
{
	unsigned left = 0;

	for (unsigned i = in->ncameras; i-- > 0;) {
		if (!ingest_camera_left(in->camera[i]) || (!ingest_camera_idle(in->camera[i]) && left++ < max))
			continue;
		ingest_camera_free(&in->camera[i]);
		in->camera[i] = in->camera[--in->ncameras];
	}
}

/* While it runs: one more, or other settings for one that is here. */
static void on_camera_again(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct ingest *in = ctx;
	struct ingest_camera *before = find(in, m->ingest_camera.camera);

	if (in->stopping)
		return;
	sweep_left(in, LEAVING_MAX - 1);
	add_camera(in, &m->ingest_camera, fds[0], 0);
	if (before)
		ingest_camera_leave(before, GAP_RECONFIGURED, in->camera[in->ncameras - 1]);
}

static void on_camera_gone(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct ingest *in = ctx;
	struct ingest_camera *c = find(in, m->camera_gone.camera);

	if (c)
		ingest_camera_leave(c, GAP_REMOVED, NULL);
	ingest_ring_kick(&in->site.store);
	channel_say(in->site.parent, MSG_CAMERA_GONE, &m->camera_gone, NULL, 0);
	sweep_left(in, LEAVING_MAX - 1);
}

/* A store that goes on is woken for what is left in the earlier one, which it takes first. */
static void on_ring_store(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct ingest *in = ctx;
	int rc;

	ingest_ring_kick(&in->site.store);
	rc = ingest_ring_open(&in->site.store, fds[0], fds[1]);
	fds[0] = fds[1] = -1;
	if (rc) {
		/* Cameras would play, and nothing of them be recorded: started anew, it is given another. */
		log_error("ring", "to=store error=\"%s\"", strerror(-rc));
		_exit(1);
	}
	if (m->ring_store.goes_on)
		channel_say(in->site.parent, MSG_RING_STORE, &m->ring_store, NULL, 0);
	for (unsigned i = 0; i < in->ncameras && !m->ring_store.goes_on; i++)
		ingest_camera_store_anew(in->camera[i]);
}

static void on_ring_transcode(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct ingest_camera *c = find(ctx, m->ring_transcode.camera);

	if (!c)
		return;
	ingest_camera_transcode(c, fds[0], fds[1], m->ring_transcode.pictures);
	fds[0] = fds[1] = -1;
}

static void on_dialed(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct ingest_camera *c = find(ctx, m->dialed.camera);

	if (!c)
		return;
	if (m->dialed.what == DIAL_ONVIF)
		ingest_camera_onvif_dialed(c, m->dialed.error, fds[0]);
	else
		ingest_camera_dialed(c, m->dialed.error, fds[0]);
	fds[0] = -1;
}

static void on_udp_opened(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct ingest_camera *c = find(ctx, m->udp_opened.camera);

	if (c)
		ingest_camera_udp_opened(c, &m->udp_opened);
}

static void on_udp_connected(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct ingest_camera *c = find(ctx, m->udp_connected.camera);

	if (!c)
		return;
	ingest_camera_udp_connected(c, &m->udp_connected, fds);
	fds[0] = fds[1] = -1;
}

static void on_part_length(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct ingest_camera *c = find(ctx, m->part_length.camera);

	if (c && m->part_length.rendition <= RENDITION_AUDIO)
		ingest_camera_part_length(c, m->part_length.rendition == RENDITION_COPY ? RTSP_CLIENT_VIDEO : RTSP_CLIENT_AUDIO, m->part_length.chunk_ms);
}

static const struct channel_answer settings[] = {
	{MSG_INGEST_CAMERA, on_camera},
	{MSG_RING_STORE, on_ring_store},
	{MSG_RING_TRANSCODE, on_ring_transcode},
	{MSG_NONE, NULL},
};

static const struct channel_answer answers[] = {
	{MSG_INGEST_CAMERA, on_camera_again},
	{MSG_CAMERA_GONE, on_camera_gone},
	{MSG_RING_STORE, on_ring_store},
	{MSG_RING_TRANSCODE, on_ring_transcode},
	{MSG_DIALED, on_dialed},
	{MSG_UDP_OPENED, on_udp_opened},
	{MSG_UDP_CONNECTED, on_udp_connected},
	{MSG_PART_LENGTH, on_part_length},
	{MSG_NONE, NULL},
};

/* When all cameras have got their session back, or had their time for it, the role is done. */
static void end_if_idle(struct ingest *in)
{
	for (unsigned i = 0; i < in->ncameras; i++)
		if (!ingest_camera_idle(in->camera[i]))
			return;
	event_base_loopbreak(in->site.base);
}

static void on_tick(int fd, short what, void *arg)
{
	struct ingest *in = arg;

	for (unsigned i = 0; i < in->ncameras; i++)
		ingest_camera_tick(in->camera[i]);
	if (in->stopping)
		end_if_idle(in);
	else
		sweep_left(in, LEAVING_MAX);
}

/* All cameras that had something have been read. */
static void on_round(void *ctx)
{
	struct ingest *in = ctx;

	ingest_ring_kick(&in->site.store);
	in->role.pace_us = ingest_pace_next(&in->site.pace, clock_mono_us());
}

static void stop(void *ctx)
{
	struct ingest *in = ctx;

	in->stopping = true;
	for (unsigned i = 0; i < in->ncameras; i++)
		ingest_camera_stop(in->camera[i]);
	end_if_idle(in);
}

/* Makes OpenSSL load, before the sandbox, what it would otherwise look for in files at the first use. */
static bool warm_up(void)
{
	struct digest_who who = {"user", "password", "OPTIONS", "rtsp://192.0.2.1/"};
	uint8_t bytes[16];

	if (!openssl_begins() || RAND_bytes(bytes, sizeof bytes) != 1 || RAND_priv_bytes(bytes, sizeof bytes) != 1)
		return false;
	for (int a = 0; a < DIGEST_ALGORITHMS; a++) {
		struct digest_challenge c = {.algorithm = (enum digest_algorithm)a};
		char value[DIGEST_HEADER_MAX];
		struct wr w = wr_init(value, sizeof value);

		if (digest_answer(&w, &c, &who, 1, "0"))
			return false;
	}
	return true;
}

static bool begin(struct ingest *in)
{
	static const struct timeval period = {.tv_usec = TICK_MS * 1000};

	in->site.parent = in->role.parent;
	in->site.received = malloc(RTSP_CLIENT_FEED_MAX);
	in->site.batch = ingest_udp_batch_new();
	in->tick = event_new(in->site.base, -1, EV_PERSIST, on_tick, in);
	return in->site.received && in->site.batch && in->tick && event_add(in->tick, &period) == 0 && warm_up();
}

static void end(struct ingest *in)
{
	for (unsigned i = 0; i < in->ncameras; i++)
		ingest_camera_free(&in->camera[i]);
	ingest_ring_kick(&in->site.store);
	ingest_ring_close(&in->site.store);
	if (in->tick)
		event_free(in->tick);
	free(in->site.received);
	ingest_udp_batch_free(&in->site.batch);
	ingest_tls_contexts_free(&in->site.tls);
	event_base_free(in->site.base);
}

int main(void)
{
	static struct ingest in;

	in.site.base = event_base_new();
	role_begin(&in.role, ROLE_INGEST, in.site.base);
	if (!begin(&in)) {
		log_error("no-memory", "at=start");
		return 1;
	}
	ingest_pace_init(&in.site.pace);
	in.role.pace_us = INGEST_PACE_LEAST_US;
	in.role.round = on_round;
	role_secrets(SECRETS_BYTES, true);
	role_settings(&in.role, settings, &in);
	role_seal(&in.role);
	on_tick(-1, 0, &in);
	role_loop(&in.role, answers, &in, stop);
	end(&in);
	return 0;
}
