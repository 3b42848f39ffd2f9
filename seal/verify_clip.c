/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verify's reading of a clip: each entry by its own proof, in the log's order, and each .mp4 as the init segment and
 * the segments that its entries name, one behind the other (doc/evidence.5).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "seal/lines.h"
#include "seal/proof.h"
#include "seal/verify_state.h"

#define FILES_MAX 65536
#define CHUNK (1u << 20)
#define INIT_MAX_BYTES (64u << 10)

static const char *const known[] = {"checkpoint", "cosigned", "consistency", "keys", "policy", "site.key.pub", "report.txt", "report.html", "verify.html"};

/*
 * CAMERA-RENDITION-FIRST-LAST.mp4. Its two names cannot be told apart (both may hold hyphens): the first entry that a file is
 * for says which they are.
 */
struct clip_file {
	char path[VERIFY_PATH], track[2 * ENTRY_NAME];
	const struct verify_track *of;  /* NULL: no entry yet */
	uint64_t first, last;           /* as it is called */
	uint64_t from, to;              /* as entries named it; 0: none yet */
	uint64_t at;                    /* where its next segment begins */
	struct hash init;
	bool playable;                  /* it begins with an init segment, whose hash is init */
	struct verify_problem *changed; /* its last segment did not hold either: said together */
};

struct verify_clip {
	uint64_t *index;                /* of proofs */
	size_t nproofs, cap;
	struct clip_file *file;
	size_t nfiles;
	struct buf part;
};

static void take_file(struct verify *v, const struct clip_file *f)
{
	struct verify_clip *c = v->clip;
	struct clip_file *grown = c->nfiles < FILES_MAX ? realloc(c->file, (c->nfiles + 1) * sizeof *grown) : NULL;

	if (!grown) {
		v->error = -ENOMEM;
		return;
	}
	c->file = grown;
	grown[c->nfiles++] = *f;
}

static void take_index(struct verify *v, uint64_t index)
{
	struct verify_clip *c = v->clip;
	size_t more = c->cap ? c->cap * 2 : 1024;
	uint64_t *grown;

	if (c->nproofs == c->cap) {
		grown = more <= VERIFY_PROOFS_MAX ? realloc(c->index, more * sizeof *grown) : NULL;
		if (!grown) {
			v->error = -ENOMEM;
			return;
		}
		c->index = grown;
		c->cap = more;
	}
	c->index[c->nproofs++] = index;
}

static bool cut_end(struct rd *name, const char *end)
{
	size_t n = strlen(end);

	if (rd_left(name) < n || memcmp(name->end - n, end, n))
		return false;
	name->end -= n;
	return true;
}

/* The number behind the last hyphen, which goes. */
static bool cut_number(struct rd *name, uint64_t *ret)
{
	const uint8_t *dash = rd_left(name) ? memrchr(name->p, '-', rd_left(name)) : NULL;

	if (!dash || text_u64((const char *)dash + 1, (size_t)(name->end - dash) - 1, ENTRY_NUMBER_MAX, ret))
		return false;
	name->end = dash;
	return true;
}

static bool read_name(const char *path, struct clip_file *f)
{
	struct rd name = rd_init(path, strlen(path));

	if (!cut_end(&name, ".mp4") || !cut_number(&name, &f->last) || !cut_number(&name, &f->first) || f->first == 0 || f->first > f->last)
		return false;
	if (rd_left(&name) == 0 || rd_left(&name) >= sizeof f->track || memchr(name.p, '/', rd_left(&name)))
		return false;
	memcpy(f->track, name.p, rd_left(&name));
	snprintf(f->path, sizeof f->path, "%s", path);
	return true;
}

static int see_file(void *arg, const char *path)
{
	struct verify *v = arg;
	struct rd name = rd_init(path, strlen(path));
	struct clip_file f = {.first = 0};
	uint64_t index;

	lines_expect(&name, "./");
	if (name.bad)
		return -EINVAL;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (lines_is(&name, known[i]))
			return 0;
	if (read_name(lines_text(&name), &f)) {
		take_file(v, &f);
		return v->error;
	}
	lines_expect(&name, "proofs/");
	if (!name.bad && cut_end(&name, ".tlog-proof") && text_u64(lines_text(&name), rd_left(&name), TREE_SIZE_MAX - 1, &index) == 0)
		take_index(v, index);
	else
		verify_add(v, VERIFY_EXTRA, NULL, NULL, 0, 0, path + 2, "not a file of a clip");
	return v->error;
}

