/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each segment against its entry, before anything of it goes into a clip; and what files they make. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32.h"
#include "seal/clip_state.h"

#define JOIN_US 500000               /* time between two segments of one file, either way */

enum clip_fate clip_read_segment(struct clip *c, const struct clip_rendition *r, const struct clip_segment *s)
{
	char path[VERIFY_PATH];
	struct hash h;
	int rc;

	buf_free(&c->media);
	buf_init(&c->media, s->bytes < CLIP_SEGMENT_MAX_BYTES ? (size_t)s->bytes : CLIP_SEGMENT_MAX_BYTES);
	snprintf(path, sizeof path, "footage/%s/%s/%06" PRIu64 "/%" PRIu64 ".m4s", c->camera, r->name, s->number / 1000, s->number);
	rc = c->src->get(c->src->ctx, path, &c->media);
	if (rc == -ENOENT)
		return CLIP_GONE;
	if (rc && rc != -ENOBUFS)
		return CLIP_UNREADABLE;
	hash_bytes(buf_data(&c->media), c->media.len, &h);
	return rc || c->media.len != s->bytes || !hash_same(&h, &s->media) ? CLIP_CHANGED : CLIP_GIVEN;
}

/* Held from one segment to the next, which mostly has the same. */
enum clip_fate clip_read_init(struct clip *c, const struct clip_rendition *r, const struct clip_segment *s)
{
	char path[VERIFY_PATH], hex[HASH_HEX];
	struct hash h;
	int rc;

	if (c->init.mem && hash_same(&c->init_hash, &s->init))
		return (enum clip_fate)c->init_fate;
	hash_hex(&s->init, hex);
	snprintf(path, sizeof path, "footage/%s/%s/init-%.16s.mp4", c->camera, r->name, hex);
	buf_free(&c->init);
	buf_init(&c->init, CLIP_INIT_MAX_BYTES);
	rc = c->src->get(c->src->ctx, path, &c->init);
	hash_bytes(buf_data(&c->init), c->init.len, &h);
	c->init_hash = s->init;
	c->init_fate = CLIP_GIVEN;
	if (rc && rc != -ENOENT && rc != -ENOBUFS)
		c->init_fate = CLIP_UNREADABLE;
	else if (rc || !hash_same(&h, &s->init))
		c->init_fate = CLIP_UNPLAYABLE;
	return (enum clip_fate)c->init_fate;
}

static void close_file(struct clip *c)
{
	struct clip_file *f = c->nfiles ? &c->file[c->nfiles - 1] : NULL;
	const struct clip_rendition *r;

	if (!c->file_open || !f)
		return;
	c->file_open = false;
	r = &c->rendition[f->rendition];
	hasher_final(&c->hasher, &f->sha256);
	snprintf(f->name, sizeof f->name, "%s-%s-%" PRIu64 "-%" PRIu64 ".mp4", c->camera, r->name, r->segment[f->first].number,
		r->segment[f->last].number);
}

static void add_bytes(struct clip *c, struct clip_file *f, const struct buf *b)
{
	hasher_update(&c->hasher, buf_data(b), b->len);
	f->crc32 = crc32_add(f->crc32, buf_data(b), b->len);
	f->bytes += b->len;
}

static struct clip_file *open_file(struct clip *c, unsigned rendition, size_t segment)
{
	struct clip_file *f = realloc(c->file, (c->nfiles + 1) * sizeof *f);

	if (!f)
		return NULL;
	c->file = f;
	f += c->nfiles++;
	*f = (struct clip_file){.rendition = rendition, .first = segment, .last = segment};
	hasher_init(&c->hasher);
	c->file_open = true;
	add_bytes(c, f, &c->init);
	return f;
}

/* Whether the segment goes on where the file ends: a player knows of no gap in it. */
static bool goes_on(const struct clip *c, const struct clip_file *f, unsigned rendition, size_t segment)
{
	const struct clip_segment *at = c->rendition[rendition].segment;
	int64_t apart_us;

	if (f->rendition != rendition || f->last + 1 != segment || !hash_same(&at[f->last].init, &at[segment].init))
		return false;
	apart_us = at[segment].start_us - clip_end_us(&at[f->last]);
	return apart_us < JOIN_US && apart_us > -JOIN_US;
}

static int give(struct clip *c, unsigned rendition, size_t segment)
{
	struct clip_rendition *r = &c->rendition[rendition];
	const struct clip_segment *s = &r->segment[segment];
	struct clip_file *f = c->file_open ? &c->file[c->nfiles - 1] : NULL;

	if (f && !goes_on(c, f, rendition, segment)) {
		close_file(c);
		f = NULL;
	}
	if (!f)
		f = open_file(c, rendition, segment);
	if (!f)
		return clip_fail(c, -ENOMEM, "out of memory");
	add_bytes(c, f, &c->media);
	f->last = segment;
	if (!r->given++)
		r->from_us = s->start_us;
	r->to_us = clip_end_us(s);
	r->given_bytes += s->bytes;
	c->progress.bytes += s->bytes;
	if (c->progress.bytes > c->bytes_max)
		return clip_fail(c, -EFBIG, "more than %" PRIu64 " MB of footage: ask for a shorter time", c->bytes_max / 1000000);
	return 1;
}

static int nothing(struct clip *c)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < c->nrenditions; i++)
		n += c->rendition[i].n;
	if (n == 0 && c->ngaps)
		return clip_fail(c, -ENODATA, "there is no footage of that time: gap entries cover it (%s)", c->gap[0].why);
	if (n == 0)
		return clip_fail(c, -ENODATA, "the log has no footage of camera %s, %s, of that time", c->camera, c->rendition[0].name);
	return clip_fail(c, -ENODATA, "%" PRIu64 " segments of that time are in the log, and none that holds is in the archive any more: casemate verify says why", n);
}

static int finish(struct clip *c)
{
	uint64_t given = 0, gone = 0;

	close_file(c);
	for (unsigned i = 0; i < c->nrenditions; i++)
		given += c->rendition[i].given;
	for (unsigned i = 0; i < c->nrenditions; i++)
		for (size_t k = 0; k < c->rendition[i].n; k++)
			gone += c->rendition[i].segment[k].fate == CLIP_GONE;
	if (!given)
		return nothing(c);
	c->phase = CLIP_DELETES;
	if (!gone)
		c->next = c->size;
	return 1;
}

int clip_check(struct clip *c)
{
	struct clip_rendition *r;
	struct clip_segment *s;

	while (c->place < c->nrenditions && c->at == c->rendition[c->place].n) {
		close_file(c);
		c->place++;
		c->at = 0;
	}
	if (c->place == c->nrenditions)
		return finish(c);
	r = &c->rendition[c->place];
	s = &r->segment[c->at];
	c->progress.segments++;
	s->fate = (uint8_t)clip_read_segment(c, r, s);
	if (s->fate == CLIP_GIVEN)
		s->fate = (uint8_t)clip_read_init(c, r, s);
	c->at++;
	return s->fate == CLIP_GIVEN ? give(c, c->place, c->at - 1) : 1;
}
