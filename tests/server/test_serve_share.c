/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Share links at a serve process: who has the token sees one camera, and learns of no other. */
#include <criterion/criterion.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tests/server/serve_suite.h"

#define TOKEN "0123456789abcdefghijABCDEFGHIJ_-0123456789a"
#define ID "share-abcde2"
#define YARD 0u
#define ATTIC 1u
#define LIVE (1u << SITE_RIGHT_LIVE)

static void start(void)
{
	suite_start();
	for (unsigned k = 0; k < 3; k++) {
		world_track(&world, k);
		for (unsigned i = 5; i < 8; i++)
			world_segment(&world, k, i, 1000, true);
	}
}

TestSuite(serve_share, .init = start, .fini = suite_stop, .timeout = 120);

static unsigned status(const char *path, const char *extra)
{
	response_free(&got);
	viewer_get(&viewer, path, extra, &got);
	return got.status;
}

static unsigned shared(const char *path)
{
	return status(path, basic(ID, TOKEN));
}

/* A link as it is from now on: what the parent says is heard in its own time. */
static void share(struct msg_share m, unsigned wanted, const char *path)
{
	static uint32_t version;

	m.version = ++version;
	memcpy(m.id, ID, sizeof ID);
	if (!m.expires_us)
		m.expires_us = clock_wall_us() + 3600000000;
	world_share(&world, m, TOKEN);
	while (shared(path) != wanted)
		;
}

static const struct msg_share live = {.share = 7, .camera = YARD, .user = MSG_LOGIN_NOBODY};

Test(serve_share, shows_one_camera_live_and_nothing_else)
{
	static const struct { const char *path; unsigned status; } c[] = {
		{"/live/yard/index.m3u8", 200}, {"/live/yard/copy/index.m3u8", 200}, {"/live/yard/copy/6.m4s", 200}, {"/live/yard/copy/2.m4s", 403},
		{"/live/yard/copy/2.m4s.tlog-proof", 403}, {"/live/attic/index.m3u8", 404}, {"/live/attic/small/5.m4s", 404}, {"/live/none/index.m3u8", 404},
		{"/log/tile/entries/000", 403}, {"/export", 405}, {"/", 200}};

	share(live, 200, "/live/yard/index.m3u8");
	for (size_t i = 0; i < sizeof c / sizeof *c; i++)
		cr_expect_eq(shared(c[i].path), c[i].status, "%s: %u", c[i].path, got.status);
	cr_expect_eq(shared("/api/site"), 200);
	cr_expect(body_has("\"user\":\"" ID "\"") && body_has("\"may\":[\"live\"]") && body_has("\"yard\""));
	cr_expect(!body_has("attic"));
}

Test(serve_share, wants_its_token_and_slows_down_who_guesses)
{
	static const char *const wrong[] = {"", "0", "0123456789abcdefghijABCDEFGHIJ_-0123456789b"};

	share(live, 200, "/live/yard/index.m3u8");
	for (size_t i = 0; i < 3; i++)
		cr_expect_eq(status("/live/yard/index.m3u8", basic(ID, wrong[i])), 401, "%zu: %u", i, got.status);
	cr_expect_eq(status("/live/yard/index.m3u8", basic("share-zzzzzz", TOKEN)), 401);
	cr_expect_eq(status("/live/yard/index.m3u8", basic(WORLD_USER, TOKEN)), 401);
	status("/live/yard/index.m3u8", basic(ID, wrong[2]));
	cr_expect_eq(status("/live/yard/index.m3u8", basic(ID, wrong[2])), 429, "%u", got.status);
	cr_expect(response_header(&got, "Retry-After"));
}

Test(serve_share, ends_when_it_is_revoked_or_another_has_its_place)
{
	struct msg_share m = live;

	share(m, 200, "/live/yard/index.m3u8");
	m.gone = true;
	share(m, 401, "/live/yard/index.m3u8");
	m.gone = false;
	share(m, 200, "/live/yard/index.m3u8");
	m.camera = ATTIC;
	share(m, 404, "/live/yard/index.m3u8");
	m.expires_us = 1;
	share(m, 401, "/live/attic/index.m3u8");
}

/* What is held for him ends with the link. */
Test(serve_share, a_held_request_ends_with_it)
{
	struct msg_share m = live;
	char text[500];

	m.camera = ATTIC;
	share(m, 200, "/api/site");
	viewer_send(&viewer, text, (size_t)snprintf(text, sizeof text, "GET /live/attic/small/index.m3u8 HTTP/1.1\r\nHost: localhost\r\n%s\r\n",
		basic(ID, TOKEN)));
	world_wait(&world, &world.watched, 1);
	m.gone = true;
	world_share(&world, m, "");
	viewer_receive(&viewer, &got, false);
	cr_expect_eq(got.status, 401, "%u", got.status);
}

/* It never shows more than he may who is named with it. */
Test(serve_share, is_bounded_by_a_user)
{
	struct msg_share m = live;

	m.user = 0;
	share(m, 200, "/live/yard/index.m3u8");
	world_user_may(&world, 0, 100, WORLD_USER, WORLD_PASSWORD, LIVE, ATTIC);
	while (shared("/live/yard/index.m3u8") != 401)
		;
	world_user_may(&world, 0, 101, WORLD_USER, WORLD_PASSWORD, LIVE, YARD);
	while (shared("/live/yard/index.m3u8") != 200)
		;
	world_user_may(&world, 0, 102, WORLD_USER, WORLD_PASSWORD, LIVE << 1, YARD);
	while (shared("/live/yard/index.m3u8") != 401)
		;
}

