/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chunks of segments that are not whole yet, for the serve processes, while somebody watches closely. Each goes from the ring
 * into sealed memory of its own, and from there into its segment: a producer may change its ring at any time, and a
 * part that a viewer has may not differ from what is hashed, logged and proved of the segment.
 *
 * Which chunks are a part is said here alone, since each serve must give a part's address to the same bytes: one is whole
 * as soon as it lasts 85 % of the target (RFC 8216bis 4.4.4.9) or ends its segment.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "server/store.h"

#define PART_LEAST_PERCENT 85
#define CHUNK_US 10000            /* between those of a rendition, on the average: who sends more wants to keep everybody busy */
#define CHUNKS_AHEAD_US 5000000
#define CATCH_UP_MAX (16u << 20)  /* of a segment under way, when somebody begins to watch: what is more is waited for */

struct chunk {
	int fd;
	const uint8_t *p;
	size_t n;
};

static void drop(struct chunk *c)
{
	if (c->p)
		munmap((void *)(uintptr_t)c->p, c->n);
	if (c->fd >= 0)
		close(c->fd);
}

static int map(struct chunk *c)
{
	void *p = mmap(NULL, c->n, PROT_READ, MAP_SHARED, c->fd, 0);

	if (p == MAP_FAILED)
		return -errno;
	c->p = p;
	return 0;
}

/* 0 with a chunk for drop(), or -errno. */
static int take(const struct ring *from, size_t n, struct chunk *ret)
{
	struct iovec piece[2];
	int pieces = ring_pieces(from, RECORD_PART_HEADER, piece), rc = 0, first;

	*ret = (struct chunk){.fd = memfd_create("part", MFD_CLOEXEC | MFD_ALLOW_SEALING), .n = n};
	if (ret->fd < 0)
		return -errno;
	for (int i = 0; i < pieces && !rc; i++)
		rc = io_write_all(ret->fd, piece[i].iov_base, piece[i].iov_len);
	first = ret->fd;
	if (!rc)
		rc = io_seal(first, "part", n, &ret->fd);
	if (rc == 1) {
		close(first);
		rc = 0;
	}
	if (!rc)
		rc = map(ret);
	if (rc)
		drop(ret);
	return rc;
}

static bool comes_too_fast(struct store_rendition *r)
{
	int64_t now_us = clock_mono_us(), *due_us = &r->closely.due_us;

	*due_us = (*due_us > now_us ? *due_us : now_us) + CHUNK_US;
	return *due_us - now_us > CHUNKS_AHEAD_US;
}

static struct msg_part describe(const struct store_rendition *r, const struct segment *seg)
{
	struct msg_part m = {.camera = r->track.camera, .rendition = r->index, .number = seg->number, .tag = (uint32_t)seg->epoch,
		.discontinuity = seg->discontinuity, .part = MSG_NO_PART, .timescale = seg->timescale};

	memcpy(m.init_sha256, seg->init.b, HASH_BYTES);
	return m;
}

static void hash_chunk(struct msg_part *m, const void *p, size_t n)
{
	struct hash h;

	hash_bytes(p, n, &h);
	memcpy(m->sha256, h.b, HASH_BYTES);
	m->bytes = n;
}

/* The chunk's part, and whether it ends that. */
static void count(struct store_rendition *r, const struct record_part *part, struct msg_part *m)
{
	struct store_closely *w = &r->closely;
	uint64_t target = (uint64_t)w->target_ms * r->track.timescale / 1000;

	if (w->part_duration && w->part_duration + part->duration > target) {
		w->part++;
		w->part_duration = 0;
	}
	w->part_duration += part->duration;
	m->part = (uint16_t)w->part;
	m->target_ms = w->target_ms;
	m->ends = part->last || w->part_duration * 100 >= target * PART_LEAST_PERCENT;
	if (m->ends) {
		w->part++;
		w->part_duration = 0;
	}
}

