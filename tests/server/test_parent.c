/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/ring.h"
#include "server/parent_change.h"
#include "server/status_inner.h"

/* Two ingests for two cameras, two serves, a worker for camera 0; each role a process that only sleeps. */
static const struct { enum role_kind kind; unsigned index; } places[] = {
	{ROLE_SIGN, 0}, {ROLE_STORE, 0}, {ROLE_INGEST, 0}, {ROLE_INGEST, 1}, {ROLE_SERVE, 0}, {ROLE_SERVE, 1}, {ROLE_TRANSCODE, 0}};
#define PLACES (sizeof places / sizeof *places)

static struct site site;
static struct site_camera site_camera[2];
static struct parent p;
static struct site_user site_user[2];
static struct child child[PLACES + 1];  /* and one that comes later */
static struct camera_live camera[2];

static void on_late(evutil_socket_t fd, short what, void *arg)
{
}

static void setup(void)
{
	site_camera[0].nrenditions = 1;
	site = (struct site){.camera = site_camera, .ncameras = 2, .user = site_user, .nusers = 2, .ingest_processes = 2, .serve_processes = 2};
	p = (struct parent){.site = &site, .base = event_base_new(), .child = child, .nchildren = PLACES, .camera = camera};
	for (unsigned i = 0; i < 2; i++)
		camera[i] = (struct camera_live){.parent = &p, .index = i, .dial = {{.fd = -1}, {.fd = -1}},
			.udp = {{.fd = {-1, -1}}, {.fd = {-1, -1}}},
			.telling = event_new(p.base, -1, EV_TIMEOUT, parent_tell_state, &camera[i])};
	for (unsigned i = 0; i < PLACES; i++) {
		child[i] = (struct child){.parent = &p, .kind = places[i].kind, .index = places[i].index, .phase = CHILD_READY, .log_fd = -1, .watch_fd = -1,
			.killer = event_new(p.base, -1, EV_TIMEOUT, on_late, NULL)};
		child[i].pid = fork();
		cr_assert_geq(child[i].pid, 0);
		while (child[i].pid == 0)
			pause();
	}
}

static void teardown(void)
{
	for (unsigned i = 0; i < PLACES; i++) {
		kill(child[i].pid, SIGKILL);
		waitpid(child[i].pid, NULL, 0);
		event_free(child[i].killer);
	}
	for (unsigned i = 0; i < 2; i++)
		event_free(camera[i].telling);
	event_base_free(p.base);
}

TestSuite(parent, .init = setup, .fini = teardown, .timeout = 30);

static struct child *role(enum role_kind kind, unsigned index)
{
	return parent_child(&p, kind, index);
}

static void hear(struct child *c, enum msg_type type, const union msg_body *m)
{
	const struct channel_answer *a = parent_answers;
	int fds[MSG_FDS_MAX] = {-1, -1, -1, -1};

	cr_assert(roles_may_say(c->kind, ROLE_PARENT, type, 0));
	while (a->type != type)
		cr_assert_neq((a++)->type, MSG_NONE);
	a->answer(c, NULL, m, fds);
}

Test(parent, has_no_role_ended_at_the_word_of_one_that_is_trusted_less)
{
	static const struct { enum role_kind who, whom; bool dies; } words[] = {
		{ROLE_STORE, ROLE_INGEST, true}, {ROLE_STORE, ROLE_TRANSCODE, true}, {ROLE_STORE, ROLE_SERVE, true}, {ROLE_STORE, ROLE_SIGN, true},
		{ROLE_SIGN, ROLE_STORE, true}, {ROLE_SIGN, ROLE_SERVE, false}, {ROLE_SERVE, ROLE_STORE, false}, {ROLE_SERVE, ROLE_SIGN, false},
		{ROLE_SERVE, ROLE_INGEST, false}};

	for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
		struct child *who = role(words[i].who, 0), *whom = role(words[i].whom, 0);
		union msg_body m = {.bad_peer = {.role = (uint8_t)words[i].whom, .why = "a lie"}};

		who->killed = whom->killed = false;
		hear(who, MSG_BAD_PEER, &m);
		cr_assert_eq(whom->killed, words[i].dies, "%s of %s", role_kind_name(who->kind), role_kind_name(whom->kind));
		cr_assert_eq(who->killed, !words[i].dies, "%s of %s", role_kind_name(who->kind), role_kind_name(whom->kind));
	}
	cr_assert(!roles_may_say(ROLE_TRANSCODE, ROLE_PARENT, MSG_BAD_PEER, 0));
	cr_assert(!roles_may_say(ROLE_INGEST, ROLE_PARENT, MSG_BAD_PEER, 0));
}

