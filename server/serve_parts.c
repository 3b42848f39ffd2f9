/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What store publishes of segments under way, and that a segment is what was published of it. */
#include "server/serve_parts.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/serve_media.h"

#define LATEST_US INT64_C(253402300799000000)  /* the year 9999: later is no time that a playlist can say */

static int refuse(const char **why, const char *text)
{
	*why = text;
	return -EBADMSG;
}

/* Room for one more of n; false without memory. */
static bool grow(void **array, unsigned *room, unsigned n, size_t size)
{
	unsigned more = *room ? *room * 2 : 16;
	void *grown;

	if (n < *room)
		return true;
	grown = realloc(*array, more * size);
	if (!grown)
		return false;
	*array = grown;
	*room = more;
	return true;
}

void serve_parts_free(struct serve_part_list *l)
{
	for (unsigned i = 0; i < l->n; i++)
		serve_bytes_unref(&l->part[i].bytes);
	free(l->part);
	*l = (struct serve_part_list){0};
}

static void drop_chunks(struct serve_parts *p, struct serve_under_way *u)
{
	for (unsigned i = 0; i < u->n; i++)
		serve_bytes_unref(&u->chunk[i].bytes);
	p->chunks -= u->n;
	p->bytes -= u->bytes;
	*p->all -= u->n;
	u->n = 0;
	u->bytes = 0;
}

static void drop_oldest(struct serve_parts *p)
{
	struct serve_under_way *u = &p->under_way[0];

	drop_chunks(p, u);
	serve_parts_free(&u->parts);
	free(u->chunk);
	memmove(u, u + 1, --p->n * sizeof *u);
	p->under_way[p->n] = (struct serve_under_way){0};
}

void serve_parts_reset(struct serve_parts *p)
{
	while (p->n)
		drop_oldest(p);
}

static const char *fault_of(const struct msg_part *m)
{
	if (m->number > INT64_MAX || !m->bytes || m->bytes > SERVE_CHUNKS_BYTES || m->offset > SERVE_BYTES_MAX)
		return "a part that cannot be";
	if (!serve_media_is_timescale(m->timescale) || m->duration / m->timescale >= MSG_SEGMENT_MAX_S || m->start_us < 0 || m->start_us > LATEST_US)
		return "a part whose time cannot be";
	return m->part != MSG_NO_PART && !m->target_ms ? "a part without a target" : NULL;
}

static bool is_of(const struct serve_under_way *u, const struct msg_part *m)
{
	return u->parts.tag == m->tag && u->discontinuity == m->discontinuity && u->timescale == m->timescale && memcmp(u->init_sha256, m->init_sha256, 32) == 0;
}

static struct serve_under_way *find(struct serve_parts *p, uint64_t number)
{
	for (unsigned i = 0; i < p->n; i++)
		if (p->under_way[i].number == number)
			return &p->under_way[i];
	return NULL;
}

static struct serve_under_way *begin(struct serve_parts *p, const struct msg_part *m)
{
	struct serve_under_way *u = &p->under_way[p->n++];

	*u = (struct serve_under_way){.number = m->number, .discontinuity = m->discontinuity, .timescale = m->timescale, .parts.tag = m->tag};
	memcpy(u->init_sha256, m->init_sha256, sizeof u->init_sha256);
	return u;
}

static bool has_room(const struct serve_parts *p, const struct msg_part *m)
{
	return p->chunks < SERVE_CHUNKS_MAX && m->bytes <= SERVE_CHUNKS_BYTES - p->bytes && *p->all < SERVE_CHUNKS_ALL;
}

static int map(const struct msg_part *m, int fd, struct serve_bytes **ret, const char **why)
{
	int rc = serve_bytes_map(fd, m->bytes, m->sha256, ret);

	if (rc == -EPERM)
		return refuse(why, "memory that is not sealed");
	if (rc == -EMSGSIZE)
		return refuse(why, "memory of another size than said");
	return rc;
}

static void put_chunk(struct serve_parts *p, struct serve_under_way *u, const struct msg_part *m, struct serve_bytes *bytes)
{
	u->chunk[u->n++] = (struct serve_chunk){.bytes = bytes, .offset = m->offset, .capture_us = m->start_us, .independent = m->independent};
	u->bytes += m->bytes;
	u->last = m->last;
	u->parts.final = m->last && m->final;
	p->chunks++;
	p->bytes += m->bytes;
	++*p->all;
}

/* Store counts from a segment's first byte, or not at all; a part may have been whole without a word, when what follows did not fit. */
static bool is_in_order(const struct serve_under_way *u, const struct msg_part *m)
{
	const struct serve_part_list *l = &u->parts;

	return u->unlisted || m->part == MSG_NO_PART || m->part == l->n || (u->part_grows && m->part + 1u == l->n);
}

