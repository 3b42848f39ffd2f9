/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session by RTSP: who is let in, what is described and set up, and what its packets are. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "tests/server/rtsp_world.h"

#define BASIC_ANNA "Authorization: Basic YW5uYTpzZWNyZXQ=\r\n"   /* anna:secret */
#define BASIC_WRONG "Authorization: Basic YW5uYTp3cm9uZw==\r\n"  /* anna:wrong */
#define TCP(a, b) "Transport: RTP/AVP/TCP;unicast;interleaved=" #a "-" #b "\r\n"

static uint8_t sent[1 << 20];
static const char *why;

static void begin_inside(void) { world_begin(true); }
static void begin_clear(void) { world_begin(false); }

static void expect_status(const char *reply, const char *status)
{
	char want[32];

	snprintf(want, sizeof want, "RTSP/1.0 %s ", status);
	cr_expect(!strncmp(reply, want, strlen(want)), "%s in place of %s", *reply ? reply : "(it waits)", status);
}

/* The Authorization header for the nonce of a reply. */
static const char *digest_for(const char *reply, enum digest_algorithm a, const char *user, const char *password, const char *method, const char *path, unsigned nc)
{
	static char line[1000];
	struct digest_challenge c = {.algorithm = a, .algorithm_named = true, .qop_auth = nc > 0, .realm = WORLD_SITE};
	char uri[100], value[900];
	struct digest_who who = {user, password, method, uri};
	const char *nonce = strstr(reply, "nonce=\"");
	struct wr w = wr_init(value, sizeof value - 1);

	cr_assert(nonce, "%s", reply);
	snprintf(c.nonce, sizeof c.nonce, "%.32s", nonce + 7);
	snprintf(uri, sizeof uri, "rtsp://h/%s", path);
	cr_assert_eq(digest_answer(&w, &c, &who, nc, "c0ffee"), 0);
	value[w.len] = 0;
	snprintf(line, sizeof line, "Authorization: %s\r\n", value);
	return line;
}

/* --- who may ---------------------------------------------------------------------------------- */

TestSuite(serve_rtsp_inside, .init = begin_inside, .fini = world_end);
TestSuite(serve_rtsp_clear, .init = begin_clear, .fini = world_end);

Test(serve_rtsp_inside, asks_for_basic_or_sha_256)
{
	const char *reply = world_ask("DESCRIBE", "gate", "");

	expect_status(reply, "401");
	cr_expect(strstr(reply, "WWW-Authenticate: Basic realm=\"casemate\", charset=\"UTF-8\", Digest realm=\"" WORLD_SITE "\", nonce=\""));
	cr_expect(strstr(reply, "algorithm=SHA-256") && !strstr(reply, "MD5") && !world_heard.guesses);
}

Test(serve_rtsp_inside, lets_a_password_in_once_for_all)
{
	world_pictures(0, RENDITION_COPY, 2);
	world_sound(2);
	expect_status(world_ask("DESCRIBE", "gate", BASIC_ANNA), "200");
	expect_status(world_ask("DESCRIBE", "gate", ""), "200");
	cr_expect(world_heard.logins == 1 && world_heard.guesses == 1 && world_conn.peer.user == WORLD_ANNA);
}

Test(serve_rtsp_inside, waits_for_a_verdict)
{
	world_pictures(0, RENDITION_COPY, 2);
	world_sound(2);
	cr_expect_str_empty(world_ask("DESCRIBE", "gate", BASIC_WRONG));
	cr_expect_str_empty(world_again());
	world_verdict(false);
	expect_status(world_again(), "401");
	cr_expect(world_heard.refused == 1 && world_heard.guesses == 1);
	world_heard.thinks = true;
	cr_expect_str_empty(world_ask("DESCRIBE", "gate", BASIC_ANNA));
	world_verdict(true);
	expect_status(world_again(), "200");
	cr_expect(world_heard.logins == 1);
}

Test(serve_rtsp_inside, lets_nobody_in_by_a_password_that_has_changed_since)
{
	world_heard.thinks = true;
	cr_expect_str_empty(world_ask("DESCRIBE", "gate", BASIC_ANNA));
	world_verdict(true);
	world_heard.version++;
	expect_status(world_again(), "401");
	cr_expect(world_heard.refused == 1 && !world_heard.logins && world_conn.peer.user < 0);
}

