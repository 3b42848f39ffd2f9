/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ways to damage an archive: every one must be named, with camera and segment. */
#include <criterion/criterion.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "archive.h"
#include "seal/tile.h"
#include "seal/tree.h"

static void resize_segment(struct archive *a, const char *camera, const char *rendition, uint64_t n, int by)
{
	char path[VERIFY_PATH];
	struct archive_file *f;
	uint8_t bytes[512] = {0};

	archive_path(camera, rendition, n, path);
	f = archive_find(a, path);
	memcpy(bytes, f->p, f->n);
	archive_put(a, path, bytes, by == INT32_MIN ? 0 : (size_t)((int)f->n + by));
}

static void swap_files(struct archive *a, const char *path1, const char *path2)
{
	struct archive_file *f = archive_find(a, path1), *g = archive_find(a, path2), t = *f;

	f->p = g->p;
	f->n = g->n;
	g->p = t.p;
	g->n = t.n;
}

static void swap_segments(struct archive *a, const char *c1, const char *r1, uint64_t n1, const char *c2, const char *r2, uint64_t n2)
{
	char path1[VERIFY_PATH], path2[VERIFY_PATH];

	archive_path(c1, r1, n1, path1);
	archive_path(c2, r2, n2, path2);
	swap_files(a, path1, path2);
}

/* Index of a segment's entry. */
static uint64_t entry_of(struct archive *a, const char *camera, const char *rendition, uint64_t number)
{
	for (uint64_t i = 0; i < a->size; i++) {
		struct entry e;

		if (entry_parse(a->entry[i], a->entry_len[i], &e, NULL) == 0 && e.kind == ENTRY_SEGMENT && !strcmp(e.segment.camera, camera) &&
		    !strcmp(e.segment.rendition, rendition) && e.segment.number == number)
			return i;
	}
	cr_assert_fail("no entry %s/%s %" PRIu64, camera, rendition, number);
	return 0;
}

/* Replaces text in an entry by another of the same length. */
static void edit(struct archive *a, uint64_t i, const char *from, const char *to)
{
	char text[ENTRY_MAX_BYTES + 1];
	char *at;

	memcpy(text, a->entry[i], a->entry_len[i]);
	text[a->entry_len[i]] = 0;
	at = strstr(text, from);
	cr_assert(at && strlen(from) == strlen(to), "%s in %s", from, text);
	memcpy(a->entry[i] + (at - text), to, strlen(to));
}

/* How far the forger goes in hiding an edit. */
enum depth { BUNDLE, LEAF, LEVELS, ALL };

/* Writes the edited entries out: bundles only, leaf hashes too, all levels too, or even a chain mended to the end. The checkpoint stays. */
static void rewrite(struct archive *a, enum depth depth, uint64_t i)
{
	struct archive_file saved[64];
	size_t nsaved = 0;

	if (depth >= LEAF)
		hash_leaf(a->entry[i], a->entry_len[i], &a->leaf[i]);
	for (size_t k = 0; k < a->nfiles; k++) {
		const struct archive_file *f = &a->file[k];
		bool upper = !strncmp(f->path, "log/tile/1", 10);

		if ((depth < LEVELS && upper) || (depth < LEAF && !strncmp(f->path, "log/tile/0", 10))) {
			saved[nsaved] = *f;
			saved[nsaved].p = malloc(f->n);
			memcpy(saved[nsaved++].p, f->p, f->n);
		}
	}
	archive_tiles(a, a->size);
	while (nsaved--) {
		archive_put(a, saved[nsaved].path, saved[nsaved].p, saved[nsaved].n);
		free(saved[nsaved].p);
	}
}

static void edit_segment(struct archive *a, const char *camera, const char *rendition, uint64_t n, const char *from, const char *to,
	enum depth depth)
{
	uint64_t i = entry_of(a, camera, rendition, n);

	edit(a, i, from, to);
	rewrite(a, depth, i);
}

