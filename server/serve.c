/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The role that viewers talk to: HTTPS in front, store's sealed memory behind. No decoder, no file, no dialing out. */
#include "server/serve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <event2/event.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "server/openssl.h"
#include "server/policy.h"
#include "server/serve_conn.h"
#include "server/serve_exchange.h"
#include "server/serve_export.h"
#include "server/serve_login.h"
#include "server/serve_pem.h"
#include "server/serve_rtsp.h"
#include "server/serve_tls.h"
#include "server/serve_viewing.h"
#include "server/wiping.h"

#define DESCRIPTORS_SPARE 64         /* channels, epoll, and what messages carry */
#define STOP_US 3000000              /* responses may still finish */

static struct serve serve;
static struct ssl_ctx_st *tls;
static int listener[SERVE_LISTENERS_MAX] = {-1, -1, -1, -1, -1, -1, -1, -1};
static enum listener_kind kind_of[SERVE_LISTENERS_MAX];
static int64_t stop_at_us;
static struct msg_serve_state told;

static _Noreturn void fail(const char *event, const char *why)
{
	log_error(event, "why=\"%s\"", why);
	exit(1);
}

static _Noreturn void give_up(const char *event, const char *why, const char *mend)
{
	log_error(event, "why=\"%s\" mend=\"%s\"", why, mend);
	exit(1);
}

static int take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static void read_tls(const int fds[3])
{
	const char *why;

	if (serve_pem_context(fds[0], fds[1], fds[2], &tls, &why) < 0)
		give_up("bad-certificate", why, "see tls: in the site file, or make new ones with: casemate keygen --tls HOST -o tls");
}

static void on_site(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	serve.site = m->serve_site;
	read_tls(fds);
	serve.media = serve_media_new();
	serve.auth = serve_auth_new(serve.base);
	serve.sessions = serve_session_new();
	serve.rights = serve_rights_new();
	serve.wants = serve_want_new();
	serve.witness = serve_witness_new();
	if (!serve.media || !serve.auth || !serve.sessions || !serve.rights || !serve.wants || !serve.witness)
		fail("no-memory", "at start");
}

/* Every setting but the first needs the first. */
static void check(int rc)
{
	if (rc < 0)
		fail("bad-setting", strerror(-rc));
}

static void need_site(void)
{
	if (!serve.media)
		fail("bad-setting", "a setting before serve-site");
}

static void on_listener(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	unsigned i = m->serve_listener.listener;

	if (i >= SERVE_LISTENERS_MAX || listener[i] >= 0 || fds[0] < 0)
		fail("bad-setting", "a listener that cannot be");
	listener[i] = take(&fds[0]);
	kind_of[i] = (enum listener_kind)m->serve_listener.kind;
}

static void on_listener_again(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	if (fds[0] < 0)
		serve_conn_unlisten(serve.conns, m->serve_listener.listener);
	else if (serve_conn_listen(serve.conns, m->serve_listener.listener, (enum listener_kind)m->serve_listener.kind, take(&fds[0])) < 0)
		log_warn("no-memory", "at=listener");
}

static void on_user(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	need_site();
	check(serve_auth_user(serve.auth, &m->serve_user));
	check(serve_rights_user(serve.rights, &m->serve_user));
	serve_rights_look_at(&serve, m->serve_user.user, clock_wall_us());
	if (m->serve_user.user >= serve.site.users)
		serve.site.users = (uint16_t)(m->serve_user.user + 1);
}

static void on_share(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	need_site();
	check(serve_auth_share(serve.auth, &m->share));
	check(serve_rights_share(serve.rights, &m->share));
	serve_rights_look(&serve, clock_wall_us());
}

static void on_camera(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	need_site();
	check(serve_media_set_camera(serve.media, &m->serve_camera));
}

static void on_rendition(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	need_site();
	check(serve_media_set_rendition(serve.media, &m->serve_rendition));
}

/* Changes of the site file. Whoever waits for something of it is answered anew. */
static void wake(unsigned camera)
{
	serve_exchange_wake_all(&serve, camera);
}

static void on_camera_again(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	on_camera(ctx, from, m, fds);
	wake(m->serve_camera.camera);
}