Test(serve_rtsp_inside, takes_sha_256_and_after_md5_asks_for_basic)
{
	const char *reply = world_ask("DESCRIBE", "gate", "");

	world_pictures(0, RENDITION_COPY, 2);
	world_sound(2);
	reply = world_ask("DESCRIBE", "gate", digest_for(reply, DIGEST_MD5, "tom", WORLD_PASSWORD, "DESCRIBE", "gate", 0));
	expect_status(reply, "401");
	cr_expect(strstr(reply, "WWW-Authenticate: Basic") && !strstr(reply, "Digest") && !world_heard.guesses);
	reply = world_ask("DESCRIBE", "gate", "");
	cr_expect(!strstr(reply, "Digest"));
	expect_status(world_ask("DESCRIBE", "gate", BASIC_ANNA), "200");
	world_end();
	world_begin(true);
	world_pictures(0, RENDITION_COPY, 2);
	world_sound(2);
	reply = world_ask("DESCRIBE", "gate", "");
	expect_status(world_ask("DESCRIBE", "gate", digest_for(reply, DIGEST_SHA256, "anna", WORLD_PASSWORD, "DESCRIBE", "gate", 1)), "200");
	expect_status(world_ask("DESCRIBE", "gate", ""), "200");
}

/* GStreamer puts its new answer behind the refused one. */
Test(serve_rtsp_inside, takes_the_last_of_several_answers)
{
	world_pictures(0, RENDITION_COPY, 2);
	world_sound(2);
	expect_status(world_ask("DESCRIBE", "gate", "Authorization: Digest username=\"x\"\r\n" BASIC_ANNA), "200");
	cr_expect_eq(world_heard.guesses, 1);
}

Test(serve_rtsp_clear, offers_digest_alone_the_strongest_first)
{
	const char *reply = world_ask("DESCRIBE", "gate", ""), *sha = strstr(reply, "algorithm=SHA-256"), *md5 = strstr(reply, "algorithm=MD5");

	expect_status(reply, "401");
	cr_expect(sha && md5 && sha < md5 && !strstr(reply, "Basic") && !strstr(reply, "stale"));
	expect_status(world_ask("DESCRIBE", "gate", BASIC_ANNA), "401");
	cr_expect_eq(world_heard.guesses, 0);
}

Test(serve_rtsp_clear, wants_an_answer_at_each_request_and_none_twice)
{
	char first[1000];
	const char *reply = world_ask("DESCRIBE", "gate", "");

	world_pictures(0, RENDITION_COPY, 2);
	world_sound(2);
	snprintf(first, sizeof first, "%s", digest_for(reply, DIGEST_SHA256, "anna", WORLD_PASSWORD, "DESCRIBE", "gate", 1));
	expect_status(world_ask("DESCRIBE", "gate", first), "200");
	reply = world_ask("DESCRIBE", "gate", "");
	expect_status(reply, "401");
	cr_expect(!strstr(reply, "stale"));
	reply = world_ask("DESCRIBE", "gate", first);
	expect_status(reply, "401");
	cr_expect(strstr(reply, "stale=true"));
	cr_expect_eq(world_heard.guesses, 1);
	expect_status(world_ask("DESCRIBE", "gate", digest_for(reply, DIGEST_SHA256, "anna", WORLD_PASSWORD, "DESCRIBE", "gate", 1)), "200");
	cr_expect_eq(world_heard.logins, 1);
}

Test(serve_rtsp_clear, takes_md5_without_qop_and_nothing_else_without)
{
	char reply[1000];

	snprintf(reply, sizeof reply, "%s", world_ask("DESCRIBE", "gate", ""));
	world_pictures(0, RENDITION_COPY, 2);
	world_sound(2);
	expect_status(world_ask("DESCRIBE", "gate", digest_for(reply, DIGEST_SHA256, "tom", WORLD_PASSWORD, "DESCRIBE", "gate", 0)), "401");
	cr_expect_eq(world_heard.guesses, 0);
	expect_status(world_ask("DESCRIBE", "gate", digest_for(reply, DIGEST_MD5, "tom", WORLD_PASSWORD, "DESCRIBE", "gate", 0)), "200");
	expect_status(world_ask("DESCRIBE", "gate", digest_for(reply, DIGEST_MD5, "tom", WORLD_PASSWORD, "DESCRIBE", "gate", 1)), "200");
	/* One without a count takes no other's back. */
	expect_status(world_ask("DESCRIBE", "gate", digest_for(reply, DIGEST_MD5, "tom", WORLD_PASSWORD, "DESCRIBE", "gate", 0)), "200");
	expect_status(world_ask("DESCRIBE", "gate", digest_for(reply, DIGEST_MD5, "tom", WORLD_PASSWORD, "DESCRIBE", "gate", 1)), "401");
}

