/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the roles say to the parent, and which function answers. */
#include <stdio.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/text.h"
#include "media/cutter.h"
#include "server/parent.h"
#include "server/sandbox.h"

#define CAMERA_STATE_US 200000

static void on_ready(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct child *c = ctx;

	if (c->phase != CHILD_STARTING)
		return;
	c->phase = CHILD_READY;
	if (c->late && clock_mono_us() - c->started_us < START_DEADLINE_S * 1000000 / 2)
		c->late--;
	c->was_ready = true;
	c->layers = (m->ready.layers & LAYERS_ALL & ~LAYER_CGROUP) | (c->grouped ? LAYER_CGROUP : 0);
	/* Who comes for a look comes often. */
	if (c->kind != ROLE_TRANSCODE || !c->parent->camera[c->index].looked_at_us)
		parent_log("info", "role-ready", "role=%s index=%u pid=%d after_ms=%lld", role_kind_name(c->kind), c->index, (int)c->pid,
			   (long long)(clock_mono_us() - c->started_us) / 1000);
	if (c->kind == ROLE_STORE)
		parent_store_ready(c->parent);
	child_wire(c);
	parent_service_ready(c->parent);
}

static void on_here(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	parent_heard(ctx);
}

/*
 * Nobody has a role ended that is trusted more than he is: who took over serve could else stop the recording. When
 * serve and store do not understand each other, it is serve that starts anew.
 */
static bool may_accuse(enum role_kind who, enum role_kind whom)
{
	return who == ROLE_STORE || (who == ROLE_SIGN && whom == ROLE_STORE);
}

static void on_bad_peer(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct child *c = ctx, *liar = parent_child(c->parent, (enum role_kind)m->bad_peer.role, m->bad_peer.index);
	char why[200], said[sizeof m->bad_peer.why * 2];

	text_escape(m->bad_peer.why, strlen(m->bad_peer.why), said, sizeof said);
	snprintf(why, sizeof why, "%s says: %.150s", role_kind_name(c->kind), said);
	if (liar)
		child_kill(may_accuse(c->kind, liar->kind) ? liar : c, why);
}

static bool owns_camera(const struct child *ingest, unsigned camera)
{
	return camera < ingest->parent->site->ncameras && ingest_of(ingest->parent, camera) == ingest->index;
}

/* What is said of a camera that is not in the site file any more may be of a moment ago. */
static bool is_gone(const struct child *c, unsigned camera)
{
	return c->parent->site->camera[camera].gone;
}

static bool has_onvif(const struct parent *p, unsigned camera)
{
	return p->site->camera[camera].onvif_url || p->camera[camera].had_onvif;
}

static void on_dial(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct child *c = ctx;

	if (!owns_camera(c, m->dial.camera))
		child_kill(c, "asked for a camera that is not its own");
	else if (m->dial.what >= DIAL_WHAT_COUNT || (m->dial.what == DIAL_ONVIF && !has_onvif(c->parent, m->dial.camera)))
		child_kill(c, "asked for an address that the site file does not have");
	else if (!is_gone(c, m->dial.camera) && (m->dial.what != DIAL_ONVIF || c->parent->site->camera[m->dial.camera].onvif_url))
		parent_dial(c->parent, m->dial.camera, (enum dial_what)m->dial.what);
}

static bool owns_track(struct child *c, unsigned camera, unsigned track)
{
	bool own = owns_camera(c, camera) && track < PARENT_TRACKS;

	if (!own)
		child_kill(c, "asked for ports of a camera that is not its own");
	return own && !is_gone(c, camera);
}

static void on_udp_open(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct child *c = ctx;

	if (owns_track(c, m->udp_open.camera, m->udp_open.track))
		parent_udp_open(c->parent, m->udp_open.camera, m->udp_open.track);
}

static void on_udp_connect(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct child *c = ctx;

	if (owns_track(c, m->udp_connect.camera, m->udp_connect.track))
		parent_udp_connect(c->parent, m->udp_connect.camera, m->udp_connect.track, m->udp_connect.rtp_port, m->udp_connect.rtcp_port);
}