static void log_in(struct child *serve, unsigned user, unsigned session, int64_t lasts_us)
{
	union msg_body m = {.session = {.address = "-", .user = (uint16_t)user, .expires_us = clock_wall_us() + lasts_us}};

	memcpy(m.session.token_sha256, &session, sizeof session);
	hear(serve, MSG_SESSION, &m);
	serve->sessions = 0;
}

static unsigned sessions_of(unsigned user)
{
	unsigned n = 0;

	for (unsigned i = 0; i < p.nsessions; i++)
		n += p.session[i].user == user;
	return n;
}

/* Key frames of all cameras at one moment find room in it. */
Test(parent, ring_to_store_grows_with_the_cameras)
{
	cr_expect_eq(ring_store_bytes(1), RING_STORE_BYTES);
	cr_expect_eq(ring_store_bytes(64), RING_STORE_BYTES);
	cr_expect_eq(ring_store_bytes(65), 2 * RING_STORE_BYTES);
	cr_expect_eq(ring_store_bytes(110), 2 * RING_STORE_BYTES);
	cr_expect_eq(ring_store_bytes(129), 4 * RING_STORE_BYTES);
	for (unsigned n = 1; n <= SITE_CAMERAS_MAX; n++) {
		int fd = -1;

		cr_assert_eq(ring_create(ring_store_bytes(n), &fd), 0, "%u cameras", n);
		close(fd);
	}
}

Test(parent, lets_no_user_log_the_others_out)
{
	log_in(role(ROLE_SERVE, 0), 1, 1, 1000000);
	for (unsigned i = 0; i < PARENT_SESSIONS_MAX; i++)
		log_in(role(ROLE_SERVE, 0), 0, 100 + i, MSG_SESSION_US / 2 + i * 1000);
	cr_assert_eq(sessions_of(1), 1);
	cr_assert_eq(sessions_of(0), PARENT_USER_SESSIONS_MAX);
	log_in(role(ROLE_SERVE, 0), 2, 2, 1000000);
	cr_assert(role(ROLE_SERVE, 0)->killed);
}

/* The newest ones stay: whoever logs in gets in, and what one user has costs no other his. */
Test(parent, a_user_with_many_sessions_loses_those_that_end_first)
{
	struct child *serve = role(ROLE_SERVE, 0);
	int64_t now_us = clock_wall_us();
	bool others_stays = false;

	for (unsigned i = 0; i < PARENT_USER_SESSIONS_MAX + 11; i++) {
		union msg_body m = {.session = {.address = "-", .user = i != 0, .token_sha256 = {(uint8_t)i}, .expires_us = now_us + (int64_t)(i + 1) * 1000000}};

		serve->sessions = 0;
		hear(serve, MSG_SESSION, &m);
	}
	cr_assert_eq(p.nsessions, PARENT_USER_SESSIONS_MAX + 1);
	for (unsigned i = 0; i < p.nsessions; i++) {
		others_stays |= p.session[i].user == 0;
		cr_assert(p.session[i].user == 0 || p.session[i].token_sha256[0] > 10);
	}
	cr_assert(others_stays);
}

Test(parent, keeps_no_session_longer_than_one_lasts_nor_takes_them_by_the_thousand)
{
	union msg_body m = {.session = {.address = "-", .user = 0, .expires_us = INT64_MAX}};

	hear(role(ROLE_SERVE, 0), MSG_SESSION, &m);
	cr_assert_eq(p.nsessions, 1);
	cr_assert_leq(p.session[0].expires_us, clock_wall_us() + MSG_SESSION_US);
	for (unsigned i = 0; i < 2 * CHILD_SESSIONS_PER_S; i++)
		hear(role(ROLE_SERVE, 0), MSG_SESSION, &m);
	cr_assert_leq(p.nsessions, 2 * CHILD_SESSIONS_PER_S);
	hear(role(ROLE_SERVE, 1), MSG_SESSION_END, &(union msg_body){0});
	cr_assert_leq(p.nsessions, 2 * CHILD_SESSIONS_PER_S - 1);
}

