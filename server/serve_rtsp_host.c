/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a viewer asks by RTSP: what there is to see, and that it begins or ends. */
#include "server/serve_rtsp_inner.h"

#include <errno.h>
#include <string.h>

#include <openssl/rand.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/serve_watch.h"

#define WAIT_US 10000000           /* for a password, or for what is being made */

/* What a path names. sound: beside the pictures, or NULL. */
struct stream {
	struct serve_camera *camera;
	struct serve_rendition *main, *sound;
};

void serve_rtsp_forget(struct serve_rtsp *r)
{
	serve_auth_cancel(&r->ask);
	r->waits = r->timed_out = r->has_verdict = false;
	r->wait_until_us = 0;
}

int serve_rtsp_wait(struct serve_rtsp *r)
{
	if (r->timed_out)
		return -EBUSY;
	if (!r->wait_until_us)
		r->wait_until_us = clock_mono_us() + WAIT_US;
	r->waits = true;
	r->admitted = r->let_in;
	return -EAGAIN;
}

/* Without a rendition's name: what the camera sends, or else the first that is made of it. */
static struct serve_rendition *best_of(const struct serve_camera *c)
{
	for (unsigned i = 0; i < RENDITION_SNAPSHOT; i++)
		if (i != RENDITION_AUDIO && c->rendition[i])
			return c->rendition[i];
	return c->rendition[RENDITION_AUDIO];
}

static bool has_sound(const struct serve_camera *c)
{
	const struct serve_rendition *r = c->rendition[RENDITION_AUDIO];

	return r && r->n && r->ntracks;
}

/* What is described once is all that the session has, so a camera that has just come is given time for its sound (as for lists). */
static bool sound_is_coming(const struct stream *s)
{
	const struct serve_camera *c = s->camera;

	return s->main->set.rendition != RENDITION_AUDIO && !s->sound && c->rendition[RENDITION_AUDIO] && c->state.audio != CODEC_NONE &&
		clock_mono_us() < c->first_us + SERVE_COMPLETE_US;
}

/* "/CAMERA" or "/CAMERA/RENDITION"; what this viewer may not see is not there. 0 or -ENOENT. */
static int find_stream(const struct serve_rtsp *r, const char *path, struct stream *ret)
{
	struct span rest = span_skip(span_str(path), 1), name = span_cut(&rest, '/');
	struct serve_camera *camera = serve_media_camera(r->serve->media, name);

	if (!camera || !serve_rights_may(r->serve, &r->viewer, SERVE_RIGHT_LIVE, camera->set.camera, clock_wall_us()))
		return -ENOENT;
	*ret = (struct stream){.camera = camera, .main = rest.n ? serve_media_rendition(camera, rest) : best_of(camera)};
	if (!ret->main || ret->main->set.rendition == RENDITION_SNAPSHOT)
		return -ENOENT;
	if (ret->main->set.rendition != RENDITION_AUDIO && has_sound(camera))
		ret->sound = camera->rendition[RENDITION_AUDIO];
	return 0;
}

/* 0 when there is something to send; else it is asked for, and waited for. */
static int ready(struct serve_rtsp *r, const struct stream *s, struct track *ret)
{
	int rc;

	if (s->main->set.on_demand)
		serve_watch_say(r->serve, s->camera, s->main->set.rendition, clock_mono_us());
	rc = serve_media_is_asleep(s->main) ? -EAGAIN : serve_rtsp_track_load(s->main, ret);
	if (rc == -EAGAIN) {
		r->camera = (int)s->camera->set.camera;
		return serve_rtsp_wait(r);
	}
	return rc;
}

static int host_describe(void *ctx, const char *path, struct buf *sdp)
{
	struct serve_rtsp *r = ctx;
	struct track track[2];
	const struct track *tracks[2] = {&track[0], &track[1]};
	struct stream s;
	int rc = find_stream(r, path, &s);

	if (!rc)
		rc = ready(r, &s, &track[0]);
	if (!rc && !r->timed_out && sound_is_coming(&s)) {
		r->camera = (int)s.camera->set.camera;
		rc = serve_rtsp_wait(r);
	}
	if (!rc && s.sound && serve_rtsp_track_load(s.sound, &track[1]))
		s.sound = NULL;
	return rc ? rc : rtp_send_sdp(sdp, s.camera->set.name, tracks, s.sound ? 2 : 1);
}

