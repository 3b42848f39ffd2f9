/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/clip.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32.h"
#include "base/text.h"
#include "seal/clip_state.h"
#include "seal/consistency.h"
#include "seal/keychain.h"

#define TEXT_MAX (16u << 20)         /* the report; a proof is far smaller */

int clip_fail(struct clip *c, int rc, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->why, sizeof c->why, fmt, ap);
	va_end(ap);
	return rc;
}

static bool copy_name(char out[ENTRY_NAME], const char *name)
{
	if (!name || !text_is_name(name, strlen(name)))
		return false;
	memcpy(out, name, strlen(name) + 1);
	return true;
}

/* Entries have whole milliseconds. */
static int64_t whole_ms(int64_t us)
{
	return us / 1000 * 1000;
}

static bool take_ask(struct clip *c, const struct clip_ask *ask)
{
	if (!copy_name(c->camera, ask->camera) || !copy_name(c->user, ask->user) || !copy_name(c->rendition[0].name, ask->rendition))
		return false;
	if (ask->from_us < 0 || ask->from_us >= ask->to_us || ask->to_us > CLIP_TIME_MAX_US)
		return false;
	if (ask->key && strlen(ask->key) >= sizeof c->key)
		return false;
	c->nrenditions = 1;
	if (ask->audio && strcmp(ask->rendition, "audio") != 0)
		copy_name(c->rendition[c->nrenditions++].name, "audio");
	if (ask->key)
		memcpy(c->key, ask->key, strlen(ask->key) + 1);
	c->from_us = whole_ms(ask->from_us);
	c->to_us = ask->to_us;
	c->bytes_max = ask->bytes_max;
	c->page = ask->page;
	c->page_bytes = ask->page_bytes;
	return true;
}

int clip_new(const struct clip_ask *ask, const struct verify_source *src, struct clip **ret)
{
	struct clip *c = calloc(1, sizeof *c);
	int rc = 0;

	if (!c)
		return -ENOMEM;
	c->src = src;
	clip_log_init(&c->log, src);
	buf_init(&c->media, 0);
	buf_init(&c->init, 0);
	buf_init(&c->text, TEXT_MAX);
	buf_init(&c->keys, KEYCHAIN_BYTES_MAX);
	buf_init(&c->policy, WITNESS_POLICY_MAX_BYTES);
	buf_init(&c->cosigned, CHECKPOINT_MAX_BYTES);
	buf_init(&c->consistency, CONSISTENCY_MAX_BYTES);
	c->gap = calloc(CLIP_GAPS_MAX, sizeof *c->gap);
	c->del = calloc(CLIP_DELETES_MAX, sizeof *c->del);
	if (!c->gap || !c->del)
		rc = -ENOMEM;
	else if (!take_ask(c, ask))
		rc = -EINVAL;
	if (rc) {
		clip_free(&c);
		return rc;
	}
	*ret = c;
	return 0;
}

void clip_free(struct clip **c)
{
	if (!*c)
		return;
	for (unsigned i = 0; i < CLIP_RENDITIONS; i++)
		free((*c)->rendition[i].segment);
	clip_log_free(&(*c)->log);
	buf_free(&(*c)->media);
	buf_free(&(*c)->init);
	buf_free(&(*c)->text);
	buf_free(&(*c)->keys);
	buf_free(&(*c)->policy);
	buf_free(&(*c)->cosigned);
	buf_free(&(*c)->consistency);
	free((*c)->gap);
	free((*c)->del);
	free((*c)->entry);
	free((*c)->encoder);
	free((*c)->file);
	free(*c);
	*c = NULL;
}

static int open_log(struct clip *c)
{
	int rc = clip_log_open(&c->log);

	if (rc == -ENOENT)
		return clip_fail(c, rc, "there is no log/checkpoint: not an archive, or one of a site that has not begun");
	return rc ? clip_fail(c, rc, "log/checkpoint cannot be read: %s", rc == -EBADMSG ? "it is damaged" : strerror(-rc)) : 0;
}

static void count_found(struct clip *c)
{
	c->progress.of = 0;
	for (unsigned i = 0; i < c->nrenditions; i++)
		c->progress.of += c->rendition[i].n;
}

int clip_look(struct clip *c)
{
	int rc;

	switch (c->phase) {
	case CLIP_PLACE:
		rc = open_log(c);
		c->size = c->log.at.size;
		return rc ? rc : clip_find(c);
	case CLIP_FORWARD:
	case CLIP_BACKWARD:
		rc = clip_find(c);
		count_found(c);
		return rc;
	case CLIP_CHECK:
		return clip_check(c);
	case CLIP_DELETES:
		return clip_find_deletes(c);
	default:
		return 0;
	}
}

/* The clip's other rendition, if it holds any of it. */
static void tell_beside(const struct clip *c, unsigned rendition, struct entry_beside *ret)
{
	for (unsigned i = 0; i < c->nrenditions; i++) {
		const struct clip_rendition *r = &c->rendition[i];

		if (i == rendition || !r->given)
			continue;
		memcpy(ret->rendition, r->name, sizeof r->name);
		ret->segments = r->given;
		ret->bytes = r->given_bytes;
	}
}