Test(parent, keeps_logins_for_the_log_and_believes_none_that_cannot_be)
{
	static const struct { struct msg_login m; bool dies; } c[] = {
		{{.user = 1, .accepted = true, .count = 3, .address = "192.0.2.7"}, false},
		{{.user = MSG_LOGIN_NOBODY, .count = 1, .address = "2001:db8::7"}, false},
		{{.user = MSG_LOGIN_NOBODY, .count = 1, .address = "-"}, false},
		{{.user = 2, .count = 1, .address = "192.0.2.7"}, true},
		{{.user = 1, .count = 0, .address = "192.0.2.7"}, true},
		{{.user = 1, .count = 1, .address = "gate.example"}, true},
		{{.user = 1, .count = 1, .address = ""}, true},
	};
	struct child *serve = role(ROLE_SERVE, 0);
	struct msg_login m;
	unsigned n = 0;

	for (unsigned i = 0; i < sizeof c / sizeof *c; i++) {
		serve->killed = false;
		hear(serve, MSG_LOGIN, &(union msg_body){.login = c[i].m});
		cr_expect_eq(serve->killed, c[i].dies, "%u", i);
	}
	/* There is no store that could take them. */
	while (login_book_next(&p.logins, 1, 60000000, true, &m))
		n += m.count;
	cr_expect_eq(n, 5);
}

Test(parent, keeps_views_for_the_log_and_believes_none_that_cannot_be)
{
	static const struct { struct msg_viewing m; bool dies; } c[] = {
		{{1, 1, 1, 1, "192.0.2.7", 5, 6, 7, 0, 0}, false},
		{{MSG_LOGIN_NOBODY, 1, 1, 1, "-", 5, 6, 7, INT64_MIN, INT64_MAX}, false},
		{{2, 1, 1, 1, "192.0.2.7", 5, 6, 7, 0, 0}, true},
		{{1, 2, 1, 1, "192.0.2.7", 5, 6, 7, 0, 0}, true},
		{{1, 1, 0, 1, "192.0.2.7", 5, 6, 7, 0, 0}, true},
		{{1, 1, 1 << RENDITIONS_MAX, 1, "192.0.2.7", 5, 6, 7, 0, 0}, true},
		{{1, 1, 1, 0, "192.0.2.7", 5, 6, 7, 0, 0}, true},
		{{1, 1, 1, 1 << VIEWING_WAYS, "192.0.2.7", 5, 6, 7, 0, 0}, true},
		{{1, 1, 1, 1, "192.0.2.7", 0, 6, 7, 0, 0}, true},
		{{1, 1, 1, 1, "192.0.2.7", 7, 6, 7, 0, 0}, true},
		{{1, 1, 1, 1, "192.0.2.7", 5, MSG_VIEWING_NUMBER_MAX + 1, 7, 0, 0}, true},
		{{1, 1, 1, 1, "192.0.2.7", 5, 6, MSG_VIEWING_BYTES_MAX + 1, 0, 0}, true},
		{{1, 1, 1, 1, "192.0.2.7", 5, 6, 7, 1, 0}, true},
		{{1, 1, 1, 1, "gate.example", 5, 6, 7, 0, 0}, true},
		{{1, 1, 1, 1, "", 5, 6, 7, 0, 0}, true},
	};
	static const struct watch_pace at_once = {0, 0};
	struct child *serve = role(ROLE_SERVE, 0);
	int64_t now_us = clock_wall_us();
	struct msg_viewing m;
	unsigned n = 0;

	for (unsigned i = 0; i < sizeof c / sizeof *c; i++) {
		serve->killed = false;
		hear(serve, MSG_VIEWING, &(union msg_body){.viewing = c[i].m});
		cr_expect_eq(serve->killed, c[i].dies, "%u", i);
	}
	/* There is no store that could take them. */
	for (; watch_book_next(&p.views, 1, &at_once, true, &m); n++) {
		cr_expect(m.from_us <= m.to_us && m.to_us <= clock_wall_us(), "no time that serve says is beyond now");
		cr_expect_geq(m.from_us, now_us - 1000000000);
	}
	cr_expect_eq(n, 2);
}

