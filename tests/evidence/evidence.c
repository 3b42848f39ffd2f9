/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clean archive, clip and segment, and how a row of the table is written. */
#include "evidence.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/text.h"
#include "base/wr.h"
#include "seal/proof.h"
#include "seal/tile.h"
#include "seal/tree.h"

#define PATH 4096

static void write_file(const char *path, const void *p, size_t n)
{
	FILE *f;

	if (io_make_folders(AT_FDCWD, path) || !(f = fopen(path, "we")))
		abort();
	if ((n && fwrite(p, 1, n, f) != n) || fclose(f))
		abort();
}

void evidence_row(struct evidence *e, const char *shape, const char *verdict, const char *fmt, ...)
{
	va_list ap;

	snprintf(e->id, sizeof e->id, "%c%03u", shape[0], ++e->rows);
	fprintf(e->table, "%s\t%s\t%s\t", e->id, shape, verdict);
	va_start(ap, fmt);
	vfprintf(e->table, fmt, ap);
	va_end(ap);
	fputc('\n', e->table);
}

void evidence_put(struct evidence *e, const char *path, const void *p, size_t n)
{
	char to[PATH];

	snprintf(to, sizeof to, "%s/delta/%s/%s", e->folder, e->id, path);
	write_file(to, p, n);
}

void evidence_gone(struct evidence *e, const char *path)
{
	char to[PATH];
	FILE *f;

	snprintf(to, sizeof to, "%s/delta/%s.gone", e->folder, e->id);
	if (io_make_folders(AT_FDCWD, to) || !(f = fopen(to, "ae")))
		abort();
	if (fprintf(f, "%s\n", path) < 0 || fclose(f))
		abort();
}

void evidence_key(struct evidence *e, const struct key_public *k)
{
	char to[PATH], vkey[KEY_VKEY + 1];

	key_vkey(k, vkey);
	strcat(vkey, "\n");
	snprintf(to, sizeof to, "%s/delta/%s.key", e->folder, e->id);
	write_file(to, vkey, strlen(vkey));
}

void evidence_flip(struct evidence *e, const struct archive_file *f, size_t at)
{
	uint8_t *copy = malloc(f->n);

	assert(copy && f->n);
	memcpy(copy, f->p, f->n);
	copy[at % f->n] ^= 1;
	evidence_put(e, f->path, copy, f->n);
	free(copy);
}

void evidence_become(struct evidence *e, struct archive *base, struct archive *b, const char *begin)
{
	for (size_t i = 0; i < b->nfiles; i++) {
		const struct archive_file *f = &b->file[i], *g = archive_find(base, f->path);

		if (!strncmp(f->path, begin, strlen(begin)) && (!g || g->n != f->n || memcmp(g->p, f->p, f->n)))
			evidence_put(e, f->path, f->p, f->n);
	}
	for (size_t i = 0; i < base->nfiles; i++)
		if (!archive_find(b, base->file[i].path))
			evidence_gone(e, base->file[i].path);
}

struct key_private *evidence_make_key(const char *name, uint8_t seed)
{
	static const uint8_t head[] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
	uint8_t der[sizeof head + 32];
	char base64[80], pem[256];
	struct key_private *k = NULL;
	const char *why;

	memcpy(der, head, sizeof head);
	for (unsigned i = 0; i < 32; i++)
		der[sizeof head + i] = (uint8_t)(seed + 7 * i);
	base64_encode(der, sizeof der, base64);
	snprintf(pem, sizeof pem, "-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\n", base64);
	if (key_read(name, pem, strlen(pem), &k, &why))
		abort();
	return k;
}

/* One segment of each of two cameras' renditions. */
static void round_of(struct archive *a, uint64_t n)
{
	a->epoch = n >= EVIDENCE_INIT;
	archive_segment(a, "gate", "copy", n, EVIDENCE_AT(n), true);
	archive_segment(a, "gate", "audio", n, EVIDENCE_AT(n), true);
	a->epoch = 0;
	archive_segment(a, "gate", "360p", n, EVIDENCE_AT(n), false);
	archive_segment(a, "yard", "copy", n, EVIDENCE_AT(n), true);
}

