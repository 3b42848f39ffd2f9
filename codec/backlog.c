/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/backlog.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void backlog_init(struct backlog *b)
{
	*b = (struct backlog){0};
	buf_init(&b->bytes, BACKLOG_BYTES_MAX);
}

void backlog_free(struct backlog *b)
{
	buf_free(&b->bytes);
	free(b->list);
	*b = (struct backlog){0};
}

void backlog_clear(struct backlog *b)
{
	buf_clear(&b->bytes);
	b->n = 0;
}

static void drop_first(struct backlog *b, unsigned n)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < n; i++)
		bytes += b->list[i].au.len;
	buf_consume(&b->bytes, bytes);
	memmove(b->list, b->list + n, (b->n - n) * sizeof *b->list);
	b->n -= n;
}

/* Where the next start lies behind the first one; n when there is none. */
static unsigned next_start(const struct backlog *b)
{
	unsigned i = 1;

	while (i < b->n && !b->list[i].start)
		i++;
	return i;
}

/* The first start can go once a whole segment lies between the next one and the newest access unit. */
static void forget(struct backlog *b)
{
	unsigned next = b->n ? next_start(b) : 0;

	while (next < b->n && b->list[next].segment != b->list[b->n - 1].segment) {
		drop_first(b, next);
		next = next_start(b);
	}
}

static void make_room(struct backlog *b, size_t len)
{
	while (b->n && (b->n == BACKLOG_AUS_MAX || len > BACKLOG_BYTES_MAX - b->bytes.len))
		drop_first(b, next_start(b));
}

static bool grow(struct backlog *b)
{
	unsigned cap = b->cap ? b->cap * 2 : 64;
	struct backlog_au *list;

	if (b->n < b->cap)
		return true;
	list = realloc(b->list, cap * sizeof *list);
	if (!list)
		return false;
	b->list = list;
	b->cap = cap;
	return true;
}

int backlog_add(struct backlog *b, const struct record_au *au, bool begins)
{
	bool start = begins && au->au.key;

	make_room(b, au->au.len);
	if (b->n == 0 && !start)
		return 0;
	if (!grow(b) || buf_append(&b->bytes, au->au.data, au->au.len)) {
		backlog_clear(b);
		return -ENOMEM;
	}
	b->list[b->n] = (struct backlog_au){.au = au->au, .segment = au->segment, .start = start};
	b->list[b->n++].au.data = NULL;
	forget(b);
	return 0;
}

struct record_au backlog_get(const struct backlog *b, unsigned i, uint64_t epoch)
{
	struct record_au r;
	size_t at = 0;

	assert(i < b->n);
	for (unsigned k = 0; k < i; k++)
		at += b->list[k].au.len;
	r = (struct record_au){.epoch = epoch, .segment = b->list[i].segment, .au = b->list[i].au};
	r.au.data = buf_data(&b->bytes) + at;
	return r;
}

uint32_t backlog_whole(const struct backlog *b)
{
	unsigned i = b->n - 1;

	assert(b->n);
	while (i > 0 && b->list[i].segment == b->list[b->n - 1].segment)
		i--;
	return b->list[i].segment;
}

unsigned backlog_newest_start(const struct backlog *b)
{
	unsigned i = b->n - 1;

	assert(b->n);
	while (!b->list[i].start)
		i--;
	return i;
}