Test(parent, tells_serve_of_a_camera_no_oftener_than_it_can_read)
{
	union msg_body m = {.camera_state = {.camera = 1, .phase = CAMERA_STREAMING, .fps_milli = 1}};

	hear(role(ROLE_INGEST, 1), MSG_CAMERA_STATE, &m);
	cr_assert(!event_pending(camera[1].telling, EV_TIMEOUT, NULL));
	m.camera_state.fps_milli = 2;
	hear(role(ROLE_INGEST, 1), MSG_CAMERA_STATE, &m);
	cr_assert(event_pending(camera[1].telling, EV_TIMEOUT, NULL));
	cr_assert_eq(camera[1].state.fps_milli, 2);
	hear(role(ROLE_INGEST, 0), MSG_CAMERA_STATE, &m);
	cr_assert(role(ROLE_INGEST, 0)->killed, "the camera of another");
}

/* RFC 8216bis 6.2.1: players that stay through all of it see one EXT-X-TARGETDURATION. */
Test(parent, keeps_what_was_promised_of_a_camera)
{
	static const struct { unsigned segment_ms, told_ms; uint8_t said, kept; } c[] = {
		{2000, 2000, 0, 0}, {2000, 2000, 3, 3}, {2000, 2000, 10, 3}, {2000, 2000, 0, 3},
		{6000, 2000, 3, 0}, {6000, 6000, 0, 0}, {6000, 6000, 9, 9}, {6000, 6000, 3, 9}, {1000, 6000, 9, 0}, {1000, 1000, 255, 60},
		{4000, 4000, 1, 6}, {500, 500, 1, 1}, {1500, 1500, 1, 3}};
	union msg_body m = {.camera_state = {.camera = 1, .phase = CAMERA_STREAMING}};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		site_camera[1].segment_ms = c[i].segment_ms;
		m.camera_state.segment_ms = c[i].told_ms;
		m.camera_state.longest_s = c[i].said;
		hear(role(ROLE_INGEST, 1), MSG_CAMERA_STATE, &m);
		cr_expect_eq(camera[1].state.longest_s, c[i].kept, "case %zu: %u", i, camera[1].state.longest_s);
		cr_expect_eq(parent_longest_s(&camera[1], c[i].segment_ms), c[i].kept, "case %zu: the next ingest is told", i);
	}
	cr_expect_eq(camera[0].state.longest_s, 0);
}

/* A decoder in an endless loop: something waits in its ring, and it takes nothing for half a minute. */
Test(parent, ends_a_worker_that_does_not_get_on)
{
	struct child *c = role(ROLE_TRANSCODE, 0);
	char bytes[10] = "some bytes";
	struct iovec record = {bytes, sizeof bytes};
	struct ring in, out;
	struct buf b;

	buf_init(&b, RING_MIN);
	cr_assert_eq(ring_create(RING_MIN, &c->watch_fd), 0);
	cr_assert_eq(ring_open(&in, c->watch_fd, -1), 0);
	cr_assert_eq(ring_open(&out, c->watch_fd, -1), 0);
	parent_watch_workers(-1, 0, &p);
	cr_assert_eq(c->watch_since_us, 0, "idle is not stuck");
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(ring_put(&in, &record, 1), 0);
		cr_assert_eq(ring_put(&in, &record, 1), 0);
		parent_watch_workers(-1, 0, &p);
		c->watch_since_us -= 2000000;
		parent_watch_workers(-1, 0, &p);
		cr_assert(!c->killed);
		/* It takes one: slow, but it gets on. */
		cr_assert_eq(ring_get(&out, &b), 1);
	}
	parent_watch_workers(-1, 0, &p);
	c->watch_since_us -= 5500000;
	/* On a machine that is busy it may not have come to its sleep yet. */
	while (status_usage(c->pid).state == 'R')
		sched_yield();
	parent_watch_workers(-1, 0, &p);
	cr_assert(c->killed);
	/* Kept from the CPU, it would get on if it could; in an endless loop it has computed. */
	c->killed = false;
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	c->pid = fork();
	while (c->pid == 0)
		;
	while (status_usage(c->pid).state != 'R')
		;
	c->watch_cpu_s = status_usage(c->pid).cpu_s;
	parent_watch_workers(-1, 0, &p);
	cr_assert(!c->killed);
	c->watch_cpu_s -= 2;
	parent_watch_workers(-1, 0, &p);
	cr_assert(c->killed);
	ring_close(&in);
	ring_close(&out);
	close(c->watch_fd);
	buf_free(&b);
}

