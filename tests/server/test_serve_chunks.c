/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What serve holds of segments under way: that it is the segment in the end, that it is bounded, and who is told. */
#include <criterion/criterion.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "server/serve_media.h"
#include "server/serve_playlist.h"

#define CHUNK 10u                    /* bytes */
#define TAG 0xabcdu
#define TICKS 18000u                 /* 200 ms of 90 kHz */

static struct serve_media *media;
static struct serve_rendition *r;
static const char *why;

static void hash_of(const void *p, size_t n, uint8_t ret[32])
{
	cr_assert_eq(EVP_Digest(p, n, ret, NULL, EVP_sha256(), NULL), 1);
}

/* Of a segment's bytes those from offset on: no two are the same. */
static void fill(uint8_t *p, size_t n, uint64_t number, uint64_t offset)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(number * 31 + (offset + i) * 7);
}

static struct msg_part part_of(uint64_t number, unsigned i)
{
	return (struct msg_part){.number = number, .tag = TAG, .discontinuity = 3, .part = (uint16_t)i, .ends = true, .independent = i == 0,
		.start_us = (int64_t)(1000000 + number * 1000000 + i * 200000), .duration = TICKS, .timescale = 90000, .offset = i * CHUNK, .bytes = CHUNK, .target_ms = 216};
}

static int put(const struct msg_part *m)
{
	uint8_t bytes[256];
	struct msg_part said = *m;
	int fd, rc;

	cr_assert(m->bytes <= sizeof bytes);
	fill(bytes, m->bytes, m->number, m->offset);
	hash_of(bytes, m->bytes, said.sha256);
	cr_assert_eq(io_seal_bytes("part", bytes, m->bytes, &fd), 0);
	rc = serve_media_part(media, &said, fd, &why);
	close(fd);
	return rc;
}

static int chunk(uint64_t number, unsigned i, bool last)
{
	struct msg_part m = part_of(number, i);

	m.last = last;
	return put(&m);
}

/* A segment of n chunks' bytes; wrong: where one byte is another, or -1. */
static int segment(uint64_t number, unsigned n, int wrong)
{
	struct msg_segment s = {.number = number, .discontinuity = 3, .independent = true, .duration = n * TICKS, .timescale = 90000, .bytes = n * CHUNK};
	uint8_t *bytes = malloc(n * CHUNK);
	int fd, rc;

	fill(bytes, n * CHUNK, number, 0);
	if (wrong >= 0)
		bytes[wrong] ^= 1;
	hash_of(bytes, n * CHUNK, s.sha256);
	cr_assert_eq(io_seal_bytes("segment", bytes, n * CHUNK, &fd), 0);
	rc = serve_media_segment(media, &s, fd, 1, &why);
	close(fd);
	free(bytes);
	return rc;
}

static void start(void)
{
	struct msg_serve_camera yard = {.camera = 0, .name = "yard", .segment_ms = 2000};

	media = serve_media_new();
	cr_assert_eq(serve_media_set_camera(media, &yard), 0);
	cr_assert_eq(serve_media_set_state(media, &(struct msg_camera_state){.longest_s = 2}), 1);
	r = media->camera[0].rendition[RENDITION_COPY];
}

static void stop(void)
{
	serve_media_free(&media);
}

TestSuite(serve_parts, .init = start, .fini = stop);
TestSuite(serve_playlist, .init = start, .fini = stop);

static bool is_at(const struct serve_bytes *b, uint64_t number, uint64_t offset, size_t n)
{
	uint8_t want[256];

	fill(want, n, number, offset);
	return b && b->n == n && memcmp(b->p, want, n) == 0;
}

static struct serve_bytes *find(uint64_t number, unsigned part)
{
	struct serve_bytes *b = NULL;

	return serve_parts_find(r, &(struct serve_part_name){number, part, TAG}, &b) == SERVE_PART_HERE ? b : NULL;
}

static enum serve_part_state state(uint64_t number, unsigned part, uint32_t tag)
{
	struct serve_bytes *b;

	return serve_parts_find(r, &(struct serve_part_name){number, part, tag}, &b);
}

