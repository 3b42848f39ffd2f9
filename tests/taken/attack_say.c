/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By what it says: malformed, too much, not its own to say, too early, with descriptors where none belong. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/taken/taken.h"

#define PARENT ROLE_CHANNEL_FD
#define FLOOD_US 2000000
#define FLOOD_PARENT_US 20000000  /* it is ended before */

static const char *done(int rc)
{
	static char text[64];

	if (rc == 0)
		return "done";
	snprintf(text, sizeof text, "not delivered: %s", strerrorname_np(-rc));
	return text;
}

/* What each of them tells the parent all day long. */
static enum msg_type usual_of(enum role_kind me)
{
	static const enum msg_type usual[ROLE_COUNT] = {[ROLE_INGEST] = MSG_CAMERA_STATE, [ROLE_TRANSCODE] = MSG_WORKER_STATE,
		[ROLE_STORE] = MSG_STORE_STATE, [ROLE_SIGN] = MSG_SIGN_STATE, [ROLE_SERVE] = MSG_SERVE_STATE};

	return usual[me];
}

static int say_usual(struct taken *t, uint16_t camera)
{
	static union msg_body m;

	memset(&m, 0, sizeof m);
	if (t->role.me == ROLE_INGEST)
		m.camera_state = (struct msg_camera_state){.camera = camera, .phase = CAMERA_CONNECTING};
	else if (t->role.me == ROLE_TRANSCODE)
		m.worker_state = (struct msg_worker_state){.camera = camera};
	return taken_say(PARENT, usual_of(t->role.me), &m, NULL, 0);
}

static const char *say_garbage(struct taken *t)
{
	uint8_t bytes[512];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 167 + 13);
	return done(taken_send(PARENT, bytes, sizeof bytes, NULL, 0));
}

static const char *say_half(struct taken *t)
{
	uint8_t bytes[MSG_MAX];
	struct wr w = wr_init(bytes, sizeof bytes);
	union msg_body m = {0};

	msg_encode(&w, usual_of(t->role.me), &m);
	return done(taken_send(PARENT, bytes, w.len / 2, NULL, 0));
}

static const char *say_nothing_at_length(struct taken *t)
{
	static uint8_t bytes[MSG_MAX + 4096];

	bytes[1] = MSG_READY;
	return done(taken_send(PARENT, bytes, sizeof bytes, NULL, 0));
}

static const char *say_an_unknown_thing(struct taken *t)
{
	return done(taken_send(PARENT, "\xff\xfe", 2, NULL, 0));
}

static const char *say_what_another_says(struct taken *t)
{
	static const enum msg_type others[ROLE_COUNT] = {[ROLE_INGEST] = MSG_SESSION_END, [ROLE_TRANSCODE] = MSG_UDP_CLOSE,
		[ROLE_STORE] = MSG_UDP_CLOSE, [ROLE_SIGN] = MSG_SESSION_END, [ROLE_SERVE] = MSG_UDP_CLOSE};
	union msg_body m = {0};

	return done(taken_say(PARENT, others[t->role.me], &m, NULL, 0));
}

static const char *say_what_the_parent_says(struct taken *t)
{
	return done(taken_say(PARENT, MSG_STOP, NULL, NULL, 0));
}

static const char *say_of_a_foreign_camera(struct taken *t)
{
	return done(say_usual(t, (uint16_t)(t->camera + 1)));
}

static const char *say_of_no_camera(struct taken *t)
{
	return done(say_usual(t, UINT16_MAX));
}

static const char *ask_for_a_foreign_camera(struct taken *t)
{
	return done(taken_say(PARENT, MSG_DIAL, &(struct msg_dial){.camera = (uint16_t)(t->camera + 1)}, NULL, 0));
}

static const char *ask_for_an_address_that_is_not_there(struct taken *t)
{
	return done(taken_say(PARENT, MSG_DIAL, &(struct msg_dial){.camera = t->camera, .what = 200}, NULL, 0));
}

/* The parent dials a camera so often as it wants to, and keeps nobody waiting for that. */
static const char *ask_to_dial_without_end(struct taken *t)
{
	for (int i = 0; i < 1000; i++)
		taken_say(PARENT, MSG_DIAL, &(struct msg_dial){.camera = t->camera}, NULL, 0);
	return "done";
}