/* In an order that does not depend on how the folder was listed. */
static int by_track(const void *a, const void *b)
{
	const struct clip_file *x = a, *y = b;
	int names = strcmp(x->track, y->track);

	if (names)
		return names;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return (x->last > y->last) - (x->last < y->last);
}

/* A segment is in one film of its rendition: of two that are called by it, one shows something else in its place. */
static void sort_files(struct verify *v)
{
	struct verify_clip *c = v->clip;
	const struct clip_file *widest = c->file;

	if (c->nfiles)
		qsort(c->file, c->nfiles, sizeof *c->file, by_track);
	for (size_t i = 1; i < c->nfiles; i++) {
		const struct clip_file *f = &c->file[i];
		bool same = !strcmp(f->track, widest->track);

		if (same && f->first <= widest->last)
			verify_add(v, VERIFY_EXTRA, NULL, NULL, f->first, f->last, f->path, "overlaps the film of %" PRIu64 " to %" PRIu64,
				widest->first, widest->last);
		if (!same || f->last > widest->last)
			widest = f;
	}
}

/* The last film of the rendition that begins at the segment or before it: who made the clip may have made many, so it is searched for by halves. */
static struct clip_file *file_of(struct verify_clip *c, const struct verify_track *t, const struct entry_segment *s)
{
	struct clip_file wanted = {.first = s->number, .last = UINT64_MAX}, *f;
	size_t low = 0, high = c->nfiles;