/* Nor is room taken that others have: what comes once more in one piece may be much larger than what was held of it. */
Test(serve_parts, what_comes_again_has_to_fit_too)
{
	const size_t n = (40u << 20) / CHUNK * CHUNK;
	uint8_t *bytes = malloc(n);

	cr_assert(bytes);
	for (uint64_t number = 5; number < 7; number++) {
		struct msg_part m = part_of(number, 0);
		int fd;

		cr_assert_eq(put(&m), 0);
		fill(bytes, n, number, 0);
		m.part = MSG_NO_PART;
		m.bytes = n;
		hash_of(bytes, n, m.sha256);
		cr_assert_eq(io_seal_bytes("part", bytes, n, &fd), 0);
		cr_expect_eq(serve_media_part(media, &m, fd, &why), 0, "%s", why);
		close(fd);
	}
	free(bytes);
	cr_expect_eq(r->parts.bytes, n + CHUNK);
	cr_expect(!r->parts.under_way[0].cut && r->parts.under_way[1].cut);
	cr_assert_eq(chunk(7, 0, false), 0);
	cr_expect_eq(r->parts.bytes, n + 2 * CHUNK);
}

Test(serve_parts, have_the_same_address_bytes_and_name_when_their_segment_is_whole)
{
	char etag[3][sizeof ((struct serve_bytes *)0)->etag];

	for (unsigned i = 0; i < 3; i++) {
		cr_assert_eq(chunk(5, i, i == 2), 0);
		cr_assert(is_at(find(5, i), 5, i * CHUNK, CHUNK));
		memcpy(etag[i], find(5, i)->etag, sizeof etag[i]);
	}
	cr_assert_eq(media->chunks, 3);
	cr_assert_eq(segment(5, 3, -1), 0);
	cr_expect(media->chunks == 0 && r->parts.n == 0 && r->window[0].parts.n == 3 && r->window[0].parts.tag == TAG);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert(is_at(find(5, i), 5, i * CHUNK, CHUNK), "part %u", i);
		cr_expect_str_eq(find(5, i)->etag, etag[i]);
	}
	cr_expect_eq(serve_parts_count(r, 5), 3);
	for (unsigned i = 0; i < SERVE_WINDOW; i++)
		cr_assert_eq(segment(6 + i, 1, -1), 0);
	cr_expect_null(find(5, 0), "out of the window");
}

Test(serve_parts, may_be_several_chunks)
{
	struct msg_part m;

	for (unsigned i = 0; i < 5; i++) {
		m = part_of(5, i);
		m.part = (uint16_t)(i / 2);
		m.ends = i % 2;
		m.independent = i == 0;
		cr_assert_eq(put(&m), 0);
		cr_expect_eq(serve_parts_count(r, 5), (i + 1) / 2, "after chunk %u", i);
	}
	cr_expect(is_at(find(5, 0), 5, 0, 2 * CHUNK) && is_at(find(5, 1), 5, 2 * CHUNK, 2 * CHUNK));
	cr_expect(r->parts.under_way[0].parts.part[0].independent && !r->parts.under_way[0].parts.part[1].independent);
	/* The third was whole as it was: what comes now did not fit. */
	m = part_of(5, 5);
	m.part = 3;
	m.last = true;
	cr_assert_eq(put(&m), 0);
	cr_expect_eq(serve_parts_count(r, 5), 4);
	cr_expect(is_at(find(5, 2), 5, 4 * CHUNK, CHUNK));
	cr_assert_eq(segment(5, 6, -1), 0);
	cr_expect(is_at(find(5, 2), 5, 4 * CHUNK, CHUNK) && is_at(find(5, 3), 5, 5 * CHUNK, CHUNK));
}

Test(serve_parts, are_refused_when_they_are_not_the_segment)
{
	static const struct { const char *what; unsigned bytes; int wrong; } cases[] = {{"first byte", 3, 0}, {"last byte", 3, 3 * CHUNK - 1}, {"shorter", 2, -1}, {"longer", 4, -1}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (unsigned k = 0; k < 3; k++)
			cr_assert_eq(chunk(5, k, k == 2), 0);
		why = NULL;
		cr_expect_eq(segment(5, cases[i].bytes, cases[i].wrong), -EBADMSG, "%s", cases[i].what);
		cr_expect_str_eq(why, "a segment that is not what its parts were", "%s", cases[i].what);
		cr_expect(!find(5, 0) && !r->n && !media->chunks, "nobody gets more of it: %s", cases[i].what);
	}
}