/* The address is the site file's, and ports below 1024 are no media: the parent must not be led to any. */
static const char *ask_for_foreign_ports(struct taken *t)
{
	taken_say(PARENT, MSG_UDP_OPEN, &(struct msg_udp_open){.camera = t->camera, .track = 1}, NULL, 0);
	taken_say(PARENT, MSG_UDP_CONNECT, &(struct msg_udp_connect){.camera = t->camera, .track = 1, .rtp_port = 22, .rtcp_port = 53}, NULL, 0);
	return done(taken_say(PARENT, MSG_UDP_OPEN, &(struct msg_udp_open){.camera = t->camera, .track = 9}, NULL, 0));
}

static const char *say_the_usual(struct taken *t)
{
	return done(say_usual(t, t->camera));
}

/* Before its seal, when it has no business to say anything: what it asks for would be from outside. */
static const char *say_too_early(struct taken *t)
{
	if (t->role.me == ROLE_INGEST)
		return done(taken_say(PARENT, MSG_DIAL, &(struct msg_dial){.camera = t->camera}, NULL, 0));
	return say_the_usual(t);
}

static const char *say_ready_again(struct taken *t)
{
	int rc = 0;

	for (int i = 0; i < 100 && !rc; i++)
		rc = taken_say(PARENT, MSG_READY, &(struct msg_ready){0}, NULL, 0);
	return done(rc);
}

/* As much as the socket takes. transcode's socket blocks nobody either: what it cannot write it leaves. */
static const char *flood(struct taken *t)
{
	int64_t until_us = taken_now_us() + FLOOD_PARENT_US;

	while (taken_now_us() < until_us)
		for (int i = 0; i < 1000; i++)
			taken_say(PARENT, MSG_READY, &(struct msg_ready){0}, NULL, 0);
	return "done";
}

static const char *flood_with_the_usual(struct taken *t)
{
	int64_t until_us = taken_now_us() + FLOOD_PARENT_US;

	while (taken_now_us() < until_us)
		for (int i = 0; i < 1000; i++)
			say_usual(t, t->camera);
	return "done";
}

/* The log is the parent's: what is said there must be capped, and be the role's own words to the last byte. */
static const char *flood_the_log(struct taken *t)
{
	static const char forged[] = "2026-01-01T00:00:00.000Z info casemate stopped forged=yes\n\x1b]0;owned\x07\r\n";
	int64_t until_us = taken_now_us() + FLOOD_US;

	while (taken_now_us() < until_us)
		for (int i = 0; i < 1000; i++)
			(void)!write(STDERR_FILENO, forged, sizeof forged - 1);
	return "done";
}

/* --- descriptors, which only store can send ------------------------------------------------- */

static const char *send_a_descriptor_to_the_parent(struct taken *t)
{
	return done(taken_say(PARENT, MSG_STORE_STATE, &(struct msg_store_state){0}, &t->folder, 1));
}

static const char *send_many_descriptors_to_the_parent(struct taken *t)
{
	int fds[200];

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		fds[i] = t->folder;
	return done(taken_say(PARENT, MSG_STORE_STATE, &(struct msg_store_state){0}, fds, sizeof fds / sizeof *fds));
}

static const char *send_a_descriptor_to_sign(struct taken *t)
{
	return done(taken_say(t->peer[ROLE_SIGN], MSG_LEAVES, &(struct msg_leaves){.hashes_len = 32}, &t->folder, 1));
}

static struct msg_segment segment(uint64_t bytes)
{
	return (struct msg_segment){.number = 1, .independent = true, .start_us = clock_wall_us(), .duration = 90000, .timescale = 90000, .bytes = bytes};
}

/* A folder in the place of sealed memory. */
static const char *send_a_folder_to_serve(struct taken *t)
{
	struct msg_segment m = segment(4096);

	return done(taken_say(t->peer[ROLE_SERVE], MSG_SEGMENT, &m, &t->folder, 1));
}

/* The ring itself: memory that changes and that no viewer may see. */
static const char *send_the_ring_to_serve(struct taken *t)
{
	struct msg_segment m = segment(4096 + t->ring.size);

	return done(taken_say(t->peer[ROLE_SERVE], MSG_SEGMENT, &m, &t->ring_fd, 1));
}

/* --- to its neighbours ---------------------------------------------------------------------- */

static const char *say_garbage_to_serve(struct taken *t)
{
	return done(taken_send(t->peer[ROLE_SERVE], "\0\x2a garbage", 11, NULL, 0));
}

static const char *flood_serve(struct taken *t)
{
	int64_t until_us = taken_now_us() + FLOOD_US;

	while (taken_now_us() < until_us)
		for (int i = 0; i < 1000; i++)
			taken_say(t->peer[ROLE_SERVE], MSG_OLDEST, &(struct msg_oldest){.camera = UINT16_MAX}, NULL, 0);
	return "done";
}