Test(parent, says_which_cameras_worker_keeps_ending)
{
	struct child *c = role(ROLE_TRANSCODE, 0);
	struct status_notes notes;

	snprintf(c->last_end, sizeof c->last_end, "signal 11 (SEGV)");
	c->restarts = 9;
	c->backoff_ms = 6400;
	c->started_us = clock_mono_us();
	status_notes(&camera[0], clock_wall_us(), &notes);
	cr_assert_eq(notes.n, 1);
	cr_assert(strstr(notes.text[0], "9 times, the last: signal 11 (SEGV)"), "%s", notes.text[0]);
	status_notes(&camera[1], clock_wall_us(), &notes);
	cr_assert_eq(notes.n, 0);
	c->started_us -= 60000000;
	status_notes(&camera[0], clock_wall_us(), &notes);
	cr_assert_eq(notes.n, 0, "well again");
}

static unsigned workers(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < p.nchildren; i++)
		n += p.child[i].kind == ROLE_TRANSCODE;
	return n;
}

/* Without a channel, as when it has just ended: SIGCHLD brings the reason, which must not be told over. */
Test(parent, waits_for_the_reason_of_a_role_that_has_ended)
{
	struct child *store = role(ROLE_STORE, 0);

	child_wire(store);
	cr_expect(!store->killed && store->hung_up);
	cr_expect(event_pending(store->killer, EV_TIMEOUT, NULL), "it is ended if it has not");
	cr_expect_str_eq(store->last_end, "");
}

Test(parent, gives_a_camera_one_worker_once_its_sound_needs_it)
{
	static const uint8_t others[] = {CODEC_NONE, CODEC_AAC, CODEC_OPUS, CODEC_H264, CODEC_JPEG, CODEC_COUNT, 255};
	union msg_body m = {.camera_state = {.camera = 1, .phase = CAMERA_STREAMING, .audio = CODEC_PCMU}};
	struct child *worker;

	hear(role(ROLE_INGEST, 1), MSG_CAMERA_STATE, &m);
	cr_assert_eq(workers(), 1, "the site file wants no sound of it");
	site_camera[1].audio = site_camera[0].audio = true;
	for (size_t i = 0; i < sizeof others; i++) {
		m.camera_state.audio = others[i];
		hear(role(ROLE_INGEST, 1), MSG_CAMERA_STATE, &m);
		cr_assert_eq(workers(), 1, "codec %u", others[i]);
	}
	for (uint8_t codec = CODEC_PCMA; codec <= CODEC_L16; codec++) {
		m.camera_state.audio = codec;
		hear(role(ROLE_INGEST, 1), MSG_CAMERA_STATE, &m);
		cr_assert_eq(workers(), 2);
	}
	worker = role(ROLE_TRANSCODE, 1);
	cr_assert(worker && worker->phase == CHILD_STARTING && worker->pid > 0);
	kill(worker->pid, SIGKILL);
	waitpid(worker->pid, NULL, 0);
	child_log_close(worker);
	channel_free(&worker->channel);
	/* The other has one for its pictures. */
	m.camera_state.camera = 0;
	hear(role(ROLE_INGEST, 0), MSG_CAMERA_STATE, &m);
	cr_assert_eq(workers(), 2);
	site_camera[1].audio = site_camera[0].audio = false;
}

/* For an ingest that is started anew: what it was told last, not what it says while it tries. */
Test(parent, remembers_what_media_came_by)
{
	static const struct { uint8_t said, worked; } steps[] = {
		{SITE_TRANSPORT_AUTO, SITE_TRANSPORT_AUTO}, {SITE_TRANSPORT_UDP, SITE_TRANSPORT_UDP}, {SITE_TRANSPORT_AUTO, SITE_TRANSPORT_UDP},
		{77, SITE_TRANSPORT_UDP}, {SITE_TRANSPORT_TCP, SITE_TRANSPORT_TCP}};

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		union msg_body m = {.camera_state = {.camera = 1, .transport = steps[i].said}};

		hear(role(ROLE_INGEST, 1), MSG_CAMERA_STATE, &m);
		cr_expect_eq(camera[1].worked, steps[i].worked, "%zu", i);
	}
}

