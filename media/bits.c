/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/bits.h"

#include <assert.h>

struct bits bits_init(const uint8_t *p, size_t nbytes)
{
	return (struct bits){.p = p, .nbits = nbytes * 8};
}

uint32_t bits_get(struct bits *b, unsigned n)
{
	uint32_t v = 0;

	assert(n <= 32);
	if (b->bad || bits_left(b) < n) {
		b->bad = true;
		return 0;
	}
	for (; n; n--, b->at++)
		v = v << 1 | (b->p[b->at / 8] >> (7 - b->at % 8) & 1);
	return v;
}

void bits_skip(struct bits *b, size_t n)
{
	if (b->bad || bits_left(b) < n)
		b->bad = true;
	else
		b->at += n;
}

uint32_t bits_ue(struct bits *b)
{
	unsigned zeros = 0;

	while (!b->bad && bits_get(b, 1) == 0)
		if (++zeros == 32)
			b->bad = true;
	return b->bad ? 0 : ((uint32_t)1 << zeros) - 1 + bits_get(b, zeros);
}

int32_t bits_se(struct bits *b)
{
	uint32_t v = bits_ue(b);

	return v & 1 ? (int32_t)(v / 2 + 1) : -(int32_t)(v / 2);
}