Test(serve_parts, store_may_not_say)
{
	struct msg_part good = part_of(6, 1), m;
	static const struct { const char *name; size_t offset, size; uint64_t value; } bad[] = {
#define BAD(what, member, bad) {what, offsetof(struct msg_part, member), sizeof ((struct msg_part *)0)->member, bad}
		BAD("camera", camera, SITE_CAMERAS_MAX), BAD("rendition", rendition, RENDITIONS_MAX), BAD("snapshot", rendition, RENDITION_SNAPSHOT),
		BAD("number", number, UINT64_MAX), BAD("whole already", number, 5), BAD("tag", tag, 1), BAD("discontinuity", discontinuity, 4),
		BAD("a part again", part, 0), BAD("a part left out", part, 2), BAD("no target", target_ms, 0), BAD("timescale", timescale, 48000),
		BAD("no timescale", timescale, 0), BAD("an hour", duration, 90000u * 3600), BAD("before time", start_us, UINT64_MAX), BAD("after time", start_us, INT64_MAX),
		BAD("a hole", offset, CHUNK + 1), BAD("over again", offset, 1), BAD("again", offset, 0), BAD("far", offset, UINT64_MAX), BAD("no bytes", bytes, 0), BAD("other init", init_sha256[0], 9),
#undef BAD
	};

	cr_assert(segment(5, 1, -1) == 0 && chunk(6, 0, false) == 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		m = good;
		memcpy((uint8_t *)&m + bad[i].offset, &bad[i].value, bad[i].size);
		why = NULL;
		cr_expect_eq(put(&m), -EBADMSG, "%s", bad[i].name);
		cr_expect_not_null(why, "%s", bad[i].name);
		cr_expect_eq(media->chunks, 1, "%s", bad[i].name);
	}
	cr_expect_eq(serve_media_part(media, &good, STDIN_FILENO, &why), -EBADMSG, "memory that is not sealed");
	cr_expect(r->parts.under_way[0].cut, "and nothing behind it is taken");
}

Test(serve_parts, are_over_with_the_last)
{
	cr_assert_eq(chunk(5, 0, true), 0);
	cr_expect_eq(chunk(5, 1, false), -EBADMSG);
	cr_expect_eq(chunk(4, 0, false), -EBADMSG, "an older one");
	cr_expect_eq(chunk(6, 0, false), 0);
}

/* Nothing is said of a segment's beginning that was not watched; and what is told of it again has to be the same. */
Test(serve_parts, of_a_segment_whose_beginning_was_not_told_wait_for_it)
{
	struct msg_part m = part_of(5, 2);

	cr_assert_eq(put(&m), 0);
	cr_expect(r->parts.n == 0 && media->chunks == 0);
	m = part_of(5, 0);
	m.part = MSG_NO_PART;
	m.bytes = 3 * CHUNK;
	cr_assert_eq(put(&m), 0);
	cr_assert_eq(chunk(5, 3, true), 0);
	cr_expect(serve_parts_count(r, 5) == 0 && media->chunks == 2);
	cr_assert_eq(segment(5, 4, -1), 0);
	cr_expect_eq(r->window[0].parts.n, 0);
}

Test(serve_parts, go_on_when_somebody_watches_again)
{
	struct msg_part again = part_of(5, 0);

	cr_assert(chunk(5, 0, false) == 0 && chunk(5, 1, false) == 0);
	again.part = MSG_NO_PART;
	again.bytes = 4 * CHUNK;
	cr_assert_eq(put(&again), 0);
	cr_expect(is_at(find(5, 1), 5, CHUNK, CHUNK), "what was listed stays");
	cr_expect_eq(media->chunks, 1);
	again.bytes = CHUNK;
	cr_expect_eq(put(&again), -EBADMSG, "less than before");
	cr_assert_eq(segment(5, 5, -1), 0);
	cr_expect(!r->window[0].parts.all && is_at(find(5, 1), 5, CHUNK, CHUNK), "those that are not all of it are not listed, but can be had");
}

/* Nobody said that it would be the last. */
Test(serve_parts, end_with_a_segment_that_a_camera_left_behind)
{
	struct msg_part m = part_of(5, 1);

	cr_assert_eq(chunk(5, 0, false), 0);
	m.ends = false;
	cr_assert_eq(put(&m), 0);
	cr_expect_eq(serve_parts_count(r, 5), 1);
	cr_assert_eq(segment(5, 2, -1), 0);
	cr_expect(r->window[0].parts.all && r->window[0].parts.n == 2 && is_at(find(5, 1), 5, CHUNK, CHUNK));
}

