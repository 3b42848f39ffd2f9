/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "media/cmaf_read.h"
#include "seal/proof.h"
#include "tests/server/store_rig.h"

#define ALL 7u
#define COPY 1u

static struct rig r;

static void setup(void)
{
	rig_begin(&r);
}

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
	cr_assert(rig_until(&r, has_copies, 60000));
	cr_assert(rig_until(&r, has_smalls, 60000));
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

/* Its memory is mapped before anybody knows how much it will be: by the one before it. */
Test(store, archives_segments_that_are_larger_than_the_one_before)
{
	static const size_t au_bytes[] = {2000, 60000, 60000, 150000, 100};
	enum { SEGMENTS = sizeof au_bytes / sizeof *au_bytes };

	rig_start(&r);
	rig_epoch(&r, clock_wall_us() - 10000000);
	for (unsigned i = 0; i < SEGMENTS; i++) {
		rig_feed(&r, 1, 1 << RENDITION_COPY, au_bytes[i]);
		wanted = i + 1;
		cr_assert(rig_until(&r, has_copies, 60000));
		cr_assert_geq(r.segment_of[RENDITION_COPY][i].m.bytes, au_bytes[i] * 25);
		cr_assert_eq(memcmp(r.segment_of[RENDITION_COPY][i].m.sha256, r.segment_of[RENDITION_COPY][i].hash.b, HASH_BYTES), 0);
	}
	cr_assert(rig_settle(&r));
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, SEGMENTS);
	cr_assert_eq(r.refused, 0);
}

/* As ingest's packager would: an access unit with a signature of the camera's own before its slice. */
static void feed_signed_segment(void)
{
	static const uint8_t data[] = {0, 0, 0, 20, 6, 5, 16, 'S', 'i', 'g', 'n', 'e', 'd', ' ', 'V', 'i', 'd', 'e', 'o', '.', '.', '.', '0', 0x80, 0, 0, 0, 2, 0x65, 0x88};

	for (unsigned i = 0; i < 25; i++) {
		struct au au = {.dts = (int64_t)(r.segment * 25 + i) * 3600, .key = i == 0, .capture_us = r.start_us + (int64_t)(r.segment * 25 + i) * 40000,
			.data = data, .len = sizeof data};

		au.pts = au.dts;
		cr_assert_eq(packager_add(&r.packager[RENDITION_COPY], &au, r.segment), 0);
	}
	r.segment++;
	rig_flush(&r);
}

Test(store, an_entry_says_that_the_camera_signed)
{
	rig_start(&r);
	rig_epoch(&r, clock_wall_us() - 10000000);
	rig_feed(&r, 1, ALL, 500);
	feed_signed_segment();
	rig_feed(&r, 1, ALL, 500);
	wanted = 3;
	cr_assert(rig_until(&r, has_copies, 60000));
	wanted = 2;
	cr_assert(rig_until(&r, has_smalls, 60000));
	cr_assert(rig_settle(&r));
	cr_assert_eq(rig_count_entries(&r, "camera-signature unverified axis"), 1);
	cr_assert_eq(rig_count_entries(&r, "camera-signature none"), 6);
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, 3);
}

/* --- numbers, gaps, restarts ------------------------------------------------------------ */

Test(store, goes_on_after_a_stop)
{
	uint32_t discontinuity;

	rig_start(&r);
	rig_epoch(&r, clock_wall_us() - 6000000);  /* three seconds of footage: it ends well before the stop */
	rig_feed(&r, 3, ALL, 500);
	wanted = 3;
	cr_assert(rig_until(&r, has_smalls, 60000));
	discontinuity = r.segment_of[0][0].m.discontinuity;
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_start(&r);
	rig_epoch(&r, clock_wall_us());
	rig_feed(&r, 2, ALL, 500);
	wanted = 5;
	cr_assert(rig_until(&r, has_smalls, 60000));
	cr_assert_eq(r.segment_of[0][3].m.number, 4);
	cr_assert_eq(r.segment_of[2][4].m.number, 5);
	cr_assert_gt(r.segment_of[0][3].m.discontinuity, discontinuity);
	cr_assert_lt(r.segment_of[0][3].m.discontinuity, 10u, "players keep tables of this length");
	cr_assert(rig_settle(&r));
	cr_assert_eq(rig_count_entries(&r, "why not-running"), 1);
	cr_assert_eq(rig_count_entries(&r, "start/v1"), 2);
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, 10);
}

