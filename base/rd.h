/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_RD_H
#define BASE_RD_H
/*
 * A read cursor that knows its end. Borrowed bytes, never owned. After the
 * first read past the end every read gives zero (or NULL) and bad stays set,
 * so a parser may read a whole header and ask once.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rd {
	const uint8_t *p, *end;
	bool bad;
};

static inline struct rd rd_init(const void *p, size_t n)
{
	return (struct rd){.p = p, .end = (const uint8_t *)p + n};
}

static inline size_t rd_left(const struct rd *r)
{
	return (size_t)(r->end - r->p);
}

/* The next n bytes, stepped over; NULL when there are fewer. */
static inline const uint8_t *rd_bytes(struct rd *r, size_t n)
{
	const uint8_t *p = r->p;

	if (r->bad || rd_left(r) < n) {
		r->bad = true;
		return NULL;
	}
	r->p += n;
	return p;
}

/* A cursor over the next n bytes, stepped over; an empty bad one when there are fewer. */
static inline struct rd rd_sub(struct rd *r, size_t n)
{
	const uint8_t *p = rd_bytes(r, n);
	struct rd s = {.p = p, .end = p ? p + n : p, .bad = !p};

	return s;
}

static inline uint64_t rd_be(struct rd *r, unsigned nbytes)
{
	const uint8_t *p = rd_bytes(r, nbytes);
	uint64_t v = 0;

	for (unsigned i = 0; p && i < nbytes; i++)
		v = v << 8 | p[i];
	return v;
}

static inline uint8_t rd_u8(struct rd *r) { return (uint8_t)rd_be(r, 1); }
static inline uint16_t rd_u16(struct rd *r) { return (uint16_t)rd_be(r, 2); }
static inline uint32_t rd_u24(struct rd *r) { return (uint32_t)rd_be(r, 3); }
static inline uint32_t rd_u32(struct rd *r) { return (uint32_t)rd_be(r, 4); }
static inline uint64_t rd_u64(struct rd *r) { return rd_be(r, 8); }

#endif