Test(serve_parts, are_bounded)
{
	struct msg_part m;
	unsigned held = 0;

	for (unsigned i = 0; i < SERVE_CHUNKS_MAX + 8; i++)
		cr_assert_eq(chunk(5, i, false), 0);
	cr_expect_eq(media->chunks, SERVE_CHUNKS_MAX);
	for (unsigned i = 1; i < SERVE_UNDER_WAY + 2; i++)
		cr_assert_eq(chunk(5 + i, 0, false), 0);
	cr_expect(r->parts.n == SERVE_UNDER_WAY && media->chunks == SERVE_CHUNKS_MAX);
	cr_assert_eq(segment(5, SERVE_CHUNKS_MAX + 8, -1), 0);
	cr_expect(media->chunks == 0 && !r->window[0].parts.all, "one of which too much was there comes whole");
	for (unsigned c = 0; held < SERVE_CHUNKS_ALL + SERVE_CHUNKS_MAX; c++)
		for (unsigned i = 0; i < SERVE_CHUNKS_MAX; i++, held++) {
			m = part_of(20, i);
			m.camera = (uint16_t)(c + 1);
			cr_assert_eq(put(&m), 0);
		}
	cr_expect_eq(media->chunks, SERVE_CHUNKS_ALL);
	serve_media_reset(media);
	cr_expect_eq(media->chunks, 0);
}

Test(serve_parts, are_hinted_at)
{
	static const struct { uint64_t number; unsigned part; uint32_t tag; enum serve_part_state state; } cases[] = {
		{6, 0, TAG, SERVE_PART_HERE}, {6, 1, TAG, SERVE_PART_COMES}, {6, 3, TAG, SERVE_PART_COMES}, {6, 4, TAG, SERVE_PART_NONE}, {7, 0, TAG, SERVE_PART_COMES},
		{7, 3, TAG, SERVE_PART_NONE}, {8, 0, TAG, SERVE_PART_NONE}, {6, 0, TAG + 1, SERVE_PART_NONE}, {6, 1, TAG + 1, SERVE_PART_NONE}, {5, 0, TAG, SERVE_PART_HERE},
		{5, 1, TAG, SERVE_PART_NONE}, {4, 0, TAG, SERVE_PART_NONE}, {UINT64_MAX, UINT32_MAX, TAG, SERVE_PART_NONE},
	};
	struct serve_part_name hint;

	cr_expect_not(serve_parts_hint(r, &hint), "nothing is known");
	cr_assert(chunk(5, 0, true) == 0 && serve_parts_hint(r, &hint));
	cr_expect(hint.number == 6 && hint.part == 0 && hint.tag == TAG);
	cr_assert(segment(5, 1, -1) == 0 && serve_parts_hint(r, &hint));
	cr_expect(hint.number == 6 && hint.part == 0 && hint.tag == TAG);
	cr_assert(chunk(6, 0, false) == 0 && serve_parts_hint(r, &hint));
	cr_expect(hint.number == 6 && hint.part == 1);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect_eq(state(cases[i].number, cases[i].part, cases[i].tag), cases[i].state, "case %zu", i);
}

/* What would be hinted at there is what a player asks for, and is told 404 of when the camera is back. */
Test(serve_parts, are_not_hinted_at_behind_the_end_of_an_epoch)
{
	struct serve_part_name hint;
	struct msg_part m = part_of(5, 0);

	m.final = true;
	cr_assert(put(&m) == 0 && serve_parts_hint(r, &hint), "what goes on is no end");
	m = part_of(5, 1);
	m.last = m.final = true;
	cr_assert_eq(put(&m), 0);
	cr_expect_not(serve_parts_hint(r, &hint));
	cr_assert_eq(segment(5, 2, -1), 0);
	cr_expect_not(serve_parts_hint(r, &hint), "nor once the segment is whole");
	cr_expect_eq(state(6, 0, TAG), SERVE_PART_NONE);
	cr_assert(chunk(6, 0, false) == 0 && serve_parts_hint(r, &hint));
	cr_expect(hint.number == 6 && hint.part == 1);
}

