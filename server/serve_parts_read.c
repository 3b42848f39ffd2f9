/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is held of segments under way, for those who read it: by a part's address, or piece by piece, told when there is more. */
#include "server/serve_parts.h"

#include <stdlib.h>
#include <string.h>

#include "server/serve_media.h"

#define SOON 2                /* parts that another serve process may have told of already */

/* --- parts by their address ------------------------------------------------------------------- */

static const struct serve_segment *newest(const struct serve_rendition *r)
{
	return r->n ? &r->window[r->n - 1] : NULL;
}

static const struct serve_under_way *under_way(const struct serve_rendition *r, uint64_t number)
{
	for (unsigned i = 0; i < r->parts.n; i++)
		if (r->parts.under_way[i].number == number)
			return &r->parts.under_way[i];
	return NULL;
}

const struct serve_under_way *serve_parts_listed(const struct serve_rendition *r)
{
	if (!r->n)
		return r->parts.n ? &r->parts.under_way[0] : NULL;
	return under_way(r, newest(r)->m.number + 1);
}

bool serve_parts_hint(const struct serve_rendition *r, struct serve_part_name *ret)
{
	const struct serve_under_way *u = serve_parts_listed(r);
	const struct serve_segment *s = newest(r);

	if (u && (u->unlisted || u->cut))
		return false;
	if (u && !u->last)
		*ret = (struct serve_part_name){u->number, u->parts.n - u->part_grows, u->parts.tag};
	else if (u && !u->parts.final)
		*ret = (struct serve_part_name){u->number + 1, 0, u->parts.tag};
	else if (!u && s && s->parts.n && !s->parts.final)
		*ret = (struct serve_part_name){s->m.number + 1, 0, s->parts.tag};
	else
		return false;
	return true;
}

static bool comes(const struct serve_rendition *r, const struct serve_part_name *name)
{
	struct serve_part_name next;

	if (!serve_parts_hint(r, &next) || name->tag != next.tag)
		return false;
	if (name->number == next.number)
		return name->part >= next.part && name->part - next.part <= SOON;
	return name->number == next.number + 1 && name->part <= SOON;
}

/* Chunks of their own in one piece: those of a part were published one by one. */
static int join(const struct serve_under_way *u, unsigned first, const struct serve_part *part, struct serve_bytes **ret)
{
	uint8_t *all = malloc(part->n);
	uint64_t n = 0;
	int rc;

	if (!all)
		return -1;
	for (unsigned i = first; n < part->n; n += u->chunk[i++].bytes->n)
		memcpy(all + n, u->chunk[i].bytes->p, u->chunk[i].bytes->n);
	rc = serve_bytes_copy(all, part->n, ret);
	free(all);
	return rc;
}

/* In memory of its own, or in that of all there was when somebody began to watch again. */
static void load(const struct serve_under_way *u, struct serve_part *part)
{
	unsigned i = 0;

	while (u->chunk[i].offset + u->chunk[i].bytes->n <= part->offset)
		i++;
	if (u->chunk[i].offset == part->offset && u->chunk[i].bytes->n == part->n)
		part->bytes = serve_bytes_ref(u->chunk[i].bytes);
	else if (u->chunk[i].offset + u->chunk[i].bytes->n >= part->offset + part->n)
		serve_bytes_slice(u->chunk[i].bytes, part->offset - u->chunk[i].offset, part->n, &part->bytes);
	else
		join(u, i, part, &part->bytes);
}

enum serve_part_state serve_parts_find(struct serve_rendition *r, const struct serve_part_name *name, struct serve_bytes **ret)
{
	const struct serve_under_way *u = under_way(r, name->number);
	const struct serve_segment *s = u ? NULL : serve_media_find(r, name->number);
	const struct serve_part_list *l = u ? &u->parts : s ? &s->parts : NULL;
	struct serve_part *part;

	if (!l || l->tag != name->tag || name->part >= serve_parts_count(r, name->number))
		return comes(r, name) ? SERVE_PART_COMES : SERVE_PART_NONE;
	part = &l->part[name->part];
	if (!part->bytes && u)
		load(u, part);
	else if (!part->bytes)
		serve_bytes_slice(s->bytes, part->offset, part->n, &part->bytes);
	*ret = part->bytes;
	return SERVE_PART_HERE;
}

bool serve_parts_is_decided(const struct serve_rendition *r, const struct serve_part_name *name)
{
	unsigned n = serve_parts_count(r, name->number);

	return n > name->part || !comes(r, name);
}

bool serve_parts_any(const struct serve_rendition *r)
{
	bool any = false;

	for (unsigned i = 0; i < r->n; i++)
		any |= r->window[i].parts.n > 0;
	for (unsigned i = 0; i < r->parts.n; i++)
		any |= r->parts.under_way[i].parts.n > 0;
	return any;
}

unsigned serve_parts_count(const struct serve_rendition *r, uint64_t number)
{
	const struct serve_under_way *u = under_way(r, number);
	const struct serve_segment *s = u ? NULL : serve_media_find(r, number);

	if (u)
		return u->parts.n - u->part_grows;
	return s ? s->parts.n : 0;
}

/* --- piece by piece --------------------------------------------------------------------------- */