static void alarm_of(struct archive *a, int64_t time_us, bool begin)
{
	struct entry e = {.kind = ENTRY_ALARM, .alarm = {.camera = "gate", .alarm = "covered", .detail = "the picture is dark", .time_us = time_us, .begin = begin}};

	archive_append(a, &e);
}

static void config_of(struct archive *a, int64_t time_us)
{
	struct entry e = {.kind = ENTRY_CONFIG, .config = {.time_us = time_us, .changes = 1, .nchange = 1, .change = {"camera gate: overlay"}}};

	memset(e.config.site.b, 7, HASH_BYTES);
	archive_append(a, &e);
}

static void login_of(struct archive *a, int64_t time_us)
{
	struct entry e = {.kind = ENTRY_LOGIN, .login = {.time_us = time_us, .user = "guard", .address = "192.0.2.7", .accepted = true, .count = 1}};

	archive_append(a, &e);
}

static void watch_of(struct archive *a, uint64_t from, uint64_t to)
{
	struct entry e = {.kind = ENTRY_WATCH, .watch = {.user = "guard", .address = "192.0.2.7", .camera = "gate", .by = 1u << ENTRY_BY_PAGE,
		.rendition = {"copy", "audio"}, .nrenditions = 2, .from_number = from, .to_number = to, .from_us = EVIDENCE_AT(from),
		.to_us = EVIDENCE_AT(to), .bytes = 12345}};

	archive_append(a, &e);
}

static void count(struct archive *a, const struct evidence_footage *of, uint64_t *ret_segments, uint64_t *ret_bytes)
{
	for (uint64_t n = of->first; n <= of->last; n++) {
		uint64_t index = evidence_entry(a, "gate", of->rendition, n);
		struct entry e;

		if (n >= of->gone_first && n <= of->gone_last)
			continue;
		if (entry_parse(a->entry[index], a->entry_len[index], &e, NULL))
			abort();
		++*ret_segments;
		*ret_bytes += e.segment.bytes;
	}
}

void evidence_export(struct archive *a, const struct evidence_footage *of, const struct evidence_footage *beside)
{
	struct entry e = {.kind = ENTRY_EXPORT, .export = {.time_us = EVIDENCE_AT(EVIDENCE_LAST), .user = "guard", .camera = "gate",
		.from_us = EVIDENCE_AT(of->first), .to_us = EVIDENCE_AT(of->last) + 2000000}};

	snprintf(e.export.rendition, sizeof e.export.rendition, "%s", of->rendition);
	count(a, of, &e.export.segments, &e.export.bytes);
	if (beside) {
		snprintf(e.export.beside.rendition, sizeof e.export.beside.rendition, "%s", beside->rendition);
		count(a, beside, &e.export.beside.segments, &e.export.beside.bytes);
	}
	archive_append(a, &e);
}

void evidence_export_both(struct archive *a, const struct evidence_footage of[2])
{
	evidence_export(a, &of[0], &of[1]);
	evidence_export(a, &of[1], &of[0]);
}

struct archive *evidence_site(void)
{
	struct archive *a = archive_with(evidence_make_key(EVIDENCE_ORIGIN, 1));

	archive_start(a, EVIDENCE_AT(EVIDENCE_FIRST) - 1000000);
	archive_encoder(a, "gate", "360p", "crf 23");
	for (uint64_t n = EVIDENCE_FIRST; n <= EVIDENCE_LAST; n++) {
		if (n == EVIDENCE_AWAY) {
			archive_gap(a, "gate", EVIDENCE_AT(n - 1) + 2000000, EVIDENCE_AT(n), "camera-away");
			archive_gap(a, "yard", EVIDENCE_AT(n - 1) + 2000000, EVIDENCE_AT(n), "camera-away");
			alarm_of(a, EVIDENCE_AT(n), true);
		}
		if (n == EVIDENCE_AWAY + 4) {
			alarm_of(a, EVIDENCE_AT(n), false);
			config_of(a, EVIDENCE_AT(n));
		}
		if (n == EVIDENCE_LAST - 4)
			archive_delete(a, "yard", "copy", EVIDENCE_FIRST, EVIDENCE_FIRST + 3, "space");
		round_of(a, n);
	}
	login_of(a, EVIDENCE_AT(EVIDENCE_LAST));
	watch_of(a, EVIDENCE_FIRST, EVIDENCE_LAST);
	evidence_export_both(a, (const struct evidence_footage[]){{"copy", EVIDENCE_CLIP_FIRST, EVIDENCE_CLIP_LAST, 0, 0},
		{"audio", EVIDENCE_CLIP_FIRST, EVIDENCE_CLIP_LAST, 0, 0}});
	archive_stop(a, EVIDENCE_AT(EVIDENCE_LAST) + 2000000);
	archive_publish(a);
	return a;
}

