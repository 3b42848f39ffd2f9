/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/wr.h"
#include "seal/proof.h"
#include "seal/tile.h"
#include "seal/tree.h"

#define DURATION_MS 2000

struct archive *archive_new(const char *origin)
{
	struct key_private *key = NULL;

	assert(key_generate(origin, &key) == 0);
	return archive_with(key);
}

struct archive *archive_with(struct key_private *key)
{
	struct archive *a = calloc(1, sizeof *a);

	assert(a);
	a->key = key;
	a->media_bytes = 300;
	a->entry = calloc(ARCHIVE_ENTRIES, sizeof *a->entry);
	a->entry_len = calloc(ARCHIVE_ENTRIES, sizeof *a->entry_len);
	a->leaf = calloc(ARCHIVE_ENTRIES, sizeof *a->leaf);
	assert(a->entry && a->entry_len && a->leaf);
	return a;
}

void archive_free(struct archive **a)
{
	for (size_t i = 0; i < (*a)->nfiles; i++)
		free((*a)->file[i].p);
	key_free(&(*a)->key);
	free((*a)->entry);
	free((*a)->entry_len);
	free((*a)->leaf);
	free(*a);
	*a = NULL;
}

struct archive_file *archive_find(struct archive *a, const char *path)
{
	for (size_t i = 0; i < a->nfiles; i++)
		if (!strcmp(a->file[i].path, path))
			return &a->file[i];
	return NULL;
}

void archive_put(struct archive *a, const char *path, const void *p, size_t n)
{
	struct archive_file *f = archive_find(a, path);
	uint8_t *copy = malloc(n + 1);

	assert(copy && a->nfiles < ARCHIVE_FILES);
	memcpy(copy, p, n);
	if (!f) {
		f = &a->file[a->nfiles++];
		snprintf(f->path, sizeof f->path, "%s", path);
	} else {
		free(f->p);
	}
	f->p = copy;
	f->n = n;
}

void archive_remove(struct archive *a, const char *path)
{
	struct archive_file *f = archive_find(a, path);

	assert(f);
	free(f->p);
	*f = a->file[--a->nfiles];
}

static void append_bytes(struct archive *a, const void *p, size_t n)
{
	assert(a->size < ARCHIVE_ENTRIES);
	memcpy(a->entry[a->size], p, n);
	a->entry_len[a->size] = n;
	hash_leaf(p, n, &a->leaf[a->size]);
	a->size++;
}

uint64_t archive_append(struct archive *a, const struct entry *e)
{
	uint8_t text[ENTRY_MAX_BYTES];
	size_t n;
	int rc = entry_write(e, text, &n);

	assert(rc == 0);
	append_bytes(a, text, n);
	return a->size - 1;
}

void archive_path(const char *camera, const char *rendition, uint64_t number, char out[VERIFY_PATH])
{
	snprintf(out, VERIFY_PATH, "footage/%s/%s/%06" PRIu64 "/%" PRIu64 ".m4s", camera, rendition, number / 1000, number);
}

/* Leaf of the rendition's last segment, zeros if there is none. */
static struct hash last_leaf(const struct archive *a, const char *camera, const char *rendition)
{
	for (uint64_t i = a->size; i-- > 0;) {
		struct entry e;

		if (entry_parse(a->entry[i], a->entry_len[i], &e, NULL) == 0 && e.kind == ENTRY_SEGMENT && !strcmp(e.segment.camera, camera) &&
		    !strcmp(e.segment.rendition, rendition))
			return a->leaf[i];
	}
	return (struct hash){{0}};
}

size_t archive_init(const char *camera, const char *rendition, unsigned epoch, uint8_t out[128])
{
	struct wr w = wr_init(out, 128);

	wr_be(&w, 16, 4);
	wr_bytes(&w, "ftypcmf2\0\0\0\0", 12);
	wr_be(&w, 80, 4);
	wr_bytes(&w, "moov", 4);
	wr_fmt(&w, "init %u of %s/%s", epoch, camera, rendition);
	while (w.len < 96)
		wr_be(&w, 0, 1);
	assert(!w.bad);
	return w.len;
}

