/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "seal/proof.h"
#include "tests/server/store_rig.h"

#define ALL 7u
#define COPY 1u

static struct rig r;

static void setup(void) { rig_begin(&r); }
static void teardown(void) { rig_end(&r); }

TestSuite(store, .init = setup, .fini = teardown, .timeout = 120);

static unsigned wanted;
static bool has_copies(struct rig *x) { return x->segments[0] >= wanted; }
static bool has_smalls(struct rig *x) { return x->segments[2] >= wanted; }

Test(store, seals_logs_and_publishes_what_is_fed)
{
	rig_start(&r);
	rig_epoch(&r, clock_wall_us() - 10000000);
	rig_feed(&r, 5, ALL, 2000);
	wanted = 5;
	cr_assert(rig_until(&r, has_copies, 5000));
	cr_assert(rig_until(&r, has_smalls, 5000));
	for (unsigned k = 0; k < RIG_RENDITIONS; k++) {
		cr_assert_eq(r.tracks[k], 1);
		for (unsigned i = 0; i < 5; i++) {
			const struct rig_segment *s = &r.segment_of[k][i];

			cr_assert_eq(s->m.number, i + 1);
			cr_assert(s->is_sealed);
			cr_assert_eq(memcmp(s->m.sha256, s->hash.b, HASH_BYTES), 0);
			cr_assert_eq(s->m.duration, s->m.timescale);
			cr_assert_eq(s->m.start_us, (r.start_us + i * 1000000) / 1000 * 1000);
		}
	}
	cr_assert(rig_settle(&r));
	cr_assert_eq(rig_count_entries(&r, "segment/v1"), 15);
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, 10);
	cr_assert_eq(r.store.bad_peers + r.sign.bad_peers, 0, "%s %s", r.store.why, r.sign.why);
}