/* The chunk's part; 1: one is whole now. */
static int put_part(struct serve_parts *p, struct serve_under_way *u, const struct msg_part *m)
{
	struct serve_part_list *l = &u->parts;
	bool begins = !u->part_grows || m->part == l->n, whole;

	if (!l->n)
		l->target_ms = m->target_ms;
	u->unlisted |= m->part == MSG_NO_PART || m->target_ms != l->target_ms;
	if (u->unlisted)
		return 0;
	if (begins && !grow((void **)&l->part, &l->room, l->n, sizeof *l->part))
		return -ENOMEM;
	whole = m->ends || (begins && u->part_grows);
	if (begins)
		l->part[l->n++] = (struct serve_part){.offset = m->offset, .independent = m->independent};
	l->part[l->n - 1].n += m->bytes;
	l->part[l->n - 1].duration += m->duration;
	u->part_grows = !m->ends;
	if (m->target_ms > p->target_ms)
		p->target_ms = m->target_ms;
	return whole;
}

static bool has_beginning(const struct serve_bytes *b, const struct serve_under_way *u)
{
	if (u->bytes > b->n)
		return false;
	for (unsigned i = 0; i < u->n; i++)
		if (memcmp(b->p + u->chunk[i].offset, u->chunk[i].bytes->p, u->chunk[i].bytes->n) != 0)
			return false;
	return true;
}

/* Somebody watches again: what there is of the segment comes once more, in one piece. */
static int take_again(struct serve_parts *p, struct serve_under_way *u, const struct msg_part *m, int fd, const char **why)
{
	struct serve_bytes *bytes;
	int rc;

	if (m->part != MSG_NO_PART || u->last)
		return refuse(why, "a segment's first part again");
	u->cut = m->bytes > SERVE_CHUNKS_BYTES - (p->bytes - u->bytes);
	if (u->cut)
		return 0;
	rc = map(m, fd, &bytes, why);
	if (rc)
		return rc;
	if (!has_beginning(bytes, u)) {
		serve_bytes_unref(&bytes);
		return refuse(why, "a segment that is not what its parts were");
	}
	drop_chunks(p, u);
	put_chunk(p, u, m, bytes);
	u->unlisted = true;
	return 0;
}

static int take_next(struct serve_parts *p, struct serve_under_way *u, const struct msg_part *m, int fd, const char **why)
{
	struct serve_bytes *bytes;
	int rc;

	if (u->last || m->offset != u->bytes || !is_in_order(u, m))
		return refuse(why, "a part out of order");
	u->cut = !has_room(p, m);
	if (u->cut)
		return 0;
	rc = grow((void **)&u->chunk, &u->room, u->n, sizeof *u->chunk) ? map(m, fd, &bytes, why) : -ENOMEM;
	if (rc) {
		u->cut = true;
		return rc;
	}
	put_chunk(p, u, m, bytes);
	rc = put_part(p, u, m);
	u->cut = rc == -ENOMEM;
	return rc;
}

int serve_parts_add(struct serve_parts *p, const struct msg_part *m, int fd, unsigned *all, const char **why)
{
	struct serve_under_way *u = find(p, m->number);
	const char *fault = fault_of(m);

	if (!u && !fault && p->n && m->number < p->under_way[p->n - 1].number)
		fault = "a part whose number goes back";
	if (!fault && u && !is_of(u, m))
		fault = "a part of another segment of the same number";
	if (fault)
		return refuse(why, fault);
	p->all = all;
	if (!u && !m->offset && p->n < SERVE_UNDER_WAY)
		u = begin(p, m);
	if (!u || u->cut)      /* its beginning was not told, or left out */
		return 0;
	return u->n && !m->offset ? take_again(p, u, m, fd, why) : take_next(p, u, m, fd, why);
}

static bool is_of_segment(const struct serve_under_way *u, const struct msg_segment *m)
{
	return u->discontinuity == m->discontinuity && u->timescale == m->timescale && memcmp(u->init_sha256, m->init_sha256, 32) == 0;
}

/* Their bytes are those of the segment from now on. What a camera that went left behind ends with its segment, and so does its last part. */
static void hand_over(struct serve_under_way *u, const struct serve_bytes *bytes, struct serve_part_list *ret)
{
	struct serve_part_list *l = &u->parts;

	for (unsigned i = 0; i < l->n; i++)
		serve_bytes_unref(&l->part[i].bytes);
	l->all = l->n && !u->cut && !u->unlisted && u->bytes == bytes->n;
	l->n -= u->part_grows && !l->all;
	*ret = *l;
	*l = (struct serve_part_list){0};
}

int serve_parts_settle(struct serve_parts *p, const struct msg_segment *m, const struct serve_bytes *bytes, struct serve_part_list *ret, const char **why)
{
	struct serve_under_way *u = find(p, m->number);
	bool lies = u && u->n && (!is_of_segment(u, m) || !has_beginning(bytes, u) || (u->last && !u->cut && u->bytes != bytes->n));

	if (u && !lies)
		hand_over(u, bytes, ret);
	while (p->n && p->under_way[0].number <= m->number)
		drop_oldest(p);
	return lies ? refuse(why, "a segment that is not what its parts were") : 0;
}