static void tile_path_of(bool entries, unsigned level, uint64_t index, uint64_t size, char out[VERIFY_PATH])
{
	struct tile t = {.entries = entries, .level = level, .index = index, .width = tile_width(size, level, index)};
	char path[TILE_PATH];

	tile_path(&t, path);
	snprintf(out, VERIFY_PATH, "log/%s", path);
}

struct victim {
	const char *camera, *rendition;
	uint64_t number;
};


static unsigned mutations;

/* Verifies the damaged archive: exit 1, and camera and segment named. Then a fresh one is made. */
static void expect_named(struct archive **a, const char *what, const char *camera, const char *rendition, uint64_t number)
{
	struct verify_report *r = archive_verify(*a, NULL, true);

	cr_expect_eq(verify_status(r), 1, "%s:\n%s", what, archive_explain(r));
	cr_expect(archive_named(r, camera, rendition, number), "%s does not name %s/%s %" PRIu64 ":\n%s", what, camera, rendition ? rendition : "",
		number, archive_explain(r));
	mutations++;
	verify_free(&r);
	archive_free(a);
	*a = archive_example();
}

static const struct victim victims[] = {
	{"gate-1", "copy", 950}, {"gate-1", "copy", 999}, {"gate-1", "copy", 1000}, {"gate-1", "copy", 1099}, {"gate-1", "audio", 1001},
	{"yard", "copy", 960}, {"yard", "copy", 1050}, {"door", "audio", 950}, {"door", "audio", 1099},
};
#define VICTIMS (sizeof victims / sizeof *victims)
#define V(i) victims[i].camera, victims[i].rendition, victims[i].number

Test(damage, names_changed_footage)
{
	struct archive *a = archive_example();

	for (size_t i = 0; i < VICTIMS; i++) {
		archive_flip_segment(a, V(i), i * 31);
		expect_named(&a, "flipped byte", V(i));
		resize_segment(a, V(i), -1);
		expect_named(&a, "cut by a byte", V(i));
		resize_segment(a, V(i), 1);
		expect_named(&a, "longer by a byte", V(i));
	}
	resize_segment(a, V(1), INT32_MIN);
	expect_named(&a, "emptied", V(1));
	swap_segments(a, V(0), V(1));
	expect_named(&a, "two swapped", V(0));
	swap_segments(a, V(2), V(1));
	expect_named(&a, "two neighbours swapped", V(2));
	swap_segments(a, V(3), V(6));
	expect_named(&a, "swapped between cameras", V(6));
	cr_assert_eq(mutations, 3 * VICTIMS + 4);
	archive_free(&a);
}

Test(damage, names_missing_footage)
{
	struct archive *a = archive_example();
	struct verify_report *r;

	for (size_t i = 0; i < VICTIMS; i++) {
		archive_delete(a, V(i), victims[i].number, NULL);
		expect_named(&a, "removed", V(i));
	}
	archive_delete(a, "gate-1", "copy", 998, 1001, NULL);
	r = archive_verify(a, NULL, true);
	cr_assert_eq(r->nproblems, 1, "%s", archive_explain(r));
	cr_assert(r->problem[0].kind == VERIFY_MISSING && r->problem[0].first == 998 && r->problem[0].last == 1001);
	verify_free(&r);
	archive_free(&a);
}

