/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was recorded of a time that a viewer names: with the right history alone, at that camera, and by nobody else. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tests/server/serve_world.h"
#include "tests/server/viewer.h"

#define YARD 0u
#define RIGHT(right) (1u << SITE_RIGHT_##right)
#define S INT64_C(1000000)
#define NOW_S INT64_C(1800000000)

static struct world world;
static struct viewer viewer;
static struct response got;
static uint32_t version;

static void start(void)
{
	world_start(&world, 1);
	world.start_us = NOW_S * S;
	for (unsigned k = 0; k < 3; k++) {
		world_track(&world, k);
		for (unsigned i = 5; i < 8; i++)
			world_segment(&world, k, i, 1000, true);
	}
	cr_assert(viewer_open(&viewer, world.base, world.port[0], 0));
}

static void stop(void)
{
	response_free(&got);
	viewer_close(&viewer);
	world_stop(&world);
}

TestSuite(serve_past, .init = start, .fini = stop, .timeout = 120);

static const char *bob(void)
{
	static char header[100];
	char text[50];

	base64_encode("bob:secret", 10, text);
	snprintf(header, sizeof header, "Authorization: Basic %s\r\n", text);
	return header;
}

static unsigned status(const char *path)
{
	response_free(&got);
	viewer_get(&viewer, path, bob(), &got);
	return got.status;
}

static bool has(const char *text)
{
	return memmem(buf_data(&got.body), got.body.len, text, strlen(text)) != NULL;
}

/* He may that at the yard from now on: heard of in its own time. */
static void may(unsigned rights, const char *word)
{
	char text[60];

	snprintf(text, sizeof text, "\"may\":[%s]", word);
	world_user_may(&world, 1, ++version, "bob", "secret", rights, YARD);
	while (status("/api/site") != 200 || !has(text))
		;
}

/* Asks, answers as store, and returns what was wanted of it. */
static struct msg_want *told(const char *path, const char *answer, unsigned expected)
{
	unsigned i = world.nwants;
	char text[400];

	viewer_send(&viewer, text, (size_t)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path, bob()));
	world_wait(&world, &world.nwants, i + 1);
	world_have(&world, i, answer ? MSG_HAVE_OK : MSG_HAVE_NONE, answer);
	response_free(&got);
	viewer_receive(&viewer, &got, false);
	cr_expect_eq(got.status, expected, "%s: %u", path, got.status);
	return &world.want[i];
}

Test(serve_past, needs_the_right_history)
{
	static const char *const path[] = {"/live/yard/1700000000-1700001800.m3u8", "/live/yard/copy/1700000000-1700001800.m3u8", "/live/yard/1700000000-1700001800.json"};
	static const char *const other[] = {"/live/attic/1700000000-1700001800.m3u8", "/live/attic/audio/1700000000-1700001800.m3u8", "/live/attic/1700000000-1700001800.json",
		"/live/cellar/1700000000-1700001800.json"};

	may(RIGHT(LIVE) | RIGHT(EXPORT), "\"live\",\"export\"");
	for (unsigned i = 0; i < 3; i++)
		cr_expect_eq(status(path[i]), 403, "%s: %u", path[i], got.status);
	may(RIGHT(HISTORY), "\"history\"");
	for (unsigned i = 0; i < 4; i++)
		cr_expect_eq(status(other[i]), 404, "%s: %u", other[i], got.status);
	cr_expect_eq(world.nwants, 0);
}

Test(serve_past, is_of_the_time_that_is_named)
{
	const struct msg_want *w;

	may(RIGHT(LIVE) | RIGHT(HISTORY), "\"live\",\"history\"");
	cr_expect_eq(status("/live/yard/1700000000-1700001800.m3u8"), 200);
	cr_expect(has("\ncopy/1700000000-1700001800.m3u8\n") && has("URI=\"audio/1700000000-1700001800.m3u8\"") && !has("index.m3u8") && !has("360p"));
	w = told("/live/yard/audio/1700000000-1700001800.m3u8", "#EXTM3U\n", 200);
	cr_expect(w->kind == MSG_WANT_LIST && w->rendition == RENDITION_AUDIO && w->from_us == 1700000000 * S && w->to_us == 1700001800 * S && w->number == 0);
	cr_expect(has("#EXTM3U") && response_header(&got, "Content-Type") && !strncmp(response_header(&got, "Content-Type"), "application/vnd.apple.mpegurl", 29));
	w = told("/live/yard/1700000000-1700086400.json", "{\"spans\":[]}", 200);
	cr_expect(w->kind == MSG_WANT_SPANS && w->rendition == RENDITION_COPY && w->from_us == 1700000000 * S && w->to_us == 1700086400 * S);
	cr_expect(has("spans") && !strncmp(response_header(&got, "Content-Type"), "application/json", 16));
	told("/live/yard/1600000000-1600000001.json", NULL, 404);
	cr_expect_eq(world.nwants, 3);
}

Test(serve_past, is_bounded)
{
	static const struct { const char *path; unsigned status; } c[] = {
		{"/live/yard/copy/1700000000-1700007201.m3u8", 400}, {"/live/yard/1700000000-1700007201.m3u8", 400}, {"/live/yard/1700000000-1700086402.json", 400},
		{"/live/yard/snapshot/1700000000-1700000001.m3u8", 404}, {"/live/yard/none/1700000000-1700000001.m3u8", 404},
		{"/live/attic/1700000000-1700000001.json", 404}};

	may(RIGHT(LIVE) | RIGHT(HISTORY), "\"live\",\"history\"");
	for (size_t i = 0; i < sizeof c / sizeof *c; i++)
		cr_expect_eq(status(c[i].path), c[i].status, "%s: %u", c[i].path, got.status);
	cr_expect_eq(world.nwants, 0);
}

/* What is in the window is live: without that right nothing of it is told, nor that there is anything. */
Test(serve_past, ends_where_live_begins)
{
	char path[100];
	const struct msg_want *w;

	may(RIGHT(HISTORY), "\"history\"");
	snprintf(path, sizeof path, "/live/yard/%lld-%lld.json", (long long)NOW_S - 100, (long long)NOW_S + 1000);
	w = told(path, "{}", 200);
	cr_expect(w->to_us >= (NOW_S - 100) * S && w->to_us <= (NOW_S + 10) * S, "%lld", (long long)w->to_us);
	snprintf(path, sizeof path, "/live/yard/copy/%lld-%lld.m3u8", (long long)NOW_S + 900, (long long)NOW_S + 1000);
	cr_expect_eq(status(path), 404);
	may(RIGHT(LIVE) | RIGHT(HISTORY), "\"live\",\"history\"");
	w = told(path, NULL, 404);
	cr_expect(w->to_us == (NOW_S + 1000) * S);
}
