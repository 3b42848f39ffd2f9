/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mutations of a clip: its films, its proofs, its checkpoint, what is missing and what lies there besides. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "evidence.h"
#include "seal/proof.h"

#define INIT_BYTES 96

static const char *const film[] = {"gate-copy-990-1005.mp4", "gate-copy-1006-1012.mp4", "gate-audio-990-1005.mp4", "gate-audio-1006-1012.mp4"};
#define FILMS (sizeof film / sizeof *film)

static const struct archive_file *file(struct evidence *e, const char *path)
{
	const struct archive_file *f = archive_find(e->clip, path);

	assert(f);
	return f;
}

static void proof_path(const struct evidence *e, const char *rendition, uint64_t number, char out[VERIFY_PATH])
{
	snprintf(out, VERIFY_PATH, "proofs/%" PRIu64 ".tlog-proof", evidence_entry(e->site, "gate", rendition, number));
}

static void flips(struct evidence *e, const struct archive_file *f, size_t from, size_t step)
{
	for (size_t at = from; at < f->n; at += step) {
		evidence_row(e, "clip", "changed", "a bit of byte %zu of %s", at, f->path);
		evidence_flip(e, f, at);
	}
}

static void put(struct evidence *e, const char *verdict, const char *what, const char *path, const void *p, size_t n)
{
	evidence_row(e, "clip", verdict, "%s: %s", path, what);
	evidence_put(e, path, p, n);
}

static void move(struct evidence *e, const char *verdict, const char *from, const char *to)
{
	const struct archive_file *f = file(e, from);

	evidence_row(e, "clip", verdict, "%s is called %s", from, to);
	evidence_gone(e, from);
	evidence_put(e, to, f->p, f->n);
}

/* The film with bytes a..b taken out, or with them twice. */
static void without(struct evidence *e, const char *what, const struct archive_file *f, size_t a, size_t b, bool twice)
{
	uint8_t *copy = malloc(2 * f->n);

	assert(copy && a <= b && b <= f->n);
	memcpy(copy, f->p, f->n);
	if (twice)
		memcpy(copy + b, f->p + a, f->n - a);
	else
		memcpy(copy + a, f->p + b, f->n - b);
	put(e, "changed", what, f->path, copy, twice ? f->n + b - a : f->n - (b - a));
	free(copy);
}

static size_t bytes_of(const struct evidence *e, const char *rendition, uint64_t number)
{
	char path[VERIFY_PATH];

	archive_path("gate", rendition, number, path);
	return archive_find(e->site, path)->n;
}

static void swapped(struct evidence *e, const struct archive_file *f)
{
	uint8_t *copy = malloc(f->n);
	size_t a = bytes_of(e, "copy", 990), b = bytes_of(e, "copy", 991);

	assert(copy);
	memcpy(copy, f->p, f->n);
	memcpy(copy + INIT_BYTES, f->p + INIT_BYTES + a, b);
	memcpy(copy + INIT_BYTES + b, f->p + INIT_BYTES, a);
	put(e, "changed", "its first two segments in the other order", f->path, copy, f->n);
	free(copy);
}

static void films(struct evidence *e)
{
	for (size_t i = 0; i < FILMS; i++) {
		const struct archive_file *f = file(e, film[i]);
		uint8_t *more = malloc(f->n + 200);

		assert(more);
		memcpy(more, f->p, f->n);
		memset(more + f->n, 0, 200);
		flips(e, f, 5 + i, i ? 337 : 97);
		for (size_t at = 0; at < INIT_BYTES; at += 24) {
			evidence_row(e, "clip", "changed", "a bit of byte %zu of the init segment of %s", at, f->path);
			evidence_flip(e, f, at);
		}
		put(e, "extra", "a byte behind it", f->path, more, f->n + 1);
		put(e, "extra", "200 bytes behind it", f->path, more, f->n + 200);
		put(e, "changed", "without its last byte", f->path, f->p, f->n - 1);
		put(e, "changed", "cut in half", f->path, f->p, f->n / 2);
		put(e, "changed", "only its init segment", f->path, f->p, INIT_BYTES);
		put(e, "changed", "empty", f->path, f->p, 0);
		without(e, "without its init segment", f, 0, INIT_BYTES, false);
		without(e, "its init segment twice", f, 0, INIT_BYTES, true);
		without(e, "without its first segment", f, INIT_BYTES, INIT_BYTES + bytes_of(e, "copy", i % 2 ? 1006 : 990), false);
		without(e, "its first segment twice", f, INIT_BYTES, INIT_BYTES + bytes_of(e, "copy", i % 2 ? 1006 : 990), true);
		put(e, "changed", "the bytes of another film", f->path, file(e, film[(i + 1) % FILMS])->p, file(e, film[(i + 1) % FILMS])->n);
		evidence_row(e, "clip", "missing", "%s is gone", f->path);
		evidence_gone(e, f->path);
		free(more);
	}
	swapped(e, file(e, film[0]));
}

