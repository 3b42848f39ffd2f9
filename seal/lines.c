/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/lines.h"

#include "base/text.h"

#define HASH_BASE64 45  /* 44 characters and a NUL */

/* The code point that begins with c, a byte of 0x80 or more; UINT32_MAX when it is not one (RFC 3629 4). */
static uint32_t code_point(struct rd *r, uint8_t c)
{
	unsigned more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	uint32_t v = c & (0x3fu >> more);

	if (c < 0xc2 || c > 0xf4)
		return UINT32_MAX;
	for (unsigned i = 0; i < more; i++) {
		uint8_t next = rd_u8(r);

		if ((next & 0xc0) != 0x80)
			return UINT32_MAX;
		v = v << 6 | (next & 0x3f);
	}
	return v < least[more] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000) ? UINT32_MAX : v;
}

bool lines_are_utf8(const void *p, size_t n)
{
	struct rd r = rd_init(p, n);

	while (rd_left(&r)) {
		uint8_t c = rd_u8(&r);

		if (c < 0x20 && c != '\n')
			return false;
		if (c >= 0x80 && code_point(&r, c) == UINT32_MAX)
			return false;
	}
	return true;
}

bool lines_hash(const struct rd *line, struct hash *ret)
{
	struct hash h;
	size_t n;

	if (line->bad || base64_decode(lines_text(line), rd_left(line), h.b, HASH_BYTES, &n) || n != HASH_BYTES)
		return false;
	*ret = h;
	return true;
}

int lines_put_hash(struct buf *out, const struct hash *h)
{
	char text[HASH_BASE64];

	base64_encode(h->b, HASH_BYTES, text);
	return buf_append_fmt(out, "%s\n", text);
}
