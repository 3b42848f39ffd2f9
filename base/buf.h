/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_BUF_H
#define BASE_BUF_H
/*
 * A growing byte buffer with an end: bytes are appended at the back and
 * consumed at the front. It owns its memory and never grows past max.
 * buf_init allocates nothing; buf_free may be called on any state.
 */
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *mem;
	size_t off, len, cap, max;  /* the bytes are mem[off .. off+len) */
};

void buf_init(struct buf *b, size_t max_bytes);
void buf_free(struct buf *b);

static inline uint8_t *buf_data(const struct buf *b) { return b->mem ? b->mem + b->off : NULL; }

/* Room for n more bytes at the back, not yet counted in len; NULL when max would be passed (nothing changes). */
uint8_t *buf_reserve(struct buf *b, size_t n);
/* Counts n bytes that were written into reserved room. */
void buf_commit(struct buf *b, size_t n);
/* 0, or -ENOBUFS when max would be passed (nothing is appended). */
int buf_append(struct buf *b, const void *p, size_t n);
int buf_append_str(struct buf *b, const char *s);
int buf_append_fmt(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Drops n bytes (at most len) from the front. */
void buf_consume(struct buf *b, size_t n);
static inline void buf_clear(struct buf *b) { b->off = b->len = 0; }

#endif
