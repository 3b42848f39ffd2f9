/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_BITS_H
#define MEDIA_BITS_H
/*
 * A bit reader that knows its end, most significant bit first, with the
 * exp-Golomb codes of ISO/IEC 14496-10 9.1. Borrowed bytes. As with base/rd:
 * after the first read past the end, or a code longer than 32 bits, every read
 * gives zero and bad stays set.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bits {
	const uint8_t *p;
	size_t nbits, at;  /* at: index of the next bit */
	bool bad;
};

struct bits bits_init(const uint8_t *p, size_t nbytes);

static inline size_t bits_left(const struct bits *b)
{
	return b->nbits - b->at;
}

/* The next n bits, n at most 32. */
uint32_t bits_get(struct bits *b, unsigned n);
void bits_skip(struct bits *b, size_t n);
/* ue(v) and se(v). */
uint32_t bits_ue(struct bits *b);
int32_t bits_se(struct bits *b);

#endif