static void on_rendition_again(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	on_rendition(ctx, from, m, fds);
	wake(m->serve_rendition.camera);
}

static void on_camera_gone(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	serve_rtsp_gone(&serve, m->camera_gone.camera);
	if (serve_media_drop_camera(serve.media, m->camera_gone.camera) < 0)
		log_warn("camera-state", "why=\"a camera that was not there is gone\"");
	else
		wake(m->camera_gone.camera);
}

static void on_vkey(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	memcpy(serve.vkey, m->serve_vkey.vkey, sizeof serve.vkey);
}

/* Whoever is connected goes on with the one that his handshake had; but not by a certificate of his own that is good no more. */
static void on_certificate(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	char fingerprint[SERVE_TLS_FINGERPRINT];
	struct ssl_ctx_st *fresh;
	const char *why;

	if (serve_pem_context(fds[0], fds[1], fds[2], &fresh, &why) < 0) {
		log_error("bad-certificate", "why=\"%s\" still=\"the one before\"", why);
		return;
	}
	serve_tls_context_free(&tls);
	tls = fresh;
	serve_conn_use_tls(serve.conns, tls);
	serve_tls_fingerprint(tls, fingerprint);
	log_info("certificate", "sha256=%s", fingerprint);
}

static void on_camera_state(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	int rc;

	need_site();
	rc = serve_media_set_state(serve.media, &m->camera_state);
	if (rc < 0)
		log_warn("camera-state", "why=\"of no camera\"");
	else if (rc > 0)
		wake(m->camera_state.camera);
}

static void on_rendition_run(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	need_site();
	if (serve_media_set_run(serve.media, &m->rendition_run) < 0)
		log_warn("rendition-run", "why=\"of no rendition\"");
}

static void on_alarm(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	need_site();
	if (serve_media_set_alarm(serve.media, &m->alarm) < 0)
		log_warn("camera-state", "why=\"an alarm of no camera\"");
}

static void on_metrics(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	if (serve_metrics_take(&serve.metrics, &m->metrics, fds, clock_mono_us()) < 0)
		log_warn("no-memory", "at=metrics");
}

static void on_answer(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	if (serve_question_answered(&serve.questions, &m->answer, fds[0], clock_mono_us()) < 0)
		log_warn("no-memory", "at=answer");
}

static void on_session(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	need_site();
	if (serve_session_add(serve.sessions, m->session.token_sha256, m->session.user, m->session.expires_us) < 0)
		log_warn("no-memory", "at=session");
	serve_exchange_wake_session(&serve, m->session.token_sha256);
}

static void on_session_end(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	need_site();
	if (serve_session_end(serve.sessions, m->session_end.token_sha256))
		serve_rights_look(&serve, clock_wall_us());
}

/* store's messages. A lie ends the channel: the parent restarts store and gives us a new one. */
static void drop_store(void)
{
	serve_want_use(serve.wants, NULL);
	channel_free(&serve.store);
	serve_export_lost(&serve);
	serve_media_lost(serve.media);
}

static void on_store_broken(void *ctx, struct channel *c, const char *why)
{
	if (why)
		role_bad_peer(&serve.role, ROLE_STORE, channel_peer_index(c), why);
	drop_store();
}

/* An answer may not free its channel; what it found is acted upon at the next turn of the loop. */
static struct event *distrust_event;

static void on_distrust(int fd, short what, void *arg)
{
	drop_store();
}

static void distrust(struct channel *c, const char *why)
{
	if (evtimer_pending(distrust_event, NULL))
		return;
	role_bad_peer(&serve.role, ROLE_STORE, channel_peer_index(c), why);
	role_arm(distrust_event, &(struct timeval){0, 0});
}

static void heard(struct channel *from, int rc, const char *why)
{
	if (rc == -EBADMSG)
		distrust(from, why);
	else if (rc < 0)
		log_warn("no-memory", "at=segment");
}

static void on_track(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	const char *why = "";
	int rc = serve_media_track(serve.media, &m->track, fds[0], &why);

	heard(from, rc, why);
}