Test(store, accounts_for_time_without_footage)
{
	int64_t start_us = clock_wall_us() - 100000000;

	rig_start(&r);
	rig_epoch(&r, start_us);
	rig_feed(&r, 2, COPY, 500);
	rig_gap(&r, GAP_REFUSED);
	rig_epoch(&r, start_us + 20000000);
	rig_feed(&r, 2, COPY, 500);
	r.start_us += 5000000;      /* in the same epoch, while hardly any time passes */
	rig_feed(&r, 1, COPY, 500);
	rig_epoch(&r, start_us + 40000000);
	rig_feed(&r, 1, COPY, 500);
	wanted = 6;
	cr_assert(rig_until(&r, has_copies, 60000));
	cr_assert(rig_settle(&r));
	cr_assert_eq(rig_count_entries(&r, "gap/v1"), 5);
	cr_assert_eq(rig_count_entries(&r, "why starting"), 1, "the account's begin");
	cr_assert_eq(rig_count_entries(&r, "why clock-step"), 2, "times before that begin; and the leap");
	cr_assert_eq(rig_count_entries(&r, "why refused"), 1);
	cr_assert_eq(rig_count_entries(&r, "why restart"), 1);
	cr_assert_eq(r.state.gaps, 5);
	rig_stop_store(&r);
	rig_assert_clean(&r, 6);
}

/* Larger or not: what lies in the earlier one comes first, and nothing ends for it. */
Test(store, goes_on_in_another_ring_of_the_same_ingest)
{
	rig_start(&r);
	rig_epoch(&r, clock_wall_us() - 5000000);
	rig_feed(&r, 1, COPY, 500);
	wanted = 1;
	cr_assert(rig_until(&r, has_copies, 60000));
	rig_feed_open(&r, COPY, 500);
	rig_link_rings(&r);
	rig_feed(&r, 1, COPY, 500);
	wanted = 3;
	cr_assert(rig_until(&r, has_copies, 60000));
	for (unsigned i = 0; i < 3; i++) {
		const struct msg_segment *m = &r.segment_of[0][i].m;

		cr_expect(m->number == i + 1 && m->discontinuity == r.segment_of[0][0].m.discontinuity, "%u", i);
		cr_expect_eq(m->duration, 90000, "%u", i);
	}
	cr_assert(rig_settle(&r));
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, 3);
}

Test(store, ends_a_segment_where_its_producer_ended)
{
	rig_start(&r);
	rig_epoch(&r, clock_wall_us() - 5000000);
	rig_feed(&r, 1, COPY, 500);
	rig_feed_open(&r, COPY, 500);
	rig_run(&r, 100);
	cr_assert_eq(r.segments[0], 1);
	/* Another ingest: new ring, new epoch. */
	rig_link_rings(&r);
	rig_epoch(&r, clock_wall_us());
	rig_feed(&r, 1, COPY, 500);
	wanted = 3;
	cr_assert(rig_until(&r, has_copies, 60000));
	cr_assert_eq(r.segment_of[0][1].m.number, 2);
	cr_assert_lt(r.segment_of[0][1].m.duration, 90000);
	cr_assert_eq(r.segment_of[0][2].m.number, 3);
	cr_assert(rig_settle(&r));
	rig_stop_store(&r);
	rig_assert_clean(&r, 3);
}