/* The first segment held at or behind a place: one that was begun goes on only as itself. */
static const struct serve_segment *segment_at(const struct serve_rendition *r, const struct serve_place *at)
{
	for (unsigned i = 0; i < r->n; i++) {
		const struct serve_segment *s = &r->window[i];

		if (s->m.number > at->number || (s->m.number == at->number && at->offset < s->bytes->n))
			return s;
	}
	return NULL;
}

static bool is_over(const struct serve_rendition *r, const struct serve_place *at)
{
	const struct serve_under_way *u = under_way(r, at->number);
	const struct serve_segment *s = u ? NULL : serve_media_find(r, at->number);

	return (u && u->last && at->offset == u->bytes) || (s && at->offset == s->bytes->n);
}

/* What the place is in, or the one that follows when that is over; one of which nothing is held comes whole, and is waited for. */
static const struct serve_under_way *under_way_at(const struct serve_rendition *r, const struct serve_place *at, uint64_t *ret_offset)
{
	const struct serve_under_way *u = under_way(r, at->number);

	*ret_offset = at->offset;
	if (!u || at->offset == u->bytes) {
		u = is_over(r, at) ? under_way(r, at->number + 1) : NULL;
		*ret_offset = 0;
	}
	return u && *ret_offset < u->bytes ? u : NULL;
}

static void take_chunk(const struct serve_under_way *u, uint64_t offset, struct serve_piece *ret)
{
	const struct serve_chunk *c = u->chunk;

	while (c->offset + c->bytes->n <= offset)
		c++;
	offset -= c->offset;
	*ret = (struct serve_piece){.owner = c->bytes, .p = c->bytes->p + offset, .n = c->bytes->n - offset, .number = u->number,
		.discontinuity = u->discontinuity, .begins = c->offset + offset == 0, .independent = !offset && c->independent,
		.capture_us = offset ? SERVE_NO_CAPTURE : c->capture_us};
	memcpy(ret->init_sha256, u->init_sha256, sizeof ret->init_sha256);
}

static void take_rest(const struct serve_segment *s, uint64_t offset, struct serve_piece *ret)
{
	*ret = (struct serve_piece){.owner = s->bytes, .p = s->bytes->p + offset, .n = s->bytes->n - offset, .number = s->m.number,
		.discontinuity = s->m.discontinuity, .begins = offset == 0, .independent = offset == 0 && s->m.independent,
		.capture_us = offset ? SERVE_NO_CAPTURE : s->m.start_us};
	memcpy(ret->init_sha256, s->m.init_sha256, sizeof ret->init_sha256);
}

bool serve_parts_next(const struct serve_rendition *r, struct serve_place *at, struct serve_piece *ret)
{
	const struct serve_segment *s = segment_at(r, at);
	uint64_t offset = s && s->m.number == at->number ? at->offset : 0;
	const struct serve_under_way *u = s ? NULL : under_way_at(r, at, &offset);

	if (s)
		take_rest(s, offset, ret);
	else if (u)
		take_chunk(u, offset, ret);
	else
		return false;
	*at = (struct serve_place){.number = ret->number, .offset = offset + ret->n};
	return true;
}

enum serve_growth serve_parts_look(const struct serve_rendition *r, const struct serve_place *at, uint32_t tag)
{
	const struct serve_under_way *u = under_way(r, at->number);
	const struct serve_segment *s = u ? NULL : serve_media_find(r, at->number);

	if (!(u || s) || (u ? u->parts.tag : s->parts.tag) != tag)
		return SERVE_GROWTH_NONE;
	if (at->offset < (u ? u->bytes : s->bytes->n))
		return SERVE_GROWTH_HERE;
	return s || (u->last && !u->cut) ? SERVE_GROWTH_OVER : SERVE_GROWTH_COMES;
}

uint32_t serve_parts_tag(const struct serve_rendition *r, uint64_t number)
{
	const struct serve_under_way *u = under_way(r, number);

	return u && u->n ? u->parts.tag : 0;
}

bool serve_parts_newest_key(const struct serve_rendition *r, struct serve_place *ret)
{
	for (unsigned i = r->parts.n; i-- > 0;)
		for (unsigned k = r->parts.under_way[i].n; k-- > 0;)
			if (r->parts.under_way[i].chunk[k].independent) {
				*ret = (struct serve_place){.number = r->parts.under_way[i].number, .offset = r->parts.under_way[i].chunk[k].offset};
				return true;
			}
	for (unsigned i = r->n; i-- > 0;)
		if (r->window[i].m.independent) {
			*ret = (struct serve_place){.number = r->window[i].m.number};
			return true;
		}
	return false;
}

/* --- being told ------------------------------------------------------------------------------- */

void serve_parts_follow(struct serve_rendition *r, struct serve_follower *f)
{
	if (f->joined)
		return;
	LIST_INSERT_HEAD(&r->parts.followers, f, next);
	f->joined = true;
}

void serve_parts_leave(struct serve_follower *f)
{
	if (f->joined)
		LIST_REMOVE(f, next);
	f->joined = false;
}

void serve_parts_tell(struct serve_parts *p, enum serve_told what)
{
	struct serve_follower *f = LIST_FIRST(&p->followers), *next;

	for (; f; f = next) {
		next = LIST_NEXT(f, next);
		if (what == SERVE_TOLD_GONE)
			serve_parts_leave(f);
		f->told(f, what);
	}
}
