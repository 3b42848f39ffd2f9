/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a viewer asks by RTSP: who he is, what there is to see, and that it begins or ends. */
#include "server/serve_rtsp_inner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/rand.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "net/http_fields.h"
#include "net/rtsp_message.h"
#include "server/serve_limit.h"
#include "server/serve_login.h"
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

/* The same request is asked again when something has come, until its time is over. */
static int wait_more(struct serve_rtsp *r)
{
	if (r->timed_out)
		return -EBUSY;
	if (!r->wait_until_us)
		r->wait_until_us = clock_mono_us() + WAIT_US;
	r->waits = true;
	return -EAGAIN;
}

static void note(struct serve_rtsp *r, int user, bool accepted)
{
	struct msg_login m = {.user = user < 0 ? MSG_LOGIN_NOBODY : (uint16_t)user, .accepted = accepted, .count = 1};

	snprintf(m.address, sizeof m.address, "%s", *r->conn->peer.name ? r->conn->peer.name : "-");
	login_book_add(&r->serve->logins, &m);
	serve_login_tell(r->serve);
}

static void on_verdict(struct serve_auth_ask *ask, int user)
{
	struct serve_rtsp *r = (struct serve_rtsp *)(void *)((char *)ask - offsetof(struct serve_rtsp, ask));

	r->has_verdict = true;
	r->verdict = user;
	serve_conn_ready(r->conn);
}

static int refuse(struct serve_rtsp *r, const char *name)
{
	note(r, serve_auth_find(r->serve->auth, name), false);
	r->serve->state.refused++;
	/* A name that is none may be a password in the wrong field. */
	log_warn("login-failed", "user=\"%s\" from=%s", text_is_name(name, strlen(name)) ? name : "?", r->conn->peer.name);
	return -EACCES;
}

/* 0 with the user, or as a host answers. */
static int ask_auth(struct serve_rtsp *r, const char *name, const char *password, unsigned *ret_user)
{
	unsigned wait_s;

	if (r->has_verdict) {
		r->has_verdict = false;
		*ret_user = (unsigned)r->verdict;
		return r->verdict < 0 ? refuse(r, name) : 0;
	}
	if (!r->serve->site.users)
		return -EACCES;
	if (r->timed_out)
		return -EBUSY;
	if (r->ask.job)
		return wait_more(r);
	r->ask.done = on_verdict;
	switch (serve_auth_check(r->serve->auth, r->conn->peer.address, name, password, clock_mono_us(), &r->ask, ret_user, &wait_s)) {
	case SERVE_AUTH_USER:
		return 0;
	case SERVE_AUTH_WAIT:
		return wait_more(r);
	case SERVE_AUTH_TOO_SOON:
		note(r, serve_auth_find(r->serve->auth, name), false);
		break;
	case SERVE_AUTH_BUSY:
		break;
	}
	serve_limit_refused(r->serve, SERVE_LIMIT_LOGIN, r->conn->peer.name);
	return -EBUSY;
}

/* The connection is that user's from now on. */
static int take_user(struct serve_rtsp *r, unsigned user)
{
	if (r->conn->peer.user == (int)user)
		return 0;
	if (r->conn->peer.user >= 0)
		return -EACCES;
	if (!serve_users_add_conn(&r->serve->users, user, r->serve->conns_max)) {
		serve_limit_refused(r->serve, SERVE_LIMIT_USER, serve_auth_name(r->serve->auth, user));
		return -EBUSY;
	}
	r->conn->peer.user = (int)user;
	r->viewer = serve_rights_viewer(r->serve, user);
	note(r, (int)user, true);
	log_info("login", "user=%s from=%s", serve_auth_name(r->serve->auth, user), r->conn->peer.name);
	return 0;
}

/* Once let in, a connection inside TLS stays that user's, whether or not he says so each time. */
static int host_login(void *ctx, const struct rtsp_server_ask *ask)
{
	struct serve_rtsp *r = ctx;
	char name[SITE_NAME], password[SERVE_PASSWORD];
	unsigned user = 0;
	int rc = -EACCES;

	if (r->conn->peer.user >= 0 && !serve_rights_is(r->serve, &r->viewer, clock_wall_us()))
		return -EACCES;
	if (r->conn->peer.user >= 0 && r->conn->encrypted)
		return 0;
	if (r->conn->encrypted && ask->authorization.n && !http_basic(ask->authorization, name, sizeof name, password, sizeof password)) {
		rc = ask_auth(r, name, password, &user);
		explicit_bzero(password, sizeof password);
	}
	return rc ? rc : take_user(r, user);
}

static void host_challenge(void *ctx, struct buf *out)
{
	struct serve_rtsp *r = ctx;

	if (r->conn->encrypted)
		rtsp_write_header(out, "WWW-Authenticate", "Basic realm=\"casemate\", charset=\"UTF-8\"");
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
		return wait_more(r);
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
		rc = wait_more(r);
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

static int host_play(void *ctx, struct rtsp_server_start start[RTSP_SERVER_TRACKS])
{
	struct serve_rtsp *r = ctx;
	int rc = serve_rtsp_track_start(r, start);

	if (rc == -EBUSY)
		return wait_more(r);
	if (rc)
		return rc;
	r->follower = (struct serve_rights_follower){.viewer = r->viewer, .right = SERVE_RIGHT_LIVE, .camera = (unsigned)r->camera, .ended = on_right_ended};
	if (serve_rights_follow(r->serve, &r->follower) < 0)
		return -ENOENT;
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
	r->playing = false;
}

static void host_teardown(void *ctx)
{
	struct serve_rtsp *r = ctx;

	host_pause(r);
	for (unsigned i = 0; i < RTSP_SERVER_TRACKS; i++)
		serve_rtsp_track_end(&r->track[i]);
}

const struct rtsp_server_host serve_rtsp_host = {.tcp_only = true, .login = host_login, .challenge = host_challenge, .describe = host_describe,
	.setup = host_setup, .play = host_play, .pause = host_pause, .teardown = host_teardown};