static void names(struct evidence *e)
{
	move(e, "missing", film[0], "gate-copy-991-1005.mp4");
	move(e, "missing", film[0], "gate-copy-989-1005.mp4");
	move(e, "missing", film[0], "gate-copy-990-1004.mp4");
	move(e, "missing", film[1], "gate-copy-1006-1013.mp4");
	move(e, "missing", film[1], "gate-copy-1007-1012.mp4");
	move(e, "extra", film[0], "yard-copy-990-1005.mp4");
	move(e, "extra", film[0], "gate-360p-990-1005.mp4");
	move(e, "missing", film[0], "gate-audi-990-1005.mp4");
	move(e, "extra", film[0], "gate-copy-990-1005.MP4");
	move(e, "extra", film[0], "gate-copy-0990-1005.mp4");
	move(e, "extra", film[0], "gate-copy-1005-990.mp4");
	move(e, "extra", film[0], "gate-copy-990-1005.mp4.tmp");
	move(e, "missing", film[0], "sub/gate-copy-990-1005.mp4");
}

static void extra_files(struct evidence *e)
{
	static const char *const path[] = {
		"gate-copy-1013-1013.mp4", "gate-copy-1.mp4", "film.mp4", "notes.txt", "proofs/x", "proofs/1.tlog-proof.tmp", "proofs/007.tlog-proof",
		"footage/gate/copy/000001/1003.m4s", "log/checkpoint", ".hidden",
	};
	static const char *const helpful[] = {"report.txt", "report.html", "verify.html", "site.key.pub"};
	struct key_private *other = evidence_make_key(EVIDENCE_ORIGIN, 2);
	char vkey[KEY_VKEY];

	for (size_t i = 0; i < sizeof path / sizeof *path; i++)
		put(e, "extra", "a file that nobody sealed", path[i], "hello", 5);
	for (size_t i = 0; i < sizeof helpful / sizeof *helpful; i++) {
		put(e, "good", "says something else; nothing depends on it", helpful[i], "hello", 5);
		evidence_row(e, "clip", "good", "%s is gone; nothing depends on it", helpful[i]);
		evidence_gone(e, helpful[i]);
	}
	key_vkey(key_public_of(other), vkey);
	put(e, "good", "another key; the one that is given counts", "site.key.pub", vkey, strlen(vkey));
	evidence_row(e, "clip", "unsigned", "another key of the same name is given");
	evidence_key(e, key_public_of(other));
	key_free(&other);
	other = evidence_make_key("another.example", 1);
	evidence_row(e, "clip", "unsigned", "the same key by another name is given");
	evidence_key(e, key_public_of(other));
	key_free(&other);
}

static void checkpoints(struct evidence *e)
{
	const struct archive_file *f = file(e, "checkpoint");
	uint8_t text[4096];

	assert(f->n + 64 < sizeof text);
	for (size_t at = 0; at < f->n; at += 9) {
		evidence_row(e, "clip", "unsigned", "a bit of byte %zu of the checkpoint", at);
		evidence_flip(e, f, at);
	}
	put(e, "unsigned", "empty", "checkpoint", "", 0);
	put(e, "unsigned", "without its last byte", "checkpoint", f->p, f->n - 1);
	evidence_row(e, "clip", "unreadable", "no checkpoint");
	evidence_gone(e, "checkpoint");
	memcpy(text, f->p, f->n);
	memcpy(text + f->n, EVIDENCE_UNKNOWN, strlen(EVIDENCE_UNKNOWN));
	put(e, "good", "a signature line of somebody unknown behind it", "checkpoint", text, f->n + strlen(EVIDENCE_UNKNOWN));
}

