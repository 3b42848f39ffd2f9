/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Proofs over a change of the key: what the earlier key's checkpoint proves is nothing to who has the later one alone. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/server/serve_suite.h"

#define SEGMENT_BYTES 3000
/* Notes of two keys, as far as serve reads them. */
#define NOTE(size, key) "test.example/house\n" size "\nAAAA\n\n\xe2\x80\x94 test.example/house " key "AAA=\n"
#define FIRST "AAAB"
#define SECOND "AAAC"

static void start(void)
{
	suite_start();
	world_track(&world, 0);
	for (uint64_t n = 1; n <= 5; n++)
		world_segment(&world, 0, n, SEGMENT_BYTES, true);
}

TestSuite(serve_proof, .init = start, .fini = suite_stop, .timeout = 240);

/* The site's checkpoint is that one; serve has heard of it. */
static void checkpoint(uint64_t size, const char *note)
{
	world_checkpoint(&world, size, note);
	do
		viewer_get(&viewer, "/log/checkpoint", ALICE, &got);
	while (got.status != 200 || !body_has(note));
}

static void ask(void)
{
	char head[400];

	viewer_send(&viewer, head, (size_t)snprintf(head, sizeof head, "GET /live/yard/copy/4.m4s.tlog-proof HTTP/1.1\r\nHost: localhost\r\n%s\r\n", ALICE));
}

/* store is asked, as the n-th time, and says this. */
static void asked_anew(unsigned n, const char *proof)
{
	world_wait(&world, &world.nwants, n);
	cr_assert_eq(world.want[n - 1].kind, MSG_WANT_PROOF);
	world_have(&world, n - 1, MSG_HAVE_OK, proof);
	viewer_receive(&viewer, &got, false);
	cr_assert(got.status == 200 && body_has(proof));
}

Test(serve_proof, is_kept_while_the_same_key_signs)
{
	checkpoint(6, NOTE("6", FIRST));
	ask();
	asked_anew(1, "by the first key\n");
	checkpoint(7, NOTE("7", FIRST));
	viewer_get(&viewer, "/live/yard/copy/4.m4s.tlog-proof", ALICE, &got);
	cr_assert(got.status == 200 && body_has("by the first key\n"));
	cr_assert_eq(world.nwants, 1);
}

Test(serve_proof, is_made_anew_for_another_key)
{
	checkpoint(6, NOTE("6", FIRST));
	ask();
	asked_anew(1, "by the first key\n");
	checkpoint(7, NOTE("7", SECOND));
	ask();
	asked_anew(2, "by the second key\n");
	viewer_get(&viewer, "/live/yard/copy/4.m4s.tlog-proof", ALICE, &got);
	cr_assert(got.status == 200 && body_has("by the second key\n"));
	cr_assert_eq(world.nwants, 2);
}

Test(serve_proof, that_was_on_its_way_is_not_kept)
{
	struct viewer other;

	checkpoint(6, NOTE("6", FIRST));
	ask();
	world_wait(&world, &world.nwants, 1);
	cr_assert(viewer_open(&other, world.base, world.port[0], 0));
	world_checkpoint(&world, 7, NOTE("7", SECOND));
	do
		viewer_get(&other, "/log/checkpoint", ALICE, &got);
	while (got.status != 200 || !body_has(NOTE("7", SECOND)));
	viewer_close(&other);
	asked_anew(1, "by the first key\n");
	ask();
	asked_anew(2, "by the second key\n");
}

Test(serve_proof, is_for_no_cache_to_keep)
{
	checkpoint(6, NOTE("6", FIRST));
	ask();
	asked_anew(1, "by the first key\n");
	cr_assert_str_eq(response_header(&got, "Cache-Control"), "private, no-cache");
}