/* A reader from the beginning of segment 5, whatever comes when: chunks, then what was not read of them as a segment. */
Test(serve_parts, are_read_on_byte_by_byte)
{
	struct serve_place at = {.number = 5}, before;
	struct serve_piece piece;

	cr_expect_not(serve_parts_next(r, &at, &piece));
	cr_assert(chunk(5, 0, false) == 0 && chunk(5, 1, false) == 0);
	cr_assert(serve_parts_next(r, &at, &piece));
	cr_expect(piece.begins && piece.independent && piece.n == CHUNK && piece.number == 5 && piece.discontinuity == 3 && piece.capture_us == 6000000);
	cr_assert(serve_parts_next(r, &at, &piece));
	cr_expect(!piece.begins && !piece.independent && piece.n == CHUNK && piece.capture_us == 6200000);
	before = at;
	cr_expect_not(serve_parts_next(r, &at, &piece));
	cr_expect(at.number == before.number && at.offset == before.offset);
	cr_assert(chunk(5, 2, true) == 0 && chunk(6, 0, false) == 0 && segment(5, 3, -1) == 0);
	cr_assert(serve_parts_next(r, &at, &piece));
	cr_expect(!piece.begins && piece.n == CHUNK && piece.p == r->window[0].bytes->p + 2 * CHUNK && piece.capture_us == SERVE_NO_CAPTURE);
	cr_assert(serve_parts_next(r, &at, &piece));
	cr_expect(piece.begins && piece.number == 6 && piece.n == CHUNK);
	cr_assert(chunk(6, 1, true) == 0 && chunk(7, 0, false) == 0);
	cr_assert(serve_parts_next(r, &at, &piece) && piece.number == 6);
	cr_assert(serve_parts_next(r, &at, &piece) && piece.number == 7 && piece.begins);
	cr_expect_not(serve_parts_next(r, &at, &piece));
	cr_assert(segment(9, 1, -1) == 0 && serve_parts_next(r, &at, &piece));
	cr_expect(piece.number == 9 && piece.begins, "what is not there is passed over");
}

/* One that comes whole only is waited for, though the next is under way already. */
Test(serve_parts, leave_no_segment_out)
{
	struct serve_place at = {.number = 5};
	struct serve_piece piece;

	cr_assert(segment(5, 1, -1) == 0 && serve_parts_next(r, &at, &piece));
	cr_assert_eq(chunk(7, 0, false), 0);
	cr_expect_not(serve_parts_next(r, &at, &piece));
	cr_assert(segment(6, 1, -1) == 0 && serve_parts_next(r, &at, &piece) && piece.number == 6);
	cr_assert(serve_parts_next(r, &at, &piece) && piece.number == 7);
}

Test(serve_parts, begin_with_the_newest_key_frame)
{
	struct msg_part m = part_of(6, 1);
	struct serve_place at;

	cr_expect_not(serve_parts_newest_key(r, &at));
	cr_assert(segment(5, 1, -1) == 0 && serve_parts_newest_key(r, &at) && at.number == 5 && at.offset == 0);
	cr_assert(chunk(6, 0, false) == 0 && serve_parts_newest_key(r, &at) && at.number == 6 && at.offset == 0);
	m.independent = true;
	cr_assert(put(&m) == 0 && chunk(6, 2, false) == 0 && serve_parts_newest_key(r, &at));
	cr_expect(at.number == 6 && at.offset == CHUNK);
}

struct listener {
	struct serve_follower f;
	unsigned told, lost, gone;
	bool leaves;
};

static void on_told(struct serve_follower *f, enum serve_told what)
{
	struct listener *l = (struct listener *)(void *)f;

	l->told += what == SERVE_TOLD_MORE;
	l->lost += what == SERVE_TOLD_LOST;
	l->gone += what == SERVE_TOLD_GONE;
	cr_expect(f->joined == (what != SERVE_TOLD_GONE));
	if (l->leaves)
		serve_parts_leave(f);
	if (l->leaves && what != SERVE_TOLD_GONE && l->told == 2)
		serve_parts_follow(r, f);
}

Test(serve_parts, are_told_to_who_follows)
{
	struct listener stays = {.f.told = on_told}, leaves = {.f.told = on_told, .leaves = true};

	serve_parts_leave(&stays.f);
	serve_parts_follow(r, &stays.f);
	serve_parts_follow(r, &stays.f);
	serve_parts_follow(r, &leaves.f);
	cr_assert_eq(chunk(5, 0, true), 0);
	cr_expect(stays.told == 1 && leaves.told == 1 && !leaves.f.joined);
	serve_parts_follow(r, &leaves.f);
	cr_assert_eq(segment(5, 1, -1), 0);
	cr_expect(stays.told == 2 && leaves.told == 2 && leaves.f.joined);
	serve_media_lost(media);
	serve_media_reset(media);
	cr_expect(stays.told == 2 && stays.lost == 1 && leaves.lost == 1 && stays.f.joined && leaves.f.joined, "a store that begins anew ends nothing");
	serve_media_drop_camera(media, 0);
	cr_expect(stays.gone == 1 && leaves.gone == 1 && !stays.f.joined && !leaves.f.joined);
}