size_t archive_media(const struct archive *a, const char *camera, const char *rendition, uint64_t number, uint8_t *out)
{
	for (size_t i = 0; i < a->media_bytes; i++)
		out[i] = (uint8_t)(i * 7 + number + (uint8_t)camera[0] * 3 + (uint8_t)rendition[0]);
	memcpy(out, &number, sizeof number);
	return a->media_bytes - number % 50;
}

uint64_t archive_segment(struct archive *a, const char *camera, const char *rendition, uint64_t number, int64_t start_us, bool kept)
{
	struct entry e = {.kind = ENTRY_SEGMENT};
	struct entry_segment *s = &e.segment;
	char path[VERIFY_PATH], hex[HASH_HEX];
	uint8_t init[128];
	size_t ninit = archive_init(camera, rendition, a->epoch, init);
	uint8_t *media = malloc(a->media_bytes);

	snprintf(s->camera, sizeof s->camera, "%s", camera);
	snprintf(s->rendition, sizeof s->rendition, "%s", rendition);
	assert(media);
	s->number = number;
	s->bytes = archive_media(a, camera, rendition, number, media);
	hash_bytes(media, s->bytes, &s->media);
	hash_bytes(init, ninit, &s->init);
	s->start_us = start_us;
	s->duration_ms = DURATION_MS;
	s->previous = last_leaf(a, camera, rendition);
	s->has_encoder = a->has_encoder && strcmp(rendition, "copy") && strcmp(rendition, "audio");
	s->encoder = a->encoder;
	if (strcmp(rendition, "copy") && strcmp(rendition, "audio"))
		s->source = a->source;
	if (kept) {
		archive_path(camera, rendition, number, path);
		archive_put(a, path, media, s->bytes);
		hash_hex(&s->init, hex);
		snprintf(path, sizeof path, "footage/%s/%s/init-%.16s.mp4", camera, rendition, hex);
		archive_put(a, path, init, ninit);
	}
	free(media);
	return archive_append(a, &e);
}

void archive_gap(struct archive *a, const char *camera, int64_t from_us, int64_t to_us, const char *why)
{
	struct entry e = {.kind = ENTRY_GAP, .gap = {.from_us = from_us, .to_us = to_us}};

	snprintf(e.gap.camera, sizeof e.gap.camera, "%s", camera);
	snprintf(e.gap.why, sizeof e.gap.why, "%s", why);
	archive_append(a, &e);
}

void archive_delete(struct archive *a, const char *camera, const char *rendition, uint64_t from, uint64_t to, const char *why)
{
	struct entry e = {.kind = ENTRY_DELETE, .del = {.from_number = from, .to_number = to, .bytes = 300}};
	char path[VERIFY_PATH];

	snprintf(e.del.camera, sizeof e.del.camera, "%s", camera);
	snprintf(e.del.rendition, sizeof e.del.rendition, "%s", rendition);
	snprintf(e.del.why, sizeof e.del.why, "%s", why ? why : "x");
	if (why)
		archive_append(a, &e);
	for (uint64_t n = from; n <= to; n++) {
		archive_path(camera, rendition, n, path);
		if (archive_find(a, path))
			archive_remove(a, path);
	}
}

void archive_encoder(struct archive *a, const char *camera, const char *rendition, const char *settings)
{
	struct entry e = {.kind = ENTRY_ENCODER, .encoder = {.time_us = ARCHIVE_T0, .encoder = "x264 164"}};

	snprintf(e.encoder.camera, sizeof e.encoder.camera, "%s", camera);
	snprintf(e.encoder.rendition, sizeof e.encoder.rendition, "%s", rendition);
	snprintf(e.encoder.settings, sizeof e.encoder.settings, "%s", settings);
	a->encoder = a->leaf[archive_append(a, &e)];
	a->has_encoder = true;
}

void archive_start(struct archive *a, int64_t time_us)
{
	struct entry e = {.kind = ENTRY_START, .start = {.time_us = time_us, .program = "casemate 0.1.0", .nkeep = 2, .keep = {"copy", "audio"}}};

	key_vkey(key_public_of(a->key), e.start.key);
	archive_append(a, &e);
}

void archive_stop(struct archive *a, int64_t time_us)
{
	struct entry e = {.kind = ENTRY_STOP, .stop = {.time_us = time_us, .why = "asked"}};

	archive_append(a, &e);
}