Test(parent, opens_nothing_that_is_not_the_cameras)
{
	static const struct { enum msg_type type; union msg_body m; } lies[] = {
		{MSG_DIAL, {.dial = {.camera = 1}}}, {MSG_DIAL, {.dial = {.camera = 2}}}, {MSG_DIAL, {.dial = {.camera = 0, .what = DIAL_WHAT_COUNT}}},
		{MSG_DIAL, {.dial = {.camera = 0, .what = DIAL_ONVIF}}}, {MSG_UDP_OPEN, {.udp_open = {.camera = 1}}},
		{MSG_UDP_OPEN, {.udp_open = {.camera = 0, .track = PARENT_TRACKS}}}, {MSG_UDP_CONNECT, {.udp_connect = {.camera = 1}}},
		{MSG_UDP_CONNECT, {.udp_connect = {.camera = 0, .track = 255}}}, {MSG_UDP_CLOSE, {.udp_close = {.camera = 1}}}};

	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		struct child *liar = role(ROLE_INGEST, 0);

		liar->killed = false;
		hear(liar, lies[i].type, &lies[i].m);
		cr_expect(liar->killed, "%zu", i);
		cr_expect(camera[0].dial[0].fd < 0 && camera[1].dial[0].fd < 0 && camera[1].udp[0].fd[0] < 0);
	}
}

Test(parent, believes_sign_one_key_only)
{
	union msg_body m = {.sign_state = {.vkey = "a key"}};

	hear(role(ROLE_SIGN, 0), MSG_SIGN_STATE, &m);
	hear(role(ROLE_SIGN, 0), MSG_SIGN_STATE, &m);
	cr_assert(!role(ROLE_SIGN, 0)->killed);
	strcpy(m.sign_state.vkey, "another");
	hear(role(ROLE_SIGN, 0), MSG_SIGN_STATE, &m);
	cr_assert(role(ROLE_SIGN, 0)->killed);
	cr_assert_str_eq(p.sign.vkey, "a key");
}

/* Its end may be seen before its log is. */
Test(parent, writes_what_a_role_said_last)
{
	static const char said[] = "error first why=\"a\"\nerror last why=\"b\\\x1b[0m\"";
	int log[2], out[2], own = dup(STDERR_FILENO);
	struct child *c = role(ROLE_STORE, 0);
	char text[4096] = "";

	cr_assert_eq(pipe2(log, O_CLOEXEC | O_NONBLOCK), 0);
	cr_assert_eq(pipe2(out, O_CLOEXEC | O_NONBLOCK), 0);
	child_log_open(c, log[0]);
	cr_assert_eq(write(log[1], said, sizeof said - 1), (ssize_t)sizeof said - 1);
	close(log[1]);
	dup2(out[1], STDERR_FILENO);
	child_log_close(c);
	dup2(own, STDERR_FILENO);
	cr_assert_gt(read(out[0], text, sizeof text - 1), 0);
	cr_assert(strstr(text, "error store first why=\"a\"\n"), "%s", text);
	cr_assert(strstr(text, "error store last why=\"b\\\\x1b[0m\"\n"), "%s", text);
	close(out[0]);
	close(out[1]);
	close(own);
}

Test(parent, remembers_why_a_camera_was_lost_when_it_is_back)
{
	union msg_body m = {.camera_state = {.camera = 0, .phase = CAMERA_WAITING, .why = GAP_SILENT, .reconnects = 1, .detail = "nothing for 5 s", .left_out = "a\033[31m\n\xe2"}};
	int64_t since_us;

	hear(role(ROLE_INGEST, 0), MSG_CAMERA_STATE, &m);
	cr_expect_eq(camera[0].lost_why, GAP_SILENT);
	cr_expect_str_eq(camera[0].state.left_out, "a?[31m??", "no terminal is spoken to");
	since_us = camera[0].lost_us;
	cr_expect_gt(since_us, 0);
	hear(role(ROLE_INGEST, 0), MSG_CAMERA_STATE, &m);
	cr_expect_eq(camera[0].lost_us, since_us, "said again, it is still the same");
	m.camera_state = (struct msg_camera_state){.camera = 0, .phase = CAMERA_STREAMING, .reconnects = 1};
	hear(role(ROLE_INGEST, 0), MSG_CAMERA_STATE, &m);
	cr_expect_eq(camera[0].lost_why, GAP_SILENT);
	cr_expect_str_eq(camera[0].lost_detail, "nothing for 5 s");
}