static enum serve_growth growth(uint64_t number, uint64_t offset, uint32_t tag)
{
	return serve_parts_look(r, &(struct serve_place){.number = number, .offset = offset}, tag);
}

Test(serve_parts, grow_until_their_segment_is_over)
{
	cr_expect_eq(growth(5, 0, TAG), SERVE_GROWTH_NONE);
	cr_assert_eq(chunk(5, 0, false), 0);
	cr_expect(serve_parts_tag(r, 5) == TAG && growth(5, 0, TAG) == SERVE_GROWTH_HERE && growth(5, CHUNK, TAG) == SERVE_GROWTH_COMES);
	cr_assert_eq(chunk(5, 1, true), 0);
	cr_expect(growth(5, CHUNK, TAG) == SERVE_GROWTH_HERE && growth(5, 2 * CHUNK, TAG) == SERVE_GROWTH_OVER);
	cr_assert_eq(segment(5, 2, -1), 0);
	cr_expect(growth(5, CHUNK, TAG) == SERVE_GROWTH_HERE && growth(5, 2 * CHUNK, TAG) == SERVE_GROWTH_OVER);
}

/* After a crash of store: what was begun never goes on with what has its number now, under way or whole. */
Test(serve_parts, a_number_that_comes_again_is_another_segment)
{
	struct msg_part m = part_of(5, 0);

	m.tag = TAG + 1;
	cr_assert_eq(chunk(5, 0, false), 0);
	cr_assert_eq(growth(5, CHUNK, TAG), SERVE_GROWTH_COMES);
	serve_media_reset(media);
	cr_expect(growth(5, CHUNK, TAG) == SERVE_GROWTH_NONE && serve_parts_tag(r, 5) == 0);
	cr_assert_eq(put(&m), 0);
	for (unsigned whole = 0; whole < 2; whole++) {
		cr_expect_eq(growth(5, 0, TAG), SERVE_GROWTH_NONE, "whole %u", whole);
		cr_expect_eq(growth(5, CHUNK, TAG), SERVE_GROWTH_NONE, "whole %u", whole);
		cr_expect_eq(growth(5, 0, TAG + 1), SERVE_GROWTH_HERE, "whole %u", whole);
		cr_assert(whole || segment(5, 2, -1) == 0);
	}
}

/* --- playlists -------------------------------------------------------------------------------- */

static bool lists(bool skip, const char *text)
{
	struct serve_bytes *b = serve_playlist_of(&media->camera[0], r, skip);

	return b && memmem(b->p, b->n, text, strlen(text));
}

Test(serve_playlist, lists_parts_while_there_are_some)
{
	cr_expect_null(serve_playlist_of(&media->camera[0], r, false));
	cr_assert_eq(segment(5, 1, -1), 0);
	cr_expect(lists(false, "CAN-BLOCK-RELOAD=YES") && !lists(false, "EXT-X-PART") && lists(false, ",PART-HOLD-BACK=6.000\n"), "of what nobody watched closely");
	cr_assert_eq(chunk(6, 0, false), 0);
	cr_expect(lists(false, "#EXT-X-PART-INF:PART-TARGET=0.216\n") && lists(false, ",PART-HOLD-BACK=0.648\n"));
	cr_expect(lists(false, "#EXT-X-PART:DURATION=0.200000,URI=\"6.0.0000abcd.m4s\",INDEPENDENT=YES\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"6.1.0000abcd.m4s\"\n"));
	cr_assert(chunk(6, 1, true) == 0 && chunk(7, 0, false) == 0);
	cr_expect(lists(false, "6.1.0000abcd.m4s\"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"7.0.0000abcd.m4s\"\n"), "the next segment begins when this one is whole");
	cr_expect_not(lists(false, "\n6.m4s\n"));
	cr_assert_eq(segment(6, 2, -1), 0);
	cr_expect(lists(false, "6.1.0000abcd.m4s\"\n#EXTINF:0.400000,\n6.m4s\n#EXT-X-PROGRAM-DATE-TIME"));
	cr_expect(lists(false, "URI=\"7.0.0000abcd.m4s\",INDEPENDENT=YES\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"7.1.0000abcd.m4s\"\n"));
}

