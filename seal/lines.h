/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_LINES_H
#define SEAL_LINES_H
/*
 * Lines and words out of a read cursor, for this room's text formats. What is
 * given back borrows; an empty bad cursor says that it was not there.
 */
#include <string.h>

#include "base/buf.h"
#include "base/rd.h"
#include "seal/hash.h"

/* What stands before c, and r behind c. */
static inline struct rd lines_until(struct rd *r, char c)
{
	const uint8_t *at = !r->bad && rd_left(r) ? memchr(r->p, c, rd_left(r)) : NULL;
	struct rd s;

	if (!at) {
		r->bad = true;
		return (struct rd){.p = r->p, .end = r->p, .bad = true};
	}
	s = rd_sub(r, (size_t)(at - r->p));
	rd_bytes(r, 1);
	return s;
}

static inline bool lines_is(const struct rd *s, const char *word)
{
	return !s->bad && rd_left(s) == strlen(word) && !memcmp(s->p, word, rd_left(s));
}

/* The prefix, stepped over; without it r is bad. */
static inline void lines_expect(struct rd *r, const char *prefix)
{
	const uint8_t *p = rd_bytes(r, strlen(prefix));

	if (p && memcmp(p, prefix, strlen(prefix)))
		r->bad = true;
}

/* The rest of a line that begins with prefix, without its '\n'. */
static inline struct rd lines_value(struct rd *r, const char *prefix)
{
	lines_expect(r, prefix);
	return lines_until(r, '\n');
}

static inline const char *lines_text(const struct rd *s)
{
	return (const char *)s->p;
}

/* A line that is a hash in base64. */
bool lines_hash(const struct rd *line, struct hash *ret);
int lines_put_hash(struct buf *out, const struct hash *h);
/* RFC 3629 text whose only control character is '\n'. */
bool lines_are_utf8(const void *p, size_t n);

#endif