Test(serve_rtsp_clear, counts_a_guess_and_stays_one_users)
{
	char reply[1000];

	snprintf(reply, sizeof reply, "%s", world_ask("DESCRIBE", "gate", ""));
	world_pictures(0, RENDITION_COPY, 2);
	world_sound(2);
	expect_status(world_ask("DESCRIBE", "gate", digest_for(reply, DIGEST_SHA256, "anna", "guess", "DESCRIBE", "gate", 1)), "401");
	cr_expect(world_heard.guesses == 1 && world_heard.refused == 1);
	expect_status(world_ask("DESCRIBE", "gate", digest_for(reply, DIGEST_SHA256, "anna", WORLD_PASSWORD, "DESCRIBE", "gate", 1)), "200");
	expect_status(world_ask("DESCRIBE", "gate", digest_for(reply, DIGEST_SHA256, "tom", WORLD_PASSWORD, "DESCRIBE", "gate", 2)), "401");
	world_heard.slow_down = true;
	expect_status(world_ask("DESCRIBE", "gate", digest_for(reply, DIGEST_SHA256, "anna", WORLD_PASSWORD, "DESCRIBE", "gate", 3)), "503");
	cr_expect_eq(world_heard.limited, 1);
}

/* A request that was let in and then had to wait is not asked for another answer. */
Test(serve_rtsp_clear, remembers_who_asked_what_waits)
{
	const char *reply = world_ask("DESCRIBE", "gate/copy", "");

	cr_expect_str_empty(world_ask("DESCRIBE", "gate/copy", digest_for(reply, DIGEST_SHA256, "anna", WORLD_PASSWORD, "DESCRIBE", "gate/copy", 1)));
	cr_expect_str_empty(world_again());
	world_pictures(0, RENDITION_COPY, 2);
	expect_status(world_again(), "200");
	cr_expect_eq(world_heard.guesses, 1);
	expect_status(world_ask("DESCRIBE", "gate/copy", ""), "401");
}

/* --- what is asked ----------------------------------------------------------------------------- */

static void begin_let_in(void)
{
	world_begin(true);
	world_pictures(0, RENDITION_COPY, 50);
	world_sound(90);
	world_ask("DESCRIBE", "gate", BASIC_ANNA);
}

TestSuite(serve_rtsp_ask, .init = begin_let_in, .fini = world_end);

Test(serve_rtsp_ask, knows_what_he_may_see_and_nothing_else)
{
	static const char *const none[] = {"", "/", "vault", "vault/copy", "nothing", "gate/nothing", "gate/copy/x", "gate/360p/copy", "GATE"};
	char hidden[200];

	snprintf(hidden, sizeof hidden, "%s", world_ask("DESCRIBE", "vault", ""));
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		cr_expect_str_eq(world_ask("DESCRIBE", none[i], ""), hidden, "%s", none[i]);
	expect_status(hidden, "404");
	world_heard.sees_nothing = true;
	expect_status(world_ask("DESCRIBE", "gate", ""), "401");
}

Test(serve_rtsp_ask, describes_what_store_has)
{
	const char *reply = world_ask("DESCRIBE", "gate", "");

	cr_expect(strstr(reply, "m=video") && strstr(reply, "sprop-parameter-sets=") && strstr(reply, "m=audio") && strstr(reply, "MPEG4-GENERIC/48000"), "%s", reply);
	reply = world_ask("DESCRIBE", "gate/audio", "");
	cr_expect(!strstr(reply, "m=video") && strstr(reply, "m=audio"));
	cr_expect_str_empty(world_ask("DESCRIBE", "gate/360p", ""));
	world_rtsp.timed_out = true;
	expect_status(world_again(), "503");
}