uint64_t evidence_entry(const struct archive *a, const char *camera, const char *rendition, uint64_t number)
{
	struct entry e;

	for (uint64_t i = 0; i < a->size; i++)
		if (entry_parse(a->entry[i], a->entry_len[i], &e, NULL) == 0 && e.kind == ENTRY_SEGMENT && e.segment.number == number &&
		    !strcmp(e.segment.camera, camera) && !strcmp(e.segment.rendition, rendition))
			return i;
	abort();
}

void evidence_proof(struct archive *a, uint64_t index, uint64_t size, const struct buf *note, struct buf *out)
{
	struct archive_file *f = archive_find(a, "log/checkpoint"), newest = {.n = f->n, .p = malloc(f->n)};
	uint64_t all = a->size;

	assert(newest.p);
	memcpy(newest.p, f->p, f->n);
	a->size = size;
	if (note)
		archive_put(a, "log/checkpoint", buf_data(note), note->len);
	else if (size != all)
		archive_checkpoint(a, size, a->key);
	archive_proof(a, index, out);
	archive_put(a, "log/checkpoint", newest.p, newest.n);
	a->size = all;
	free(newest.p);
}

/* Whether an entry goes into the clip of the gate. */
static bool in_clip(const struct entry *e)
{
	switch (e->kind) {
	case ENTRY_SEGMENT:
		return !strcmp(e->segment.camera, "gate") && strcmp(e->segment.rendition, "360p") && e->segment.number >= EVIDENCE_CLIP_FIRST &&
		       e->segment.number <= EVIDENCE_CLIP_LAST;
	case ENTRY_GAP:
		return !strcmp(e->gap.camera, "gate");
	case ENTRY_ALARM:
	case ENTRY_CONFIG:
	case ENTRY_START:
	case ENTRY_EXPORT:
	case ENTRY_KEY:
		return true;
	default:
		return false;
	}
}

/* Init segment and segments first..last. */
static void clip_file(struct archive *site, struct archive *clip, const char *rendition, uint64_t first, uint64_t last, unsigned epoch)
{
	char path[VERIFY_PATH];
	uint8_t init[128];
	struct buf b;

	buf_init(&b, 1u << 20);
	if (buf_append(&b, init, archive_init("gate", rendition, epoch, init)))
		abort();
	for (uint64_t n = first; n <= last; n++) {
		const struct archive_file *f;

		archive_path("gate", rendition, n, path);
		f = archive_find(site, path);
		if (!f || buf_append(&b, f->p, f->n))
			abort();
	}
	snprintf(path, sizeof path, "gate-%s-%" PRIu64 "-%" PRIu64 ".mp4", rendition, first, last);
	archive_put(clip, path, buf_data(&b), b.len);
	buf_free(&b);
}

struct archive *evidence_clip(struct archive *site)
{
	static const char *const words[] = {"report.txt", "report.html", "verify.html"};
	struct archive *clip = archive_with(NULL);
	const struct archive_file *note = archive_find(site, "log/checkpoint");
	char path[VERIFY_PATH], vkey[KEY_VKEY + 1];
	struct entry e;

