/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A clip as a viewer takes it, with this test as store: until it is whole, or he may not have it any more. */
#include <criterion/criterion.h>
#include <event2/event.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "tests/server/serve_suite.h"

#define TOTAL 100000u
#define PIECES 1000u             /* of a byte each: a change is known long before so many are asked for */

static char cookie[200];               /* of who shows a session instead of a password */
static struct msg_session session;

TestSuite(serve_export, .init = suite_start, .fini = suite_stop, .timeout = 120);

static void ask(const char *more)
{
	static const char time[] = "from=2026-11-22T15:30:00Z&to=2026-11-22T15:31:00Z";
	char text[900];

	viewer_send(&viewer, text, (size_t)snprintf(text, sizeof text, "POST /export HTTP/1.1\r\nHost: localhost\r\n%s"
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n\r\n%s%s", *cookie ? cookie : ALICE, strlen(time) + strlen(more), time, more));
}

/* The next piece is asked for, and given; false when the clip has ended instead. */
static bool give(unsigned i)
{
	while (world.clip_nexts <= i && !world.clip_ends)
		cr_assert_eq(event_base_loop(world.base, EVLOOP_ONCE), 0);
	if (world.clip_ends)
		return false;
	world_clip_piece(&world, "x");
	return true;
}

Test(serve_export, comes_in_pieces_that_are_asked_for)
{
	ask("&camera=yard");
	world_wait(&world, &world.clips, 1);
	cr_assert(world.clip.audio && !strcmp(world.clip.camera, "yard") && !strcmp(world.clip.rendition, "copy") && !strcmp(world.clip.user, WORLD_USER));
	world_clip(&world, 3);
	for (unsigned i = 0; i < 3; i++)
		cr_assert(give(i));
	viewer_receive(&viewer, &got, false);
	cr_assert(got.status == 200 && got.body.len == 3 && !memcmp(buf_data(&got.body), "xxx", 3));
	world_wait(&world, &world.clip_ends, 1);
	cr_assert_eq(world.clip_nexts, 3);
}

Test(serve_export, gives_only_what_is_offered)
{
	static const char *const none[] = {"&camera=gone", "&camera=yard&rendition=snapshot", "&camera=yard&rendition=480p", "&camera=attic"};

	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		ask(none[i]);
		viewer_receive(&viewer, &got, false);
		cr_assert_eq(got.status, 404, "%s", none[i]);
	}
	cr_assert_eq(world.clips, 0);
}

static void another_password(void) { world_user(&world, 0, WORLD_USER, "another"); }

static void no_camera(void)
{
	cr_assert_eq(channel_say(world.parent[0], MSG_CAMERA_GONE, &(struct msg_camera_gone){0}, NULL, 0), 0);
}

static void no_rendition(void)
{
	struct msg_serve_rendition gone = {.rendition = RENDITION_ENCODED, .name = "360p", .gone = true};

	cr_assert_eq(channel_say(world.parent[0], MSG_SERVE_RENDITION, &gone, NULL, 0), 0);
}

static void no_session(void)
{
	struct msg_session_end end;

	memcpy(end.token_sha256, session.token_sha256, sizeof end.token_sha256);
	cr_assert_eq(channel_say(world.parent[0], MSG_SESSION_END, &end, NULL, 0), 0);
}

static void by_session(void)
{
	uint8_t token[32] = {42};
	char hex[65];

	hex_encode(token, sizeof token, hex);
	snprintf(cookie, sizeof cookie, "Cookie: __Host-session=%s\r\n", hex);
	session = (struct msg_session){.expires_us = clock_wall_us() + MSG_SESSION_US};
	cr_assert_eq(EVP_Digest(token, sizeof token, session.token_sha256, NULL, EVP_sha256(), NULL), 1);
	cr_assert_eq(channel_say(world.parent[0], MSG_SESSION, &session, NULL, 0), 0);
}

/* What the parent says comes by another way than what store says: some more pieces may go out before it is heard. */
static void ends_after(const char *form, void (*change)(void))
{
	unsigned i = 0;

	ask(form);
	world_wait(&world, &world.clips, 1);
	world_clip(&world, TOTAL);
	cr_assert(give(i++));
	change();
	while (i < PIECES && give(i))
		i++;
	cr_assert_lt(i, PIECES, "it goes on");
	viewer_wait_end(&viewer);
	cr_assert_eq(world.clip_ends, 1);
}

Test(serve_export, ends_with_the_password_that_it_was_asked_by) { ends_after("&camera=yard", another_password); }
Test(serve_export, ends_with_the_camera) { ends_after("&camera=yard", no_camera); }
Test(serve_export, ends_with_the_rendition) { ends_after("&camera=yard&rendition=360p", no_rendition); }

Test(serve_export, ends_with_the_session)
{
	by_session();
	ends_after("&camera=yard", no_session);
}
