/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/heads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "base/text.h"
#include "base/wr.h"

#define MAGIC "casemate-heads/2\n"
#define MAGIC_LEN (sizeof MAGIC - 1)

void heads_free(struct heads *h)
{
	free(h->at);
	free(h->slot);
	*h = (struct heads){0};
}

/* FNV-1a over both names; the table's user is our own site file, so nobody picks collisions. */
static uint32_t name_hash(const char *camera, const char *rendition)
{
	uint32_t v = 2166136261u;

	for (const char *s = camera; *s; s++)
		v = (v ^ (uint8_t)*s) * 16777619u;
	v = (v ^ '/') * 16777619u;
	for (const char *s = rendition; *s; s++)
		v = (v ^ (uint8_t)*s) * 16777619u;
	return v;
}

/* The slot that holds the names, or the empty one where they would go. nslots > n, so it ends. */
static uint32_t find_slot(const struct heads *h, const char *camera, const char *rendition)
{
	uint32_t i = name_hash(camera, rendition) & (h->nslots - 1);

	for (; h->slot[i]; i = (i + 1) & (h->nslots - 1)) {
		const struct head *a = &h->at[h->slot[i] - 1];

		if (!strcmp(a->camera, camera) && !strcmp(a->rendition, rendition))
			break;
	}
	return i;
}

static int rehash(struct heads *h, uint32_t nslots)
{
	uint32_t *slot = calloc(nslots, sizeof *slot);

	if (!slot)
		return -ENOMEM;
	free(h->slot);
	h->slot = slot;
	h->nslots = nslots;
	for (uint32_t i = 0; i < h->n; i++)
		slot[find_slot(h, h->at[i].camera, h->at[i].rendition)] = i + 1;
	return 0;
}

static int grow(struct heads *h)
{
	uint32_t cap = h->cap ? h->cap * 2 : 16;
	struct head *at;

	if (h->n == HEADS_MAX)
		return -ENOSPC;
	if (h->n < h->cap)
		return 0;
	at = realloc(h->at, cap * sizeof *at);
	if (!at)
		return -ENOMEM;
	h->at = at;
	if (rehash(h, cap * 2))
		return -ENOMEM;
	h->cap = cap;
	return 0;
}

/* The head of these names, made when it is not there. 0, -ENOMEM or -ENOSPC. */
static int head_of(struct heads *h, const char *camera, const char *rendition, struct head **ret)
{
	uint32_t i;
	int rc;

	if (h->nslots && h->slot[i = find_slot(h, camera, rendition)]) {
		*ret = &h->at[h->slot[i] - 1];
		return 0;
	}
	if ((rc = grow(h)) < 0)
		return rc;
	i = find_slot(h, camera, rendition);
	*ret = &h->at[h->n];
	**ret = (struct head){0};
	memcpy((*ret)->camera, camera, strlen(camera) + 1);
	memcpy((*ret)->rendition, rendition, strlen(rendition) + 1);
	h->slot[i] = ++h->n;
	return 0;
}

int heads_copy(const struct heads *h, struct heads *ret)
{
	struct heads c = *h;

	c.slot = NULL;
	c.nslots = 0;
	c.at = NULL;
	if (h->cap) {
		c.at = malloc(h->cap * sizeof *c.at);
		if (!c.at)
			return -ENOMEM;
		memcpy(c.at, h->at, h->n * sizeof *c.at);
		if (rehash(&c, h->nslots)) {
			free(c.at);
			return -ENOMEM;
		}
	}
	*ret = c;
	return 0;
}

/* What covers a camera's time: its pictures; its sound where there never were any. */
static bool is_primary(const struct heads *h, const struct entry_segment *s)
{
	return !strcmp(s->rendition, "copy") || (!strcmp(s->rendition, "audio") && !heads_find(h, s->camera, "copy"));
}

static int add_segment(struct heads *h, const struct entry_segment *s, const void *entry, size_t n)
{
	bool primary = is_primary(h, s);
	struct head *account = NULL, *a;
	int rc = head_of(h, s->camera, s->rendition, &a);

	if (!rc && primary)
		rc = head_of(h, s->camera, "", &account);
	if (rc)
		return rc;
	a = &h->at[h->slot[find_slot(h, s->camera, s->rendition)] - 1];  /* the table may have moved */
	a->number = s->number;
	a->end_us = s->start_us + (int64_t)s->duration_ms * 1000;
	hash_leaf(entry, n, &a->leaf);
	if (account) {
		account->end_us = a->end_us > account->end_us ? a->end_us : account->end_us;
		account->closed = false;
	}
	return 0;
}

/* Only a clock that was set back takes an account back. */
static int add_gap(struct heads *h, const struct entry_gap *g)
{
	struct head *a;
	int rc = head_of(h, g->camera, "", &a);

	if (rc)
		return rc;
	a->number++;
	if (g->to_us > a->end_us || !strcmp(g->why, "clock-step"))
		a->end_us = g->to_us;
	a->closed = g->from_us == g->to_us && !strcmp(g->why, "removed");
	return 0;
}