	for (uint64_t i = 0; i < site->size; i++) {
		struct buf proof;

		if (entry_parse(site->entry[i], site->entry_len[i], &e, NULL) || !in_clip(&e))
			continue;
		buf_init(&proof, PROOF_MAX_BYTES);
		archive_proof(site, i, &proof);
		snprintf(path, sizeof path, "proofs/%" PRIu64 ".tlog-proof", i);
		archive_put(clip, path, buf_data(&proof), proof.len);
		buf_free(&proof);
	}
	clip_file(site, clip, "copy", EVIDENCE_CLIP_FIRST, EVIDENCE_INIT - 1, 0);
	clip_file(site, clip, "copy", EVIDENCE_INIT, EVIDENCE_CLIP_LAST, 1);
	clip_file(site, clip, "audio", EVIDENCE_CLIP_FIRST, EVIDENCE_INIT - 1, 0);
	clip_file(site, clip, "audio", EVIDENCE_INIT, EVIDENCE_CLIP_LAST, 1);
	archive_put(clip, "checkpoint", note->p, note->n);
	key_vkey(key_public_of(site->key), vkey);
	strcat(vkey, "\n");
	archive_put(clip, "site.key.pub", vkey, strlen(vkey));
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
		archive_put(clip, words[i], "for people\n", 11);
	return clip;
}

static size_t line_at(const uint8_t *p, size_t n, size_t from)
{
	const uint8_t *end = from < n ? memchr(p + from, '\n', n - from) : NULL;

	return end ? (size_t)(end - p) + 1 : n;
}

bool evidence_line(const void *text, size_t n, unsigned i, enum evidence_edit how, struct buf *out)
{
	const uint8_t *p = text;
	size_t a = 0, b, c;

	while (i-- && a < n)
		a = line_at(p, n, a);
	b = line_at(p, n, a);
	c = line_at(p, n, b);
	if (a >= n || (how == EVIDENCE_SWAP && (b >= n || (b - a == c - b && !memcmp(p + a, p + b, b - a)))))
		return false;
	buf_clear(out);
	if (buf_append(out, p, a))
		abort();
	if (how == EVIDENCE_SWAP && (buf_append(out, p + b, c - b) || buf_append(out, p + a, b - a)))
		abort();
	if (how == EVIDENCE_TWICE && (buf_append(out, p + a, b - a) || buf_append(out, p + a, c - a)))
		abort();
	if (how == EVIDENCE_DROP && buf_append(out, p + b, c - b))
		abort();
	if (buf_append(out, p + c, n - c))
		abort();
	return true;
}

bool evidence_value(const void *text, size_t n, const char *field, const char *value, struct buf *out)
{
	const uint8_t *p = text;
	size_t len = strlen(field);

	for (size_t a = 0; a < n; a = line_at(p, n, a)) {
		size_t b = line_at(p, n, a);

		if (b - a <= len || memcmp(p + a, field, len) || p[a + len] != ' ')
			continue;
		buf_clear(out);
		if (buf_append(out, p, a) || buf_append_fmt(out, "%s %s\n", field, value) || buf_append(out, p + b, n - b))
			abort();
		return true;
	}
	return false;
}

static void write_all(const struct evidence *e, const struct archive *a, const char *shape)
{
	char to[PATH];

	for (size_t i = 0; i < a->nfiles; i++) {
		snprintf(to, sizeof to, "%s/clean/%s/%s", e->folder, shape, a->file[i].path);
		write_file(to, a->file[i].p, a->file[i].n);
	}
}

static void write_single(struct evidence *e)
{
	char to[PATH], path[VERIFY_PATH];
	const struct archive_file *f;

	archive_path("gate", "copy", EVIDENCE_SEGMENT, path);
	f = archive_find(e->site, path);
	e->segment_bytes = f->n;
	e->segment = malloc(f->n);
	assert(e->segment);
	memcpy(e->segment, f->p, f->n);
	archive_proof(e->site, evidence_entry(e->site, "gate", "copy", EVIDENCE_SEGMENT), &e->proof);
	snprintf(to, sizeof to, "%s/clean/segment/5.m4s", e->folder);
	write_file(to, e->segment, e->segment_bytes);
	snprintf(to, sizeof to, "%s/clean/segment/5.m4s.tlog-proof", e->folder);
	write_file(to, buf_data(&e->proof), e->proof.len);
}