unsigned clip_exports(struct clip *c, int64_t now_us, struct entry ret[CLIP_RENDITIONS])
{
	assert(c->phase == CLIP_FOUND);
	c->nexports = 0;
	for (unsigned i = 0; i < c->nrenditions; i++) {
		const struct clip_rendition *r = &c->rendition[i];
		struct entry e = {.kind = ENTRY_EXPORT};

		if (!r->given)
			continue;
		e.export = (struct entry_export){.time_us = whole_ms(now_us), .from_us = r->from_us, .to_us = r->to_us, .segments = r->given, .bytes = r->given_bytes};
		memcpy(e.export.user, c->user, sizeof c->user);
		memcpy(e.export.camera, c->camera, sizeof c->camera);
		memcpy(e.export.rendition, r->name, sizeof r->name);
		tell_beside(c, i, &e.export.beside);
		c->export[c->nexports++] = e;
	}
	memcpy(ret, c->export, c->nexports * sizeof *ret);
	c->next = c->size;
	return c->nexports;
}

/* A file that a site may have or not. */
static int read_optional(struct clip *c, const char *path, struct buf *out)
{
	int rc;

	buf_clear(out);
	rc = c->src->get(c->src->ctx, path, out);
	if (rc == -ENOENT)
		buf_clear(out);
	return rc && rc != -ENOENT ? clip_fail(c, rc, "%s cannot be read: %s", path, strerror(-rc)) : 0;
}

int clip_prove(struct clip *c)
{
	int rc;

	assert(c->phase == CLIP_FOUND && c->nexports);
	rc = open_log(c);
	if (!rc)
		rc = clip_find_exports(c);
	if (rc)
		return rc < 0 ? rc : -EAGAIN;
	rc = clip_take_cosigned(c);
	if (!rc)
		rc = clip_take_policy(c);
	if (!rc)
		rc = read_optional(c, "log/keys", &c->keys);
	if (rc)
		return rc;
	if (!*c->key && c->start.nkeep)
		memcpy(c->key, *c->start.root ? c->start.root : c->start.key, sizeof c->key);
	c->phase = CLIP_LOGGED;
	c->place = 0;
	c->at = c->part = 0;
	c->progress = (struct clip_progress){.of = c->progress.of};
	return 0;
}

static int make_key(const struct clip *c, struct buf *out)
{
	return *c->key ? buf_append_fmt(out, "%s\n", c->key) : 0;
}

static int make_keys(const struct clip *c, struct buf *out)
{
	return c->keys.len ? buf_append(out, buf_data(&c->keys), c->keys.len) : 0;
}

static int make_policy(const struct clip *c, struct buf *out)
{
	return c->policy.len ? buf_append(out, buf_data(&c->policy), c->policy.len) : 0;
}

static int make_checkpoint(const struct clip *c, struct buf *out)
{
	return buf_append(out, buf_data(&c->log.note), c->log.note.len);
}

static int make_cosigned(const struct clip *c, struct buf *out)
{
	return c->cosigned_at.size ? buf_append(out, buf_data(&c->cosigned), c->cosigned.len) : 0;
}

static int make_consistency(const struct clip *c, struct buf *out)
{
	return c->cosigned_at.size ? buf_append(out, buf_data(&c->consistency), c->consistency.len) : 0;
}

static int make_page(const struct clip *c, struct buf *out)
{
	return c->page ? buf_append(out, c->page, c->page_bytes) : 0;
}

/* Small files, the first to be written. One that would be empty is left out. */
static const struct {
	const char *name;
	int (*make)(const struct clip *c, struct buf *out);
} small[] = {
	{"report.txt", clip_report_text}, {"report.html", clip_report_html}, {"site.key.pub", make_key}, {"keys", make_keys},
	{"policy", make_policy}, {"checkpoint", make_checkpoint}, {"cosigned", make_cosigned}, {"consistency", make_consistency}, {"verify.html", make_page},
};
#define SMALL (sizeof small / sizeof *small)

/* All of a file at once. */
static void whole(struct clip *c, struct clip_piece *ret)
{
	*ret = (struct clip_piece){.name = c->name, .file_bytes = c->text.len, .begins = true, .ends = true, .p = buf_data(&c->text), .n = c->text.len};
	ret->crc32 = crc32_add(0, ret->p, ret->n);
}

static int next_small(struct clip *c, struct clip_piece *ret)
{
	int rc = 0;

	buf_clear(&c->text);
	while (!rc && c->place < SMALL && !c->text.len) {
		snprintf(c->name, sizeof c->name, "%s", small[c->place].name);
		rc = small[c->place++].make(c, &c->text);
	}
	if (rc)
		return clip_fail(c, rc, "%s: %s", c->name, strerror(-rc));
	if (!c->text.len)
		return 0;
	whole(c, ret);
	return 1;
}

