/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mutations of a whole archive: footage, files, entries, tiles, checkpoint, and what a site itself may have sealed wrongly. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "evidence.h"
#include "seal/tile.h"

static struct archive_file *file(struct archive *a, const char *path)
{
	struct archive_file *f = archive_find(a, path);

	assert(f);
	return f;
}

static void put(struct evidence *e, const char *verdict, const char *what, const char *path, const void *p, size_t n)
{
	evidence_row(e, "archive", verdict, "%s: %s", path, what);
	evidence_put(e, path, p, n);
}

static void gone(struct evidence *e, const char *verdict, const char *path)
{
	evidence_row(e, "archive", verdict, "%s is gone", path);
	evidence_gone(e, path);
}

static const struct { const char *camera, *rendition; uint64_t number; } victim[] = {
	{"gate", "copy", 960}, {"gate", "copy", 999}, {"gate", "copy", 1000}, {"gate", "copy", 1006}, {"gate", "copy", 1030}, {"gate", "audio", 1001},
	{"yard", "copy", 964}, {"yard", "copy", 1000}, {"yard", "copy", 1030},
};
#define VICTIMS (sizeof victim / sizeof *victim)

static void footage(struct evidence *e)
{
	for (size_t i = 0; i < VICTIMS; i++) {
		char path[VERIFY_PATH], next[VERIFY_PATH];
		const struct archive_file *f, *g;
		uint8_t more[400] = {0};

		archive_path(victim[i].camera, victim[i].rendition, victim[i].number, path);
		archive_path(victim[(i + 1) % VICTIMS].camera, victim[(i + 1) % VICTIMS].rendition, victim[(i + 1) % VICTIMS].number, next);
		f = file(e->site, path);
		g = file(e->site, next);
		for (size_t at = i; at < f->n; at += 61) {
			evidence_row(e, "archive", "changed", "a bit of byte %zu of %s", at, path);
			evidence_flip(e, f, at);
		}
		memcpy(more, f->p, f->n);
		put(e, "changed", "a byte behind it", path, more, f->n + 1);
		put(e, "changed", "without its last byte", path, more, f->n - 1);
		put(e, "changed", "empty", path, more, 0);
		evidence_row(e, "archive", "changed", "%s and %s change places", path, next);
		evidence_put(e, path, g->p, g->n);
		evidence_put(e, next, f->p, f->n);
		gone(e, "missing", path);
	}
}

static void inits(struct evidence *e)
{
	const struct archive_file *other = NULL;

	for (size_t i = 0; i < e->site->nfiles; i++) {
		const struct archive_file *f = &e->site->file[i];

		if (!strstr(f->path, "/init-"))
			continue;
		evidence_row(e, "archive", "changed", "a bit of %s", f->path);
		evidence_flip(e, f, 20);
		put(e, "changed", "without its last byte", f->path, f->p, f->n - 1);
		if (other)
			put(e, "changed", "another one's bytes", f->path, other->p, other->n);
		gone(e, "missing", f->path);
		other = f;
	}
}

