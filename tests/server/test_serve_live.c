/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts, as viewers and store see them at a serve that runs. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tests/server/serve_world.h"
#include "tests/server/viewer.h"

#define BYTES 4000u
#define PARTS 4u

static struct world world;
static struct viewer viewer;
static struct response got;
static char basic[128];

static void start(void)
{
	char pair[80], text[100];

	snprintf(pair, sizeof pair, "%s:%s", WORLD_USER, WORLD_PASSWORD);
	base64_encode(pair, strlen(pair), text);
	snprintf(basic, sizeof basic, "Authorization: Basic %s\r\n", text);
	world_start(&world, 1);
	cr_assert(viewer_open(&viewer, world.base, world.port[0], 0));
	world_track(&world, 0);
}

static void stop(void)
{
	response_free(&got);
	viewer_close(&viewer);
	world_stop(&world);
}

TestSuite(serve_live, .init = start, .fini = stop, .timeout = 240);

static void parts(uint64_t number)
{
	for (unsigned i = 0; i < PARTS; i++)
		world_part(&world, 0, number, BYTES, i, PARTS);
}

/* What viewers had of a segment has to be what is hashed, logged and proved of it. */
Test(serve_live, a_segment_that_its_parts_were_not_is_refused)
{
	parts(5);
	world_segment(&world, 0, 5, BYTES - 1, true);
	world_wait(&world, &world.bad_peers, 1);
	cr_assert_str_eq(world.why, "a segment that is not what its parts were");
	world_wait(&world, &world.gone, 1);
	world_give_store(&world, 0);
	world_track(&world, 0);
	parts(5);
	world_segment(&world, 0, 5, BYTES, true);
	viewer_get(&viewer, "/live/yard/copy/5.m4s", basic, &got);
	cr_expect_eq(got.status, 200);
	cr_expect_eq(world.bad_peers, 1);
}