static void on_udp_close(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct child *c = ctx;

	if (owns_track(c, m->udp_close.camera, 0))
		parent_udp_close(c->parent, m->udp_close.camera);
}

static void to_all(struct parent *p, enum role_kind kind, enum msg_type type, const void *body)
{
	for (unsigned i = 0; i < p->nchildren; i++)
		if (p->child[i].kind == kind && p->child[i].phase == CHILD_READY)
			child_say(&p->child[i], type, body, NULL, 0);
}

void parent_tell_state(int fd, short what, void *arg)
{
	struct camera_live *cam = arg;

	cam->told_us = clock_mono_us();
	to_all(cam->parent, ROLE_SERVE, MSG_CAMERA_STATE, &cam->state);
}

/* What ingest says is reckoned with; no time is further from 0 than this. */
static int64_t bounded(int64_t us)
{
	return us > AU_TIME_MAX || us < -AU_TIME_MAX ? 0 : us;
}

/* It goes to terminals and logs. */
static void plain(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

/* A try that failed, or a stream that ended: the reason is remembered also when the next one succeeds. */
static void remember_loss(struct camera_live *cam, const struct msg_camera_state *m)
{
	bool lost = m->phase == CAMERA_WAITING && m->why != GAP_NONE;

	if (!lost || (cam->known && cam->state.phase == CAMERA_WAITING && cam->state.reconnects == m->reconnects))
		return;
	cam->lost_why = m->why;
	cam->counts.losses[m->why]++;
	cam->lost_us = clock_wall_us();
	memcpy(cam->lost_detail, m->detail, sizeof cam->lost_detail);
	plain(cam->lost_detail);
}

uint8_t parent_longest_s(const struct camera_live *cam, unsigned segment_ms)
{
	return cam->longest_for_ms == segment_ms ? cam->longest_s : 0;
}

/* What a cutter can say (media/cutter.h). */
static uint8_t can_be(uint32_t longest_s, unsigned segment_ms)
{
	unsigned least = (segment_ms * CUTTER_SLACK_PERCENT / 100 + 999) / 1000;

	longest_s = longest_s < least ? least : longest_s;
	return (uint8_t)(longest_s < CUTTER_LONGEST_S ? longest_s : CUTTER_LONGEST_S);
}

/*
 * Players are told once (RFC 8216bis 6.2.1): whatever ingest says later, or the next one, the first word stays; but a word from before
 * the site file wanted segments that long is none.
 */
static uint8_t promised(struct camera_live *cam, const struct msg_camera_state *m)
{
	unsigned segment_ms = cam->parent->site->camera[cam->index].segment_ms;

	if (cam->longest_for_ms != segment_ms && m->longest_s && m->segment_ms == segment_ms) {
		cam->longest_s = can_be(m->longest_s, segment_ms);
		cam->longest_for_ms = segment_ms;
	}
	return parent_longest_s(cam, segment_ms);
}

static void take_state(struct camera_live *cam, const struct msg_camera_state *m)
{
	remember_loss(cam, m);
	if (m->phase == CAMERA_STREAMING && (!cam->known || cam->state.phase != CAMERA_STREAMING))
		cam->streaming_us = clock_mono_us();
	cam->state = *m;
	cam->state.longest_s = promised(cam, m);
	cam->state.since_us = bounded(m->since_us);
	cam->state.key_us = bounded(m->key_us);
	cam->state.clock_offset_us = bounded(m->clock_offset_us);
	plain(cam->state.detail);
	plain(cam->state.left_out);
	cam->known = true;
}

static void on_ring_taken(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	parent_ring_taken(ctx);
}

/* No oftener than serve can read it, whatever ingest says: it must not be ended for what another does. */
static void on_camera_state(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct child *c = ctx;
	struct camera_live *cam;
	int64_t wait_us;

	if (!owns_camera(c, m->camera_state.camera) || m->camera_state.why >= GAP_WHY_COUNT) {
		child_kill(c, "spoke of a camera that is not its own");
		return;
	}
	if (is_gone(c, m->camera_state.camera))
		return;
	cam = &c->parent->camera[m->camera_state.camera];
	if (m->camera_state.dropped_store > cam->state.dropped_store)
		parent_ring_lost(c);
	take_state(cam, &m->camera_state);
	if (cam->state.transport != SITE_TRANSPORT_AUTO && cam->state.transport <= SITE_TRANSPORT_UDP)
		cam->worked = cam->state.transport;
	if (c->parent->watch)
		c->parent->watch->state(c->parent, &cam->state);
	else
		parent_want_sound(c->parent, m->camera_state.camera, m->camera_state.audio);
	wait_us = cam->told_us ? cam->told_us + CAMERA_STATE_US - clock_mono_us() : 0;
	if (wait_us <= 0)
		parent_tell_state(-1, 0, cam);
	else if (!event_pending(cam->telling, EV_TIMEOUT, NULL))
		event_add(cam->telling, &(struct timeval){0, wait_us});
}

/* A try that failed before the camera described anything does not undo what it said before. */
static void take_offer(struct camera_offer *o, const struct msg_camera_offer *m)
{
	bool described = *m->media;

	if (described || !o->described)
		*o = (struct camera_offer){described, m->login, m->signs, m->quirks};
}

static void on_camera_offer(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct child *c = ctx;

	if (!owns_camera(c, m->camera_offer.camera) || m->camera_offer.login >= MSG_LOGINS) {
		child_kill(c, "spoke of a camera that is not its own");
		return;
	}
	if (!is_gone(c, m->camera_offer.camera))
		take_offer(&c->parent->camera[m->camera_offer.camera].offer, &m->camera_offer);
	if (c->parent->watch && c->parent->watch->offer)
		c->parent->watch->offer(c->parent, &m->camera_offer);
}

static void on_camera_gone(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct child *c = ctx;

	if (!owns_camera(c, m->camera_gone.camera))
		child_kill(c, "spoke of a camera that is not its own");
	else
		parent_camera_left(&c->parent->camera[m->camera_gone.camera]);
}

static void on_camera_taken(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct child *c = ctx;

	if (m->camera_taken.camera < c->parent->site->ncameras)
		parent_camera_taken(&c->parent->camera[m->camera_taken.camera]);
}

static void on_store_state(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct msg_store_state state = m->store_state;
	struct child *c = ctx;

	plain(state.alarm);
	if (strcmp(c->parent->store.alarm, state.alarm) != 0 && child_may_log(c))
		parent_log(*state.alarm ? "error" : "info", *state.alarm ? "alarm" : "alarm-over", "role=store text=\"%s\"",
			   *state.alarm ? state.alarm : c->parent->store.alarm);
	c->parent->store = state;
}

static void on_witness_state(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct child *c = ctx;

	parent_witness_state(c->parent, &m->witness_state);
}

static void on_rendition_state(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	const struct msg_rendition_state *is = &m->rendition_state;
	struct child *c = ctx;
	struct camera_live *cam;

	if (is->camera >= c->parent->site->ncameras || is->rendition >= RENDITIONS_MAX)
		return;
	cam = &c->parent->camera[is->camera];
	if (is->rendition < RENDITION_ENCODED && is->newest != cam->rendition[is->rendition].newest)
		cam->recorded_us = clock_mono_us();
	cam->rendition[is->rendition] = *is;
}

static void on_worker_state(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	parent_worker_state(ctx, &m->worker_state);
}

static void on_worker_rendition(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	parent_worker_rendition(ctx, &m->worker_rendition);
}

static void on_sei_ask(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	parent_sei_ask(ctx, &m->sei_ask);
}

static void on_sei(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct child *sign = ctx;

	parent_sei(sign->parent, &m->sei);
}

static void watched(struct parent *p, const struct msg_watched *w)
{
	if (parent_on_demand(p, w->camera, w->rendition))
		parent_watched(p, w->camera, w->rendition);
	if (w->chunk_ms)
		parent_watched_closely(p, w->camera, w->rendition, w->chunk_ms);
}

static void on_watched(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct child *c = ctx;
	const struct msg_watched *w = &m->watched;
	int64_t second = clock_mono_us() / 1000000;

	if (second != c->said_second)
		c->said = 0;
	c->said_second = second;
	if (w->camera >= c->parent->site->ncameras || w->rendition >= RENDITIONS_MAX || (w->chunk_ms && w->rendition == RENDITION_SNAPSHOT) ||
	    (!w->chunk_ms && !parent_was_on_demand(c->parent, w->camera, w->rendition)))
		child_kill(c, "says that somebody watches what is not made on demand");
	else if (++c->said > CHILD_WATCHED_PER_S)
		child_kill(c, "says too often that somebody watches");
	else if (!is_gone(c, w->camera))
		watched(c->parent, w);
}

static void on_turn_ask(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	parent_turn_ask(ctx, &m->turn_ask);
}

static void on_sign_state(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct child *c = ctx;
	struct parent *p = c->parent;
	struct msg_sign_state state = m->sign_state;
	bool new_key = !*p->sign.vkey;

	plain(state.vkey);
	plain(state.refusal);
	if (!new_key && strcmp(p->sign.vkey, state.vkey) != 0) {
		if (!parent_key_turned(p)) {
			child_kill(c, "speaks of another key than before");
			return;
		}
		new_key = true;
	}
	if (strcmp(p->sign.refusal, state.refusal) != 0 && *state.refusal && child_may_log(c))
		parent_log("error", "alarm", "role=sign text=\"%s\"", state.refusal);
	p->sign = state;
	if (new_key) {
		struct msg_serve_vkey vkey;

		parent_log("info", "key", "vkey=\"%s\"", parent_vkey(p));
		memcpy(vkey.vkey, parent_vkey(p), sizeof vkey.vkey);
		to_all(p, ROLE_SERVE, MSG_SERVE_VKEY, &vkey);
	}
}

static void on_session(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	parent_session(ctx, &m->session);
}

static void on_session_end(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	parent_session_end(((struct child *)ctx)->parent, m->session_end.token_sha256);
}

static void on_login(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	parent_login(ctx, &m->login);
}

static void on_viewing(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	parent_viewing(ctx, &m->viewing);
}

static void on_question(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	parent_question(ctx, &m->question);
}

static void on_serve_state(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	((struct child *)ctx)->serve = m->serve_state;
}

const struct channel_answer parent_answers[] = {
	{MSG_READY, on_ready},
	{MSG_HERE, on_here},
	{MSG_BAD_PEER, on_bad_peer},
	{MSG_DIAL, on_dial},
	{MSG_RING_STORE, on_ring_taken},
	{MSG_UDP_OPEN, on_udp_open},
	{MSG_UDP_CONNECT, on_udp_connect},
	{MSG_UDP_CLOSE, on_udp_close},
	{MSG_CAMERA_STATE, on_camera_state},
	{MSG_CAMERA_OFFER, on_camera_offer},
	{MSG_CAMERA_GONE, on_camera_gone},
	{MSG_CAMERA_TAKEN, on_camera_taken},
	{MSG_STORE_STATE, on_store_state},
	{MSG_WITNESS_STATE, on_witness_state},
	{MSG_RENDITION_STATE, on_rendition_state},
	{MSG_WORKER_STATE, on_worker_state},
	{MSG_WORKER_RENDITION, on_worker_rendition},
	{MSG_SEI_ASK, on_sei_ask},
	{MSG_SEI, on_sei},
	{MSG_WATCHED, on_watched},
	{MSG_SIGN_STATE, on_sign_state},
	{MSG_TURN_ASK, on_turn_ask},
	{MSG_SESSION, on_session},
	{MSG_SESSION_END, on_session_end},
	{MSG_LOGIN, on_login},
	{MSG_VIEWING, on_viewing},
	{MSG_SERVE_STATE, on_serve_state},
	{MSG_QUESTION, on_question},
	{MSG_NONE, NULL},
};