static void extra_files(struct evidence *e)
{
	static const char *const bad[] = {
		"footage/gate/copy/000000/900.m4s", "footage/gate/copy/000001/1031.m4s", "footage/gate/360p/000000/970.m4s.x", "footage/gate/copy/000002/1000.m4s",
		"footage/gate/copy/1000.m4s", "footage/gate/copy/000001/01000.m4s", "footage/gate/copy/note", "footage/cellar/copy/000001/1000.m4s", "footage/note",
	};
	static const char *const harmless[] = {
		"footage/gate/copy/000001/1031.m4s.tmp", "footage/gate/copy/init-0123456789abcdef.mp4", "log/journal", "log/heads", "index/gate",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		put(e, "extra", "a file that nobody sealed", bad[i], "hello", 5);
	for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
		put(e, "good", "what may lie there", harmless[i], "hello", 5);
	put(e, "changed", "false bytes of a rendition that is not kept", "footage/gate/360p/000000/970.m4s", "hello", 5);
}

static void set_entry(struct archive *a, uint64_t i, const struct buf *text)
{
	memcpy(a->entry[i], buf_data(text), text->len);
	a->entry_len[i] = text->len;
	hash_leaf(a->entry[i], a->entry_len[i], &a->leaf[i]);
}

/* How far the forger goes: the entry only, its leaf hash too, every tile; the signature is what cannot be made. */
static void edit(struct evidence *e, uint64_t i, const char *field, const char *value, bool leaf_too)
{
	struct archive *b = evidence_site();
	struct buf text;

	buf_init(&text, ENTRY_MAX_BYTES);
	if (!evidence_value(b->entry[i], b->entry_len[i], field, value, &text))
		abort();
	set_entry(b, i, &text);
	archive_tiles(b, b->size);
	evidence_row(e, "archive", leaf_too ? "log" : "changed", "entry %" PRIu64 " says %s %s%s", i, field, value,
		leaf_too ? ", and the tiles are made to fit" : "");
	evidence_become(e, e->site, b, leaf_too ? "log/tile" : "log/tile/entries");
	buf_free(&text);
	archive_free(&b);
}

static void entries(struct evidence *e)
{
	static const struct { const char *field, *value; } other[] = {
		{"start", "2026-11-22T15:30:00.000Z"}, {"duration", "2.001"}, {"clock", "rtcp 0"}, {"camera-signature", "valid"}, {"bytes", "7"},
		{"source", "sha256:0000000000000000000000000000000000000000000000000000000000000001"},
		{"media", "sha256:0000000000000000000000000000000000000000000000000000000000000001"},
	};
	static const uint64_t number[] = {961, 1029};

	for (size_t k = 0; k < sizeof number / sizeof *number; k++) {
		uint64_t i = evidence_entry(e->site, k ? "yard" : "gate", "copy", number[k]);

		for (size_t f = 0; f < sizeof other / sizeof *other; f++) {
			edit(e, i, other[f].field, other[f].value, false);
			edit(e, i, other[f].field, other[f].value, true);
		}
	}
}

static bool next_tile(const struct archive *a, size_t *i, struct tile *ret)
{
	for (; *i < a->nfiles; ++*i) {
		const char *path = a->file[*i].path;

		if (!strncmp(path, "log/tile/", 9) && tile_parse_path(path + 4, strlen(path + 4), ret) == 0)
			return true;
	}
	return false;
}

static void tiles(struct evidence *e)
{
	struct tile t;

	for (size_t i = 0; next_tile(e->site, &i, &t); i++) {
		const struct archive_file *f = &e->site->file[i];

		gone(e, "log", f->path);
		put(e, "log", "cut short", f->path, f->p, f->n - 1);
		put(e, "log", "empty", f->path, f->p, 0);
		if (t.entries)
			continue;
		for (size_t at = 3; at < f->n; at += f->n / 6 + 1) {
			evidence_row(e, "archive", t.level ? "log" : "changed", "a bit of byte %zu of %s", at, f->path);
			evidence_flip(e, f, at);
		}
	}
}

static void checkpoint_of(struct evidence *e, const char *verdict, uint64_t size, const struct key_private *key, const char *what)
{
	struct archive *b = e->site;
	struct archive_file *f;

	archive_checkpoint(b, size, key);
	f = file(b, "log/checkpoint");
	put(e, verdict, what, f->path, f->p, f->n);
	archive_checkpoint(b, b->size, b->key);
}

static void checkpoints(struct evidence *e)
{
	struct key_private *other = evidence_make_key(EVIDENCE_ORIGIN, 2), *name = evidence_make_key("another.example", 1);
	const struct archive_file *f = file(e->site, "log/checkpoint");
	uint8_t text[4096];

	for (size_t at = 0; at < f->n; at += 11) {
		evidence_row(e, "archive", "unsigned", "a bit of byte %zu of the checkpoint", at);
		evidence_flip(e, f, at);
	}
	assert(f->n + 64 < sizeof text);
	memcpy(text, f->p, f->n);
	memcpy(text + f->n, EVIDENCE_UNKNOWN, strlen(EVIDENCE_UNKNOWN));
	put(e, "good", "a signature line of somebody unknown behind it", f->path, text, f->n + strlen(EVIDENCE_UNKNOWN));
	put(e, "unsigned", "empty", f->path, "", 0);
	put(e, "unsigned", "without its last byte", f->path, text, f->n - 1);
	gone(e, "unsigned", f->path);
	checkpoint_of(e, "unsigned", e->site->size - 1, e->site->key, "the one before");
	checkpoint_of(e, "unsigned", 200, e->site->key, "an old one");
	checkpoint_of(e, "unsigned", 1, e->site->key, "the first one");
	checkpoint_of(e, "unsigned", e->site->size, other, "by another key of this name");
	checkpoint_of(e, "unsigned", e->site->size, name, "by another name's key");
	evidence_row(e, "archive", "unsigned", "another key of the same name is given");
	evidence_key(e, key_public_of(other));
	evidence_row(e, "archive", "unsigned", "the same key by another name is given");
	evidence_key(e, key_public_of(name));
	key_free(&other);
	key_free(&name);
}

/* Entries in another order, or without one of them, and every tile made to fit. */
static void order(struct evidence *e)
{
	for (unsigned k = 0; k < 6; k++) {
		struct archive *b = evidence_site();
		uint64_t i = evidence_entry(b, k % 2 ? "yard" : "gate", "copy", 970 + k * 9), n = b->entry_len[i + 4];
		struct buf text;

		buf_init(&text, ENTRY_MAX_BYTES);
		if (buf_append(&text, b->entry[i + 4], n))
			abort();
		memcpy(b->entry[i + 4], b->entry[i], b->entry_len[i]);
		b->entry_len[i + 4] = b->entry_len[i];
		hash_leaf(b->entry[i + 4], b->entry_len[i + 4], &b->leaf[i + 4]);
		set_entry(b, i, &text);
		archive_tiles(b, b->size);
		evidence_row(e, "archive", "order", "entries %" PRIu64 " and %" PRIu64 " change places", i, i + 4);
		evidence_become(e, e->site, b, "log/tile");
		buf_free(&text);
		archive_free(&b);
	}
}

static void publish_row(struct evidence *e, const char *verdict, struct archive *b, const char *what)
{
	archive_publish(b);
	evidence_row(e, "archive", verdict, "sealed so: %s", what);
	evidence_become(e, e->site, b, "");
	archive_free(&b);
}

static struct entry_segment last_of(const struct archive *a, struct hash *ret_leaf)
{
	uint64_t i = evidence_entry(a, "gate", "copy", EVIDENCE_LAST);
	struct entry e;

	if (entry_parse(a->entry[i], a->entry_len[i], &e, NULL))
		abort();
	*ret_leaf = a->leaf[i];
	return e.segment;
}

/* One more entry of the gate, for which no bytes are there: deleted at once, so that only the entry may be wrong. */
static void segment_row(struct evidence *e, const char *verdict, uint64_t number, int64_t later_us, bool broken, const char *what)
{
	struct archive *b = evidence_site();
	struct entry x = {.kind = ENTRY_SEGMENT};
	struct hash leaf;

	x.segment = last_of(b, &leaf);
	x.segment.previous = leaf;
	x.segment.number = number;
	x.segment.start_us += 2000000 + later_us;
	x.segment.previous.b[0] ^= broken;
	archive_append(b, &x);
	if (number > EVIDENCE_LAST)
		archive_delete(b, "gate", "copy", number, number, "operator");
	publish_row(e, verdict, b, what);
}

/* What the site itself signed. */
static void sealed(struct evidence *e)
{
	struct archive *b;

	segment_row(e, "good", EVIDENCE_LAST + 1, 0, false, "one more segment, deleted");
	segment_row(e, "good", EVIDENCE_LAST + 9, 0, false, "a number later");
	segment_row(e, "good", EVIDENCE_LAST + 1, 900000, false, "a second is not a hole");
	segment_row(e, "good", EVIDENCE_LAST + 1, -9000000, false, "a clock that was set back");
	segment_row(e, "unaccounted", EVIDENCE_LAST + 1, 1100000, false, "a hole of time without a gap");
	segment_row(e, "unaccounted", EVIDENCE_LAST + 1, 86400000000, false, "a day without a gap");
	segment_row(e, "order", EVIDENCE_LAST, 0, false, "a number twice");
	segment_row(e, "order", EVIDENCE_LAST - 3, 0, false, "a number again");
	segment_row(e, "order", EVIDENCE_LAST + 1, 0, true, "a chain that does not hold");
	b = evidence_site();
	b->encoder.b[3] ^= 1;
	archive_segment(b, "gate", "360p", EVIDENCE_LAST + 1, EVIDENCE_AT(EVIDENCE_LAST + 1), false);
	publish_row(e, "order", b, "a segment that names an encoder which no entry tells of");
	b = evidence_site();
	archive_encoder(b, "gate", "360p", "crf 30");
	archive_segment(b, "gate", "360p", EVIDENCE_LAST + 1, EVIDENCE_AT(EVIDENCE_LAST + 1), false);
	publish_row(e, "good", b, "another encoder");
	b = evidence_site();
	archive_delete(b, "gate", "copy", EVIDENCE_LAST, EVIDENCE_LAST + 4, "operator");
	publish_row(e, "order", b, "deleted before they were logged");
	b = evidence_site();
	archive_delete(b, "cellar", "copy", 1, 4, "operator");
	publish_row(e, "order", b, "deleted and never logged");
	b = evidence_site();
	archive_delete(b, "gate", "copy", EVIDENCE_FIRST, EVIDENCE_FIRST + 9, "operator");
	publish_row(e, "good", b, "deleted by an operator");
	b = evidence_site();
	archive_start(b, EVIDENCE_AT(EVIDENCE_LAST) + 9000000);
	publish_row(e, "good", b, "another run begins");
	b = evidence_site();
	archive_gap(b, "gate", EVIDENCE_AT(EVIDENCE_LAST) + 2000000, EVIDENCE_AT(EVIDENCE_LAST) + 9000000, "camera-away");
	publish_row(e, "good", b, "a gap at the end");
}

void evidence_archive_rows(struct evidence *e)
{
	footage(e);
	inits(e);
	extra_files(e);
	entries(e);
	tiles(e);
	checkpoints(e);
	order(e);
	sealed(e);
}