Test(serve_rtsp_ask, plays_from_the_key_frame_with_reports_and_sets_first)
{
	const char *reply;
	uint16_t sequence;
	ssize_t n;

	expect_status(world_ask("SETUP", "gate/copy/track0", TCP(0, 1)), "200");
	expect_status(world_ask("SETUP", "gate/copy/track1", TCP(4, 5)), "200");
	expect_status(world_ask("PLAY", "gate/copy", ""), "454");
	reply = world_ask("PLAY", "gate/copy", "Session: 01020300000000000000000000000000\r\n");
	expect_status(reply, "200");
	cr_assert(sscanf(strstr(reply, "track0;seq="), "track0;seq=%hu", &sequence) == 1);
	cr_expect(world_rtsp.playing && world_heard.watched_closely == 2);
	n = world_play(sent, sizeof sent, &why);
	cr_assert_gt(n, 3000);
	cr_expect(sent[1] == 1 && sent[5] == 200, "a sender report comes first");
	for (uint8_t *p = sent; p < sent + n; p += 4 + (p[2] << 8 | p[3]))
		if (p[1] == 0) {
			cr_expect_eq(p[6] << 8 | p[7], sequence);
			cr_expect_eq(p[16] & 31, 24, "parameter sets in one packet");
			break;
		}
	cr_expect_eq(world_play(sent, sizeof sent, &why), 0);
	world_pictures(0, RENDITION_COPY, 5);
	cr_expect_gt(world_play(sent, sizeof sent, &why), 0);
}

Test(serve_rtsp_ask, pauses_and_ends)
{
	static const char session[] = "Session: 01020300000000000000000000000000\r\n";

	expect_status(world_ask("SETUP", "gate/copy/track0", TCP(0, 1)), "200");
	for (int i = 0; i < 2; i++) {
		expect_status(world_ask("PLAY", "gate/copy", session), "200");
		cr_expect(world_rtsp.playing && world_play(sent, sizeof sent, &why) > 0);
		expect_status(world_ask("PAUSE", "gate/copy", session), "200");
		cr_expect_not(world_rtsp.playing);
	}
	expect_status(world_ask("TEARDOWN", "gate/copy", session), "200");
	cr_expect(!world_rtsp.track[0].set_up && !world_rtsp.track[0].owner);
}

Test(serve_rtsp_ask, plays_sound_alone)
{
	expect_status(world_ask("SETUP", "gate/audio/track0", TCP(0, 1)), "200");
	expect_status(world_ask("SETUP", "gate/audio/track1", TCP(2, 3)), "404");
	expect_status(world_ask("PLAY", "gate/audio", "Session: 01020300000000000000000000000000\r\n"), "200");
	cr_expect(world_play(sent, sizeof sent, &why) > 0 && world_rtsp.track[0].rendition == RENDITION_AUDIO);
}

Test(serve_rtsp_ask, ends_at_once_when_the_right_to_it_does)
{
	expect_status(world_ask("SETUP", "gate/copy/track0", TCP(0, 1)), "200");
	expect_status(world_ask("PLAY", "gate/copy", "Session: 01020300000000000000000000000000\r\n"), "200");
	cr_assert(world_rtsp.follower.ended && world_rtsp.follower.camera == 0 && world_rtsp.follower.right == SERVE_RIGHT_LIVE);
	world_heard.ready = 0;
	world_rtsp.follower.ended(&world_rtsp.follower);
	cr_expect(world_rtsp.ended && world_heard.ready == 1);
}

/* A camera that has just come: what is described once is all that a session has. */
static void begin_without_sound(void)
{
	struct serve_camera *camera;

	world_begin(true);
	world_pictures(0, RENDITION_COPY, 50);
	camera = &world_rtsp.serve->media->camera[0];
	camera->state.audio = CODEC_AAC;
	camera->first_us = clock_mono_us() + INT64_C(3600000000);  /* so that no machine is too slow for it */
	cr_assert_str_empty(world_ask("DESCRIBE", "gate", BASIC_ANNA));
}

TestSuite(serve_rtsp_new, .init = begin_without_sound, .fini = world_end);

Test(serve_rtsp_new, sound_is_waited_for)
{
	world_sound(90);
	cr_expect(strstr(world_again(), "m=audio"));
	expect_status(world_ask("SETUP", "gate/copy/track1", TCP(0, 1)), "200");
}