int heads_add(struct heads *h, const void *entry, size_t n)
{
	struct entry e;
	int rc = entry_parse(entry, n, &e, NULL);

	if (rc)
		return rc;
	if (e.kind == ENTRY_SEGMENT)
		rc = add_segment(h, &e.segment, entry, n);
	else if (e.kind == ENTRY_GAP)
		rc = add_gap(h, &e.gap);
	if (rc)
		return rc;
	if (e.kind == ENTRY_START) {
		h->run = HEADS_RUNNING;
		h->run_us = e.start.time_us;
	} else if (e.kind == ENTRY_STOP) {
		h->run = HEADS_STOPPED;
	}
	h->size++;
	return 0;
}

const struct head *heads_find(const struct heads *h, const char *camera, const char *rendition)
{
	uint32_t i = h->nslots ? h->slot[find_slot(h, camera, rendition)] : 0;

	return i ? &h->at[i - 1] : NULL;
}

int64_t heads_covered_us(const struct heads *h, const char *camera)
{
	const struct head *account = heads_find(h, camera, "");

	return account ? account->end_us : 0;
}

static void write_name(struct wr *w, const char *s)
{
	wr_u8(w, (uint8_t)strlen(s));
	wr_str(w, s);
}

int heads_write(const struct heads *h, struct buf *out)
{
	size_t cap = MAGIC_LEN + 8 + 1 + 8 + 4 + h->n * (2 * ENTRY_NAME + 8 + 8 + HASH_BYTES + 1) + HASH_BYTES;
	uint8_t *room = buf_reserve(out, cap);
	struct wr w = wr_init(room, room ? cap : 0);
	struct hash sum;

	if (!room)
		return -ENOBUFS;
	wr_str(&w, MAGIC);
	wr_u64(&w, h->size);
	wr_u8(&w, (uint8_t)h->run);
	wr_u64(&w, (uint64_t)h->run_us);
	wr_u32(&w, h->n);
	for (uint32_t i = 0; i < h->n; i++) {
		const struct head *a = &h->at[i];

		write_name(&w, a->camera);
		write_name(&w, a->rendition);
		wr_u64(&w, a->number);
		wr_u64(&w, (uint64_t)a->end_us);
		wr_bytes(&w, a->leaf.b, HASH_BYTES);
		wr_u8(&w, a->closed);
	}
	hash_bytes(w.p, w.len, &sum);
	wr_bytes(&w, sum.b, HASH_BYTES);
	buf_commit(out, w.len);
	return 0;
}

static bool get_name(struct rd *r, char out[ENTRY_NAME], bool may_be_empty)
{
	size_t n = rd_u8(r);
	const uint8_t *p = rd_bytes(r, n);

	if (!p || (n == 0 && !may_be_empty) || (n && !text_is_name((const char *)p, n)))
		return false;
	memcpy(out, p, n);
	out[n] = 0;
	return true;
}

static int read_head(struct rd *r, struct heads *h)
{
	char camera[ENTRY_NAME], rendition[ENTRY_NAME];
	const uint8_t *leaf;
	struct head *a;
	uint8_t closed;
	uint32_t before = h->n;
	int rc;

	if (!get_name(r, camera, false) || !get_name(r, rendition, true))
		return -EBADMSG;
	if ((rc = head_of(h, camera, rendition, &a)) < 0)
		return rc;
	a->number = rd_u64(r);
	a->end_us = (int64_t)rd_u64(r);
	leaf = rd_bytes(r, HASH_BYTES);
	closed = rd_u8(r);
	if (!leaf || closed > 1 || h->n == before)
		return -EBADMSG;
	memcpy(a->leaf.b, leaf, HASH_BYTES);
	a->closed = closed;
	return 0;
}

static bool sum_is_right(const uint8_t *p, size_t n)
{
	struct hash sum;

	if (n < MAGIC_LEN + HASH_BYTES || memcmp(p, MAGIC, MAGIC_LEN))
		return false;
	hash_bytes(p, n - HASH_BYTES, &sum);
	return memcmp(sum.b, p + n - HASH_BYTES, HASH_BYTES) == 0;
}

int heads_read(const void *p, size_t n, struct heads *ret)
{
	struct heads h = {0};
	struct rd r;
	uint32_t count;
	int rc = 0;

	if (!sum_is_right(p, n))
		return -EBADMSG;
	r = rd_init((const uint8_t *)p + MAGIC_LEN, n - MAGIC_LEN - HASH_BYTES);
	h.size = rd_u64(&r);
	h.run = rd_u8(&r);
	h.run_us = (int64_t)rd_u64(&r);
	count = rd_u32(&r);
	if (h.run > HEADS_STOPPED || count > HEADS_MAX)
		rc = -EBADMSG;
	for (uint32_t i = 0; i < count && !rc; i++)
		rc = read_head(&r, &h);
	if (!rc && (r.bad || rd_left(&r)))
		rc = -EBADMSG;
	if (rc)
		heads_free(&h);
	else
		*ret = h;
	return rc;
}