	snprintf(wanted.track, sizeof wanted.track, "%s-%s", s->camera, s->rendition);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_track(&c->file[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	f = low ? &c->file[low - 1] : NULL;
	return f && f->last >= s->number && !strcmp(f->track, wanted.track) && (!f->of || f->of == t) ? f : NULL;
}

/* Length of the init segment at the beginning: all boxes up to moov (ISO/IEC 14496-12 4.2); 0 if there is none. */
static size_t init_bytes(const struct buf *head)
{
	struct rd r = rd_init(buf_data(head), head->len);

	while (rd_left(&r) >= 8) {
		uint32_t size = rd_u32(&r);
		const uint8_t *type = rd_bytes(&r, 4);
		bool last = type && !memcmp(type, "moov", 4);

		if (size < 8 || !rd_bytes(&r, size - 8))
			return 0;
		if (last)
			return head->len - rd_left(&r);
	}
	return 0;
}

static void open_file(struct verify *v, struct clip_file *f)
{
	struct verify_clip *c = v->clip;
	size_t n;
	int rc;

	buf_clear(&c->part);
	rc = v->src->part(v->src->ctx, f->path, 0, INIT_MAX_BYTES, &c->part);
	if (rc)
		verify_add_unreadable(v, f->path, rc);
	n = init_bytes(&c->part);
	f->playable = n > 0;
	f->at = n;
	hash_bytes(buf_data(&c->part), n, &f->init);
	v->report->bytes += n;
}

/* Hashes a segment where it should lie; *ret_bytes is less than asked where the file ends. */
static int hash_part(struct verify *v, const struct clip_file *f, uint64_t bytes, struct hash *ret, uint64_t *ret_bytes)
{
	struct buf *part = &v->clip->part;
	int rc = 0;

	*ret_bytes = 0;
	for (uint64_t left = bytes; left && !rc; left -= part->len) {
		buf_clear(part);
		rc = v->src->part(v->src->ctx, f->path, f->at + bytes - left, left < CHUNK ? (size_t)left : CHUNK, part);
		if (rc || part->len == 0)
			break;
		hasher_update(&v->hasher, buf_data(part), part->len);
		*ret_bytes += part->len;
	}
	hasher_final(&v->hasher, ret);
	v->report->bytes += *ret_bytes;
	return rc;
}

static void changed(struct verify *v, struct verify_track *t, struct clip_file *f, const struct entry_segment *s, const char *what)
{
	struct verify_problem *p = f->changed;

	verify_rendition_of(v, t)->changed++;
	if (p && p->kind == VERIFY_CHANGED && !strcmp(p->path, f->path) && p->last == f->to && !strcmp(p->text, what))
		p->last = s->number;
	else
		f->changed = verify_add(v, VERIFY_CHANGED, s->camera, s->rendition, s->number, s->number, f->path, "%s", what);
}

static void check_part(struct verify *v, struct verify_track *t, struct clip_file *f, const struct entry_segment *s)
{
	struct verify_rendition *r = verify_rendition_of(v, t);
	uint64_t bytes;
	struct hash h;
	int rc = hash_part(v, f, s->bytes, &h, &bytes);

	f->at += bytes;
	if (rc) {
		verify_add_unreadable(v, f->path, rc);
	} else if (bytes < s->bytes) {
		changed(v, t, f, s, "the file ends before it");
	} else if (!hash_same(&h, &s->media)) {
		changed(v, t, f, s, "the bytes where it should be are not those that were sealed");
	} else if (!f->playable || !hash_same(&f->init, &s->init)) {
		changed(v, t, f, s, "the file does not begin with its init segment");
	} else {
		f->changed = NULL;
		r->good++;
		r->good_bytes += bytes;
	}
}

/* What an export entry must say. */
static void count_film(struct verify *v, struct verify_track *t, const struct entry_segment *s)
{
	if (verify_rendition_of(v, t)->in_files++ == 0)
		t->film_from_us = s->start_us;
	t->film_to_us = s->start_us + (int64_t)s->duration_ms * 1000;
	t->film_bytes += s->bytes;
	t->exported = 0;
}

void verify_clip_segment(struct verify *v, struct verify_track *t, const struct entry_segment *s)
{
	struct clip_file *f = file_of(v->clip, t, s);
	bool kept = v->start.nkeep == 0 || entry_keeps(&v->start, s->rendition);

	if (!f && kept)
		verify_set(verify_folder(v, t, s->number, true)->missing, s->number, true);
	else if (!f)
		verify_rendition_of(v, t)->not_kept++;
	if (!f)
		return;
	if (!f->from) {
		open_file(v, f);
		f->of = t;
		f->from = s->number;
	}
	count_film(v, t, s);
	if (verify_wanted(v, s->camera, s->start_us, s->start_us + (int64_t)s->duration_ms * 1000)) {
		check_part(v, t, f, s);
	} else {
		verify_rendition_of(v, t)->not_asked++;
		f->at += s->bytes;
	}
	f->to = s->number;
}

static bool same_note(const struct proof *p, const struct verify_note *note)
{
	return note->there && p->note_len == note->len && !memcmp(p->note, note->bytes, note->len);
}

static bool same_checkpoint(const struct checkpoint *c, const struct verify_note *note)
{
	return note->there && c->size == note->at.size && hash_same(&c->root, &note->at.root);
}

/* The proof's checkpoint is one of the clip's, as far as it counts: another one may have more cosignatures. */
static int check_proof(struct verify *v, const struct proof *p, uint64_t index, const struct hash *leaf, const char **why)
{
	const struct verify_note *newest = &v->report->note, *cosigned = &v->report->cosigned;
	struct checkpoint c;
	int rc = 0;

	if (same_note(p, newest))
		c = newest->at;
	else if (same_note(p, cosigned))
		c = cosigned->at;
	else
		rc = verify_open_checkpoint(v, p->note, p->note_len, &c, why);
	if (rc)
		return rc;
	*why = "its checkpoint is not the clip's";
	if (!same_checkpoint(&c, newest) && !same_checkpoint(&c, cosigned))
		return -EBADMSG;
	*why = "its index is not the one that it is called by";
	if (p->index != index)
		return -EBADMSG;
	*why = "the entry is not in the log that the checkpoint signs";
	return tree_check_inclusion(p->index, c.size, leaf, p->path, p->npath, &c.root);
}

static void take_proof(struct verify *v, uint64_t index)
{
	char path[VERIFY_PATH];
	struct verify_ref ref = {0};
	struct hash leaf;
	struct proof p;
	const char *why;
	int rc;

	snprintf(path, sizeof path, "proofs/%" PRIu64 ".tlog-proof", index);
	buf_clear(&v->bundle);
	rc = v->src->get(v->src->ctx, path, &v->bundle);
	if (rc && rc != -ENOBUFS) {
		verify_add_unreadable(v, path, rc);
		verify_lost(v);
		return;
	}
	why = "the proof is too long";
	if (!rc)
		rc = proof_parse(buf_data(&v->bundle), v->bundle.len, &p, &why);
	if (rc) {
		verify_add(v, VERIFY_LOG, NULL, NULL, 0, 0, path, "%s", why);
		verify_lost(v);
		return;
	}
	hash_leaf(p.entry, p.entry_len, &leaf);
	if (v->report->is_signed && check_proof(v, &p, index, &leaf, &why))
		verify_salvage(p.entry, p.entry_len, verify_add(v, VERIFY_LOG, NULL, NULL, 0, 0, path, "%s", why));
	/* Also one that is not proved says where its segment lies, and so where the next one does. */
	verify_entry(v, index, p.entry, p.entry_len, &leaf, &leaf, &ref);
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* What a file holds besides, and lacks of what it is called by. */
static void end_file(struct verify *v, const struct clip_file *f)
{
	struct buf *part = &v->clip->part;

	if (!f->from) {
		verify_add(v, VERIFY_EXTRA, NULL, NULL, f->first, f->last, f->path, "no entry of the clip names what is in this file");
		return;
	}
	if (f->from != f->first)
		verify_add(v, VERIFY_MISSING, NULL, NULL, f->first, f->from - 1, f->path, "the file is called by them, and the clip has no entries of them");
	if (f->to != f->last)
		verify_add(v, VERIFY_MISSING, NULL, NULL, f->to + 1, f->last, f->path, "the file is called by them, and the clip has no entries of them");
	buf_clear(part);
	if (v->src->part(v->src->ctx, f->path, f->at, 1, part) == 0 && part->len)
		verify_add(v, VERIFY_EXTRA, NULL, NULL, 0, 0, f->path, "holds more bytes than the entries name");
}

/* The clip's checkpoint; what is wrong with it is said. */
static bool begin(struct verify *v)
{
	const char *why;
	int rc;

	verify_read_cosigned(v, "cosigned");
	rc = verify_checkpoint(v, &v->target, &why);
	v->report->is_signed = rc == 0;
	if (rc == 0) {
		v->report->checkpoint = v->target;
		verify_keep_note(&v->report->note, &v->note, &v->target);
		verify_clip_cosigned(v);
	} else if (verify_is_bad_note(rc))
		verify_add(v, VERIFY_LOG, NULL, NULL, 0, 0, v->note_path, "%s", rc == -ENOBUFS ? "is too long for a checkpoint" : why);
	else
		verify_add_unreadable(v, v->note_path, rc);
	return rc == 0 || verify_is_bad_note(rc);
}

static void run(struct verify *v)
{
	struct verify_clip *c = v->clip;
	int rc;

	if (!begin(v))
		return;
	rc = v->src->list(v->src->ctx, ".", see_file, v);
	if (rc && !v->error)
		verify_add_unreadable(v, ".", rc);
	sort_files(v);
	if (c->nproofs)
		qsort(c->index, c->nproofs, sizeof *c->index, by_number);
	for (size_t i = 0; i < c->nproofs && !v->error; i++) {
		take_proof(v, c->index[i]);
		if (v->src->progress)
			v->src->progress(v->src->ctx, i + 1, c->nproofs, v->report->bytes);
	}
	if (v->error)
		return;
	for (size_t i = 0; i < c->nfiles; i++)
		end_file(v, &c->file[i]);
	verify_exports_end(v);
	if (!v->report->is_signed)
		verify_say_unsigned(v);
}

void verify_clip(struct verify *v)
{
	struct verify_clip clip = {0};

	v->clip = &clip;
	buf_init(&clip.part, CHUNK);
	run(v);
	if (!v->error)
		verify_media_end(v);
	buf_free(&clip.part);
	free(clip.index);
	free(clip.file);
	v->clip = NULL;
}