/* The page's way: the token is exchanged for a session, which has the link's rights and ends with it. */
Test(serve_share, is_exchanged_for_a_session)
{
	char text[600], body[100], cookie[300];
	const char *set;
	struct msg_share m = live;

	share(m, 200, "/live/yard/index.m3u8");
	snprintf(body, sizeof body, "name=" ID "&password=" TOKEN);
	viewer_send(&viewer, text, (size_t)snprintf(text, sizeof text, "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
		"Content-Length: %zu\r\n\r\n%s", strlen(body), body));
	response_free(&got);
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 303, "%u", got.status);
	set = response_header(&got, "Set-Cookie");
	cr_assert(set);
	snprintf(cookie, sizeof cookie, "Cookie: %.*s\r\n", (int)strcspn(set, ";"), set);
	cr_expect_eq(status("/live/yard/copy/6.m4s", cookie), 200);
	cr_expect_eq(status("/live/attic/index.m3u8", cookie), 404);
	m.gone = true;
	share(m, 401, "/api/site");
	cr_expect_eq(status("/live/yard/copy/6.m4s", cookie), 401);
}

/* Nor does he learn how the camera does now. */
Test(serve_share, of_a_time_says_nothing_of_now)
{
	static const char *const now[] = {"\"phase\":\"streaming\"", "\"detail\":\"words\"", "\"rate_bps\":123456", "\"reconnects\":77", "\"live\":true", "\"first\":5,\"last\":7"};
	struct msg_camera_state state = {.camera = YARD, .phase = CAMERA_STREAMING, .detail = "words", .rate_bps = 123456, .reconnects = 77, .longest_s = WORLD_TARGET_S};
	struct msg_share m = live;

	cr_assert_eq(channel_say(world.parent[0], MSG_CAMERA_STATE, &state, NULL, 0), 0);
	share(m, 200, "/live/yard/index.m3u8");
	shared("/api/site");
	for (size_t i = 0; i < sizeof now / sizeof *now; i++)
		cr_expect(body_has(now[i]), "%s", now[i]);
	m.from_us = 2000000000000000;
	m.to_us = 2000000001000000;
	share(m, 404, "/live/yard/copy/6.m4s");
	cr_expect_eq(shared("/api/site"), 200);
	for (size_t i = 0; i < sizeof now / sizeof *now; i++)
		cr_expect(!body_has(now[i]), "%s", now[i]);
	cr_expect(body_has("\"yard\"") && body_has("\"may\":[]") && body_has("\"name\":\"copy\"") && body_has("\"first\":0,\"last\":0"));
}

/* Of a time alone: what is held is looked at here, what is not is asked of store with the time; nothing of another time is there, nor is what is live. */
Test(serve_share, of_a_time_shows_that_time_alone)
{
	static const struct { const char *path; unsigned status; } c[] = {
		{"/live/yard/index.m3u8", 200}, {"/live/yard/copy/5.m4s", 404}, {"/live/yard/copy/7.m4s", 404}, {"/live/yard/copy/7.m4s.tlog-proof", 404},
		{"/live/yard/manifest.mpd", 403}, {"/live/yard/snapshot.jpg", 403}, {"/live/yard/snapshot/6.jpg", 404}, {"/live/attic/index.m3u8", 404},
		{"/live/attic/small/6.m4s", 404}, {"/log/tile/entries/000", 403}};
	static const char *const asked[] = {"/live/yard/copy/index.m3u8", "/live/yard/copy/2.m4s", "/live/yard/copy/2.m4s.tlog-proof"};
	static const unsigned kind[] = {MSG_WANT_LIST, MSG_WANT_SEGMENT, MSG_WANT_PROOF};
	struct msg_share m = live;
	char text[500];

	world.start_us = 1800000000000000;
	world_segment(&world, 0, 8, 1000, true);
	m.from_us = world.start_us + 1;
	m.to_us = world.start_us + 2;
	share(m, 200, "/api/site");
	while (shared("/live/yard/copy/8.m4s") != 200)
		;
	m.from_us = 2000000000000000;
	m.to_us = 2000000001000000;
	share(m, 404, "/live/yard/copy/8.m4s");
	for (size_t i = 0; i < sizeof c / sizeof *c; i++)
		cr_expect_eq(shared(c[i].path), c[i].status, "%s: %u", c[i].path, got.status);
	cr_expect_eq(world.nwants, 0);
	for (unsigned i = 0; i < 3; i++) {
		viewer_send(&viewer, text, (size_t)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", asked[i], basic(ID, TOKEN)));
		world_wait(&world, &world.nwants, i + 1);
		cr_expect(world.want[i].kind == kind[i] && world.want[i].from_us == m.from_us && world.want[i].to_us == m.to_us, "%s", asked[i]);
		world_have(&world, i, MSG_HAVE_NONE, NULL);
		response_free(&got);
		viewer_receive(&viewer, &got, false);
		cr_expect_eq(got.status, 404, "%s: %u", asked[i], got.status);
	}
}