static void put_tile(struct archive *a, const struct tile *t, const void *p, size_t n)
{
	char path[TILE_PATH], full[VERIFY_PATH];

	tile_path(t, path);
	snprintf(full, sizeof full, "log/%s", path);
	archive_put(a, full, p, n);
}

static void root_of(const struct hash *leaf, uint64_t n, struct hash *ret)
{
	struct tree t = {0};

	for (uint64_t i = 0; i < n; i++)
		tree_append(&t, &leaf[i]);
	tree_root(&t, ret);
}

static void put_bundle(struct archive *a, uint64_t index, unsigned width)
{
	struct tile t = {.entries = true, .index = index, .width = width};
	struct buf b;

	buf_init(&b, TILE_BUNDLE_MAX_BYTES);
	for (uint64_t i = index * TILE_WIDTH; i < index * TILE_WIDTH + width; i++)
		assert(tile_bundle_add(&b, a->entry[i], a->entry_len[i]) == 0);
	put_tile(a, &t, buf_data(&b), b.len);
	buf_free(&b);
}

void archive_tiles(struct archive *a, uint64_t size)
{
	for (size_t i = a->nfiles; i-- > 0;)
		if (strstr(a->file[i].path, ".p/"))
			archive_remove(a, a->file[i].path);
	for (unsigned level = 0; size >> 8 * level; level++) {
		uint64_t each = (uint64_t)1 << 8 * level;
		struct hash h[TILE_WIDTH];
		unsigned width;

		for (uint64_t index = 0; (width = tile_width(size, level, index)); index++) {
			struct tile t = {.level = level, .index = index, .width = width};

			for (unsigned i = 0; i < width; i++)
				root_of(a->leaf + (index * TILE_WIDTH + i) * each, each, &h[i]);
			put_tile(a, &t, h, width * sizeof *h);
			if (level == 0)
				put_bundle(a, index, width);
		}
	}
}

void archive_checkpoint(struct archive *a, uint64_t size, const struct key_private *key)
{
	struct hash root;
	struct buf note;

	buf_init(&note, CHECKPOINT_MAX_BYTES);
	root_of(a->leaf, size, &root);
	assert(checkpoint_sign(&note, size, &root, key) == 0);
	archive_put(a, "log/checkpoint", buf_data(&note), note.len);
	buf_free(&note);
}

void archive_publish(struct archive *a)
{
	archive_tiles(a, a->size);
	archive_checkpoint(a, a->size, a->key);
}

static int tile_of(void *ctx, unsigned level, uint64_t index, unsigned width, struct hash *ret)
{
	const struct archive *a = ctx;
	uint64_t each = (uint64_t)1 << 8 * level;

	for (unsigned i = 0; i < width; i++)
		root_of(a->leaf + (index * TILE_WIDTH + i) * each, each, &ret[i]);
	return 0;
}

void archive_proof(struct archive *a, uint64_t index, struct buf *out)
{
	const struct archive_file *note = archive_find(a, "log/checkpoint");
	struct tree_source src = {tile_of, a};
	struct proof p = {.index = index, .entry_len = a->entry_len[index], .note = (const char *)note->p, .note_len = note->n};
	int rc = tree_prove_inclusion(index, a->size, &src, p.path, &p.npath);

	memcpy(p.entry, a->entry[index], p.entry_len);
	assert(rc == 0 && proof_write(out, &p) == 0);
}

int archive_get(void *ctx, const char *path, struct buf *out)
{
	struct archive *a = ctx;
	const struct archive_file *f = archive_find(a, path);

	return f ? buf_append(out, f->p, f->n) : -ENOENT;
}

static int hash(void *ctx, const char *path, uint64_t max_bytes, struct hasher *h, uint64_t *ret_bytes)
{
	const struct archive_file *f = archive_find(ctx, path);

	if (!f)
		return -ENOENT;
	if (f->n > max_bytes)
		return -EFBIG;
	hasher_update(h, f->p, f->n);
	*ret_bytes = f->n;
	return 0;
}

static int part(void *ctx, const char *path, uint64_t at, size_t n, struct buf *out)
{
	const struct archive_file *f = archive_find(ctx, path);
	size_t left = f && at < f->n ? f->n - at : 0;

	return f ? buf_append(out, f->p + (f->n - left), n < left ? n : left) : -ENOENT;
}

