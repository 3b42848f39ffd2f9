/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_WR_H
#define BASE_WR_H
/*
 * A write cursor over the caller's memory, big-endian. It never writes past
 * cap; what does not fit sets bad, and the bytes are then worthless.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct wr {
	uint8_t *p;
	size_t len, cap;
	bool bad;
};

static inline struct wr wr_init(void *p, size_t cap)
{
	return (struct wr){.p = p, .cap = cap};
}

/* Room for n bytes, to be filled by the caller; NULL when there is none. */
static inline uint8_t *wr_room(struct wr *w, size_t n)
{
	if (w->bad || w->cap - w->len < n) {
		w->bad = true;
		return NULL;
	}
	w->len += n;
	return w->p + w->len - n;
}

static inline void wr_be(struct wr *w, uint64_t v, unsigned nbytes)
{
	uint8_t *p = wr_room(w, nbytes);

	for (unsigned i = 0; p && i < nbytes; i++)
		p[i] = (uint8_t)(v >> 8 * (nbytes - 1 - i));
}

static inline void wr_u8(struct wr *w, uint8_t v) { wr_be(w, v, 1); }
static inline void wr_u16(struct wr *w, uint16_t v) { wr_be(w, v, 2); }
static inline void wr_u24(struct wr *w, uint32_t v) { wr_be(w, v, 3); }
static inline void wr_u32(struct wr *w, uint32_t v) { wr_be(w, v, 4); }
static inline void wr_u64(struct wr *w, uint64_t v) { wr_be(w, v, 8); }

static inline void wr_bytes(struct wr *w, const void *src, size_t n)
{
	uint8_t *p = wr_room(w, n);

	if (p && n)
		memcpy(p, src, n);
}

static inline void wr_str(struct wr *w, const char *s)
{
	wr_bytes(w, s, strlen(s));
}

/* Writes v over the four bytes at offset at (a box size known only later). */
static inline void wr_patch_u32(struct wr *w, size_t at, uint32_t v)
{
	if (w->bad || at > w->len || w->len - at < 4)
		return;
	for (unsigned i = 0; i < 4; i++)
		w->p[at + i] = (uint8_t)(v >> 8 * (3 - i));
}

/* printf at the cursor; no terminating NUL is counted, but one byte of room for it is needed. */
void wr_fmt(struct wr *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