Test(damage, names_files_that_nobody_sealed)
{
	static const char *const bad[] = {
		"footage/gate-1/copy/000000/900.m4s", "footage/gate-1/copy/000001/1100.m4s", "footage/gate-1/360p/000000/951.m4s.x",
		"footage/gate-1/copy/000002/1000.m4s", "footage/gate-1/copy/1000.m4s", "footage/gate-1/copy/000001/01000.m4s", "footage/gate-1/copy/note",
	};
	struct verify_report *r;
	struct archive *a = archive_example();

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		archive_put(a, bad[i], "hello", 5);
		expect_named(&a, bad[i], "gate-1", NULL, 0);
	}
	archive_put(a, "footage/cellar/copy/000001/1001.m4s", "hello", 5);
	expect_named(&a, "another camera", "cellar", "copy", 1001);
	archive_put(a, "footage/gate-1/360p/000000/951.m4s", "hello", 5);
	expect_named(&a, "false bytes of a rendition that is not kept", "gate-1", "360p", 951);
	archive_put(a, "footage/gate-1/copy/000001/1100.m4s.tmp", "hello", 5);
	archive_put(a, "footage/gate-1/copy/init-0123456789abcdef.mp4", "hello", 5);
	archive_put(a, "log/journal", "hello", 5);
	r = archive_verify(a, NULL, true);
	cr_assert(verify_status(r) == 0 && r->unfinished == 1, "an unfinished file, a lone init segment and the journal are no damage:\n%s", archive_explain(r));
	verify_free(&r);
	archive_free(&a);
}

Test(damage, names_footage_without_its_init_segment)
{
	struct archive *a = archive_example();

	for (size_t i = 0; i < a->nfiles; i++) {
		char path[VERIFY_PATH], camera[ENTRY_NAME], rendition[ENTRY_NAME];

		strcpy(path, a->file[i].path);
		if (!strstr(path, "/init-"))
			continue;
		cr_assert_eq(sscanf(path, "footage/%32[^/]/%32[^/]", camera, rendition), 2);
		archive_flip(a, path, 3);
		expect_named(&a, "changed init segment", camera, rendition, 1000);
		archive_remove(a, path);
		expect_named(&a, "removed init segment", camera, rendition, 1000);
	}
	cr_assert_eq(mutations, 8);
	archive_free(&a);
}

Test(damage, names_edited_entries)
{
	static const struct { const char *from, *to; } edits[] = {
		{"duration 2.000", "duration 2.001"}, {"clock arrival 0", "clock arrival 9"}, {"source sha256:0", "source sha256:1"},
		{"media sha256:", "media sha257:"}, {"start 2026", "start 2025"}, {"previous ", "Previous "}, {"camera ", "camerA "},
	};
	static const enum depth depth[] = {BUNDLE, LEAF, LEVELS};
	struct archive *a = archive_example();

	for (size_t d = 0; d < 3; d++) {
		for (size_t e = 0; e < sizeof edits / sizeof *edits; e++) {
			size_t i = e % VICTIMS;

			/* Its camera cannot be told from itself any more: the next entry of the chain tells. */
			edit_segment(a, V(i), edits[e].from, edits[e].to, depth[d]);
			expect_named(&a, edits[e].from, V(i));
		}
		/* The very last one: nothing follows that could tell. */
		edit_segment(a, "door", "audio", 1099, "duration 2.000", "duration 2.001", depth[d]);
		expect_named(&a, "last entry", "door", "audio", 1099);
	}
	archive_free(&a);
}

/* Every later entry and hash is mended; only the signature cannot be. */
Test(damage, names_a_rewritten_log)
{
	struct archive *a = archive_example(), *b = archive_example();

	archive_remove(b, "log/checkpoint");
	archive_put(b, "log/checkpoint", archive_find(a, "log/checkpoint")->p, archive_find(a, "log/checkpoint")->n);
	key_free(&b->key);
	b->key = a->key;
	a->key = NULL;
	expect_named(&b, "another log under this checkpoint", "gate-1", "copy", 1000);
	archive_free(&a);
	archive_free(&b);
}

static void swap_entries(struct archive *a, uint64_t i, uint64_t k)
{
	uint8_t t[ENTRY_MAX_BYTES];
	size_t n = a->entry_len[i];

	memcpy(t, a->entry[i], n);
	memcpy(a->entry[i], a->entry[k], a->entry_len[k]);
	a->entry_len[i] = a->entry_len[k];
	memcpy(a->entry[k], t, n);
	a->entry_len[k] = n;
	hash_leaf(a->entry[i], a->entry_len[i], &a->leaf[i]);
}