static int chunk_under(uint64_t number, unsigned i, uint16_t target_ms)
{
	struct msg_part m = part_of(number, i);

	m.target_ms = target_ms;
	return put(&m);
}

Test(serve_playlist, lists_parts_of_one_target)
{
	cr_expect_not(serve_parts_any(r));
	cr_assert(segment(5, 1, -1) == 0 && chunk(6, 0, false) == 0 && chunk(6, 1, true) == 0);
	cr_expect(serve_parts_any(r));
	cr_assert_eq(segment(6, 2, -1), 0);
	cr_expect(serve_parts_any(r) && lists(false, "\"6.1.0000abcd.m4s\"") && lists(false, "PART-TARGET=0.216\n"));
	cr_assert(chunk_under(7, 0, 640) == 0 && chunk_under(7, 1, 640) == 0);
	cr_expect(lists(false, "PART-TARGET=0.640\n") && lists(false, "\"7.1.0000abcd.m4s\"") && !lists(false, "\"6.0.0000abcd.m4s\""), "they would be too short");
	cr_assert_eq(chunk_under(7, 2, 700), 0);
	cr_expect(lists(false, "PART-TARGET=0.640\n") && serve_parts_count(r, 7) == 2, "a segment's parts are of one target");
}

/* RFC 8216bis 6.2.2: "in the order that they appear". */
Test(serve_playlist, takes_parts_out_from_the_front)
{
	struct msg_part m = part_of(7, 1);

	cr_assert(segment(5, 1, -1) == 0 && chunk(6, 0, false) == 0 && chunk(6, 1, true) == 0 && segment(6, 2, -1) == 0 && chunk(7, 0, false) == 0);
	m.part = MSG_NO_PART;
	m.last = true;
	cr_assert_eq(put(&m), 0);
	cr_expect(lists(false, "\"6.0.0000abcd.m4s\"") && lists(false, "\"7.0.0000abcd.m4s\""));
	cr_assert_eq(segment(7, 2, -1), 0);
	cr_expect(!lists(false, "\"7.0.0000abcd.m4s\"") && !lists(false, "\"6.0.0000abcd.m4s\""), "not the newest alone");
	cr_expect(lists(false, "\n6.m4s\n") && is_at(find(6, 0), 6, 0, CHUNK), "they can be had as before");
	cr_assert_eq(chunk(8, 0, false), 0);
	cr_expect(lists(false, "\"8.0.0000abcd.m4s\"") && !lists(false, "\"6.0.0000abcd.m4s\""), "and do not come back");
	cr_assert(chunk(8, 1, true) == 0 && segment(8, 2, -1) == 0 && chunk(9, 0, false) == 0);
	cr_expect(lists(false, "\"8.0.0000abcd.m4s\"") && lists(false, "\"9.0.0000abcd.m4s\""));
	cr_assert(chunk(10, 0, true) == 0 && segment(10, 1, -1) == 0);
	cr_expect(lists(false, "#EXT-X-GAP\n") && lists(false, "\"10.0.0000abcd.m4s\"") && !lists(false, "\"8.0.0000abcd.m4s\""), "nor of what is a gap now alone");
}

Test(serve_playlist, is_written_once_a_change)
{
	struct serve_bytes *full, *delta;

	cr_assert(segment(5, 1, -1) == 0 && chunk(6, 0, false) == 0);
	full = serve_playlist_of(&media->camera[0], r, false);
	delta = serve_playlist_of(&media->camera[0], r, true);
	cr_expect(serve_playlist_of(&media->camera[0], r, false) == full && serve_playlist_of(&media->camera[0], r, true) == delta);
	cr_assert_eq(chunk(6, 1, false), 0);
	cr_expect(!r->playlist && !r->delta);
}

/* A segment of sound, of one chunk's bytes. */
static int sound(uint64_t number)
{
	struct msg_segment s = {.rendition = RENDITION_AUDIO, .number = number, .discontinuity = 3, .duration = TICKS, .timescale = 90000, .bytes = CHUNK};
	uint8_t bytes[CHUNK];
	int fd, rc;

	fill(bytes, CHUNK, number, 0);
	hash_of(bytes, CHUNK, s.sha256);
	cr_assert_eq(io_seal_bytes("segment", bytes, CHUNK, &fd), 0);
	rc = serve_media_segment(media, &s, fd, 1, &why);
	close(fd);
	return rc;
}

