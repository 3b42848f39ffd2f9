/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/nal.h"

#include <errno.h>
#include <string.h>

int nal_next(struct rd *r, const uint8_t **ret_nal, size_t *ret_n)
{
	const uint8_t *p;
	uint32_t n;

	if (rd_left(r) == 0)
		return r->bad ? -EBADMSG : 0;
	n = rd_u32(r);
	p = rd_bytes(r, n);
	if (!p || n == 0)
		return -EBADMSG;
	*ret_nal = p;
	*ret_n = n;
	return 1;
}

/* Where the next 00 00 01 begins, or end. */
static const uint8_t *start_code(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *one;

	for (p += 2; p < end && (one = memchr(p, 1, (size_t)(end - p))); p = one + 1)
		if (one[-1] == 0 && one[-2] == 0)
			return one - 2;
	return end;
}

int nal_next_annexb(struct rd *r, const uint8_t **ret_nal, size_t *ret_n)
{
	const uint8_t *nal, *end;

	if (r->bad || rd_left(r) < 4)
		return 0;
	for (nal = start_code(r->p, r->end); r->end - nal > 3; nal = end) {
		nal += 3;
		end = r->end - nal < 3 ? r->end : start_code(nal, r->end);
		r->p = end;
		*ret_nal = nal;
		while (end > nal && end[-1] == 0)
			end--;
		*ret_n = (size_t)(end - nal);
		if (*ret_n)
			return 1;
		end = r->p;
	}
	r->p = r->end;
	return 0;
}

size_t nal_trim(const uint8_t *nal, size_t n)
{
	while (n && nal[n - 1] == 0)
		n--;
	return n;
}

size_t nal_unescape(const uint8_t *nal, size_t n, uint8_t *out, size_t cap)
{
	unsigned zeros = 0;
	size_t len = 0;

	for (size_t i = 0; i < n && len < cap; i++) {
		if (zeros >= 2 && nal[i] == 3) {
			zeros = 0;
			continue;
		}
		zeros = nal[i] ? 0 : zeros + 1;
		out[len++] = nal[i];
	}
	return len;
}

void nal_escape(struct wr *w, const uint8_t *raw, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (raw[i] <= 3 && !w->bad && w->len >= 2 && w->p[w->len - 1] == 0 && w->p[w->len - 2] == 0)
			wr_u8(w, 3);
		wr_u8(w, raw[i]);
	}
}