Test(damage, names_swapped_entries)
{
	struct archive *a = archive_example();

	for (enum depth d = BUNDLE; d <= LEVELS; d++) {
		uint64_t i = entry_of(a, "gate-1", "copy", 970), k = entry_of(a, "gate-1", "copy", 971);

		swap_entries(a, i, k);
		if (d >= LEAF)
			hash_leaf(a->entry[k], a->entry_len[k], &a->leaf[k]);
		rewrite(a, d, i);
		expect_named(&a, "swapped entries", "gate-1", "copy", 971);
	}
	archive_free(&a);
}

/* The first segment that a tile holds from an entry on. */
static struct entry_segment segment_from(struct archive *a, uint64_t i)
{
	struct entry e;

	while (entry_parse(a->entry[i], a->entry_len[i], &e, NULL) || e.kind != ENTRY_SEGMENT)
		i++;
	return e.segment;
}

static void damage_tile(struct archive **a, bool entries, unsigned level, uint64_t index, const struct entry_segment *first,
	const struct entry_segment *eighth)
{
	char path[VERIFY_PATH];

	tile_path_of(entries, level, index, (*a)->size, path);
	archive_remove(*a, path);
	expect_named(a, path, first->camera, first->rendition, first->number);
	archive_put(*a, path, "short", 5);
	expect_named(a, path, first->camera, first->rendition, first->number);
	archive_flip(*a, path, entries ? (index ? 300 : 600) : 32 * 7);
	expect_named(a, path, eighth->camera, eighth->rendition, eighth->number);
}

Test(damage, names_what_damaged_tiles_hold)
{
	struct archive *a = archive_example();

	for (uint64_t index = 0; index < 3; index++) {
		struct entry_segment first = segment_from(a, index * TILE_WIDTH), eighth = segment_from(a, index * TILE_WIDTH + 7), second, third;

		damage_tile(&a, false, 0, index, &first, &eighth);
		/* Without a bundle it is the next entry of a rendition that tells of a hole. */
		second = segment_from(a, index * TILE_WIDTH + 20);
		third = segment_from(a, index * TILE_WIDTH);
		damage_tile(&a, true, 0, index, &second, &third);
	}
	archive_free(&a);
}

Test(damage, names_what_damaged_upper_tiles_hold)
{
	struct archive *a = archive_example();
	char path[VERIFY_PATH];
	struct entry_segment s;

	tile_path_of(false, 1, 0, a->size, path);
	archive_remove(a, path);
	expect_named(&a, path, "gate-1", "copy", 950);
	s = segment_from(a, 256);
	archive_flip(a, path, 33);
	expect_named(&a, path, s.camera, s.rendition, s.number);
	archive_free(&a);
}

Test(damage, names_footage_past_an_older_checkpoint)
{
	struct archive *a = archive_example();

	for (uint64_t back = 1; back < a->size; back = back * 3 + 1) {
		archive_checkpoint(a, a->size - back, a->key);
		expect_named(&a, "older checkpoint", "door", "audio", 1099);
	}
	/* The forger takes the tiles away too, but not the footage. */
	archive_tiles(a, 512);
	for (size_t i = a->nfiles; i-- > 0;)
		if (strstr(a->file[i].path, "/002"))
			archive_remove(a, a->file[i].path);
	archive_checkpoint(a, 512, a->key);
	expect_named(&a, "older checkpoint with its tiles", "gate-1", "copy", 1099);
	archive_free(&a);
}

Test(damage, a_file_named_as_the_end_of_an_endless_log_ends_verify, .timeout = 60)
{
	static const char far[] = "log/tile/entries/x099/x999/x999/x999/999";

	for (int is_signed = 0; is_signed < 2; is_signed++) {
		struct archive *a = archive_example();

		archive_put(a, far, "", 0);
		if (!is_signed)
			archive_remove(a, "log/checkpoint");
		expect_named(&a, far, is_signed ? "" : "gate-1", is_signed ? NULL : "copy", is_signed ? 0 : 1000);
		archive_free(&a);
	}
}