Test(serve_rtsp_new, but_not_for_ever)
{
	const char *reply;

	world_rtsp.timed_out = true;
	reply = world_again();
	expect_status(reply, "200");
	cr_expect(strstr(reply, "m=video") && !strstr(reply, "m=audio"));
	expect_status(world_ask("SETUP", "gate/copy/track1", TCP(0, 1)), "404");
}

Test(serve_rtsp_new, nor_where_the_camera_sends_none)
{
	world_rtsp.serve->media->camera[0].state.audio = CODEC_NONE;
	expect_status(world_again(), "200");
}

/* --- what is sent ------------------------------------------------------------------------------- */

static void begin_playing(void)
{
	begin_let_in();
	world_ask("SETUP", "gate/copy/track0", TCP(0, 1));
	world_ask("PLAY", "gate/copy", "Session: 01020300000000000000000000000000\r\n");
	cr_assert(world_rtsp.playing && world_play(sent, sizeof sent, &why) > 0);
}

TestSuite(serve_rtsp_track, .init = begin_playing, .fini = world_end);

/* The timestamps of the first track's packets. */
static uint32_t first_stamp(ssize_t n)
{
	for (uint8_t *p = sent; p < sent + n; p += 4 + (p[2] << 8 | p[3]))
		if (p[1] == 0)
			return (uint32_t)p[8] << 24 | (uint32_t)p[9] << 16 | (uint32_t)p[10] << 8 | p[11];
	cr_assert(false, "no packet");
	return 0;
}

Test(serve_rtsp_track, goes_on_by_the_wall_clock_over_a_break)
{
	uint32_t before = world_rtsp.track[0].last_timestamp;
	ssize_t n;

	world_break(3000000);
	world_pictures(0, RENDITION_COPY, 10);
	n = world_play(sent, sizeof sent, &why);
	cr_assert_gt(n, 0);
	cr_expect_eq(first_stamp(n) - before, 3 * 90000 + 3600);
	before = world_rtsp.track[0].last_timestamp;
	world_break(-3600000000);
	world_pictures(0, RENDITION_COPY, 10);
	n = world_play(sent, sizeof sent, &why);
	cr_assert_gt(n, 0);
	cr_expect_eq(first_stamp(n) - before, 3600, "time never goes back");
}

/* What a player reckons: of the newest report, and of the newest packet by it, in microseconds. */
struct reckoned {
	int64_t report_us, packet_us;
	uint32_t timestamp;
	unsigned back;                   /* how often a packet, or a report, was told to be earlier than the one before */
};

/* RFC 3550 6.4.1 and 5.1 */
static void reckon(struct reckoned *p, ssize_t n)
{
	for (uint8_t *at = sent; at < sent + n; at += 4 + (at[2] << 8 | at[3])) {
		struct rd r = rd_init(at + 4, (size_t)(at[2] << 8 | at[3]));
		int64_t us;

		if (at[1] == 1) {
			rd_bytes(&r, 8);
			us = (int64_t)rd_u32(&r) * 1000000;
			us += (int64_t)(((uint64_t)rd_u32(&r) * 1000000 + (1u << 31)) >> 32);
			p->back += us < p->report_us;
			p->report_us = us;
			p->timestamp = rd_u32(&r);
		} else {
			rd_u32(&r);
			us = p->report_us + (int64_t)(int32_t)(rd_u32(&r) - p->timestamp) * 100 / 9;
			p->back += us < p->packet_us;
			p->packet_us = us;
		}
	}
}

/* Pictures of so many seconds, each after a report. */
static void play_on(struct reckoned *p, unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++) {
		ssize_t n;

		world_rtsp.track[0].report_due = true;
		world_pictures(0, RENDITION_COPY, 25);
		n = world_play(sent, sizeof sent, &why);
		cr_assert_gt(n, 0);
		reckon(p, n);
	}
}

