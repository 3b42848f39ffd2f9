/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_http2_head.h"

#include <errno.h>
#include <stdint.h>

#define LITERAL 0x00             /* 6.2.2: a prefix of 4 bits */
#define NEVER_INDEXED 0x10       /* 6.2.3: nor by anybody on the way */
#define PREFIX_MAX 15
#define LENGTH_PREFIX_MAX 127
#define INTEGER 10               /* bytes of one, at most */
#define NAME_MAX_BYTES 64

/* Appendix A, as far as answers have them; the commonest first. */
static const struct { const char *name; size_t n; uint8_t index; } known[] = {
#define KNOWN(name, index) {(name), sizeof(name) - 1, (index)}
	KNOWN("date", 33), KNOWN("content-length", 28), KNOWN("content-type", 31), KNOWN("etag", 34), KNOWN("accept-ranges", 18),
	KNOWN("cache-control", 24), KNOWN("strict-transport-security", 56), KNOWN("last-modified", 44), KNOWN("content-location", 29),
	KNOWN("content-range", 30), KNOWN("location", 46), KNOWN("www-authenticate", 61), KNOWN("set-cookie", 55), KNOWN("allow", 22),
	KNOWN("retry-after", 53), KNOWN("content-disposition", 25),
};

static size_t put_integer(uint8_t *to, uint8_t first, size_t prefix_max, size_t v)
{
	size_t n = 0;

	if (v < prefix_max) {
		to[n++] = (uint8_t)(first | v);
		return n;
	}
	to[n++] = (uint8_t)(first | prefix_max);
	for (v -= prefix_max; v >= 128; v /= 128)
		to[n++] = (uint8_t)(v % 128 | 128);
	to[n++] = (uint8_t)v;
	return n;
}

static uint8_t index_of(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].n == n && memcmp(known[i].name, name, n) == 0)
			return known[i].index;
	return 0;
}

static int put_field(struct buf *out, struct span name, struct span value)
{
	uint8_t *to = buf_reserve(out, 3 * INTEGER + name.n + value.n), index;
	char lower[NAME_MAX_BYTES];
	size_t n;

	if (!name.n || name.n > sizeof lower)
		return -EINVAL;
	if (!to)
		return -ENOBUFS;
	for (size_t i = 0; i < name.n; i++)
		lower[i] = (char)(name.p[i] | (name.p[i] >= 'A' && name.p[i] <= 'Z' ? 0x20 : 0));
	index = index_of(lower, name.n);
	n = put_integer(to, span_is(span_of(lower, name.n), "set-cookie") ? NEVER_INDEXED : LITERAL, PREFIX_MAX, index);
	if (!index) {
		n += put_integer(to + n, 0, LENGTH_PREFIX_MAX, name.n);
		memcpy(to + n, lower, name.n);
		n += name.n;
	}
	n += put_integer(to + n, 0, LENGTH_PREFIX_MAX, value.n);
	memcpy(to + n, value.p, value.n);
	buf_commit(out, n + value.n);
	return 0;
}

int serve_http2_head(struct buf *out, struct span fields)
{
	int rc = 0;

	while (!rc && fields.n > 2) {
		struct span value = span_cut(&fields, '\n'), name = span_cut(&value, ':');

		rc = value.n ? put_field(out, name, span_trim(span_of(value.p, value.n - 1))) : -EINVAL;
	}
	return rc;
}
