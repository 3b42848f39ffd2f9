/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seal/key.h"
#include "store/heads.h"

TestSuite(heads, .timeout = 30);

static int add(struct heads *h, const struct entry *e)
{
	uint8_t bytes[ENTRY_MAX_BYTES];
	size_t n;

	cr_assert_eq(entry_write(e, bytes, &n), 0);
	return heads_add(h, bytes, n);
}

static struct entry segment(const char *camera, const char *rendition, uint64_t number, int64_t start_us)
{
	struct entry e = {.kind = ENTRY_SEGMENT, .segment = {.number = number, .bytes = 1, .start_us = start_us, .duration_ms = 2000}};

	snprintf(e.segment.camera, ENTRY_NAME, "%s", camera);
	snprintf(e.segment.rendition, ENTRY_NAME, "%s", rendition);
	return e;
}

static struct entry gap(const char *camera, int64_t from_us, int64_t to_us)
{
	struct entry e = {.kind = ENTRY_GAP, .gap = {.from_us = from_us, .to_us = to_us, .why = "silent"}};

	snprintf(e.gap.camera, ENTRY_NAME, "%s", camera);
	return e;
}

Test(heads, know_the_last_of_each_rendition)
{
	struct heads h = {0}, c, back;
	char camera[ENTRY_NAME];
	struct entry e;
	struct buf b;

	buf_init(&b, 1 << 20);
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(camera, sizeof camera, "cam-%u", i % 300);
		e = segment(camera, i % 2 ? "copy" : "audio", i + 1, i * 1000000);
		cr_assert_eq(add(&h, &e), 0);
	}
	cr_assert_eq(h.size, 3000);
	cr_assert_eq(h.n, 600, "a rendition and an account for each");
	cr_assert_eq(heads_find(&h, "cam-7", "copy")->number, 2708);
	cr_assert_null(heads_find(&h, "cam-7", "audio"));
	cr_assert_eq(heads_copy(&h, &c), 0);
	cr_assert_eq(heads_write(&h, &b), 0);
	heads_free(&h);
	cr_assert_eq(heads_read(buf_data(&b), b.len, &back), 0);
	cr_assert_eq(back.size, 3000);
	for (uint32_t i = 0; i < c.n; i++) {
		const struct head *a = &c.at[i], *k = heads_find(&back, a->camera, a->rendition);

		cr_assert(k && k->number == a->number && k->end_us == a->end_us && hash_same(&k->leaf, &a->leaf));
	}
	for (size_t i = 0; i < b.len; i += 97) {
		buf_data(&b)[i] ^= 4;
		cr_assert_eq(heads_read(buf_data(&b), b.len, &h), -EBADMSG);
		buf_data(&b)[i] ^= 4;
	}
	cr_assert_eq(heads_read(buf_data(&b), b.len - 1, &h), -EBADMSG);
	heads_free(&c);
	heads_free(&back);
	buf_free(&b);
}

Test(heads, know_until_when_a_camera_is_accounted_for)
{
	struct heads h = {0};
	struct entry e = segment("a", "audio", 1, 1000000);

	cr_assert_eq(heads_covered_us(&h, "a"), 0);
	cr_assert_eq(add(&h, &e), 0);
	cr_assert_eq(heads_covered_us(&h, "a"), 3000000);
	e = segment("a", "copy", 1, 500000);
	cr_assert_eq(add(&h, &e), 0);
	cr_assert_eq(heads_covered_us(&h, "a"), 3000000);
	e = segment("a", "audio", 2, 3000000);
	cr_assert_eq(add(&h, &e), 0);
	cr_assert_eq(heads_covered_us(&h, "a"), 3000000, "the sound does not count beside pictures");
	e = gap("a", 3000000, 9000000);
	cr_assert_eq(add(&h, &e), 0);
	cr_assert_eq(heads_covered_us(&h, "a"), 9000000);
	e = gap("b", 1000, 2000);
	cr_assert_eq(add(&h, &e), 0);
	cr_assert_eq(heads_covered_us(&h, "b"), 2000);
	heads_free(&h);
}

Test(heads, know_a_clock_that_was_set_back_and_a_camera_that_was_removed)
{
	struct heads h = {0}, back = {0};
	struct entry e = gap("a", 1000000, 9000000);
	struct buf b;

	cr_assert_eq(add(&h, &e), 0);
	e = gap("a", 5000000, 5000000);
	cr_assert_eq(add(&h, &e), 0);
	cr_assert_eq(heads_covered_us(&h, "a"), 9000000);
	strcpy(e.gap.why, "clock-step");
	cr_assert_eq(add(&h, &e), 0);
	cr_assert_eq(heads_covered_us(&h, "a"), 5000000);
	cr_assert(!heads_find(&h, "a", "")->closed);
	strcpy(e.gap.why, "removed");
	cr_assert_eq(add(&h, &e), 0);
	cr_assert(heads_find(&h, "a", "")->closed);
	buf_init(&b, 1 << 16);
	cr_assert_eq(heads_write(&h, &b), 0);
	cr_assert_eq(heads_read(buf_data(&b), b.len, &back), 0);
	cr_assert(heads_find(&back, "a", "")->closed && heads_covered_us(&back, "a") == 5000000);
	e.gap.to_us = 7000000;
	cr_assert_eq(add(&h, &e), 0);
	cr_assert(!heads_find(&h, "a", "")->closed, "it came back");
	heads_free(&h);
	heads_free(&back);
	buf_free(&b);
}

Test(heads, know_how_the_last_run_ended)
{
	struct heads h = {0};
	struct entry start = {.kind = ENTRY_START, .start = {.time_us = 5000000, .program = "x", .keep = {"copy"}, .nkeep = 1}};
	struct entry stop = {.kind = ENTRY_STOP, .stop = {.time_us = 6000000, .why = "stopped"}};
	struct key_private *k;

	cr_assert_eq(key_generate("site", &k), 0);
	key_vkey(key_public_of(k), start.start.key);
	key_free(&k);
	cr_assert_eq(h.run, HEADS_NO_RUN);
	cr_assert_eq(add(&h, &start), 0);
	cr_assert_eq(h.run, HEADS_RUNNING);
	cr_assert_eq(h.run_us, 5000000);
	cr_assert_eq(add(&h, &stop), 0);
	cr_assert_eq(h.run, HEADS_STOPPED);
	cr_assert_eq(heads_add(&h, "nonsense", 8), -EBADMSG);
	cr_assert_eq(h.size, 2);
	heads_free(&h);
}
