/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What store tells serve, and answers it. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "seal/proof.h"
#include "tests/server/store_rig.h"

#define ALL 7u

static struct rig r;

static void setup(void) { rig_begin(&r); }
static void teardown(void) { rig_end(&r); }

TestSuite(store_serve, .init = setup, .fini = teardown, .timeout = 120);

Test(store_serve, answers_what_serve_wants)
{
	struct entry_segment e;
	struct checkpoint c;
	struct proof p;
	const char *why;

	rig_start_with(&r, 20);
	for (uint64_t n = 1; n <= 20; n += 19) {
		cr_assert(rig_want(&r, &(struct msg_want){.request = 7, .kind = MSG_WANT_SEGMENT, .number = n}));
		cr_assert_eq(r.have.status, MSG_HAVE_OK, "segment %d: %d", (int)n, r.have.status);
		cr_assert_eq(r.have.request, 7);
		cr_assert_eq(r.have_bytes.len, r.segment_of[0][n - 1].m.bytes);
		cr_assert_eq(memcmp(r.have.sha256, r.segment_of[0][n - 1].m.sha256, HASH_BYTES), 0);
		for (uint8_t k = 0; k < RIG_RENDITIONS; k++) {
			cr_assert(rig_want(&r, &(struct msg_want){.kind = MSG_WANT_PROOF, .rendition = k, .number = n}));
			cr_assert_eq(r.have.status, MSG_HAVE_OK);
			cr_assert_eq(proof_parse(buf_data(&r.have_bytes), r.have_bytes.len, &p, &why), 0);
			cr_assert_eq(proof_verify_segment(&p, &r.key, &r.segment_of[k][n - 1].hash, &e, &c, &why), 0, "%s", why);
			cr_assert_eq(e.number, n);
		}
	}
	cr_assert(rig_want(&r, &(struct msg_want){.kind = MSG_WANT_SEGMENT, .number = 21}));
	cr_assert_eq(r.have.status, MSG_HAVE_NONE);
	cr_assert(rig_want(&r, &(struct msg_want){.kind = MSG_WANT_SEGMENT, .rendition = 2, .number = 1}));
	cr_assert_eq(r.have.status, MSG_HAVE_GONE);
	cr_assert(rig_want(&r, &(struct msg_want){.kind = MSG_WANT_SEGMENT, .camera = 5, .number = 1}));
	cr_assert_eq(r.have.status, MSG_HAVE_NONE);
}

Test(store_serve, gives_init_segments_and_tiles)
{
	struct msg_want w = {.kind = MSG_WANT_INIT};

	rig_start_with(&r, 3);
	memcpy(w.init_prefix, r.track[0].init_sha256, sizeof w.init_prefix);
	cr_assert(rig_want(&r, &w));
	cr_assert_eq(r.have.status, MSG_HAVE_OK);
	cr_assert_eq(memcmp(r.have.sha256, r.track[0].init_sha256, HASH_BYTES), 0);
	w.init_prefix[0] ^= 1;
	cr_assert(rig_want(&r, &w));
	cr_assert_eq(r.have.status, MSG_HAVE_NONE);
	w = (struct msg_want){.kind = MSG_WANT_TILE, .level = 0, .width = (uint16_t)r.checkpoint.size};
	cr_assert(rig_want(&r, &w));
	cr_assert_eq(r.have.status, MSG_HAVE_OK);
	cr_assert_eq(r.have_bytes.len, r.checkpoint.size * HASH_BYTES);
	w.level = -1;
	w.width = 2;
	cr_assert(rig_want(&r, &w));
	cr_assert_eq(r.have.status, MSG_HAVE_OK);
	for (unsigned i = 0; i < 4; i++) {
		static const struct msg_want none[] = {{.level = 1, .width = 1}, {.level = 0, .width = 256}, {.level = 9, .width = 1}, {.number = 1, .width = 1}};

		w = none[i];
		w.kind = MSG_WANT_TILE;
		cr_assert(rig_want(&r, &w));
		cr_assert_eq(r.have.status, MSG_HAVE_NONE, "case %u", i);
	}
}

Test(store_serve, tells_a_new_serve_all_that_it_needs)
{
	rig_start_with(&r, 20);
	memset(r.segments, 0, sizeof r.segments);
	memset(r.tracks, 0, sizeof r.tracks);
	memset(r.oldest, 0, sizeof r.oldest);
	r.checkpoints = 0;
	rig_link_serve(&r);
	rig_run(&r, 300);
	for (unsigned k = 0; k < RIG_RENDITIONS; k++) {
		cr_assert_eq(r.tracks[k], 1);
		cr_assert_eq(r.segments[k], 12);
		cr_assert_eq(r.segment_of[k][0].m.number, 9);
		cr_assert_eq(r.segment_of[k][11].m.number, 20);
	}
	cr_assert_eq(r.oldest[0], 1);
	cr_assert_eq(r.checkpoints, 1);
}

static bool has_copies(struct rig *x) { return x->segments[0] >= x->segment; }
static bool has_bad_peer(struct rig *x) { return x->store.bad_peers > 0; }

Test(store_serve, closes_a_serve_that_does_not_read)
{
	int pair[2], small = 65536;

	rig_start(&r);
	cr_assert_eq(channel_pair(pair), 0);
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	channel_say(r.store.parent, MSG_PEER, &(struct msg_peer){.role = ROLE_SERVE, .index = 1}, &pair[0], 1);
	close(pair[0]);
	rig_epoch(&r, clock_wall_us() - 900000000);
	for (int i = 0; i < 60 && !r.store.bad_peers; i++) {
		rig_feed(&r, 15, ALL, 100);
		rig_run(&r, 30);
	}
	cr_assert(rig_until(&r, has_bad_peer, 60000));
	cr_assert(strstr(r.store.why, "does not read"), "%s", r.store.why);
	/* The other one missed nothing. */
	cr_assert(rig_until(&r, has_copies, 60000));
	close(pair[1]);
}