/* Another checkpoint of the same log in the place of the clip's, with proofs under the clip's. */
static void older_checkpoint(struct evidence *e)
{
	struct archive_file *f;
	uint64_t all = e->site->size;

	archive_checkpoint(e->site, all - 1, e->site->key);
	f = archive_find(e->site, "log/checkpoint");
	put(e, "log", "an older one of this log: the proofs are not under it", "checkpoint", f->p, f->n);
	archive_checkpoint(e->site, all, e->site->key);
}

static void gone_proof(struct evidence *e, const char *verdict, uint64_t index, const char *what)
{
	char path[VERIFY_PATH];

	snprintf(path, sizeof path, "proofs/%" PRIu64 ".tlog-proof", index);
	if (!archive_find(e->clip, path))
		return;
	evidence_row(e, "clip", verdict, "%s's proof is gone", what);
	evidence_gone(e, path);
}

static void gone_proofs(struct evidence *e)
{
	struct entry x;
	char what[64];

	for (uint64_t n = EVIDENCE_CLIP_FIRST; n <= EVIDENCE_CLIP_LAST; n++) {
		bool at_end = n == EVIDENCE_CLIP_FIRST || n == EVIDENCE_CLIP_LAST;

		snprintf(what, sizeof what, "segment %" PRIu64, n);
		gone_proof(e, at_end ? "missing" : "order", evidence_entry(e->site, "gate", "copy", n), what);
		if (n % 4 == 0)
			gone_proof(e, at_end ? "missing" : "order", evidence_entry(e->site, "gate", "audio", n), what);
	}
	for (uint64_t i = 0; i < e->site->size; i++) {
		if (entry_parse(e->site->entry[i], e->site->entry_len[i], &x, NULL))
			abort();
		if (x.kind == ENTRY_GAP)
			gone_proof(e, "unaccounted", i, "the gap");
		if (x.kind == ENTRY_ALARM)
			gone_proof(e, "good", i, "an alarm");
		if (x.kind == ENTRY_CONFIG)
			gone_proof(e, "good", i, "a change of the site file");
		if (x.kind == ENTRY_EXPORT)
			gone_proof(e, "missing", i, "an export");
	}
}

static void write_proof(struct evidence *e, const char *verdict, const char *path, const struct proof *p, const char *what)
{
	struct buf out;

	buf_init(&out, PROOF_MAX_BYTES);
	if (proof_write(&out, p))
		abort();
	put(e, verdict, what, path, buf_data(&out), out.len);
	buf_free(&out);
}

static void proof_fields(struct evidence *e, const char *path, const struct proof *clean)
{
	static const struct { const char *field, *value; } other[] = {
		{"start", "2026-11-22T15:30:00.000Z"}, {"duration", "2.001"}, {"clock", "rtcp 0"}, {"rendition", "audiO"},
		{"source", "sha256:0000000000000000000000000000000000000000000000000000000000000001"},
		{"previous", "0000000000000000000000000000000000000000000000000000000000000000"},
	};
	struct proof p = *clean;
	struct buf text;

	buf_init(&text, ENTRY_MAX_BYTES);
	for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
		if (!evidence_value(clean->entry, clean->entry_len, other[i].field, other[i].value, &text))
			abort();
		p = *clean;
		memcpy(p.entry, buf_data(&text), text.len);
		p.entry_len = text.len;
		write_proof(e, "log", path, &p, other[i].field);
	}
	for (size_t i = 0; i < clean->npath; i += 3) {
		p = *clean;
		p.path[i].b[5] ^= 4;
		write_proof(e, "log", path, &p, "a hash of its path is another");
	}
	p = *clean;
	p.index++;
	write_proof(e, "log", path, &p, "another index");
	p = *clean;
	p.npath--;
	write_proof(e, "log", path, &p, "its path without the last hash");
	buf_free(&text);
}