Test(store, names_the_copy_that_an_encoded_segment_was_made_from)
{
	char source[16 + HASH_HEX], hex[HASH_HEX];

	rig_start(&r);
	rig_epoch(&r, clock_wall_us() - 5000000);
	rig_feed(&r, 2, ALL, 500);
	wanted = 2;
	cr_assert(rig_until(&r, has_smalls, 60000));
	cr_assert(rig_settle(&r));
	for (unsigned i = 0; i < 2; i++) {
		hash_hex(&r.segment_of[0][i].hash, hex);
		snprintf(source, sizeof source, "source sha256:%s", hex);
		cr_assert_eq(rig_count_entries(&r, source), 1);
	}
}

/* Pictures lie in a part as the camera sent them, all of them in its mdat. */
static void hash_of_samples(int dirfd, const char *path, struct hash *ret)
{
	struct hash_range range[64];
	struct cmaf_box box;
	unsigned n = 0;
	struct buf b;
	struct rd rest;

	buf_init(&b, 1 << 20);
	cr_assert_eq(io_read_file(dirfd, path, &b), 0);
	rest = rd_init(buf_data(&b), b.len);
	while (cmaf_next_box(&rest, &box) == 1)
		if (box.type == CMAF_TYPE('m', 'd', 'a', 't'))
			range[n++] = (struct hash_range){(uint32_t)(box.body.p - buf_data(&b)), (uint32_t)rd_left(&box.body)};
	cr_assert_gt(n, 1);
	hash_ranges(buf_data(&b), range, n, ret);
	buf_free(&b);
}

Test(store, names_what_a_copy_was_made_from)
{
	char source[16 + HASH_HEX], hex[HASH_HEX], path[64];
	struct hash h;

	rig_start(&r);
	rig_epoch(&r, clock_wall_us() - 5000000);
	rig_feed(&r, 2, COPY, 500);
	wanted = 2;
	cr_assert(rig_until(&r, has_copies, 60000));
	cr_assert(rig_settle(&r));
	for (unsigned i = 1; i <= 2; i++) {
		snprintf(path, sizeof path, "footage/gate-1/copy/000000/%u.m4s", i);
		hash_of_samples(r.archive, path, &h);
		hash_hex(&h, hex);
		snprintf(source, sizeof source, "source sha256:%s", hex);
		cr_assert_eq(rig_count_entries(&r, source), 1);
	}
}

static bool has_alarm(struct rig *x) { return x->state.alarm[0] != 0; }

Test(store, serves_nothing_that_changed_on_disk)
{
	char path[512];
	FILE *f;

	rig_start_with(&r, 20);
	snprintf(path, sizeof path, "%s/archive/footage/gate-1/copy/000000/3.m4s", r.dir);
	f = fopen(path, "r+");
	cr_assert(f);
	fseek(f, 1000, SEEK_SET);
	fputc('x', f);
	fclose(f);
	cr_assert(rig_want(&r, &(struct msg_want){.kind = MSG_WANT_SEGMENT, .number = 3}));
	cr_assert_eq(r.have.status, MSG_HAVE_ERROR);
	cr_assert(rig_until(&r, has_alarm, 3000));
	cr_assert(strstr(r.state.alarm, "segment 3"), "%s", r.state.alarm);
}

/* --- the archive's limit ---------------------------------------------------------------- */

static bool is_within_limit(struct rig *x) { return x->state.archive_bytes <= x->max_bytes && x->oldest[0] > 1; }

Test(store, lets_the_oldest_go_at_its_limit)
{
	struct entry_segment e;
	struct checkpoint c;
	struct proof p;
	const char *why;

	r.max_bytes = 1 << 20;
	rig_start(&r);
	rig_epoch(&r, clock_wall_us() - 60000000);
	rig_feed(&r, 60, ALL, 2000);
	wanted = 60;
	cr_assert(rig_until(&r, has_smalls, 60000));
	cr_assert(rig_until(&r, is_within_limit, 60000), "%llu bytes", (unsigned long long)r.state.archive_bytes);
	cr_assert(rig_settle(&r));
	cr_assert_gt(rig_count_entries(&r, "why space"), 0);
	cr_assert(rig_want(&r, &(struct msg_want){.kind = MSG_WANT_SEGMENT, .number = 1}));
	cr_assert_eq(r.have.status, MSG_HAVE_GONE);
	cr_assert(rig_want(&r, &(struct msg_want){.kind = MSG_WANT_PROOF, .number = 1}));
	cr_assert_eq(r.have.status, MSG_HAVE_OK, "an account of what is gone: %d", r.have.status);
	cr_assert_eq(proof_parse(buf_data(&r.have_bytes), r.have_bytes.len, &p, &why), 0);
	cr_assert_eq(proof_verify_segment(&p, &r.key, &r.segment_of[0][0].hash, &e, &c, &why), 0, "%s", why);
	cr_assert(rig_want(&r, &(struct msg_want){.kind = MSG_WANT_SEGMENT, .number = r.oldest[0]}));
	cr_assert_eq(r.have.status, MSG_HAVE_OK);
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, 10);
}