Test(damage, names_footage_under_a_false_checkpoint)
{
	struct archive *a = archive_example();
	struct key_private *other = NULL;

	cr_assert_eq(key_generate("site.example", &other), 0);
	archive_checkpoint(a, a->size, other);
	expect_named(&a, "of another key", "gate-1", "copy", 1000);
	key_free(&other);
	cr_assert_eq(key_generate("foreign.example", &other), 0);
	archive_checkpoint(a, a->size, other);
	expect_named(&a, "of another site", "yard", "copy", 1000);
	key_free(&other);
	for (size_t at = 0; at < archive_find(a, "log/checkpoint")->n; at += 19) {
		archive_flip(a, "log/checkpoint", at);
		expect_named(&a, "changed checkpoint", "door", "audio", 1000);
	}
	archive_put(a, "log/checkpoint", "", 0);
	expect_named(&a, "empty checkpoint", "door", "audio", 1000);
	archive_remove(a, "log/checkpoint");
	expect_named(&a, "no checkpoint", "door", "audio", 1000);
	archive_free(&a);
}

/* What a site itself would have signed wrongly. */
Test(damage, names_what_the_log_does_not_account_for)
{
	struct archive *a = archive_example();
	struct verify_report *r;
	struct entry e;
	uint64_t i;

	archive_round(a, 1100, ARCHIVE_AT(150) + 65000000);
	archive_publish(a);
	r = archive_verify(a, NULL, true);
	cr_assert_eq(r->nproblems, 3, "%s", archive_explain(r));
	for (unsigned k = 0; k < 3; k++)
		cr_assert(r->problem[k].kind == VERIFY_UNACCOUNTED && r->problem[k].to_us - r->problem[k].from_us == 5000000, "%s", archive_explain(r));
	verify_free(&r);
	expect_named(&a, "unaccounted", "gate-1", NULL, 0);

	i = entry_of(a, "gate-1", "copy", 1099);
	cr_assert_eq(entry_parse(a->entry[i], a->entry_len[i], &e, NULL), 0);
	e.segment.number = 1098;
	e.segment.previous = a->leaf[i];
	e.segment.start_us += 2000000;
	archive_append(a, &e);
	archive_publish(a);
	expect_named(&a, "number again", "gate-1", "copy", 1098);

	e.segment.number = 1100;
	e.segment.previous.b[0] ^= 1;
	archive_append(a, &e);
	archive_publish(a);
	expect_named(&a, "broken chain", "gate-1", "copy", 1100);

	archive_delete(a, "gate-1", "copy", 1000, 1200, "space");
	archive_publish(a);
	expect_named(&a, "deleted before it was logged", "gate-1", "copy", 1200);
	archive_free(&a);
}

static uint32_t next_random(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33);
}

/* Any bit of any file. Bundles also hold entries that are of no camera. */
Test(damage, any_bit_of_any_file)
{
	struct archive *a = archive_example();

	for (unsigned round = 0; round < 600; round++) {
		/* Half of them in the log, whose files are few. */
		const struct archive_file *f = &a->file[next_random() % a->nfiles];
		uint8_t bit = (uint8_t)(1u << next_random() % 8);
		struct verify_report *r;
		bool named = false;
		size_t at;

		while (round % 2 && strncmp(f->path, "log/", 4))
			f = &a->file[next_random() % a->nfiles];
		at = next_random() % f->n;
		f->p[at] ^= bit;
		r = archive_verify(a, NULL, true);
		for (uint64_t i = 0; i < r->nproblems && i < VERIFY_PROBLEMS_MAX; i++)
			named = named || r->problem[i].camera[0];
		cr_expect_eq(verify_status(r), 1, "%s, byte %zu, %02x:\n%s", f->path, at, bit, archive_explain(r));
		cr_expect(named || strstr(f->path, "/entries/") || strstr(f->path, "log/tile/0"), "%s, byte %zu, %02x:\n%s", f->path, at, bit,
			archive_explain(r));
		verify_free(&r);
		f->p[at] ^= bit;
	}
	archive_free(&a);
}