/* As a camera's clock is corrected, also where its stream breaks off at the same time; the truth is told again in the end. */
Test(serve_rtsp_track, no_packet_is_told_to_be_earlier_than_the_one_before)
{
	static const struct { int64_t us; bool breaks; unsigned seconds; } steps[] = {
		{-200000, false, 30}, {-900000, false, 115}, {-200000, true, 30}, {-900000, true, 120}, {300000, false, 2}, {-5000, false, 2}};
	struct reckoned p = {0};

	play_on(&p, 2);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		if (steps[i].breaks)
			world_break(steps[i].us);
		else
			world_clock(steps[i].us);
		play_on(&p, 1);
		cr_expect_eq(world_rtsp.track[0].slews, steps[i].us < -8000, "step %zu", i);
		play_on(&p, steps[i].seconds);
		cr_expect_not(world_rtsp.track[0].slews, "step %zu", i);
		cr_expect_lt(llabs(p.report_us - world_rtsp.track[0].clock_us - INT64_C(2208988800000000)), 2, "step %zu", i);
		cr_expect_eq(p.back, 0, "step %zu: %u times", i, p.back);
	}
}

/* No correction takes so long: a clock that was set is told as it is. */
Test(serve_rtsp_track, a_clock_that_was_set_is_told_at_once)
{
	static const int64_t step_us[] = {-2000000, -INT64_C(3600000000)};
	struct reckoned p = {0};

	play_on(&p, 2);
	for (unsigned i = 0; i < 2; i++) {
		world_clock(step_us[i]);
		play_on(&p, 1);
		cr_expect_lt(llabs(p.report_us - world_rtsp.track[0].clock_us - INT64_C(2208988800000000)), 2);
		cr_expect_eq(p.back, 2 * (i + 1));
	}
}

Test(serve_rtsp_track, gives_a_slow_viewer_the_newest_and_ends_him_in_the_end)
{
	unsigned i;
	ssize_t n = 0;

	for (i = 0; i < SERVE_RTSP_DROPS_MAX + 1 && n >= 0; i++) {
		uint64_t from = world_rtsp.track[0].at.number;

		for (int k = 0; k < 4; k++)
			world_pictures(0, RENDITION_COPY, 5);
		n = world_play(sent, sizeof sent, &why);
		cr_expect(n < 0 || world_rtsp.track[0].at.number == from + 4);
	}
	cr_expect_eq(i, SERVE_RTSP_DROPS_MAX + 1);
	cr_expect(n == -EBADMSG && !strcmp(why, "too slow for the stream") && world_heard.closed_slow == 1);
	cr_expect_eq(world_rtsp.serve->state.rtsp_dropped, SERVE_RTSP_DROPS_MAX);
}

Test(serve_rtsp_track, fills_what_room_there_is)
{
	size_t all = 0;
	ssize_t n;

	world_pictures(0, RENDITION_COPY, 50);
	while ((n = world_play(sent, 4000, &why)) > 0) {
		cr_expect_leq(n, 4000);
		all += (size_t)n;
	}
	cr_expect(n == 0 && all > 50 * 400);
}

Test(serve_rtsp_track, ends_at_what_cannot_be)
{
	static const struct { const char *bytes; size_t n; const char *why; } c[] = {
		{"\0\0\0\x10moof\0\0\0\0\0\0\0", 15, "store's chunk cannot be read"}, {"x", 1, "store's chunk cannot be read"},
		{"\0\0\0\x08mdat", 8, "store's chunk cannot be read"},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		world_store(0, RENDITION_COPY, c[i].bytes, c[i].n);
		cr_expect_eq(world_play(sent, sizeof sent, &why), -EBADMSG);
		cr_expect_str_eq(why, c[i].why);
	}
	world_rendition(0, RENDITION_COPY)->window[world_rendition(0, RENDITION_COPY)->n - 1].m.init_sha256[0] = 77;
	world_rtsp.track[0].at.number--;
	world_rtsp.track[0].at.offset = 1 << 20;
	cr_expect_eq(world_play(sent, sizeof sent, &why), -EBADMSG);
	cr_expect_str_eq(why, "store's init segment is not here");
}

Test(serve_rtsp_track, ends_with_its_rendition)
{
	struct msg_serve_rendition gone = {.camera = 0, .rendition = RENDITION_COPY, .gone = true};

	strcpy(gone.name, "copy");
	cr_assert_eq(serve_media_set_rendition(world_rtsp.serve->media, &gone), 0);
	cr_expect(world_rtsp.ended && world_heard.ready > 0);
	cr_expect_eq(world_play(sent, sizeof sent, &why), -EBADMSG);
	cr_expect_str_eq(why, "the rendition is no more");
}