static int host_setup(void *ctx, const char *path, unsigned track, const struct rtsp_server_transport *transport, uint16_t ret_port[2], uint32_t *ret_ssrc)
{
	struct serve_rtsp *r = ctx;
	struct rtsp_track *t = &r->track[track];
	struct serve_rendition *of_it;
	struct stream s;
	struct track of;
	uint8_t random[12];
	int rc = find_stream(r, path, &s);

	if (rc || (track && !s.sound))
		return -ENOENT;
	of_it = track ? s.sound : s.main;
	rc = track ? serve_rtsp_track_load(of_it, &of) : ready(r, &s, &of);
	if (!rc && RAND_bytes(random, sizeof random) != 1)
		rc = -EIO;
	if (rc)
		return rc;
	serve_rtsp_track_end(t);
	*t = (struct rtsp_track){.rendition = of_it->set.rendition, .set_up = true, .track = of, .channel = {transport->channel[0], transport->channel[1]}};
	rtp_send_init(&t->rtp, &of, random);
	r->camera = (int)s.camera->set.camera;
	*ret_ssrc = t->rtp.ssrc;
	return 0;
}

static void on_right_ended(struct serve_rights_follower *f)
{
	struct serve_rtsp *r = (struct serve_rtsp *)(void *)((char *)f - offsetof(struct serve_rtsp, follower));

	r->ended = true;
	serve_conn_ready(r->conn);
}

static struct serve_rendition *rendition_of(const struct serve_rtsp *r, unsigned track)
{
	return r->track[track].set_up ? r->serve->media->camera[r->camera].rendition[r->track[track].rendition] : NULL;
}

/* There is more to send, or, of a rendition that is gone, a reason to end. */
static void on_told(struct serve_follower *f, enum serve_told what)
{
	struct serve_rtsp *r = ((struct rtsp_follower *)(void *)((char *)f - offsetof(struct rtsp_follower, follower)))->of;

	r->ended |= what == SERVE_TOLD_GONE;
	if (r->ended || (what == SERVE_TOLD_MORE && !r->conn->tls.pending.len))
		serve_conn_ready(r->conn);
}

static void follow(struct serve_rtsp *r)
{
	for (unsigned i = 0; i < RTSP_SERVER_TRACKS; i++) {
		struct serve_rendition *of_it = rendition_of(r, i);

		r->follows[i].of = r;
		r->follows[i].follower.told = on_told;
		if (of_it)
			serve_parts_follow(of_it, &r->follows[i].follower);
	}
}

void serve_rtsp_watch(struct serve_rtsp *r, int64_t now_us)
{
	struct serve_camera *camera = &r->serve->media->camera[r->camera];

	for (unsigned i = 0; i < RTSP_SERVER_TRACKS; i++) {
		const struct serve_rendition *of_it = rendition_of(r, i);

		if (of_it && of_it->set.on_demand)
			serve_watch_say(r->serve, camera, r->track[i].rendition, now_us);
		if (of_it)
			serve_watch_closely(r->serve, camera, r->track[i].rendition, SERVE_PICTURE_MS, now_us);
	}
}

static int host_play(void *ctx, struct rtsp_server_start start[RTSP_SERVER_TRACKS])
{
	struct serve_rtsp *r = ctx;
	int rc = serve_rtsp_track_start(r, start);

	if (rc == -EBUSY)
		return serve_rtsp_wait(r);
	if (rc)
		return rc;
	r->follower = (struct serve_rights_follower){.viewer = r->viewer, .right = SERVE_RIGHT_LIVE, .camera = (unsigned)r->camera, .ended = on_right_ended};
	if (serve_rights_follow(r->serve, &r->follower) < 0)
		return -ENOENT;
	follow(r);
	serve_rtsp_watch(r, clock_mono_us());
	r->playing = true;
	r->report_us = clock_mono_us() + SERVE_RTSP_REPORT_US;
	log_info("rtsp-play", "user=%s camera=%s from=%s", serve_auth_name(r->serve->auth, (unsigned)r->conn->peer.user), r->serve->media->camera[r->camera].set.name,
		 r->conn->peer.name);
	return 0;
}

static void host_pause(void *ctx)
{
	struct serve_rtsp *r = ctx;

	serve_rights_unfollow(&r->follower);
	for (unsigned i = 0; i < RTSP_SERVER_TRACKS; i++)
		serve_parts_leave(&r->follows[i].follower);
	r->playing = false;
}

static void host_teardown(void *ctx)
{
	struct serve_rtsp *r = ctx;

	host_pause(r);
	for (unsigned i = 0; i < RTSP_SERVER_TRACKS; i++)
		serve_rtsp_track_end(&r->track[i]);
}

const struct rtsp_server_host serve_rtsp_host = {.tcp_only = true, .login = serve_rtsp_login, .challenge = serve_rtsp_challenge, .describe = host_describe,
	.setup = host_setup, .play = host_play, .pause = host_pause, .teardown = host_teardown};