/* Descriptors of store's process; segments in memory are one each. */
static unsigned descriptors(void)
{
	char path[64];
	unsigned n = 0;
	DIR *d;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)r.store.pid);
	d = opendir(path);
	cr_assert(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

Test(store, keeps_no_more_in_memory_than_its_windows)
{
	unsigned full;

	rig_start(&r);
	rig_epoch(&r, clock_wall_us() - 100000000);
	rig_feed(&r, 20, ALL, 2000);
	wanted = 20;
	cr_assert(rig_until(&r, has_smalls, 60000));
	cr_assert(rig_settle(&r));
	full = descriptors();
	cr_assert_geq(full, 36, "three windows of twelve");
	rig_feed(&r, 60, ALL, 2000);
	wanted = 80;
	cr_assert(rig_until(&r, has_smalls, 60000));
	cr_assert(rig_settle(&r));
	cr_expect_leq(descriptors(), full + 3, "%u after %u", descriptors(), full);
	cr_assert_eq(rig_stop_store(&r), 0);
}

/* --- a disk that is full ---------------------------------------------------------------- */

static bool no_alarm(struct rig *x) { return x->state.segments && !x->state.alarm[0]; }

Test(store, goes_on_live_when_the_disk_is_full)
{
	char path[512], fill[600];
	uint64_t entries;
	int fd;

	snprintf(path, sizeof path, "%s/archive", r.dir);
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("none", path, "tmpfs", 0, "size=4m") < 0)
		cr_skip_test("a small disk can be made by root only");
	close(r.archive);
	r.archive = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rig_start(&r);
	rig_epoch(&r, clock_wall_us() - 40000000);
	rig_feed(&r, 4, ALL, 2000);
	cr_assert(rig_settle(&r));
	snprintf(fill, sizeof fill, "head -c 8m /dev/zero > %s/ballast 2>/dev/null", path);
	cr_assert_neq(system(fill), 0);
	rig_feed(&r, 8, ALL, 2000);
	wanted = 12;
	cr_assert(rig_until(&r, has_copies, 60000), "live stopped");
	cr_assert(rig_until(&r, has_alarm, 60000));
	cr_assert(strstr(r.state.alarm, "free"), "%s", r.state.alarm);
	entries = r.state.entries;
	snprintf(fill, sizeof fill, "%s/ballast", path);
	unlink(fill);
	/* Each 5 s both threads try again. */
	for (int i = 0; i < 16 && !no_alarm(&r); i++) {
		rig_feed(&r, 1, ALL, 500);
		rig_run(&r, 1000);
	}
	cr_assert(no_alarm(&r), "%s", r.state.alarm);
	cr_assert_gt(r.state.entries, entries);
	cr_expect_gt(r.rendition[RENDITION_COPY].dropped_disk, 0);
	cr_assert(rig_settle(&r));
	cr_assert_eq(rig_stop_store(&r), 0);
	fd = openat(r.archive, "log/checkpoint", O_RDONLY | O_CLOEXEC);
	cr_assert_geq(fd, 0);
	close(fd);
	cr_assert_gt(rig_count_entries(&r, "why disk-full"), 0);
	rig_assert_clean(&r, 8);
}