/* With a reload the site file is another one; what a role says then may still be of the one before, and costs it nothing. */
Test(parent, takes_no_word_on_what_is_gone_and_ends_nobody_for_it)
{
	struct child *ingest = role(ROLE_INGEST, 0), *serve = role(ROLE_SERVE, 0);
	union msg_body dial = {.dial = {.camera = 0}}, onvif = {.dial = {.camera = 0, .what = DIAL_ONVIF}}, udp = {.udp_open = {.camera = 0}};
	union msg_body state = {.camera_state = {.camera = 0, .phase = CAMERA_STREAMING}}, watched = {.watched = {.camera = 0, .rendition = RENDITION_ENCODED}};

	camera[0].had_onvif = camera[0].demand[RENDITION_ENCODED].ever = true;
	site_camera[0].gone = true;
	hear(ingest, MSG_DIAL, &dial);
	hear(ingest, MSG_DIAL, &onvif);
	hear(ingest, MSG_UDP_OPEN, &udp);
	hear(ingest, MSG_CAMERA_STATE, &state);
	hear(serve, MSG_WATCHED, &watched);
	cr_expect(!ingest->killed && !serve->killed);
	cr_expect(!camera[0].known && camera[0].dial[DIAL_RTSP].fd < 0 && camera[0].udp[0].fd[0] < 0 && !camera[0].demand[RENDITION_ENCODED].runs);
	site_camera[0].gone = false;
}

Test(parent, takes_no_login_under_the_password_of_a_moment_ago)
{
	union msg_body m = {.session = {.address = "-", .user = 1, .version = 3, .token_sha256 = {1}, .expires_us = clock_wall_us() + 1000000}};

	site_user[1].version = 4;
	hear(role(ROLE_SERVE, 0), MSG_SESSION, &m);
	cr_expect_eq(p.nsessions, 0);
	m.session.version = 4;
	hear(role(ROLE_SERVE, 0), MSG_SESSION, &m);
	cr_expect_eq(p.nsessions, 1);
	log_in(role(ROLE_SERVE, 1), 0, 7, 1000000);
	parent_end_user_sessions(&p, 1);
	cr_expect(p.nsessions == 1 && sessions_of(0) == 1);
	site_user[1].gone = true;
	hear(role(ROLE_SERVE, 0), MSG_SESSION, &m);
	cr_expect_eq(p.nsessions, 1);
	cr_expect(!role(ROLE_SERVE, 0)->killed && !role(ROLE_SERVE, 1)->killed);
	memset(site_user, 0, sizeof site_user);
}

/* Store first, ingest then; and the other way round. */
Test(parent, a_camera_comes_and_goes_in_order)
{
	union msg_body taken = {.camera_taken = {.camera = 1}}, unknown = {.camera_taken = {.camera = 2}}, gone = {.camera_gone = {.camera = 1}};

	parent_camera_comes(&camera[1]);
	cr_expect(!camera[1].taken);
	hear(role(ROLE_STORE, 0), MSG_CAMERA_TAKEN, &unknown);
	hear(role(ROLE_STORE, 0), MSG_CAMERA_TAKEN, &taken);
	cr_expect(camera[1].taken);
	camera[1].known = true;
	camera[1].alarm[ALARM_BLACK].is = true;
	site_camera[1].gone = true;
	parent_camera_goes(&camera[1]);
	cr_expect(!camera[1].taken && !camera[1].known && !camera[1].alarm[ALARM_BLACK].is);
	camera[1].leaving = true;
	hear(role(ROLE_INGEST, 0), MSG_CAMERA_GONE, &gone);
	cr_expect(camera[1].leaving && role(ROLE_INGEST, 0)->killed, "of another ingest's camera");
	hear(role(ROLE_INGEST, 1), MSG_CAMERA_GONE, &gone);
	cr_expect_not(camera[1].leaving);
	hear(role(ROLE_STORE, 0), MSG_CAMERA_TAKEN, &taken);
	cr_expect(!camera[1].taken, "it went meanwhile");
	site_camera[1].gone = false;
	camera[1].in_settings = true;
	parent_store_ready(&p);
	cr_expect(camera[1].taken, "a store that began anew had it in its settings");
}