static void proofs(struct evidence *e)
{
	char path[VERIFY_PATH], next[VERIFY_PATH];
	struct proof p;

	for (uint64_t n = EVIDENCE_CLIP_FIRST; n <= EVIDENCE_CLIP_LAST; n += 5) {
		const struct archive_file *f, *g;

		proof_path(e, "copy", n, path);
		proof_path(e, "copy", n + 1, next);
		f = file(e, path);
		g = file(e, next);
		if (proof_parse(f->p, f->n, &p, NULL))
			abort();
		proof_fields(e, path, &p);
		put(e, "log", "empty", path, "", 0);
		put(e, "log", "cut off", path, f->p, f->n / 3);
		put(e, "log", "the next segment's proof", path, g->p, g->n);
		evidence_row(e, "clip", "log", "%s and %s change places", path, next);
		evidence_put(e, path, g->p, g->n);
		evidence_put(e, next, f->p, f->n);
		evidence_row(e, "clip", "log", "a bit of the checkpoint in %s", path);
		evidence_flip(e, f, f->n - 40);
		evidence_row(e, "clip", "log", "%s is called by another index", path);
		evidence_gone(e, path);
		evidence_put(e, "proofs/1.tlog-proof", f->p, f->n);
	}
}

/* More of the log than the clip needs does no harm. */
static void more_proofs(struct evidence *e)
{
	char path[VERIFY_PATH];
	struct buf out;

	buf_init(&out, PROOF_MAX_BYTES);
	evidence_proof(e->site, e->site->size - 1, e->site->size, NULL, &out);
	snprintf(path, sizeof path, "proofs/%" PRIu64 ".tlog-proof", e->site->size - 1);
	put(e, "good", "the proof of the stop entry besides", path, buf_data(&out), out.len);
	buf_clear(&out);
	proof_path(e, "copy", EVIDENCE_CLIP_LAST + 1, path);
	evidence_proof(e->site, evidence_entry(e->site, "gate", "copy", EVIDENCE_CLIP_LAST + 1), e->site->size, NULL, &out);
	put(e, "missing", "the proof of a segment whose bytes are not there", path, buf_data(&out), out.len);
	buf_free(&out);
}

/* The last segment taken away with its proof, and the film called by what is left: only the export entry tells. */
static void shortened(struct evidence *e)
{
	const struct archive_file *f = file(e, film[1]);
	char path[VERIFY_PATH];

	evidence_row(e, "clip", "missing", "the last segment is gone with its proof and out of the file's name");
	evidence_gone(e, film[1]);
	evidence_put(e, "gate-copy-1006-1011.mp4", f->p, f->n - bytes_of(e, "copy", EVIDENCE_CLIP_LAST));
	proof_path(e, "copy", EVIDENCE_CLIP_LAST, path);
	evidence_gone(e, path);
}

/* Appends segments first..last, as they were sealed. */
static void append_segments(struct evidence *e, uint64_t first, uint64_t last, struct buf *out)
{
	char path[VERIFY_PATH];

	for (uint64_t n = first; n <= last; n++) {
		const struct archive_file *f;

		archive_path("gate", "copy", n, path);
		f = archive_find(e->site, path);
		assert(f);
		if (buf_append(out, f->p, f->n))
			abort();
	}
}

/* A film with four segments taken out of its middle, which lie in one of their own: sealed bytes all, and which counts? */
static void taken_out(struct evidence *e, const struct archive_file *f)
{
	struct buf outer, inner;

	buf_init(&outer, 1u << 20);
	buf_init(&inner, 1u << 20);
	if (buf_append(&outer, f->p, INIT_BYTES) || buf_append(&inner, f->p, INIT_BYTES))
		abort();
	append_segments(e, EVIDENCE_CLIP_FIRST, 992, &outer);
	append_segments(e, 997, EVIDENCE_INIT - 1, &outer);
	append_segments(e, 993, 996, &inner);
	put(e, "extra", "without four segments, which lie in a film of their own", f->path, buf_data(&outer), outer.len);
	evidence_put(e, "gate-copy-993-996.mp4", buf_data(&inner), inner.len);
	put(e, "extra", "four segments once more", "gate-copy-993-996.mp4", buf_data(&inner), inner.len);
	buf_free(&outer);
	buf_free(&inner);
}

/* A film beside those that there are: within one, around one, over the edge of two. */
static void overlaps(struct evidence *e)
{
	static const struct { uint64_t first, last; } beside[] = {
		{990, 990}, {993, 996}, {1005, 1005}, {1012, 1012}, {1003, 1008}, {980, 1020}, {990, 1012}, {980, 990}, {1012, 1013},
	};
	const struct archive_file *f = file(e, film[0]);
	char path[VERIFY_PATH];

	for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
		snprintf(path, sizeof path, "gate-copy-%" PRIu64 "-%" PRIu64 ".mp4", beside[i].first, beside[i].last);
		put(e, "extra", "a film that overlaps others", path, f->p, f->n);
	}
	taken_out(e, f);
}