/* --- sign ------------------------------------------------------------------------------- */

Test(store, goes_on_with_a_new_sign)
{
	rig_start_with(&r, 3);
	for (int i = 0; i < 3; i++) {
		rig_kill(&r.sign);
		rig_feed(&r, 1, ALL, 500);
		rig_run(&r, 50);
		cr_assert(rig_start_sign(&r));
		rig_link_sign(&r);
		rig_feed(&r, 1, ALL, 500);
		cr_assert(rig_settle(&r), "after %d", i);
	}
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, 18);
}

Test(store, refuses_a_log_that_is_shorter_than_what_was_signed)
{
	char cmd[1024];

	rig_start_with(&r, 3);
	cr_assert_eq(rig_stop_store(&r), 0);
	snprintf(cmd, sizeof cmd, "rm -rf %s/archive/*", r.dir);
	cr_assert_eq(system(cmd), 0);
	rig_kill(&r.sign);
	cr_assert(rig_start_store(&r));
	cr_assert(rig_start_sign(&r));
	rig_link_sign(&r);
	rig_run(&r, 1000);
	cr_assert(r.store.gone);
}

Test(store, a_second_one_on_the_same_folder_is_refused)
{
	static struct rig second;

	rig_start(&r);
	rig_begin(&second);
	close(second.archive);
	snprintf(second.dir, sizeof second.dir, "%s", r.dir);
	{
		char path[512];

		snprintf(path, sizeof path, "%s/archive", r.dir);
		second.archive = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	cr_assert_not(rig_start_store(&second));
	cr_assert_eq(WEXITSTATUS(second.store.status), 1);
	cr_assert_not(rig_start_sign(&second), "two signers with one state");
	cr_assert(r.store.pid > 0);
}

static bool is_gone(struct rig *x) { return x->store.gone || x->store.pid == 0; }

Test(store, a_folder_with_other_things_is_refused)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/archive/holiday.jpg", r.dir);
	f = fopen(path, "w");
	fclose(f);
	rig_start_store(&r);
	cr_assert(rig_until(&r, is_gone, 60000));
	cr_assert_eq(access(path, F_OK), 0);
}

/* --- crashes ---------------------------------------------------------------------------- */

/* What no archive keeps can be accounted for by its entry alone. */
Test(store, shows_serve_nothing_whose_entry_a_kill_takes_along)
{
	r.silent = 20;  /* then an entry waits its longest for others */
	for (int i = 0; i < 6; i++) {
		rig_start(&r);
		rig_epoch(&r, clock_wall_us());
		wanted = r.segments[2] + 1;
		rig_feed(&r, 1, ALL, 500);
		cr_assert(rig_until(&r, has_smalls, 60000));
		rig_kill(&r.store);
	}
	rig_start(&r);
	rig_epoch(&r, clock_wall_us());
	rig_feed(&r, 1, ALL, 500);
	cr_assert(rig_settle(&r));
	cr_assert_eq(rig_count_entries(&r, "rendition small\n"), 7);
}

Test(store, survives_being_killed_at_any_time, .timeout = 600)
{
	const char *env = getenv("CASEMATE_KILLS");
	int kills = env ? atoi(env) : 12;
	unsigned seed = 1;

	for (int i = 0; i < kills; i++) {
		rig_start(&r);
		rig_epoch(&r, clock_wall_us());
		for (int k = 0; k < 3; k++) {
			rig_feed(&r, 2, ALL, 3000);
			rig_run(&r, (int)(rand_r(&seed) % 40));
		}
		rig_feed_open(&r, ALL, 3000);
		rig_run(&r, (int)(rand_r(&seed) % 1500));
		if (i % 3 == 2)
			rig_kill_all(&r);
		else
			rig_kill(&r.store);
	}
	rig_start(&r);
	rig_epoch(&r, clock_wall_us());
	rig_feed(&r, 1, ALL, 500);
	cr_assert(rig_settle(&r));
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, 12);
	cr_assert_eq(r.sign.bad_peers, 0, "%s", r.sign.why);
}