static void on_segment(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	const char *why = "";
	int rc = serve_media_segment(serve.media, &m->segment, fds[0], clock_mono_us(), &why);

	heard(from, rc, why);
	if (rc)
		return;
	serve_exchange_wake_all(&serve, m->segment.camera);
	serve_rtsp_wake(&serve, m->segment.camera);
}

/* Of whatever any serve process asked the parent for. */
static void on_part(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	const char *why = "";
	int rc = serve_media_part(serve.media, &m->part, fds[0], &why);

	heard(from, rc, why);
}

static void on_oldest(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	const char *why = "";
	int rc = serve_media_oldest(serve.media, &m->oldest, &why);

	heard(from, rc, why);
}

static void on_checkpoint(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	const char *why = "";
	int rc = serve_media_checkpoint(serve.media, &m->checkpoint, &why);

	heard(from, rc, why);
	if (rc)
		return;
	serve_want_checkpoint(serve.wants, m->checkpoint.note, m->checkpoint.note_len);
	serve_exchange_wake_all(&serve, SERVE_NO_CAMERA);
}

static void on_have(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	const char *why = "";
	int rc = serve_want_have(serve.wants, &m->have, fds[0], &why);

	heard(from, rc, why);
}

static void on_clip_piece(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	const char *why = "";
	int rc = serve_export_piece(&serve, &m->clip_piece, fds[0], &why);

	heard(from, rc, why);
}

static void on_log_note(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	const char *why = "";
	int rc = serve_witness_note(serve.witness, &m->log_note, &why);

	heard(from, rc, why);
}

static void on_cosigned(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	const char *why = "";
	int rc = serve_witness_cosigned(serve.witness, &m->cosigned, &why);

	heard(from, rc, why);
}

static const struct channel_answer store_answers[] = {
	{MSG_TRACK, on_track},
	{MSG_SEGMENT, on_segment},
	{MSG_PART, on_part},
	{MSG_CHECKPOINT, on_checkpoint},
	{MSG_OLDEST, on_oldest},
	{MSG_HAVE, on_have},
	{MSG_CLIP_PIECE, on_clip_piece},
	{MSG_LOG_NOTE, on_log_note},
	{MSG_COSIGNED, on_cosigned},
	{MSG_NONE, NULL},
};

/* store says everything again on a new channel; what viewers are being sent stays theirs. */
static void on_peer(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct channel_ends ends = {.me = ROLE_SERVE, .peer = ROLE_STORE, .peer_index = m->peer.index, .answers = store_answers,
		.broken = on_store_broken, .ctx = &serve};

	if (m->peer.role != ROLE_STORE)
		fail("parent-message", "a peer that is not store");
	need_site();
	event_del(distrust_event);
	drop_store();
	serve_media_reset(serve.media);
	serve_witness_reset(serve.witness);
	serve.store = channel_new(serve.base, take(&fds[0]), &ends);
	if (!serve.store)
		fail("no-memory", "at=peer");
	serve_want_use(serve.wants, serve.store);
}

static const struct channel_answer settings[] = {
	{MSG_SERVE_SITE, on_site},
	{MSG_SERVE_LISTENER, on_listener},
	{MSG_SERVE_USER, on_user},
	{MSG_SHARE, on_share},
	{MSG_SERVE_CAMERA, on_camera},
	{MSG_SERVE_RENDITION, on_rendition},
	{MSG_SERVE_VKEY, on_vkey},
	{MSG_CAMERA_STATE, on_camera_state},
	{MSG_RENDITION_RUN, on_rendition_run},
	{MSG_ALARM, on_alarm},
	{MSG_SESSION, on_session},
	{MSG_METRICS, on_metrics},
	{MSG_PEER, on_peer},
	{MSG_NONE, NULL},
};

