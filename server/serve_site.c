/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_site.h"

#include <errno.h>

#include "base/clock.h"
#include "base/json.h"
#include "media/codec_string.h"
#include "server/serve_watch.h"
#include "server/session_id.h"

/* The newest track and its codec string; what the site file says, and "", before there is one. */
static struct track newest_track(const struct serve_rendition *r, char ret_codec[CODEC_STRING_MAX])
{
	struct track t = {.width = r->set.width, .height = r->set.height};

	if (r->ntracks)
		t = serve_media_track_of(&r->track[r->ntracks - 1]);
	else if (r->set.on_demand)
		t = serve_watch_track(&r->set, 0);
	codec_string(&t, ret_codec);
	return t;
}

static void write_codec(struct json *j, const char *name, const struct serve_rendition *r)
{
	char codec[CODEC_STRING_MAX] = "";

	if (r)
		newest_track(r, codec);
	json_str(j, name, codec);
}

/* past: to somebody who sees footage of a time alone, and does not learn what goes on now. */
static void write_rendition(struct json *j, const struct serve_rendition *r, bool past)
{
	char codec[CODEC_STRING_MAX];
	struct track t = newest_track(r, codec);
	size_t n = past ? 0 : r->n;

	json_open(j, NULL, '{');
	json_str(j, "name", r->set.name);
	json_str(j, "kind", r->set.rendition == RENDITION_AUDIO ? "audio" : "video");
	json_str(j, "codec", codec);
	json_int(j, "width", t.width);
	json_int(j, "height", t.height);
	json_bool(j, "live", n > 0 && !serve_media_is_asleep(r));
	json_bool(j, "on_demand", r->set.on_demand);
	json_bool(j, "runs", !r->set.on_demand || (r->runs && !past));
	json_bool(j, "independent", serve_media_is_independent(r));
	json_int(j, "first", n ? (int64_t)r->window[0].m.number : 0);
	json_int(j, "last", n ? (int64_t)r->window[n - 1].m.number : 0);
	json_close(j, '}');
}

/* Of copy and audio, which every camera may have, those that have come; of the encoded ones, all. Snapshots are no stream. */
static void write_renditions(struct json *j, const struct serve_camera *c, bool past)
{
	json_open(j, "renditions", '[');
	for (unsigned k = 0; k < RENDITION_SNAPSHOT; k++)
		if (c->rendition[k] && (k >= RENDITION_ENCODED || c->rendition[k]->ntracks))
			write_rendition(j, c->rendition[k], past);
	json_close(j, ']');
}

static void write_alarms(struct json *j, const struct msg_alarm *alarm, unsigned kinds)
{
	json_open(j, "alarms", '[');
	for (unsigned kind = 0; kind < kinds; kind++) {
		if (!alarm[kind].begin)
			continue;
		json_open(j, NULL, '{');
		json_str(j, "alarm", msg_alarm_name(kind));
		json_str(j, "detail", alarm[kind].detail);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void write_rights(struct json *j, const struct serve *s, const struct serve_viewer *v, unsigned camera, int64_t wall_us)
{
	static const char *const name[SITE_RIGHTS] = {
		[SITE_RIGHT_LIVE] = "live", [SITE_RIGHT_HISTORY] = "history", [SITE_RIGHT_EXPORT] = "export", [SITE_RIGHT_ADMIN] = "admin"};

	json_open(j, "may", '[');
	for (unsigned right = 0; right < SITE_RIGHTS; right++)
		if (serve_rights_may(s, v, (enum serve_right)right, camera, wall_us))
			json_str(j, NULL, name[right]);
	json_close(j, ']');
}

static void write_camera(struct json *j, const struct serve *s, const struct serve_viewer *v, const struct serve_camera *c, int64_t wall_us)
{
	static const char *const phase[] = {
		[CAMERA_IDLE] = "idle", [CAMERA_CONNECTING] = "connecting", [CAMERA_STREAMING] = "streaming", [CAMERA_WAITING] = "waiting"};
	static const struct msg_camera_state untold;
	int64_t from_us, to_us;
	bool past = serve_rights_range(s, v, &from_us, &to_us);
	const struct msg_camera_state *is = past ? &untold : &c->state;

	json_open(j, NULL, '{');
	json_str(j, "name", c->set.name);
	json_str(j, "phase", phase[is->phase]);
	json_str(j, "why", gap_why_name((enum gap_why)is->why));
	json_str(j, "detail", is->detail);
	json_str(j, "left_out", is->left_out);
	write_codec(j, "codec", c->rendition[RENDITION_COPY]);
	write_codec(j, "audio_codec", c->rendition[RENDITION_AUDIO]);
	json_int(j, "width", is->width);
	json_int(j, "height", is->height);
	json_num(j, "fps", is->fps_milli / 1000.0, 3);
	json_int(j, "rate_bps", is->rate_bps);
	json_int(j, "reconnects", (int64_t)is->reconnects);
	json_int(j, "retry_ms", is->retry_ms);
	json_int(j, "since_ms", is->since_us / 1000);
	json_int(j, "packets", (int64_t)is->packets);
	json_int(j, "lost", (int64_t)is->lost);
	write_rights(j, s, v, c->set.camera, wall_us);
	write_alarms(j, c->alarm, past ? 0 : ALARM_CAMERA_KINDS);
	write_renditions(j, c, past);
	json_close(j, '}');
}

/* His own one, as /api/sessions names it; null for who has none. Who came by a link is not told of sessions. */
static void write_session(struct json *j, const struct serve_viewer *v)
{
	char id[SESSION_ID];

	session_id(v->session, id);
	json_str(j, "session", v->by_session && v->user < SITE_USERS_MAX ? id : NULL);
}

int serve_site_json(const struct serve *s, const struct serve_viewer *v, struct buf *out)
{
	int64_t wall_us = clock_wall_us();
	bool admin = serve_rights_may(s, v, SERVE_RIGHT_ADMIN, SERVE_RIGHTS_NO_CAMERA, wall_us);
	struct json j = json_init(out);

	json_open(&j, NULL, '{');
	json_str(&j, "origin", s->site.origin);
	json_str(&j, "version", s->site.version);
	json_str(&j, "vkey", s->vkey);
	json_str(&j, "user", serve_auth_name(s->auth, (unsigned)v->user));
	write_session(&j, v);
	json_int(&j, "checkpoint", (int64_t)s->media->checkpoint_size);
	json_bool(&j, "admin", admin);
	if (admin)
		write_alarms(&j, s->media->alarm, ALARM_KINDS);
	json_open(&j, "cameras", '[');
	for (unsigned i = 0; i < s->media->ncameras; i++)
		if (*s->media->camera[i].set.name && serve_rights_may(s, v, SERVE_RIGHT_ANY, i, wall_us))
			write_camera(&j, s, v, &s->media->camera[i], wall_us);
	json_close(&j, ']');
	json_close(&j, '}');
	return j.bad ? -ENOBUFS : 0;
}