static int next_proof(struct clip *c, uint64_t entry, struct clip_piece *ret)
{
	int rc;

	buf_clear(&c->text);
	if (entry < c->cosigned_at.size)
		rc = clip_log_prove(&c->log, entry, &c->cosigned, &c->cosigned_at, &c->text);
	else
		rc = clip_log_prove(&c->log, entry, &c->log.note, &c->log.at, &c->text);
	if (rc)
		return clip_fail(c, rc, "entry %" PRIu64 " of the log cannot be proved: casemate verify says what is damaged", entry);
	snprintf(c->name, sizeof c->name, "proofs/%" PRIu64 ".tlog-proof", entry);
	whole(c, ret);
	return 1;
}

/* The next proof's entry: other entries first, then each rendition's segments. */
static bool proof_at(const struct clip *c, size_t i, uint64_t *ret)
{
	if (i < c->nentries) {
		*ret = c->entry[i];
		return true;
	}
	i -= c->nentries;
	for (unsigned k = 0; k < c->nrenditions; k++) {
		if (i < c->rendition[k].n) {
			*ret = c->rendition[k].segment[i].entry;
			return true;
		}
		i -= c->rendition[k].n;
	}
	return false;
}

/* What was good when it was looked at must be so now. */
static int read_again(struct clip *c, const struct clip_file *f, bool init, size_t segment)
{
	const struct clip_rendition *r = &c->rendition[f->rendition];
	const struct clip_segment *s = &r->segment[segment];
	enum clip_fate fate = init ? clip_read_init(c, r, s) : clip_read_segment(c, r, s);

	if (fate == CLIP_GIVEN)
		return 0;
	return clip_fail(c, fate == CLIP_GONE ? -ENOENT : -EIO, "%s/%s segment %" PRIu64 " %s while it was exported: try again", c->camera, r->name, s->number,
		fate == CLIP_GONE ? "was removed" : "changed");
}

/* Part 0 of a file is its init segment, the others its segments. */
static int next_media(struct clip *c, struct clip_piece *ret)
{
	const struct clip_file *f = &c->file[c->at];
	size_t segment = f->first + c->part - 1;
	const struct buf *b = c->part ? &c->media : &c->init;
	int rc = read_again(c, f, c->part == 0, c->part ? segment : f->first);

	if (rc)
		return rc;
	*ret = (struct clip_piece){.name = f->name, .file_bytes = f->bytes, .crc32 = f->crc32, .begins = c->part == 0, .ends = c->part && segment == f->last,
		.p = buf_data(b), .n = b->len};
	c->progress.segments += c->part > 0;
	c->progress.bytes += b->len;
	c->part++;
	if (ret->ends) {
		c->part = 0;
		c->at++;
	}
	return 1;
}

/* Reports, keys and proofs. 1, 0 when only the footage is left, or -errno. */
static int next_text(struct clip *c, struct clip_piece *ret)
{
	uint64_t entry;
	int rc = c->place < SMALL ? next_small(c, ret) : 0;

	if (rc || c->place > SMALL)
		return rc;
	if (proof_at(c, c->at, &entry)) {
		c->at++;
		return next_proof(c, entry, ret);
	}
	c->place++;
	c->at = 0;
	return 0;
}

int clip_next(struct clip *c, struct clip_piece *ret)
{
	int rc;

	assert(c->phase == CLIP_LOGGED);
	rc = next_text(c, ret);
	if (rc)
		return rc;
	return c->at < c->nfiles ? next_media(c, ret) : 0;
}

static int list_media(struct clip *c, struct clip_piece *ret)
{
	const struct clip_file *f = &c->file[c->at];

	if (c->at == c->nfiles) {
		c->place = 0;
		c->at = 0;
		return 0;
	}
	*ret = (struct clip_piece){.name = f->name, .file_bytes = f->bytes, .crc32 = f->crc32, .begins = true, .ends = true};
	c->at++;
	return 1;
}

int clip_list(struct clip *c, struct clip_piece *ret)
{
	int rc;

	assert(c->phase == CLIP_LOGGED && !c->part);
	rc = next_text(c, ret);
	if (rc == 0)
		return list_media(c, ret);
	ret->p = NULL;
	ret->n = 0;
	return rc;
}

const char *clip_why(const struct clip *c)
{
	return c->why;
}

void clip_progress(const struct clip *c, struct clip_progress *ret)
{
	*ret = c->progress;
}

void clip_given(const struct clip *c, int64_t *ret_from_us, int64_t *ret_to_us)
{
	int64_t from_us = INT64_MAX, to_us = INT64_MIN;

	for (unsigned i = 0; i < c->nrenditions; i++) {
		const struct clip_rendition *r = &c->rendition[i];

		if (!r->given)
			continue;
		from_us = r->from_us < from_us ? r->from_us : from_us;
		to_us = r->to_us > to_us ? r->to_us : to_us;
	}
	*ret_from_us = from_us;
	*ret_to_us = to_us;
}

bool clip_is_whole(const struct clip *c)
{
	for (unsigned i = 0; i < c->nrenditions; i++)
		if (c->rendition[i].given != c->rendition[i].n)
			return false;
	return true;
}