static void write_key(const struct evidence *e)
{
	char to[PATH], vkey[KEY_VKEY + 1];

	key_vkey(key_public_of(e->site->key), vkey);
	strcat(vkey, "\n");
	snprintf(to, sizeof to, "%s/key", e->folder);
	write_file(to, vkey, strlen(vkey));
}

static void put_record(FILE *f, const void *p, size_t n)
{
	uint8_t head[4];
	struct wr w = wr_init(head, sizeof head);

	wr_u32(&w, (uint32_t)n);
	if (fwrite(head, 1, sizeof head, f) != sizeof head || (n && fwrite(p, 1, n, f) != n))
		abort();
}

#define MANY_TILES (EVIDENCE_MANY / TILE_WIDTH)

/* Roots of whole tiles, so that each is computed once. */
struct many {
	const struct archive *a;
	struct hash tile[MANY_TILES];
};

static int many_tile(void *ctx, unsigned level, uint64_t index, unsigned width, struct hash *ret)
{
	const struct many *m = ctx;

	memcpy(ret, (level ? m->tile : m->a->leaf) + index * TILE_WIDTH, width * sizeof *ret);
	return 0;
}

static void many_tiles(struct many *m)
{
	for (size_t i = 0; i < MANY_TILES; i++) {
		struct tree t = {0};

		for (size_t k = 0; k < TILE_WIDTH; k++)
			tree_append(&t, &m->a->leaf[i * TILE_WIDTH + k]);
		tree_root(&t, &m->tile[i]);
	}
}

static void many_proof(struct many *m, uint64_t index, struct buf *out)
{
	const struct archive_file *note = &m->a->file[0];
	struct tree_source src = {many_tile, m};
	struct proof p = {.index = index, .entry_len = m->a->entry_len[index], .note = (const char *)note->p, .note_len = note->n};

	memcpy(p.entry, m->a->entry[index], p.entry_len);
	buf_clear(out);
	if (tree_prove_inclusion(index, m->a->size, &src, p.path, &p.npath) || proof_write(out, &p))
		abort();
}

/* All of them under one checkpoint. */
static void write_many(const struct evidence *e)
{
	struct archive *a = archive_with(evidence_make_key(EVIDENCE_ORIGIN, 1));
	struct many m = {.a = a};
	char to[PATH];
	struct buf proof;
	FILE *f;

	snprintf(to, sizeof to, "%s/many", e->folder);
	f = fopen(to, "we");
	assert(f);
	a->media_bytes = 128;
	for (uint64_t n = 1; n <= EVIDENCE_MANY; n++)
		archive_segment(a, "gate", "copy", n, ARCHIVE_T0 + (int64_t)n * 2000000, false);
	archive_checkpoint(a, a->size, a->key);
	many_tiles(&m);
	buf_init(&proof, PROOF_MAX_BYTES);
	for (uint64_t n = 1; n <= EVIDENCE_MANY; n++) {
		uint8_t media[128];

		many_proof(&m, n - 1, &proof);
		put_record(f, media, archive_media(a, "gate", "copy", n, media));
		put_record(f, buf_data(&proof), proof.len);
	}
	buf_free(&proof);
	if (fclose(f))
		abort();
	archive_free(&a);
}

int evidence_write(const char *folder)
{
	struct evidence e = {.folder = folder};
	char to[PATH];

	snprintf(to, sizeof to, "%s/table", folder);
	e.table = fopen(to, "we");
	if (!e.table)
		return -errno;
	buf_init(&e.proof, PROOF_MAX_BYTES);
	e.site = evidence_site();
	e.clip = evidence_clip(e.site);
	write_all(&e, e.site, "archive");
	write_all(&e, e.clip, "clip");
	write_single(&e);
	write_key(&e);
	evidence_segment_rows(&e);
	evidence_clip_rows(&e);
	evidence_archive_rows(&e);
	evidence_key_rows(&e);
	evidence_account_rows(&e);
	evidence_witness_rows(&e);
	write_many(&e);
	buf_free(&e.proof);
	free(e.segment);
	archive_free(&e.site);
	archive_free(&e.clip);
	return fclose(e.table) ? -errno : 0;
}