Test(serve_playlist, tells_of_other_renditions)
{
	struct msg_part m = part_of(6, 0);

	cr_assert_eq(segment(5, 1, -1), 0);
	cr_expect_not(lists(false, "RENDITION-REPORT"));
	cr_assert(sound(5) == 0 && chunk(6, 0, false) == 0);
	cr_expect(lists(false, "#EXT-X-RENDITION-REPORT:URI=\"../audio/index.m3u8\",LAST-MSN=5\n"));
	m.rendition = RENDITION_AUDIO;
	cr_assert(put(&m) == 0 && chunk(6, 1, false) == 0);
	cr_expect(lists(false, "#EXT-X-RENDITION-REPORT:URI=\"../audio/index.m3u8\",LAST-MSN=6,LAST-PART=0\n"));
	cr_assert(sound(6) == 0 && sound(7) == 0 && chunk(6, 2, false) == 0);
	cr_expect(lists(false, "#EXT-X-RENDITION-REPORT:URI=\"../audio/index.m3u8\",LAST-MSN=6,LAST-PART=0\n"), "the newest part, though 7 is whole without any");
}

/* Newest is 5 with three parts, and of 6 two are there. */
Test(serve_playlist, is_held_back_for_what_comes_and_no_further)
{
	static const struct { bool has_part; uint64_t number; uint32_t part; enum serve_reload want; uint64_t ret; unsigned ret_part; } cases[] = {
		{false, 0, 0, SERVE_RELOAD_HERE, 0, SERVE_WHOLE}, {false, 5, 0, SERVE_RELOAD_HERE, 5, SERVE_WHOLE}, {false, 6, 0, SERVE_RELOAD_COMES, 6, SERVE_WHOLE},
		{false, 7, 0, SERVE_RELOAD_COMES, 7, SERVE_WHOLE}, {false, 8, 0, SERVE_RELOAD_TOO_FAR, 0, 0}, {false, INT64_MAX, 0, SERVE_RELOAD_TOO_FAR, 0, 0},
		{true, 4, 99, SERVE_RELOAD_HERE, 4, 99}, {true, 5, 2, SERVE_RELOAD_HERE, 5, 2}, {true, 5, 3, SERVE_RELOAD_HERE, 6, 0}, {true, 5, UINT32_MAX, SERVE_RELOAD_HERE, 6, 0},
		{true, 6, 0, SERVE_RELOAD_HERE, 6, 0}, {true, 6, 1, SERVE_RELOAD_HERE, 6, 1}, {true, 6, 2, SERVE_RELOAD_COMES, 6, 2}, {true, 6, 15, SERVE_RELOAD_COMES, 6, 15},
		{true, 6, 16, SERVE_RELOAD_TOO_FAR, 0, 0}, {true, 6, UINT32_MAX, SERVE_RELOAD_TOO_FAR, 0, 0}, {true, 7, 0, SERVE_RELOAD_COMES, 7, 0}, {true, 7, 14, SERVE_RELOAD_TOO_FAR, 0, 0},
		{true, 8, 0, SERVE_RELOAD_TOO_FAR, 0, 0},
	};
	struct serve_part_name name;

	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(chunk(5, i, i == 2), 0);
	cr_assert(segment(5, 3, -1) == 0 && chunk(6, 0, false) == 0 && chunk(6, 1, false) == 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct http_reload want = {.has_number = true, .has_part = cases[i].has_part, .number = cases[i].number, .part = cases[i].part};

		name = (struct serve_part_name){0};
		cr_expect_eq(serve_playlist_look(r, &want, &name), cases[i].want, "case %zu", i);
		if (cases[i].want != SERVE_RELOAD_TOO_FAR)
			cr_expect(name.number == cases[i].ret && name.part == cases[i].ret_part, "case %zu: %llu.%u", i, (unsigned long long)name.number, name.part);
	}
	cr_expect_eq(serve_playlist_look(r, &(struct http_reload){.skip = true}, &name), SERVE_RELOAD_HERE);
	name = (struct serve_part_name){.number = 7};
	cr_assert(chunk(6, 2, true) == 0 && chunk(7, 0, false) == 0);
	cr_expect_not(serve_playlist_has(r, &name), "7 is not listed while 6 is not whole");
	cr_assert_eq(segment(6, 3, -1), 0);
	cr_expect(serve_playlist_has(r, &name));
}