static const char *say_lying_leaves(struct taken *t)
{
	return done(taken_say(t->peer[ROLE_SIGN], MSG_LEAVES, &(struct msg_leaves){.first = 0, .hashes_len = 32}, NULL, 0));
}

static const char *say_half_a_leaf(struct taken *t)
{
	return done(taken_say(t->peer[ROLE_SIGN], MSG_LEAVES, &(struct msg_leaves){.first = 1u << 30, .hashes_len = 31}, NULL, 0));
}

static const char *accuse_everybody(struct taken *t)
{
	struct msg_bad_peer m = {.index = UINT16_MAX, .why = "\"\n\x1b[2J forged=yes"};
	int rc = 0;

	for (unsigned role = 0; role < 256 && !rc; role++) {
		m.role = (uint8_t)role;
		rc = taken_say(PARENT, MSG_BAD_PEER, &m, NULL, 0);
	}
	return done(rc);
}

static const char *accuse_store(struct taken *t)
{
	return done(taken_say(PARENT, MSG_BAD_PEER, &(struct msg_bad_peer){.role = ROLE_STORE, .why = "a lie"}, NULL, 0));
}

static const char *say_garbage_to_store(struct taken *t)
{
	return done(taken_send(t->peer[ROLE_STORE], "\0\x2a garbage", 11, NULL, 0));
}

static const char *answer_in_the_place_of_store(struct taken *t)
{
	return done(taken_say(t->peer[ROLE_STORE], MSG_HAVE, &(struct msg_have){.status = MSG_HAVE_NONE}, NULL, 0));
}

/* Every one is answered or refused, and the answers are never read. */
static const char *want_without_end(struct taken *t)
{
	struct msg_want m = {.kind = MSG_WANT_TILE};
	int64_t until_us = taken_now_us() + FLOOD_US;

	while (taken_now_us() < until_us)
		for (int i = 0; i < 1000; i++) {
			m.request++;
			m.kind = (uint8_t)(m.request % 6);
			m.camera = (uint16_t)(m.request % 5 ? m.request % 3 : UINT16_MAX);
			m.rendition = (uint8_t)m.request;
			m.number = m.request % 7 ? m.request : UINT64_MAX;
			m.level = (int16_t)m.request;
			m.width = (uint16_t)m.request;
			taken_say(t->peer[ROLE_STORE], MSG_WANT, &m, NULL, 0);
		}
	return "done";
}

static const char *log_nobody_in(struct taken *t)
{
	return done(taken_say(PARENT, MSG_SESSION, &(struct msg_session){.user = 999, .expires_us = INT64_MAX}, NULL, 0));
}

static const char *log_many_in(struct taken *t)
{
	struct msg_session m = {.user = 0, .expires_us = INT64_MAX, .address = "-"};
	int rc = 0;

	for (unsigned i = 0; i < 2000 && !rc; i++) {
		memcpy(m.token_sha256, &i, sizeof i);
		rc = taken_say(PARENT, MSG_SESSION, &m, NULL, 0);
	}
	return done(rc == -EAGAIN ? 0 : rc);
}

static const char *say_that_nobody_watched(struct taken *t)
{
	struct msg_viewing m = {.user = 999, .by = 1, .renditions = 1, .from_number = 1, .to_number = 1, .address = "-"};

	return done(taken_say(PARENT, MSG_VIEWING, &m, NULL, 0));
}

/* It may say that its users watch: entries do not become more by saying it more often. */
static const char *say_that_all_watch(struct taken *t)
{
	struct msg_viewing m = {.by = 1, .renditions = 1, .from_us = INT64_MIN, .to_us = INT64_MAX, .address = "-"};
	int rc = 0;

	for (unsigned i = 0; i < 2000 && !rc; i++) {
		m.from_number = m.to_number = i + 1;
		rc = taken_say(PARENT, MSG_VIEWING, &m, NULL, 0);
	}
	return done(rc == -EAGAIN ? 0 : rc);
}

static const char *watch_what_is_not_on_demand(struct taken *t)
{
	return done(taken_say(PARENT, MSG_WATCHED, &(struct msg_watched){.camera = 0, .rendition = 0}, NULL, 0));
}

static const char *speak_of_another_key(struct taken *t)
{
	return done(taken_say(PARENT, MSG_SIGN_STATE, &(struct msg_sign_state){.vkey = "another.example+00000000+AAAA"}, NULL, 0));
}