static void take_proof_out(struct archive *clip, uint64_t index)
{
	char path[VERIFY_PATH];

	snprintf(path, sizeof path, "proofs/%" PRIu64 ".tlog-proof", index);
	archive_remove(clip, path);
}

/* The clip's first film without 993 to 996: two films, as an export of what is left would have them. */
static void take_middle_out(struct evidence *e, struct archive *clip)
{
	static const struct { uint64_t first, last; } left[] = {{990, 992}, {997, 1005}};
	char path[VERIFY_PATH];
	struct buf b;

	buf_init(&b, 1u << 20);
	for (unsigned i = 0; i < 2; i++) {
		buf_clear(&b);
		if (buf_append(&b, file(e, film[0])->p, INIT_BYTES))
			abort();
		append_segments(e, left[i].first, left[i].last, &b);
		snprintf(path, sizeof path, "gate-copy-%" PRIu64 "-%" PRIu64 ".mp4", left[i].first, left[i].last);
		archive_put(clip, path, buf_data(&b), b.len);
	}
	archive_remove(clip, film[0]);
	buf_free(&b);
}

static void delete_later(struct archive *site, const char *rendition, uint64_t first, uint64_t last)
{
	struct entry e = {.kind = ENTRY_DELETE, .del = {.time_us = EVIDENCE_AT(EVIDENCE_LAST) + 9000000, .camera = "gate", .why = "space",
		.from_number = first, .to_number = last}};

	snprintf(e.del.rendition, sizeof e.del.rendition, "%s", rendition);
	archive_append(site, &e);
}

/* What is logged after the clip's own exports, by the letters of log. */
static void log_more(struct archive *site, const char *log)
{
	static const struct evidence_footage one = {"copy", 991, 991, 0, 0}, copy = {"copy", EVIDENCE_CLIP_FIRST, EVIDENCE_CLIP_LAST, 0, 0},
		audio = {"audio", EVIDENCE_CLIP_FIRST, EVIDENCE_CLIP_LAST, 0, 0}, other = {"360p", EVIDENCE_CLIP_FIRST, EVIDENCE_CLIP_LAST, 0, 0},
		less = {"audio", EVIDENCE_CLIP_FIRST, EVIDENCE_CLIP_LAST - 1, 0, 0}, left[2] = {{"copy", EVIDENCE_CLIP_FIRST, EVIDENCE_CLIP_LAST, 993, 996}, audio};

	for (; *log; log++) {
		switch (*log) {
		case 'o':
			evidence_export(site, &one, NULL);
			break;
		case 's':
			evidence_export(site, &copy, NULL);
			break;
		case 't':
			evidence_export(site, &audio, NULL);
			break;
		case 'f':
			evidence_export(site, &copy, &less);
			break;
		case 'n':
			evidence_export(site, &copy, &other);
			break;
		case 'l':
			evidence_export_both(site, left);
			break;
		case 'd':
			delete_later(site, "copy", 993, 996);
			break;
		default:
			delete_later(site, "audio", EVIDENCE_CLIP_FIRST, EVIDENCE_CLIP_LAST);
			break;
		}
	}
}

/* Entries that are no part of the clean clip, with their proofs: deletes are not put into one otherwise. */
static void prove_from(struct archive *site, struct archive *clip, uint64_t index)
{
	char path[VERIFY_PATH];
	struct buf proof;

	for (; index < site->size; index++) {
		buf_init(&proof, PROOF_MAX_BYTES);
		archive_proof(site, index, &proof);
		snprintf(path, sizeof path, "proofs/%" PRIu64 ".tlog-proof", index);
		archive_put(clip, path, buf_data(&proof), proof.len);
		buf_free(&proof);
	}
}

