/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/tile.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>

#include "base/text.h"
#include "base/wr.h"
#include "seal/lines.h"

/* N in threes, all groups but the last with an x before them. */
static void write_index(struct wr *w, uint64_t index)
{
	uint64_t unit = 1;

	while (index / unit >= 1000)
		unit *= 1000;
	for (; unit > 1; unit /= 1000)
		wr_fmt(w, "x%03u/", (unsigned)(index / unit % 1000));
	wr_fmt(w, "%03u", (unsigned)(index % 1000));
}

void tile_path(const struct tile *t, char out[TILE_PATH])
{
	struct wr w = wr_init(out, TILE_PATH);

	assert(t->level < TILE_LEVELS && t->index < TILE_INDEX_MAX && t->width >= 1 && t->width <= TILE_WIDTH);
	if (t->entries)
		wr_str(&w, "tile/entries/");
	else
		wr_fmt(&w, "tile/%u/", t->level);
	write_index(&w, t->index);
	if (t->width < TILE_WIDTH)
		wr_fmt(&w, ".p/%u", t->width);
	wr_u8(&w, 0);
	assert(!w.bad);
}

/* Three digits, onto the end of *index. */
static bool add_group(const uint8_t *p, uint64_t *index)
{
	for (int i = 0; p && i < 3; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		*index = *index * 10 + p[i] - '0';
	}
	return p && *index < TILE_INDEX_MAX;
}

static bool read_index(struct rd *r, uint64_t *ret)
{
	uint64_t index = 0;

	while (rd_left(r) && *r->p == 'x') {
		rd_u8(r);
		if (!add_group(rd_bytes(r, 3), &index) || rd_u8(r) != '/')
			return false;
	}
	*ret = index;
	return add_group(rd_bytes(r, 3), ret);
}

int tile_parse_path(const char *s, size_t n, struct tile *ret)
{
	struct rd r = rd_init(s, n), top = lines_until(&r, '/'), kind = lines_until(&r, '/');
	struct tile t = {.width = TILE_WIDTH};
	char again[TILE_PATH];
	uint64_t v = 0;

	if (n >= TILE_PATH || !lines_is(&top, "tile") || kind.bad)
		return -EINVAL;
	t.entries = lines_is(&kind, "entries");
	if (!t.entries && text_u64(lines_text(&kind), rd_left(&kind), TILE_LEVELS - 1, &v))
		return -EINVAL;
	t.level = (unsigned)v;
	if (!read_index(&r, &t.index))
		return -EINVAL;
	if (rd_left(&r)) {
		struct rd p = rd_sub(&r, 3);

		if (!lines_is(&p, ".p/") || text_u64(lines_text(&r), rd_left(&r), TILE_WIDTH - 1, &v) || v == 0)
			return -EINVAL;
		t.width = (unsigned)v;
	}
	/* "x000/001" reads as 1 too, but is not how 1 is written. */
	tile_path(&t, again);
	if (strlen(again) != n || memcmp(again, s, n))
		return -EINVAL;
	*ret = t;
	return 0;
}

unsigned tile_width(uint64_t size, unsigned level, uint64_t index)
{
	uint64_t count = level < 8 ? size >> 8 * level : 0;

	if (index < count / TILE_WIDTH)
		return TILE_WIDTH;
	return index == count / TILE_WIDTH ? (unsigned)(count % TILE_WIDTH) : 0;
}

int tile_bundle_add(struct buf *out, const void *entry, size_t n)
{
	uint8_t head[2] = {(uint8_t)(n >> 8), (uint8_t)n};
	uint8_t *to;

	if (n < 1 || n > TILE_ENTRY_MAX_BYTES)
		return -EMSGSIZE;
	to = buf_reserve(out, sizeof head + n);
	if (!to)
		return -ENOBUFS;
	memcpy(to, head, sizeof head);
	memcpy(to + sizeof head, entry, n);
	buf_commit(out, sizeof head + n);
	return 0;
}

int tile_bundle_next(struct rd *r, const uint8_t **ret, size_t *ret_n)
{
	const uint8_t *p;
	size_t n;

	if (!r->bad && rd_left(r) == 0)
		return 0;
	n = rd_u16(r);
	p = rd_bytes(r, n);
	if (!p || n < 1 || n > TILE_ENTRY_MAX_BYTES) {
		r->bad = true;
		return -EBADMSG;
	}
	*ret = p;
	*ret_n = n;
	return 1;
}