static const struct channel_answer running[] = {
	{MSG_PEER, on_peer},
	{MSG_CAMERA_STATE, on_camera_state},
	{MSG_RENDITION_RUN, on_rendition_run},
	{MSG_ALARM, on_alarm},
	{MSG_SERVE_VKEY, on_vkey},
	{MSG_SERVE_CERTIFICATE, on_certificate},
	{MSG_SERVE_LISTENER, on_listener_again},
	{MSG_SERVE_USER, on_user},
	{MSG_SHARE, on_share},
	{MSG_SERVE_CAMERA, on_camera_again},
	{MSG_SERVE_RENDITION, on_rendition_again},
	{MSG_CAMERA_GONE, on_camera_gone},
	{MSG_SESSION, on_session},
	{MSG_SESSION_END, on_session_end},
	{MSG_METRICS, on_metrics},
	{MSG_ANSWER, on_answer},
	{MSG_NONE, NULL},
};

static void on_tick(int fd, short what, void *arg)
{
	int64_t now_us = clock_mono_us();

	http_date(clock_wall_us(), serve.date);
	serve_login_tell(&serve);
	serve_viewing_tell(&serve);
	serve_rights_look(&serve, clock_wall_us());
	serve_want_expire(serve.wants, now_us);
	serve_witness_expire(serve.witness, now_us);
	serve_exchange_tick(&serve, now_us);
	serve_conn_tick(serve.conns, now_us);
	serve.state.connections = serve_conn_count(serve.conns);
	serve.state.viewers = serve_conn_viewers(serve.conns, now_us);
	serve.state.held = serve.held;
	/* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c): both are static, so what lies between members is 0 */
	if (memcmp(&serve.state, &told, sizeof told) != 0 && channel_say(serve.role.parent, MSG_SERVE_STATE, &serve.state, NULL, 0) == 0)
		told = serve.state;
	if (stop_at_us && (!serve.state.connections || now_us >= stop_at_us))
		event_base_loopbreak(serve.base);
}

static void stop(void *ctx)
{
	serve_conn_stop(serve.conns);
	stop_at_us = clock_mono_us() + STOP_US;
	if (!serve_conn_count(serve.conns))
		event_base_loopbreak(serve.base);
}

/* Before the doors shut: what would open a file later. */
static void warm_up(void)
{
	uint8_t bytes[32];

	tzset();  /* for the hours of users' rights */
	if (RAND_bytes(bytes, sizeof bytes) != 1 || RAND_priv_bytes(bytes, sizeof bytes) != 1)
		fail("no-randomness", "OpenSSL gives none");
}

static unsigned connections_max(void)
{
	struct rlimit now;
	uint64_t n = policy_limit(policy_of(ROLE_SERVE), RLIMIT_NOFILE);

	if (getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_max < n)
		n = now.rlim_max;
	return n > 2 * DESCRIPTORS_SPARE ? (unsigned)n - DESCRIPTORS_SPARE : DESCRIPTORS_SPARE;
}

int main(int argc, char **argv)
{
	struct event *tick;

	wiping_init();
	TAILQ_INIT(&serve.waiting);
	serve.base = event_base_new();
	if (!serve.base)
		fail("no-memory", "at start");
	role_begin(&serve.role, ROLE_SERVE, serve.base);
	if (!openssl_begins())
		fail("no-memory", "at start");
	distrust_event = evtimer_new(serve.base, on_distrust, NULL);
	tick = event_new(serve.base, -1, EV_PERSIST, on_tick, NULL);
	role_secrets(SECRET_DEFAULT_BYTES, CRYPTO_secure_malloc_init(ROLE_OPENSSL_SECRET_BYTES, ROLE_OPENSSL_SECRET_LEAST) == 1);
	role_settings(&serve.role, settings, &serve);
	need_site();
	warm_up();
	serve.conns_max = connections_max();
	http_date(clock_wall_us(), serve.date);
	role_seal(&serve.role);
	check(serve_auth_start(serve.auth));
	serve.conns = serve_conn_new(&serve, tls);
	if (!serve.conns || !distrust_event || !tick || event_add(tick, &(struct timeval){1, 0}) < 0)
		fail("no-memory", "at start");
	for (unsigned i = 0; i < SERVE_LISTENERS_MAX; i++)
		if (listener[i] >= 0)
			check(serve_conn_listen(serve.conns, i, kind_of[i], listener[i]));
	role_loop(&serve.role, running, &serve, stop);
	return 0;
}