/* Genuine entries that are of another export, or of what was deleted after it. */
static void exports(struct evidence *e)
{
	static const struct {
		const char *verdict, *log;   /* what is logged behind the clip's exports */
		bool own, cut, mute;         /* its own exports are proved; the middle is taken out; audio's films and its export are */
		const char *what;
	} row[] = {
		{"missing", "o", false, false, false, "in the place of its export, one of a single segment"},
		{"good", "o", true, false, false, "beside its export, one of a single segment"},
		{"good", "s", false, false, false, "in the place of its export, another of the same"},
		{"missing", "d", true, true, false, "the middle is gone, and deleted after the export"},
		{"missing", "d", false, true, false, "the middle is gone, and deleted, and no export is proved"},
		{"missing", "od", false, true, false, "the middle is gone, and deleted after an export of a single segment"},
		{"missing", "ld", false, true, false, "the middle is gone, and deleted after an export of what is left"},
		{"missing", "dl", true, true, false, "the middle is gone, and deleted between two exports, both of which are proved"},
		{"good", "dl", false, true, false, "the middle is gone, and was deleted before the export of what is left"},
		{"missing", "a", true, false, true, "audio is gone, and deleted after the export"},
		{"good", "as", false, false, true, "audio is gone, and was deleted before the export"},
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct archive *site = evidence_site(), *clip;
		uint64_t end = site->size;           /* behind the two exports and the stop entry */

		log_more(site, row[i].log);
		archive_publish(site);
		clip = evidence_clip(site);
		prove_from(site, clip, end);
		if (!row[i].own)
			take_proof_out(clip, end - 3);
		if (!row[i].own && row[i].cut)
			take_proof_out(clip, end - 2);
		if (row[i].cut)
			take_middle_out(e, clip);
		if (row[i].mute) {
			take_proof_out(clip, end - 2);
			archive_remove(clip, film[2]);
			archive_remove(clip, film[3]);
		}
		evidence_row(e, "clip", row[i].verdict, "%s", row[i].what);
		evidence_become(e, e->clip, clip, "");
		archive_free(&clip);
		archive_free(&site);
	}
}

/* A rendition with its films and the proofs of its segments. */
static void take_rendition_out(struct archive *site, struct archive *clip, const char *rendition)
{
	for (uint64_t n = EVIDENCE_CLIP_FIRST; n <= EVIDENCE_CLIP_LAST; n++)
		take_proof_out(clip, evidence_entry(site, "gate", rendition, n));
	for (size_t i = 0; i < FILMS; i++)
		if (!strncmp(film[i] + strlen("gate-"), rendition, strlen(rendition)))
			archive_remove(clip, film[i]);
}

/* One of the clip's two renditions is gone as if it had never been there; who exported it says what lay beside it. */
static void renditions(struct evidence *e)
{
	static const struct {
		const char *verdict, *log, *gone;
		bool copy, audio;            /* the own export of each is proved */
		const char *what;
	} row[] = {
		{"missing", "", "audio", true, false, "audio is gone with all that speaks of it"},
		{"missing", "", "copy", false, true, "copy is gone with all that speaks of it"},
		{"missing", "", "audio", true, true, "audio is gone, but for its export"},
		{"missing", "", "audio", false, false, "audio is gone, and both exports"},
		{"missing", "s", "audio", true, false, "audio is gone; copy alone was exported, too"},
		{"good", "s", "audio", false, false, "copy alone, as it was exported, too"},
		{"good", "t", "copy", false, false, "audio alone, as it was exported, too"},
		{"missing", "t", "audio", false, false, "copy alone, and audio alone was exported"},
		{"good", "st", NULL, false, false, "both, as they were exported without a word of each other"},
		{"missing", "f", NULL, false, true, "an export of copy beside less of audio"},
		{"missing", "n", NULL, false, true, "an export of copy beside another rendition"},
		{"missing", "n", NULL, true, true, "its exports, and one of copy beside another rendition"},
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct archive *site = evidence_site(), *clip;
		uint64_t end = site->size;           /* behind the two exports and the stop entry */

		log_more(site, row[i].log);
		archive_publish(site);
		clip = evidence_clip(site);
		if (!row[i].copy)
			take_proof_out(clip, end - 3);
		if (!row[i].audio)
			take_proof_out(clip, end - 2);
		if (row[i].gone)
			take_rendition_out(site, clip, row[i].gone);
		evidence_row(e, "clip", row[i].verdict, "%s", row[i].what);
		evidence_become(e, e->clip, clip, "");
		archive_free(&clip);
		archive_free(&site);
	}
}

void evidence_clip_rows(struct evidence *e)
{
	films(e);
	names(e);
	extra_files(e);
	checkpoints(e);
	older_checkpoint(e);
	gone_proofs(e);
	proofs(e);
	more_proofs(e);
	shortened(e);
	overlaps(e);
	exports(e);
	renditions(e);
}