static const char *sign_nonsense(struct taken *t)
{
	struct msg_checkpoint m = {.size = UINT64_MAX, .note_len = 7, .note = "garbage"};

	return done(taken_say(t->peer[ROLE_STORE], MSG_CHECKPOINT, &m, NULL, 0));
}

static const char *greet_with_nonsense(struct taken *t)
{
	return done(taken_say(t->peer[ROLE_STORE], MSG_SIGN_HELLO, &(struct msg_sign_hello){.size = UINT64_MAX, .vkey = "x"}, NULL, 0));
}

#define STAY 20

const struct attack attacks_say[] = {
	{"garbage", IN_ALL, 0, say_garbage, STAY},
	{"half", IN_ALL, 0, say_half, STAY},
	{"huge", IN_ALL, 0, say_nothing_at_length, STAY},
	{"unknown", IN_ALL, 0, say_an_unknown_thing, STAY},
	{"anothers-words", IN_ALL, 0, say_what_another_says, STAY},
	{"parents-words", IN_ALL, 0, say_what_the_parent_says, STAY},
	{"foreign-camera", IN(INGEST) | IN(TRANSCODE), 0, say_of_a_foreign_camera, STAY},
	{"no-camera", IN(INGEST) | IN(TRANSCODE), 0, say_of_no_camera, STAY},
	{"dial-foreign-camera", IN(INGEST), 0, ask_for_a_foreign_camera, STAY},
	{"dial-no-address", IN(INGEST), 0, ask_for_an_address_that_is_not_there, STAY},
	{"dial-flood", IN(INGEST), 0, ask_to_dial_without_end, 1},
	{"foreign-ports", IN(INGEST), 0, ask_for_foreign_ports, STAY},
	{"early", IN_ALL, NEEDS_EARLY, say_too_early, STAY},
	{"ready-again", IN_ALL, 0, say_ready_again, 0},
	{"flood", IN_ALL, 0, flood, STAY},
	{"flood-usual", IN_ALL, 0, flood_with_the_usual, STAY},
	{"flood-log", IN_ALL, 0, flood_the_log, 0},
	{"descriptor", IN(STORE), 0, send_a_descriptor_to_the_parent, STAY},
	{"descriptors", IN(STORE), 0, send_many_descriptors_to_the_parent, STAY},
	{"descriptor-to-sign", IN(STORE), NEEDS_SIGN, send_a_descriptor_to_sign, STAY},
	{"folder-to-serve", IN(STORE), NEEDS_SERVE, send_a_folder_to_serve, 1},
	{"ring-to-serve", IN(STORE), NEEDS_SERVE | NEEDS_RING, send_the_ring_to_serve, 1},
	{"garbage-to-serve", IN(STORE), NEEDS_SERVE, say_garbage_to_serve, 1},
	{"flood-serve", IN(STORE), NEEDS_SERVE, flood_serve, 1},
	{"lying-leaves", IN(STORE), NEEDS_SIGN, say_lying_leaves, STAY},
	{"half-a-leaf", IN(STORE), NEEDS_SIGN, say_half_a_leaf, STAY},
	{"accuse-everybody", IN(STORE) | IN(SIGN) | IN(SERVE), 0, accuse_everybody, 1},
	{"accuse-store", IN(SERVE), 0, accuse_store, STAY},
	{"garbage-to-store", IN(SERVE) | IN(SIGN), NEEDS_STORE, say_garbage_to_store, STAY},
	{"answer-store", IN(SERVE) | IN(SIGN), NEEDS_STORE, answer_in_the_place_of_store, STAY},
	{"want-without-end", IN(SERVE), NEEDS_STORE, want_without_end, 1},
	{"log-nobody-in", IN(SERVE), 0, log_nobody_in, STAY},
	{"log-many-in", IN(SERVE), 0, log_many_in, 1},
	{"say-that-nobody-watched", IN(SERVE), 0, say_that_nobody_watched, STAY},
	{"say-that-all-watch", IN(SERVE), 0, say_that_all_watch, 1},
	{"watch-all", IN(SERVE), 0, watch_what_is_not_on_demand, STAY},
	{"another-key", IN(SIGN), 0, speak_of_another_key, STAY},
	{"sign-nonsense", IN(SIGN), NEEDS_STORE, sign_nonsense, STAY},
	{"greet-nonsense", IN(SIGN), NEEDS_STORE, greet_with_nonsense, STAY},
	{0},
};