static int list(void *ctx, const char *folder, int (*each)(void *arg, const char *path), void *arg)
{
	struct archive *a = ctx;
	int rc = 0;

	for (size_t i = 0; i < a->nfiles && !rc; i++)
		if (!strncmp(a->file[i].path, folder, strlen(folder)))
			rc = each(arg, a->file[i].path);
	return rc;
}

/* As of a clip's folder: each file lies in it, whatever its name. */
static int list_all(void *ctx, const char *folder, int (*each)(void *arg, const char *path), void *arg)
{
	const struct archive *a = ctx;
	char path[VERIFY_PATH + 2];
	int rc = 0;

	for (size_t i = 0; i < a->nfiles && !rc; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, a->file[i].path);
		rc = each(arg, path);
	}
	return rc;
}

struct verify_source archive_folder(struct archive *a)
{
	return (struct verify_source){.get = archive_get, .part = part, .list = list_all, .ctx = a};
}

static bool again(void *ctx)
{
	struct archive *a = ctx;

	if (!a->waits)
		return false;
	a->waits--;
	if (a->then)
		a->then(a);
	return true;
}

struct verify_report *archive_verify(struct archive *a, const struct verify_filter *filter, bool can_list)
{
	static const struct verify_filter all = {NULL, INT64_MIN, INT64_MAX};
	struct verify_source src = {.get = archive_get, .hash = hash, .part = part, .list = can_list ? list : NULL, .again = a->waits ? again : NULL, .ctx = a};
	struct verify_report *r = NULL;

	if (verify_run(&src, key_public_of(a->key), filter ? filter : &all, &r))
		abort();
	return r;
}

bool archive_named(const struct verify_report *r, const char *camera, const char *rendition, uint64_t number)
{
	for (uint64_t i = 0; i < r->nproblems && i < VERIFY_PROBLEMS_MAX; i++) {
		const struct verify_problem *p = &r->problem[i];

		if (strcmp(p->camera, camera) || (rendition && strcmp(p->rendition, rendition)))
			continue;
		if (number == 0 || (p->first <= number && (p->last >= number || (p->last == 0 && p->first))))
			return true;
	}
	return false;
}

/* One round of footage: three cameras, five renditions. */
void archive_round(struct archive *a, uint64_t n, int64_t start_us)
{
	archive_segment(a, "gate-1", "copy", n, start_us, true);
	archive_segment(a, "gate-1", "audio", n, start_us, true);
	if (n % 3)  /* an encoded rendition may lack a segment */
		archive_segment(a, "gate-1", "360p", n, start_us, false);
	archive_segment(a, "yard", "copy", n, start_us + 13000, true);
	archive_segment(a, "door", "audio", n, start_us + 27000, true);
}

struct archive *archive_example(void)
{
	struct archive *a = archive_new("site.example");
	int64_t off = 0;

	archive_start(a, ARCHIVE_T0 - 1000000);
	for (uint64_t n = 950; n < 950 + ARCHIVE_SEGMENTS; n++) {
		if (n == 1001) {
			off = 60000000;
			archive_start(a, ARCHIVE_AT(51) + off);
			archive_gap(a, "gate-1", ARCHIVE_AT(51), ARCHIVE_AT(51) + off, "restart");
			archive_gap(a, "yard", ARCHIVE_AT(51) + 13000, ARCHIVE_AT(51) + off, "restart");
			archive_gap(a, "door", ARCHIVE_AT(51) + 27000, ARCHIVE_AT(51) + off, "restart");
		}
		if (n == 1050)
			archive_delete(a, "yard", "copy", 950, 959, "space");
		archive_round(a, n, ARCHIVE_AT(n - 950) + off);
	}
	archive_publish(a);
	return a;
}

char *archive_explain(const struct verify_report *r)
{
	static struct buf b;

	buf_free(&b);
	buf_init(&b, 1u << 20);
	verify_print(r, &b);
	buf_append(&b, "", 1);
	return (char *)buf_data(&b);
}

void archive_flip(struct archive *a, const char *path, size_t at)
{
	struct archive_file *f = archive_find(a, path);

	assert(f);
	f->p[at % f->n] ^= 0x10;
}

void archive_flip_segment(struct archive *a, const char *camera, const char *rendition, uint64_t n, size_t at)
{
	char path[VERIFY_PATH];

	archive_path(camera, rendition, n, path);
	archive_flip(a, path, at);
}