void store_parts_begin(struct store_rendition *r)
{
	r->closely.counts = r->closely.part_ms != 0;
	r->closely.target_ms = r->closely.part_ms;
	r->closely.part = 0;
	r->closely.part_duration = 0;
	r->closely.published = r->closely.chunk_ms && !r->hidden && r->index != RENDITION_SNAPSHOT;
}

bool store_parts_wanted(struct store_rendition *r)
{
	struct store_closely *w = &r->closely;

	w->published &= w->chunk_ms && !comes_too_fast(r);
	return w->published;
}

/*
 * Whether the segment still has parts: none when a chunk is longer than players are promised, be it that it began before anybody watched, that
 * its ingest was started anew, or that pictures are missing. To promise less would cost all of them their latency for good.
 */
static bool can_count(const struct store_rendition *r, const struct record_part *part)
{
	const struct store_closely *w = &r->closely;

	return w->target_ms && (uint64_t)part->duration * 1000 <= (uint64_t)w->target_ms * r->track.timescale;
}

static void publish(struct store *s, struct store_rendition *r, const struct record_part *part, const struct chunk *c)
{
	struct store_closely *w = &r->closely;
	struct msg_part m = describe(r, r->open);

	m.start_us = part->capture_us / 1000 * 1000;
	m.independent = part->independent;
	m.last = part->last;
	m.final = part->final;
	m.duration = part->duration;
	m.offset = r->open->bytes;
	w->counts &= can_count(r, part);
	if (w->counts)
		count(r, part, &m);
	hash_chunk(&m, c->p, c->n);
	store_serve_part(s, r, &m, c->fd);
}

int store_parts_add(struct store *s, struct store_rendition *r, const struct ring *from, const struct record_part *part)
{
	struct chunk c;
	int rc = take(from, part->len, &c);

	if (rc) {
		r->closely.published = false;
		return -EAGAIN;
	}
	rc = io_write_all(r->open->fd, c.p, c.n);
	if (!rc)
		publish(s, r, part, &c);
	drop(&c);
	return rc;
}

/* What there is of the segment under way, in one piece: it begins no part, for that has to be so for all. */
int store_parts_so_far(struct store_rendition *r, struct msg_part *ret)
{
	struct segment *seg = r->open;
	struct chunk c = {.fd = -1};
	void *p;
	int rc;

	if (!seg || r->over || !seg->bytes || seg->bytes > CATCH_UP_MAX || seg->duration > UINT32_MAX || r->hidden || r->index == RENDITION_SNAPSHOT)
		return -ENOENT;
	p = mmap(NULL, seg->bytes, PROT_READ, MAP_SHARED, seg->fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	rc = io_seal_bytes("part", p, seg->bytes, &c.fd);
	munmap(p, seg->bytes);
	if (rc)
		return rc;
	*ret = describe(r, seg);
	ret->start_us = seg->start_us;
	ret->independent = seg->independent;
	ret->duration = (uint32_t)seg->duration;
	c.n = seg->bytes;
	rc = map(&c);
	if (!rc)
		hash_chunk(ret, c.p, c.n);
	if (c.p)
		munmap((void *)(uintptr_t)c.p, c.n);
	if (rc)
		close(c.fd);
	return rc ? rc : c.fd;
}

void store_parts_length(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	const struct msg_part_length *l = &m->part_length;
	struct store *s = ctx;
	struct store_rendition *r = store_rendition_at(s, l->camera, l->rendition);
	struct msg_part so_far;
	bool begins;
	int fd;

	if (!r)
		return;
	begins = l->chunk_ms && !r->closely.chunk_ms;
	r->closely.chunk_ms = l->chunk_ms;
	if (!l->part_ms || l->part_ms > r->closely.part_ms)
		r->closely.part_ms = l->part_ms;
	if (!begins)
		return;
	r->closely.counts = r->closely.published = false;
	fd = store_parts_so_far(r, &so_far);
	if (fd < 0)
		return;
	store_serve_part(s, r, &so_far, fd);
	close(fd);
	r->closely.published = true;
}
